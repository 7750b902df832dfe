import DryRack
import Foundation
import Testing

@testable import World

/// Routing by cost, where nodes of one member come and go and those of another stay.
@Suite("Overflow by cost")
struct OverflowCostTests {
  private static func text(_ policy: String, members: String, rent: Double = 55, least: Int = 0) -> String {
    """
    version: 1
    name: overflow
    seed: 3
    duration: 10m
    economics: { horizon: 3y, discount-rate: 0% }
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: schedule, points: [[0s, 10/s], [3m, 10/s], [4m, 80/s], [6m, 80/s], [7m, 10/s]] }
        prompt-tokens: { distribution: lognormal, mean: 1000, cv: 1, max: 8192 }
        output-tokens: { distribution: lognormal, mean: 200, cv: 0.8, max: 1024 }
        slo: { ttft: 1500ms, tpot: 80ms }
    designs:
      hybrid:
        sites:
          home:
            kind: on-prem
            electricity: 0.14 USD/kWh
            links: { us: { bandwidth: 10Gbps, latency: 45ms } }
          us: { kind: cloud, provider: aws, region: us-east-1 }
        pools:
          base: { site: home, node: hgx-h100, count: 1, purchase: { price: 290000 USD, life: 5y } }
          burst:
            site: us
            node: p5.48xlarge
            count: { min: \(least), max: 3 }
            pricing: { price: \(rent) USD/h }
            provisioning: { delay: 10s }
        services:
          chat:
            workload: chat
            placement: [ \(members) ]
            overflow: { policy: \(policy), counts: in-hand, spill-at: 100 }
    """
  }

  private static let base = "{ pool: base, replicas: 2 }"
  private static let burst =
    "{ pool: burst, autoscale: { min: 0, max: 20, metric: running, target: 40, interval: 1s, "
    + "stabilization: 5s, cold-start: 2s } }"
  private static func tokens(_ price: Double) -> String {
    "{ endpoint: together-llama-3.1-8b, pricing: { input: \(price) USD, output: \(price) USD } }"
  }

  private static func results(_ text: String) async throws -> RunResults {
    await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
  }

  private static func value(_ results: RunResults, _ metric: String, _ statistic: String = "value") throws
    -> Double
  {
    let row = results.rows.first {
      $0.metric == metric && $0.statistic == statistic && $0.replication == nil
    }
    return try #require(row?.value, "\(metric) \(statistic)")
  }

  @Test(
    "costs no more than going by the order, and answers as well",
    arguments: [
      "\(base), \(burst)", "\(burst), \(base)", "\(base), \(burst), \(tokens(0.02))",
      "\(base), \(burst), \(tokens(0.18))", "\(base), \(burst), \(tokens(50))",
      "\(base), \(tokens(0.18)), \(burst)", "\(burst), \(tokens(0.3)), \(base)",
    ])
  func noDearer(members: String) async throws {
    let cost = try await Self.results(Self.text("cost", members: members))
    let order = try await Self.results(Self.text("order", members: members))
    let (less, more) = (try Self.value(cost, "cost_per_month"), try Self.value(order, "cost_per_month"))
    #expect(less <= more * 1.001, "\(less) by cost, \(more) by the order")
    let (own, other) = (try Self.value(cost, "goodput_ratio"), try Self.value(order, "goodput_ratio"))
    #expect(own >= other - 0.01, "\(own) by cost, \(other) by the order")
  }

  @Test("owned machines fill before nodes are held for anybody, whatever energy costs")
  func ownedFirst() async throws {
    let results = try await Self.results(Self.text("cost", members: "\(Self.burst), \(Self.base)"))
    #expect(try Self.value(results, "member_requests_ratio", "base") > 0.5)
    let calm = Self.text("cost", members: "\(Self.burst), \(Self.base)").replacing(
      "[4m, 80/s], [6m, 80/s]", with: "[4m, 10/s], [6m, 10/s]")
    #expect(try Self.value(await Self.results(calm), "member_requests_ratio", "base") == 1)
  }

  @Test(
    "nodes come where they are cheaper than tokens, and stay away where tokens are", arguments: [0.02, 50])
  func either(price: Double) async throws {
    let results = try await Self.results(
      Self.text("cost", members: "\(Self.base), \(Self.burst), \(Self.tokens(price))"))
    let nodes = try Self.value(results, "pool_nodes", "burst")
    let rented = try Self.value(results, "member_requests_ratio", "burst")
    let bought = try Self.value(results, "member_requests_ratio", "together-llama-3.1-8b")
    #expect(price < 1 ? nodes == 0 && bought > 0.1 : nodes > 0.05 && rented > 2 * bought)
  }

  @Test("nodes whose hours cost nothing are as good as tokens that do not, and a minimum costs nothing more")
  func free() async throws {
    let members = "\(Self.base), \(Self.burst), \(Self.tokens(0.02))"
    let results = try await Self.results(Self.text("cost", members: members, rent: 0.0001))
    #expect(try Self.value(results, "member_requests_ratio", "burst") > 0.1)
    let held = try await Self.results(Self.text("cost", members: members, least: 1))
    #expect(try Self.value(held, "member_requests_ratio", "burst") > 0.1)
    #expect(try Self.value(held, "pool_nodes", "burst") < 1.01)
  }
}
