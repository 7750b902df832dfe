import DryRack
import Foundation
import Testing

@testable import World

/// What several members cost, and that data stays where it may be.
@Suite("Money and places of several members")
struct PlacementMoneyTests {
  private static let endpoint = "together-llama-3.1-8b"

  private static func results(_ text: String) async throws -> RunResults {
    await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
  }

  @Test("an endpoint costs what its tokens do, a member's part or all of them")
  func tokens() async throws {
    func bill(_ share: Int) async throws -> (cost: Double, tokens: Double) {
      let text = PlacementTests.text(
        "placement: [ { pool: near }, { endpoint: \(Self.endpoint) } ], overflow: { share: { near: "
          + "\(100 - share)%, \(Self.endpoint): \(share)% } }", rate: "2/s",
        lengths: ("{ distribution: constant, value: 300 }", "{ distribution: constant, value: 40 }"))
      let results = try await Self.results(text)
      let rows = results.costs.filter { $0.serviceName == Self.endpoint }
      let member = results.rows.first {
        $0.metric == "member_output_tokens_per_s" && $0.statistic == Self.endpoint
      }
      return (rows.reduce(0) { $0 + Double($1.billedCostMicros) }, try #require(member?.value))
    }
    let quarter = try await bill(25)
    let all = try await bill(100)
    #expect(quarter.cost > 0 && quarter.tokens < all.tokens * 0.4)
    #expect(abs(quarter.cost / quarter.tokens / (all.cost / all.tokens) - 1) < 1e-6)
  }

  @Test(
    "an endpoint past its limits is passed over while somebody else is left, and turns away when nobody is")
  func throttled() throws {
    let flood = PlacementTests.text(
      "placement: [ { endpoint: \(Self.endpoint) }, { pool: near } ]",
      arrivals: "{ process: burst, count: 7000 }",
      lengths: ("{ distribution: constant, value: 20 }", "{ distribution: constant, value: 2 }"),
      head: "requests: 7000")
    let outcome = try PlacementTests.run(flood)
    let counts = PlacementTests.requests(of: outcome)
    #expect(outcome.services[0].tally.rejected == 0 && counts[1] > 0 && counts[0] > counts[1])
    let alone = try PlacementTests.run(
      flood.replacing(
        "placement: [ { endpoint: \(Self.endpoint) }, { pool: near } ]", with: "endpoint: \(Self.endpoint)"))
    #expect(alone.services[0].tally.throttled == counts[1], "the same are let in")
  }

  @Test("the cheapest that is in time: machines that are paid for before tokens, tokens before lateness")
  func cheapest() throws {
    let members = "placement: [ { endpoint: \(Self.endpoint) }, { pool: far, replicas: 1 }, { pool: near } ]"
    func counts(_ rate: Int) throws -> [Int] {
      PlacementTests.requests(
        of: try PlacementTests.run(
          PlacementTests.text(
            "\(members), overflow: cost, enters: home", rate: "\(rate)/s", egress: "0 USD/GB")))
    }
    // Without egress rented machines cost nothing more, and the owned ones their energy.
    #expect(try counts(1) == [0, 400, 0])
    let busy = try counts(40)
    #expect(busy[1] > busy[0] / 20 && busy[2] > 0 && busy[0] > 0)
  }

  @Test("requests go nowhere that their workload may not, and a constraint costs no less", arguments: 0..<6)
  func residency(number: Int) async throws {
    var stream = RandomStream(seed: 23, replication: number, entity: "residency", purpose: "test")
    func pick<T>(_ list: [T]) -> T { list[Int(stream.below(UInt32(list.count)))] }
    let all = ["{ pool: near }", "{ pool: far }", "{ endpoint: \(Self.endpoint) }"]
    let (rate, places) = (
      pick([2, 8, 20]), pick([["eu"], ["home", "together"], ["cloud"], ["on-prem", "aws"]])
    )
    let overflow = pick(["order", "forecast", "cost"])
    /// The least cost among all ways to place the service that meet the threshold; machines that a way does
    /// not name are not paid for.
    func best(_ residency: String) async throws -> Double? {
      var least: Double?
      for choice in 1..<8 {
        let members = all.indices.filter { choice >> $0 & 1 == 1 }.map { all[$0] }
        var text = PlacementTests.text(
          "placement: [ \(members.joined(separator: ", ")) ], overflow: \(overflow)", rate: "\(rate)/s",
          workload: residency, head: "requests: 200")
        for (index, pool) in ["near", "far"].enumerated() where choice >> index & 1 == 0 {
          text = text.split(separator: "\n").filter { !$0.contains("      \(pool): { site") }.joined(
            separator: "\n")
        }
        text = text.replacing("pools:\n    services", with: "services")
        guard let scenario = try? WorldTests.scenario(text) else { continue }
        let results = await Experiment.run(scenario, options: RunOptions())
        for row in results.rows where row.metric == "residency_violations" { #expect(row.value == 0) }
        guard let good = results.row(design: "one", metric: "goodput_ratio")?.value, good > 0.5,
          let cost = results.row(design: "one", metric: "cost_per_month")?.value
        else { continue }
        least = min(least ?? .infinity, cost)
      }
      return least
    }
    let free = try #require(try await best(""))
    let bound = try await best("residency: [\(places.joined(separator: ", "))]")
    if let bound { #expect(bound >= free, "\(places) at \(rate)/s by \(overflow)") }
  }
}
