import Kernel

/// What waits at a replica, in the order in which its scheduler takes it.
///
/// First come, first served is a linked list, to whose head preempted sequences return. Any other order is a
/// binary heap over ranks; sequences of one rank go in the order of their arrival, and a preempted one
/// returns to the place it had. A step takes only requests that reached the scheduler before it was planned,
/// so those that came later stand aside, in the order of their arrival, until they are seen.
///
/// - Complexity: O(1) a sequence first come, first served; otherwise O(log waiting).
struct WaitingQueue {
  private struct Entry {
    var place: UInt64
    var slot: UInt32
  }

  let order: QueueOrder
  /// All that wait where the first come is served first; else those that have not surfaced.
  private var list = SequenceList()
  private var heap: [Entry] = []
  /// Passed over in the scheduler's pass under way; of queues by rank.
  private var aside: [Entry] = []

  init(order: QueueOrder) { self.order = order }

  var count: Int { list.count + heap.count + aside.count }
  var isOrderedByArrival: Bool { order == .arrival }
  /// Who has waited longest; for queues in the order of arrival.
  var first: UInt32 { list.first }

  /// A rank and an arrival number as one number that sorts as both.
  static func place(rank: Int32, number: Int64) -> UInt64 {
    UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(UInt32(truncatingIfNeeded: number))
  }

  mutating func append(_ slot: UInt32, in table: borrowing SequenceTable) { list.append(slot, in: table) }

  /// A preempted sequence comes back.
  mutating func putBack(_ slot: UInt32, in table: borrowing SequenceTable) {
    if isOrderedByArrival { list.prepend(slot, in: table) } else { push(slot, table[slot].place) }
  }

  /// Whether a new sequence would be served before all that wait: only then can it change what a scheduler
  /// does that was kept from taking the first.
  func isOvertaken(by slot: UInt32, in table: borrowing SequenceTable) -> Bool {
    if isOrderedByArrival { return list.count == 0 }
    return heap.isEmpty || table[slot].place < heap[0].place
  }

  /// Whether somebody waits whom a step planned at `time` must not take yet, and may take before all others.
  func hasUnseen(since time: Ticks, in table: borrowing SequenceTable) -> Bool {
    if isOrderedByArrival { return list.count > 0 && table[list.first].arrival >= time }
    return list.count > 0
  }

  /// Whether somebody waits whom a step planned at `time` must not take yet.
  func hasAnyUnseen(since time: Ticks, in table: borrowing SequenceTable) -> Bool {
    if isOrderedByArrival { return list.count > 0 && table[list.last].arrival >= time }
    return list.count > 0
  }

  /// The next to be served of those that arrived before `time`, or `noSequence`.
  @inline(__always) mutating func next(before time: Ticks, in table: borrowing SequenceTable) -> UInt32 {
    if isOrderedByArrival {
      return list.count > 0 && table[list.first].arrival < time ? list.first : noSequence
    }
    return nextByRank(before: time, in: table)
  }

  private mutating func nextByRank(before time: Ticks, in table: borrowing SequenceTable) -> UInt32 {
    while list.count > 0, table[list.first].arrival < time {
      let slot = list.first
      list.remove(slot, in: table)
      push(slot, table[slot].place)
    }
    return heap.isEmpty ? noSequence : heap[0].slot
  }

  /// Takes out the sequence that `next` or `first` named.
  @inline(__always) mutating func remove(_ slot: UInt32, in table: borrowing SequenceTable) {
    if isOrderedByArrival { list.remove(slot, in: table) } else { popFirst(slot) }
  }

  // MARK: Passing over

  /// Who stands behind `slot` in a queue by arrival, to be asked before that one leaves.
  func following(_ slot: UInt32, before time: Ticks, in table: borrowing SequenceTable) -> UInt32 {
    guard isOrderedByArrival else { return noSequence }
    let next = table[slot].next
    return next != noSequence && table[next].arrival < time ? next : noSequence
  }

  /// The next to be looked at in a pass that takes some and passes over others.
  ///
  /// - Parameters:
  ///   - following: what `following` said of the last one.
  ///   - passed: the last one, where it was passed over.
  mutating func next(
    _ following: UInt32, passing passed: UInt32, before time: Ticks, in table: borrowing SequenceTable
  ) -> UInt32 {
    if isOrderedByArrival { return following }
    if passed != noSequence {
      aside.append(heap[0])
      popFirst(passed)
    }
    return nextByRank(before: time, in: table)
  }

  /// Ends a pass: who was passed over stands in the queue again.
  mutating func takeBack() {
    for entry in aside { push(entry.slot, entry.place) }
    aside.removeAll(keepingCapacity: true)
  }

  /// All that wait: those with a rank in the order in which they would be served, then the rest by arrival.
  func slots(in table: borrowing SequenceTable) -> [UInt32] {
    var slots = (heap + aside).sorted { $0.place < $1.place }.map(\.slot)
    var slot = list.first
    while slot != noSequence {
      slots.append(slot)
      slot = table[slot].next
    }
    return slots
  }

  // MARK: Heap

  private mutating func push(_ slot: UInt32, _ place: UInt64) {
    heap.append(Entry(place: place, slot: slot))
    var position = heap.count - 1
    let entry = heap[position]
    while position > 0 {
      let parent = (position - 1) / 2
      if heap[parent].place <= entry.place { break }
      heap[position] = heap[parent]
      position = parent
    }
    heap[position] = entry
  }

  private mutating func popFirst(_ slot: UInt32) {
    precondition(heap.first?.slot == slot, "only who is next leaves the queue")
    let entry = heap.removeLast()
    if heap.isEmpty { return }
    var position = 0
    while true {
      var child = 2 * position + 1
      if child >= heap.count { break }
      if child + 1 < heap.count && heap[child + 1].place < heap[child].place { child += 1 }
      if heap[child].place >= entry.place { break }
      heap[position] = heap[child]
      position = child
    }
    heap[position] = entry
  }
}
