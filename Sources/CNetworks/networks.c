#include "networks.h"

// The definitions of networks, so that the program needs no folder beside it. The compiler reads the files
// themselves: nothing is copied, and a changed file is compiled again. A new network is added here and to the table
// below; a test compares both with the folder.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char local_genesis[] = {
#embed "../../Network/local/genesis.json"
};
static const unsigned char local_parameters[] = {
#embed "../../Network/local/parameters.toml"
};
static const unsigned char local_peers[] = {
#embed "../../Network/local/peers.toml"
};
static const unsigned char mainnet_6_genesis[] = {
#embed "../../Network/mainnet-6/genesis.json"
};
static const unsigned char mainnet_6_parameters[] = {
#embed "../../Network/mainnet-6/parameters.toml"
};
static const unsigned char mainnet_6_peers[] = {
#embed "../../Network/mainnet-6/peers.toml"
};

#define FILE_OF(network, name, bytes) {network, name, bytes, sizeof bytes}

static const struct network_file files[] = {
    FILE_OF("local", "genesis.json", local_genesis),
    FILE_OF("local", "parameters.toml", local_parameters),
    FILE_OF("local", "peers.toml", local_peers),
    FILE_OF("mainnet-6", "genesis.json", mainnet_6_genesis),
    FILE_OF("mainnet-6", "parameters.toml", mainnet_6_parameters),
    FILE_OF("mainnet-6", "peers.toml", mainnet_6_peers),
};

const struct network_file *network_file_at(size_t index) {
  return index < sizeof files / sizeof files[0] ? &files[index] : NULL;
}
