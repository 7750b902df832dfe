import Catalog
import Infrastructure
import Kernel
import Quantities
import Scenario
import Workloads

/// The links that the nodes of a pool share beyond their own interfaces, and what crosses them.
///
/// Of a fat tree they are what joins a leaf switch to the others, in each direction, and what joins a pod to
/// the others where that is less; of a rail-optimised
/// fabric what joins a rail switch to those of other groups; of a dragonfly all global links of a group where
/// routing spreads over them, or those between two groups where it takes the shortest way; of a torus each
/// link between neighbours. Cables that run side by side count as one link: where flows are hashed onto them,
/// the collisions of one job with itself are in its step time, those with others are not seen.
struct FabricLinks: Sendable {
  /// What leaves a group, and what enters it.
  struct Group: Sendable {
    var out: UInt32
    var into: UInt32
  }

  private enum Shape: Sendable {
    case groups([Group])
    /// Leaves, and the pods that they lie in.
    case pods([Group], [Group], leavesPerPod: Int)
    /// By group, then rail.
    case rails([[Group]])
    /// From each of so many groups to each other one: from · groups + to.
    case pairs(first: UInt32, groups: Int)
    /// Link 0 of the torus' own numbering would have this number.
    case torus(FlowRouter, first: Int)
  }

  let nodesPerGroup: Int
  private let shape: Shape
  private let perNode: Int

  /// Appends the links that it needs to `capacities`; `nil` where no node leaves its group.
  init?(of pool: Pool, catalog: Catalog, capacities: inout [Double]) {
    guard let network = pool.network, pool.nodeCount > 1 else { return nil }
    perNode = max(1, pool.node.accelerators)
    nodesPerGroup = pool.nodesPerGroup(catalog: catalog)
    let node = pool.nodeBandwidth(catalog: catalog).value
    let groups = (pool.nodeCount + nodesPerGroup - 1) / nodesPerGroup
    let above = node * Double(nodesPerGroup) / network.oversubscription
    func link(_ capacity: Double) -> UInt32 {
      capacities.append(capacity)
      return UInt32(capacities.count - 1)
    }
    if network.topology == .torus {
      guard let torus = Self.torus(pool, network, node) else { return nil }
      let hosts = 2 * torus.topology.endpointCount
      shape = .torus(torus, first: capacities.count - hosts)
      for capacity in torus.topology.bandwidths[hosts...] { _ = link(capacity) }
      return
    }
    guard groups > 1, node > 0 else { return nil }
    switch network.topology {
    case .fatTree:
      let leaves = (0..<groups).map { _ in Group(out: link(above), into: link(above)) }
      guard network.isDeep(nodes: pool.nodeCount), network.podOversubscription > 1 else {
        shape = .groups(leaves)
        break
      }
      let size = network.podSize
      let pod = above * Double(size) / network.podOversubscription
      let pods = (0..<(groups + size - 1) / size).map { _ in Group(out: link(pod), into: link(pod)) }
      shape = .pods(leaves, pods, leavesPerPod: size)
    case .railOptimised:
      let rails = pool.interfaces(catalog: catalog)
      let each = above / Double(rails)
      shape = .rails(
        (0..<groups).map { _ in (0..<rails).map { _ in Group(out: link(each), into: link(each)) } })
    // The links of each two groups, unless there are so many of them that each is next to nothing.
    case .dragonfly where Self.isMinimal(network) && groups <= 512:
      let first = UInt32(capacities.count)
      for _ in 0..<(groups * groups) { _ = link(above / Double(groups - 1)) }
      shape = .pairs(first: first, groups: groups)
    case .dragonfly, .torus:
      shape = .groups((0..<groups).map { _ in Group(out: link(above), into: link(above)) })
    }
  }

  /// Whether nodes can ask for more than the links carry.
  static func isTight(_ network: FabricSettings) -> Bool {
    switch network.topology {
    case .fatTree, .railOptimised: network.oversubscription > 1 || network.podOversubscription > 1
    case .dragonfly: network.oversubscription > 1 || isMinimal(network)
    case .torus: true
    }
  }

  /// Packets that may take any way spread over a group's global links (Kim et al., ISCA 2008, section 4).
  private static func isMinimal(_ network: FabricSettings) -> Bool {
    switch network.routing {
    case .ecmp, .destinationModulo: true
    case .adaptive, .spray: false
    }
  }

