import Kernel
import Quantities
import Statistics

/// Parts that fail, wait for a crew, are repaired and fail again: struct of arrays, no event loop of its own.
///
/// The caller schedules: `firstFailure` and every answer name the next event of a part, and the event is
/// handed back with `fail` or `repaired` at its time. An event holds the part's `version`; one whose version
/// is old (the part was drained meanwhile) is void and is dropped by `isCurrent`.
///
/// Lifetime and repair i of part p are drawn from streams keyed by (p, i): more parts, other crews or another
/// design shift no part's fate.
public struct ComponentFleet: ~Copyable, Sendable {
  /// What a part is doing.
  public enum Status: UInt8, Sendable {
    case up
    /// Broken, or drained, and no crew is free.
    case waitingForCrew
    case inRepair
  }

  /// A repair that begins, and when it will be done.
  public struct RepairStart: Sendable, Hashable {
    public var component: Int
    public var version: UInt32
    public var end: Ticks
  }

  /// What follows a repair.
  public struct Repaired: Sendable, Hashable {
    /// When the part fails next; `.never` possible.
    public var nextFailure: Ticks
    /// The version of that failure.
    public var version: UInt32
    /// The repair of another part that the crew turns to.
    public var started: RepairStart?
  }

  /// The classes, whose parts are numbered in order, class after class.
  public let classes: [ComponentClass]
  private let family: RandomStream
  private var classOf: [UInt16] = []
  private var status: [Status] = []
  /// Grows with each change of a part; half of it is the number of its repairs.
  private var versions: [UInt32] = []
  private var draws: [UInt32] = []
  private var freeCrews: Int
  /// Parts that wait for a crew, in order of their failure, from `queueHead` on.
  private var queue: [UInt32] = []
  private var queueHead = 0
  private var upCounts: [Int]
  private var upTicks: [Int128]
  private var failureCounts: [Int64]
  private var now = Ticks.zero

  /// - Parameters:
  ///   - classes: at most 65,535 of them; parts beyond `UInt32.max` are not made.
  ///   - crews: repairs that can go on at once; `.max` for no limit.
  public init(_ classes: [ComponentClass], crews: Int, seed: UInt64, replication: Int, entity: String) {
    let classes = Array(classes.prefix(Int(UInt16.max)))
    self.classes = classes
    family = RandomStream(seed: seed, replication: replication, entity: entity, purpose: "failures")
    freeCrews = max(crews, 1)
    upCounts = classes.map(\.count)
    upTicks = [Int128](repeating: 0, count: classes.count)
    failureCounts = [Int64](repeating: 0, count: classes.count)
    for (index, parts) in classes.enumerated() {
      classOf += [UInt16](repeating: UInt16(index), count: parts.count)
    }
    status = [Status](repeating: .up, count: classOf.count)
    versions = [UInt32](repeating: 0, count: classOf.count)
    draws = versions
  }

  /// How many parts there are, of all classes.
  public var count: Int { classOf.count }
  /// The class of a part.
  public func classIndex(of component: Int) -> Int { Int(classOf[component]) }
  public func status(of component: Int) -> Status { status[component] }
  public func version(of component: Int) -> UInt32 { versions[component] }
  /// Whether an event with this version still stands.
  public func isCurrent(_ component: Int, version: UInt32) -> Bool { versions[component] == version }
  /// Parts of a class that are up.
  public func upCount(ofClass index: Int) -> Int { upCounts[index] }
  /// Failures of a class so far, drained parts not counted.
  public func failures(ofClass index: Int) -> Int64 { failureCounts[index] }
  /// Parts that wait for a crew.
  public var waitingForCrew: Int { queue.count - queueHead }

  /// The share of a class's time that its parts were up, from 0 to `time`, which no event has passed.
  public func availability(ofClass index: Int, at time: Ticks) -> Double {
    let all = Int128(classes[index].count) * Int128(time.count)
    let up = upTicks[index] + Int128(upCounts[index]) * Int128((time - now).count)
    return all == 0 ? 1 : Double(up) / Double(all)
  }

  /// When a part fails for the first time, if it is new at time 0.
  public func firstFailure(of component: Int) -> Ticks {
    var stream = family.branch(UInt64(component)).branch(0)
    return classes[Int(classOf[component])].failure.sample(&stream)
  }

  /// A part fails. Its repair starts at once when it needs no crew or one is free; otherwise an answer to
  /// `repaired` names it later. A part that is not up is left alone.
  public mutating func fail(_ component: Int, at time: Ticks) -> RepairStart? {
    guard status[component] == .up else { return nil }
    failureCounts[Int(classOf[component])] += 1
    return takeDown(component, at: time)
  }

  /// A part is taken out for maintenance: as a failure, but not counted as one; its pending failure is void.
  /// Drain a node when its job has left it.
  public mutating func drain(_ component: Int, at time: Ticks) -> RepairStart? {
    status[component] == .up ? takeDown(component, at: time) : nil
  }

  private mutating func takeDown(_ component: Int, at time: Ticks) -> RepairStart? {
    pass(to: time)
    let index = Int(classOf[component])
    upCounts[index] -= 1
    versions[component] &+= 1
    if classes[index].needsCrew && freeCrews == 0 {
      status[component] = .waitingForCrew
      queue.append(UInt32(component))
      return nil
    }
    if classes[index].needsCrew { freeCrews -= 1 }
    return startRepair(component, at: time)
  }

  private mutating func startRepair(_ component: Int, at time: Ticks) -> RepairStart {
    status[component] = .inRepair
    var stream = family.branch(UInt64(component)).branch(2 * UInt64(draws[component]) + 1)
    let seconds = classes[Int(classOf[component])].repair.sample(&stream)
    let span = seconds > 0 ? Ticks(seconds: seconds) : .zero
    return RepairStart(component: component, version: versions[component], end: time.later(by: span))
  }

  /// A part's repair is done; the crew turns to the one that has waited longest. A part that is not in repair
  /// is left alone.
  public mutating func repaired(_ component: Int, at time: Ticks) -> Repaired? {
    guard status[component] == .inRepair else { return nil }
    pass(to: time)
    let parts = classes[Int(classOf[component])]
    status[component] = .up
    upCounts[Int(classOf[component])] += 1
    versions[component] &+= 1
    draws[component] &+= 1
    var stream = family.branch(UInt64(component)).branch(2 * UInt64(draws[component]))
    let next = time.later(by: parts.failure.sample(&stream))
    var started: RepairStart?
    if parts.needsCrew {
      if let waiting = dequeue() { started = startRepair(waiting, at: time) } else { freeCrews += 1 }
    }
    return Repaired(nextFailure: next, version: versions[component], started: started)
  }

  private mutating func dequeue() -> Int? {
    guard queueHead < queue.count else { return nil }
    let first = queue[queueHead]
    queueHead += 1
    // Memory follows what waits, not what has waited; each entry is moved at most once on average.
    if queueHead > 64 && queueHead * 2 > queue.count {
      queue.removeFirst(queueHead)
      queueHead = 0
    }
    return Int(first)
  }

  private mutating func pass(to time: Ticks) {
    let span = Int128((time - now).count)
    for index in upCounts.indices { upTicks[index] += Int128(upCounts[index]) * span }
    now = time
  }

}
