extension LogHistogram {
  /// A range of values and how many were recorded in it.
  public struct Bucket: Sendable, Hashable {
    /// The smallest value that belongs here.
    public var lower: Int64
    /// The largest value that belongs here.
    public var upper: Int64
    /// How many were recorded.
    public var count: Int64
  }

  /// Visits the non-empty buckets upwards: smallest and largest value they may hold, and their count.
  ///
  /// - Complexity: O(buckets).
  public func forEachBucket(_ body: (_ lower: Int64, _ upper: Int64, _ count: Int64) -> Void) {
    for (index, times) in counts.enumerated() where times > 0 {
      let bucket = firstBucket + index
      body(LogHistogram.lowerBound(of: bucket), LogHistogram.upperBound(of: bucket), times)
    }
  }

  /// The non-empty buckets upwards.
  ///
  /// - Complexity: O(buckets).
  public var buckets: [Bucket] {
    var found: [Bucket] = []
    forEachBucket { found.append(Bucket(lower: $0, upper: $1, count: $2)) }
    return found
  }

  /// The smallest recorded value that a share `q` of all values does not exceed (the inverse of the empirical
  /// distribution function: Hyndman and Fan, "Sample Quantiles in Statistical Packages", 1996, type 1), to
  /// the width of its bucket: its middle is returned, never outside the extremes, so the error is under
  /// 0.4 %.
  ///
  /// The first and the last value are exact, and so is every value below 256. `nil` when nothing was
  /// recorded. A rank `q × count` within rounding of a whole number counts as that number.
  ///
  /// - Parameter q: from 0 to 1.
  /// - Complexity: O(buckets).
  public func quantile(_ q: Double) -> Double? {
    precondition(q >= 0 && q <= 1, "a quantile lies between 0 and 1")
    if count == 0 { return nil }
    let rank = Swift.min(count, orderRank(of: q, in: Double(count)))
    if rank == count { return Double(high) }
    if rank <= 1 { return Double(low) }
    var seen: Int64 = 0
    for (index, times) in counts.enumerated() {
      seen += times
      if seen >= rank {
        let bucket = firstBucket + index
        let (lower, upper) = (LogHistogram.lowerBound(of: bucket), LogHistogram.upperBound(of: bucket))
        return Swift.min(Double(high), Swift.max(Double(low), Double(lower) + Double(upper - lower) / 2))
      }
    }
    return Double(high)
  }

  /// The mean of the recorded values, from their exact sum; `nil` when nothing was recorded.
  public var mean: Double? { count == 0 ? nil : Double(exactSum) / Double(count) }

  /// The sample standard deviation (divisor n − 1) from the exact sums; `nil` for fewer than two values.
  ///
  /// Past a sum of squares of 2¹²⁸ (a million million values of 17 minutes in ticks) it is taken from the
  /// middles of the buckets. Either way it depends on what was recorded and not on the order.
  ///
  /// - Complexity: O(1); past the limit O(buckets).
  public var standardDeviation: Double? {
    guard count > 1, let mean else { return nil }
    let degrees = Double(count) - 1
    if squares == .max { return (squaredDistances(from: mean) / degrees).squareRoot() }
    // Around an integer c near the mean, Σ(x−c)² = Σx² − 2cΣx + nc² is a difference of huge numbers that
    // leaves a small one: exact in arithmetic modulo 2¹²⁸, because the result is below it.
    let (number, sum) = (UInt128(count), UInt128(exactSum))
    let centre = sum / number
    let remainder = Double(sum % number)
    let around = squares &- 2 &* centre &* sum &+ number &* centre &* centre
    let deviations = Swift.max(0, Double(around) - remainder * remainder / Double(count))
    return (deviations / degrees).squareRoot()
  }

  private func squaredDistances(from centre: Double) -> Double {
    var sum = 0.0
    forEachBucket { lower, upper, times in
      let distance = Double(lower) + Double(upper - lower) / 2 - centre
      sum += distance * distance * Double(times)
    }
    return sum
  }
}

/// The rank, from 1, of the smallest of `count` values that a share `q` does not exceed.
func orderRank(of q: Double, in count: Double) -> Int64 {
  let exact = q * count
  let nearest = exact.rounded()
  let rank = abs(exact - nearest) <= 4 * exact.ulp ? nearest : exact.rounded(.up)
  return Swift.max(1, rank < 9e18 ? Int64(rank) : .max)
}
