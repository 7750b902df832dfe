/// Decoding sequences by the step at which they finish: a calendar of 4,096 steps under a two-level bitmap.
///
/// A sequence that finishes further away is filed under the ring's last step and met there again;
/// the replica then files it anew. Insert, remove and the search for the next step are O(1).
@usableFromInline struct FinishRing: ~Copyable {
  static let span: Int64 = 4096
  private let heads: UnsafeMutablePointer<UInt32>
  private let words: UnsafeMutablePointer<UInt64>
  private var summary: UInt64 = 0

  init() {
    heads = .allocate(capacity: Int(Self.span))
    heads.initialize(repeating: noSequence, count: Int(Self.span))
    words = .allocate(capacity: 64)
    words.initialize(repeating: 0, count: 64)
  }

  deinit {
    heads.deallocate()
    words.deallocate()
  }

  /// Files a sequence that finishes at `step`, seen from step `now`.
  mutating func insert(_ slot: UInt32, at step: Int64, now: Int64, in table: borrowing SequenceTable) {
    precondition(step > now, "a decoding sequence finishes in a later step")
    let position = Int(min(step, now + Self.span - 1) & (Self.span - 1))
    let head = heads[position]
    table[slot].ringNext = head
    table[slot].ringPrevious = UInt32(position) | 0x8000_0000
    if head != noSequence { table[head].ringPrevious = slot }
    heads[position] = slot
    words[position >> 6] |= 1 << UInt64(position & 63)
    summary |= 1 << UInt64(position >> 6)
  }

  mutating func remove(_ slot: UInt32, in table: borrowing SequenceTable) {
    let (before, after) = (table[slot].ringPrevious, table[slot].ringNext)
    if after != noSequence { table[after].ringPrevious = before }
    if before & 0x8000_0000 == 0 {
      table[before].ringNext = after
    } else {
      let position = Int(before & 0x7fff_ffff)
      heads[position] = after
      if after == noSequence { clear(position) }
    }
  }

  /// The first sequence filed under `step`, or none.
  func first(at step: Int64) -> UInt32 { heads[Int(step & (Self.span - 1))] }

  /// Empties the list of `step`; its sequences keep their links until they are filed again.
  mutating func clearAll(at step: Int64) {
    let position = Int(step & (Self.span - 1))
    heads[position] = noSequence
    clear(position)
  }

  /// Steps from `now` to the next filed step, at least 1, or `nil` when nothing is filed.
  func distance(from now: Int64) -> Int64? {
    if summary == 0 { return nil }
    let start = Int((now + 1) & (Self.span - 1))
    let word = start >> 6
    let here = words[word] & (~0 << UInt64(start & 63))
    let found: Int
    if here != 0 {
      found = word << 6 + here.trailingZeroBitCount
    } else {
      // The words after this one, then around the ring to this one's lower bits.
      let later = word == 63 ? 0 : summary & (~0 << UInt64(word + 1))
      let next = (later != 0 ? later : summary).trailingZeroBitCount
      found = next << 6 + words[next].trailingZeroBitCount
    }
    return (Int64(found) - (now + 1)) & (Self.span - 1) + 1
  }

  private mutating func clear(_ position: Int) {
    words[position >> 6] &= ~(1 << UInt64(position & 63))
    if words[position >> 6] == 0 { summary &= ~(1 << UInt64(position >> 6)) }
  }
}
