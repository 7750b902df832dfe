import Infrastructure
import Kernel
import Oracles
import Quantities
import Testing

@Suite("The flow network shares links max-min fairly")
struct FlowNetworkTests {
  /// A network under a random sequence of changes, with what the oracle needs to know of it.
  struct Churn: ~Copyable {
    var network: FlowNetwork
    var capacities: [Double]
    var flows: [(id: UInt32, flow: NetworkProgressiveFilling.Flow)] = []
    var stream: RandomStream

    /// Whether capacities and weights differ by orders of magnitude.
    let isWide: Bool

    init(seed: UInt64, solving: FlowNetwork.Solving) {
      stream = RandomStream(seed: seed, replication: 0, entity: "network", purpose: "churn")
      isWide = seed % 3 == 2
      let links = 1 + Int(stream.below(40))
      capacities = []
      for _ in 0..<links {
        let exponent = isWide ? Int(stream.below(4)) : 0
        capacities.append(Double(1 + stream.below(10)) * 10e9 / [1, 10, 100, 1000][exponent])
      }
      network = FlowNetwork(capacities: capacities, solving: solving)
    }

    mutating func weight() -> Double {
      if isWide { return [0.01, 0.1, 1, 10, 100][Int(stream.below(5))] * (0.5 + stream.uniform()) }
      let kind = stream.below(4)
      return kind < 2 ? 1 : kind == 2 ? Double(1 + stream.below(5)) : 0.125 + stream.uniform()
    }

    mutating func add() {
      var links = Array(capacities.indices)
      var path: [(link: Int, weight: Double)] = []
      for _ in 0..<(stream.below(10) == 0 ? 0 : 1 + stream.below(6)) where !links.isEmpty {
        let link = links.remove(at: Int(stream.below(UInt32(links.count))))
        path.append((link, weight()))
      }
      let cap = path.isEmpty || stream.below(5) == 0 ? stream.uniform() * 30e9 : .infinity
      let id = network.add(
        path: path.map { LinkShare(link: UInt32($0.link), weight: $0.weight) }, bytes: Bytes(1e15),
        rateCap: cap == .infinity ? nil : BytesPerSecond(cap))
      flows.append((id, .init(path: path, cap: cap)))
    }

    mutating func change() {
      switch stream.below(20) {
      case 0..<8: add()
      case 8..<16:
        if flows.isEmpty { return add() }
        network.remove(flows.remove(at: Int(stream.below(UInt32(flows.count)))).id)
      default:
        let link = Int(stream.below(UInt32(capacities.count)))
        capacities[link] = stream.below(4) == 0 ? 0 : stream.uniform() * 100e9
        network.setCapacity(of: UInt32(link), to: BytesPerSecond(capacities[link]))
      }
    }

    /// The largest difference from the oracle, relative to the exact rate.
    mutating func error() -> Double {
      let exact = NetworkProgressiveFilling.rates(of: flows.map(\.flow), capacities: capacities)
      var worst = 0.0
      for (index, entry) in flows.enumerated() {
        let rate = network.rate(of: entry.id).value
        if rate == exact[index] { continue }
        worst = max(worst, abs(rate - exact[index]) / max(exact[index], 1e-3))
      }
      return worst
    }
  }

  @Test(
    "repaired rates equal progressive filling from scratch after every change", arguments: 0..<60,
    [FlowNetwork.Solving.repairOnly, .changeDriven])
  func repairEqualsOracle(block: Int, solving: FlowNetwork.Solving) {
    for seed in 0..<5 {
      var churn = Churn(seed: UInt64(block * 5 + seed), solving: solving)
      let population = 1 + Int(churn.stream.below(60))
      for _ in 0..<population { churn.add() }
      for step in 0..<20 {
        let error = churn.error()
        #expect(error < 1e-9, "seed \(block * 5 + seed), step \(step)")
        if error >= 1e-9 { return }
        for _ in 0...(churn.stream.below(4) / 3) { churn.change() }
      }
      #expect(solving == .changeDriven || churn.network.solutions + churn.network.abandonedRepairs == 0)
    }
  }

