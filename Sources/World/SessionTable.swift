import Kernel
import Workloads

/// A conversation, from its first turn to its last.
struct Session {
  /// Position in the order of beginning.
  var number: UInt32
  var turnsLeft: Int32
  /// The closed-loop user who leads it, or −1.
  var user: Int32
  var group: UInt32 = 0
  /// Adapter of all its turns.
  var adapter: UInt16 = 0
  /// Class of all its turns.
  var kind: UInt8 = 0
  var sharedTokens: Int32 = 0
  /// Tokens that the next prompt repeats.
  var context: Int32 = 0
  // Streams of its own: what it says does not depend on how fast a design answers.
  var prompts: RandomStream
  var outputs: RandomStream
  var thinking: RandomStream
}

/// Live conversations by slot, with a free list; memory follows the number alive at once.
struct SessionTable {
  private var rows: [Session] = []
  private var free: [Int32] = []
  private(set) var begun: UInt32 = 0
  var live: Int { rows.count - free.count }

  /// - Returns: its slot; −1 when 16 million conversations are alive, and this one ends with its first turn.
  mutating func begin(_ session: Session) -> Int32 {
    begun &+= 1
    if let slot = free.popLast() {
      rows[Int(slot)] = session
      return slot
    }
    if rows.count == EventCode.indexLimit { return -1 }
    rows.append(session)
    return Int32(rows.count - 1)
  }

  mutating func end(_ slot: Int32) { free.append(slot) }

  subscript(slot: Int32) -> Session {
    get { rows[Int(slot)] }
    set { rows[Int(slot)] = newValue }
  }
}
