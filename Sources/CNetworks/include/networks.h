#pragma once

#include <stddef.h>

/// A file of the folder Network of this repository, as it was when the program was built.
struct network_file {
  /// The folder's name, which is the network's, such as "local".
  const char *network;
  /// The file's name, such as "genesis.json".
  const char *name;
  const unsigned char *bytes;
  size_t count;
};

/// The file at `index`, which counts from 0; NULL after the last one.
const struct network_file *network_file_at(size_t index);
