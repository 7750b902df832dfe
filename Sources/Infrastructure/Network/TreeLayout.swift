import Quantities

/// Numbering of a fat tree of two or three tiers, and of a rail fabric, which is a tree whose leaves hold one
/// rail of a group of nodes each.
///
/// Links in order: up from each endpoint, down to each; from leaf to each of its uplinks, and back; from
/// aggregation switch to each of its uplinks, and back; into and out of the node of each endpoint.
struct TreeLayout: Sendable, Hashable {
  /// Interfaces of a node; 1 where each host is a node.
  var rails: Int
  /// Nodes on a leaf.
  var nodesPerLeaf: Int
  var leavesPerPod: Int
  var pods: Int
  var leafUplinks: Int
  var aggregationUplinks: Int
  var endpoints: Int
  var hasScaleUp = false

  var leaves: Int { leavesPerPod * pods }
  var isThreeTier: Bool { aggregationUplinks > 0 }
  /// Switches right above the leaves.
  var uppers: Int { leafUplinks * pods }
  var cores: Int { leafUplinks * aggregationUplinks }
  var nodes: Int { endpoints / rails }

  init(_ tree: FatTree) throws(TopologyFault) {
    try Topology.check(
      [
        ("hosts per leaf", tree.hostsPerLeaf, 1), ("leaves", tree.leavesPerPod, 1), ("pods", tree.pods, 1),
        ("uplinks of a leaf", tree.uplinksPerLeaf, tree.leavesPerPod > 1 || tree.pods > 1 ? 1 : 0),
        ("uplinks of an aggregation switch", tree.uplinksPerAggregation, tree.pods > 1 ? 1 : 0),
      ],
      links: { 2 * $0[2] * ($0[1] * ($0[0] + $0[3]) + $0[3] * $0[4]) })
    rails = 1
    nodesPerLeaf = tree.hostsPerLeaf
    leavesPerPod = tree.leavesPerPod
    pods = tree.pods
    leafUplinks = tree.uplinksPerLeaf
    aggregationUplinks = tree.uplinksPerAggregation
    endpoints = tree.hostsPerLeaf * tree.leavesPerPod * tree.pods
  }

  init(_ fabric: RailFabric, hasScaleUp: Bool) throws(TopologyFault) {
    let isWhole = fabric.nodes <= fabric.nodesPerGroup && (hasScaleUp || fabric.rails == 1)
    try Topology.check(
      [
        ("nodes", fabric.nodes, 1), ("rails", fabric.rails, 1), ("nodes of a group", fabric.nodesPerGroup, 1),
        ("spines", fabric.spines, isWhole ? 0 : 1),
      ],
      links: { 2 * $0[1] * (2 * $0[0] + ($0[0] / $0[2] + 1) * $0[3]) })
    rails = fabric.rails
    nodesPerLeaf = fabric.nodesPerGroup
    leavesPerPod = ((fabric.nodes - 1) / fabric.nodesPerGroup + 1) * fabric.rails
    pods = 1
    leafUplinks = fabric.spines
    aggregationUplinks = 0
    endpoints = fabric.nodes * fabric.rails
    self.hasScaleUp = hasScaleUp
  }

  var parts: TopologyParts {
    TopologyParts(
      switches: isThreeTier ? [leaves, uppers, cores] : [leaves, uppers], hostCables: endpoints,
      fabricCables: leaves * leafUplinks + uppers * aggregationUplinks)
  }

  // MARK: Links

  private var leafUpStart: Int { 2 * endpoints }
  private var leafDownStart: Int { leafUpStart + leaves * leafUplinks }
  private var upperUpStart: Int { leafDownStart + leaves * leafUplinks }
  private var upperDownStart: Int { upperUpStart + uppers * aggregationUplinks }
  private var nodeInStart: Int { upperDownStart + uppers * aggregationUplinks }
  private var nodeOutStart: Int { nodeInStart + endpoints }

  private func leaf(of endpoint: Int) -> Int {
    endpoint / rails / nodesPerLeaf * rails + endpoint % rails
  }

  func build(_ description: TopologyDescription, _ append: (Int, Int, LinkSpeed) -> Void) {
    let firstLeaf = endpoints
    let firstUpper = firstLeaf + leaves
    let firstCore = firstUpper + uppers
    let firstNode = firstCore + cores
    for endpoint in 0..<endpoints { append(endpoint, firstLeaf + leaf(of: endpoint), description.host) }
    for endpoint in 0..<endpoints { append(firstLeaf + leaf(of: endpoint), endpoint, description.host) }
    for isUp in [true, false] {
      for leaf in 0..<leaves {
        for uplink in 0..<leafUplinks {
          let upper = firstUpper + leaf / leavesPerPod * leafUplinks + uplink
          if isUp {
            append(firstLeaf + leaf, upper, description.fabric)
          } else {
            append(upper, firstLeaf + leaf, description.fabric)
          }
        }
      }
    }
    for isUp in [true, false] {
      for upper in 0..<uppers {
        for uplink in 0..<aggregationUplinks {
          let core = firstCore + upper % leafUplinks * aggregationUplinks + uplink
          if isUp {
            append(firstUpper + upper, core, description.fabric)
          } else {
            append(core, firstUpper + upper, description.fabric)
          }
        }
      }
    }
    guard hasScaleUp, let scaleUp = description.scaleUp else { return }
    for endpoint in 0..<endpoints { append(endpoint, firstNode + endpoint / rails, scaleUp) }
    for endpoint in 0..<endpoints { append(firstNode + endpoint / rails, endpoint, scaleUp) }
  }

  // MARK: Paths

  /// The endpoint from which traffic enters the network: on the target's rail where the node can change
  /// rails.
  private func exit(_ source: Int, _ target: Int) -> Int {
    hasScaleUp ? source / rails * rails + target % rails : source
  }

  func pathCount(_ source: Int, _ target: Int) -> Int {
    let from = leaf(of: exit(source, target))
    let to = leaf(of: target)
    if (hasScaleUp && source / rails == target / rails) || from == to { return 1 }
    return from / leavesPerPod == to / leavesPerPod ? leafUplinks : leafUplinks * aggregationUplinks
  }

  /// `choice` modulo the uplinks of a leaf is the uplink taken there, the rest that of the aggregation
  /// switch.
  func appendPath(_ choice: Int, _ source: Int, _ target: Int, into path: inout [UInt32]) {
    var start = source
    if hasScaleUp {
      start = exit(source, target)
      let isInside = source / rails == target / rails
      if start != source {
        path.append(UInt32(nodeInStart + source))
        path.append(UInt32(nodeOutStart + start))
      }
      if isInside { return }
    }
    let from = leaf(of: start)
    let to = leaf(of: target)
    path.append(UInt32(start))
    if from != to {
      let uplink = choice % leafUplinks
      path.append(UInt32(leafUpStart + from * leafUplinks + uplink))
      if from / leavesPerPod != to / leavesPerPod {
        let rise = choice / leafUplinks
        let up = from / leavesPerPod * leafUplinks + uplink
        let down = to / leavesPerPod * leafUplinks + uplink
        path.append(UInt32(upperUpStart + up * aggregationUplinks + rise))
        path.append(UInt32(upperDownStart + down * aggregationUplinks + rise))
      }
      path.append(UInt32(leafDownStart + to * leafUplinks + uplink))
    }
    path.append(UInt32(endpoints + target))
  }
}
