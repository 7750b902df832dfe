import Kernel
import Quantities

/// Data passed around rings of nodes, one ring for each of their interfaces, as collective libraries do
/// between nodes.
///
/// Every flow must get through before the next piece can follow, so a collective runs at the pace of the
/// slowest: on a tree that blocks nobody, hashes that collide halve it.
public struct RingTraffic: Sendable {
  public var description: TopologyDescription
  public var routing: RoutingPolicy
  /// Nodes of a ring, and interfaces of each; endpoint `node · interfaces + interface` is one of them.
  public var nodes: Int
  public var interfaces: Int

  public init(description: TopologyDescription, routing: RoutingPolicy, nodes: Int, interfaces: Int) {
    self.description = description
    self.routing = routing
    self.nodes = nodes
    self.interfaces = interfaces
  }

  /// What of an interface's bandwidth the slowest flow gets, 0...1: with hashing the harmonic mean over
  /// `draws` of the hashes. 1 where the fabric cannot be built as described.
  /// - Complexity: O(flows · paths), some milliseconds for ten thousand endpoints.
  public func slowestShare(draws: Int = 8) -> Double {
    guard nodes > 1, let topology = try? Topology(description),
      topology.endpointCount >= nodes * interfaces
    else { return 1 }
    var isRandom = false
    switch routing {
    case .hashed, .hashedSpray: isRandom = true
    case .destinationModulo, .leastLoaded, .spray: break
    }
    let count = isRandom ? max(1, draws) : 1
    var slowness = 0.0
    for draw in 0..<count {
      let share = slowest(
        topology, RandomStream(seed: 0, replication: draw, entity: "ring", purpose: "routing"))
      slowness += 1 / max(share, 1e-9)
    }
    return min(1, Double(count) / slowness)
  }

  private func slowest(_ topology: Topology, _ stream: RandomStream) -> Double {
    var router = FlowRouter(topology: topology, policy: routing, stream: stream)
    var network = FlowNetwork(capacities: topology.bandwidths)
    var shares: [LinkShare] = []
    var flows: [UInt32] = []
    let line = description.host.bandwidth
    for interface in 0..<interfaces {
      for node in 0..<nodes {
        let source = node * interfaces + interface
        let target = (node + 1) % nodes * interfaces + interface
        guard router.route(from: source, to: target, flow: UInt64(source), into: &shares) != nil else {
          return 0
        }
        flows.append(network.add(path: shares, bytes: Bytes(1), rateCap: line))
      }
    }
    network.settle()
    return flows.reduce(1.0) { min($0, network.rate(of: $1) / line) }
  }
}
