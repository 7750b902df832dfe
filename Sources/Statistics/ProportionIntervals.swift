/// Wilson's score interval for a probability, from `successes` in independent `trials` ("Probable Inference,
/// the Law of Succession, and Statistical Inference", JASA 22, 1927); `nil` without trials.
///
/// It holds its confidence on average, never leaves 0...1, and is not empty when all or no trials succeed.
///
/// - Parameters:
///   - successes: from 0 to `trials`.
///   - confidence: between 0 and 1, such as 0.95.
/// - Complexity: O(1).
public func wilsonInterval(successes: Int64, trials: Int64, confidence: Double = 0.95) -> Interval? {
  precondition(successes >= 0 && successes <= trials, "successes are trials")
  precondition(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1")
  if trials == 0 { return nil }
  let count = Double(trials)
  let share = Double(successes) / count
  let z = -NormalLaw.quantile((1 - confidence) / 2)
  let shrink = 1 + z * z / count
  let centre = (share + z * z / (2 * count)) / shrink
  let half = z / shrink * (share * (1 - share) / count + z * z / (4 * count * count)).squareRoot()
  return Interval(
    estimate: share,
    low: successes == 0 ? 0 : max(0, centre - half), high: successes == trials ? 1 : min(1, centre + half))
}

/// The ranks, from 1, of the order statistics that enclose the `q`-quantile with at least the given
/// confidence, whatever the law (David and Nagaraja, "Order Statistics", section 7.1); `nil` when the sample
/// is too small to enclose it, as 100 values are for the 99.9th percentile.
///
/// - Parameters:
///   - count: independent values, at least 1.
///   - q: between 0 and 1.
///   - confidence: between 0 and 1, such as 0.95.
/// - Complexity: O(√count).
public func quantileRanks(
  count: Int64, q: Double, confidence: Double = 0.95
) -> (low: Int64, high: Int64)? {
  precondition(q > 0 && q < 1, "an enclosed quantile lies between 0 and 1")
  precondition(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1")
  if count < 1 { return nil }
  let law = binomialWeights(count, q)
  let tail = law.weights.reduce(0, +) * (1 - confidence) / 2
  // The value of rank r lies above the quantile when fewer than r values lie below it.
  var (low, below) = (law.first, 0.0)
  for weight in law.weights {
    if below + weight > tail { break }
    below += weight
    low += 1
  }
  var (high, above) = (law.first + Int64(law.weights.count), 0.0)
  for weight in law.weights.reversed() {
    if above + weight > tail { break }
    above += weight
    high -= 1
  }
  return low >= 1 && high <= count ? (low, high) : nil
}

/// The order-statistic interval for the `q`-quantile of independent samples; `nil` when they are too few.
///
/// - Complexity: O(n log n).
public func quantileInterval(_ samples: [Double], q: Double, confidence: Double = 0.95) -> Interval? {
  guard let ranks = quantileRanks(count: Int64(samples.count), q: q, confidence: confidence) else {
    return nil
  }
  let sorted = samples.sorted()
  let middle = min(sorted.count, Int(orderRank(of: q, in: Double(sorted.count))))
  return Interval(
    estimate: sorted[middle - 1], low: sorted[Int(ranks.low) - 1], high: sorted[Int(ranks.high) - 1])
}

/// The binomial law from `first` on, relative to its mode, as far as a term counts. Walking out from the mode
/// by the ratio of neighbours needs no factorials and loses no digits, for any number of trials.
private func binomialWeights(_ trials: Int64, _ q: Double) -> (first: Int64, weights: [Double]) {
  let n = Double(trials)
  let odds = q / (1 - q)
  let mode = min(n, ((n + 1) * q).rounded(.down))
  let negligible = 1e-25
  var down: [Double] = []
  var (k, weight) = (mode, 1.0)
  while k > 0 {
    weight *= k / ((n - k + 1) * odds)
    if weight < negligible { break }
    down.append(weight)
    k -= 1
  }
  var up: [Double] = []
  (k, weight) = (mode, 1.0)
  while k < n {
    weight *= (n - k) / (k + 1) * odds
    if weight < negligible { break }
    up.append(weight)
    k += 1
  }
  return (Int64(mode) - Int64(down.count), down.reversed() + [1] + up)
}
