import Kernel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// A probability law with an optional range that values are clamped to.
public struct Distribution: Sendable, Hashable {
  /// The shapes that a law can have.
  public enum Law: Sendable, Hashable {
    case constant(Double)
    case uniform(from: Double, to: Double)
    case exponential(mean: Double)
    case gamma(shape: Double, scale: Double)
    case weibull(shape: Double, scale: Double)
    /// Of the logarithm: mean `mu`, deviation `sigma`.
    case lognormal(mu: Double, sigma: Double)
    /// One of the values, all alike likely.
    case empirical([Double])
    /// Values with weights; cumulative weights end at 1.
    case discrete(values: [Double], cumulative: [Double])
  }

  public var law: Law
  /// Values below are raised to it; a clamp, not a rejection, so the mass outside gathers at the bound.
  public var minimum: Double?
  public var maximum: Double?

  public init(_ law: Law, minimum: Double? = nil, maximum: Double? = nil) {
    self.law = law
    self.minimum = minimum
    self.maximum = maximum
  }

  /// A lognormal law by its mean and coefficient of variation.
  public static func lognormal(mean: Double, cv: Double) -> Distribution {
    let variance = log(1 + cv * cv)
    return Distribution(.lognormal(mu: log(mean) - variance / 2, sigma: variance.squareRoot()))
  }

  /// A gamma law by its mean and coefficient of variation.
  public static func gamma(mean: Double, cv: Double) -> Distribution {
    Distribution(.gamma(shape: 1 / (cv * cv), scale: mean * cv * cv))
  }

  /// A law over `values` with the given weights, which need not sum to 1.
  public static func discrete(values: [Double], weights: [Double]) -> Distribution {
    precondition(values.count == weights.count && !values.isEmpty, "each value has a weight")
    let total = weights.reduce(0, +)
    var sum = 0.0
    let cumulative = weights.map { weight -> Double in
      sum += weight / total
      return sum
    }
    return Distribution(.discrete(values: values, cumulative: cumulative))
  }

  /// Whether two draws can differ.
  public var isStochastic: Bool {
    if case .constant = law { false } else { true }
  }

  /// One draw. Complexity: O(1), some tens of nanoseconds; discrete O(log values).
  public func sample(_ stream: inout RandomStream) -> Double {
    var value = draw(&stream)
    if let minimum, value < minimum { value = minimum }
    if let maximum, value > maximum { value = maximum }
    return value
  }

  private func draw(_ stream: inout RandomStream) -> Double {
    switch law {
    case .constant(let value): return value
    case .uniform(let low, let high): return low + (high - low) * stream.uniform()
    case .exponential(let mean): return mean * stream.exponential()
    case .gamma(let shape, let scale): return scale * Self.standardGamma(shape, &stream)
    case .weibull(let shape, let scale): return scale * pow(stream.exponential(), 1 / shape)
    case .lognormal(let mu, let sigma): return exp(mu + sigma * Self.standardNormal(&stream))
    case .empirical(let values): return values[Int(stream.below(UInt32(values.count)))]
    case .discrete(let values, let cumulative):
      let point = stream.uniform()
      var low = 0
      var high = values.count - 1
      while low < high {
        let middle = (low + high) / 2
        if cumulative[middle] < point { low = middle + 1 } else { high = middle }
      }
      return values[low]
    }
  }

  /// A standard normal deviate by Marsaglia's polar method (SIAM Review 6, 1964).
  static func standardNormal(_ stream: inout RandomStream) -> Double {
    while true {
      let x = 2 * stream.uniform() - 1
      let y = 2 * stream.uniform() - 1
      let square = x * x + y * y
      if square > 0 && square < 1 { return x * (-2 * log(square) / square).squareRoot() }
    }
  }

  /// A gamma deviate of scale 1 (Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables",
  /// ACM TOMS
  /// 26, 2000); shapes below 1 by their power of a uniform number.
  static func standardGamma(_ shape: Double, _ stream: inout RandomStream) -> Double {
    if shape < 1 { return standardGamma(shape + 1, &stream) * pow(stream.uniform(), 1 / shape) }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = standardNormal(&stream)
      let v = 1 + c * x
      if v <= 0 { continue }
      let cube = v * v * v
      if log(stream.uniform()) < x * x / 2 + d - d * cube + d * log(cube) { return d * cube }
    }
  }

  /// The mean of the law before clamping.
  public var mean: Double {
    switch law {
    case .constant(let value): value
    case .uniform(let low, let high): (low + high) / 2
    case .exponential(let mean): mean
    case .gamma(let shape, let scale): shape * scale
    case .weibull(let shape, let scale): scale * tgamma(1 + 1 / shape)
    case .lognormal(let mu, let sigma): exp(mu + sigma * sigma / 2)
    case .empirical(let values): values.reduce(0, +) / Double(values.count)
    case .discrete(let values, let cumulative):
      zip(values, cumulative).reduce((0.0, 0.0)) { ($0.0 + $1.0 * ($1.1 - $0.1), $1.1) }.0
    }
  }
}
