import DryRack
import Infrastructure

/// Flow changes on 1,024 hosts, repaired against solved afresh, and a collective as a class against its
/// flows.
enum Network {
  /// A three-tier tree of 16-port switches: 1,024 hosts, 50 GB/s links.
  static func fabric() throws -> Topology {
    try Topology(
      TopologyDescription(
        shape: .fatTree(FatTree.sized(hosts: 1024, radix: 16, tiers: 3)),
        host: LinkSpeed(bandwidth: BytesPerSecond(50e9), latency: Seconds(1e-6))))
  }

  /// Paths of random flows, within pods of 64 hosts or anywhere.
  static func paths(_ count: Int, inPods: Bool, _ topology: Topology) -> [[LinkShare]] {
    var stream = RandomStream(seed: 1, replication: 0, entity: "network", purpose: "pairs")
    var router = FlowRouter(
      topology: topology, policy: .hashed,
      stream: RandomStream(seed: 1, replication: 0, entity: "network", purpose: "routing"))
    return (0..<count).map { index in
      let source = Int(stream.below(1024))
      var target = source
      while target == source {
        target = inPods ? source / 64 * 64 + Int(stream.below(64)) : Int(stream.below(1024))
      }
      var shares: [LinkShare] = []
      _ = router.route(from: source, to: target, flow: UInt64(index), into: &shares)
      return shares
    }
  }

  /// Seconds for each change when flows leave one by one and others come in their place; the rates are asked
  /// for after every change. Also the sum of the drain times, so that nothing is left out.
  static func changes(
    flows: Int, changes: Int, inPods: Bool, solving: FlowNetwork.Solving, _ topology: Topology
  ) -> (seconds: Double, sum: Double, abandoned: Int, afresh: Int) {
    let paths = paths(flows + changes, inPods: inPods, topology)
    var network = FlowNetwork(capacities: topology.bandwidths, solving: solving)
    var stream = RandomStream(seed: 2, replication: 0, entity: "network", purpose: "churn")
    var running = (0..<flows).map { network.add(path: paths[$0], bytes: Bytes(1e12)) }
    var sum = network.nextCompletion()!.seconds
    let start = userSeconds()
    for change in 0..<changes {
      let place = Int(stream.below(UInt32(flows)))
      network.remove(running[place])
      sum += network.nextCompletion()!.seconds
      running[place] = network.add(path: paths[flows + change], bytes: Bytes(1e12))
      sum += network.nextCompletion()!.seconds
    }
    let seconds = (userSeconds() - start) / Double(2 * changes)
    return (seconds, sum, network.abandonedRepairs, network.solutions)
  }

  static func measureChanges(_ topology: Topology) {
    for (name, flows, inPods, goal) in [
      ("random", 1_000, false, 15.0), ("pods", 1_000, true, 40), ("random", 10_000, false, 0.9),
      ("pods", 10_000, true, 0.9),
    ] {
      let count = flows == 1_000 ? 2_000 : 300
      var fast: [Double] = []
      var slow: [Double] = []
      var note = ""
      for _ in 0..<5 {
        let repaired = changes(flows: flows, changes: count, inPods: inPods, solving: .changeDriven, topology)
        let afresh = changes(flows: flows, changes: count / 10, inPods: inPods, solving: .afresh, topology)
        fast.append(repaired.seconds)
        slow.append(afresh.seconds)
        note = "\(repaired.abandoned) abandoned, \(repaired.afresh) afresh of \(2 * count)"
      }
      let (mine, bar) = (fast.sorted()[2] * 1e6, slow.sorted()[2] * 1e6)
      line(
        "flow change, \(flows) \(name): repair / afresh",
        "\(rounded(mine)) / \(rounded(bar)) us, ratio \(rounded(bar / mine)) (goal \(goal)), \(note)")
    }
  }

  /// A ring all-reduce among all hosts, from its start to its end.
  static func measureCollective(_ topology: Topology) {
    var router = FlowRouter(
      topology: topology, policy: .destinationModulo,
      stream: RandomStream(seed: 1, replication: 0, entity: "network", purpose: "routing"))
    let hosts = Array(0..<1024)
    let whole = SymmetricTraffic.ringAllReduce(of: Bytes(1e9), among: hosts, router: &router)!
    let reduced = SymmetricTraffic.reduced([whole], capacities: topology.bandwidths)[0]
    var way: [LinkShare] = []
    let explicit = hosts.map { host -> RoutedFlow in
      _ = router.route(from: host, to: (host + 1) % 1024, flow: 0, into: &way)
      return RoutedFlow(shares: way, bytes: whole.bytes, latency: whole.latency)
    }
    func time(_ flows: [RoutedFlow], repeats: Int) -> (seconds: Double, end: Ticks) {
      var network = FlowNetwork(capacities: topology.bandwidths)
      var end = Ticks.zero
      let seconds = median {
        for _ in 0..<repeats {
          let began = network.now
          for flow in flows { network.add(path: flow.shares, bytes: flow.bytes, latency: flow.latency) }
          while let drain = network.nextCompletion() {
            network.advance(to: drain)
            while let flow = network.drainedFlow() { end = network.complete(flow).finish - began }
          }
        }
      }
      return (seconds / Double(repeats), end)
    }
    let one = time([reduced], repeats: 20_000)
    let full = time([whole], repeats: 200)
    let many = time(explicit, repeats: 20)
    precondition(one.end == many.end && full.end == many.end, "a class ends when its flows do")
    line(
      "ring all-reduce of 1,024 hosts: class / flows",
      "\(rounded(one.seconds * 1e6)) / \(rounded(many.seconds * 1e6)) us, ratio"
        + " \(rounded(many.seconds / one.seconds)) (goal 500), same end; on all its links"
        + " \(rounded(full.seconds * 1e6)) us")
  }

  static func measure() throws {
    let topology = try fabric()
    measureChanges(topology)
    measureCollective(topology)
  }
}
