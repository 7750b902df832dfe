/// Where the start of a series stops to matter.
public struct WarmupEstimate: Sendable, Hashable {
  /// Samples to leave out, a multiple of 5; `nil` when no cut can be trusted, because the best one lies past
  /// half the series or the series has fewer than five batches: run longer.
  public var cut: Int?
  /// The cut with the smallest statistic, trusted or not; `nil` when the series is too short for one.
  public var bestCut: Int?

  /// Whether the series is too short to tell.
  public var isRefused: Bool { cut == nil }
}

/// MSER-5: batches of five, cut where the half-width of what remains is smallest (White, "An Effective
/// Truncation Heuristic for Bias Reduction in Simulation Output", Simulation 69, 1997). As Hoad and Robinson
/// advise ("Implementing MSER-5 in Commercial Simulation Software and Its Wider Implications", WSC 2011), the
/// last five batches are no candidates and a cut past half the series is refused.
///
/// - Complexity: O(samples).
public func mser5(_ series: [Double]) -> WarmupEstimate {
  let batchSize = 5
  let fewest = 5
  let batches = series.count / batchSize
  guard batches >= fewest else { return WarmupEstimate(cut: nil, bestCut: nil) }
  var remaining = SampleSummary()
  var best = (statistic: Double.infinity, start: -1)
  // From the end, so that each cut adds one batch. Of equal statistics the earliest cut wins.
  for start in stride(from: batches - 1, through: 0, by: -1) {
    let batch = series[(start * batchSize)..<((start + 1) * batchSize)]
    remaining.add(batch.reduce(0, +) / Double(batchSize))
    guard remaining.count >= fewest, let variance = remaining.variance else { continue }
    let count = Double(remaining.count)
    let statistic = variance * (count - 1) / (count * count)
    if statistic <= best.statistic { best = (statistic, start) }
  }
  guard best.start >= 0, best.statistic.isFinite else { return WarmupEstimate(cut: nil, bestCut: nil) }
  let cut = best.start * batchSize
  return WarmupEstimate(cut: 2 * cut > series.count ? nil : cut, bestCut: cut)
}
