/// The metrics that thresholds and results speak of.
public enum MetricName {
  /// Distributions: named with a statistic, as `p99(ttft_s)`.
  public static let distributions = [
    "ttft_s", "tpot_s", "itl_s", "e2e_s", "queue_s", "prefill_s", "decode_s", "kv_wait_s", "kv_transfer_s",
    "adapter_wait_s", "step_time_s", "time_to_train_s", "queue_wait_s",
  ]
  /// Single numbers.
  public static let values = [
    "goodput_ratio", "goodput_rps", "throughput_rps", "output_tokens_per_s", "total_tokens_per_s",
    "gpu_allocated_ratio", "gpu_busy_ratio", "mfu", "mbu", "kv_usage_ratio", "prefix_hit_ratio",
    "adapter_hit_ratio", "adapter_loads", "adapter_fetches", "preemptions", "rejected", "completed",
    "offered", "throttled", "shed", "kv_transfer_bytes", "cost_per_month", "cost_total", "cost_npv",
    "cost_per_million_output_tokens",
    "cost_per_good_request", "cost_per_training_run", "training_goodput_ratio", "lost_gpu_hours", "gpu_hours",
    "interruptions", "contention_s", "startup_s", "checkpoints", "checkpoint_interval_s",

    "train_tokens_per_s", "finished_ratio",
    "deadline_met_ratio", "jobs_finished", "jobs_refused", "gpu_stranded_ratio", "makespan_s",
    "bus_bandwidth_bytes_per_s", "time_s", "energy_kwh", "first_service_day",
    "payback_days",
  ]
  public static let statistics = ["mean", "p50", "p90", "p95", "p99", "p99.9", "min", "max", "std", "count"]
}

extension Resolver {
  /// Reads `p99(ttft_s{workload=chat}) < 2` or `goodput_ratio > 0.99`.
  mutating func threshold(
    _ value: Written, _ path: String, workloads: [InferenceWorkload], designs: [Design]
  ) -> Threshold? {
    let text = value.text ?? ""
    let help = "such as 'p99(ttft_s{workload=chat}) < 2' or 'goodput_ratio > 0.99'"
    let signs = ["<=", ">=", "<", ">", "="]
    guard let sign = signs.first(where: { text.contains($0) && !isInsideBraces($0, text) }),
      let place = lastRange(of: sign, in: text),
      let limit = Double(text[place.upperBound...].filter { $0 != " " }), limit.isFinite
    else {
      fault(value, path, "expected a metric, a comparison and a number", help: help)
      return nil
    }
    var left = text[..<place.lowerBound].filter { $0 != " " }
    var statistic: String?
    if let open = left.firstIndex(of: "("), left.hasSuffix(")") {
      statistic = String(left[..<open])
      left = String(left[left.index(after: open)...].dropLast())
    }
    var filters: [Threshold.Filter] = []
    if let open = left.firstIndex(of: "{"), left.hasSuffix("}") {
      for part in left[left.index(after: open)...].dropLast().split(separator: ",") {
        let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
        guard pair.count == 2, ["workload", "design"].contains(pair[0]) else {
          fault(value, path, "a filter reads workload=NAME or design=NAME", help: help)
          return nil
        }
        let names =
          pair[0] == "workload"
          ? workloads.flatMap(\.reportedNames) + workloadNames.filter { !inferenceNames.contains($0) }
            + jobRowNames
          : designs.map(\.name)
        if !names.contains(pair[1]) && !(pair[0] == "workload" && isFaulty(pair[1], workloads)) {
          let near = nearestName(to: pair[1], among: names).map { "did you mean '\($0)'?" }
          fault(value, path, "there is no \(pair[0]) '\(pair[1])'", help: near)
          return nil
        }
        filters.append(.init(key: pair[0], value: pair[1]))
      }
      left = String(left[..<open])
    }
    guard check(metric: left, statistic: statistic, value, path) else { return nil }
    return Threshold(
      text: text, metric: left, statistic: statistic, filters: filters,
      comparison: Threshold.Comparison(rawValue: sign) ?? .less, limit: limit)
  }

  private mutating func check(metric: String, statistic: String?, _ value: Written, _ path: String) -> Bool {
    let known = MetricName.distributions + MetricName.values
    if !known.contains(metric) {
      let near = nearestName(to: metric, among: known).map { "did you mean '\($0)'?" }
      fault(value, path, "unknown metric '\(metric)'", help: near)
      return false
    }
    let isDistribution = MetricName.distributions.contains(metric)
    if isDistribution, statistic == nil || !MetricName.statistics.contains(statistic!) {
      fault(
        value, path, "'\(metric)' needs a statistic",
        help: "one of \(MetricName.statistics.joined(separator: ", ")), as p99(\(metric))")
      return false
    }
    if !isDistribution, let statistic, statistic != "mean" {
      fault(value, path, "'\(metric)' is a single number", help: "write it without '\(statistic)'")
      return false
    }
    return true
  }

  /// Whether a workload of that name, or the one of that class, is written and has told its faults already.
  private func isFaulty(_ name: String, _ workloads: [InferenceWorkload]) -> Bool {
    let workload = name.prefix { $0 != "/" }
    return inferenceNames.contains { $0 == workload } && !workloads.contains { $0.name == workload }
  }

  private func isInsideBraces(_ sign: String, _ text: String) -> Bool {
    guard sign == "=", let last = text.lastIndex(of: "=") else { return false }
    return text[last...].contains("}")
  }

  private func lastRange(of sign: String, in text: String) -> Range<String.Index>? {
    text.ranges(of: sign).last
  }
}
