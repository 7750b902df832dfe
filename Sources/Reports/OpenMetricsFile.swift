import Experiments

extension RunResults {
  /// `metrics.prom`: the figures over all replications in the OpenMetrics text format 1.0, under the
  /// names vLLM's own server uses where it has one. Distributions are summaries: a run keeps quantiles.
  /// Requests running and waiting are means over the first replication's time.
  ///
  /// - Complexity: O(rows × families + samples).
  public func openMetrics() -> String {
    var families: [MetricFamily] = []
    for row in rows.filter({ $0.replication == nil }) + loadRows() {
      guard let value = row.value, value.isFinite else { continue }
      let shape = MetricShape(of: row)
      let name = MetricFamily.name(of: row.metric, shape: shape)
      let sample = MetricFamily.Sample(
        design: row.design, workload: row.workload, model: model(of: row), statistic: row.statistic,
        value: value)
      if let index = families.firstIndex(where: { $0.name == name && $0.shape == shape }) {
        families[index].samples.append(sample)
      } else {
        families.append(MetricFamily(name: name, metric: row.metric, shape: shape, samples: [sample]))
      }
    }
    var text = ""
    for family in families { family.append(to: &text) }
    return text + "# EOF\n"
  }

  /// The model behind a row of a workload or of one of its classes; empty for a whole design.
  private func model(of row: MetricRow) -> String {
    let workload = row.workload.prefix { $0 != "/" }
    let bases = designs.first { $0.name == row.design }?.workloads ?? []
    return bases.first { $0.workload == workload }?.model ?? ""
  }

  /// Means of what the series say of every service: they are read at even intervals.
  private func loadRows() -> [MetricRow] {
    ["running", "queue_depth"].flatMap { metric in
      designs.flatMap { design -> [MetricRow] in
        var rows: [MetricRow] = []
        for basis in design.workloads {
          let samples = series.filter {
            $0.design == design.name && $0.service == basis.service && $0.metric == metric
          }
          if samples.isEmpty { continue }
          let mean = samples.reduce(0.0) { $0 + $1.value } / Double(samples.count)
          // Members of a service count together.
          if let known = rows.firstIndex(where: { $0.workload == basis.workload }) {
            rows[known].value = (rows[known].value ?? 0) + mean
            continue
          }
          rows.append(
            MetricRow(
              design: design.name, workload: basis.workload, replication: nil, metric: "\(metric) mean",
              statistic: "value", value: mean, unit: "1"))
        }
        return rows
      }
    }
  }
}

private enum MetricShape: Equatable {
  case gauge
  case counter
  case summary

  private static let counters = ["preemptions", "prefix_cache_queries", "prefix_cache_hits"]

  /// Times are distributions; what vLLM counts is a counter; the rest is a gauge. A name has one type,
  /// so single numbers and distributions of the same metric are families of their own.
  init(of row: MetricRow) {
    if row.metric.hasSuffix("_s") && row.statistic != "value" {
      self = .summary
    } else if row.statistic == "value" && MetricShape.counters.contains(row.metric) {
      self = .counter
    } else {
      self = .gauge
    }
  }
}

private struct MetricFamily {
  struct Sample {
    var design: String
    var workload: String
    var model: String
    var statistic: String
    var value: Double
  }

  var name: String
  var metric: String
  var shape: MetricShape
  var samples: [Sample]

  /// Names that ours would make into something else: `_s` is not always seconds, and `_total` ends counters
  /// alone.
  private static let ownNames: [(metric: String, name: String)] = [
    ("output_tokens_per_s", "dryrack_output_tokens_per_second"),
    ("total_tokens_per_s", "dryrack_total_tokens_per_second"),
    ("cost_total", "dryrack_cost_over_horizon"),
  ]

