import Infrastructure
import Kernel
import Quantities
import Testing

@Suite("Fabrics are joined as described")
struct TopologyTests {
  static let speed = LinkSpeed(bandwidth: BytesPerSecond(50e9), latency: Seconds(1e-6))
  static let fast = LinkSpeed(bandwidth: BytesPerSecond(450e9), latency: Seconds(5e-7))

  static let shapes: [TopologyShape] = [
    .singleSwitch(hosts: 1), .singleSwitch(hosts: 8),
    .fatTree(FatTree(hostsPerLeaf: 4, leaves: 6, spines: 3)),
    .fatTree(FatTree(hostsPerLeaf: 3, leaves: 1, spines: 0)),
    .fatTree(
      FatTree(hostsPerLeaf: 3, leavesPerPod: 2, pods: 4, uplinksPerLeaf: 2, uplinksPerAggregation: 3)),
    .rails(RailFabric(nodes: 7, rails: 4, nodesPerGroup: 3, spines: 2)),
    .dragonfly(Dragonfly(groups: 9, routersPerGroup: 4, hostsPerRouter: 2, globalLinksPerRouter: 2)),
    .dragonfly(Dragonfly(groups: 3, routersPerGroup: 4, hostsPerRouter: 2, globalLinksPerRouter: 3)),
    .dragonfly(Dragonfly(groups: 1, routersPerGroup: 3, hostsPerRouter: 2, globalLinksPerRouter: 0)),
    .torus(dimensions: [5]), .torus(dimensions: [4, 3]), .torus(dimensions: [2, 4, 3]),
    .torus(dimensions: [1, 1, 6]),
  ]

  static func build(_ shape: TopologyShape, scaleUp: LinkSpeed? = nil) throws -> Topology {
    try Topology(TopologyDescription(shape: shape, host: speed, scaleUp: scaleUp))
  }

  /// Hops between vertices by breadth-first search over the links.
  static func distances(from source: Int, _ topology: Topology) -> [Int] {
    var outgoing: [Int: [Int]] = [:]
    for link in 0..<topology.linkCount {
      outgoing[Int(topology.sources[link]), default: []].append(Int(topology.targets[link]))
    }
    let vertices = 1 + Int((topology.sources + topology.targets).max() ?? 0)
    var distance = [Int](repeating: .max, count: vertices)
    distance[source] = 0
    var front = [source]
    while !front.isEmpty {
      var next: [Int] = []
      for vertex in front {
        for target in outgoing[vertex] ?? [] where distance[target] == .max {
          distance[target] = distance[vertex] + 1
          next.append(target)
        }
      }
      front = next
    }
    return distance
  }

  @Test("every path joins its endpoints, is a shortest one, and differs from the others", arguments: shapes)
  func paths(shape: TopologyShape) throws {
    let topology = try Self.build(shape)
    var path: [UInt32] = []
    for source in 0..<topology.endpointCount {
      let distance = Self.distances(from: source, topology)
      for target in 0..<topology.endpointCount where target != source {
        var seen = Set<[UInt32]>()
        for choice in 0..<topology.pathCount(from: source, to: target) {
          path.removeAll()
          topology.appendPath(choice, from: source, to: target, into: &path)
          var vertex = UInt32(source)
          for link in path {
            #expect(topology.sources[Int(link)] == vertex)
            vertex = topology.targets[Int(link)]
          }
          #expect(vertex == UInt32(target))
          // Minimal routing in a dragonfly fixes the cable between two groups and the way through them; it is
          // shortest among ways over that pair's cables, three hops between routers at most.
          if case .dragonfly = shape {
            #expect(path.count >= distance[target] && path.count <= 5)
          } else {
            #expect(path.count == distance[target])
          }
          #expect(seen.insert(path).inserted)
        }
      }
    }
  }

  @Test("traffic changes rails inside the node where it can")
  func railsWithScaleUp() throws {
    let shape = TopologyShape.rails(RailFabric(nodes: 6, rails: 4, nodesPerGroup: 6, spines: 0))
    let topology = try Self.build(shape, scaleUp: Self.fast)
    var path: [UInt32] = []
    for source in 0..<24 {
      for target in 0..<24 where target != source {
        path.removeAll()
        topology.appendPath(0, from: source, to: target, into: &path)
        var vertex = UInt32(source)
        for link in path {
          #expect(topology.sources[Int(link)] == vertex)
          vertex = topology.targets[Int(link)]
        }
        #expect(vertex == UInt32(target))
        let isInside = source / 4 == target / 4
        let isOnRail = source % 4 == target % 4
        #expect(path.count == (isInside || isOnRail ? 2 : 4))
        let fastHops = path.filter { topology.bandwidths[Int($0)] == 450e9 }.count
        #expect(fastHops == (isInside ? 2 : isOnRail ? 0 : 2))
      }
    }
    #expect(throws: TopologyFault.self) { try Self.build(shape) }
  }

