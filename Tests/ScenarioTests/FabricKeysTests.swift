import Quantities
import Scenario
import Testing

/// What a user can get wrong about the network of a pool, and what is told where nothing is written.
@Suite("Keys of fabrics")
struct FabricKeysTests {
  static func text(
    fabric: String, operation: String = "all-reduce", algorithm: String = "auto", count: Int = 4,
    site: String = "on-prem"
  ) -> String {
    """
    version: 1
    name: fabric
    workloads:
      ring: { kind: collective, operation: \(operation), algorithm: \(algorithm), sizes: [1KiB, 1GiB] }
    designs:
      one:
        sites: { dc: { kind: \(site) } }
        pools: { gpus: { site: dc, node: hgx-h100, count: \(count)\(fabric) } }
        jobs: { ring: { workload: ring, pool: gpus } }
    """
  }

  static func scenario(_ text: String) throws -> Scenario { try JobKeysTests.read(text).get() }

  static func fault(_ text: String) throws -> String {
    guard case .failure(let report) = JobKeysTests.read(text) else { return "" }
    return report.faults.map { "\($0.message) | \($0.help ?? "")" }.joined(separator: "\n")
  }

  @Test(
    "what means nothing is refused, with what would",
    arguments: [
      ("{ kind: tcp, link-bandwidth: 100Gbps }", "write `kind: ethernet`"),
      ("{ kind: roce }", "give `link-bandwidth`"),
      ("{ kind: infiniban, link-bandwidth: 100Gbps }", "did you mean"),
      ("{ kind: infiniband-ndr, links-per-node: 4, rails: 8 }", "8 rails, and 4 `links-per-node`"),
      ("{ kind: roce-400g, in-network-reduction: true }", "cannot reduce"),
      ("{ kind: roce-400g, topology: torus, oversubscription: 8 }", "a torus has no switches"),
      ("{ kind: roce-400g, topology: torus, nodes-per-leaf: 8 }", "a torus has no switches"),
      ("{ kind: roce-400g, topology: dragonfly, tiers: 3 }", "only a fat-tree has tiers"),
      ("{ kind: roce-400g, tiers: 2, leaves-per-pod: 4 }", "a tree of 2 tiers has no pods"),
      ("{ kind: infiniband-ndr, tiers: 2, nodes-per-leaf: 1 }", "a spine of 64 ports reaches no 100 leaves"),
    ])
  func faults(fabric: String, words: String) throws {
    let told = try Self.fault(Self.text(fabric: ", fabric: \(fabric)", count: 100))
    #expect(told.contains(words), "\(fabric): \(told)")
  }

  @Test(
    "an algorithm that does not apply is refused, with those that do",
    arguments: [
      ("all-reduce", "pairwise", "ring, tree"), ("all-to-all", "ring", "auto, pairwise"),
      ("all-reduce", "in-network", "in-network-reduction: true"), ("all-gather", "tree", "auto, ring"),
    ])
  func algorithms(operation: String, algorithm: String, words: String) throws {
    let fabric = ", fabric: infiniband-ndr"
    let told = try Self.fault(Self.text(fabric: fabric, operation: operation, algorithm: algorithm))
    #expect(told.contains("does not carry out \(operation)") && told.contains(words), "\(told)")
    let able = ", fabric: { kind: infiniband-ndr, in-network-reduction: true }"
    _ = try Self.scenario(Self.text(fabric: able, algorithm: "in-network"))
  }