  private static let vllmNames: [(metric: String, shape: MetricShape, name: String)] = [
    ("ttft_s", .summary, "vllm:time_to_first_token_seconds"),
    ("tpot_s", .summary, "vllm:request_time_per_output_token_seconds"),
    ("itl_s", .summary, "vllm:inter_token_latency_seconds"),
    ("e2e_s", .summary, "vllm:e2e_request_latency_seconds"),
    ("queue_s", .summary, "vllm:request_queue_time_seconds"),
    ("prefill_s", .summary, "vllm:request_prefill_time_seconds"),
    ("decode_s", .summary, "vllm:request_decode_time_seconds"),
    ("running mean", .gauge, "vllm:num_requests_running"),
    ("queue_depth mean", .gauge, "vllm:num_requests_waiting"),
    ("kv_usage_ratio", .gauge, "vllm:kv_cache_usage_perc"),
    ("preemptions", .counter, "vllm:num_preemptions"),
    ("prefix_cache_queries", .counter, "vllm:prefix_cache_queries"),
    ("prefix_cache_hits", .counter, "vllm:prefix_cache_hits"),
  ]

  static func name(of metric: String, shape: MetricShape) -> String {
    if let known = vllmNames.first(where: { $0.metric == metric && $0.shape == shape }) { return known.name }
    if let own = ownNames.first(where: { $0.metric == metric }) { return own.name }
    var name = "dryrack_"
    for scalar in metric.unicodeScalars {
      let fits = scalar.isASCII && (scalar.properties.isAlphabetic || (48...57).contains(scalar.value))
      name.unicodeScalars.append(fits ? scalar : "_")
    }
    if name.hasSuffix("_s") { name += "econds" }
    // Suffixes with a meaning of their own in the format.
    for suffix in ["_total", "_count", "_sum", "_bucket", "_created", "_info"] where name.hasSuffix(suffix) {
      name += "_value"
    }
    switch shape {
    case .summary: return name
    case .gauge: return name.hasSuffix("_seconds") ? String(name.dropLast(8)) + "_value_seconds" : name
    case .counter: return name
    }
  }

  func append(to text: inout String) {
    switch shape {
    case .gauge:
      text += "# TYPE \(name) gauge\n"
      for sample in samples {
        let statistic = sample.statistic == "value" ? [] : [("statistic", sample.statistic)]
        line(name, sample, extra: statistic, value: sample.value, to: &text)
      }
    case .counter:
      text += "# TYPE \(name) counter\n"
      for sample in samples { line(name + "_total", sample, extra: [], value: sample.value, to: &text) }
    case .summary:
      text += "# TYPE \(name) summary\n"
      if name.hasSuffix("_seconds") { text += "# UNIT \(name) seconds\n" }
      appendSummary(to: &text)
    }
  }

  /// Quantiles, then count and sum, grouped by design and workload as the format wants it.
  private func appendSummary(to text: inout String) {
    var groups: [[Sample]] = []
    for sample in samples {
      let group = groups.firstIndex { $0[0].design == sample.design && $0[0].workload == sample.workload }
      if let group { groups[group].append(sample) } else { groups.append([sample]) }
    }
    for group in groups {
      for sample in group {
        guard let quantile = MetricFamily.quantile(of: sample.statistic) else { continue }
        line(name, sample, extra: [("quantile", quantile)], value: sample.value, to: &text)
      }
      guard let count = group.first(where: { $0.statistic == "count" }) else { continue }
      line(name + "_count", count, extra: [], value: count.value, to: &text)
      guard let mean = group.first(where: { $0.statistic == "mean" }) else { continue }
      line(name + "_sum", mean, extra: [], value: mean.value * count.value, to: &text)
    }
  }

  /// `p99.9` as `0.999`; `nil` for what is not a quantile.
  private static func quantile(of statistic: String) -> String? {
    if statistic == "max" { return "1" }
    if statistic == "min" { return "0" }
    guard statistic.hasPrefix("p"), let percent = Double(statistic.dropFirst()), (0...100).contains(percent)
    else { return nil }
    // By way of integers: 99.9 / 100 is not the shortest decimal.
    return FileText.number((percent * 1e6).rounded() / 1e8)
  }

  private func line(
    _ name: String, _ sample: Sample, extra: [(String, String)], value: Double, to text: inout String
  ) {
    var labels = [("design", sample.design)]
    if !sample.workload.isEmpty { labels.append(("workload", sample.workload)) }
    if !sample.model.isEmpty { labels.append(("model_name", sample.model)) }
    let written = (labels + extra).map { "\($0.0)=\"\(MetricFamily.escaped($0.1))\"" }
    text += "\(name){\(written.joined(separator: ","))} \(FileText.number(value))\n"
  }

  private static func escaped(_ label: String) -> String {
    var result = ""
    for scalar in label.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
