import DryRack
import Foundation
import Testing

/// Smaller models in whole scenarios: beside the large one as drafts, or instead of it.
@Suite struct SpeculationScenarioTests {
  static func text(_ services: [(name: String, keys: String)], rate: String = "1/s") -> String {
    let designs = services.map { service in
      """
        \(service.name):
          sites: { us: { kind: cloud } }
          pools:
            gpu:
              site: us
              node: { accelerator: h100-sxm, accelerators: 4 }
              count: 1
              pricing: { price: 4 USD/gpu-hour }
          services: { chat: { workload: chat, pool: gpu, replicas: 1, \(service.keys) } }
      """
    }
    return """
      version: 1
      name: smaller
      economics: { horizon: 2y }
      workloads:
        chat:
          kind: inference
          model: llama-3.1-70b
          requests: 150
          arrivals: { process: poisson, rate: \(rate) }
          prompt-tokens: { distribution: constant, value: 300 }
          output-tokens: { distribution: lognormal, mean: 200, cv: 0.5, max: 600 }
      designs:
      \(designs.joined(separator: "\n"))
      """
  }

  static let large = "parallelism: { tensor: 4 }, precision: { weights: fp8 }"

  static func results(_ services: [(name: String, keys: String)], rate: String = "1/s") async throws
    -> RunResults
  {
    await Experiment.run(try WorldTests.scenario(text(services, rate: rate)), options: RunOptions())
  }

  @Test func aDraftPaysWhereMemoryIsTheLimit() async throws {
    let results = try await Self.results([
      ("plain", Self.large),
      ("drafted", Self.large + ", speculation: { tokens: 4, acceptance: 0.75, draft: llama-3.1-8b }"),
      ("refused", Self.large + ", speculation: { tokens: 4, acceptance: 0, draft: llama-3.1-8b }"),
      ("looked-up", Self.large + ", speculation: { tokens: 4, acceptance: 0.75, draft-cost: 0% }"),
    ])
    func tpot(_ design: String) throws -> Double {
      try #require(results.row(design: design, metric: "tpot_s", statistic: "mean")?.value)
    }
    #expect(try tpot("drafted") < tpot("plain"))
    #expect(try tpot("refused") > tpot("plain"))
    #expect(try tpot("looked-up") < tpot("drafted"))
  }

  /// The draft's weights and KV entries take room from the large model's.
  @Test func aDraftTakesMemory() throws {
    let scenario = try WorldTests.scenario(
      Self.text([
        ("plain", Self.large),
        ("drafted", Self.large + ", speculation: { tokens: 4, acceptance: 0.75, draft: llama-3.1-8b }"),
      ]))
    let plans = scenario.designs.map { $0.services[0].deployments[0].memory }
    #expect(plans[1].blocks < plans[0].blocks)
    #expect(plans[1].weights == plans[0].weights + plans[1].draftWeights)
    // Eight billion weights in a byte each, embeddings in two, over four accelerators.
    #expect((2.0e9...2.4e9).contains(plans[1].draftWeights.value))
    let perToken = plans[1].keyValueBytesPerToken.value / plans[0].keyValueBytesPerToken.value
    #expect(abs(perToken - (1 + 32.0 / 80)) < 1e-9)
  }

  @Test func aStudentPaysBack() async throws {
    let results = try await Self.results([
      ("teacher", Self.large),
      (
        "student",
        "model: llama-3.1-8b, one-off: [ { name: distillation, gpu-hours: 2000, price: 3 USD/gpu-hour } ]"
      ),
    ])
    func value(_ design: String, _ metric: String, _ statistic: String = "value") throws -> Double {
      try #require(results.row(design: design, metric: metric, statistic: statistic)?.value)
    }
    // Decoding reads weights: 16-bit 8B on one accelerator against 8-bit 70B on four is about as much.
    #expect(try value("student", "tpot_s", "mean") < value("teacher", "tpot_s", "mean"))
    // Same pools: the student never pays back, and says so.
    #expect(results.row(design: "student", metric: "payback_days")?.value == nil)
    #expect(results.notes.contains { $0.contains("never paid back") })
    #expect(
      try abs(value("student", "cost_per_month") - value("teacher", "cost_per_month") - 6000 / 24) < 0.01)
    let invoices = results.costs.filter { $0.design == "student" && $0.chargeCategory == "Purchase" }
    #expect(invoices.map(\.billedCostMicros) == [6_000_000_000] && invoices[0].pricingUnit == "GPU-Hours")
    let present = try value("student", "cost_npv") - value("teacher", "cost_npv")
    #expect(abs(present - 6000) < 0.01, "it is paid at once")
  }

  /// Saved a day: three GPUs at 4 USD an hour.
  @Test func payBackIsCostOverSaving() async throws {
    var text = Self.text([
      ("teacher", Self.large),
      ("student", "model: llama-3.1-8b, one-off: [ { name: distillation, cost: 28800 USD } ]"),
    ])
    let place = try #require(text.range(of: "accelerators: 4", options: .backwards))
    text.replaceSubrange(place, with: "accelerators: 1")
    let results = await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
    let days = try #require(results.row(design: "student", metric: "payback_days")?.value)
    #expect(abs(days - 100) < 1e-3)
  }

  @Test(arguments: [
    ("speculation: { tokens: 4, acceptance: 0.7 }", "who drafts"),
    ("speculation: { tokens: 4, acceptance: 0.7, draft: llama-3.1-8b, draft-cost: 5% }", "not both"),
    ("speculation: { tokens: 4, acceptance: 1.7, draft-cost: 5% }", "from 0.0 to 1.0"),
    ("speculation: { tokens: 4, acceptance: 0.7, draft-cost: 150% }", "at most a whole step"),
    (
      "speculation: { tokens: 4, acceptance: 0.7, draft-cost: 5% }, batching: { policy: static, size: 4 }",
      "continuous batches"
    ),
    (
      "speculation: { tokens: 20, acceptance: 0.7, draft-cost: 5% }, cache: { prefix: true }",
      "shorter than a KV block"
    ),
    ("one-off: [ { name: training } ]", "expected a `cost`"),
    ("one-off: [ { name: training, cost: 9e17 USD } ]", "at most"),
    ("model: llama-3.1-8c", "did you mean 'llama-3.1-8b'"),
  ])
  func contradictionsAreNamed(keys: String, says: String) {
    let text = Self.text([("one", Self.large + ", " + keys)])
    guard case .failure(let report) = ScenarioReader.read(bytes: Array(text.utf8), file: "t", folder: "/")
    else {
      Issue.record("\(keys) was accepted")
      return
    }
    #expect(report.faults.contains { "\($0.message) \($0.help ?? "")".contains(says) }, "\(report.faults)")
  }
}
