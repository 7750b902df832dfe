import Economics
import Foundation
import Quantities
import Testing

@testable import Scenario

@Suite("Keys of capacity and demand over time")
struct CalendarKeysTests {
  private static func design(_ services: String, count: Int) throws -> Design {
    let text = """
      version: 1
      name: reduced
      duration: 1m
      workloads:
        a: &w
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: constant, rate: 1/s }
          prompt-tokens: { distribution: constant, value: 100 }
          output-tokens: { distribution: constant, value: 10 }
        b: *w
        c: *w
      designs:
        own:
          sites: { dc: { kind: on-prem } }
          pools:
            other: { site: dc, node: hgx-h100, count: 1, fabric: ethernet-100g }
            gpu: { site: dc, node: hgx-h100, count: \(count), fabric: ethernet-100g }
          services: { \(services) }
      """
    return try ScenarioReader.read(bytes: Array(text.utf8), file: "reduced.yaml", folder: "/nowhere").get()
      .designs[0]
  }

  @Test("a smaller fleet holds replicas in proportion, never more than fit, and none more with fewer nodes")
  func reduced() throws {
    let design = try Self.design(
      "a: { workload: a, pool: gpu, replicas: 23 }, "
        + "b: { workload: b, pool: gpu, replicas: 3, parallelism: { tensor: 2 } }, "
        + "c: { workload: c, pool: other, disaggregation: { prefill: { replicas: 2 }, "
        + "decode: { pool: gpu, replicas: 1, parallelism: { tensor: 2 } } } }",
      count: 4)
    var before: [String: Int] = [:]
    for nodes in 0...4 {
      let reduced = design.reduced(to: [1, nodes])
      #expect(reduced.pools.map(\.nodeCount) == (nodes == 0 ? [1] : [1, nodes]))
      for (index, pool) in reduced.pools.enumerated() {
        #expect(reduced.acceleratorsHeldByServices(onPool: index) <= pool.accelerators)
      }
      let replicas = Dictionary(
        uniqueKeysWithValues: reduced.services.map { ($0.name, $0.deployments.map(\.replicas).reduce(0, +)) })
      for (name, count) in before { #expect(replicas[name] ?? 0 >= count, "\(name) at \(nodes)") }
      before = replicas
      // Of a single node the third one's two accelerators are taken.
      #expect(replicas.count == min(3, nodes == 0 ? 0 : nodes + 1), "whoever would have none goes first")
    }
    #expect(before == ["a": 23, "b": 3, "c": 3])
  }

  @Test("a replica over two nodes needs both")
  func twoNodes() throws {
    let design = try Self.design(
      "a: { workload: a, pool: gpu, replicas: 2, parallelism: { tensor: 8, pipeline: 2 } }", count: 4)
    #expect(
      (0...4).map { design.reduced(to: [1, $0]).services.first?.deployments[0].replicas ?? 0 }
        == [0, 0, 1, 1, 2])
  }

  @Test("stages follow the times of all pools")
  func stages() throws {
    var design = try Self.design("a: { workload: a, pool: gpu }", count: 4)
    design.pools[1].deliveries = [Delivery(at: Seconds(10), nodes: 1), Delivery(at: Seconds(30), nodes: 3)]
    design.pools[1].acceptance = Seconds(5)
    design.sites[0].leadTime = Seconds(20)
    #expect(design.stages().map(\.nodes) == [[0, 0], [0, 1], [1, 1], [1, 4]])
    #expect(design.stages().map(\.from.value) == [0, 15, 20, 35])
    #expect(design.batches(of: design.pools[1]).map(\.ordered.value) == [0, 10])
  }

  @Test(
    "what is meant is read",
    arguments: [
      ("pricing: on-demand, deliveries: [ { at: 1mo, count: 1 }, { at: 2mo, count: 1 } ]", ""),
      ("purchase: { price: 1 USD }, acceptance: 2w, deliveries: [ { at: 0s, count: 2, price: 3 USD } ]", ""),
      (
        "pricing: on-demand",
        "demand: { growth: 5%/y, scenarios: { low: 1%/y, high: { growth: 9%/y, most: 4 } } }"
      ),
      ("pricing: on-demand", "demand: { scenarios: { base: 20%/y } }, unmet: { per-request: 1 USD }"),
      ("pricing: on-demand", "demand: { seasons: [ 1, 0, 2 ], simulate: every-month }"),
    ])
  func accepted(pool: String, economics: String) {
    #expect(MoneyKeysTests.faults(pool, economics: economics) == [])
  }

  @Test(
    "what cannot be is refused",
    arguments: [
      (
        "pricing: on-demand, deliveries: [ { at: 1mo, count: 3 } ]", "",
        "the deliveries bring 3 nodes, `count` is 2"
      ),
      (
        "pricing: on-demand, deliveries: [ { at: 1mo, count: 2, price: 1 USD } ]", "",
        "only nodes that are bought have a price of their own"
      ),
      ("pricing: on-demand, deliveries: [ { count: 2 } ]", "", "the key 'at' is missing"),
      (
        "pricing: on-demand", "demand: { growth: 5%/y, scenarios: { base: 1%/y } }",
        "the scenario `base` says how demand grows"
      ),
      ("pricing: on-demand", "unmet: { }", "expected one of `per-request` and `per-million-tokens`"),
      (
        "pricing: on-demand", "unmet: { per-request: 1 USD, per-million-tokens: 1 USD }",
        "expected one of `per-request` and `per-million-tokens`"
      ),
      ("pricing: on-demand", "demand: { scenarios: { a: often } }", "expected a quantity, found 'often'"),
      (
        "pricing: on-demand", "demand: { seasons: [ -1 ] }", "expected a number from 0.0 to 1000.0"
      ),
    ])
  func refused(pool: String, economics: String, message: String) {
    #expect(MoneyKeysTests.faults(pool, economics: economics) == [message])
  }

  @Test("nothing comes before the lead time, and jobs need their pool whole")
  func places() {
    let early = MoneyKeysTests.faults(
      "pricing: on-demand, deliveries: [ { at: 1mo, count: 2 } ]", site: ", lead-time: 9w")
    #expect(early == ["nothing comes before the site's lead time of 63 days after the start"])
  }

  @Test("drift grows with the time since the last training, up to its end")
  func drift() {
    let month = 730.5 * 3600
    let never = Drift(monthly: 0.1, most: 0.25, retrained: nil)
    #expect(
      [0, 1, 2, 3, 40].map { never.factor(at: Seconds(Double($0) * month)) }
        == [1, 1.1, 1.2, 1.25, 1.25])
    let often = Drift(monthly: 0.1, most: 1, retrained: Seconds(2 * month))
    #expect([0.5, 1.5, 2.5, 3.5].map { often.factor(at: Seconds($0 * month)) } == [1.05, 1.15, 1.05, 1.15])
  }
}
