/// A quantity that results report: what it is called, counted in, and which way is better.
///
/// The one table of them. Thresholds take their names from it, comparisons their direction; a test holds the
/// rows of real runs against it.
public struct Metric: Sendable, Hashable {
  /// Which way a change is an improvement.
  public enum Better: String, Sendable, Hashable, CaseIterable {
    case lower, higher
    /// Neither: a load, a share or a size that says how a design is used, not how well it does.
    case neither
  }

  /// What its rows look like.
  public enum Kind: Sendable, Hashable {
    /// Named with a statistic, as `p99(ttft_s)`.
    case distribution
    /// One number.
    case value
    /// A number for each of several parts, which stand as its statistics: `bound_by` and its causes.
    case parts
    /// Of a point of a sweep, not of a run: no threshold can be set on it.
    case verdict
  }

  public var name: String
  /// As in the results; `money` and what follows it stand for the scenario's currency.
  public var unit: String
  public var better: Better
  public var kind: Kind

  init(_ name: String, _ unit: String, _ better: Better, _ kind: Kind = .value) {
    self.name = name
    self.unit = unit
    self.better = better
    self.kind = kind
  }

  /// The metric of a name; `nil` for one that the table does not know.
  ///
  /// - Complexity: O(metrics).
  public static func named(_ name: String) -> Metric? { all.first { $0.name == name } }

  /// Which way a statistic of the metric is better: spread goes with its metric, a count of samples is
  /// neither.
  public func better(_ statistic: String) -> Better { statistic == "count" ? .neither : better }

  /// Which end a search looks for that names the figure and no sense: the better one. Utilisations, which no
  /// comparison judges because fewer requests lower them too, are looked for high.
  public func sought(_ statistic: String) -> Better {
    Self.utilizations.contains(name) && statistic != "count" ? .higher : better(statistic)
  }

  private static let utilizations = ["gpu_busy_ratio", "mfu", "mbu"]

  /// In the order of the results.
  public static let all: [Metric] = serving + training + wholeDesign

  private static let serving = [
    Metric("ttft_s", "s", .lower, .distribution),
    Metric("tpot_s", "s", .lower, .distribution),
    Metric("itl_s", "s", .lower, .distribution),
    Metric("e2e_s", "s", .lower, .distribution),
    Metric("queue_s", "s", .lower, .distribution),
    Metric("prefill_s", "s", .lower, .distribution),
    Metric("decode_s", "s", .lower, .distribution),
    Metric("goodput_ratio", "ratio", .higher),
    Metric("goodput_rps", "1/s", .higher),
    Metric("throughput_rps", "1/s", .higher),
    Metric("output_tokens_per_s", "tokens/s", .higher),
    Metric("total_tokens_per_s", "tokens/s", .higher),
    Metric("offered", "1", .neither),
    Metric("completed", "1", .higher),
    Metric("rejected", "1", .lower),
    Metric("throttled", "1", .lower),
    Metric("shed", "1", .lower),
    Metric("failed", "1", .lower),
    Metric("retried", "1", .lower),
    Metric("availability_ratio", "ratio", .higher),
    Metric("replica_failures", "1", .lower),
    Metric("circuit_opens", "1", .neither),
    Metric("replicas", "1", .neither, .distribution),
    Metric("running", "1", .lower),
    Metric("queued", "1", .lower),
    Metric("preemptions", "1", .lower),
    Metric("gpu_allocated_ratio", "ratio", .neither),
    Metric("gpu_busy_ratio", "ratio", .neither),
    Metric("mfu", "ratio", .neither),
    Metric("mbu", "ratio", .neither),
    Metric("kv_usage_ratio", "ratio", .neither),
    Metric("prefix_hit_ratio", "ratio", .higher),
    Metric("prefix_cache_queries", "tokens", .neither),
    Metric("prefix_cache_hits", "tokens", .higher),
    Metric("tier_hit_ratio", "ratio", .neither, .parts),
    Metric("tier_hit_tokens", "tokens", .neither, .parts),
    Metric("tier_read_bytes", "B", .neither, .parts),
    Metric("tier_written_bytes", "B", .neither, .parts),
    Metric("tier_busy_ratio", "ratio", .neither, .parts),
    Metric("bound_by", "ratio", .neither, .parts),
    Metric("startup_s", "s", .lower),
    Metric("kv_wait_s", "s", .lower, .distribution),
    Metric("kv_transfer_s", "s", .lower, .distribution),
    Metric("kv_transfer_bytes", "B", .neither),
    Metric("adapter_hit_ratio", "ratio", .higher),
    Metric("adapter_loads", "1", .lower),
    Metric("adapter_fetches", "1", .lower),
    Metric("adapter_load_bytes", "B", .neither),
    Metric("adapter_wait_s", "s", .lower, .distribution),
    Metric("overflow_ratio", "ratio", .neither),
    Metric("member_requests_ratio", "ratio", .neither, .parts),
    Metric("member_goodput_ratio", "ratio", .higher, .parts),
    Metric("member_output_tokens_per_s", "tokens/s", .neither, .parts),
    Metric("member_gpu_busy_ratio", "ratio", .neither, .parts),
    Metric("member_cost_per_month", "money/month", .lower, .parts),
    Metric("egress_gb_per_month", "GB/month", .lower),
    Metric("residency_violations", "1", .lower),
  ]

