import Kernel

/// A request between its sending and its last token, as the World sees it.
struct LiveRequest {
  var sent = Ticks.zero
  var promptTokens: Int32 = 0
  var outputTokens: Int32 = 0
  /// Position in the workload's order of sending.
  var serial: Int32 = 0
  /// The closed-loop user who waits for it, or −1.
  var user: Int32 = -1
  var replica: Int32 = -1
  /// The conversation that it is a turn of, or −1.
  var session: Int32 = -1
  /// Whose common prefix the prompt begins with.
  var group: UInt32 = 0
  /// The adapter that it asks for, numbered from 1; 0 for none.
  var adapter: UInt16 = 0
  /// Which of the workload's classes it belongs to.
  var kind: UInt8 = 0
  /// Times that it was handed over again.
  var attempts: UInt8 = 0
}

/// Live requests by slot, with a free list; memory follows the number alive at once.
struct RequestTable {
  private(set) var rows: [LiveRequest] = []
  private var free: [UInt32] = []
  var count: Int { rows.count - free.count }

  /// Whether another request would have no number.
  var isFull: Bool { rows.count == EventCode.indexLimit && free.isEmpty }

  mutating func insert(_ request: LiveRequest) -> UInt32 {
    if let slot = free.popLast() {
      rows[Int(slot)] = request
      return slot
    }
    precondition(rows.count < EventCode.indexLimit, "fewer than 16 million requests are alive at once")
    rows.append(request)
    return UInt32(rows.count - 1)
  }

  mutating func remove(_ slot: UInt32) { free.append(slot) }

  subscript(slot: UInt32) -> LiveRequest {
    get { rows[Int(slot)] }
    set { rows[Int(slot)] = newValue }
  }
}
