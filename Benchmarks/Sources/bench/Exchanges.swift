import DryRack

/// Every host sends to every other: all at once on 256 hosts, and in synchronised shifts on 1,024.
enum Exchanges {
  static func measure() throws {
    try measureAtOnce()
    try measureShifts()
  }

  private static func router(_ topology: Topology, _ policy: RoutingPolicy) -> FlowRouter {
    FlowRouter(
      topology: topology, policy: policy,
      stream: RandomStream(seed: 1, replication: 0, entity: "exchanges", purpose: "routing"))
  }

  /// 65,280 flows of one size that start together: on a tree that blocks nobody they end together, hashed
  /// ones one after the other.
  private static func measureAtOnce() throws {
    let topology = try Topology(
      TopologyDescription(
        shape: .fatTree(FatTree.sized(hosts: 256, radix: 32, tiers: 2)),
        host: LinkSpeed(bandwidth: BytesPerSecond(50e9), latency: Seconds(1e-6))))
    var transfers: [Transfer] = []
    for source in 0..<256 {
      for target in 0..<256 where source != target {
        transfers.append(Transfer(source: source, target: target, bytes: Bytes(1_048_576)))
      }
    }
    precondition(transfers.count == 65_280)
    for (name, policy) in [
      ("D-mod-k", RoutingPolicy.destinationModulo), ("hashed", .hashed), ("sprayed", .spray),
    ] {
      var router = router(topology, policy)
      let start = userSeconds()
      let finish = FlowSimulation.finishTimes(of: transfers, router: &router)
      let seconds = userSeconds() - start
      line("65,280 flows on 256 hosts, \(name)", "\(rounded(seconds)) s (goal 5), \(Set(finish).count) ends")
    }
  }

  /// Host i sends to host i + s, for every s in turn, each once the one before has ended.
  private static func measureShifts() throws {
    let topology = try Network.fabric()
    let hosts = 1024
    var router = router(topology, .destinationModulo)
    var network = FlowNetwork(capacities: topology.bandwidths)
    var way: [LinkShare] = []
    let start = userSeconds()
    for shift in 1..<hosts {
      for source in 0..<hosts {
        let latency = router.route(from: source, to: (source + shift) % hosts, flow: 0, into: &way)!
        network.add(path: way, bytes: Bytes(1e6), latency: latency)
      }
      while let drain = network.nextCompletion() {
        network.advance(to: drain)
        while let flow = network.drainedFlow() { network.complete(flow) }
      }
    }
    let seconds = userSeconds() - start
    line("1,047,552 flows in 1,023 shifts on 1,024 hosts", "\(rounded(seconds)) CPU s (goal 3)")
    try measureShiftClasses(topology, end: network.now)
  }

  /// Each shift as one flow that stands for its 1,024, on the links that can hold it back.
  private static func measureShiftClasses(_ topology: Topology, end: Ticks) throws {
    let hosts = Array(0..<1024)
    var router = router(topology, .destinationModulo)
    let begin = userSeconds()
    let classes = (1..<hosts.count).map { shift in
      let whole = SymmetricTraffic.shift(by: shift, of: Bytes(1e6), among: hosts, router: &router)!
      return SymmetricTraffic.reduced([whole], capacities: topology.bandwidths)[0]
    }
    let prepared = userSeconds() - begin
    var network = FlowNetwork(capacities: topology.bandwidths)
    let repeats = 50
    let seconds = median {
      for _ in 0..<repeats {
        network = FlowNetwork(capacities: topology.bandwidths)
        for flow in classes {
          network.add(path: flow.shares, bytes: flow.bytes, latency: flow.latency)
          network.advance(to: network.nextCompletion()!)
          network.complete(network.drainedFlow()!)
        }
      }
    }
    precondition(network.now == end, "a class ends when its flows do")
    line(
      "  as 1,023 classes, ending at the same tick",
      "\(rounded(seconds / Double(repeats) * 1e3)) ms (goal 1), prepared once in \(rounded(prepared)) s")
  }
}
