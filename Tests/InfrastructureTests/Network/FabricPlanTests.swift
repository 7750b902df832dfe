import Infrastructure
import Kernel
import Quantities
import Testing

/// What a network leaves to rings and exchanges, against max-min shares on its graph.
@Suite struct FabricPlanTests {
  static func plan(
    _ layout: FabricPlan.Layout, nodes: Int, interfaces: Int = 2, leaf: Int = 4, over: Double = 1,
    routing: RoutingPolicy = .spray
  ) -> FabricPlan {
    FabricPlan(
      layout: layout, routing: routing, nodes: nodes, interfaces: interfaces,
      line: LinkSpeed(bandwidth: BytesPerSecond(50e9), latency: .zero), nodesPerLeaf: leaf,
      oversubscription: over)
  }

  /// What of its bandwidth the slowest flow gets where every node sends to every other over each of its
  /// interfaces: progressive filling on the graph, every flow by itself and spread over its ways.
  static func slowest(_ plan: FabricPlan) throws -> Double {
    let description = plan.description
    let each = plan.layout == .torus ? 1 : plan.interfaces
    let topology = try Topology(description)
    var router = FlowRouter(
      topology: topology, policy: .spray,
      stream: RandomStream(seed: 1, replication: 0, entity: "test", purpose: "routing"))
    var network = FlowNetwork(capacities: topology.bandwidths, solving: .afresh)
    var flows: [UInt32] = []
    var way: [LinkShare] = []
    for interface in 0..<each {
      for from in 0..<plan.nodes {
        for to in 0..<plan.nodes where to != from {
          let (source, target) = (from * each + interface, to * each + interface)
          #expect(router.route(from: source, to: target, flow: UInt64(source), into: &way) != nil)
          flows.append(network.add(path: way, bytes: Bytes(1), rateCap: description.host.bandwidth))
        }
      }
    }
    network.settle()
    let least = flows.reduce(Double.infinity) { min($0, network.rate(of: $1).value) }
    return least * Double(plan.nodes - 1) / description.host.bandwidth.value
  }

  static let exchanges: [FabricPlan] = [
    plan(.fatTree, nodes: 3), plan(.fatTree, nodes: 16), plan(.fatTree, nodes: 16, over: 4),
    plan(.fatTree, nodes: 14, over: 2), plan(.fatTree, nodes: 7, over: 2), plan(.fatTree, nodes: 5, over: 8),
    plan(.deepFatTree(leavesPerPod: 2, podOversubscription: 1), nodes: 24),
    plan(.deepFatTree(leavesPerPod: 2, podOversubscription: 2), nodes: 24),
    plan(.deepFatTree(leavesPerPod: 4, podOversubscription: 4), nodes: 32, leaf: 2, over: 2),
    plan(.rails, nodes: 24, interfaces: 1, leaf: 4, over: 4), plan(.rails, nodes: 20, leaf: 4, over: 2),
    plan(.rails, nodes: 8, leaf: 4, over: 4),
    plan(.dragonfly, nodes: 32, interfaces: 1, leaf: 8), plan(.dragonfly, nodes: 32, leaf: 4, over: 2),
    plan(.dragonfly, nodes: 48, interfaces: 1, leaf: 16, over: 4),
    plan(.torus, nodes: 8), plan(.torus, nodes: 27), plan(.torus, nodes: 32), plan(.torus, nodes: 36),
    plan(.torus, nodes: 13), plan(.torus, nodes: 60),
  ]

  @Test("the closed form of an exchange is the slowest flow on the graph", arguments: exchanges)
  func exchange(plan: FabricPlan) throws {
    let (closed, found) = (plan.exchangeShare(), try Self.slowest(plan))
    #expect(abs(closed - found) < 1e-9, "\(plan): \(closed), \(found)")
  }

  /// 1,024 nodes as 8 x 8 x 16: a link of the long side carries k/8 of what a node sends, and is a sixth of
  /// its interfaces.
  @Test func bisectionBoundsATorus() {
    let share = Self.plan(.torus, nodes: 1024).exchangeShare()
    #expect(abs(share - 1023.0 / 1024 / 12) < 1e-12)
    #expect(Self.plan(.torus, nodes: 1024, over: 8).exchangeShare() == share)
  }

  /// Each node of a cube sends to its neighbours in all six directions at once, on links of its own.
  @Test(arguments: [8, 27, 64, 125]) func ringsOfACubeUseEveryLink(nodes: Int) throws {
    let plan = Self.plan(.torus, nodes: nodes)
    #expect(abs(plan.ringShare() - 1) < 1e-12)
    let topology = try Topology(plan.description)
    let sides = FabricPlan.torusSides(nodes: nodes)
    // Of as many links as each node has neighbours, all together are its interfaces.
    let links = topology.bandwidths[(2 * nodes)...]
    #expect(links.count == 6 * nodes)
    #expect(abs(links.reduce(0, +) / Double(nodes) - plan.description.host.bandwidth.value) < 1)
    #expect(sides == [sides[0], sides[0], sides[0]])
  }

  /// The phases of the bucket algorithm, added up step by step: part p of the message goes through the
  /// dimensions from p on, over both directions of a link pair at a time.
  @Test(arguments: [2, 6, 12, 24, 32, 100, 1024, 4096]) func ringsOfATorus(nodes: Int) {
    let plan = Self.plan(.torus, nodes: nodes)
    let sides = FabricPlan.torusSides(nodes: nodes).filter { $0 > 1 }
    let pair = 2.0 / Double(2 * sides.count)
    var pieces = sides.map { _ in 1.0 / Double(sides.count) }
    var time = 0.0
    for phase in sides.indices {
      var slowest = 0.0
      for part in sides.indices {
        let side = sides[(part + phase) % sides.count]
        slowest = max(slowest, Double(side - 1) * (pieces[part] / Double(side)) / pair)
        pieces[part] /= Double(side)
      }
      time += slowest
    }
    let share = Double(nodes - 1) / Double(nodes) / time
    #expect(abs(plan.ringShare() - share) < 1e-12 && share <= 1 + 1e-12)
  }

  /// More oversubscription, pods or groups never give more.
  @Test func lessAboveIsNeverMore() {
    for nodes in [6, 17, 40, 96] {
      for layout in [
        FabricPlan.Layout.fatTree, .rails, .dragonfly, .deepFatTree(leavesPerPod: 3, podOversubscription: 1),
      ] {
        var last = (1.0, 1.0)
        for over in [1.0, 1.5, 2, 4, 8] {
          let plan = Self.plan(layout, nodes: nodes, over: over)
          let now = (plan.ringShare(), plan.exchangeShare())
          #expect(now.0 > 0 && now.1 > 0 && now.0 <= last.0 + 1e-12 && now.1 <= last.1 + 1e-12)
          last = now
        }
      }
      let (even, narrow) = (
        Self.plan(.deepFatTree(leavesPerPod: 2, podOversubscription: 1), nodes: nodes),
        Self.plan(.deepFatTree(leavesPerPod: 2, podOversubscription: 4), nodes: nodes)
      )
      #expect(narrow.exchangeShare() <= even.exchangeShare())
    }
  }
}

extension FabricPlan: CustomTestStringConvertible {
  public var testDescription: String {
    "\(layout), \(nodes) nodes of \(interfaces), \(nodesPerLeaf) a leaf, \(oversubscription) to 1"
  }
}
