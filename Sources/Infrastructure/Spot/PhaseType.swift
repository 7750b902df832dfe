import Kernel
import Quantities
import Statistics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// Times that are mixtures of Erlang laws: one of a few branches by weight, then its exponential phases.
///
/// Dense in the laws of positive times, and its residual from a random instant can be drawn exactly, so a
/// market can start in its steady state.
public struct PhaseType: Sendable, Hashable {
  /// One branch: `phases` exponential times of mean `phaseMean` [s].
  public struct Branch: Sendable, Hashable {
    public var weight: Double
    public var phases: Int
    public var phaseMean: Double
  }

  /// Weights sum to 1.
  public let branches: [Branch]

  /// The law of that mean and squared coefficient of variation: a hyperexponential of two phases with
  /// balanced means for more than 1, a mixture of two Erlang laws of the same rate for less (Tijms,
  /// "Stochastic Models", appendix B); at most 100 phases.
  /// - Parameter mean: above 0; less is taken as a nanosecond.
  public init(mean: Seconds, squaredVariation: Double) {
    let mean = max(mean.value, 1e-9)
    let variation = min(max(squaredVariation.isNaN ? 1 : squaredVariation, 0.01), 1e6)
    if variation >= 1 {
      let p = (1 + ((variation - 1) / (variation + 1)).squareRoot()) / 2
      branches = [
        Branch(weight: p, phases: 1, phaseMean: mean / (2 * p)),
        Branch(weight: 1 - p, phases: 1, phaseMean: mean / (2 * (1 - p))),
      ]
      return
    }
    let k = (1 / variation).rounded(.up)
    let p = (k * variation - (k * (1 + variation) - k * k * variation).squareRoot()) / (1 + variation)
    let phaseMean = mean / (k - p)
    branches = [
      Branch(weight: p, phases: max(Int(k) - 1, 1), phaseMean: phaseMean),
      Branch(weight: 1 - p, phases: Int(k), phaseMean: phaseMean),
    ]
  }

  /// The law with the mean and variance of a sample; `nil` without observations.
  public init?(fitting sample: [Double]) {
    let summary = SampleSummary(sample)
    guard let mean = summary.mean, mean > 0 else { return nil }
    let count = Double(sample.count)
    let variance = (summary.variance ?? mean * mean) * (count > 1 ? (count - 1) / count : 1)
    self.init(mean: Seconds(mean), squaredVariation: variance / (mean * mean))
  }

  /// The mean.
  public var mean: Seconds {
    Seconds(branches.reduce(0) { $0 + $1.weight * Double($1.phases) * $1.phaseMean })
  }

  /// The probability to last longer than `time`: a sum of Erlang tails.
  public func survival(_ time: Seconds) -> Double {
    branches.reduce(0) { sum, branch in
      let x = max(0, time.value) / max(branch.phaseMean, 1e-300)
      var term = exp(-x)
      var tail = 0.0
      for phase in 0..<branch.phases {
        tail += term
        term *= x / Double(phase + 1)
      }
      return sum + branch.weight * tail
    }
  }

  /// Variance ÷ mean².
  public var squaredVariation: Double {
    let second = branches.reduce(0.0) { sum, branch in
      let n = Double(branch.phases)
      return sum + branch.weight * n * (n + 1) * branch.phaseMean * branch.phaseMean
    }
    return second / (mean.value * mean.value) - 1
  }

  /// One time [s].
  public func sample(_ stream: inout RandomStream) -> Double {
    let branch = pick(stream.uniform()) { $0.weight }
    return Self.erlang(branch.phases, branch.phaseMean, &stream)
  }

  /// What is left of the time in progress at a random instant [s]: the branch by its share of the time, and
  /// each number of phases still to come as likely as another.
  public func sampleResidual(_ stream: inout RandomStream) -> Double {
    let branch = pick(stream.uniform()) { $0.weight * Double($0.phases) * $0.phaseMean / mean.value }
    let left = 1 + Int(stream.below(UInt32(branch.phases)))
    return Self.erlang(left, branch.phaseMean, &stream)
  }

  private func pick(_ uniform: Double, by share: (Branch) -> Double) -> Branch {
    var rest = uniform
    for branch in branches.dropLast() {
      rest -= share(branch)
      if rest < 0 { return branch }
    }
    return branches[branches.count - 1]
  }

  private static func erlang(_ phases: Int, _ mean: Double, _ stream: inout RandomStream) -> Double {
    var sum = 0.0
    for _ in 0..<phases { sum += stream.exponential() }
    return sum * mean
  }
}
