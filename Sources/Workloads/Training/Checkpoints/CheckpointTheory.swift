import Quantities

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// What a job that checkpoints is up against: the closed forms for exponential failures.
///
/// A segment is `interval` of work and then a checkpoint of cost C; a failure loses the segment's work and
/// costs a restart R. Sources: Young, "A first order approximation to the optimum checkpoint interval", CACM
/// 17 (1974); Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps", FGCS 22
/// (2006), whose equation numbers stand below. All costs are finite and at least 0, the mean time between
/// failures is above 0.
public struct CheckpointTheory: Sendable, Hashable {
  /// C: how long a checkpoint keeps the job from working.
  public var checkpointCost: Seconds
  /// R: from a failure to the first new step: detect, allocate, load, re-shard.
  public var restartCost: Seconds
  /// M: of all that the job stands on together.
  public var meanTimeBetweenFailures: Seconds

  /// - Parameters:
  ///   - checkpointCost: C, 0 or more.
  ///   - restartCost: R, 0 or more.
  ///   - meanTimeBetweenFailures: M, above 0; infinite where nothing fails.
  public init(checkpointCost: Seconds, restartCost: Seconds, meanTimeBetweenFailures: Seconds) {
    self.checkpointCost = checkpointCost
    self.restartCost = restartCost
    self.meanTimeBetweenFailures = meanTimeBetweenFailures
  }

  private var c: Double { checkpointCost.value }
  private var r: Double { restartCost.value }
  private var m: Double { meanTimeBetweenFailures.value }

  /// √(2CM): work between two checkpoints (Young 1974).
  public var youngInterval: Seconds { Seconds((2 * c * m).squareRoot()) }

  /// Daly's estimate of the work between two checkpoints.
  ///
  /// Order 1 is √(2CM) − C (equation 20), order 2 drops the last term of equation 37 and order 3 is all of
  /// it: √(2CM)·[1 + ⅓√(C/2M) + C/(9·2M)] − C. Where C is 2M or more, it is M, as Daly has it.
  public func dalyInterval(order: Int = 3) -> Seconds {
    if !(c < 2 * m) { return meanTimeBetweenFailures }
    let root = (2 * c * m).squareRoot()
    let small = (c / (2 * m)).squareRoot()
    switch order {
    case ...1: return Seconds(max(root - c, 0))
    case 2: return Seconds(root * (1 + small / 3) - c)
    default: return Seconds(root * (1 + small / 3 + small * small / 9) - c)
    }
  }

  /// The interval that minimises the exact expected wall time: M·(1 + W₀(−e^(−1−C/M))), W₀ Lambert's
  /// function.
  ///
  /// The derivative of Daly's equation 13 vanishes there. With u = interval ÷ M it is the root of
  /// ln(1−u) + u + C/M = 0, which Newton's steps find without the cancellation near W₀'s branch point.
  /// - Complexity: about five logarithms.
  public var optimalInterval: Seconds {
    let ratio = c / m
    if !(ratio > 0) { return Seconds(0) }
    // ln(1−u) + u lies below −u²/2, so √(2 ratio) is right of the root; it must stay left of 1.
    var u = min((2 * ratio).squareRoot(), 1 - exp(-1 - ratio))
    for _ in 0..<60 {
      let next = u + (Self.logTail(u) + ratio) * (1 - u) / u
      if !(abs(next - u) > 1e-16 * u) { break }
      u = next > 0 && next < 1 ? next : next <= 0 ? u / 2 : (1 + u) / 2
    }
    return Seconds(m * u)
  }

  /// ln(1−u) + u, by its series where the two terms would cancel.
  private static func logTail(_ u: Double) -> Double {
    if u > 0.02 { return log1p(-u) + u }
    var sum = 0.0
    for power in stride(from: 12, through: 2, by: -1) { sum = sum * u + 1 / Double(power) }
    return -sum * u * u
  }

  /// Expected wall time of one segment, when failures strike during work, checkpoints and restarts alike:
  /// M·e^(R/M)·(e^((τ+C)/M) − 1) (Daly, equation 13).
  public func expectedWall(interval: Seconds) -> Seconds {
    Seconds(m * exp(r / m) * expm1((interval.value + c) / m))
  }

  /// Expected wall time of `work` in equal segments of `interval`, each with its checkpoint.
  public func expectedWall(work: Seconds, interval: Seconds) -> Seconds {
    expectedWall(interval: interval) * (work / interval)
  }

  /// Work ÷ expected wall time, failures strike at all times.
  public func efficiency(interval: Seconds) -> Double { interval / expectedWall(interval: interval) }

  /// Work ÷ expected wall time with restarts that nothing strikes: τ ÷ ((M+R)(e^((τ+C)/M) − 1)).
  public func efficiencyWithSafeRestarts(interval: Seconds) -> Double {
    interval.value / ((m + r) * expm1((interval.value + c) / m))
  }

  /// 1 − C/τ − τ/2M − R/M: the loss to first order; negative where failures are too dense for it.
  public func efficiencyToFirstOrder(interval: Seconds) -> Double {
    1 - c / interval.value - interval.value / (2 * m) - r / m
  }

  /// Expected time of `work` without any checkpoint, from the beginning after each failure; the restart cost
  /// is paid after each and nothing strikes during it: (e^(W/M) − 1)(M + D).
  public func expectedTimeWithoutCheckpoints(work: Seconds) -> Seconds {
    Seconds(expm1(work.value / m) * (m + r))
  }

  /// The ratio of useful to all time as Meta's research clusters estimate it: (1 − N·r·(u₀ + τ/2)) ÷ (1 +
  /// w/τ), with N·r one failure per M, u₀ the restart and w the checkpoint cost ("Revisiting Reliability in
  /// Large-Scale Machine Learning Research Clusters", arXiv 2410.21680, within 5 % of their Monte Carlo
  /// runs).
  public func effectiveTrainingTimeRatio(interval: Seconds) -> Double {
    (1 - (r + interval.value / 2) / m) / (1 + c / interval.value)
  }

  /// Mean time between failures of `count` alike parts that all must work: M₁ ÷ N.
  public static func systemMean(partMean: Seconds, count: Int) -> Seconds { partMean / Double(max(count, 1)) }
}
