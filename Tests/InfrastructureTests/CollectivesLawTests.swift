import Catalog
import Infrastructure
import Quantities
import Testing

@Suite("Laws of collectives over transports")
struct CollectivesLawTests {
  static let nodes = [
    ("p4de.24xlarge", "efa-400g"), ("hgx-h100", "infiniband-ndr"), ("hgx-h100", "roce-400g"),
    ("hgx-h100", "ethernet-100g"), ("p5.48xlarge", "efa-3200g"), ("g6e.48xlarge", "ethernet-25g"),
    ("nd128isr-ndr-gb200-v6", "infiniband-ndr"),
  ]
  static let groups = [
    CollectiveGroup(ranks: 2, ranksPerDomain: 2), CollectiveGroup(ranks: 3, ranksPerDomain: 3),
    CollectiveGroup(ranks: 8, ranksPerDomain: 8), CollectiveGroup(ranks: 16, ranksPerDomain: 8),
    CollectiveGroup(ranks: 20, ranksPerDomain: 8), CollectiveGroup(ranks: 64, ranksPerDomain: 1),
    CollectiveGroup(ranks: 1024, ranksPerDomain: 8), CollectiveGroup(ranks: 16, ranksPerDomain: 2),
  ]
  /// Sizes a third of a power of two apart, empty and absurd ones among them.
  static let sizes: [Bytes] = {
    var sizes = [Bytes(0), Bytes(1)]
    while sizes[sizes.count - 1].value < 1e12 { sizes.append(sizes[sizes.count - 1] * 1.27) }
    return sizes
  }()

