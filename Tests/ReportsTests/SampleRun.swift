import Experiments
import Scenario

/// A small run with everything awkward in it: unknown values, names that look like formulas, quotes.
enum SampleRun {
  static let threshold = Threshold(
    text: "p99(ttft_s) < 2", metric: "ttft_s", statistic: "p99", filters: [], comparison: .less, limit: 2)

  static func make(complete: Bool = true) -> RunResults {
    let manifest = Manifest(
      scenario: "support-chat", scenarioHash: String(repeating: "ab01", count: 16), seed: 42,
      replications: 2, version: "0.1.0", catalogHash: "cafe", complete: complete,
      stoppedBy: complete ? nil : "time limit of 5 s")
    return RunResults(
      manifest: manifest, designs: designs(), rows: rows(), verdicts: verdicts(), series: series(),
      costs: costs(), requests: requests(), timeline: timeline(), notes: ["few samples"])
  }

  static func designs() -> [DesignSummary] {
    [
      DesignSummary(
        name: "onprem", composition: "2 × hgx-h100, 4 replicas × tensor 4, vllm, all of them busy",
        basis: "fitted", binding: "queue 62 %"),
      DesignSummary(name: "managed", composition: "an endpoint", basis: "estimated", binding: "network 80 %"),
    ]
  }

  static func rows() -> [MetricRow] {
    func row(
      _ design: String, _ metric: String, _ statistic: String, _ value: Double?, _ unit: String,
      workload: String = "chat", replication: Int? = nil, low: Double? = nil, high: Double? = nil
    ) -> MetricRow {
      MetricRow(
        design: design, workload: workload, replication: replication, metric: metric, statistic: statistic,
        value: value, unit: unit, low: low, high: high)
    }
    return [
      row("onprem", "ttft_s", "p50", 0.25, "s", low: 0.2, high: 0.3),
      row("onprem", "ttft_s", "p99", 1.5, "s"),
      row("onprem", "ttft_s", "p99", 1.25, "s", replication: 0),
      row("onprem", "ttft_s", "p99.9", 1.75, "s"),
      row("onprem", "ttft_s", "mean", 0.5, "s"),
      row("onprem", "ttft_s", "count", 1000, "count"),
      row("onprem", "goodput_ratio", "value", 0.995, "ratio"),
      row("onprem", "kv_usage_ratio", "mean", 0.4, "ratio"),
      row("onprem", "preemptions", "value", 3, "count"),
      row("onprem", "cost_total", "value", 123456.5, "USD", workload: ""),
      row("onprem", "cost_per_month", "value", 20_000.25, "USD", workload: ""),
      row("managed", "ttft_s", "p99", 0.5, "s"),
      row("managed", "mfu", "value", nil, "ratio"),
      row("managed", "itl_s", "p99", .nan, "s"),
      row("managed", "cost_per_month", "value", 25_000, "USD", workload: ""),
    ]
  }

  static func verdicts() -> [ThresholdVerdict] {
    [("onprem", 1.5), ("managed", 0.5)].map { design, value in
      ThresholdVerdict(
        threshold: threshold, design: design, workload: "chat", value: value, holds: value < 2)
    }
  }

  static func series() -> [SeriesRow] {
    [
      SeriesRow(design: "onprem", service: "chat", timeSeconds: 0.5, metric: "queue_depth", value: 3),
      SeriesRow(design: "onprem", service: "", timeSeconds: 1, metric: "power_w", value: 5600),
    ]
  }

  static func costs() -> [CostRow] {
    func row(_ category: String, billed: Int64, effective: Int64) -> CostRow {
      CostRow(
        design: "onprem", chargeDescription: "=2 nodes, \"bought\"", chargeCategory: category,
        serviceCategory: "Compute", serviceName: "hgx-h100", providerName: "dc1", regionName: "",
        billedCostMicros: billed, effectiveCostMicros: effective, listCostMicros: max(billed, effective),
        pricingQuantity: 1460, pricingUnit: "Node-Hours", currency: "USD", source: "scenario")
    }
    return [
      row("Purchase", billed: 9_333_333_330, effective: 0), row("Usage", billed: 0, effective: 9_333_333_330),
    ]
  }

  static func requests() -> [RequestRow] {
    [
      RequestRow(
        design: "onprem", workload: "chat", request: 0, replica: 1, status: "completed", promptTokens: 100,
        outputTokens: 10, arrivalSeconds: 0.1, ttftSeconds: 0.3, tpotSeconds: 0.02, e2eSeconds: 0.48,
        networkSeconds: 0.01, queueSeconds: 0.09, prefillSeconds: 0.2, decodeSeconds: 0.18, preemptions: 0),
      RequestRow(
        design: "onprem", workload: "chat", request: 1, replica: nil, status: "rejected", promptTokens: 9,
        outputTokens: 0, arrivalSeconds: 0.2, ttftSeconds: nil, tpotSeconds: nil, e2eSeconds: nil,
        networkSeconds: nil, queueSeconds: nil, prefillSeconds: nil, decodeSeconds: nil, preemptions: 0),
    ]
  }

  static func timeline() -> [TimelineSlice] {
    [
      TimelineSlice(
        design: "onprem", service: "chat", replica: 0, name: "prefill", startTicks: 16_000,
        durationTicks: 24_000, batch: 4),
      TimelineSlice(
        design: "onprem", service: "chat", replica: 0, name: "idle", startTicks: 40_000,
        durationTicks: 1, batch: 0),
    ]
  }
}
