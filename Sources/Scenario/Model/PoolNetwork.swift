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
  public var scaleUpDomain: Int { max(1, min(max(accelerator.scaleUpDomain, node.accelerators), accelerators)) }

  /// Whether something can interrupt a job on it.
  public var interrupts: Bool {
    market != nil || failures?.classes.contains { $0.systemMean.value.isFinite } == true
  }

  /// How long collectives take among `ranks` of its accelerators; `nil` where the catalogue knows no transport.
  /// - Parameter algorithm: a name of `CollectiveAlgorithm`.
  public func collectives(ranks: Int, catalog: Catalog, algorithm: CollectiveAlgorithm = .automatic)
    -> TransportCollectives?
  {
    let own = network?.nodeBandwidth ?? TransportCollectives.nodeBandwidth(of: node, over: network?.fabric)
    let share = network?.share(nodes: (ranks + node.accelerators - 1) / node.accelerators) ?? 1
    return TransportCollectives(
      node: node, fabric: network?.fabric, nodeBandwidth: own * share, in: catalog,
      reducesInNetwork: network?.reducesInNetwork ?? false, algorithm: algorithm)
  }
}

extension FabricSettings {
  /// What of its interfaces' bandwidth each node gets when so many nodes pass data around a ring.
  func share(nodes: Int) -> Double {
    nodes <= nodesPerLeaf ? 1 : 1 / oversubscription
  }
}