  private func model(
    _ node: String, _ fabric: String, scale: Double = 1, links: Double = 1,
    algorithm: CollectiveAlgorithm = .automatic,
    reduces: Bool = false
  ) throws -> TransportCollectives {
    let node = try #require(Catalog.builtIn.node(node))
    let fabric = try #require(Catalog.builtIn.fabric(fabric))
    let plain = try #require(
      TransportCollectives(node: node, fabric: fabric, reducesInNetwork: reduces, algorithm: algorithm))
    return TransportCollectives(
      scaleUp: plain.scaleUp, network: plain.network, linkBandwidth: plain.linkBandwidth * links,
      domainSize: plain.domainSize, domainBandwidth: plain.domainBandwidth * scale,
      rankBandwidth: plain.rankBandwidth * scale, reducesInNetwork: reduces, algorithm: algorithm)
  }

  @Test("more bytes never take less, and no time is negative", arguments: nodes, CollectiveAlgorithm.allCases)
  func monotoneInBytes(place: (String, String), algorithm: CollectiveAlgorithm) throws {
    let model = try model(place.0, place.1, algorithm: algorithm, reduces: true)
    for group in Self.groups {
      for operation in CollectiveOperation.allCases {
        let times = Self.sizes.map { model.time(of: operation, bytes: $0, among: group) }
        let rises = zip(times, times.dropFirst()).allSatisfy { $0 <= $1 && $1.value.isFinite }
        #expect(rises && times[0] >= .zero, "\(operation) among \(group)")
      }
    }
  }

  @Test("more bandwidth never takes longer, in the network or on the links", arguments: nodes)
  func monotoneInBandwidth(place: (String, String)) throws {
    for (scale, links) in [(2.0, 1.0), (1, 1.5), (1.1, 1.1)] {
      let slow = try model(place.0, place.1)
      let fast = try model(place.0, place.1, scale: scale, links: links)
      for group in Self.groups {
        for operation in CollectiveOperation.allCases {
          let holds = Self.sizes.allSatisfy {
            fast.time(of: operation, bytes: $0, among: group)
              <= slow.time(of: operation, bytes: $0, among: group)
          }
          #expect(holds, "\(operation) among \(group), \(scale) and \(links) times as fast")
        }
      }
    }
  }

  @Test("one rank is free; an all-reduce is never faster than a reduce-scatter", arguments: nodes)
  func orderOfOperations(place: (String, String)) throws {
    for algorithm in CollectiveAlgorithm.allCases {
      let model = try model(place.0, place.1, algorithm: algorithm, reduces: true)
      let alone = CollectiveGroup(ranks: 1, ranksPerDomain: 1)
      for size in Self.sizes {
        for operation in CollectiveOperation.allCases {
          #expect(model.time(of: operation, bytes: size, among: alone) == .zero)
        }
        for group in Self.groups {
          let reduce = model.time(of: .allReduce, bytes: size, among: group)
          let scatter = model.time(of: .reduceScatter, bytes: size, among: group)
          #expect(reduce >= scatter, "\(size) among \(group) by \(algorithm)")
        }
      }
    }
  }

  @Test("groups that share the interfaces slow one another, never beyond their number")
  func sharing() throws {
    let model = try model("hgx-h100", "infiniband-ndr")
    for size in Self.sizes {
      var last = Seconds.zero
      for concurrent in [1, 2, 4, 8] {
        let group = CollectiveGroup(ranks: 16, ranksPerDomain: 1, concurrentPerDomain: concurrent)
        let time = model.time(of: .allReduce, bytes: size, among: group)
        #expect(time >= last)
        if concurrent > 1 { #expect(time.value <= 2 * last.value * (1 + 1e-12)) }
        last = time
      }
    }
  }

  @Test("the automatic choice is at most what each algorithm of a library takes")
  func fastest() throws {
    let automatic = try model("hgx-h100", "infiniband-ndr", reduces: true)
    for algorithm in [CollectiveAlgorithm.ring, .tree, .inNetwork] {
      let named = try model("hgx-h100", "infiniband-ndr", algorithm: algorithm, reduces: true)
      for size in Self.sizes {
        let group = CollectiveGroup(ranks: 64, ranksPerDomain: 8)
        let times = [automatic, named].map { $0.time(of: .allReduce, bytes: size, among: group) }
        #expect(times[0] <= times[1], "\(algorithm), \(size)")
      }
    }
  }

  @Test("reduction in the switches sends each byte once: large messages gain, on InfiniBand alone")
  func reduction() throws {
    let group = CollectiveGroup(ranks: 64, ranksPerDomain: 1, concurrentPerDomain: 8)
    func gain(_ fabric: String) throws -> Double {
      try model("hgx-h100", fabric).time(of: .allReduce, bytes: Bytes(8e9), among: group)
        / model("hgx-h100", fabric, reduces: true).time(of: .allReduce, bytes: Bytes(8e9), among: group)
    }
    #expect(try gain("infiniband-ndr") > 1.8)
    #expect(try gain("roce-400g") == 1)
  }

  @Test("ring and tree send what their structure says when latency vanishes")
  func structure() throws {
    // With a huge message, time times rate is bytes sent, whatever the protocol's share.
    func sent(_ algorithm: CollectiveAlgorithm, domains: Int) throws -> Double {
      let model = try model("hgx-h100", "infiniband-ndr", algorithm: algorithm)
      let group = CollectiveGroup(ranks: domains, ranksPerDomain: 1)
      return model.time(of: .allReduce, bytes: Bytes(1e15), among: group).value
    }
    let one = try sent(.tree, domains: 2)
    #expect(abs(try sent(.tree, domains: 3) / one - 1.5) < 1e-3)
    #expect(abs(try sent(.tree, domains: 64) / one - 2) < 1e-3)
    #expect(abs(try sent(.ring, domains: 64) / one - 2 * 63 / 64) < 1e-3)
  }

  @Test("a rack of NVLink is one domain; bridged pairs reach the others over PCIe")
  func domains() throws {
    let rack = try model("nd128isr-ndr-gb200-v6", "infiniband-ndr")
    #expect(rack.domainSize == 72 && rack.scaleUp.name == "nvlink5-nvl72")
    #expect(rack.domainBandwidth.value == 18 * 4 * 50e9)
    #expect(rack.group(ranks: 72).ranksPerDomain == 72)
    let accelerator = try #require(Catalog.builtIn.accelerator("h100-nvl"))
    let node = try #require(Catalog.builtIn.node(of: accelerator, count: 8))
    let bridged = try #require(TransportCollectives(node: node, fabric: nil))
    let pair = bridged.busBandwidth(of: .allReduce, bytes: Bytes(1e9), among: bridged.group(ranks: 2))
    let all = bridged.busBandwidth(of: .allReduce, bytes: Bytes(1e9), among: bridged.group(ranks: 8))
    #expect(pair.value > 100e9 && all.value < 63e9)
  }

  @Test("ranks that lie apart share their domain with the groups between")
  func strides() throws {
    let model = try model("hgx-h100", "infiniband-ndr")
    #expect(model.group(ranks: 16) == CollectiveGroup(ranks: 16, ranksPerDomain: 8))
    #expect(
      model.group(ranks: 16, stride: 2)
        == CollectiveGroup(ranks: 16, ranksPerDomain: 4, concurrentPerDomain: 2))
    #expect(
      model.group(ranks: 16, stride: 64)
        == CollectiveGroup(ranks: 16, ranksPerDomain: 1, concurrentPerDomain: 8))
  }

  @Test("every accelerator and fabric of the catalogue has a transport")
  func coverage() throws {
    for name in Catalog.builtIn.names(of: .accelerators) {
      let accelerator = try #require(Catalog.builtIn.accelerator(name))
      #expect(Catalog.builtIn.scaleUpTransport(of: accelerator) != nil, "\(name)")
    }
    for name in Catalog.builtIn.names(of: .fabrics) {
      let fabric = try #require(Catalog.builtIn.fabric(name))
      #expect(Catalog.builtIn.transport(over: fabric) != nil, "\(name)")
    }
    for name in Catalog.builtIn.names(of: .transports) {
      #expect(Catalog.builtIn.transport(name) != nil, "\(name)")
    }
  }
}
