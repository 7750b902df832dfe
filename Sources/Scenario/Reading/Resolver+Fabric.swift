import Catalog
import Economics
import Infrastructure
import Quantities
import Workloads

/// Networks between the nodes of pools.
extension Resolver {
  private static let fabricKinds = ["infiniband", "roce", "ethernet", "efa"]

  /// The network that a pool names; `nil` without one.
  mutating func network(_ value: Written?, _ path: String, node: Node) -> FabricSettings? {
    guard let value, let name = value.text ?? value["kind"]?.text else { return nil }
    let line = quantity(value["link-bandwidth"], .bandwidth)
    guard let usual = fabric(name, line) else {
      // A plain name has been told by its shape.
      if let kind = value["kind"] { tellUnknownFabric(name, kind, "\(path).kind", hasLine: line != nil) }
      return nil
    }
    var fabric = usual
    if let line { fabric.linkBandwidth = BytesPerSecond(line) }
    if let latency = quantity(value["latency"], .duration) { fabric.latency = Seconds(latency) }
    checkLinks(value, path)
    let links = integer(value["links-per-node"]) ?? integer(value["rails"])
    var settings = FabricSettings(
      fabric: fabric,
      topology: value["topology"]?.text.flatMap(FabricSettings.Topology.init) ?? .fatTree,
      routing: value["routing"]?.text.flatMap(FabricSettings.Routing.init) ?? .usual(of: fabric),
      oversubscription: number(value["oversubscription"]) ?? 1,
      nodesPerLeaf: integer(value["nodes-per-leaf"]) ?? 16,
      reducesInNetwork: value["in-network-reduction"]?.text == "true",
      nodeBandwidth: links.map { fabric.linkBandwidth * Double($0) })
    settings.addedLatency = fabric.latency - usual.latency
    settings.switchPorts = FabricPrices(fabric.name, in: catalog)?.ports
    settings.tiers = integer(value["tiers"])
    settings.leavesPerPod = integer(value["leaves-per-pod"])
    settings.podOversubscription = number(value["pod-oversubscription"]) ?? 1
    checkTopology(value, path, settings)
    if settings.reducesInNetwork, catalog.transport(over: fabric)?.canReduce != true {
      let able = catalog.names(of: .transports).filter { catalog.transport($0)?.canReduce == true }
      fault(
        value["in-network-reduction"] ?? value, "\(path).in-network-reduction",
        "switches of \(fabric.name) cannot reduce",
        help: "those of \(able.joined(separator: ", ")) can")
    }
    return settings
  }

  /// A network of the catalogue, or one of a kind with a line rate of its own, as fast to answer as the
  /// catalogue's of that kind.
  private func fabric(_ name: String, _ line: Double?) -> Fabric? {
    if let known = catalog.fabric(name) { return known }
    guard let line, Self.fabricKinds.contains(name) else { return nil }
    let like = catalog.names(of: .fabrics).compactMap { catalog.fabric($0) }.first { $0.kind == name }
    return Fabric(
      name: name, kind: name, linkBandwidth: BytesPerSecond(line), latency: like?.latency ?? Seconds(2e-6))
  }

  private mutating func tellUnknownFabric(_ name: String, _ value: Written, _ path: String, hasLine: Bool) {
    let kinds = Self.fabricKinds.joined(separator: ", ")
    let help: String
    if ["tcp", "tcp-ip", "tcp/ip", "sockets"].contains(name.lowercased()) {
      help =
        "what the catalogue knows as `ethernet` is TCP of the kernel: write `kind: ethernet`"
        + (hasLine ? "" : " with a `link-bandwidth`, or ethernet-100g")
    } else if Self.fabricKinds.contains(name) {
      help = "give `link-bandwidth` to one of your own"
    } else if let near = nearestName(to: name, among: catalog.names(of: .fabrics) + Self.fabricKinds) {
      help = "did you mean '\(near)'?"
    } else {
      help = "one of your own is of the kind \(kinds), with a `link-bandwidth`"
    }
    fault(value, path, "the catalogue has no fabric '\(name)'", help: help)
  }

  private mutating func checkLinks(_ value: Written, _ path: String) {
    guard let links = value["links-per-node"], let rails = value["rails"],
      let own = integer(links), let other = integer(rails), own != other
    else { return }
    fault(
      rails, "\(path).rails", "\(other) rails, and \(own) `links-per-node`: both are a node's interfaces",
      help: "write one of them")
  }

  /// Keys that mean nothing in the topology, and trees that cannot be built.
  private mutating func checkTopology(_ value: Written, _ path: String, _ settings: FabricSettings) {
    let name = settings.topology.rawValue
    if settings.topology == .torus {
      for key in ["oversubscription", "nodes-per-leaf"] {
        guard let written = value[key] else { continue }
        fault(
          written, "\(path).\(key)", "a torus has no switches: `\(key)` means nothing there",
          help: "leave it out; its links carry a node's interfaces, split evenly among its neighbours")
      }
    }
    if let leaves = settings.leavesPerPod, settings.podOversubscription > Double(leaves),
      let written = value["pod-oversubscription"]
    {
      fault(
        written, "\(path).pod-oversubscription",
        "a pod of \(leaves) leaves has an uplink for each of its switches: \(leaves) to 1 is the most",
        help: "more `leaves-per-pod`")
    }
    let deep = ["leaves-per-pod", "pod-oversubscription"]
    for key in deep + ["tiers"] where settings.topology != .fatTree {
      guard let written = value[key] else { continue }
      fault(written, "\(path).\(key)", "only a fat-tree has tiers, not a \(name)", help: "leave it out")
    }
    guard settings.topology == .fatTree, settings.tiers == 2 else { return }
    for key in deep {
      guard let written = value[key] else { continue }
      fault(written, "\(path).\(key)", "a tree of 2 tiers has no pods", help: "write `tiers: 3`")
    }
  }

