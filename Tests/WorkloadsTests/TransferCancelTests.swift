import Kernel
import Quantities
import Testing
import Workloads

/// Transfers that are cancelled while they wait or move.
@Suite struct TransferCancelTests {
  /// Drives random transfers of which some are cancelled; ends by transfer, `.never` for the cancelled ones.
  static func drive(
    _ load: TransferLinksTests.Load, cancelling chosen: [Int: Ticks]
  ) -> (ends: [Ticks], links: TransferLinks, cancelled: Set<Int>) {
    var links = TransferLinks(settings: load.settings)
    var pending = PendingEvents()
    var ends = Array(repeating: Ticks.never, count: load.transfers.count)
    var begun: Set<Int> = []
    var cancelled: Set<Int> = []
    for (index, item) in load.transfers.enumerated() { pending.push(UInt64(index), at: item.ready) }
    for index in chosen.keys.sorted() { pending.push(2 << 32 | UInt64(index), at: chosen[index]!) }
    while let event = pending.pop() {
      let index = Int(event.payload & 0xffff_ffff)
      switch event.payload >> 32 {
      case 0:
        let item = load.transfers[index]
        begun.insert(index)
        let (started, wake) = links.begin(
          UInt32(index), tokens: item.tokens, from: item.from, to: item.to, computedFrom: item.computedFrom,
          at: event.time)
        if let started { ends[Int(started.id)] = started.end }
        if let wake { pending.push(1 << 32 | UInt64(wake.port), at: wake.time) }
      case 1:
        guard links.canBegin(on: index, at: event.time) else { continue }
        let (started, wake) = links.portIsFree(index, at: event.time)
        ends[Int(started.id)] = started.end
        if let wake { pending.push(event.payload, at: wake) }
      default:
        guard begun.contains(index), ends[index] > event.time else { continue }
        let result = links.cancel(UInt32(index), at: event.time)
        cancelled.insert(index)
        ends[index] = .never
        for other in result.sooner {
          #expect(other.end < ends[Int(other.id)] && other.end >= event.time)
          ends[Int(other.id)] = other.end
        }
        if let port = result.wake { pending.push(1 << 32 | UInt64(port), at: event.time) }
      }
    }
    return (ends, links, cancelled)
  }

  @Test func everyByteIsReceivedOrNotWantedAndNobodyIsLater() {
    var count = 0
    for seed in 0..<UInt64(300) {
      for overlaps in [false, true] {
        let load = TransferLinksTests.load(seed, overlaps: overlaps)
        let plain = TransferLinksTests.drive(load)
        var stream = RandomStream(seed: seed, replication: 0, entity: "test", purpose: "cancel")
        var chosen: [Int: Ticks] = [:]
        for index in load.transfers.indices where stream.below(4) == 0 {
          let ready = load.transfers[index].ready
          let span = max(1, min(Int64(UInt32.max) - 1, (plain.ends[index] - ready).count))
          chosen[index] = ready + Ticks(Int64(stream.below(UInt32(span))))
        }
        let (ends, links, cancelled) = Self.drive(load, cancelling: chosen)
        count += cancelled.count
        var received: Int64 = 0
        for (index, item) in load.transfers.enumerated() where !cancelled.contains(index) {
          received += load.settings.bytes(ofTokens: item.tokens)
          #expect(ends[index] != .never && ends[index] >= item.ready, "seed \(seed): all others end")
        }
        #expect(links.bytesAsked == links.bytesSent + links.bytesWithdrawn, "seed \(seed)")
        #expect(links.bytesSent - links.bytesLost == received, "seed \(seed)")
        // Who is first at a receiver may change; the last end of all cannot move back.
        let last = ends.filter { $0 != .never }.max() ?? .zero
        #expect(last <= plain.ends.max()!, "seed \(seed)")
      }
    }
    #expect(count > 3000)
  }

  /// One sender and one receiver: what comes after a cancelled transfer moves as if that had moved no more.
  @Test func theLinkIsFreeAtOnce() {
    let side = TransferSide.packed(
      replicas: 1, after: 0, accelerators: 8, perNode: 8, links: 1, nodeBandwidth: BytesPerSecond(1e9),
      bandwidthWithinNode: nil)
    let other = TransferSide.packed(
      replicas: 1, after: 0, accelerators: 8, perNode: 8, links: 1, nodeBandwidth: BytesPerSecond(1e9),
      bandwidthWithinNode: nil, numberedFrom: 1)
    let settings = TransferSettings(
      bytesPerToken: 1e6, layers: 10, latency: Ticks(16), overlaps: false, senders: side, receivers: other)
    var links = TransferLinks(settings: settings)
    let start = Ticks(seconds: 1)
    let first = links.begin(0, tokens: 1000, from: 0, to: 0, computedFrom: start, at: start).started!
    #expect(first.end == start + Ticks(seconds: 1) + Ticks(16))
    let second = links.begin(1, tokens: 1000, from: 0, to: 0, computedFrom: start, at: start)
    #expect(second.started == nil && second.wake!.time == start + Ticks(seconds: 1))
    _ = links.begin(2, tokens: 500, from: 0, to: 0, computedFrom: start, at: start)
    let now = start + Ticks(seconds: 0.25)
    let waited = links.cancel(1, at: now)
    #expect(waited.sooner.isEmpty && waited.wake == nil)
    let cancelled = links.cancel(0, at: now)
    #expect(cancelled.wake == second.wake!.port && cancelled.sooner.isEmpty)
    #expect(links.canBegin(on: second.wake!.port, at: now))
    let third = links.portIsFree(second.wake!.port, at: now).started
    #expect(third.id == 2 && third.end == now + Ticks(seconds: 0.5) + Ticks(16))
    #expect(!links.canBegin(on: second.wake!.port, at: start + Ticks(seconds: 1)))
  }

  /// Two senders to one receiver of the same rate: the second is received after the first, and sooner when
  /// the first is cancelled half way.
  @Test func whoStandsBehindAtTheReceiverMovesUp() {
    let senders = TransferSide.packed(
      replicas: 2, after: 0, accelerators: 8, perNode: 8, links: 1, nodeBandwidth: BytesPerSecond(1e9),
      bandwidthWithinNode: nil)
    let receiver = TransferSide.packed(
      replicas: 1, after: 0, accelerators: 8, perNode: 8, links: 1, nodeBandwidth: BytesPerSecond(1e9),
      bandwidthWithinNode: nil, numberedFrom: 9)
    let settings = TransferSettings(
      bytesPerToken: 1e6, layers: 10, latency: .zero, overlaps: false, senders: senders, receivers: receiver)
    var links = TransferLinks(settings: settings)
    let start = Ticks(seconds: 1)
    _ = links.begin(0, tokens: 1000, from: 0, to: 0, computedFrom: start, at: start)
    let second = links.begin(1, tokens: 1000, from: 1, to: 0, computedFrom: start, at: start).started!
    #expect(second.end == start + Ticks(seconds: 2))
    let sooner = links.cancel(0, at: start + Ticks(seconds: 0.5)).sooner
    #expect(sooner.map(\.id) == [1] && sooner.map(\.end) == [start + Ticks(seconds: 1.5)])
  }
}
