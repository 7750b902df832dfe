/// Whole numbers by content name: open addressing with linear probing, at most half full.
///
/// It is looked into when a request is admitted or leaves and is never walked through, so the order of its
/// slots reaches no result.
///
/// - Complexity: look-up, insertion and removal O(1) expected; growing O(entries).
struct ContentTable: ~Copyable {
  /// What look-ups of absent names give.
  static let absent = UInt32.max

  private struct Slot {
    /// 0 where the slot is free: no content has that name.
    var name: UInt64 = 0
    var value: UInt32 = 0
  }

  private var slots: UnsafeMutablePointer<Slot>
  private var mask: Int
  private(set) var count = 0

  init(capacity: Int = 64) {
    var size = 64
    while size < capacity * 2 { size *= 2 }
    slots = .allocate(capacity: size)
    slots.initialize(repeating: Slot(), count: size)
    mask = size - 1
  }

  deinit { slots.deallocate() }

  /// Fibonacci hashing: names are small numbers under a tag, and the product spreads their low bits.
  @inline(__always) private func home(_ name: UInt64) -> Int {
    Int(truncatingIfNeeded: (name &* 0x9e37_79b9_7f4a_7c15) &>> 32) & mask
  }

  /// The value of a name, or `absent`.
  @inline(__always) subscript(name: UInt64) -> UInt32 {
    var position = home(name)
    while slots[position].name != 0 {
      if slots[position].name == name { return slots[position].value }
      position = (position + 1) & mask
    }
    return Self.absent
  }

  /// Sets the value of a name, whether it was there or not.
  mutating func set(_ name: UInt64, to value: UInt32) {
    var position = home(name)
    while slots[position].name != 0 {
      if slots[position].name == name {
        slots[position].value = value
        return
      }
      position = (position + 1) & mask
    }
    slots[position] = Slot(name: name, value: value)
    count += 1
    if count * 2 > mask { grow() }
  }

  /// Takes a name out, if it is there; those that probed past it move up, so that no slot is ever left dead.
  mutating func remove(_ name: UInt64) {
    var hole = home(name)
    while slots[hole].name != name {
      if slots[hole].name == 0 { return }
      hole = (hole + 1) & mask
    }
    count -= 1
    var position = hole
    while true {
      position = (position + 1) & mask
      if slots[position].name == 0 { break }
      let distance = (position - home(slots[position].name)) & mask
      if distance >= (position - hole) & mask {
        slots[hole] = slots[position]
        hole = position
      }
    }
    slots[hole].name = 0
  }

  private mutating func grow() {
    let (old, size) = (slots, mask + 1)
    slots = .allocate(capacity: size * 2)
    slots.initialize(repeating: Slot(), count: size * 2)
    mask = size * 2 - 1
    for index in 0..<size where old[index].name != 0 {
      var position = home(old[index].name)
      while slots[position].name != 0 { position = (position + 1) & mask }
      slots[position] = old[index]
    }
    old.deallocate()
  }
}
