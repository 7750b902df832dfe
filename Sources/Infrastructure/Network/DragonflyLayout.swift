import Quantities

/// Numbering of a dragonfly. Links in order: up from each host, down to each; of each router to each other
/// router of its group; of each group to each cable's far end.
struct DragonflyLayout: Sendable, Hashable {
  var groups: Int
  var routers: Int
  var hosts: Int
  var globals: Int
  /// Cables between every two groups.
  var copies: Int

  var endpoints: Int { groups * routers * hosts }

  init(_ shape: Dragonfly) throws(TopologyFault) {
    try Topology.check(
      [
        ("groups", shape.groups, 1), ("routers of a group", shape.routersPerGroup, 1),
        ("hosts of a router", shape.hostsPerRouter, 1),
        ("global links of a router", shape.globalLinksPerRouter, shape.groups > 1 ? 1 : 0),
      ],
      links: { $0[0] * $0[1] * (2 * $0[2] + $0[1] + $0[3]) })
    groups = shape.groups
    routers = shape.routersPerGroup
    hosts = shape.hostsPerRouter
    globals = shape.globalLinksPerRouter
    copies = groups > 1 ? routers * globals / (groups - 1) : 0
    guard groups == 1 || copies >= 1 else {
      throw TopologyFault(
        "\(routers) routers of \(globals) global links join \(routers * globals + 1) groups at most")
    }
  }

  var parts: TopologyParts {
    TopologyParts(
      switches: [groups * routers], hostCables: endpoints,
      fabricCables: groups * routers * (routers - 1) / 2 + cablesOfGroup * groups / 2)
  }

  /// Cables of a group that are in use.
  private var cablesOfGroup: Int { copies * (groups - 1) }
  private var localStart: Int { 2 * endpoints }
  private var globalStart: Int { localStart + groups * routers * routers }

  /// The far end of cable `cable` of `group`, as the group and its cable.
  private func farEnd(_ group: Int, _ cable: Int) -> (group: Int, cable: Int) {
    let ring = groups - 1
    return ((group + cable % ring + 1) % groups, cable / ring * ring + ring - 1 - cable % ring)
  }

  func build(_ description: TopologyDescription, _ append: (Int, Int, LinkSpeed) -> Void) {
    let firstRouter = endpoints
    for host in 0..<endpoints { append(host, firstRouter + host / hosts, description.host) }
    for host in 0..<endpoints { append(firstRouter + host / hosts, host, description.host) }
    for router in 0..<(groups * routers) {
      // A link of a router to itself keeps the numbering square; no path takes it.
      for other in 0..<routers {
        append(firstRouter + router, firstRouter + router / routers * routers + other, description.fabric)
      }
    }
    for group in 0..<groups {
      for cable in 0..<cablesOfGroup {
        let far = farEnd(group, cable)
        append(
          firstRouter + group * routers + cable / globals,
          firstRouter + far.group * routers + far.cable / globals, description.global ?? description.fabric)
      }
    }
  }

  func pathCount(_ source: Int, _ target: Int) -> Int {
    source / hosts / routers == target / hosts / routers ? 1 : copies
  }

  /// Minimal routing: to the router that holds the cable, over it, and to the target's router.
  func appendPath(_ choice: Int, _ source: Int, _ target: Int, into path: inout [UInt32]) {
    let from = source / hosts
    let to = target / hosts
    path.append(UInt32(source))
    let group = from / routers
    let goal = to / routers
    var at = from
    if group != goal {
      let cable = choice * (groups - 1) + (goal - group - 1 + groups) % groups
      hop(from, group * routers + cable / globals, into: &path)
      path.append(UInt32(globalStart + group * cablesOfGroup + cable))
      at = goal * routers + farEnd(group, cable).cable / globals
    }
    hop(at, to, into: &path)
    path.append(UInt32(endpoints + target))
  }

  private func hop(_ from: Int, _ to: Int, into path: inout [UInt32]) {
    if from != to { path.append(UInt32(localStart + from * routers + to % routers)) }
  }
}
