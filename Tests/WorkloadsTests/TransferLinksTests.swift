import Kernel
import Quantities
import Testing
import Workloads

/// Ports under random loads, against a calculation that sorts everything.
@Suite struct TransferLinksTests {
  struct Load {
    var settings: TransferSettings
    /// In order of readiness.
    var transfers: [Item]
  }
  struct Item {
    var ready: Ticks
    var computedFrom: Ticks
    var tokens: Int32
    var from: Int
    var to: Int
  }

  static func load(_ seed: UInt64, overlaps: Bool, bandwidth: Double = 2e9) -> Load {
    var stream = RandomStream(seed: seed, replication: 0, entity: "test", purpose: "links")
    func draw(_ bound: UInt32) -> Int { Int(stream.below(bound)) }
    let (senders, receivers) = (1 + draw(9), 1 + draw(9))
    let withinNode = draw(2) == 0 ? BytesPerSecond(9e9) : nil
    let settings = TransferSettings(
      bytesPerToken: 131_072, layers: 1 + draw(40), latency: Ticks(Int64(draw(100_000))), overlaps: overlaps,
      senders: .packed(
        replicas: senders, after: 0, accelerators: 1 + draw(4), perNode: 8, links: 1 + draw(8),
        nodeBandwidth: BytesPerSecond(bandwidth), bandwidthWithinNode: withinNode),
      receivers: .packed(
        replicas: receivers, after: draw(8), accelerators: 1 + draw(9), perNode: 8, links: 1 + draw(8),
        nodeBandwidth: BytesPerSecond(bandwidth * [0.5, 1, 4][draw(3)]), bandwidthWithinNode: withinNode))
    var time: Int64 = 1_000_000_000
    let transfers = (0..<(20 + draw(80))).map { _ -> Item in
      time += Int64(draw(1 << 28)) * Int64([0, 1, 20][draw(3)]) + Int64(draw(1000)) + 1
      return Item(
        ready: Ticks(time), computedFrom: Ticks(time - Int64(draw(1 << 29))), tokens: Int32(1 + draw(4000)),
        from: draw(UInt32(senders)), to: draw(UInt32(receivers)))
    }
    return Load(settings: settings, transfers: transfers)
  }

  /// Ends by transfer, from `TransferLinks` driven by a pending-event set.
  static func drive(_ load: Load) -> (ends: [Ticks], links: TransferLinks) {
    var links = TransferLinks(settings: load.settings)
    var pending = PendingEvents()
    var ends = Array(repeating: Ticks.never, count: load.transfers.count)
    for (index, item) in load.transfers.enumerated() { pending.push(UInt64(index), at: item.ready) }
    while let event = pending.pop() {
      if event.payload < 1 << 32 {
        let item = load.transfers[Int(event.payload)]
        let (started, wake) = links.begin(
          UInt32(event.payload), tokens: item.tokens, from: item.from, to: item.to,
          computedFrom: item.computedFrom, at: event.time)
        if let started { ends[Int(started.id)] = started.end }
        if let wake { pending.push(1 << 32 | UInt64(wake.port), at: wake.time) }
      } else {
        let port = Int(event.payload & 0xffff_ffff)
        let (started, wake) = links.portIsFree(port, at: event.time)
        ends[Int(started.id)] = started.end
        if let wake { pending.push(event.payload, at: wake) }
      }
    }
    return (ends, links)
  }

  /// The same by sorting: each sending port's queue first, then each receiving port's.
  static func calculate(_ load: Load) -> [Ticks] {
    let settings = load.settings
    func isInner(_ item: Item) -> Bool {
      settings.senders.sites[item.from].node == settings.receivers.sites[item.to].node
        && settings.senders.bandwidthWithinNode != nil
    }
    func time(_ item: Item, _ side: TransferSide) -> Ticks {
      let rate = isInner(item) ? side.bandwidthWithinNode! : side.portBandwidth
      return Ticks(seconds: Double(settings.bytes(ofTokens: item.tokens)) / rate.value)
    }
    var free: [String: Ticks] = [:]
    var starts: [Ticks] = []
    for item in load.transfers {
      let name = isInner(item) ? "replica \(item.from)" : "port \(settings.senders.sites[item.from].port)"
      starts.append(max(item.ready, free[name] ?? .zero))
      free[name] = starts.last! + time(item, settings.senders)
    }
    var ends = starts
    free = [:]
    for index in load.transfers.indices.sorted(by: { starts[$0] < starts[$1] }) {
      let item = load.transfers[index]
      let latency = isInner(item) ? Ticks.zero : settings.latency
      let name = isInner(item) ? "replica \(item.to)" : "port \(settings.receivers.sites[item.to].port)"
      let taken = max(starts[index] + latency, free[name] ?? .zero) + time(item, settings.receivers)
      free[name] = taken
      ends[index] = max(taken, starts[index] + time(item, settings.senders) + latency)
    }
    return ends
  }

