// The catalogue's CSV files as they stand in `data/`, compiled in: the program needs no file beside it.
#pragma once
#include <stddef.h>

// One file: its name without the suffix, its bytes and their number.
struct catalog_file {
  const char *name;
  const unsigned char *bytes;
  size_t size;
};

// The files, and how many there are. The order is fixed: the catalogue's hash runs through them in it.
const struct catalog_file *catalog_files(void);
size_t catalog_file_count(void);