  private static func torus(_ pool: Pool, _ network: FabricSettings, _ node: Double) -> FlowRouter? {
    let sides = FabricSettings.torusDimensions(nodes: pool.nodeCount)
    // A node splits its bandwidth among its links, two in each dimension.
    let parts = Double(2 * max(1, sides.filter { $0 > 1 }.count))
    let latency = network.fabric.latency
    let description = TopologyDescription(
      shape: .torus(dimensions: sides), host: LinkSpeed(bandwidth: BytesPerSecond(node), latency: latency),
      fabric: LinkSpeed(bandwidth: BytesPerSecond(node / parts), latency: latency))
    guard let topology = try? Topology(description) else { return nil }
    // What adapts spreads; which way a hash takes is drawn once for each pair of nodes.
    let policy: RoutingPolicy = network.policy == .leastLoaded ? .spray : network.policy
    return FlowRouter(
      topology: topology, policy: policy,
      stream: RandomStream(seed: 0, replication: 0, entity: "torus", purpose: "routing"))
  }

  // MARK: Transfers

  private func group(_ node: Int) -> Int { node / nodesPerGroup }

  /// Rails that some accelerators of a node are nearest to.
  private func rails(of accelerators: Range<Int>, _ count: Int) -> Range<Int> {
    let first = min(count - 1, accelerators.lowerBound * count / perNode)
    let end = (accelerators.upperBound * count + perNode - 1) / perNode
    return first..<min(count, max(first + 1, end))
  }

  /// What a transfer from one node to another crosses; it ends at `accelerators` of the other.
  ///
  /// - Complexity: O(links of all its ways), of a torus O(links of the torus).
  func path(from source: Int, to target: Int, accelerators: Range<Int>) -> [LinkShare] {
    let (from, to) = (group(source), group(target))
    switch shape {
    case .groups(let links):
      return from == to ? [] : [LinkShare(link: links[from].out), LinkShare(link: links[to].into)]
    case .pods(let leaves, let pods, let size):
      if from == to { return [] }
      let way = [LinkShare(link: leaves[from].out), LinkShare(link: leaves[to].into)]
      if from / size == to / size { return way }
      return way + [LinkShare(link: pods[from / size].out), LinkShare(link: pods[to / size].into)]
    case .rails(let links):
      if from == to { return [] }
      // The sender's node passes it on to the rails where it arrives (PXN).
      let own = rails(of: accelerators, links[to].count)
      let part = 1 / Double(own.count)
      return own.flatMap {
        [
          LinkShare(link: links[from][$0].out, weight: part),
          LinkShare(link: links[to][$0].into, weight: part),
        ]
      }
    case .pairs(let first, let groups):
      return from == to ? [] : [LinkShare(link: first + UInt32(from * groups + to))]
    case .torus(var router, let first):
      return Self.way(source, target, &router, first)
    }
  }

  private static func way(
    _ source: Int, _ target: Int, _ router: inout FlowRouter, _ first: Int
  ) -> [LinkShare] {
    let hosts = 2 * router.topology.endpointCount
    var way: [LinkShare] = []
    let pair = UInt64(source * router.topology.endpointCount + target)
    guard router.route(from: source, to: target, flow: pair, into: &way) != nil else { return [] }
    return way.filter { Int($0.link) >= hosts }
      .map { LinkShare(link: UInt32(first + Int($0.link)), weight: $0.weight) }
  }

  // MARK: Jobs

