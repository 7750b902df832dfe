// The files of `scenarios/` as they stand, so that `init` can write them anywhere. C embeds a file in the
// program without a copy in the sources; the tidy test checks that no file of the folder is missing here.
#include "scenario_templates.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const char api_or_self_hosting_yaml[] = {
#embed "../../scenarios/api-or-self-hosting.yaml"
};
static const char batching_policies_yaml[] = {
#embed "../../scenarios/batching-policies.yaml"
};
static const char bursty_api_yaml[] = {
#embed "../../scenarios/bursty-api.yaml"
};
static const char buy_or_rent_yaml[] = {
#embed "../../scenarios/buy-or-rent.yaml"
};
static const char checkpoint_interval_yaml[] = {
#embed "../../scenarios/checkpoint-interval.yaml"
};
static const char closed_loop_benchmark_yaml[] = {
#embed "../../scenarios/closed-loop-benchmark.yaml"
};
static const char commitment_mix_yaml[] = {
#embed "../../scenarios/commitment-mix.yaml"
};
static const char config_model_yaml[] = {
#embed "../../scenarios/config-model.yaml"
};
static const char decode_spares_yaml[] = {
#embed "../../scenarios/decode-spares.yaml"
};
static const char distillation_yaml[] = {
#embed "../../scenarios/distillation.yaml"
};
static const char enterprise_cluster_yaml[] = {
#embed "../../scenarios/enterprise-cluster.yaml"
};
static const char fabric_choice_yaml[] = {
#embed "../../scenarios/fabric-choice.yaml"
};
static const char facility_yaml[] = {
#embed "../../scenarios/facility.yaml"
};
static const char full_cost_yaml[] = {
#embed "../../scenarios/full-cost.yaml"
};
static const char hybrid_burst_yaml[] = {
#embed "../../scenarios/hybrid-burst.yaml"
};
static const char llama_3_405b_yaml[] = {
#embed "../../scenarios/llama-3-405b.yaml"
};
static const char load_curve_yaml[] = {
#embed "../../scenarios/load-curve.yaml"
};
static const char lora_adapters_yaml[] = {
#embed "../../scenarios/lora-adapters.yaml"
};
static const char managed_endpoint_yaml[] = {
#embed "../../scenarios/managed-endpoint.yaml"
};
static const char minimal_yaml[] = {
#embed "../../scenarios/minimal.yaml"
};
static const char mistakes_buying_before_validating_yaml[] = {
#embed "../../scenarios/mistakes/buying-before-validating.yaml"
};
static const char mistakes_drift_ignored_yaml[] = {
#embed "../../scenarios/mistakes/drift-ignored.yaml"
};
static const char mistakes_inference_treated_as_training_yaml[] = {
#embed "../../scenarios/mistakes/inference-treated-as-training.yaml"
};
static const char mistakes_low_utilisation_yaml[] = {
#embed "../../scenarios/mistakes/low-utilisation.yaml"
};
static const char mistakes_no_lineage_yaml[] = {
#embed "../../scenarios/mistakes/no-lineage.yaml"
};
static const char mistakes_pipelines_that_cannot_restart_yaml[] = {
#embed "../../scenarios/mistakes/pipelines-that-cannot-restart.yaml"
};
static const char models_tiny_config_json[] = {
#embed "../../scenarios/models/tiny-config.json"
};
static const char node_failures_yaml[] = {
#embed "../../scenarios/node-failures.yaml"
};
static const char optimize_fleet_yaml[] = {
#embed "../../scenarios/optimize-fleet.yaml"
};
static const char prefill_decode_yaml[] = {
#embed "../../scenarios/prefill-decode.yaml"
};
static const char prefix_cache_yaml[] = {
#embed "../../scenarios/prefix-cache.yaml"
};
static const char preempted_training_yaml[] = {
#embed "../../scenarios/preempted-training.yaml"
};
static const char priorities_yaml[] = {
#embed "../../scenarios/priorities.yaml"
};
static const char shared_fabric_yaml[] = {
#embed "../../scenarios/shared-fabric.yaml"
};
static const char shared_cluster_yaml[] = {
#embed "../../scenarios/shared-cluster.yaml"
};
static const char site_loss_yaml[] = {
#embed "../../scenarios/site-loss.yaml"
};
static const char speculation_yaml[] = {
#embed "../../scenarios/speculation.yaml"
};
static const char gpu_partitions_yaml[] = {
#embed "../../scenarios/gpu-partitions.yaml"
};
static const char spot_training_yaml[] = {
#embed "../../scenarios/spot-training.yaml"
};
static const char stage_1_proof_of_concept_yaml[] = {
#embed "../../scenarios/stage-1-proof-of-concept.yaml"
};
static const char stage_2_scaling_yaml[] = {
#embed "../../scenarios/stage-2-scaling.yaml"
};
static const char stage_3_mature_yaml[] = {
#embed "../../scenarios/stage-3-mature.yaml"
};
static const char storage_starvation_yaml[] = {
#embed "../../scenarios/storage-starvation.yaml"
};
static const char support_chat_forecast_yaml[] = {
#embed "../../scenarios/support-chat-forecast.yaml"
};
static const char support_chat_yaml[] = {
#embed "../../scenarios/support-chat.yaml"
};
static const char tco_b200_1024_gpus_yaml[] = {
#embed "../../scenarios/tco/b200-1024-gpus.yaml"
};
static const char tco_h100_1024_gpus_yaml[] = {
#embed "../../scenarios/tco/h100-1024-gpus.yaml"
};
static const char tco_h100_node_3y_yaml[] = {
#embed "../../scenarios/tco/h100-node-3y.yaml"
};
static const char tco_h200_1024_gpus_yaml[] = {
#embed "../../scenarios/tco/h200-1024-gpus.yaml"
};
static const char tco_lp2225_12h_a_day_yaml[] = {
#embed "../../scenarios/tco/lp2225-12h-a-day.yaml"
};
static const char tco_lp2225_16h_a_day_yaml[] = {
#embed "../../scenarios/tco/lp2225-16h-a-day.yaml"
};
static const char tco_lp2225_24h_a_day_yaml[] = {
#embed "../../scenarios/tco/lp2225-24h-a-day.yaml"
};
static const char tco_lp2225_4h_a_day_yaml[] = {
#embed "../../scenarios/tco/lp2225-4h-a-day.yaml"
};
static const char tco_lp2225_8h_a_day_yaml[] = {
#embed "../../scenarios/tco/lp2225-8h-a-day.yaml"
};
static const char tco_lp2225_list_2026_yaml[] = {
#embed "../../scenarios/tco/lp2225-list-2026.yaml"
};
static const char tco_lp2225_on_demand_yaml[] = {
#embed "../../scenarios/tco/lp2225-on-demand.yaml"
};
static const char tco_lp2225_price_cut_yaml[] = {
#embed "../../scenarios/tco/lp2225-price-cut.yaml"
};
static const char tco_lp2225_reserved_1y_yaml[] = {
#embed "../../scenarios/tco/lp2225-reserved-1y.yaml"
};
static const char tco_lp2225_reserved_3y_yaml[] = {
#embed "../../scenarios/tco/lp2225-reserved-3y.yaml"
};
static const char ten_thousand_gpus_yaml[] = {
#embed "../../scenarios/ten-thousand-gpus.yaml"
};
static const char topologies_yaml[] = {
#embed "../../scenarios/topologies.yaml"
};
static const char traces_enterprise_jobs_csv[] = {
#embed "../../scenarios/traces/enterprise-jobs.csv"
};
static const char traces_support_chat_csv[] = {
#embed "../../scenarios/traces/support-chat.csv"
};

