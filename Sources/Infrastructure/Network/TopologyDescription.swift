import Quantities

/// What one direction of a link does.
public struct LinkSpeed: Sendable, Hashable {
  /// Bandwidth of one direction [B/s], above 0.
  public var bandwidth: BytesPerSecond
  /// From one end to the other, the switch behind it included [s], 0 or more.
  public var latency: Seconds

  public init(bandwidth: BytesPerSecond, latency: Seconds) {
    self.bandwidth = bandwidth
    self.latency = latency
  }
}

/// A folded Clos network of two or three tiers (Al-Fares, Loukissas, Vahdat, "A Scalable, Commodity Data
/// Center Network Architecture", SIGCOMM 2008). Hosts are numbered leaf by leaf, leaves pod by pod.
///
/// With two tiers every leaf has a cable to each spine. With three, every leaf has one to each aggregation
/// switch of its pod, and the aggregation switches of equal place in their pods share a set of core switches.
public struct FatTree: Sendable, Hashable {
  public var hostsPerLeaf: Int
  public var leavesPerPod: Int
  /// 1 with two tiers.
  public var pods: Int
  /// Cables up from a leaf: spines with two tiers, aggregation switches of the pod with three.
  public var uplinksPerLeaf: Int
  /// Cables up from an aggregation switch; 0 with two tiers.
  public var uplinksPerAggregation: Int

  /// Two tiers: `leaves` leaves of `hostsPerLeaf` hosts, each with a cable to each of `spines` spines.
  public init(hostsPerLeaf: Int, leaves: Int, spines: Int) {
    self.init(
      hostsPerLeaf: hostsPerLeaf, leavesPerPod: leaves, pods: 1, uplinksPerLeaf: spines,
      uplinksPerAggregation: 0)
  }

  public init(
    hostsPerLeaf: Int, leavesPerPod: Int, pods: Int, uplinksPerLeaf: Int, uplinksPerAggregation: Int
  ) {
    self.hostsPerLeaf = hostsPerLeaf
    self.leavesPerPod = leavesPerPod
    self.pods = pods
    self.uplinksPerLeaf = uplinksPerLeaf
    self.uplinksPerAggregation = uplinksPerAggregation
  }

  /// The smallest tree of switches of `radix` ports for `hosts` hosts; places for hosts may be left over.
  ///
  /// - Parameter oversubscription: bandwidth from the hosts of a leaf over bandwidth to its spines, 1 or
  ///   more; the ports of a leaf are split as near to it as they can be, never past it.
  public static func sized(hosts: Int, radix: Int, tiers: Int, oversubscription: Double = 1)
    throws(TopologyFault) -> FatTree
  {
    guard hosts >= 1 else { throw TopologyFault("a fabric has 1 host or more, not \(hosts)") }
    guard (2...4096).contains(radix) else {
      throw TopologyFault("a switch has 2 to 4096 ports, not \(radix)")
    }
    guard tiers == 2 || tiers == 3 else { throw TopologyFault("a fat tree has 2 or 3 tiers, not \(tiers)") }
    guard oversubscription >= 1, oversubscription.isFinite else {
      throw TopologyFault("oversubscription is 1 or more, not \(oversubscription)")
    }
    let down = Int(Double(radix) * oversubscription / (1 + oversubscription) + 1e-9)
    let hostsPerLeaf = min(max(down, 1), radix - 1)
    let uplinks = radix - hostsPerLeaf
    let leaves = (hosts - 1) / hostsPerLeaf + 1
    if tiers == 2 {
      guard leaves <= radix else {
        throw TopologyFault("2 tiers of \(radix) ports reach \(radix * hostsPerLeaf) hosts, not \(hosts)")
      }
      return FatTree(hostsPerLeaf: hostsPerLeaf, leaves: leaves, spines: uplinks)
    }
    let half = radix / 2
    let pods = (leaves - 1) / half + 1
    guard pods <= radix else {
      throw TopologyFault(
        "3 tiers of \(radix) ports reach \(radix * half * hostsPerLeaf) hosts, not \(hosts)")
    }
    return FatTree(
      hostsPerLeaf: hostsPerLeaf, leavesPerPod: half, pods: pods, uplinksPerLeaf: uplinks,
      uplinksPerAggregation: half)
  }
}

