import Catalog
import Infrastructure
import Quantities

/// How the network between a pool's nodes is built.
public struct FabricSettings: Sendable, Hashable {
  public enum Topology: String, Sendable, Hashable, CaseIterable {
    case fatTree = "fat-tree"
    case railOptimised = "rail-optimised"
    case dragonfly, torus
  }
  public enum Routing: String, Sendable, Hashable, CaseIterable {
    /// Each flow takes the path that its hash picks.
    case ecmp
    /// The spine is the destination modulo the spines.
    case destinationModulo = "destination-modulo"
    /// The least loaded path.
    case adaptive
    /// Every packet another path.
    case spray
  }

  public var fabric: Fabric
  public var topology: Topology
  public var routing: Routing
  /// Bandwidth below a leaf over that above it, at least 1.
  public var oversubscription: Double
  /// Nodes that share a leaf switch.
  public var nodesPerLeaf: Int
  /// Whether switches reduce (SHARP).
  public var reducesInNetwork: Bool
  /// All interfaces of a node, one direction; `nil` for what the fabric's kind brings with it.
  public var nodeBandwidth: BytesPerSecond?

  public init(
    fabric: Fabric, topology: Topology, routing: Routing, oversubscription: Double, nodesPerLeaf: Int,
    reducesInNetwork: Bool, nodeBandwidth: BytesPerSecond?
  ) {
    self.fabric = fabric
    self.topology = topology
    self.routing = routing
    self.oversubscription = oversubscription
    self.nodesPerLeaf = nodesPerLeaf
    self.reducesInNetwork = reducesInNetwork
    self.nodeBandwidth = nodeBandwidth
  }
}

extension Pool {
  /// Accelerators that share a scale-up domain: those that the links join, else those of a node.
  public var scaleUpDomain: Int {
    max(1, min(max(accelerator.scaleUpDomain, node.accelerators), accelerators))
  }

  /// Whether something can interrupt a job on it.
  public var interrupts: Bool {
    market != nil || failures?.classes.contains { $0.systemMean.value.isFinite } == true
  }

  /// The network between its nodes: the one it names, else one that the node's interfaces would hang on, as
  /// its provider builds it or RoCE; `nil` for nodes without interfaces.
  public func assumedNetwork(catalog: Catalog) -> FabricSettings? {
    if let network { return network }
    guard node.nicBandwidth.value > 0 else { return nil }
    let names = catalog.names(of: .fabrics).filter { $0.hasPrefix(node.provider == "aws" ? "efa" : "roce") }
    let fabrics = names.compactMap { catalog.fabric($0) }
    // EFA counts all interfaces as one link, RoCE has one an accelerator.
    let line = node.nicBandwidth.value / (node.provider == "aws" ? 1 : Double(max(1, devicesPerNode)))
    let nearest = fabrics.min { one, other in
      abs(one.linkBandwidth.value - line) < abs(other.linkBandwidth.value - line)
    }
    return nearest.map {
      FabricSettings(
        fabric: $0, topology: .fatTree, routing: .adaptive, oversubscription: 1, nodesPerLeaf: 16,
        reducesInNetwork: false, nodeBandwidth: node.nicBandwidth)
    }
  }

  /// How long collectives take among `ranks` of its accelerators; `nil` where the catalogue knows no
  /// transport.
  /// - Parameters:
  ///   - algorithm: a name of `CollectiveAlgorithm`.
  ///   - left: what of the nodes' interfaces others leave them, above 0 and at most 1.
  public func collectives(
    ranks: Int, catalog: Catalog, algorithm: CollectiveAlgorithm = .automatic, left: Double = 1
  ) -> PoolCollectives? {
    let network = assumedNetwork(catalog: catalog)
    let own = nodeBandwidth(catalog: catalog)
    func model(_ share: Double) -> TransportCollectives? {
      TransportCollectives(
        node: node, fabric: network?.fabric, nodeBandwidth: own * (share * left), in: catalog,
        reducesInNetwork: network?.reducesInNetwork ?? false, algorithm: algorithm)
    }
    let nodes = (ranks + node.accelerators - 1) / node.accelerators
    guard let rings = model(ringShare(nodes: nodes, catalog: catalog)),
      let exchange = model(network?.exchangeShare(nodes: nodes) ?? 1)
    else { return nil }
    return PoolCollectives(rings: rings, exchange: exchange)
  }

  /// All interfaces of a node, one direction.
  public func nodeBandwidth(catalog: Catalog) -> BytesPerSecond {
    let network = assumedNetwork(catalog: catalog)
    return network?.nodeBandwidth ?? TransportCollectives.nodeBandwidth(of: node, over: network?.fabric)
  }