  @Test func transfersEndWhenTheSortedCalculationSays() {
    for seed in 0..<UInt64(300) {
      let load = Self.load(seed, overlaps: false)
      let (ends, links) = Self.drive(load)
      #expect(ends == Self.calculate(load), "seed \(seed)")
      let bytes = load.transfers.reduce(0) { $0 + load.settings.bytes(ofTokens: $1.tokens) }
      #expect(links.bytesAsked == bytes && links.bytesSent == bytes, "seed \(seed)")
    }
  }

  @Test func moreBandwidthNeverEndsATransferLater() {
    for seed in 0..<UInt64(100) {
      var before = Self.drive(Self.load(seed, overlaps: false, bandwidth: 1e9)).ends
      for bandwidth in [2e9, 3e9, 1e11, 1e20] {
        let faster = Self.drive(Self.load(seed, overlaps: false, bandwidth: bandwidth)).ends
        // Who meets at a receiver first may change, the last end of all may not grow.
        #expect(faster.max()! <= before.max()!, "seed \(seed)")
        before = faster
      }
    }
  }

  @Test func overlapMovesTheSameBytesAndNeverLater() {
    var hidden = 0
    for seed in 0..<UInt64(200) {
      let plain = Self.drive(Self.load(seed, overlaps: false))
      let load = Self.load(seed, overlaps: true)
      let ahead = Self.drive(load)
      #expect(ahead.links.bytesSent == plain.links.bytesSent, "seed \(seed)")
      #expect(ahead.ends.max()! <= plain.ends.max()!, "seed \(seed)")
      for (item, end) in zip(load.transfers, ahead.ends) { #expect(end >= item.ready, "seed \(seed)") }
      hidden += zip(ahead.ends, plain.ends).filter { $0 < $1 }.count
    }
    #expect(hidden > 0)
  }

  @Test func onlyTheLastLayerIsLeftWhenTheLinkKeepsUp() {
    let side = TransferSide.packed(
      replicas: 1, after: 0, accelerators: 8, perNode: 8, links: 8, nodeBandwidth: BytesPerSecond(1e9),
      bandwidthWithinNode: nil)
    let other = TransferSide.packed(
      replicas: 1, after: 0, accelerators: 8, perNode: 8, links: 8, nodeBandwidth: BytesPerSecond(1e9),
      bandwidthWithinNode: nil, numberedFrom: 1)
    var settings = TransferSettings(
      bytesPerToken: 1e6, layers: 10, latency: Ticks(16), overlaps: true, senders: side, receivers: other)
    func end(_ prefillSeconds: Double) -> Double {
      let now = Ticks(seconds: 100)
      var links = TransferLinks(settings: settings)
      let started = links.begin(
        0, tokens: 1000, from: 0, to: 0, computedFrom: now - Ticks(seconds: prefillSeconds), at: now
      ).started!
      return (started.end - now - settings.latency).seconds
    }
    // A gigabyte takes a second.
    #expect(abs(end(5) - 0.1) < 1e-9)
    #expect(abs(end(0.4) - 0.6) < 1e-9)
    settings.overlaps = false
    #expect(abs(end(5) - 1) < 1e-9)
  }

  @Test func replicasShareTheLinksOfTheirNode() {
    func side(_ replicas: Int, _ accelerators: Int, _ links: Int, after first: Int = 0) -> TransferSide {
      .packed(
        replicas: replicas, after: first, accelerators: accelerators, perNode: 8, links: links,
        nodeBandwidth: BytesPerSecond(80), bandwidthWithinNode: nil)
    }
    // Two replicas of four on eight links: a port each. Eight of one on a single link: one for all.
    #expect(side(2, 4, 8).sites.map(\.port) == [0, 1] && side(2, 4, 8).portBandwidth.value == 40)
    #expect(Set(side(8, 1, 1).sites.map(\.port)).count == 1 && side(8, 1, 1).portBandwidth.value == 80)
    #expect(side(8, 1, 4).sites.map(\.port) == [0, 0, 1, 1, 2, 2, 3, 3])
    // Three accelerators never straddle nodes of eight; sixteen span two and have both nodes' links.
    #expect(side(3, 3, 8).sites.map(\.node) == [0, 0, 1])
    #expect(side(2, 16, 8).sites.map(\.node) == [0, 2] && side(2, 16, 8).portBandwidth.value == 160)
    #expect(side(1, 4, 8, after: 6).sites.map(\.node) == [1])
  }
}
