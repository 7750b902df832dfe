import DryRack
import Testing

@testable import World

/// What crosses the links that a pool's nodes share, by topology and routing.
@Suite struct FabricLinksTests {
  static let topologies = ["fat-tree", "rail-optimised", "dragonfly", "torus"]
  static let routings = ["ecmp", "adaptive", "spray", "destination-modulo"]

  static func pool(_ topology: String, _ routing: String, nodes: Int = 24, more: String = "") throws -> Pool {
    let leaves = topology == "torus" ? "" : ", nodes-per-leaf: 2, oversubscription: 4"
    let text = """
      version: 1
      name: fabric
      workloads: { t: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 192, steps: 1 } }
      designs:
        one:
          sites: { dc: { kind: on-prem } }
          pools:
            gpu:
              site: dc
              node: hgx-h100
              count: \(nodes)
              failures: none
              fabric: { kind: roce-400g, topology: \(topology), routing: \(routing)\(leaves)\(more) }
          jobs: { t: { workload: t, pool: gpu, accelerators: 8, parallelism: { tensor: 8 } } }
      """
    return try WorldTests.scenario(text).designs[0].pools[0]
  }

  private struct Built {
    var links: FabricLinks
    var capacities: [Double]
    var pool: Pool
  }

  private static func build(_ topology: String, _ routing: String, more: String = "") throws -> Built {
    let pool = try pool(topology, routing, more: more)
    var capacities: [Double] = [1, 2]
    let links = try #require(FabricLinks(of: pool, catalog: .builtIn, capacities: &capacities))
    return Built(links: links, capacities: capacities, pool: pool)
  }

  private static func allocation(nodes: [Int], each: Int = 8) -> Allocation {
    Allocation(
      grants: nodes.flatMap { Allocation.whole(devices: ($0 * 8)..<($0 * 8 + each), perNode: 8).grants })
  }

  @Test(arguments: topologies, routings)
  func everyLinkIsItsOwnAndHasACapacity(topology: String, routing: String) throws {
    let built = try Self.build(topology, routing, more: ", links-per-node: 2")
    #expect(built.capacities.prefix(2) == [1, 2] && built.capacities.count > 2)
    #expect(built.capacities.allSatisfy { $0 > 0 && $0.isFinite })
    for exchange in [false, true] {
      let burst = built.links.burst(of: Self.allocation(nodes: Array(0..<24)), isExchange: exchange)
      #expect(!burst.isEmpty)
      #expect(burst.allSatisfy { built.capacities.indices.contains(Int($0.link)) && $0.weight > 0 })
      #expect(Set(burst.map(\.link)).count == burst.count, "a link is named once")
      #expect(burst.allSatisfy { $0.link >= 2 }, "the stores' links are left alone")
    }
  }

  /// What stays within a group crosses nothing; what leaves one enters another.
  @Test(arguments: ["fat-tree", "rail-optimised", "dragonfly"], routings)
  func groupsKeepTheirOwn(topology: String, routing: String) throws {
    let built = try Self.build(topology, routing, more: ", links-per-node: 2")
    let size = built.links.nodesPerGroup
    #expect(size == built.pool.nodesPerGroup(catalog: .builtIn) && size < 24)
    let inside = Self.allocation(nodes: Array(0..<size))
    for exchange in [false, true] {
      #expect(built.links.burst(of: inside, isExchange: exchange).isEmpty)
    }
    #expect(built.links.path(from: 0, to: size - 1, accelerators: 0..<8).isEmpty)
    let way = built.links.path(from: 0, to: size, accelerators: 0..<8)
    #expect(!way.isEmpty)
    // Out of one group and into another: a link between the two does both.
    let sides = topology == "dragonfly" && ["ecmp", "destination-modulo"].contains(routing) ? 1.0 : 2
    #expect(abs(way.reduce(0) { $0 + $1.weight } - sides) < 1e-12)
  }

