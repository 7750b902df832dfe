import Kernel
import Quantities

/// The ports over which KV entries move, and who waits for them.
///
/// A sending port serves one transfer after the other, first come, first served, each at the port's full
/// rate. What is under way arrives a latency later at the receiving port, which takes transfers in the
/// order in which they were sent and holds what comes faster than it can take: neither port idles while it
/// has work, as under fair sharing. A transfer ends when its last byte has left one port and entered the
/// other. All times are whole ticks.
///
/// With overlap, the layers of a prompt leave as they are computed, over time in which both ports would have
/// idled; what is left when the prompt is computed, at least the last layer, queues like any other transfer.
///
/// Where others use a port too, it goes on in the same order at the pace that they leave (`setPace`).
///
/// - Complexity: O(1) for each transfer, and one more event for each that must queue. Memory follows the
///   number of ports and of transfers at once.
public struct TransferLinks: Sendable {
  /// A transfer that began.
  public struct Started: Sendable, Hashable {
    public var id: UInt32
    /// When its last byte is received.
    public var end: Ticks
  }

  struct Port {
    /// An idle stretch that nothing has used yet: from here to `busyFrom`.
    var idleFrom = Ticks.zero
    var busyFrom = Ticks.zero
    var busyUntil = Ticks.zero
    /// Share of its rate that others leave it, and of a sending port the transfer that it served last.
    var pace = 1.0
    var current = UInt32.max

    /// Extends the books to `now`.
    mutating func bring(to now: Ticks) {
      if busyUntil >= now { return }
      if busyFrom < busyUntil { idleFrom = busyUntil }
      busyFrom = now
      busyUntil = now
    }

    /// Adds work that can begin at `start` at the earliest; returns when it is done.
    mutating func work(_ duration: Ticks, from start: Ticks) -> Ticks {
      bring(to: start)
      busyUntil += duration
      return busyUntil
    }
  }

  struct Transfer: Sendable {
    enum State: UInt8 { case none, queued, started }

    var state = State.none
    /// All of it, and what is left of it to queue for.
    var whole: Int64 = 0
    var bytes: Int64 = 0
    var sender: Int32 = 0
    var receiver: Int32 = 0
    var isWithinNode = false
    var next = UInt32.max
    // Once started: its place in the order of starts, when its last byte leaves, when its first is there, and
    // from when until when the receiving port is busy with it.
    var number: Int64 = 0
    var sent = Ticks.zero
    var arrival = Ticks.zero
    var receivedFrom = Ticks.zero
    var taken = Ticks.zero

    /// When its last byte is received.
    var end: Ticks { max(taken, sent + latency) }
    var latency = Ticks.zero
  }

  struct Queue {
    var first = UInt32.max
    var last = UInt32.max
  }

  public internal(set) var settings: TransferSettings
  /// Ports to the network, then one a replica to the others of its node.
  var sending: [Port]
  var receiving: [Port]
  var queues: [Queue]
  var transfers: [Transfer] = []
  private var startedSoFar: Int64 = 0
  private let firstInnerSender: Int
  private let firstInnerReceiver: Int
  /// Bytes asked for and bytes whose transfer has begun.
  public private(set) var bytesAsked: Int64 = 0
  public private(set) var bytesSent: Int64 = 0
  /// Bytes asked for that were cancelled before their transfer began, and bytes of begun transfers that were
  /// cancelled: what had moved of those is of no use to anybody.
  public internal(set) var bytesWithdrawn: Int64 = 0
  public internal(set) var bytesLost: Int64 = 0

  /// No transfer takes longer, whatever a scenario asks, so that sums of times stay in range: 4.9 hours.
  static let longest: Int64 = 1 << 48

  public init(settings: TransferSettings) {
    self.settings = settings
    firstInnerSender = settings.senders.portCount
    firstInnerReceiver = settings.receivers.portCount
    sending = Array(repeating: Port(), count: firstInnerSender + settings.senders.sites.count)
    receiving = Array(repeating: Port(), count: firstInnerReceiver + settings.receivers.sites.count)
    queues = Array(repeating: Queue(), count: sending.count)
  }

