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

/// What failures take from one request: the time in which nobody worked on it because a replica fell with it
/// or none was up, the time of attempts that came to nothing included.
struct Lapse {
  /// Since when; `.never` while somebody works on it.
  var since = Ticks.never
  /// What is past of it, before the request's first token came out and after.
  var beforeFirstToken = Ticks.zero
  var afterFirstToken = Ticks.zero
  /// Whether it waits for its next attempt.
  var isResting = false
}

/// Live requests by slot, with a free list; memory follows the number alive at once.
struct RequestTable {
  private(set) var rows: [LiveRequest] = []
  private var free: [UInt32] = []
  /// By slot; few requests have one.
  private var lapses: [UInt32: Lapse] = [:]
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

  mutating func remove(_ slot: UInt32) {
    free.append(slot)
    if !lapses.isEmpty { lapses[slot] = nil }
  }

  /// What failures took from a request so far; `nil` for nothing.
  func lapse(of slot: UInt32) -> Lapse? { lapses.isEmpty ? nil : lapses[slot] }

  /// Nobody works on a request any more, or on anything that counts since `time`.
  mutating func beginLapse(of slot: UInt32, at time: Ticks) {
    var lapse = lapses[slot] ?? Lapse()
    if lapse.since != .never { return }
    lapse.since = time
    lapses[slot] = lapse
  }

  /// Somebody works on a request again.
  mutating func endLapse(of slot: UInt32, hasFirstToken: Bool = false, at now: Ticks) {
    guard let lapse = lapse(of: slot), lapse.since != .never else { return }
    let span = now - lapse.since
    lapses[slot]!.since = .never
    if hasFirstToken {
      lapses[slot]!.afterFirstToken += span
    } else {
      lapses[slot]!.beforeFirstToken += span
    }
  }

  mutating func setResting(_ slot: UInt32, _ isResting: Bool) {
    lapses[slot, default: Lapse()].isResting = isResting
  }

  subscript(slot: UInt32) -> LiveRequest {
    get { rows[Int(slot)] }
    set { rows[Int(slot)] = newValue }
  }
}
