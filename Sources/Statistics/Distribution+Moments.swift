import CGSL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

extension Distribution {
  /// No draw is smaller, up to rounding; `nil` where only 0 bounds the law.
  public var least: Double? {
    let lowest: Double? =
      switch law {
      case .constant(let value): value
      case .uniform(let from, _): from
      case .pareto(_, let scale): scale
      default: nil
      }
    let raised = [lowest, minimum].compactMap { $0 }.max()
    return raised.map { min($0, maximum ?? .infinity) }
  }

  /// The mean of the law, before clamping; infinite where it does not exist.
  ///
  /// - Complexity: O(1), discrete O(values).
  public var mean: Double {
    switch law {
    case .constant(let value): value
    case .uniform(let from, let to): from + (to - from) / 2
    case .exponential(let mean): mean
    case .gamma(let shape, let scale): shape * scale
    case .weibull(let shape, let scale): scale * tgamma(1 + 1 / shape)
    case .lognormal(let mu, let sigma): exp(mu + sigma * sigma / 2)
    case .pareto(let shape, let scale): shape > 1 ? scale * shape / (shape - 1) : .infinity
    case .empirical(let sample): sample.mean
    case .discrete(let table): table.mean
    }
  }

  /// The variance of the law, before clamping; infinite where it does not exist.
  ///
  /// - Complexity: O(1), discrete O(values).
  public var variance: Double {
    switch law {
    case .constant: return 0
    case .uniform(let from, let to): return (to - from) * (to - from) / 12
    case .exponential(let mean): return mean * mean
    case .gamma(let shape, let scale): return shape * scale * scale
    case .weibull(let shape, let scale):
      let first = tgamma(1 + 1 / shape)
      return scale * scale * (tgamma(1 + 2 / shape) - first * first)
    case .lognormal(let mu, let sigma):
      return expm1(sigma * sigma) * exp(2 * mu + sigma * sigma)
    case .pareto(let shape, let scale):
      if shape <= 2 { return .infinity }
      return scale * scale * shape / ((shape - 1) * (shape - 1) * (shape - 2))
    case .empirical(let sample): return sample.variance
    case .discrete(let table): return table.variance
    }
  }

  /// The probability that a draw, after clamping, does not exceed `x`.
  ///
  /// - Complexity: O(1); empirical O(log values), discrete O(values).
  public func cdf(_ x: Double) -> Double {
    if let maximum, x >= maximum { return 1 }
    if let minimum, x < minimum { return 0 }
    return lawCDF(x)
  }

  private func lawCDF(_ x: Double) -> Double {
    switch law {
    case .constant(let value): return x < value ? 0 : 1
    case .uniform(let from, let to):
      if x >= to { return 1 }
      return x <= from ? 0 : (x - from) / (to - from)
    case .exponential(let mean): return x <= 0 ? 0 : -expm1(-x / mean)
    case .gamma(let shape, let scale):
      GSL.initialize()
      return x <= 0 ? 0 : gsl_cdf_gamma_P(x, shape, scale)
    case .weibull(let shape, let scale): return x <= 0 ? 0 : -expm1(-pow(x / scale, shape))
    case .lognormal(let mu, let sigma): return x <= 0 ? 0 : NormalLaw.cdf((log(x) - mu) / sigma)
    case .pareto(let shape, let scale): return x <= scale ? 0 : -expm1(-shape * log(x / scale))
    case .empirical(let sample): return sample.cdf(x)
    case .discrete(let table): return table.cdf(x)
    }
  }
}
