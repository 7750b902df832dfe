import DryRack
import Testing

/// Rates are work over time: neither the tail of a run nor its warm-up bends them.
@Suite("Rates and what is paid by them")
struct RateTests {
  static func text(
    arrivals: String, ends: String = "duration: 5m", warmup: String = "0s", workload: String = "",
    services: [String], lengths: String? = nil
  ) -> String {
    let machines = """
          sites: { dc: { kind: on-prem } }
          pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 280000 USD } } }
      """
    let written = services.enumerated().map { index, service in
      """
        d\(index):
      \(service.contains("pool") ? machines : "")
          services: { chat: { workload: chat, \(service) } }
      """
    }.joined(separator: "\n")
    return """
      version: 1
      name: rates
      \(ends)
      warmup: \(warmup)
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: \(arrivals)
          \(lengths ?? "prompt-tokens: { distribution: lognormal, mean: 500, cv: 1, max: 4000 }")
          output-tokens: { distribution: lognormal, mean: 300, cv: 1, max: 3000 }
          slo: { e2e: 4s }
          \(workload)
      designs:
      \(written)
      """
  }

  static let pool = "pool: gpu, replicas: 1"
  static let endpoint = "endpoint: together-llama-3.1-8b"

  static func results(_ text: String) async throws -> RunResults {
    await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
  }

  @Test("users are where they are: as many as there are answers a second times seconds of a round (Little)")
  func little() async throws {
    for (users, think) in [(100, 0.0), (40, 5)] {
      let text = Self.text(
        arrivals: "{ process: closed-loop, users: \(users), think-time: \(think)s }", ends: "duration: 30m",
        warmup: "2m", services: [Self.pool, Self.endpoint])
      let results = try await Self.results(text)
      for design in results.designs.map(\.name) {
        let rate = try #require(results.row(design: design, metric: "throughput_rps")?.value)
        let time = try #require(results.row(design: design, metric: "e2e_s", statistic: "mean")?.value)
        let found = rate * (time + think)
        #expect(abs(found / Double(users) - 1) < 0.01, "\(design): \(found) of \(users) users")
      }
    }
  }

  /// The definition, on the rows of the requests: the slow way.
  @Test(
    "a rate counts the answers while requests were sent, and all of a burst",
    arguments: [
      ("{ process: poisson, rate: 4/s }", "duration: 2m"),
      ("{ process: constant, rate: 200/s }", "duration: 10s"),
      ("{ process: closed-loop, users: 30 }", "duration: 1m"), ("{ process: burst, count: 200 }", ""),
    ], ["", "requests: 150"])
  func oracle(process: (arrivals: String, ends: String), workload: String) throws {
    for warmup in process.arrivals.contains("burst") ? ["0s"] : ["0s", "300ms", "5s"] {
      let scenario = try WorldTests.scenario(
        Self.text(
          arrivals: process.arrivals, ends: process.ends, warmup: warmup, workload: workload,
          services: [Self.pool, Self.endpoint]))
      for design in scenario.designs.indices {
        var options = WorldOptions()
        options.keepsRequests = true
        let outcome = Simulation.run(
          DesignModel(scenario: scenario, designIndex: design), replication: 0, options: options)
        let span = outcome.services[0].rateSpan(from: outcome.measuredFrom)
        let answers = outcome.records.compactMap { row in
          row.e2e.map { (sent: row.sent, at: row.sent + $0, row) }
        }
        let measured = answers.filter { $0.sent >= outcome.measuredFrom }
        if measured.isEmpty {
          #expect(span.seconds == nil)
          continue
        }
        let lastSent = outcome.records.map(\.sent).max()!
        let isCut = outcome.records.count == 150 || scenario.duration == nil
        let end = isCut ? lastSent : scenario.duration!
        let early = answers.filter { $0.at >= outcome.measuredFrom && $0.at <= end }
        let isTail = end <= outcome.measuredFrom || 2 * early.count < measured.count
        let counted = isTail ? measured : early
        let until = isTail ? answers.map(\.at).max()! : end
        #expect(span.seconds == (until - outcome.measuredFrom).seconds, "\(process) \(warmup)")
        #expect(span.answers.requests == counted.count, "\(process) \(warmup)")
        #expect(span.answers.outputTokens == counted.reduce(0) { $0 + Int64($1.2.outputTokens) })
        #expect(span.answers.good == counted.filter { $0.2.e2e! <= Ticks(seconds: 4) }.count)
      }
    }
  }

  @Test("an endpoint bills what was sent to it, whatever its speed")
  func bills() async throws {
    let names = [
      "together-llama-3.1-8b", "cerebras-llama-3.1-8b", "groq-llama-3.1-8b", "novita-llama-3.1-8b",
    ]
    let text = Self.text(
      arrivals: "{ process: poisson, rate: 3/s }", ends: "duration: 1m", warmup: "5s",
      services: names.map { "endpoint: \($0)" })
    var options = RunOptions()
    options.keepRequests = true
    let results = await Experiment.run(try WorldTests.scenario(text), options: options)
    for (design, name) in zip(results.designs, names) {
      let preset = try #require(Catalog.builtIn.endpoint(name))
      let billed = results.requests.filter {
        $0.design == design.name && $0.arrivalSeconds >= 5 && $0.status == "completed"
      }
      let prompt = Double(billed.reduce(0) { $0 + $1.promptTokens })
      let output = Double(billed.reduce(0) { $0 + $1.outputTokens })
      let spent = prompt * preset.inputPricePerMillion.units + output * preset.outputPricePerMillion.units
      let month = spent / 1e6 / 55 * 730.5 * 3600
      let cost = try #require(results.row(design: design.name, metric: "cost_per_month")?.value)
      #expect(abs(cost / month - 1) < 1e-6, "\(name)")
      let each = try #require(
        results.row(design: design.name, metric: "cost_per_million_output_tokens")?.value)
      #expect(abs(each / (spent / output) - 1) < 1e-6, "\(name)")
    }
  }

  @Test("what was not measured is not known: no rate, no bill by the token, no threshold that holds")
  func unknown() async throws {
    let text =
      Self.text(
        arrivals: "{ process: poisson, rate: 50/s }", ends: "", warmup: "10s", workload: "requests: 20",
        services: [Self.pool, Self.endpoint])
      + "\nthresholds: [ \"cost_per_month < 1e9\", \"throughput_rps >= 0\" ]"
    let results = try await Self.results(text)
    for metric in [
      "throughput_rps", "goodput_rps", "goodput_ratio", "output_tokens_per_s", "total_tokens_per_s",
      "cost_per_good_request", "cost_per_million_output_tokens",
    ] {
      let values = results.rows.filter { $0.metric == metric }.map(\.value)
      #expect(!values.isEmpty && values.allSatisfy { $0 == nil }, "\(metric)")
    }
    for metric in ["cost_per_month", "cost_total", "cost_npv"] {
      #expect(results.row(design: "d0", metric: metric)?.value != nil, "bought machines cost what they cost")
      #expect(results.row(design: "d1", metric: metric)?.value == nil, "\(metric)")
    }
    #expect(results.verdicts.filter { $0.value == nil }.allSatisfy { !$0.holds })
    #expect(results.notes.contains { $0.contains("nothing is measured") })
    #expect(!results.notes.contains { $0.contains("of 0 requests") })
  }
}