  /// Whether a tree of two tiers has a spine port for each leaf of a pool; faults that it has not.
  mutating func checkTiers(of pool: Pool, _ value: Written, _ path: String) {
    guard let network = pool.network, network.topology == .fatTree, network.tiers == 2,
      let ports = network.switchPorts, let written = value["tiers"]
    else { return }
    let leaves = (pool.nodeCount + network.nodesPerLeaf - 1) / network.nodesPerLeaf
    if leaves <= ports { return }
    fault(
      written, "\(path).tiers",
      "a spine of \(ports) ports reaches no \(leaves) leaves of \(network.nodesPerLeaf) nodes",
      help: "`tiers: 3`, or \((pool.nodeCount + ports - 1) / ports) `nodes-per-leaf` or more")
  }

  /// Pools of several nodes whose jobs need a network that nobody names: they get the one that is assumed, as
  /// if it were written.
  mutating func assumeNetworks(of design: inout Design, _ value: Written, _ path: String) {
    for index in design.pools.indices where design.pools[index].network == nil {
      let pool = design.pools[index]
      let isNeeded = design.jobs.contains { job in
        if case .trace = job.work { return false }
        return job.poolIndex == index && job.accelerators > pool.scaleUpDomain
      }
      guard isNeeded, var assumed = pool.assumedNetwork(catalog: catalog) else { continue }
      assumed.switchPorts = FabricPrices(assumed.fabric.name, in: catalog)?.ports
      design.pools[index].network = assumed
      let words = "\(assumed.fabric.name), a fat tree that blocks nobody, with \(assumed.routing.rawValue)"
      defaults.append(AppliedDefault(path: "\(path).pools.\(pool.name).fabric", value: words))
      var note =
        "\(path).pools.\(pool.name): its jobs need a network and it names no `fabric`: "
        + "\(words) is assumed"
      if pool.isOwned && !pool.ownership.holdsFabric {
        note += isPriced(assumed) ? ", and charged as bought" : "; no price of it is known, and none charged"
      }
      notes.append(note)
    }
    for pool in design.pools {
      tellFreeNetwork(of: pool, design, "\(path).pools.\(pool.name)")
      tellUnseenSharing(of: pool, design, "\(path).pools.\(pool.name)")
    }
  }

  /// Replicas that span nodes send over the network at every step, and do not meet jobs there.
  private mutating func tellUnseenSharing(of pool: Pool, _ design: Design, _ path: String) {
    let index = design.pools.firstIndex { $0.name == pool.name }
    let spans = design.services.contains { service in
      service.deployments.contains {
        $0.poolIndex == index && $0.acceleratorsPerReplica > max(pool.scaleUpDomain, pool.node.accelerators)
      }
    }
    let meets = design.jobs.contains { $0.poolIndex == index && $0.accelerators > pool.node.accelerators }
    guard spans, meets else { return }
    notes.append(
      "\(path): replicas over several nodes send to each other at every step; what that and the jobs' "
        + "traffic take of each other is not simulated")
  }

  private func isPriced(_ network: FabricSettings) -> Bool {
    FabricPrices(network.fabric.name, in: catalog) != nil
  }

  /// Bought nodes whose network costs nothing in the answer.
  private mutating func tellFreeNetwork(of pool: Pool, _ design: Design, _ path: String) {
    guard pool.isOwned, !pool.ownership.holdsFabric, pool.nodeCount > 1 else { return }
    if let network = pool.network {
      if isPriced(network) || pool.fabric == nil { return }
      notes.append(
        "\(path).fabric: no price of \(network.fabric.name) is known: its switches and cables cost nothing "
          + "here, and its design looks cheaper by that than one whose network is priced")
      return
    }
    let index = design.pools.firstIndex { $0.name == pool.name }
    let spans = design.services.contains { service in
      if case .disaggregated = service.placement {
        return service.deployments.contains { $0.poolIndex == index }
      }
      return service.deployments.contains {
        $0.poolIndex == index && $0.acceleratorsPerReplica > pool.scaleUpDomain
      }
    }
    if !spans { return }
    notes.append(
      "\(path): its services use a network between nodes and it names no `fabric`: the interfaces of "
        + "\(pool.node.name) are taken, and what joins them is not charged")
  }

  // MARK: Collectives

  /// Whether a collective's algorithm can carry out its operation among a pool's accelerators.
  mutating func checkAlgorithm(
    of workload: CollectiveWorkload, _ value: Written, _ path: String, pool: Pool, count: Int,
    _ network: PoolCollectives
  ) -> Bool {
    guard count > 1 else { return true }
    let able = network.algorithms(for: workload.operation, among: network.group(ranks: count))
    if able.contains(workload.algorithm) { return true }
    var help = "\(able.map(\.rawValue).joined(separator: ", ")) do"
    if workload.algorithm == .inNetwork && workload.operation == .allReduce {
      help += "; switches reduce on InfiniBand with `in-network-reduction: true`"
    }
    fault(
      value["workload"] ?? value, "\(path).workload",
      "'\(workload.algorithm.rawValue)' does not carry out \(workload.operation.rawValue) among \(count) "
        + "accelerators of '\(pool.name)'", help: help)
    return false
  }
}

extension FabricSettings.Routing {
  /// What networks of the kind do unless told otherwise.
  static func usual(of fabric: Fabric) -> FabricSettings.Routing {
    fabric.kind == "infiniband" || fabric.kind == "efa" ? .adaptive : .ecmp
  }
}
