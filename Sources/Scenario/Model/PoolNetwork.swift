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
  /// Tiers of a fat tree, 2 or 3; `nil` for as few as join all leaves.
  public var tiers: Int?
  /// Leaves of a pod of a tree of three tiers; `nil` for half the ports of a switch.
  public var leavesPerPod: Int?
  /// Bandwidth below the aggregation switches of a pod over that above them, at least 1.
  public var podOversubscription = 1.0
  /// Ports of its switches of the line rate; `nil` where the catalogue does not know them.
  public var switchPorts: Int?
  /// What a small message takes more than the fabric of the catalogue, from node to node.
  public var addedLatency = Seconds.zero

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
        fabric: $0, topology: .fatTree, routing: .usual(of: $0), oversubscription: 1, nodesPerLeaf: 16,
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
        reducesInNetwork: network?.reducesInNetwork ?? false, algorithm: algorithm,
        addedLatency: network?.addedLatency ?? .zero)
    }
    let nodes = (ranks + node.accelerators - 1) / node.accelerators
    let plan = network?.plan(nodes: nodes, of: nodeCount, nodeBandwidth: own)
    let around = plan?.ringShare() ?? 1
    let next = plan.map { $0.layout == .torus ? $0.neighbourShare() : around } ?? 1
    guard let rings = model(around), let exchange = model(plan?.exchangeShare() ?? 1),
      let neighbours = model(next)
    else { return nil }
    return PoolCollectives(rings: rings, exchange: exchange, neighbours: neighbours)
  }

  /// All interfaces of a node, one direction.
  public func nodeBandwidth(catalog: Catalog) -> BytesPerSecond {
    let network = assumedNetwork(catalog: catalog)
    return network?.nodeBandwidth ?? TransportCollectives.nodeBandwidth(of: node, over: network?.fabric)
  }

  /// What of it each node gets when so many nodes pass data around rings and nobody else is there.
  public func ringShare(nodes: Int, catalog: Catalog) -> Double {
    assumedNetwork(catalog: catalog)?
      .plan(nodes: nodes, of: nodeCount, nodeBandwidth: nodeBandwidth(catalog: catalog)).ringShare() ?? 1
  }
}

/// Collectives of a pool: those that go around rings or up trees of nodes; all-to-all, which crosses the
/// fabric everywhere at once; and what one node sends to another.
public struct PoolCollectives: CollectiveModel {
  let rings: TransportCollectives
  let exchange: TransportCollectives
  let neighbours: TransportCollectives

  public func time(of operation: CollectiveOperation, bytes: Bytes, among group: CollectiveGroup) -> Seconds {
    model(for: operation).time(of: operation, bytes: bytes, among: group)
  }

  private func model(for operation: CollectiveOperation) -> TransportCollectives {
    switch operation {
    case .allToAll: exchange
    case .sendReceive: neighbours
    case .allReduce, .allGather, .reduceScatter, .broadcast: rings
    }
  }

  /// The algorithms by which `operation` can be carried out among such a group, `automatic` among them.
  public func algorithms(for operation: CollectiveOperation, among group: CollectiveGroup)
    -> [CollectiveAlgorithm]
  {
    CollectiveAlgorithm.allCases.filter { rings.applies($0, to: operation, among: group) }
  }

  /// The group of neighbours; see `TransportCollectives.group`.
  public func group(ranks: Int) -> CollectiveGroup { rings.group(ranks: ranks) }
}

extension FabricSettings {
  /// The network as so many nodes of such a bandwidth use it.
  /// - Parameter total: all nodes that hang on it, which decide how many tiers it has.
  public func plan(nodes: Int, of total: Int, nodeBandwidth: BytesPerSecond) -> FabricPlan {
    let interfaces = max(1, min(64, Int((nodeBandwidth / fabric.linkBandwidth).rounded())))
    let layout: FabricPlan.Layout
    switch topology {
    case .fatTree:
      layout =
        isDeep(nodes: max(nodes, total))
        ? .deepFatTree(leavesPerPod: podSize, podOversubscription: podOversubscription) : .fatTree
    case .railOptimised: layout = .rails
    case .dragonfly: layout = .dragonfly
    case .torus: layout = .torus
    }
    return FabricPlan(
      layout: layout, routing: policy, nodes: nodes, interfaces: interfaces,
      line: LinkSpeed(bandwidth: nodeBandwidth / Double(interfaces), latency: fabric.latency),
      nodesPerLeaf: nodesPerLeaf, oversubscription: oversubscription)
  }

  /// Leaves of a pod.
  public var podSize: Int { max(1, leavesPerPod ?? (switchPorts ?? 64) / 2) }

  /// Whether so many nodes hang on a tree of three tiers: because it says so, or because no spine has a port
  /// for each leaf.
  public func isDeep(nodes: Int) -> Bool {
    guard topology == .fatTree else { return false }
    if let tiers { return tiers > 2 }
    return switchPorts.map { (nodes + nodesPerLeaf - 1) / nodesPerLeaf > $0 } ?? false
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
  public static func torusDimensions(nodes count: Int) -> [Int] { FabricPlan.torusSides(nodes: count) }
}
