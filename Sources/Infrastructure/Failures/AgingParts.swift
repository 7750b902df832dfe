import Kernel
import Quantities

/// The parts that one job stands on, where their age matters: each fails after a lifetime of its own from
/// when it was new, and is replaced by a new one.
///
/// All are new at time 0 and age whether or not the job works. A failure that comes while the job does not
/// hold its nodes is not noticed: the part is replaced there and then. Lifetime i of part p of a class is
/// drawn from a stream keyed by the three, so that what befalls one part shifts no other's fate.
///
/// - Complexity: O(log parts) for each failure; memory follows the number of parts.
public struct AgingParts: Sendable {
  private struct Entry: Sendable {
    var time: Ticks
    var part: UInt32

    func isBefore(_ other: Entry) -> Bool { time < other.time || (time == other.time && part < other.part) }
  }

  private let classes: [ComponentClass]
  private let family: RandomStream
  /// Of each part: its class, its place within it, and how many lifetimes it has begun.
  private var classOf: [UInt16] = []
  private var placeOf: [UInt32] = []
  private var lives: [UInt32] = []
  /// Binary heap of the parts' next failures; those that never fail are not in it.
  private var heap: [Entry] = []

  /// `nil` where no class has a law with memory; classes without one are left to `InterruptionMix`.
  public init?(_ classes: [ComponentClass], seed: UInt64, replication: Int, entity: String) {
    guard classes.contains(where: \.failure.hasMemory) else { return nil }
    self.classes = Array(classes.prefix(Int(UInt16.max)))
    family = RandomStream(seed: seed, replication: replication, entity: entity, purpose: "aging")
    for (index, parts) in self.classes.enumerated() where parts.failure.hasMemory {
      for place in 0..<parts.count {
        classOf.append(UInt16(index))
        placeOf.append(UInt32(place))
      }
    }
    lives = [UInt32](repeating: 0, count: classOf.count)
    for part in classOf.indices { begin(UInt32(part), at: .zero) }
  }

  /// The next failure at `now` or after; `nil` when nothing fails.
  public mutating func next(after now: Ticks) -> InterruptionMix.Interruption? {
    while let first = heap.first, first.time < now { renew(first.part, at: first.time) }
    return heap.first.map {
      let index = Int(classOf[Int($0.part)])
      return InterruptionMix.Interruption(
        time: $0.time, classIndex: index, component: Int(placeOf[Int($0.part)]), kind: classes[index].kind)
    }
  }

  /// The part that `next` has named has failed, and one as good as new takes its place at `time`.
  public mutating func replaceFailed(at time: Ticks) {
    if let first = heap.first { renew(first.part, at: time) }
  }

  /// The part that `next` has named has failed and is under repair: nothing befalls it until `replace`.
  /// - Returns: its number; `nil` when `next` has named none.
  public mutating func removeFailed() -> UInt32? {
    guard let first = heap.first else { return nil }
    removeFirst()
    return first.part
  }

  /// A part that was removed is as good as new from `time` on.
  public mutating func replace(_ part: UInt32, at time: Ticks) { begin(part, at: time) }

  private mutating func renew(_ part: UInt32, at time: Ticks) {
    removeFirst()
    begin(part, at: time)
  }

  private mutating func begin(_ part: UInt32, at time: Ticks) {
    let index = Int(classOf[Int(part)])
    var stream = family.branch(UInt64(index)).branch(UInt64(placeOf[Int(part)]))
      .branch(UInt64(lives[Int(part)]))
    lives[Int(part)] &+= 1
    let end = time.later(by: classes[index].failure.sample(&stream))
    if end != .never { push(Entry(time: end, part: part)) }
  }

  private mutating func push(_ entry: Entry) {
    heap.append(entry)
    var place = heap.count - 1
    while place > 0, heap[place].isBefore(heap[(place - 1) / 2]) {
      heap.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  private mutating func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < heap.count && heap[child].isBefore(heap[least]) { least = child }
      if least == place { return }
      heap.swapAt(place, least)
      place = least
    }
  }
}
