/// Where the start of a series stops to matter.
public struct WarmupEstimate: Sendable, Hashable {
  /// Samples to leave out; `nil` when the best cut lies past half the series: run longer.
  public var cut: Int?
}

/// MSER-5: batches of five, cut where the half-width of what remains is smallest (White, "An Effective
/// Truncation
/// Heuristic for Bias Reduction in Simulation Output", Simulation 69, 1997; Hoad and Robinson, WSC 2011).
///
/// - Complexity: O(samples).
public func mser5(_ series: [Double]) -> WarmupEstimate {
  let batches = series.count / 5
  guard batches >= 2 else { return WarmupEstimate(cut: 0) }
  let means = (0..<batches).map { batch in series[batch * 5..<batch * 5 + 5].reduce(0, +) / 5 }
  var (sum, squares) = (0.0, 0.0)
  var best = (statistic: Double.infinity, cut: 0)
  // From the end, so that each cut adds one batch; the last five batches alone say nothing.
  for start in stride(from: batches - 1, through: 0, by: -1) {
    sum += means[start]
    squares += means[start] * means[start]
    let count = Double(batches - start)
    if batches - start < 5 { continue }
    let statistic = max(0, squares - sum * sum / count) / (count * count)
    if statistic <= best.statistic { best = (statistic, start) }
  }
  return WarmupEstimate(cut: best.cut > batches / 2 ? nil : best.cut * 5)
}
