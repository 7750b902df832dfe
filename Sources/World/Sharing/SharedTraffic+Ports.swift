import Infrastructure
import Kernel
import Quantities
import Workloads

/// Ports over which a disaggregated service's KV entries move, where others use them too.
///
/// Which transfer has a port, and until when, is `TransferLinks`' to say: here a busy port is a flow, which
/// says at what share of its rate the port goes on. A port that sends takes part in the fabric's links on
/// the way of the transfer that it serves. Every transfer that waits for the port or has it competes with
/// others as a flow of its own, though what they get together goes to the first. Where nobody else is there,
/// the share is one, and the service lives to the tick as it would with its ports to itself.
extension SharedTraffic {
  struct BusyPort {
    var service: Int
    var name: TransferLinks.PortName
    /// The endless flow that stands for it: what one transfer of so many crosses, and their rate alone.
    var flow: UInt32
    var path: [LinkShare]
    var transfers: Int
    var cap: Double
    /// When it will be idle, as far as it is known.
    var until: Ticks
  }

  /// How many transfers of a service want each of its ports.
  struct PortCounts {
    var senders: [Int]
    var receivers: [Int]

    init(_ uses: SharedLinks.Transfers?) {
      senders = Array(repeating: 0, count: (uses?.senders.keys.max() ?? -1) + 1)
      receivers = Array(repeating: 0, count: (uses?.receivers.keys.max() ?? -1) + 1)
    }

    func count(_ name: TransferLinks.PortName) -> Int {
      switch name {
      case .sending(let port): senders[port]
      case .receiving(let port): receivers[port]
      }
    }
  }

  /// An idle port of a service gets work: `receiver` is where what it sends goes, `nil` where it receives.
  ///
  /// - Returns: the share of its rate at which it goes on now.
  mutating func occupy(
    _ service: Int, _ name: TransferLinks.PortName, to receiver: Int?, at now: Ticks
  ) -> Double {
    guard let uses = links.transfers[service] else { return 1 }
    network.advance(to: now)
    // It may have become idle on this very tick.
    if let known = busyPorts.firstIndex(where: { $0.service == service && $0.name == name }) {
      remove(busyPorts[known].flow)
      busyPorts.remove(at: known)
    }
    let cap: BytesPerSecond
    var path: [LinkShare]
    switch name {
    case .sending(let port):
      cap = uses.senderBandwidth
      path = [LinkShare(link: uses.senders[port]!.link)]
      if let receiver { path += links.crossing(port, receiver, uses) }
    case .receiving(let port):
      cap = uses.receiverBandwidth
      path = [LinkShare(link: uses.receivers[port]!.link)]
    }
    // The transfer that it gets is counted when it is known to be under way.
    let transfers = max(1, counts[service].count(name))
    let flow = addPort(path, of: cap.value, transfers)
    busyPorts.append(
      BusyPort(
        service: service, name: name, flow: flow, path: path, transfers: transfers, cap: cap.value,
        until: .never))
    return pace(ofPort: busyPorts.count - 1)
  }

  private mutating func addPort(_ path: [LinkShare], of cap: Double, _ transfers: Int) -> UInt32 {
    let number = Double(transfers)
    let shares = path.map { LinkShare(link: $0.link, weight: $0.weight * number) }
    return add(shares, Self.endless, cap: BytesPerSecond(cap / number), latency: .zero, .endless)
  }

  /// A transfer wants both ports from now on (+1), or does not any more (-1).
  mutating func count(_ service: Int, _ ports: (sender: Int, receiver: Int), by change: Int) {
    counts[service].senders[ports.sender] += change
    counts[service].receivers[ports.receiver] += change
  }

  /// Busy ports compete for as many transfers as want them at `now`.
  mutating func weighPorts(at now: Ticks) {
    for index in busyPorts.indices {
      let port = busyPorts[index]
      let transfers = max(1, counts[port.service].count(port.name))
      if transfers == port.transfers { continue }
      network.advance(to: now)
      remove(port.flow)
      busyPorts[index].flow = addPort(port.path, of: port.cap, transfers)
      busyPorts[index].transfers = transfers
    }
  }

  /// The share of its rate alone that a busy port has now.
  mutating func pace(ofPort index: Int) -> Double {
    let port = busyPorts[index]
    let pace = network.rate(of: port.flow).value * Double(port.transfers) / port.cap
    // The last bits of a rate that nobody lowers are rounding.
    return pace > 1 - 1e-12 ? 1 : pace
  }

  /// Takes ports that have nothing to do any more off their links.
  mutating func releasePorts(at now: Ticks) {
    network.advance(to: now)
    for port in busyPorts where port.until <= now { remove(port.flow) }
    busyPorts.removeAll { $0.until <= now }
  }
}
