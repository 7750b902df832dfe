import DryRack
import Testing

/// Emissions of making the machines: they go by the machines and their life, not by what these do.
@Suite("Embodied carbon")
struct EmbodiedCarbonTests {
  static func results(
    _ pool: String, node: String = "hgx-h100", site: String = "kind: on-prem, carbon: 400 g/kWh",
    rate: Double = 1, count: Int = 2
  ) async throws -> RunResults {
    let text = """
      version: 1
      name: embodied
      duration: 1m
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: constant, rate: \(rate)/s }
          prompt-tokens: { distribution: constant, value: 200 }
          output-tokens: { distribution: constant, value: 20 }
      designs:
        own:
          sites: { dc: { \(site) } }
          pools: { gpu: { site: dc, node: \(node), count: \(count), \(pool) } }
          services: { chat: { workload: chat, pool: gpu, replicas: 1 } }
      """
    return await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
  }

  static func kilograms(_ results: RunResults) -> Double? {
    results.row(design: "own", metric: "carbon_embodied_kg")?.value
  }

  /// Eight accelerators and their parts of a host, as the catalogue has them.
  static func catalogued() throws -> Double {
    func kilograms(_ kind: Kind, _ name: String) throws -> Double {
      let facts = Catalog.builtIn.rows(of: kind, named: name)
      return try #require(facts.first { $0.key == "embodied-carbon" }?.number)
    }
    return 8 * (try kilograms(.accelerators, "h100-sxm") + kilograms(.hosts, "generic"))
  }

  @Test("a node's emissions are spread evenly over its life, or until it is replaced")
  func life() async throws {
    let node = try Self.catalogued()
    for (purchase, months) in [
      ("{ price: 1 USD }", 60.0), ("{ price: 1 USD, life: 4y }", 48), ("{ price: 1 USD, life: 30mo }", 30),
      ("{ price: 1 USD, life: 5y, refresh: { every: 2y } }", 24),
      ("{ price: 300000 USD, life: 4y, lease: { term: 3y, rate: 7% } }", 60),
    ] {
      let found = try #require(Self.kilograms(try await Self.results("purchase: \(purchase)")))
      #expect(abs(found / (2 * node / months) - 1) < 1e-9, "\(purchase): \(found)")
    }
  }

  @Test("an idle machine emits for its making what a busy one does; twice the machines emit twice")
  func load() async throws {
    let idle = try await Self.results("purchase: { price: 1 USD }", rate: 0.05)
    let busy = try await Self.results("purchase: { price: 1 USD }", rate: 30)
    let more = try await Self.results("purchase: { price: 1 USD }", count: 4)
    let kilograms = try #require(Self.kilograms(idle))
    #expect(kilograms > 0 && Self.kilograms(busy) == kilograms)
    #expect(abs(try #require(Self.kilograms(more)) / kilograms - 2) < 1e-12)
    // It stands beside what electricity emits, not in it.
    let power = busy.row(design: "own", metric: "carbon_kg")?.value
    let energy = try #require(busy.row(design: "own", metric: "energy_kwh")?.value)
    #expect(abs(try #require(power) - 0.4 * energy) < 1e-9 * energy)
  }

  @Test("rented nodes count for the hours they are held, over five years")
  func rented() async throws {
    let cloud = "kind: cloud, provider: aws, region: us-east-1, carbon: 400 g/kWh"
    let node = try Self.catalogued()
    let whole = try await Self.results("pricing: on-demand", node: "p5.48xlarge", site: cloud)
    #expect(abs(try #require(Self.kilograms(whole)) / (2 * node / 60) - 1) < 1e-9)
    let part = try await Self.results(
      "pricing: on-demand, daily-use: 6h", node: "p5.48xlarge", site: cloud)
    #expect(abs(try #require(Self.kilograms(part)) / (2 * node / 60) - 0.25) < 1e-9)
    // What is paid for whatever is used stands there for nobody else.
    let reserved = try await Self.results(
      "pricing: reserved-1y, daily-use: 6h", node: "p5.48xlarge", site: cloud)
    #expect(Self.kilograms(reserved) == Self.kilograms(whole))
  }

  @Test("a pool says it for nodes of which nobody does; else it is unknown, and a note tells")
  func unknown() async throws {
    let node = "{ accelerator: l40s, accelerators: 1 }"
    let nothing = try await Self.results("purchase: { price: 1 USD }", node: node)
    #expect(nothing.row(design: "own", metric: "carbon_embodied_kg") != nil && Self.kilograms(nothing) == nil)
    #expect(nothing.notes.contains { $0.contains("emissions of making '1x-l40s'") })
    let said = try await Self.results("purchase: { price: 1 USD }, embodied-carbon: 1.2t", node: node)
    #expect(abs(try #require(Self.kilograms(said)) - 2 * 1200 / 60) < 1e-9)
    #expect(!said.notes.contains { $0.contains("emissions of making") })
    // Who says nothing of emissions gets no rows of them.
    let silent = try await Self.results("purchase: { price: 1 USD }", site: "kind: on-prem")
    #expect(silent.row(design: "own", metric: "carbon_embodied_kg") == nil)
  }
}
