import CGSL

/// GSL stops the process on an error unless told otherwise, once.
private let quietErrors: Void = { _ = gsl_set_error_handler_off() }()

/// A confidence interval around an estimate.
public struct Interval: Sendable, Hashable {
  public var estimate: Double
  public var low: Double
  public var high: Double
}

/// Student's t interval for the mean of independent samples; `nil` for fewer than two.
///
/// - Parameter confidence: such as 0.95.
public func studentInterval(_ samples: [Double], confidence: Double = 0.95) -> Interval? {
  guard samples.count > 1 else { return nil }
  _ = quietErrors
  let count = Double(samples.count)
  let mean = samples.reduce(0, +) / count
  let variance = samples.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
  let half = gsl_cdf_tdist_Pinv(0.5 + confidence / 2, count - 1) * (variance / count).squareRoot()
  return Interval(estimate: mean, low: mean - half, high: mean + half)
}

/// Student's t interval for the mean difference of paired samples.
public func pairedInterval(_ left: [Double], _ right: [Double], confidence: Double = 0.95) -> Interval? {
  precondition(left.count == right.count, "paired samples come in pairs")
  return studentInterval(zip(left, right).map { $0 - $1 }, confidence: confidence)
}