  /// What of it each node gets when so many nodes pass data around rings and nobody else is there.
  public func ringShare(nodes: Int, catalog: Catalog) -> Double {
    assumedNetwork(catalog: catalog)?.share(nodes: nodes, nodeBandwidth: nodeBandwidth(catalog: catalog)) ?? 1
  }
}

/// Collectives of a pool: those that go around rings or up trees of nodes, and all-to-all, which crosses
/// the fabric everywhere at once.
public struct PoolCollectives: CollectiveModel {
  let rings: TransportCollectives
  let exchange: TransportCollectives

  public func time(of operation: CollectiveOperation, bytes: Bytes, among group: CollectiveGroup) -> Seconds {
    operation == .allToAll
      ? exchange.time(of: operation, bytes: bytes, among: group)
      : rings.time(of: operation, bytes: bytes, among: group)
  }

  /// The group of neighbours; see `TransportCollectives.group`.
  public func group(ranks: Int) -> CollectiveGroup { rings.group(ranks: ranks) }
}

extension FabricSettings {
  /// What of its interfaces' bandwidth each node gets when so many nodes pass data around rings.
  func share(nodes: Int, nodeBandwidth: BytesPerSecond) -> Double {
    if nodes <= 1 || (topology == .fatTree && nodes <= nodesPerLeaf) { return 1 }
    let interfaces = max(1, min(64, Int((nodeBandwidth / fabric.linkBandwidth).rounded())))
    let line = LinkSpeed(bandwidth: nodeBandwidth / Double(interfaces), latency: fabric.latency)
    var description = TopologyDescription(shape: .singleSwitch(hosts: nodes * interfaces), host: line)
    var traffic = RingTraffic(description: description, routing: policy, nodes: nodes, interfaces: interfaces)
    let hosts = nodesPerLeaf * interfaces
    let uplinks = max(1, Int((Double(hosts) / oversubscription).rounded(.down)))
    switch topology {
    case .fatTree:
      description.shape = .fatTree(
        FatTree(hostsPerLeaf: hosts, leaves: (nodes + nodesPerLeaf - 1) / nodesPerLeaf, spines: uplinks))
    case .railOptimised:
      // The switch that held some nodes with all their interfaces now holds so many more with one each.
      let group = min(nodes, hosts)
      description.shape = .rails(
        RailFabric(
          nodes: nodes, rails: interfaces, nodesPerGroup: group,
          spines: max(1, Int((Double(group) / oversubscription).rounded(.down)))))
    case .dragonfly:
      let perRouter = max(1, hosts / 8)
      let groups = max(1, (nodes * interfaces + 8 * perRouter - 1) / (8 * perRouter))
      // Routers of a group are joined by as much as their hosts bring; so are groups, less the
      // oversubscription.
      description.fabric = LinkSpeed(bandwidth: line.bandwidth * Double(perRouter), latency: fabric.latency)
      let global = Double(2 * 8 * perRouter) / Double(max(1, groups - 1)) / oversubscription
      description.global = LinkSpeed(bandwidth: line.bandwidth * max(1, global), latency: fabric.latency)
      description.shape = .dragonfly(
        Dragonfly(
          groups: groups, routersPerGroup: 8, hostsPerRouter: perRouter,
          globalLinksPerRouter: max(1, max((groups + 6) / 8, Int(Double(perRouter) / (2 * oversubscription))))
        ))
    case .torus:
      // A ring of neighbours has cables of its own; a node splits its bandwidth among its directions.
      return min(1, 1 / Double(Self.torusDimensions(nodes: nodes).filter { $0 > 1 }.count))
    }
    traffic.description = description
    return traffic.slowestShare()
  }

  /// What of its interfaces' bandwidth each node gets when every node sends to every other: what leaves a
  /// leaf shares the cables above it. Hashes even out over so many flows.
  func exchangeShare(nodes: Int) -> Double {
    let below = topology == .railOptimised ? nodesPerLeaf * 8 : nodesPerLeaf
    guard nodes > below else { return 1 }
    let crossing = Double(nodes - below) / Double(nodes - 1)
    return min(1, 1 / (oversubscription * crossing))
  }

  /// The same as a policy of flows.
  public var policy: RoutingPolicy {
    switch routing {
    case .ecmp: .hashed
    case .destinationModulo: .destinationModulo
    case .adaptive: .leastLoaded
    case .spray: .spray
    }
  }

  /// Sides of a torus of so many nodes: nearly equal factors, three at most.
  public static func torusDimensions(nodes count: Int) -> [Int] {
    var best = [count, 1, 1]
    for x in 1...max(1, min(count, 256)) where count % x == 0 {
      for y in 1...max(1, min(count / x, 256)) where (count / x) % y == 0 {
        let sides = [x, y, count / x / y]
        if sides.max()! - sides.min()! < best.max()! - best.min()! { best = sides }
      }
    }
    return best
  }
}
