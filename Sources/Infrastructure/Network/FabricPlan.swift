import Kernel
import Quantities

/// How the network between a number of equal nodes is laid out, and what it leaves of their interfaces'
/// bandwidth to traffic that all of them take part in.
public struct FabricPlan: Sendable, Hashable {
  public enum Layout: Sendable, Hashable {
    /// Two tiers: every leaf reaches every spine.
    case fatTree
    /// Three: leaves in pods of so many, and so much more bandwidth below a pod's aggregation switches than
    /// above them.
    case deepFatTree(leavesPerPod: Int, podOversubscription: Double)
    case rails
    case dragonfly
    case torus
  }

  public var layout: Layout
  public var routing: RoutingPolicy
  /// Nodes that take part, numbered densely, and interfaces of each.
  public var nodes: Int
  public var interfaces: Int
  /// One interface.
  public var line: LinkSpeed
  /// Nodes of a leaf switch with all their interfaces.
  public var nodesPerLeaf: Int
  /// Bandwidth below a leaf, or of a dragonfly's group, over that above it, at least 1.
  public var oversubscription: Double

  public init(
    layout: Layout, routing: RoutingPolicy, nodes: Int, interfaces: Int, line: LinkSpeed, nodesPerLeaf: Int,
    oversubscription: Double
  ) {
    self.layout = layout
    self.routing = routing
    self.nodes = max(1, nodes)
    self.interfaces = max(1, interfaces)
    self.line = line
    self.nodesPerLeaf = max(1, nodesPerLeaf)
    self.oversubscription = max(1, oversubscription)
  }

  // MARK: Sizes

  /// Interfaces below a leaf, and cables above it.
  private var hosts: Int { nodesPerLeaf * interfaces }
  private var uplinks: Int { max(1, Int((Double(hosts) / oversubscription).rounded(.down))) }
  private var leaves: Int { (nodes + nodesPerLeaf - 1) / nodesPerLeaf }
  /// Nodes of a group of rail switches: the switch that held some nodes with all their interfaces holds so
  /// many more with one each.
  private var railGroup: Int { min(nodes, hosts) }
  private var railSpines: Int { max(1, Int((Double(railGroup) / oversubscription).rounded(.down))) }
  /// Of a dragonfly: endpoints of a router, of which a group has eight.
  private var perRouter: Int { max(1, hosts / Self.routersPerGroup) }
  private var groupSize: Int { Self.routersPerGroup * perRouter }
  private var groups: Int { (nodes * interfaces + groupSize - 1) / groupSize }
  private static let routersPerGroup = 8
  /// Sides of the torus that are longer than one node.
  private var sides: [Int] { Self.torusSides(nodes: nodes).filter { $0 > 1 } }

  /// Sides of a torus of so many nodes: nearly equal factors, three of them.
  public static func torusSides(nodes count: Int) -> [Int] {
    var best = [count, 1, 1]
    for x in 1...max(1, min(count, 256)) where count % x == 0 {
      for y in 1...max(1, min(count / x, 256)) where (count / x) % y == 0 {
        let sides = [x, y, count / x / y]
        if sides.max()! - sides.min()! < best.max()! - best.min()! { best = sides }
      }
    }
    return best
  }

  /// The graph of it.
  ///
  /// A torus has nodes as endpoints, all their interfaces together, split evenly among two links to
  /// neighbours in each dimension; everything else has interfaces, `node · interfaces + interface`. Routers
  /// of a dragonfly's group are joined by as much as their endpoints bring; so are groups, less the
  /// oversubscription, evenly among all pairs.
  public var description: TopologyDescription {
    switch layout {
    case .fatTree:
      let tree = FatTree(hostsPerLeaf: hosts, leaves: leaves, spines: uplinks)
      return TopologyDescription(shape: .fatTree(tree), host: line)
    case .deepFatTree(let leavesPerPod, let podOversubscription):
      let own = min(max(1, leavesPerPod), leaves)
      let tree = FatTree(
        hostsPerLeaf: hosts, leavesPerPod: own, pods: (leaves + own - 1) / own, uplinksPerLeaf: uplinks,
        uplinksPerAggregation: max(1, Int((Double(own) / max(1, podOversubscription)).rounded(.down))))
      return TopologyDescription(shape: .fatTree(tree), host: line)
    case .rails:
      let rails = RailFabric(nodes: nodes, rails: interfaces, nodesPerGroup: railGroup, spines: railSpines)
      return TopologyDescription(shape: .rails(rails), host: line)
    case .dragonfly: return dragonfly
    case .torus:
      let dimensions = sides.isEmpty ? [1] : sides
      let node = line.bandwidth * Double(interfaces)
      return TopologyDescription(
        shape: .torus(dimensions: dimensions), host: LinkSpeed(bandwidth: node, latency: line.latency),
        fabric: LinkSpeed(bandwidth: node / Double(2 * dimensions.count), latency: line.latency))
    }
  }

  private var dragonfly: TopologyDescription {
    let others = max(1, groups - 1)
    let perGlobal = Int(Double(perRouter) / (2 * oversubscription))
    let globals = max(1, (others + Self.routersPerGroup - 1) / Self.routersPerGroup, perGlobal)
    let cables = Self.routersPerGroup * globals / others * others
    let above = line.bandwidth * (Double(groupSize) / oversubscription / Double(max(1, cables)))
    return TopologyDescription(
      shape: .dragonfly(
        Dragonfly(
          groups: groups, routersPerGroup: Self.routersPerGroup, hostsPerRouter: perRouter,
          globalLinksPerRouter: globals)),
      host: line, fabric: LinkSpeed(bandwidth: line.bandwidth * Double(perRouter), latency: line.latency),
      global: LinkSpeed(bandwidth: above, latency: line.latency))
  }

