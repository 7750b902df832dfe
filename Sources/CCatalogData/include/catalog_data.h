// Each pair is one CSV file of `data/`: its bytes and their number.
#pragma once
#include <stddef.h>

extern const unsigned char dryrack_sources[];
static inline const unsigned char *dryrack_sources_start(void) { return dryrack_sources; }
extern const size_t dryrack_sources_size;
extern const unsigned char dryrack_accelerators[];
static inline const unsigned char *dryrack_accelerators_start(void) { return dryrack_accelerators; }
extern const size_t dryrack_accelerators_size;
extern const unsigned char dryrack_nodes[];
static inline const unsigned char *dryrack_nodes_start(void) { return dryrack_nodes; }
extern const size_t dryrack_nodes_size;
extern const unsigned char dryrack_fabrics[];
static inline const unsigned char *dryrack_fabrics_start(void) { return dryrack_fabrics; }
extern const size_t dryrack_fabrics_size;
extern const unsigned char dryrack_models[];
static inline const unsigned char *dryrack_models_start(void) { return dryrack_models; }
extern const size_t dryrack_models_size;
extern const unsigned char dryrack_engines[];
static inline const unsigned char *dryrack_engines_start(void) { return dryrack_engines; }
extern const size_t dryrack_engines_size;
extern const unsigned char dryrack_endpoints[];
static inline const unsigned char *dryrack_endpoints_start(void) { return dryrack_endpoints; }
extern const size_t dryrack_endpoints_size;
extern const unsigned char dryrack_prices[];
static inline const unsigned char *dryrack_prices_start(void) { return dryrack_prices; }
extern const size_t dryrack_prices_size;
extern const unsigned char dryrack_precisions[];
static inline const unsigned char *dryrack_precisions_start(void) { return dryrack_precisions; }
extern const size_t dryrack_precisions_size;
extern const unsigned char dryrack_efficiencies[];
static inline const unsigned char *dryrack_efficiencies_start(void) { return dryrack_efficiencies; }
extern const size_t dryrack_efficiencies_size;
