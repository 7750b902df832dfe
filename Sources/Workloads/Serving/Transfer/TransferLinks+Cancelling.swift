import Kernel

/// Transfers that nobody needs any more, and replicas that come to stand elsewhere.
extension TransferLinks {
  /// What a cancelled transfer leaves to others.
  public struct Cancelled: Sendable, Hashable {
    /// Transfers under way to the same port that end sooner now, with their new ends.
    public var sooner: [Started] = []
    /// The sending port that is free now and has a queue: `portIsFree` must be called.
    public var wake: Int?
  }

  /// Takes a transfer out whose last byte has not been received: what it had still to do frees its ports, as
  /// if it had been asked to move no more than it did by `now`.
  ///
  /// - Parameter id: of one that `begin` was called for.
  /// - Complexity: O(names of transfers), and the queue of its port.
  public mutating func cancel(_ id: UInt32, at now: Ticks) -> Cancelled {
    let transfer = transfers[Int(id)]
    transfers[Int(id)].state = .none
    switch transfer.state {
    case .none: preconditionFailure("only a transfer that was begun is cancelled")
    case .queued:
      unlink(id)
      bytesWithdrawn += transfer.bytes
      bytesLost += transfer.whole - transfer.bytes
      return Cancelled()
    case .started:
      bytesLost += transfer.whole
      var cancelled = Cancelled(sooner: freeReceiver(of: transfer, at: now))
      let port = Int(transfer.sender)
      if transfer.sent > now {
        // The port serves one after the other: nothing else has begun there.
        sending[port].busyUntil = max(now, sending[port].busyFrom)
        if queues[port].first != .max { cancelled.wake = port }
      }
      return cancelled
    }
  }

  /// Whether `portIsFree` has something to begin. Where transfers are cancelled ports become free sooner than
  /// was said, or have no queue any more.
  public func canBegin(on port: Int, at now: Ticks) -> Bool {
    queues[port].first != .max && sending[port].busyUntil <= now
  }

  /// A replica stands elsewhere from now on. Nothing of it is queued or under way.
  public mutating func place(sender replica: Int, at site: TransferSite) {
    settings.senders.sites[replica] = site
  }

  /// The same for one that receives.
  public mutating func place(receiver replica: Int, at site: TransferSite) {
    settings.receivers.sites[replica] = site
  }

  private mutating func unlink(_ id: UInt32) {
    let port = Int(transfers[Int(id)].sender)
    let next = transfers[Int(id)].next
    if queues[port].first == id {
      queues[port].first = next
      return
    }
    var before = queues[port].first
    while transfers[Int(before)].next != id { before = transfers[Int(before)].next }
    transfers[Int(before)].next = next
    if queues[port].last == id { queues[port].last = before }
  }

  /// Those behind it at the receiving port move up, no further than to where their own bytes are there.
  private mutating func freeReceiver(of cancelled: Transfer, at now: Ticks) -> [Started] {
    if cancelled.taken <= now { return [] }
    let port = cancelled.receiver
    let others = transfers.indices.filter {
      transfers[$0].state == .started && transfers[$0].receiver == port && transfers[$0].taken > now
    }.sorted { transfers[$0].number < transfers[$1].number }
    // Until when the port is busy with those before it, or was with what came of it.
    var free = min(now, cancelled.taken)
    for index in others where transfers[index].number < cancelled.number {
      free = max(free, transfers[index].taken)
    }
    var sooner: [Started] = []
    for index in others where transfers[index].number > cancelled.number {
      let end = transfers[index].end
      let duration = transfers[index].taken - transfers[index].receivedFrom
      let start = max(transfers[index].arrival, free)
      transfers[index].receivedFrom = start
      transfers[index].taken = start + duration
      free = start + duration
      if transfers[index].end < end {
        sooner.append(Started(id: UInt32(index), end: transfers[index].end))
      }
    }
    receiving[Int(port)].busyUntil = max(free, receiving[Int(port)].busyFrom)
    return sooner
  }
}