/// A rail-optimised fabric: the k-th interface of every node is on rail k, and nodes of one group reach each
/// other on a rail through one switch (NVIDIA, "DGX SuperPOD Reference Architecture"; Wang et al.,
/// "Rail-only", arXiv 2307.12169, for the case without spines).
///
/// An endpoint is a (node, rail) pair, numbered `node · rails + rail`.
public struct RailFabric: Sendable, Hashable {
  public var nodes: Int
  public var rails: Int
  /// Nodes on one rail switch.
  public var nodesPerGroup: Int
  /// Spines that join the rail switches of all groups and rails; 0 only with one group and a scale-up link.
  public var spines: Int

  public init(nodes: Int, rails: Int, nodesPerGroup: Int, spines: Int) {
    self.nodes = nodes
    self.rails = rails
    self.nodesPerGroup = nodesPerGroup
    self.spines = spines
  }
}

/// A dragonfly (Kim, Dally, Scott, Abts, "Technology-Driven, Highly-Scalable Dragonfly Topology", ISCA 2008):
/// groups of fully joined routers, and cables between every two groups.
///
/// Cable `j` of a group goes to the group `j + 1` places on (the palm-tree arrangement of Camarero, Vallejo,
/// Beivide, TACO 2014), and router `j / globalLinksPerRouter` holds it. With fewer groups than the cables
/// allow every pair has the same number of them, and the rest stay empty.
public struct Dragonfly: Sendable, Hashable {
  public var groups: Int
  public var routersPerGroup: Int
  public var hostsPerRouter: Int
  public var globalLinksPerRouter: Int

  public init(groups: Int, routersPerGroup: Int, hostsPerRouter: Int, globalLinksPerRouter: Int) {
    self.groups = groups
    self.routersPerGroup = routersPerGroup
    self.hostsPerRouter = hostsPerRouter
    self.globalLinksPerRouter = globalLinksPerRouter
  }
}

/// How the endpoints of a fabric are joined.
public enum TopologyShape: Sendable, Hashable {
  /// One switch, or an NVLink domain, through which every endpoint reaches every other.
  case singleSwitch(hosts: Int)
  case fatTree(FatTree)
  case rails(RailFabric)
  case dragonfly(Dragonfly)
  /// A ring in each of 1 to 3 dimensions, each host its own router, joined by `fabric` links; endpoints are
  /// numbered with the first dimension fastest.
  case torus(dimensions: [Int])
}

/// A fabric as somebody describes it: its shape and what its links do.
public struct TopologyDescription: Sendable, Hashable {
  public var shape: TopologyShape
  /// Between an endpoint and its switch; of a torus, into and out of a host's router.
  public var host: LinkSpeed
  /// Between switches.
  public var fabric: LinkSpeed
  /// Between groups of a dragonfly; as `fabric` when `nil`.
  public var global: LinkSpeed?
  /// Of a rail fabric: between an endpoint and the other endpoints of its node, such as NVLink. Traffic to
  /// another rail changes rails inside the sender's node (NCCL's PXN), else at the spines.
  public var scaleUp: LinkSpeed?

  public init(
    shape: TopologyShape, host: LinkSpeed, fabric: LinkSpeed? = nil, global: LinkSpeed? = nil,
    scaleUp: LinkSpeed? = nil
  ) {
    self.shape = shape
    self.host = host
    self.fabric = fabric ?? host
    self.global = global
    self.scaleUp = scaleUp
  }
}

/// Why a fabric cannot be built as described.
public struct TopologyFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong, in words for whoever wrote the description.
  public var description: String
  init(_ description: String) { self.description = description }
}

/// What a fabric is bought as.
public struct TopologyParts: Sendable, Hashable {
  /// Switches by tier from the hosts up; of a rail fabric rail switches and spines, of a dragonfly its
  /// routers.
  public var switches: [Int]
  /// Cables between hosts and switches.
  public var hostCables: Int
  /// Cables between switches, or between the hosts of a torus.
  public var fabricCables: Int

  /// Pluggable transceivers: one at each end of an optical cable.
  ///
  /// - Parameter hostsOnCopper: whether hosts hang on direct-attach copper, which needs none.
  public func optics(hostsOnCopper: Bool) -> Int { 2 * (fabricCables + (hostsOnCopper ? 0 : hostCables)) }

  /// Switches of all tiers.
  public var switchCount: Int { switches.reduce(0, +) }
}