  /// The tree that it is, where it is one.
  public var tree: FatTree? {
    if case .fatTree(let tree) = description.shape { return tree }
    return nil
  }

  // MARK: Rings

  /// What of its interfaces' bandwidth each node gets when all pass data around rings and nobody else is
  /// there, above 0 and at most 1.
  ///
  /// - Complexity: O(flows · ways) where hashes may collide, else constant.
  public func ringShare() -> Double {
    if nodes <= 1 { return 1 }
    switch layout {
    case .fatTree where nodes <= nodesPerLeaf: return 1
    case .deepFatTree where nodes <= nodesPerLeaf: return 1
    case .torus: return torusRingShare
    case .deepFatTree where spreads:
      guard let tree else { return 1 }
      let pod = tree.pods > 1 ? tree.uplinksPerLeaf * tree.uplinksPerAggregation : Int.max
      return min(1, Double(min(tree.uplinksPerLeaf, pod)) / Double(interfaces))
    case .dragonfly where spreads: return adaptiveDragonflyShare
    case .fatTree, .deepFatTree, .rails, .dragonfly: return simulatedRingShare
    }
  }

  private var spreads: Bool {
    switch routing {
    case .leastLoaded, .spray: true
    case .hashed, .hashedSpray, .destinationModulo: false
    }
  }

  private var simulatedRingShare: Double {
    RingTraffic(description: description, routing: routing, nodes: nodes, interfaces: interfaces)
      .slowestShare()
  }

  /// Rings in all dimensions and both directions at once: the message is cut into as many parts as there are
  /// dimensions, each goes through them in another order, and every phase takes as long as its slowest part
  /// (the bucket algorithm: Jain, Sabharwal, "Optimal bucket algorithms for large MPI collectives on torus
  /// interconnects", ICS 2010; Sack, Gropp, "Collective algorithms for multiported torus networks", ACM TOPC
  /// 1(2), 2015). On a cube no link ever idles; of unequal sides the longest sets the pace.
  private var torusRingShare: Double {
    let sides = sides.map(Double.init)
    var time = 0.0
    for phase in sides.indices {
      time += sides.indices.map { part in
        let before = (0..<phase).reduce(1.0) { $0 * sides[(part + $1) % sides.count] }
        let side = sides[(part + phase) % sides.count]
        return (side - 1) / (before * side)
      }.max()!
    }
    return min(1, (1 - 1 / Double(nodes)) / time)
  }

  /// What does not fit on the links of neighbouring groups takes two global hops, over a third group
  /// (Valiant's way; Kim et al., ISCA 2008, section 4).
  private var adaptiveDragonflyShare: Double {
    if groups <= 1 { return 1 }
    let above = Double(groupSize) / oversubscription
    let direct = above / Double(groups - 1)
    return direct >= Double(interfaces) ? 1 : min(1, (above + direct) / 2 / Double(interfaces))
  }

  // MARK: All to all

  /// What of its interfaces' bandwidth each node gets when every node sends to every other at once, above 0
  /// and at most 1.
  ///
  /// In the closed form of each layout: what the busiest of its links carries, over what has to cross it.
  /// Between so many flows hashes even out, and the shortest ways are the best ones for even traffic.
  /// - Complexity: constant.
  public func exchangeShare() -> Double {
    if nodes <= 1 { return 1 }
    let whole = Double(interfaces)
    switch layout {
    case .fatTree: return min(1, crossing(nodesPerLeaf, over: Double(uplinks)))
    case .deepFatTree:
      guard let tree else { return 1 }
      let up = Double(tree.uplinksPerLeaf)
      let pod = up * Double(tree.uplinksPerAggregation)
      let below = nodesPerLeaf * tree.leavesPerPod
      return min(1, crossing(nodesPerLeaf, over: up), crossing(below, over: pod))
    // Each rail is a tree of its own for what goes to that rail of other nodes.
    case .rails: return min(1, crossing(railGroup, over: Double(railSpines) * whole))
    case .dragonfly:
      if groups <= 1 { return 1 }
      let others = Double(nodes * interfaces - interfaces)
      return min(1, others / (oversubscription * Double(groupSize) * Double(groups - 1)))
    case .torus:
      // The links of a dimension carry each node's way along it, half of it in each direction.
      return sides.reduce(1.0) { least, side in
        let ways = side * side / 4
        let load = Double(nodes) / Double(side) * Double(ways) / 2 / Double(nodes - 1)
        return min(least, 1 / Double(2 * sides.count) / load)
      }
    }
  }

  /// The share that cables of so many interfaces' rate leave to what goes from up to `below` nodes to all
  /// others.
  private func crossing(_ below: Int, over cables: Double) -> Double {
    guard nodes > below else { return .infinity }
    // The last group may be the one that more leaves, where it is one of two.
    let last = nodes - (nodes - 1) / below * below
    let leaving = max(below * (nodes - below), last * (nodes - last))
    return cables * Double(nodes - 1) / (Double(leaving) * Double(interfaces))
  }

  // MARK: Neighbours

  /// What of its interfaces' bandwidth a node gets for what it sends to one other, above 0 and at most 1: on
  /// a torus the link to a neighbour, both of them where the dimension has two nodes; else what rings get.
  public func neighbourShare() -> Double {
    guard layout == .torus, let shortest = sides.min() else { return ringShare() }
    return Double(shortest == 2 ? 2 : 1) / Double(2 * sides.count)
  }
}
