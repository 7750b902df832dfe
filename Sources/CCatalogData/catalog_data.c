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
static const unsigned char racks[] = {
#embed "data/racks.csv"
};
static const unsigned char grids[] = {
#embed "data/grids.csv"
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
static const unsigned char reliability[] = {
#embed "data/reliability.csv"
};
static const unsigned char efficiencies[] = {
#embed "data/efficiencies.csv"
};
static const unsigned char training[] = {
#embed "data/training.csv"
};

// Times measured on GPUs of our own, as `docs/kernel-table.md` lays them out.
static const unsigned char h100_sxm_llama_3_1_8b_bf16[] = {
#embed "data/kernel-tables/h100-sxm-llama-3.1-8b-bf16.csv"
};
static const unsigned char h100_sxm_llama_3_1_8b_fp8[] = {
#embed "data/kernel-tables/h100-sxm-llama-3.1-8b-fp8.csv"
};
static const unsigned char h100_sxm_qwen3_30b_a3b_bf16[] = {
#embed "data/kernel-tables/h100-sxm-qwen3-30b-a3b-bf16.csv"
};
static const unsigned char h200_sxm_llama_3_1_70b_tp4_fp8[] = {
#embed "data/kernel-tables/h200-sxm-llama-3.1-70b-tp4-fp8.csv"
};
static const unsigned char h200_sxm_llama_3_1_8b_bf16[] = {
#embed "data/kernel-tables/h200-sxm-llama-3.1-8b-bf16.csv"
};
static const unsigned char h200_sxm_llama_3_1_8b_fp8[] = {
#embed "data/kernel-tables/h200-sxm-llama-3.1-8b-fp8.csv"
};
static const unsigned char h200_sxm_qwen3_30b_a3b_bf16[] = {
#embed "data/kernel-tables/h200-sxm-qwen3-30b-a3b-bf16.csv"
};
static const unsigned char transports[] = {
#embed "data/transports.csv"
};
static const unsigned char partitions[] = {
#embed "data/partitions.csv"
};

#define FILE_ENTRY(name) {#name, name, sizeof name}
#define TABLE_ENTRY(name, bytes) {"kernel-tables/" name, bytes, sizeof bytes}

static const struct catalog_file files[] = {
  FILE_ENTRY(sources),
  FILE_ENTRY(accelerators),
  FILE_ENTRY(nodes),
  FILE_ENTRY(hosts),
  FILE_ENTRY(racks),
  FILE_ENTRY(grids),
  FILE_ENTRY(fabrics),
  FILE_ENTRY(models),
  FILE_ENTRY(engines),
  FILE_ENTRY(endpoints),
  FILE_ENTRY(prices),
  FILE_ENTRY(precisions),
  FILE_ENTRY(storage),
  FILE_ENTRY(reliability),
  FILE_ENTRY(efficiencies),
  FILE_ENTRY(training),
  FILE_ENTRY(transports),
  FILE_ENTRY(partitions),
  TABLE_ENTRY("h100-sxm-llama-3.1-8b-bf16", h100_sxm_llama_3_1_8b_bf16),
  TABLE_ENTRY("h100-sxm-llama-3.1-8b-fp8", h100_sxm_llama_3_1_8b_fp8),
  TABLE_ENTRY("h100-sxm-qwen3-30b-a3b-bf16", h100_sxm_qwen3_30b_a3b_bf16),
  TABLE_ENTRY("h200-sxm-llama-3.1-70b-tp4-fp8", h200_sxm_llama_3_1_70b_tp4_fp8),
  TABLE_ENTRY("h200-sxm-llama-3.1-8b-bf16", h200_sxm_llama_3_1_8b_bf16),
  TABLE_ENTRY("h200-sxm-llama-3.1-8b-fp8", h200_sxm_llama_3_1_8b_fp8),
  TABLE_ENTRY("h200-sxm-qwen3-30b-a3b-bf16", h200_sxm_qwen3_30b_a3b_bf16),
};

const struct catalog_file *catalog_files(void) { return files; }
size_t catalog_file_count(void) { return sizeof files / sizeof files[0]; }