  @Test(
    "errors do not pile up over many repairs on a fabric",
    arguments: [RoutingPolicy.hashed, .spray, .hashedSpray(entropies: 8)])
  func longChurn(policy: RoutingPolicy) throws {
    let topology = try FlowRouterTests.tree128()
    var router = FlowRouterTests.router(topology, policy)
    var stream = RandomStream(seed: 3, replication: 0, entity: "network", purpose: "fabric")
    var network = FlowNetwork(capacities: topology.bandwidths, solving: .repairOnly)
    var bar = FlowNetwork(capacities: topology.bandwidths, solving: .afresh)
    var running: [(UInt32, UInt32)] = []
    var shares: [LinkShare] = []
    for step in 0..<600 {
      if running.count == 60 {
        let (one, other) = running.remove(at: Int(stream.below(60)))
        network.remove(one)
        bar.remove(other)
      }
      let (source, target) = (Int(stream.below(128)), Int(stream.below(128)))
      _ = router.route(from: source, to: target, flow: UInt64(step), into: &shares)
      // Two flows within one host have no link; they need a cap to have a rate.
      let cap = source == target ? BytesPerSecond(100e9) : nil
      running.append(
        (
          network.add(path: shares, bytes: Bytes(1e15), rateCap: cap),
          bar.add(path: shares, bytes: Bytes(1e15), rateCap: cap)
        ))
      for (one, other) in running {
        let exact = bar.rate(of: other).value
        #expect(abs(network.rate(of: one).value - exact) <= 1e-10 * exact)
      }
    }
  }

  @Test("a solution from scratch by the fast filling equals the slow one", arguments: 0..<20)
  func afreshEqualsOracle(seed: Int) {
    var churn = Churn(seed: UInt64(1000 + seed), solving: .afresh)
    for _ in 0..<50 { churn.add() }
    for _ in 0..<20 {
      #expect(churn.error() < 1e-9)
      churn.change()
    }
  }

  @Test("changes are repaired, and only large ones solved afresh")
  func repairs() {
    let pods = 64
    var network = FlowNetwork(capacities: [Double](repeating: 10e9, count: pods * 4))
    var ids: [UInt32] = []
    for flow in 0..<(pods * 8) {
      let pod = UInt32(flow % pods * 4)
      let path = [LinkShare(link: pod + UInt32(flow % 2)), LinkShare(link: pod + 2 + UInt32(flow / 2 % 2))]
      ids.append(network.add(path: path, bytes: Bytes(1e12)))
    }
    _ = network.nextCompletion()
    #expect(network.solutions == 1 && network.repairs == 0)
    for id in ids.prefix(100) {
      network.remove(id)
      _ = network.nextCompletion()
    }
    #expect(network.repairs == 100 && network.abandonedRepairs == 0)
  }

  @Test("no link carries more than it can, and every flow has a bottleneck", arguments: 0..<50)
  func certificate(seed: Int) {
    var churn = Churn(seed: UInt64(5000 + seed), solving: .changeDriven)
    for _ in 0..<80 { churn.add() }
    for _ in 0..<30 {
      churn.change()
      let loads = churn.capacities.indices.map { churn.network.load(of: UInt32($0)).value }
      for (load, capacity) in zip(loads, churn.capacities) { #expect(load <= capacity * (1 + 1e-9)) }
      let rates = churn.flows.map { churn.network.rate(of: $0.id).value }
      var fastest = [Double](repeating: 0, count: loads.count)
      for (index, entry) in churn.flows.enumerated() {
        for hop in entry.flow.path { fastest[hop.link] = max(fastest[hop.link], rates[index]) }
      }
      for (index, entry) in churn.flows.enumerated() {
        let isHeld = entry.flow.path.contains {
          loads[$0.link] >= churn.capacities[$0.link] * (1 - 1e-9)
            && rates[index] >= fastest[$0.link] * (1 - 1e-9)
        }
        #expect(isHeld || rates[index] >= entry.flow.cap * (1 - 1e-12))
      }
    }
  }
}
