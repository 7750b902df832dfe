import Kernel

/// One request inside a replica, from its arrival to its last token.
///
/// All of a sequence is touched at once when it changes state and nothing of it in between, so the
/// table holds one trivial record per sequence rather than an array per field.
@usableFromInline struct Sequence {
  @usableFromInline enum State: UInt8 {
    case free, waiting, prefilling, decoding, padding
    /// Waits for blocks; its prompt is computed elsewhere.
    case expected
    /// Holds blocks and waits for KV entries from elsewhere.
    case receiving
    /// Its prompt is computed; holds blocks until its KV entries are fetched, and to the boundary after.
    case held, released
  }

  /// The caller's name for the request.
  var handle: UInt32 = 0
  var promptTokens: Int32 = 0
  var outputTokens: Int32 = 0
  /// Tokens answered so far.
  var generated: Int32 = 0
  /// Tokens that the (re)computation must reach before the next token comes out.
  var target: Int32 = 0
  /// Tokens of `target` whose KV entries exist while prefilling.
  var computed: Int32 = 0
  /// KV blocks held while prefilling; a decoder's follow from its context.
  var blocks: Int32 = 0
  var preemptions: Int32 = 0
  /// Chunk of the step in flight.
  var chunk: Int32 = 0
  var state: State = .free
  /// Context length minus the tokens that every decoder was given so far: constant while decoding, since all
  /// advance in lockstep.
  var base: Int64 = 0
  /// Value of the step counter at which the last token comes out.
  var finishStep: Int64 = 0
  /// Rank and arrival number, for queues that are not first come, first served; lower is served first.
  var place: UInt64 = 0
  /// Position in the order of admission.
  var ordinal: Int64 = 0
  var arrival = Ticks.zero
  /// When the scheduler first gave it tokens.
  var scheduled = Ticks.never
  var firstToken = Ticks.never
  /// When its last token came out, kept while preempted.
  var lastToken = Ticks.never
  // Links of the waiting or running list, and of the finish ring.
  var next = noSequence
  var previous = noSequence
  var ringNext = noSequence
  var ringPrevious = noSequence
}

/// The end of a list of sequences.
@usableFromInline let noSequence = UInt32.max

/// Sequences by slot, with a free list; memory follows the number alive at once.
@usableFromInline struct SequenceTable: ~Copyable {
  private(set) var rows: UnsafeMutablePointer<Sequence>
  private var capacity: Int
  private var used = 0
  private var firstFree = noSequence

  init() {
    capacity = 64
    rows = .allocate(capacity: capacity)
  }

  deinit { rows.deallocate() }

  @inline(__always) subscript(slot: UInt32) -> Sequence {
    unsafeAddress { UnsafePointer(rows + Int(slot)) }
    nonmutating unsafeMutableAddress { rows + Int(slot) }
  }

  mutating func insert() -> UInt32 {
    if firstFree != noSequence {
      let slot = firstFree
      firstFree = rows[Int(slot)].next
      rows[Int(slot)] = Sequence()
      return slot
    }
    if used == capacity { grow() }
    (rows + used).initialize(to: Sequence())
    used += 1
    return UInt32(used - 1)
  }

  mutating func remove(_ slot: UInt32) {
    rows[Int(slot)].state = .free
    rows[Int(slot)].next = firstFree
    firstFree = slot
  }

  /// Slots in a state, lowest first. O(sequences at once).
  func slots(in state: Sequence.State) -> [UInt32] {
    var slots: [UInt32] = []
    for slot in 0..<UInt32(used) where self[slot].state == state { slots.append(slot) }
    return slots
  }

  private mutating func grow() {
    precondition(capacity < Int(UInt32.max) / 2, "a replica holds fewer than two billion sequences")
    let larger = UnsafeMutablePointer<Sequence>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: rows, count: used)
    rows.deallocate()
    rows = larger
    capacity *= 2
  }
}

/// A doubly linked list through the table's links; a sequence is in at most one of them.
@usableFromInline struct SequenceList {
  private(set) var first = noSequence
  private(set) var last = noSequence
  private(set) var count = 0

  @inline(__always) mutating func append(_ slot: UInt32, in table: borrowing SequenceTable) {
    table[slot].previous = last
    table[slot].next = noSequence
    if last == noSequence { first = slot } else { table[last].next = slot }
    last = slot
    count += 1
  }

  @inline(__always) mutating func prepend(_ slot: UInt32, in table: borrowing SequenceTable) {
    table[slot].previous = noSequence
    table[slot].next = first
    if first == noSequence { last = slot } else { table[first].previous = slot }
    first = slot
    count += 1
  }

  @inline(__always) mutating func remove(_ slot: UInt32, in table: borrowing SequenceTable) {
    let (before, after) = (table[slot].previous, table[slot].next)
    if before == noSequence { first = after } else { table[before].next = after }
    if after == noSequence { last = before } else { table[after].previous = before }
    count -= 1
  }
}
