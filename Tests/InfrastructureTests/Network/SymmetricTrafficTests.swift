import Infrastructure
import Kernel
import Quantities
import Testing

@Suite("A collective is one flow for many")
struct SymmetricTrafficTests {
  private static func router(_ shape: TopologyShape, latency: Double) throws -> FlowRouter {
    let topology = try Topology(
      TopologyDescription(
        shape: shape, host: LinkSpeed(bandwidth: BytesPerSecond(50e9), latency: Seconds(latency)),
        fabric: LinkSpeed(bandwidth: BytesPerSecond(25e9), latency: Seconds(latency))))
    return FlowRouterTests.router(topology, .destinationModulo)
  }

  static let shapes: [TopologyShape] = [
    .singleSwitch(hosts: 16), .fatTree(FatTree(hostsPerLeaf: 4, leaves: 8, spines: 4)),
    .rails(RailFabric(nodes: 16, rails: 2, nodesPerGroup: 8, spines: 2)), .torus(dimensions: [4, 4]),
    .dragonfly(Dragonfly(groups: 5, routersPerGroup: 2, hostsPerRouter: 2, globalLinksPerRouter: 2)),
  ]

  @Test("a ring all-reduce ends when its steps do, flow by flow", arguments: shapes)
  func ring(shape: TopologyShape) throws {
    for latency in [0, 1e-6] {
      var router = try Self.router(shape, latency: latency)
      let hosts = Array(0..<router.topology.endpointCount)
      let message = Bytes(1.6e9)
      let whole = try #require(SymmetricTraffic.ringAllReduce(of: message, among: hosts, router: &router))
      let capacities = router.topology.bandwidths
      let one = FlowSimulation.finishTimes(of: [whole], capacities: capacities)[0]
      let reduced = SymmetricTraffic.reduced([whole], capacities: capacities)
      #expect(FlowSimulation.finishTimes(of: reduced, capacities: capacities)[0] == one)
      // All hosts send a chunk to the next; when the last has arrived, the next step begins.
      var now = Ticks.zero
      for _ in 0..<(2 * (hosts.count - 1)) {
        let step = hosts.map {
          Transfer(
            source: $0, target: ($0 + 1) % hosts.count, bytes: message / Double(hosts.count), start: now)
        }
        now = FlowSimulation.finishTimes(of: step, router: &router).max()!
      }
      #expect(abs(one.seconds - now.seconds) < 1e-9 * now.seconds, "\(one) against \(now)")
    }
  }

  @Test("an all-to-all among equals ends when its flows do")
  func allToAll() throws {
    var router = FlowRouterTests.router(
      try TopologyTests.build(.fatTree(FatTree(hostsPerLeaf: 4, leaves: 4, spines: 4))), .spray)
    let hosts = Array(0..<16)
    let whole = try #require(SymmetricTraffic.allToAll(of: Bytes(1e9), among: hosts, router: &router))
    let one = FlowSimulation.finishTimes(of: [whole], capacities: router.topology.bandwidths)[0]
    var transfers: [Transfer] = []
    for source in hosts {
      for target in hosts where target != source {
        transfers.append(Transfer(source: source, target: target, bytes: Bytes(1e9 / 16)))
      }
    }
    let last = FlowSimulation.finishTimes(of: transfers, router: &router).max()!
    #expect(abs(one.seconds - last.seconds) < 1e-9)
    // 15/16 of the message leaves each host at 50 GB/s, and the last byte is 4 µs on its way.
    #expect(abs(one.seconds - (15.0 / 16 * 1e9 / 50e9 + 4e-6)) < 1e-9)
  }

  @Test("leaving out links that cannot bind changes no rate", arguments: 0..<30)
  func reduction(seed: Int) throws {
    var stream = RandomStream(seed: UInt64(seed), replication: 0, entity: "network", purpose: "reduction")
    let topology = try TopologyTests.build(.fatTree(FatTree(hostsPerLeaf: 4, leaves: 8, spines: 4)))
    var router = FlowRouterTests.router(topology, .hashed, seed: UInt64(seed))
    // Rings of different hosts share some links and not others.
    let flows = try (0..<3).map { _ -> RoutedFlow in
      var hosts = Array(0..<32)
      hosts = (0..<12).map { _ in hosts.remove(at: Int(stream.below(UInt32(hosts.count)))) }
      let start = Ticks(seconds: 0.01 * stream.uniform())
      return try #require(
        SymmetricTraffic.ringAllReduce(of: Bytes(1e9), among: hosts, router: &router, start: start))
    }
    let reduced = SymmetricTraffic.reduced(flows, capacities: topology.bandwidths)
    #expect(reduced.map(\.shares.count).reduce(0, +) < flows.map(\.shares.count).reduce(0, +))
    #expect(
      FlowSimulation.finishTimes(of: reduced, capacities: topology.bandwidths)
        == FlowSimulation.finishTimes(of: flows, capacities: topology.bandwidths))
  }

  @Test("one host, or no bytes, takes no time")
  func nothing() throws {
    var router = try Self.router(.singleSwitch(hosts: 4), latency: 0)
    let alone = try #require(SymmetricTraffic.ringAllReduce(of: Bytes(1e9), among: [2], router: &router))
    let empty = try #require(SymmetricTraffic.ringAllReduce(of: .zero, among: [0, 1], router: &router))
    #expect(
      FlowSimulation.finishTimes(of: [alone, empty], capacities: router.topology.bandwidths) == [
        .zero, .zero,
      ])
  }
}