  /// What the bursts of a job put on the links, in units of what one accelerator sends.
  ///
  /// Rings pass from node to node in their order, and so leave a group over one node's interfaces; in an
  /// exchange every accelerator sends to every other.
  /// - Complexity: O(accelerators + links), of a torus O(nodes · ways), an exchange there O(nodes² · ways).
  func burst(of allocation: Allocation, isExchange: Bool) -> [LinkShare] {
    let grants = allocation.grants
    switch shape {
    case .groups(let links): return burst(grants, over: links, isExchange) { group(Int($0.node)) }
    case .pods(let leaves, let pods, let size):
      return burst(grants, over: leaves, isExchange) { group(Int($0.node)) }
        + burst(grants, over: pods, isExchange) { group(Int($0.node)) / size }
    case .rails(let links):
      let rails = links[0].count
      let inGroup = tally(grants, links.count) { group(Int($0.node)) }
      let counts = tally(grants, links.count * rails) {
        group(Int($0.node)) * rails + min(rails - 1, Int($0.device) % perNode * rails / perNode)
      }
      return counts.indices.flatMap { place -> [LinkShare] in
        let own = inGroup[place / rails]
        guard counts[place] > 0, own < grants.count else { return [] }
        let weight = weight(
          counts[place], of: own, all: grants.count, isExchange, nodeParts: max(1, perNode / rails))
        let link = links[place / rails][place % rails]
        return [LinkShare(link: link.out, weight: weight), LinkShare(link: link.into, weight: weight)]
      }
    case .pairs(let first, let groups):
      let counts = tally(grants, groups) { group(Int($0.node)) }
      return flows(among: counts, isExchange, nodeParts: perNode).map {
        LinkShare(link: first + UInt32($0.from * groups + $0.to), weight: $0.weight)
      }
    case .torus(var router, let first):
      let counts = tally(grants, router.topology.endpointCount) { Int($0.node) }
      var load = [Double](repeating: 0, count: router.topology.linkCount)
      for flow in flows(among: counts, isExchange, nodeParts: perNode, goesBothWays: true) {
        for share in Self.way(flow.from, flow.to, &router, 0) {
          load[Int(share.link)] += share.weight * flow.weight
        }
      }
      return load.indices.filter { load[$0] > 0 }
        .map { LinkShare(link: UInt32(first + $0), weight: load[$0]) }
    }
  }

  /// What leaves and enters each of some places.
  private func burst(
    _ grants: [Allocation.Grant], over links: [Group], _ isExchange: Bool,
    _ place: (Allocation.Grant) -> Int
  ) -> [LinkShare] {
    leaving(tally(grants, links.count, place), isExchange, nodeParts: perNode).flatMap { place, weight in
      [
        LinkShare(link: links[place].out, weight: weight),
        LinkShare(link: links[place].into, weight: weight),
      ]
    }
  }

  private func tally(
    _ grants: [Allocation.Grant], _ places: Int, _ place: (Allocation.Grant) -> Int
  ) -> [Int] {
    var counts = [Int](repeating: 0, count: places)
    for grant in grants { counts[min(place(grant), places - 1)] += 1 }
    return counts
  }

  /// What of `count` accelerators' bursts leaves their group, which has `own` of `all` accelerators.
  private func weight(_ count: Int, of own: Int, all: Int, _ isExchange: Bool, nodeParts: Int) -> Double {
    let outside = Double(all - own) / Double(max(1, all - 1))
    return isExchange ? Double(count) * outside : Double(min(count, nodeParts))
  }

  private func leaving(
    _ counts: [Int], _ isExchange: Bool, nodeParts: Int
  ) -> [(place: Int, weight: Double)] {
    let all = counts.reduce(0, +)
    return counts.indices.filter { counts[$0] > 0 && counts[$0] < all }.map {
      ($0, weight(counts[$0], of: counts[$0], all: all, isExchange, nodeParts: nodeParts))
    }
  }

  /// - Parameter goesBothWays: whether half of a ring goes around the other way, so that both directions of a
  ///   link carry something.
  private func flows(
    among counts: [Int], _ isExchange: Bool, nodeParts: Int, goesBothWays: Bool = false
  ) -> [(from: Int, to: Int, weight: Double)] {
    let all = counts.reduce(0, +)
    let places = counts.indices.filter { counts[$0] > 0 }
    guard places.count > 1 else { return [] }
    if !isExchange {
      func sent(_ place: Int) -> Double { Double(min(counts[places[place]], nodeParts)) }
      if !goesBothWays || places.count == 2 {
        return places.indices.map { (places[$0], places[($0 + 1) % places.count], sent($0)) }
      }
      return places.indices.flatMap { place -> [(from: Int, to: Int, weight: Double)] in
        let (own, next) = (places[place], places[(place + 1) % places.count])
        return [(own, next, sent(place) / 2), (next, own, sent(place) / 2)]
      }
    }
    return places.flatMap { from in
      places.filter { $0 != from }.map { to in
        (from, to, Double(counts[from]) * Double(counts[to]) / Double(max(1, all - 1)))
      }
    }
  }
}