  /// A transfer to accelerators beside one rail takes that rail.
  @Test func railsAreApart() throws {
    let built = try Self.build("rail-optimised", "adaptive", more: ", links-per-node: 8")
    let far = built.links.nodesPerGroup
    let (first, last) = (
      built.links.path(from: 0, to: far, accelerators: 0..<1),
      built.links.path(from: 0, to: far, accelerators: 7..<8)
    )
    #expect(first.count == 2 && last.count == 2)
    #expect(Set(first.map(\.link)).isDisjoint(with: last.map(\.link)))
    #expect(built.links.path(from: 0, to: far, accelerators: 0..<8).count == 16)
  }

  /// Rings and exchanges on a torus put on it what its distances say, whichever way they go.
  @Test(arguments: routings) func distancesOfATorus(routing: String) throws {
    let built = try Self.build("torus", routing)
    let sides = FabricSettings.torusDimensions(nodes: 24)
    #expect(sides.reduce(1, *) == 24 && sides.allSatisfy { $0 > 1 })
    func distance(_ a: Int, _ b: Int) -> Int {
      var (a, b, sum) = (a, b, 0)
      for side in sides {
        let gap = abs(a % side - b % side)
        sum += min(gap, side - gap)
        a /= side
        b /= side
      }
      return sum
    }
    let nodes = [0, 3, 4, 11, 17, 23]
    let way = built.links.path(from: 3, to: 17, accelerators: 0..<8)
    #expect(abs(way.reduce(0) { $0 + $1.weight } - Double(distance(3, 17))) < 1e-9)
    let ring = built.links.burst(of: Self.allocation(nodes: nodes), isExchange: false)
    let hops = nodes.indices.reduce(0) { $0 + distance(nodes[$1], nodes[($1 + 1) % nodes.count]) }
    #expect(abs(ring.reduce(0) { $0 + $1.weight } - Double(hops * 8)) < 1e-9)
    let exchange = built.links.burst(of: Self.allocation(nodes: nodes, each: 4), isExchange: true)
    let pairs = nodes.reduce(0) { sum, from in sum + nodes.reduce(0) { $0 + distance(from, $1) } }
    #expect(abs(exchange.reduce(0) { $0 + $1.weight } - Double(pairs * 16) / 23) < 1e-9)
  }

  /// On the shortest way two groups of a dragonfly have their own link, else all of a group's.
  @Test func routingDecidesWhichGlobalLinks() throws {
    let (short, spread) = (try Self.build("dragonfly", "ecmp"), try Self.build("dragonfly", "adaptive"))
    let size = short.links.nodesPerGroup
    let groups = (24 + size - 1) / size
    let way = short.links.path(from: 0, to: size, accelerators: 0..<8)
    let wide = spread.links.path(from: 0, to: size, accelerators: 0..<8)
    let ratio = spread.capacities[Int(wide[0].link)] / short.capacities[Int(way[0].link)]
    #expect(way.count == 1 && wide.count == 2 && abs(ratio - Double(groups - 1)) < 1e-9)
  }

  /// Of three tiers, pods that have less above them than below are links of their own.
  @Test func podsAreShared() throws {
    let more = ", tiers: 3, leaves-per-pod: 3, pod-oversubscription: 2, links-per-node: 2"
    let built = try Self.build("fat-tree", "adaptive", more: more)
    let (inside, across) = (
      built.links.path(from: 0, to: 2, accelerators: 0..<8),
      built.links.path(from: 0, to: 6, accelerators: 0..<8)
    )
    #expect(built.links.path(from: 0, to: 1, accelerators: 0..<8).isEmpty)
    #expect(inside.count == 2 && across.count == 4)
    // A leaf's two nodes bring 200 GB/s, a quarter of it goes up, and half of that of three leaves.
    #expect(across.map { built.capacities[Int($0.link)] } == [50e9, 50e9, 75e9, 75e9])
    let ring = built.links.burst(of: Self.allocation(nodes: Array(0..<24)), isExchange: false)
    #expect(ring.count == 2 * 12 + 2 * 4)
  }

  @Test func oneSwitchSharesNothing() throws {
    var capacities: [Double] = []
    let alone = try Self.pool("fat-tree", "adaptive", nodes: 2)
    #expect(FabricLinks(of: alone, catalog: .builtIn, capacities: &capacities) == nil && capacities.isEmpty)
  }
}
