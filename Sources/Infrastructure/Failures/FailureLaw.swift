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

/// What can break; a failure of each loses something else.
public enum ComponentKind: String, Sendable, CaseIterable {
  case accelerator, nic, node, `switch`, link, storage, power
  /// Crashes and hangs of programs: nothing is to be repaired, local checkpoints survive.
  case software

  /// Whether what the node holds in memory and on its own disk is out of reach afterwards.
  public var losesNode: Bool { self != .software }
}

/// How long a part works before it fails, from new or repaired.
public enum FailureLaw: Sendable, Hashable {
  /// It never fails.
  case never
  /// No memory: the same rate at every age.
  case exponential(mean: Seconds)
  /// P(X > x) = exp(−(x/scale)^shape): shapes below 1 fail young, above 1 wear out.
  case weibull(shape: Double, scale: Seconds)

  /// A Weibull law by its mean: scale = mean ÷ Γ(1 + 1/shape).
  public static func weibull(shape: Double, mean: Seconds) -> FailureLaw {
    .weibull(shape: shape, scale: mean / tgamma(1 + 1 / shape))
  }

  /// The mean time to failure; infinite for `never`.
  public var mean: Seconds {
    switch self {
    case .never: Seconds(.infinity)
    case .exponential(let mean): mean
    case .weibull(let shape, let scale): scale * tgamma(1 + 1 / shape)
    }
  }

  /// Whether its rate depends on the age.
  public var hasMemory: Bool {
    if case .weibull(let shape, _) = self { shape != 1 } else { false }
  }

  /// Why the parameters describe no law; `nil` when they do.
  public var fault: String? {
    switch self {
    case .never: nil
    case .exponential(let mean): mean.value > 0 ? nil : "the mean time to failure is not above 0"
    case .weibull(let shape, let scale):
      shape > 0 && shape.isFinite && scale.value > 0 ? nil : "shape and scale are not above 0"
    }
  }

  /// One lifetime, at least a tick; `.never` for laws with a `fault` too.
  ///
  /// One word of the stream each, by inversion, so that a better part under the same stream fails later.
  public func sample(_ stream: inout RandomStream) -> Ticks {
    guard fault == nil else { return .never }
    let seconds: Double
    switch self {
    case .never: return .never
    case .exponential(let mean): seconds = mean.value * stream.exponential()
    case .weibull(let shape, let scale): seconds = scale.value * pow(stream.exponential(), 1 / shape)
    }
    return seconds.isNaN ? .never : max(Ticks(seconds: seconds), Ticks(1))
  }
}

/// Alike parts of a cluster.
public struct ComponentClass: Sendable, Hashable {
  public var kind: ComponentKind
  /// How many there are, 0 or more.
  public var count: Int
  public var failure: FailureLaw
  /// Repair time [s] once a crew works on it; negative or faulty draws count as 0.
  public var repair: Distribution
  /// Whether a repair takes a crew; a program that is started again takes none.
  public var needsCrew: Bool

  public init(
    kind: ComponentKind, count: Int, failure: FailureLaw, repair: Distribution, needsCrew: Bool = true
  ) {
    self.kind = kind
    self.count = max(count, 0)
    self.failure = failure
    self.repair = repair
    self.needsCrew = needsCrew
  }

  /// Mean time between failures of all of them together, while all are up.
  public var systemMean: Seconds { failure.mean / Double(count) }
}