static const struct dryrack_template templates[] = {
    {"api-or-self-hosting.yaml", api_or_self_hosting_yaml, sizeof api_or_self_hosting_yaml},
    {"batching-policies.yaml", batching_policies_yaml, sizeof batching_policies_yaml},
    {"buy-or-rent.yaml", buy_or_rent_yaml, sizeof buy_or_rent_yaml},
    {"bursty-api.yaml", bursty_api_yaml, sizeof bursty_api_yaml},
    {"checkpoint-interval.yaml", checkpoint_interval_yaml, sizeof checkpoint_interval_yaml},
    {"closed-loop-benchmark.yaml", closed_loop_benchmark_yaml, sizeof closed_loop_benchmark_yaml},
    {"commitment-mix.yaml", commitment_mix_yaml, sizeof commitment_mix_yaml},
    {"config-model.yaml", config_model_yaml, sizeof config_model_yaml},
    {"decode-spares.yaml", decode_spares_yaml, sizeof decode_spares_yaml},
    {"distillation.yaml", distillation_yaml, sizeof distillation_yaml},
    {"enterprise-cluster.yaml", enterprise_cluster_yaml, sizeof enterprise_cluster_yaml},
    {"fabric-choice.yaml", fabric_choice_yaml, sizeof fabric_choice_yaml},
    {"facility.yaml", facility_yaml, sizeof facility_yaml},
    {"full-cost.yaml", full_cost_yaml, sizeof full_cost_yaml},
    {"hybrid-burst.yaml", hybrid_burst_yaml, sizeof hybrid_burst_yaml},
    {"llama-3-405b.yaml", llama_3_405b_yaml, sizeof llama_3_405b_yaml},
    {"load-curve.yaml", load_curve_yaml, sizeof load_curve_yaml},
    {"lora-adapters.yaml", lora_adapters_yaml, sizeof lora_adapters_yaml},
    {"managed-endpoint.yaml", managed_endpoint_yaml, sizeof managed_endpoint_yaml},
    {"minimal.yaml", minimal_yaml, sizeof minimal_yaml},
    {"mistakes/buying-before-validating.yaml", mistakes_buying_before_validating_yaml, sizeof mistakes_buying_before_validating_yaml},
    {"mistakes/drift-ignored.yaml", mistakes_drift_ignored_yaml, sizeof mistakes_drift_ignored_yaml},
    {"mistakes/inference-treated-as-training.yaml", mistakes_inference_treated_as_training_yaml, sizeof mistakes_inference_treated_as_training_yaml},
    {"mistakes/low-utilisation.yaml", mistakes_low_utilisation_yaml, sizeof mistakes_low_utilisation_yaml},
    {"mistakes/no-lineage.yaml", mistakes_no_lineage_yaml, sizeof mistakes_no_lineage_yaml},
    {"mistakes/pipelines-that-cannot-restart.yaml", mistakes_pipelines_that_cannot_restart_yaml, sizeof mistakes_pipelines_that_cannot_restart_yaml},
    {"models/tiny-config.json", models_tiny_config_json, sizeof models_tiny_config_json},
    {"node-failures.yaml", node_failures_yaml, sizeof node_failures_yaml},
    {"optimize-fleet.yaml", optimize_fleet_yaml, sizeof optimize_fleet_yaml},
    {"preempted-training.yaml", preempted_training_yaml, sizeof preempted_training_yaml},
    {"prefill-decode.yaml", prefill_decode_yaml, sizeof prefill_decode_yaml},
    {"prefix-cache.yaml", prefix_cache_yaml, sizeof prefix_cache_yaml},
    {"priorities.yaml", priorities_yaml, sizeof priorities_yaml},
    {"shared-fabric.yaml", shared_fabric_yaml, sizeof shared_fabric_yaml},
    {"shared-cluster.yaml", shared_cluster_yaml, sizeof shared_cluster_yaml},
    {"site-loss.yaml", site_loss_yaml, sizeof site_loss_yaml},
    {"speculation.yaml", speculation_yaml, sizeof speculation_yaml},
    {"gpu-partitions.yaml", gpu_partitions_yaml, sizeof gpu_partitions_yaml},
    {"spot-training.yaml", spot_training_yaml, sizeof spot_training_yaml},
    {"stage-1-proof-of-concept.yaml", stage_1_proof_of_concept_yaml, sizeof stage_1_proof_of_concept_yaml},
    {"stage-2-scaling.yaml", stage_2_scaling_yaml, sizeof stage_2_scaling_yaml},
    {"stage-3-mature.yaml", stage_3_mature_yaml, sizeof stage_3_mature_yaml},
    {"storage-starvation.yaml", storage_starvation_yaml, sizeof storage_starvation_yaml},
    {"support-chat-forecast.yaml", support_chat_forecast_yaml, sizeof support_chat_forecast_yaml},
    {"support-chat.yaml", support_chat_yaml, sizeof support_chat_yaml},
    {"tco/b200-1024-gpus.yaml", tco_b200_1024_gpus_yaml, sizeof tco_b200_1024_gpus_yaml},
    {"tco/h100-1024-gpus.yaml", tco_h100_1024_gpus_yaml, sizeof tco_h100_1024_gpus_yaml},
    {"tco/h100-node-3y.yaml", tco_h100_node_3y_yaml, sizeof tco_h100_node_3y_yaml},
    {"tco/h200-1024-gpus.yaml", tco_h200_1024_gpus_yaml, sizeof tco_h200_1024_gpus_yaml},
    {"tco/lp2225-12h-a-day.yaml", tco_lp2225_12h_a_day_yaml, sizeof tco_lp2225_12h_a_day_yaml},
    {"tco/lp2225-16h-a-day.yaml", tco_lp2225_16h_a_day_yaml, sizeof tco_lp2225_16h_a_day_yaml},
    {"tco/lp2225-24h-a-day.yaml", tco_lp2225_24h_a_day_yaml, sizeof tco_lp2225_24h_a_day_yaml},
    {"tco/lp2225-4h-a-day.yaml", tco_lp2225_4h_a_day_yaml, sizeof tco_lp2225_4h_a_day_yaml},
    {"tco/lp2225-8h-a-day.yaml", tco_lp2225_8h_a_day_yaml, sizeof tco_lp2225_8h_a_day_yaml},
    {"tco/lp2225-list-2026.yaml", tco_lp2225_list_2026_yaml, sizeof tco_lp2225_list_2026_yaml},
    {"tco/lp2225-on-demand.yaml", tco_lp2225_on_demand_yaml, sizeof tco_lp2225_on_demand_yaml},
    {"tco/lp2225-price-cut.yaml", tco_lp2225_price_cut_yaml, sizeof tco_lp2225_price_cut_yaml},
    {"tco/lp2225-reserved-1y.yaml", tco_lp2225_reserved_1y_yaml, sizeof tco_lp2225_reserved_1y_yaml},
    {"tco/lp2225-reserved-3y.yaml", tco_lp2225_reserved_3y_yaml, sizeof tco_lp2225_reserved_3y_yaml},
    {"ten-thousand-gpus.yaml", ten_thousand_gpus_yaml, sizeof ten_thousand_gpus_yaml},
    {"topologies.yaml", topologies_yaml, sizeof topologies_yaml},
    {"traces/enterprise-jobs.csv", traces_enterprise_jobs_csv, sizeof traces_enterprise_jobs_csv},
    {"traces/support-chat.csv", traces_support_chat_csv, sizeof traces_support_chat_csv},
};

size_t dryrack_template_count(void) { return sizeof templates / sizeof *templates; }
struct dryrack_template dryrack_template_at(size_t index) { return templates[index]; }
