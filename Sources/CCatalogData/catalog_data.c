#include "catalog_data.h"

// `#embed` is C23; clang takes it in older dialects as an extension.
#pragma clang diagnostic ignored "-Wc23-extensions"

// A new kind of fact is one file in `data/`, one array here, and one line in the table below.
static const unsigned char sources[] = {
#embed "data/sources.csv"
};
static const unsigned char accelerators[] = {
#embed "data/accelerators.csv"
};
static const unsigned char nodes[] = {
#embed "data/nodes.csv"
};
static const unsigned char hosts[] = {
#embed "data/hosts.csv"
};
static const unsigned char fabrics[] = {
#embed "data/fabrics.csv"
};
static const unsigned char models[] = {
#embed "data/models.csv"
};
static const unsigned char engines[] = {
#embed "data/engines.csv"
};
static const unsigned char endpoints[] = {
#embed "data/endpoints.csv"
};
static const unsigned char prices[] = {
#embed "data/prices.csv"
};
static const unsigned char precisions[] = {
#embed "data/precisions.csv"
};
static const unsigned char storage[] = {
#embed "data/storage.csv"
};
static const unsigned char efficiencies[] = {
#embed "data/efficiencies.csv"
};
static const unsigned char transports[] = {
#embed "data/transports.csv"
};

#define FILE_ENTRY(name) {#name, name, sizeof name}

static const struct catalog_file files[] = {
  FILE_ENTRY(sources),
  FILE_ENTRY(accelerators),
  FILE_ENTRY(nodes),
  FILE_ENTRY(hosts),
  FILE_ENTRY(fabrics),
  FILE_ENTRY(models),
  FILE_ENTRY(engines),
  FILE_ENTRY(endpoints),
  FILE_ENTRY(prices),
  FILE_ENTRY(precisions),
  FILE_ENTRY(storage),
  FILE_ENTRY(efficiencies),
  FILE_ENTRY(transports),
};

const struct catalog_file *catalog_files(void) { return files; }
size_t catalog_file_count(void) { return sizeof files / sizeof files[0]; }
