// The catalogue's CSV files as they stand, compiled in: the command needs no file beside it.
#include "catalog_data.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

const unsigned char dryrack_sources[] = {
#embed "data/sources.csv"
};
const size_t dryrack_sources_size = sizeof dryrack_sources;
const unsigned char dryrack_accelerators[] = {
#embed "data/accelerators.csv"
};
const size_t dryrack_accelerators_size = sizeof dryrack_accelerators;
const unsigned char dryrack_nodes[] = {
#embed "data/nodes.csv"
};
const size_t dryrack_nodes_size = sizeof dryrack_nodes;
const unsigned char dryrack_fabrics[] = {
#embed "data/fabrics.csv"
};
const size_t dryrack_fabrics_size = sizeof dryrack_fabrics;
const unsigned char dryrack_models[] = {
#embed "data/models.csv"
};
const size_t dryrack_models_size = sizeof dryrack_models;
const unsigned char dryrack_engines[] = {
#embed "data/engines.csv"
};
const size_t dryrack_engines_size = sizeof dryrack_engines;
const unsigned char dryrack_endpoints[] = {
#embed "data/endpoints.csv"
};
const size_t dryrack_endpoints_size = sizeof dryrack_endpoints;
const unsigned char dryrack_prices[] = {
#embed "data/prices.csv"
};
const size_t dryrack_prices_size = sizeof dryrack_prices;
const unsigned char dryrack_precisions[] = {
#embed "data/precisions.csv"
};
const size_t dryrack_precisions_size = sizeof dryrack_precisions;
const unsigned char dryrack_efficiencies[] = {
#embed "data/efficiencies.csv"
};
const size_t dryrack_efficiencies_size = sizeof dryrack_efficiencies;
