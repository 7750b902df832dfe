/// A confidence interval around an estimate.
public struct Interval: Sendable, Hashable {
  /// The point estimate.
  public var estimate: Double
  /// The lower limit.
  public var low: Double
  /// The upper limit.
  public var high: Double

  /// An interval by its limits.
  public init(estimate: Double, low: Double, high: Double) {
    self.estimate = estimate
    self.low = low
    self.high = high
  }

  /// Half the distance of the limits.
  public var halfWidth: Double { (high - low) / 2 }

  /// Whether the value lies within the limits or on one.
  public func contains(_ value: Double) -> Bool { low <= value && value <= high }
}

/// Student's t interval for the mean of independent samples, such as one value per replication; `nil` for
/// fewer than two.
///
/// - Parameter confidence: between 0 and 1, such as 0.95.
/// - Complexity: O(samples).
public func studentInterval(_ samples: [Double], confidence: Double = 0.95) -> Interval? {
  SampleSummary(samples).interval(confidence: confidence)
}

/// Student's t interval for the mean difference `left − right` of paired samples, such as two designs under
/// the same random numbers; `nil` for fewer than two pairs. Both lists must be equally long.
///
/// - Parameter confidence: between 0 and 1, such as 0.95.
/// - Complexity: O(samples).
public func pairedInterval(_ left: [Double], _ right: [Double], confidence: Double = 0.95) -> Interval? {
  precondition(left.count == right.count, "paired samples come in pairs")
  return studentInterval(zip(left, right).map { $0 - $1 }, confidence: confidence)
}

/// A t interval for the steady-state mean of one long, correlated series, from the means of equal batches
/// (Law, "Simulation Modeling and Analysis", section 9.5.3); `nil` when a batch would be empty.
///
/// Samples that do not fill the last batch are left out at the start, where a transient would be. Batches
/// must be long against the correlation of the series, or the interval is too short; cut the warm-up off
/// first.
///
/// - Parameters:
///   - batches: at least 2; 20 to 30 lose little width (Schmeiser, Operations Research 30, 1982).
///   - confidence: between 0 and 1, such as 0.95.
/// - Complexity: O(samples).
public func batchMeansInterval(
  _ series: [Double], batches: Int = 20, confidence: Double = 0.95
) -> Interval? {
  precondition(batches >= 2, "a spread needs two batches")
  let length = series.count / batches
  guard length > 0 else { return nil }
  let start = series.count - length * batches
  let means = (0..<batches).map { batch in
    SampleSummary(series[(start + batch * length)..<(start + (batch + 1) * length)]).mean ?? 0
  }
  return studentInterval(means, confidence: confidence)
}