  private static let training = [
    Metric("step_time_s", "s", .lower, .distribution),
    Metric("time_to_train_s", "s", .lower, .distribution),
    Metric("finished_ratio", "ratio", .higher),
    Metric("deadline_met_ratio", "ratio", .higher),
    Metric("train_tokens_per_s", "tokens/s", .higher),
    Metric("training_goodput_ratio", "ratio", .higher),
    Metric("gpu_hours", "h", .lower),
    Metric("lost_gpu_hours", "h", .lower),
    Metric("interruptions", "1", .lower),
    Metric("contention_s", "s", .lower),
    Metric("checkpoints", "1", .neither),
    Metric("checkpoint_interval_s", "s", .neither),
    Metric("queue_wait_s", "s", .lower, .distribution),
    Metric("stage_in_s", "s", .lower),
    Metric("cost_per_training_run", "money", .lower),
    Metric("cost_of_storage", "money", .lower),
    Metric("jobs_finished", "1", .higher),
    Metric("jobs_refused", "1", .lower),
    Metric("gpu_stranded_ratio", "ratio", .lower),
    Metric("makespan_s", "s", .lower),
    Metric("bus_bandwidth_bytes_per_s", "B/s", .higher),
    Metric("time_s", "s", .lower),
  ]

  private static let wholeDesign = [
    Metric("cost_per_month", "money/month", .lower),
    Metric("cost_total", "money", .lower),
    Metric("cost_npv", "money", .lower),
    Metric("cost_per_million_output_tokens", "money", .lower),
    Metric("cost_per_good_request", "money", .lower),
    Metric("energy_kwh", "kWh/month", .lower),
    Metric("first_service_day", "day", .lower),
    Metric("racks", "1", .lower),
    Metric("stranded_kw", "kW", .lower),
    Metric("site_power_kw", "kW", .lower),
    Metric("cost_per_rack", "money/month", .lower),
    Metric("carbon_kg", "kg/month", .lower),
    Metric("carbon_embodied_kg", "kg/month", .lower),
    Metric("payback_days", "day", .lower),
    Metric("pool_nodes", "1", .neither, .parts),
    Metric("pool_stock_outs", "1", .lower, .parts),
    Metric("cost_per_useful_gpu_hour", "money/h", .lower),
    Metric("cost_upfront", "money", .lower),
    Metric("cost_before_service", "money", .lower),
    Metric("cost_naive_total", "money", .neither),
    Metric("full_over_naive_ratio", "ratio", .neither),
    Metric("unmet_ratio", "ratio", .lower),
    Metric("people", "1", .lower),
    Metric("cost_idle", "money", .lower),
    Metric("cost_unmet_total", "money", .lower),
    Metric("cost_of_workload", "money", .lower),
    Metric("cost_unallocated", "money", .lower, .parts),
    Metric("cost_npv_by_growth", "money", .lower, .parts),
    Metric("unmet_ratio_by_growth", "ratio", .lower, .parts),
    Metric("regret_by_growth", "money", .lower, .parts),
    Metric("regret_max", "money", .lower),
    Metric("break_even_hours", "h", .lower),
    Metric("break_even_months", "month", .lower),
    Metric("crossover_month", "month", .neither),
    Metric("irr", "ratio", .higher),
    Metric("cost_saved_total", "money", .higher),
    Metric("break_even_utilization", "ratio", .lower),
    Metric("cost_break_even_per_gpu_hour", "money/h", .neither),
    Metric("break_even_tokens_per_day", "tokens/day", .lower),
    Metric("thresholds_met", "1", .higher, .verdict),
  ]
}

/// The metrics that thresholds and results speak of.
public enum MetricName {
  /// Distributions: named with a statistic, as `p99(ttft_s)`.
  public static let distributions = Metric.all.filter { $0.kind == .distribution }.map(\.name)
  /// Single numbers.
  public static let values = Metric.all.filter { $0.kind == .value }.map(\.name)
  /// Of distributions.
  public static let statistics = ["mean", "p50", "p90", "p95", "p99", "p99.9", "min", "max", "std", "count"]
}
