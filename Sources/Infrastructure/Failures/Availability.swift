import Quantities

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// How much of the time things are up in the long run, from their mean up and down times.
///
/// The first three hold for any laws of up and down times (renewal theory: Trivedi, "Probability and
/// Statistics with Reliability, Queuing, and Computer Science Applications", section 6.6); k of n needs only
/// that the parts fail and are repaired independently of one another.
public enum Availability {
  /// MTBF ÷ (MTBF + MTTR), between 0 and 1; 1 where nothing ever fails.
  public static func steady(meanUp: Seconds, meanDown: Seconds) -> Double {
    meanUp.value.isInfinite ? 1 : meanUp.value / (meanUp.value + meanDown.value)
  }

  /// Of `count` alike parts that all must be up: Aⁿ.
  public static func series(_ availability: Double, count: Int) -> Double {
    pow(availability, Double(max(count, 0)))
  }

  /// Failures of `count` parts in `span`: n·span ÷ (MTBF + MTTR).
  public static func failures(of count: Int, meanUp: Seconds, meanDown: Seconds, in span: Seconds) -> Double {
    Double(max(count, 0)) * (span / (meanUp + meanDown))
  }

  /// That at least `needed` of `count` parts are up, each repaired independently: the upper tail of the
  /// binomial law.
  ///
  /// Terms grow from the likeliest one outwards and are summed from the smallest on, so that no factorial is
  /// ever formed: to about 14 digits.
  /// - Complexity: O(count).
  public static func atLeast(_ needed: Int, of count: Int, availability: Double) -> Double {
    if needed <= 0 { return 1 }
    if needed > count { return 0 }
    if availability <= 0 { return 0 }
    if availability >= 1 { return 1 }
    let odds = availability / (1 - availability)
    let ratios = (0..<count).map { Double(count - $0) / Double($0 + 1) * odds }
    let weights = normalized(ratios: ratios)
    return weights[needed...].sorted().reduce(0, +)
  }

  /// Probabilities p₀, p₁, … from the ratios p₁÷p₀, p₂÷p₁, …
  static func normalized(ratios: [Double]) -> [Double] {
    var weights = [Double](repeating: 1, count: ratios.count + 1)
    // The likeliest is where the ratios fall below 1 for the first time; everything else is smaller.
    let mode = ratios.firstIndex { $0 < 1 } ?? ratios.count
    for index in mode..<ratios.count { weights[index + 1] = weights[index] * ratios[index] }
    for index in stride(from: mode - 1, through: 0, by: -1) {
      weights[index] = weights[index + 1] / ratios[index]
    }
    let total = weights.sorted().reduce(0, +)
    return weights.map { $0 / total }
  }
}

/// Machines that fail and a crew that repairs them: the birth-death process of the machine-repair problem
/// (Kleinrock, "Queueing Systems" volume 1, section 3.8), here with cold spares.
///
/// Up and repair times are exponential; a spare does not fail before it serves.
public struct MachineRepair: Sendable, Hashable {
  /// Machines wanted in service, and spare ones.
  public var machines: Int
  public var spares: Int
  /// Repairs that can go on at once.
  public var crews: Int
  public var meanUp: Seconds
  public var meanRepair: Seconds

  /// Counts are taken as at least 0, crews as at least 1.
  public init(machines: Int, spares: Int = 0, crews: Int, meanUp: Seconds, meanRepair: Seconds) {
    self.machines = max(machines, 0)
    self.spares = max(spares, 0)
    self.crews = max(crews, 1)
    self.meanUp = meanUp
    self.meanRepair = meanRepair
  }

  /// The probabilities of 0, 1, … machines being down in the long run.
  /// - Complexity: O(machines + spares).
  public var probabilityOfDown: [Double] {
    let total = machines + spares
    let load = meanRepair / meanUp
    return Availability.normalized(
      ratios: (0..<total).map { Double(min(machines, total - $0)) * load / Double(min($0 + 1, crews)) })
  }

  /// Machines in service, on average.
  public var expectedInService: Double {
    let total = machines + spares
    return probabilityOfDown.enumerated().reduce(0) {
      $0 + Double(min(machines, total - $1.offset)) * $1.element
    }
  }

  /// That all places are filled.
  public var probabilityAllInService: Double { probabilityOfDown[...spares].reduce(0, +) }
}
