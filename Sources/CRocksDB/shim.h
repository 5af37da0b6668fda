#include <rocksdb/c.h>

// A file's time of birth tells a copy from the original. glibc declares `statx` under _GNU_SOURCE only, which
// Swift's Glibc module does not set.
#include <linux/stat.h>
extern int statx(int directory, const char *path, int flags, unsigned int mask, struct statx *result);
