import DryRack

/// Errors of a group of figures.
struct ErrorSummary {
  var count: Int
  /// Medians and 90th percentile of |error|, and the median error itself; `nil` when the group is empty.
  var median: Double?
  var ninetieth: Double?
  var bias: Double?
  /// Largest first.
  var worst: [Comparison]

  init(_ comparisons: [Comparison]) {
    let errors = ErrorStatistics(comparisons.map(\.error))
    (count, median, ninetieth, bias) = (errors.count, errors.median, errors.ninetieth, errors.bias)
    worst = Array(comparisons.sorted { (abs($0.error), $0.run.id) > (abs($1.error), $1.run.id) }.prefix(5))
  }
}

/// A promise about accuracy: which figures it speaks of, and what it allows.
struct AccuracyGoal: Sendable {
  var name: String
  var median: Double
  var ninetieth: Double
  var includes: @Sendable (Comparison) -> Bool

  static let all: [AccuracyGoal] = [
    AccuracyGoal(
      name: "TPOT and E2E, dense and Mixtral, open loop", median: 0.08, ninetieth: 0.25,
      includes: {
        isOpen($0) && !isLargeExpertOrFourBit($0) && ["tpot_mean_ms", "e2e_mean_ms"].contains($0.metric)
      }),
    AccuracyGoal(
      name: "TTFT not overloaded (measured mean under 1 s), open loop", median: 0.15, ninetieth: 0.35,
      includes: { isOpen($0) && $0.metric == "ttft_mean_ms" && $0.measured < 1000 }),
    AccuracyGoal(
      name: "TPOT of large mixtures of experts and 4-bit floating point", median: 0.18, ninetieth: 0.40,
      includes: { isLargeExpertOrFourBit($0) && $0.metric == "tpot_mean_ms" }),
    AccuracyGoal(
      name: "Saturated throughput", median: 0.18, ninetieth: 0.40,
      includes: { $0.run.text("workload_kind") == "offline" && $0.metric == "output_tok_s" && isRecorded($0) }
    ),
    AccuracyGoal(
      name: "TTFT, closed loop", median: 0.30, ninetieth: 0.70,
      includes: { isClosed($0) && $0.metric == "ttft_mean_ms" }),
    AccuracyGoal(
      name: "TPOT, dense, closed loop (no goal of its own: that of open loops)", median: 0.08,
      ninetieth: 0.25,
      includes: { isClosed($0) && !isLargeExpertOrFourBit($0) && $0.metric == "tpot_mean_ms" }),
    AccuracyGoal(
      name: "A processor known by its datasheet alone", median: 0.20, ninetieth: 0.45,
      includes: { isDatasheetOnly($0) && ["tpot_mean_ms", "output_tok_s"].contains($0.metric) }),
  ]

  private static func isOpen(_ pair: Comparison) -> Bool {
    pair.run.text("workload_kind") == "rate" && isRecorded(pair)
  }

  private static func isClosed(_ pair: Comparison) -> Bool {
    pair.run.text("workload_kind") == "concurrency" && isRecorded(pair)
  }

  /// Layout and lengths stand in the table; nothing had to be assumed about them.
  static func isRecorded(_ pair: Comparison) -> Bool { pair.run.campaign != "mlperf41" }

  static func isDatasheetOnly(_ pair: Comparison) -> Bool { pair.basis == "estimated" }

  static func isLargeExpertOrFourBit(_ pair: Comparison) -> Bool {
    if pair.run.text("weight_precision") == "nvfp4" { return true }
    guard let name = ReplayScenario.model(of: pair.run), !name.hasPrefix("mixtral") else { return false }
    return Catalog.builtIn.model(name)?.experts != nil
  }
}