  @Test("as many tiers as its switches need, unless it is told")
  func tiers() throws {
    func network(_ more: String, _ count: Int) throws -> FabricSettings {
      let text = Self.text(fabric: ", fabric: { kind: infiniband-ndr\(more) }", count: count)
      return try #require(try Self.scenario(text).designs[0].pools[0].network)
    }
    #expect(try !network("", 64).isDeep(nodes: 64))
    #expect(try network(", nodes-per-leaf: 1", 65).isDeep(nodes: 65))
    #expect(try network(", nodes-per-leaf: 1", 65).podSize == 32)
    #expect(try network(", tiers: 3, leaves-per-pod: 4", 64).isDeep(nodes: 64))
    // A switch of a pod has one uplink at least.
    _ = try network(", tiers: 3, leaves-per-pod: 4, pod-oversubscription: 4", 64)
    #expect(throws: (any Error).self) {
      try network(", tiers: 3, leaves-per-pod: 4, pod-oversubscription: 5", 64)
    }
  }

  @Test("a tree of three tiers is bought as it stands")
  func deepParts() throws {
    func parts(_ more: String) throws -> (switches: Int, cables: Int) {
      let text = Self.text(
        fabric: ", fabric: { kind: infiniband-ndr, nodes-per-leaf: 4\(more) }", count: 64)
      let scenario = try Self.scenario(text)
      let found = try #require(scenario.designs[0].pools[0].networkParts(in: scenario.catalog))
      return (found.parts.switches, found.parts.switchCables)
    }
    // 16 leaves of 32 interfaces; pods of 4 leaves: 32 aggregation switches of 4 and 4 ports each.
    let even = try parts(", tiers: 3, leaves-per-pod: 4")
    #expect(even.cables == 16 * 32 + 4 * 32 * 4 && even.switches == 16 + 4 * 4 + 8)
    // Half as much above the pods.
    let narrow = try parts(", tiers: 3, leaves-per-pod: 4, pod-oversubscription: 2")
    #expect(narrow.cables == 16 * 32 + 4 * 32 * 2 && narrow.switches == 16 + 4 * 3 + 4)
  }

  @Test("a torus has cables and no switches")
  func torusParts() throws {
    let scenario = try Self.scenario(
      Self.text(fabric: ", fabric: { kind: infiniband-ndr, topology: torus }", count: 27))
    let parts = try #require(scenario.designs[0].pools[0].networkParts(in: scenario.catalog)).parts
    #expect(parts.switches == 0 && parts.switchCables == 0 && parts.hostCables == 27 * 8 / 2)
  }

  @Test("latency as written comes on top of what is measured")
  func latency() throws {
    func time(_ latency: String, _ size: Int) throws -> Double {
      let scenario = try Self.scenario(
        Self.text(fabric: ", fabric: { kind: roce-400g\(latency) }", count: 16))
      let pool = scenario.designs[0].pools[0]
      let network = try #require(pool.collectives(ranks: 128, catalog: scenario.catalog))
      return network.time(
        of: .allReduce, bytes: Bytes(Double(size)), among: network.group(ranks: 128)
      ).value
    }
    let usual = try time("", 1024)
    #expect(try time(", latency: 2.75us", 1024) == usual)
    #expect(try time(", latency: 1ms", 1024) > usual + 4 * 0.9e-3)
    #expect(try time(", latency: 1us", 1024) < usual)
  }

  @Test("networks that cost nothing are told")
  func freeNetworks() throws {
    let free = try Self.scenario(Self.text(fabric: ", fabric: ethernet-100g"))
    #expect(free.notes.contains { $0.contains("no price of ethernet-100g is known") })
    let priced = try Self.scenario(Self.text(fabric: ", fabric: infiniband-ndr"))
    #expect(!priced.notes.contains { $0.contains("no price") })
    // No name: as if it were written, costs and all.
    let unnamed = try Self.scenario(Self.text(fabric: ""))
    let named = try Self.scenario(Self.text(fabric: ", fabric: roce-400g"))
    #expect(unnamed.notes.contains { $0.contains("roce-400g") && $0.contains("charged as bought") })
    func shape(_ scenario: Scenario) throws -> Int {
      try #require(scenario.designs[0].pools[0].networkParts(in: scenario.catalog)).parts.switches
    }
    #expect(try shape(unnamed) == shape(named))
    let (assumed, written) = (unnamed.designs[0].pools[0], named.designs[0].pools[0])
    #expect(assumed.network?.routing == written.network?.routing)
    #expect(
      assumed.ringShare(nodes: 4, catalog: unnamed.catalog)
        == written.ringShare(nodes: 4, catalog: named.catalog))
  }
}

/// A training that does not fit: by how much, and what would.
@Suite("Trainings that do not fit")
struct TrainingFitTests {
  static func told(_ job: String) throws -> String {
    let text = """
      version: 1
      name: fit
      workloads:
        a: { kind: training, model: llama-3.1-70b, sequence: 8192, global-batch: 64, steps: 10 }
      designs:
        d:
          sites: { dc: { kind: on-prem } }
          pools: { g: { site: dc, node: hgx-h100, count: 16, failures: none, fabric: infiniband-ndr } }
          jobs: { j: { workload: a, pool: g\(job) } }
      """
    return try FabricKeysTests.fault(text)
  }

  /// The number that is named fits, and no smaller one does.
  @Test(arguments: ["", ", parallelism: { tensor: 8 }"])
  func theFewestAcceleratorsAreNamed(layout: String) throws {
    let text = try Self.told(", accelerators: 8\(layout)")
    #expect(text.contains("more than the 75.2 GiB that it can use"))
    let words = text.split(separator: "| ").last?.split(separator: " ") ?? []
    let count = try #require(words.first.flatMap { Int($0) }, "\(text)")
    #expect(count > 8 && count % 8 == 0)
    #expect(try Self.told(", accelerators: \(count)").isEmpty)
    for fewer in stride(from: 8, to: count, by: 8) {
      #expect(try !Self.told(", accelerators: \(fewer)").isEmpty)
    }
  }

  @Test func aWishThatIsInTheWayIsNamed() throws {
    let text = try Self.told(", accelerators: 64, optimizer-sharding: 0, recompute: none, microbatch: 8")
    #expect(text.contains("no layout on 64 accelerators fits"))
    #expect(text.contains("leave `") || text.contains("accelerators, the fewest"))
  }

  @Test func aMicrobatchThatDoesNotDivideIsNamed() throws {
    let text = try Self.told(", accelerators: 64, microbatch: 3")
    #expect(text.contains("microbatches of 3 sequences do not divide a global batch of 64"))
    #expect(text.contains("2 or 4 would"))
  }

  @Test func aNumberThatDividesNothingIsNamed() throws {
    let text = try Self.told(", accelerators: 97")
    #expect(text.contains("divides a global batch of 64") && text.contains("accelerators would"), "\(text)")
  }
}
