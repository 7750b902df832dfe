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
