import Kernel
import Quantities
import Testing
import Workloads

/// Ports that others use too: their transfers keep their order, and all bytes arrive.
@Suite struct TransferPacingTests {
  /// Drives random transfers while ports change their pace at random times; ends by transfer.
  ///
  /// - Parameter pace: of the port at the n-th change.
  static func drive(
    _ load: TransferLinksTests.Load, seed: UInt64, changes: Int, pace: (inout RandomStream) -> Double
  ) -> (ends: [Ticks], links: TransferLinks) {
    var links = TransferLinks(settings: load.settings)
    var pending = PendingEvents()
    var ends = Array(repeating: Ticks.never, count: load.transfers.count)
    for (index, item) in load.transfers.enumerated() { pending.push(UInt64(index), at: item.ready) }
    var stream = RandomStream(seed: seed, replication: 0, entity: "test", purpose: "pace")
    let span = TransferLinksTests.drive(load).ends.max()!.count
    for _ in 0..<changes {
      pending.push(2 << 32, at: Ticks(Int64(stream.uniform() * 1.5 * Double(span))))
    }
    while let event = pending.pop() {
      let index = Int(event.payload & 0xffff_ffff)
      switch event.payload >> 32 {
      case 0:
        let item = load.transfers[index]
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
        for side in [load.settings.senders, load.settings.receivers] {
          let isSending = side == load.settings.senders
          for port in 0..<side.portCount where stream.below(2) == 0 {
            let name = isSending ? TransferLinks.PortName.sending(port) : .receiving(port)
            let repaced = links.setPace(of: name, to: pace(&stream), at: event.time)
            for moved in repaced.moved {
              #expect(moved.end >= event.time && ends[Int(moved.id)] >= event.time)
              ends[Int(moved.id)] = moved.end
            }
            if let wake = repaced.wake { pending.push(1 << 32 | UInt64(port), at: wake) }
          }
        }
      }
    }
    return (ends, links)
  }

  /// At full pace, however often it is said, nothing moves by a tick; at less all end, none of them sooner
  /// than the last would with all ports to itself, and every byte is sent.
  @Test(arguments: [false, true])
  func lessPaceIsNeverFaster(overlaps: Bool) {
    var slower = 0
    for seed in 0..<UInt64(200) {
      let load = TransferLinksTests.load(seed, overlaps: overlaps)
      let plain = TransferLinksTests.drive(load)
      let full = Self.drive(load, seed: seed, changes: 40) { _ in 1 }
      #expect(full.ends == plain.ends, "seed \(seed)")
      let some = Self.drive(load, seed: seed, changes: 40) { 0.1 + 0.9 * $0.uniform() }
      #expect(some.links.bytesSent == some.links.bytesAsked, "seed \(seed)")
      #expect(some.ends.allSatisfy { $0 != .never }, "seed \(seed)")
      // Rounding to ticks, once a change.
      #expect(some.ends.max()!.count >= plain.ends.max()!.count - 100, "seed \(seed)")
      if some.ends.max()! > plain.ends.max()! { slower += 1 }
    }
    #expect(slower > 100)
  }

  /// One sender, one receiver: at half the pace throughout, everything takes twice as long.
  @Test func halfThePaceTakesTwiceAsLong() {
    let side = TransferSide(
      sites: [TransferSite(node: 0, port: 0)], portBandwidth: BytesPerSecond(1e9), bandwidthWithinNode: nil)
    let far = TransferSide(
      sites: [TransferSite(node: 1, port: 0)], portBandwidth: BytesPerSecond(1e9), bandwidthWithinNode: nil)
    let settings = TransferSettings(
      bytesPerToken: 1e6, layers: 4, latency: .zero, overlaps: false, senders: side, receivers: far)
    var links = TransferLinks(settings: settings)
    let first = links.begin(0, tokens: 1000, from: 0, to: 0, computedFrom: .zero, at: .zero)
    #expect(first.started?.end == Ticks(seconds: 1))
    let half = Ticks(seconds: 0.5)
    let sender = links.setPace(of: .sending(0), to: 0.5, at: half)
    let receiver = links.setPace(of: .receiving(0), to: 0.5, at: half)
    #expect(sender.moved.last?.end == Ticks(seconds: 1.5) || receiver.moved.last?.end == Ticks(seconds: 1.5))
    let back = links.setPace(of: .sending(0), to: 1, at: Ticks(seconds: 1))
    let end = links.setPace(of: .receiving(0), to: 1, at: Ticks(seconds: 1))
    #expect(back.moved.isEmpty && end.moved.last?.end == Ticks(seconds: 1.25))
  }
}
