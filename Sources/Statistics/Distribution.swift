import Kernel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// A probability law with optional bounds that draws are clamped to.
///
/// Bounds clamp, they do not reject: a draw below `minimum` becomes `minimum`, one above `maximum` becomes
/// `maximum`, and the probability outside gathers at the bound. Token lengths behave so: a limit on output
/// length cuts a long answer short, it does not make the server draw another one.
public struct Distribution: Sendable, Hashable {
  /// The laws, by their customary parameters.
  public enum Law: Sendable, Hashable {
    case constant(Double)
    case uniform(from: Double, to: Double)
    case exponential(mean: Double)
    /// Mean `shape × scale`.
    case gamma(shape: Double, scale: Double)
    /// P(X > x) = exp(−(x/scale)^shape).
    case weibull(shape: Double, scale: Double)
    /// Of the natural logarithm: mean `mu`, deviation `sigma`.
    case lognormal(mu: Double, sigma: Double)
    /// P(X > x) = (scale/x)^shape from `scale` on; the mean is infinite for shapes up to 1.
    case pareto(shape: Double, scale: Double)
    /// One of the observed values, all alike likely.
    case empirical(EmpiricalSample)
    /// One of the values, by weight.
    case discrete(AliasTable)

    /// The law of a list of observed values, which must be finite and at least one.
    public static func empirical(_ values: [Double]) -> Law {
      guard let sample = EmpiricalSample(values) else {
        preconditionFailure("an empirical law has finite values, at least one")
      }
      return .empirical(sample)
    }
  }

  /// What is drawn before clamping.
  public var law: Law
  /// Draws below become this value.
  public var minimum: Double?
  /// Draws above become this value; it wins over a `minimum` that lies above it.
  public var maximum: Double?

  /// A law with optional bounds. Parameters are not checked here: see `parameterFault`.
  public init(_ law: Law, minimum: Double? = nil, maximum: Double? = nil) {
    self.law = law
    self.minimum = minimum
    self.maximum = maximum
  }

  /// A lognormal law by its mean and coefficient of variation (deviation ÷ mean); constant when `cv` is 0.
  public static func lognormal(mean: Double, cv: Double) -> Distribution {
    if cv == 0 { return Distribution(.constant(mean)) }
    let variance = log1p(cv * cv)
    return Distribution(.lognormal(mu: log(mean) - variance / 2, sigma: variance.squareRoot()))
  }

  /// A gamma law by its mean and coefficient of variation (deviation ÷ mean); constant when `cv` is 0.
  public static func gamma(mean: Double, cv: Double) -> Distribution {
    if cv == 0 { return Distribution(.constant(mean)) }
    return Distribution(.gamma(shape: 1 / (cv * cv), scale: mean * cv * cv))
  }

  /// A law over `values` with the given weights, which need not sum to 1; lists as `AliasTable` takes them.
  public static func discrete(values: [Double], weights: [Double]) -> Distribution {
    guard let table = AliasTable(values: values, weights: weights) else {
      preconditionFailure("each value has a finite weight of at least 0, and one is above 0")
    }
    return Distribution(.discrete(table))
  }

  /// Whether two draws can differ.
  public var isStochastic: Bool {
    if case .constant = law { false } else { true }
  }

  /// Why the parameters describe no law, for a diagnostic; `nil` when they do.
  ///
  /// A draw from a faulty law ends and does not trap, but may be NaN.
  public var parameterFault: String? {
    if let minimum, let maximum, !(minimum <= maximum) { return "the minimum lies above the maximum" }
    let checks: [(name: String, value: Double, isPositive: Bool)] =
      switch law {
      case .constant(let value): [("value", value, false)]
      case .uniform(let from, let to): [("from", from, false), ("to", to, false)]
      case .exponential(let mean): [("mean", mean, true)]
      case .gamma(let shape, let scale): [("shape", shape, true), ("scale", scale, true)]
      case .weibull(let shape, let scale): [("shape", shape, true), ("scale", scale, true)]
      case .lognormal(let mu, let sigma): [("mean of the logarithm", mu, false), ("sigma", sigma, true)]
      case .pareto(let shape, let scale): [("shape", shape, true), ("scale", scale, true)]
      case .empirical, .discrete: []
      }
    for check in checks {
      if !check.value.isFinite { return "the \(check.name) is not a finite number" }
      if check.isPositive && check.value <= 0 { return "the \(check.name) is not positive" }
    }
    if case .uniform(let from, let to) = law, from > to { return "'from' lies above 'to'" }
    return nil
  }

  /// One draw.
  ///
  /// All laws but gamma take one word of the stream, through the inverse distribution function (discrete: the
  /// alias method), so draw `i` depends on word `i` alone.
  ///
  /// - Complexity: O(1), 6 to 40 nanoseconds.
  public func sample(_ stream: inout RandomStream) -> Double {
    var value = draw(&stream)
    if let minimum, value < minimum { value = minimum }
    if let maximum, value > maximum { value = maximum }
    return value
  }

  private func draw(_ stream: inout RandomStream) -> Double {
    switch law {
    case .constant(let value): return value
    case .uniform(let from, let to): return from + (to - from) * stream.uniform()
    case .exponential(let mean): return mean * stream.exponential()
    case .gamma(let shape, let scale): return scale * Self.standardGamma(shape, &stream)
    case .weibull(let shape, let scale): return scale * pow(stream.exponential(), 1 / shape)
    case .lognormal(let mu, let sigma): return exp(mu + sigma * NormalLaw.quantile(stream.uniform()))
    case .pareto(let shape, let scale): return scale * exp(stream.exponential() / shape)
    case .empirical(let sample): return sample.value(at: stream.uniform())
    case .discrete(let table): return table.value(at: stream.uniform())
    }
  }

  /// A gamma deviate of scale 1 (Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", ACM
  /// TOMS 26, 2000); shapes below 1 from the next shape, times a power of a uniform number (section 6 there).
  private static func standardGamma(_ shape: Double, _ stream: inout RandomStream) -> Double {
    if shape < 1 {
      return marsagliaTsang(shape + 1, &stream) * exp(-stream.exponential() / shape)
    }
    return marsagliaTsang(shape, &stream)
  }

  private static func marsagliaTsang(_ shape: Double, _ stream: inout RandomStream) -> Double {
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = NormalLaw.quantile(stream.uniform())
      let root = 1 + c * x
      if root <= 0 { continue }
      let v = root * root * root
      let u = stream.uniform()
      let square = x * x
      // The squeeze spares nearly all logarithms. Comparisons are turned so that NaN ends the loop.
      if u < 1 - 0.0331 * square * square { return d * v }
      if !(log(u) >= 0.5 * square + d * (1 - v + log(v))) { return d * v }
    }
  }
}
