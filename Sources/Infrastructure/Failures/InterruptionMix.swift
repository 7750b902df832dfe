import Kernel
import Quantities

/// What stops a job that stands on many parts at once, when no part's age matters.
///
/// With exponential lifetimes the first of all failures comes after an exponential time of the summed rate,
/// and is of a class in proportion to its rate (superposition of Poisson processes), so the next interruption
/// costs three random numbers however many parts there are. Classes whose ages matter are left to
/// `AgingParts`.
public struct InterruptionMix: Sendable {
  /// One interruption.
  public struct Interruption: Sendable, Hashable {
    /// When, from the time asked from.
    public var time: Ticks
    /// Index of the class, and of the part within it.
    public var classIndex: Int
    public var component: Int
    public var kind: ComponentKind
  }

  private let classes: [ComponentClass]
  /// Running sums of the rates [1/s].
  private let rateSums: [Double]
  private let family: RandomStream

  /// - Parameters:
  ///   - classes: the parts that the job stands on; those without parts or failures never interrupt it.
  ///   - entity: whose interruptions these are, for the random stream.
  public init(_ classes: [ComponentClass], seed: UInt64, replication: Int, entity: String) {
    self.classes = classes
    var sum = 0.0
    rateSums = classes.map { parts in
      let mean = parts.failure.hasMemory ? Double.infinity : parts.failure.mean.value
      if parts.count > 0 && mean > 0 && mean.isFinite { sum += Double(parts.count) / mean }
      return sum
    }
    family = RandomStream(seed: seed, replication: replication, entity: entity, purpose: "interruptions")
  }

  /// Mean time between interruptions; infinite when nothing fails.
  public var mean: Seconds { Seconds(1 / (rateSums.last ?? 0)) }

  /// Interruption `index` of the job's life, counted from `start`; `nil` when nothing fails. The same index
  /// always answers the same.
  /// - Complexity: O(classes).
  public func interruption(_ index: UInt64, after start: Ticks) -> Interruption? {
    guard let total = rateSums.last, total > 0 else { return nil }
    var stream = family.branch(index)
    let time = start.later(by: Ticks(seconds: stream.exponential() / total))
    if time == .never { return nil }
    let point = stream.uniform() * total
    let chosen = rateSums.firstIndex { point < $0 } ?? rateSums.count - 1
    let count = UInt32(clamping: classes[chosen].count)
    let component = Int(stream.below(max(count, 1)))
    return Interruption(
      time: time, classIndex: chosen, component: component, kind: classes[chosen].kind)
  }
}