  /// The KV entries of a computed prompt may move from now on.
  ///
  /// - Parameters:
  ///   - id: the caller's name for the transfer, small: a table is kept by it.
  ///   - computedFrom: since when layers could leave; only looked at with overlap.
  /// - Returns: the transfer when it began at once; else it queues, and `wake`, where it is the first to,
  ///   says when `portIsFree` must be called.
  public mutating func begin(
    _ id: UInt32, tokens: Int32, from sender: Int, to receiver: Int, computedFrom: Ticks, at now: Ticks
  ) -> (started: Started?, wake: (port: Int, time: Ticks)?) {
    let from = settings.senders.sites[sender]
    let to = settings.receivers.sites[receiver]
    let isWithinNode = settings.isWithinNode(sender, receiver)
    var transfer = Transfer()
    transfer.bytes = settings.bytes(ofTokens: tokens)
    transfer.sender = Int32(isWithinNode ? firstInnerSender + sender : from.port)
    transfer.receiver = Int32(isWithinNode ? firstInnerReceiver + receiver : to.port)
    transfer.isWithinNode = isWithinNode
    transfer.whole = transfer.bytes
    transfer.state = .queued
    bytesAsked += transfer.bytes
    if settings.overlaps { sendAhead(&transfer, from: computedFrom, to: now) }
    while transfers.count <= Int(id) { transfers.append(Transfer()) }
    transfers[Int(id)] = transfer
    let port = Int(transfer.sender)
    if sending[port].busyUntil <= now && queues[port].first == .max { return (start(id, at: now), nil) }
    if queues[port].first == .max {
      queues[port] = Queue(first: id, last: id)
      return (nil, (port, sending[port].busyUntil))
    }
    transfers[Int(queues[port].last)].next = id
    queues[port].last = id
    return (nil, nil)
  }

  /// The first in the queue of a sending port begins.
  ///
  /// - Returns: it, and when the next in the queue may.
  public mutating func portIsFree(_ port: Int, at now: Ticks) -> (started: Started, wake: Ticks?) {
    precondition(queues[port].first != .max && sending[port].busyUntil <= now, "a free port has a queue")
    let id = queues[port].first
    queues[port].first = transfers[Int(id)].next
    let started = start(id, at: now)
    return (started, queues[port].first == .max ? nil : sending[port].busyUntil)
  }

  private mutating func start(_ id: UInt32, at now: Ticks) -> Started {
    var transfer = transfers[Int(id)]
    bytesSent += transfer.bytes
    let latency = transfer.isWithinNode ? .zero : settings.latency
    let duration = durations(of: transfer, bytes: transfer.bytes)
    let sent = sending[Int(transfer.sender)].work(duration.sending, from: now)
    let taken = receiving[Int(transfer.receiver)].work(duration.receiving, from: now + latency)
    sending[Int(transfer.sender)].current = id
    startedSoFar += 1
    transfer.state = .started
    transfer.number = startedSoFar
    transfer.sent = sent
    transfer.latency = latency
    transfer.arrival = now + latency
    transfer.receivedFrom = taken - duration.receiving
    transfer.taken = taken
    transfers[Int(id)] = transfer
    return Started(id: id, end: transfer.end)
  }

  /// Takes off what left before the prompt was computed: never the last layer.
  private mutating func sendAhead(_ transfer: inout Transfer, from start: Ticks, to now: Ticks) {
    let (sender, receiver) = (Int(transfer.sender), Int(transfer.receiver))
    sending[sender].bring(to: now)
    receiving[receiver].bring(to: now)
    let begin = max(start, sending[sender].idleFrom, receiving[receiver].idleFrom)
    let end = min(now, sending[sender].busyFrom, receiving[receiver].busyFrom)
    if begin >= end { return }
    let layer = (transfer.bytes - 1) / Int64(settings.layers) + 1
    let whole = durations(of: transfer, bytes: transfer.bytes).longer
    let last = durations(of: transfer, bytes: layer).longer
    let used = min(end - begin, whole - last)
    if used <= .zero { return }
    sending[sender].idleFrom = begin + used
    receiving[receiver].idleFrom = begin + used
    let ahead = Int64(Int128(transfer.bytes) * Int128(used.count) / Int128(whole.count))
    let sentAhead = min(ahead, transfer.bytes - layer)
    bytesSent += sentAhead
    transfer.bytes -= sentAhead
  }

  private func durations(
    of transfer: Transfer, bytes: Int64
  ) -> (sending: Ticks, receiving: Ticks, longer: Ticks) {
    func time(_ side: TransferSide, _ pace: Double) -> Ticks {
      let rate = transfer.isWithinNode ? side.bandwidthWithinNode! : side.portBandwidth
      return min(Ticks(Self.longest), Ticks(seconds: Double(bytes) / (rate.value * pace)))
    }
    let sending = time(settings.senders, self.sending[Int(transfer.sender)].pace)
    let receiving = time(settings.receivers, self.receiving[Int(transfer.receiver)].pace)
    return (sending, receiving, max(sending, receiving))
  }
}
