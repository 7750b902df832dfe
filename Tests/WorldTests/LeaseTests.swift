import DryRack
import Foundation
import Testing

@Suite("Leased nodes")
struct LeaseTests {
  typealias Laws = MoneyLawTests

  private static func yearly(_ results: RunResults, _ what: String, from month: Int = 0) -> Double {
    results.costs.filter {
      $0.design == "own" && $0.chargeDescription.hasPrefix(what) && (month..<month + 12).contains($0.month)
    }.reduce(0) { $0 + Double($1.billedCostMicros) / 1e6 }
  }

  @Test(
    "support goes by the price of a node, whatever is paid for the lease",
    arguments: [
      "price: 300000 USD, lease: { term: 3y, payment: 9000 USD/month }",
      "price: 300000 USD, lease: { term: 3y, payment: 1 USD/month }",
      "price: 300000 USD, residual: 20%, lease: { term: 2y, rate: 7% }", "price: 300000 USD, life: 4y",
    ])
  func support(purchase: String) async throws {
    let results = try await Laws.results(Laws.own("\(purchase), support: 10%/y"))
    #expect(abs(Self.yearly(results, "support") - 2 * 30_000) < 1e-6)
  }

  @Test("payments come for the term and on, and the network lives its own life")
  func network() async throws {
    func purchases(_ more: String) async throws -> [Int] {
      let results = try await Laws.results(
        Laws.own("lease: { term: 2y, payment: 100 USD/month }\(more)", pool: ", fabric: infiniband-ndr"),
        economics: "horizon: 9y, discount-rate: 0%")
      #expect(Self.yearly(results, "lease") == 2_400 && Self.yearly(results, "lease", from: 84) == 2_400)
      return results.costs.filter { $0.chargeCategory == "Purchase" }.map(\.month)
    }
    let (usual, short, none) = (
      try await purchases(""), try await purchases(", life: 3y"), try await purchases(", fabric: included")
    )
    #expect(usual == [0, 60] && short == [0, 36, 72] && none == [])
  }

  @Test("a lease at a rate costs what the payments of a loan do that leave the residual value")
  func rate() async throws {
    let results = try await Laws.results(
      Laws.own("price: 300000 USD, residual: 20%, lease: { term: 3y, rate: 8% }"))
    let month: Double = 0.08 / 12
    let payment = (300_000 - 60_000 * pow(1 + month, -36)) * month / (1 - pow(1 + month, -36))
    #expect(abs(Self.yearly(results, "lease") - 24 * payment) < 0.01)
    #expect(abs(try Laws.value(results, "cost_total") - 72 * payment) < 0.01)
  }
}
