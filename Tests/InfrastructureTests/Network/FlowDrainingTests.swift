import Infrastructure
import Kernel
import Oracles
import Quantities
import Testing

@Suite("Bytes drain at max-min fair rates")
struct FlowDrainingTests {
  /// Random flows that start at random ticks on a few links.
  private static func flows(seed: Int) -> (capacities: [Double], flows: [RoutedFlow]) {
    var stream = RandomStream(seed: UInt64(seed), replication: 0, entity: "network", purpose: "draining")
    let links = 2 + Int(stream.below(10))
    let capacities = (0..<links).map { _ in Double(1 + stream.below(10)) * 10e9 }
    let flows = (0..<(1 + stream.below(60))).map { _ -> RoutedFlow in
      let shares = (0..<links).filter { _ in stream.below(3) == 0 }.map {
        LinkShare(link: UInt32($0), weight: Double(1 + stream.below(3)))
      }
      let cap = shares.isEmpty || stream.below(4) == 0 ? BytesPerSecond(20e9 * stream.uniform()) : nil
      let bytes = stream.below(20) == 0 ? 0 : 1e10 * stream.uniform()
      return RoutedFlow(
        shares: shares, bytes: Bytes(bytes), start: Ticks(seconds: stream.uniform()),
        latency: Ticks(Int64(stream.below(50_000))), rateCap: cap)
    }
    return (capacities, flows)
  }

  @Test("finish times equal those of rates from scratch at every event", arguments: 0..<150)
  func finishTimes(seed: Int) {
    let (capacities, flows) = Self.flows(seed: seed)
    let exact = NetworkProgressiveFilling.drainTimes(
      of: flows.map {
        .init(
          path: $0.shares.map { (Int($0.link), $0.weight) }, cap: $0.rateCap?.value ?? .infinity)
      }, bytes: flows.map(\.bytes.value), starts: flows.map(\.start.seconds), capacities: capacities)
    for solving in [FlowNetwork.Solving.changeDriven, .repairOnly, .afresh] {
      let finish = FlowSimulation.finishTimes(of: flows, capacities: capacities, solving: solving)
      for (index, flow) in flows.enumerated() {
        let drained = (finish[index] - flow.latency).seconds
        // Every end is rounded to a tick of 62.5 ps, and those that follow inherit it.
        #expect(abs(drained - exact[index]) < 1e-9 * exact[index] + 2e-10, "flow \(index)")
      }
    }
  }

  @Test("what has drained is what the rates say, whenever one asks")
  func lazyBytes() {
    var network = FlowNetwork(capacities: [10e9])
    let first = network.add(path: [LinkShare(link: 0)], bytes: Bytes(10e9))
    #expect(network.nextCompletion() == Ticks(seconds: 1))
    network.advance(to: Ticks(seconds: 0.25))
    #expect(network.remainingBytes(of: first).value == 7.5e9)
    let second = network.add(path: [LinkShare(link: 0)], bytes: Bytes(2.5e9))
    #expect(network.rate(of: first).value == 5e9 && network.load(of: 0).value == 10e9)
    #expect(network.nextCompletion() == Ticks(seconds: 0.75))
    network.advance(to: Ticks(seconds: 0.5))
    #expect(network.remainingBytes(of: first).value == 6.25e9)
    #expect(network.remainingBytes(of: second).value == 1.25e9)
    network.setCapacity(of: 0, to: BytesPerSecond(0))
    #expect(network.nextCompletion() == nil && network.drainedFlow() == nil)
    network.advance(to: Ticks(seconds: 3))
    #expect(network.remainingBytes(of: first).value == 6.25e9)
    network.setCapacity(of: 0, to: BytesPerSecond(2.5e9))
    #expect(network.nextCompletion() == Ticks(seconds: 4))
    network.advance(to: Ticks(seconds: 4))
    #expect(network.drainedFlow() == second)
    let done = network.complete(second)
    #expect(done.flow == second && done.drained == Ticks(seconds: 4) && done.finish == Ticks(seconds: 4))
    #expect(network.rate(of: first).value == 2.5e9 && network.flowCount == 1)
  }

  @Test("a failing link holds its flows back until it is mended, and routed-around flows never end")
  func failures() throws {
    let flow = RoutedFlow(shares: [LinkShare(link: 0)], bytes: Bytes(10e9), latency: Ticks(5))
    let changes = [
      LinkChange(time: Ticks(seconds: 0.5), link: 0, capacity: .zero),
      LinkChange(time: Ticks(seconds: 2), link: 0, capacity: BytesPerSecond(5e9)),
    ]
    let mended = FlowSimulation.finishTimes(of: [flow], capacities: [10e9], changes: changes)
    #expect(mended == [Ticks(seconds: 3) + Ticks(5)])
    let broken = FlowSimulation.finishTimes(of: [flow], capacities: [10e9], changes: [changes[0]])
    #expect(broken == [.never])
    var router = FlowRouterTests.router(try FlowRouterTests.tree128(), .hashed)
    router.setInService(3, false)
    let transfers = [(3, 4), (4, 3)].map { Transfer(source: $0.0, target: $0.1, bytes: Bytes(50e9)) }
    let finish = FlowSimulation.finishTimes(of: transfers, router: &router)
    #expect(finish == [.never, Ticks(seconds: 1)])
  }

  @Test("bytes are conserved: what a link carried is what its flows sent", arguments: 0..<20)
  func conservation(seed: Int) {
    let (capacities, flows) = Self.flows(seed: 10_000 + seed)
    var network = FlowNetwork(capacities: capacities)
    let ids = flows.map {
      network.add(path: $0.shares, bytes: $0.bytes, rateCap: $0.rateCap, latency: $0.latency)
    }
    #expect(ids == Array(0..<UInt32(flows.count)))
    var carried = [Double](repeating: 0, count: capacities.count)
    while let next = network.nextCompletion() {
      let span = (next - network.now).seconds
      for link in capacities.indices { carried[link] += network.load(of: UInt32(link)).value * span }
      network.advance(to: next)
      while let flow = network.drainedFlow() { network.complete(flow) }
    }
    for link in capacities.indices {
      let sent = flows.reduce(0) { sum, flow in
        sum + flow.bytes.value * flow.shares.filter { $0.link == link }.reduce(0) { $0 + $1.weight }
      }
      // A tick of 62.5 ps at the rate of the link for each end.
      #expect(abs(carried[link] - sent) < 1e-9 * sent + Double(flows.count) * capacities[link] * 62.5e-12)
    }
  }

  @Test("no link, no bytes, no time")
  func edges() {
    var network = FlowNetwork(capacities: [])
    let local = network.add(path: [], bytes: Bytes(1e9), latency: Ticks(7))
    let capped = network.add(path: [], bytes: Bytes(1e9), rateCap: BytesPerSecond(1e9))
    #expect(network.rate(of: local).value == .infinity && network.rate(of: capped).value == 1e9)
    #expect(network.nextCompletion() == .zero && network.drainedFlow() == local)
    #expect(network.complete(local).finish == Ticks(7))
    #expect(network.nextCompletion() == Ticks(seconds: 1))
    network.remove(capped)
    #expect(network.nextCompletion() == nil && network.flowCount == 0)
    // Identities are used again.
    #expect(network.add(path: [], bytes: .zero) <= 1)
    // A size past the reach of time never ends.
    var slow = FlowNetwork(capacities: [1e-3])
    slow.add(path: [LinkShare(link: 0)], bytes: Bytes(1e15))
    #expect(slow.nextCompletion() == nil)
  }
}