  @Test("parts of a fabric are those of its structure")
  func parts() throws {
    // A full tree of 8-port switches: 5/4 k² switches and k³/4 hosts (Al-Fares et al., 2008).
    let tree = try FatTree.sized(hosts: 128, radix: 8, tiers: 3)
    let parts = try Self.build(.fatTree(tree)).parts
    #expect(parts.switches == [32, 32, 16] && parts.switchCount == 80)
    #expect(parts.hostCables == 128 && parts.fabricCables == 256)
    #expect(parts.optics(hostsOnCopper: true) == 512 && parts.optics(hostsOnCopper: false) == 768)
    let thin = try FatTree.sized(hosts: 96, radix: 16, tiers: 2, oversubscription: 3)
    #expect(thin == FatTree(hostsPerLeaf: 12, leaves: 8, spines: 4))
    let dragonfly = Dragonfly(groups: 9, routersPerGroup: 4, hostsPerRouter: 2, globalLinksPerRouter: 2)
    #expect(try Self.build(.dragonfly(dragonfly)).parts.fabricCables == 9 * 6 + 36)
    #expect(try Self.build(.torus(dimensions: [4, 4, 4])).parts.fabricCables == 192)
    let rails = RailFabric(nodes: 64, rails: 8, nodesPerGroup: 32, spines: 16)
    #expect(try Self.build(.rails(rails)).parts.switches == [16, 16])
  }

  @Test("what cannot be built is a fault, not a trap")
  func faults() {
    let shapes: [TopologyShape] = [
      .singleSwitch(hosts: 0), .singleSwitch(hosts: .max), .singleSwitch(hosts: -5),
      .fatTree(FatTree(hostsPerLeaf: 4, leaves: 4, spines: 0)),
      .fatTree(FatTree(hostsPerLeaf: .max, leaves: .max, spines: .max)),
      .fatTree(
        FatTree(hostsPerLeaf: 1, leavesPerPod: 1, pods: 2, uplinksPerLeaf: 1, uplinksPerAggregation: 0)),
      .rails(RailFabric(nodes: 2, rails: 2, nodesPerGroup: 0, spines: 1)),
      .rails(RailFabric(nodes: .max, rails: .max, nodesPerGroup: .max, spines: 1)),
      .dragonfly(Dragonfly(groups: 10, routersPerGroup: 4, hostsPerRouter: 2, globalLinksPerRouter: 2)),
      .dragonfly(Dragonfly(groups: .max, routersPerGroup: 2, hostsPerRouter: 1, globalLinksPerRouter: .max)),
      .torus(dimensions: []), .torus(dimensions: [2, 2, 2, 2]), .torus(dimensions: [4, 0]),
      .torus(dimensions: [.max, .max, .max]),
    ]
    for shape in shapes { #expect(throws: TopologyFault.self, "\(shape)") { try Self.build(shape) } }
    for (bandwidth, latency) in [(0.0, 0.0), (.nan, 0), (.infinity, 0), (1, -1), (1, .nan), (1, .infinity)] {
      let speed = LinkSpeed(bandwidth: BytesPerSecond(bandwidth), latency: Seconds(latency))
      #expect(throws: TopologyFault.self) {
        try Topology(TopologyDescription(shape: .singleSwitch(hosts: 2), host: speed))
      }
    }
    for (hosts, radix, tiers, ratio) in [
      (0, 8, 2, 1.0), (129, 8, 3, 1), (33, 8, 2, 1), (8, 1, 2, 1), (8, .max, 2, 1), (8, 8, 4, 1),
      (8, 8, 2, 0.5),
      (8, 8, 2, .nan), (.max, 64, 3, 1),
    ] {
      #expect(throws: TopologyFault.self) {
        try FatTree.sized(hosts: hosts, radix: radix, tiers: tiers, oversubscription: ratio)
      }
    }
  }
}
