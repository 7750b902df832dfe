import Kernel

/// Ports that others use too: they go on in the same order, at the share of their rate that is left.
extension TransferLinks {
  /// One of the ports to the network.
  public enum PortName: Sendable, Hashable {
    case sending(Int)
    case receiving(Int)
  }

  /// What a change of pace leads to.
  public struct Repaced: Sendable, Hashable {
    /// Transfers under way that end at another time now, with their new ends.
    public var moved: [Started] = []
    /// When the port takes the next of its queue, where it sends and has one: `portIsFree` must be called.
    public var wake: Ticks?
  }

  /// Less than this of a port's rate counts as this, so that times stay in range.
  static let slowest = 0x1p-20

  /// Until when a port has work, as far as it is known; not later than now where it has none.
  public func busyUntil(_ port: PortName) -> Ticks {
    switch port {
    case .sending(let port): sending[port].busyUntil
    case .receiving(let port): receiving[port].busyUntil
    }
  }

  /// The ports of a transfer, or `nil` where it stays within its node.
  public func ports(of id: UInt32) -> (sender: Int, receiver: Int)? {
    let transfer = transfers[Int(id)]
    return transfer.isWithinNode ? nil : (Int(transfer.sender), Int(transfer.receiver))
  }

  /// The first in the queue of a sending port.
  public func next(on port: Int) -> UInt32? { queues[port].first == .max ? nil : queues[port].first }

  /// The port goes on at a share of its rate, 0...1: what it has still to do of the transfers under way takes
  /// so much longer or shorter.
  ///
  /// - Complexity: O(1) without a change, or for a port that sends; O(names of transfers) for one that
  ///   receives.
  public mutating func setPace(of port: PortName, to pace: Double, at now: Ticks) -> Repaced {
    let pace = max(Self.slowest, min(1, pace))
    switch port {
    case .sending(let port):
      let ratio = sending[port].pace / pace
      sending[port].pace = pace
      return ratio == 1 ? Repaced() : stretchSender(port, by: ratio, at: now)
    case .receiving(let port):
      let ratio = receiving[port].pace / pace
      receiving[port].pace = pace
      return ratio == 1 ? Repaced() : stretchReceiver(port, by: ratio, at: now)
    }
  }

  /// A port serves one after the other: only the one that it serves now is concerned.
  private mutating func stretchSender(_ port: Int, by ratio: Double, at now: Ticks) -> Repaced {
    guard sending[port].busyUntil > now else { return Repaced() }
    let id = sending[port].current
    let end = transfers[Int(id)].end
    let sent = now + Self.stretched(transfers[Int(id)].sent - now, by: ratio)
    transfers[Int(id)].sent = sent
    sending[port].busyUntil = sent
    var repaced = Repaced()
    if transfers[Int(id)].end != end { repaced.moved = [Started(id: id, end: transfers[Int(id)].end)] }
    if queues[port].first != .max { repaced.wake = sent }
    return repaced
  }

  private mutating func stretchReceiver(_ port: Int, by ratio: Double, at now: Ticks) -> Repaced {
    guard receiving[port].busyUntil > now else { return Repaced() }
    let own = transfers.indices.filter {
      transfers[$0].state == .started && transfers[$0].receiver == port && transfers[$0].taken > now
    }.sorted { transfers[$0].number < transfers[$1].number }
    var repaced = Repaced()
    var free = Ticks.zero
    for index in own {
      let end = transfers[index].end
      let begun = max(Ticks.zero, now - transfers[index].receivedFrom)
      let rest = transfers[index].taken - max(now, transfers[index].receivedFrom)
      if begun == .zero {
        // As late as before where the port waits for it, else behind the one before it.
        transfers[index].receivedFrom = max(transfers[index].arrival, free)
      }
      let start = max(now, transfers[index].receivedFrom)
      transfers[index].taken = start + Self.stretched(rest, by: ratio)
      free = transfers[index].taken
      if transfers[index].end != end {
        repaced.moved.append(Started(id: UInt32(index), end: transfers[index].end))
      }
    }
    receiving[port].busyUntil = max(free, receiving[port].busyFrom)
    return repaced
  }

  private static func stretched(_ rest: Ticks, by ratio: Double) -> Ticks {
    let count = (Double(rest.count) * ratio).rounded()
    // What is a tick or more stays so, and nothing takes longer than the longest.
    return Ticks(max(rest.count > 0 ? 1 : 0, Int64(min(count, Double(longest)))))
  }
}
