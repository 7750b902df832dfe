import Kernel
import Quantities

/// The directed links of a fabric and the shortest paths through it.
///
/// Endpoints are numbered from 0, and so are links; a cable is two links. The graph is kept as columns of
/// link attributes, and paths are computed from the numbering, never searched: `pathCount` tells how many
/// equal shortest paths a pair has, and `appendPath` writes out one of them.
public struct Topology: Sendable {
  /// Endpoints: hosts, or (node, rail) pairs.
  public let endpointCount: Int
  /// What it takes to build it.
  public let parts: TopologyParts
  /// Bandwidth of each link [B/s].
  public private(set) var bandwidths: [Double] = []
  /// Latency of each link [ticks].
  public private(set) var latencies: [Int64] = []
  /// The vertex each link leaves and enters: endpoints first, then switches from the hosts up.
  public private(set) var sources: [UInt32] = []
  public private(set) var targets: [UInt32] = []

  let layout: Layout

  /// The numbering that paths are computed from.
  enum Layout: Sendable, Hashable {
    case star(StarLayout)
    case tree(TreeLayout)
    case dragonfly(DragonflyLayout)
    case torus(TorusLayout)
  }

  /// Links of the fabric, one for each direction of a cable.
  public var linkCount: Int { bandwidths.count }

  /// The most links that a description may ask for.
  public static let linksMax = 1 << 26

  /// Builds a fabric, or says what is wrong with its description.
  ///
  /// - Complexity: O(links).
  public init(_ description: TopologyDescription) throws(TopologyFault) {
    for speed in [description.host, description.fabric, description.global, description.scaleUp] {
      if let speed { try Self.check(speed) }
    }
    switch description.shape {
    case .singleSwitch(let hosts):
      try Self.check([("hosts", hosts, 1)], links: { 2 * $0[0] })
      let star = StarLayout(hosts: hosts)
      layout = .star(star)
      endpointCount = hosts
      parts = TopologyParts(switches: [1], hostCables: hosts, fabricCables: 0)
      star.build { append($0, $1, description.host) }
    case .fatTree(let tree):
      let built = try TreeLayout(tree)
      layout = .tree(built)
      endpointCount = built.endpoints
      parts = built.parts
      built.build(description) { append($0, $1, $2) }
    case .rails(let rails):
      let built = try TreeLayout(rails, hasScaleUp: description.scaleUp != nil)
      layout = .tree(built)
      endpointCount = built.endpoints
      parts = built.parts
      built.build(description) { append($0, $1, $2) }
    case .dragonfly(let dragonfly):
      let built = try DragonflyLayout(dragonfly)
      layout = .dragonfly(built)
      endpointCount = built.endpoints
      parts = built.parts
      built.build(description) { append($0, $1, $2) }
    case .torus(let dimensions):
      let built = try TorusLayout(dimensions)
      layout = .torus(built)
      endpointCount = built.endpoints
      parts = built.parts
      built.build(description) { append($0, $1, $2) }
    }
  }

  private mutating func append(_ source: Int, _ target: Int, _ speed: LinkSpeed) {
    bandwidths.append(speed.bandwidth.value)
    latencies.append(Ticks(seconds: speed.latency.value).count)
    sources.append(UInt32(source))
    targets.append(UInt32(target))
  }

  private static func check(_ speed: LinkSpeed) throws(TopologyFault) {
    guard speed.bandwidth.value > 0, speed.bandwidth.value.isFinite else {
      throw TopologyFault("a link has a bandwidth above 0, not \(speed.bandwidth)")
    }
    guard speed.latency.value >= 0, speed.latency.value < 1e3 else {
      throw TopologyFault("a link has a latency from 0 to 1000 s, not \(speed.latency)")
    }
  }

  /// Whether the numbers of a shape make sense and its links can be held.
  ///
  /// - Parameter links: an estimate from the values, in floating point so that it cannot overflow.
  static func check(_ values: [(name: String, value: Int, least: Int)], links: ([Double]) -> Double)
    throws(TopologyFault)
  {
    for (name, value, least) in values where value < least {
      throw TopologyFault("\(name) is \(least) or more, not \(value)")
    }
    let count = links(values.map { Double($0.value) })
    guard count <= Double(linksMax) else {
      throw TopologyFault("the fabric has more than \(linksMax) links")
    }
  }

  // MARK: Paths

  /// Shortest paths of equal length from one endpoint to another that a router may choose from; 1, the empty
  /// path, from an endpoint to itself. Complexity: O(1).
  public func pathCount(from source: Int, to target: Int) -> Int {
    precondition(source >= 0 && source < endpointCount && target >= 0 && target < endpointCount)
    if source == target { return 1 }
    switch layout {
    case .star: return 1
    case .tree(let tree): return tree.pathCount(source, target)
    case .dragonfly(let dragonfly): return dragonfly.pathCount(source, target)
    case .torus(let torus): return torus.pathCount(source, target)
    }
  }

  /// Appends the links of path `choice`, `0 ..< pathCount`, in order. Complexity: O(links of the path).
  public func appendPath(_ choice: Int, from source: Int, to target: Int, into path: inout [UInt32]) {
    precondition(choice >= 0 && choice < pathCount(from: source, to: target), "the pair has the path")
    if source == target { return }
    switch layout {
    case .star(let star):
      path.append(UInt32(source))
      path.append(UInt32(star.hosts + target))
    case .tree(let tree): tree.appendPath(choice, source, target, into: &path)
    case .dragonfly(let dragonfly): dragonfly.appendPath(choice, source, target, into: &path)
    case .torus(let torus): torus.appendPath(choice, source, target, into: &path)
    }
  }
}

/// One switch: link `h` goes up from host `h`, link `hosts + h` down to it.
struct StarLayout: Sendable, Hashable {
  var hosts: Int

  func build(_ append: (Int, Int) -> Void) {
    for host in 0..<hosts { append(host, hosts) }
    for host in 0..<hosts { append(hosts, host) }
  }
}
