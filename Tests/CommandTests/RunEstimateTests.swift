import DryRack
import Foundation
import Testing

@testable import Command

/// What `plan` says of a run, against the run.
@Suite("Estimates of runs")
struct RunEstimateTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Of long runs only so much is simulated as to take about this many events, so that the test is quick.
  private static let enough = 60_000.0

  private func expect(_ whole: Scenario, sourceLocation: SourceLocation = #_sourceLocation) {
    for design in whole.designs.indices {
      var scenario = whole
      let share = Self.enough / RunEstimate.eventsOfRun(whole, design: design)
      if share < 1, let duration = whole.duration {
        let warmup = if case .fixed(let warmup) = whole.warmup { warmup.seconds } else { 0.0 }
        scenario.duration = Ticks(seconds: min(duration.seconds, max(4 * warmup, duration.seconds * share)))
      }
      let model = DesignModel(scenario: scenario, designIndex: design)
      let events = Double(Simulation.run(model, replication: 0).events)
      // Recorded jobs and collectives alone are worked out without an event.
      if events == 0 && RunEstimate.eventsOfRun(scenario, design: design) == 0 { continue }
      let ratio = RunEstimate.eventsOfRun(scenario, design: design) / events
      let name = "\(scenario.name), \(scenario.designs[design].name): \(ratio) of \(events) events"
      #expect(ratio > 1 / 3.0 && ratio < 3, "\(name)", sourceLocation: sourceLocation)
    }
  }

  @Test("events are right within a factor of three on every shipped scenario")
  func shipped() throws {
    for template in ScenarioTemplate.all where template.isScenario {
      expect(
        try ScenarioReader.read(path: Self.root.appendingPathComponent("scenarios/\(template.path)").path)
          .get())
    }
  }

  static func scenario(_ traffic: String, batching: String = "continuous") throws -> Scenario {
    let text = """
      version: 1
      name: estimate
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          \(traffic.replacing("\n", with: "\n    "))
      duration: 5m
      designs:
        own:
          sites: { dc: { kind: on-prem } }
          pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 300000 USD } } }
          services: { chat: { workload: chat, pool: gpu, replicas: 2, batching: { policy: \(batching) } } }
        managed: { services: { chat: { workload: chat, endpoint: together-llama-3.1-8b } } }
      """
    return try ScenarioReader.read(bytes: Array(text.utf8), file: "estimate.yaml", folder: "/nowhere").get()
  }

  @Test(
    "and on every kind of arrivals, with lengths alike and apart",
    arguments: [
      "{ process: closed-loop, users: 40 }", "{ process: closed-loop, users: 6, think-time: 2s }",
      "{ process: burst, count: 3000 }", "{ process: diurnal, mean: 5/s, peak-to-mean: 2, period: 3m }",
      "{ process: schedule, points: [[0s, 2/s], [2m, 20/s], [4m, 0/s]] }", "{ process: constant, rate: 9/s }",
    ],
    [
      """
      prompt-tokens: { distribution: constant, value: 300 }
      output-tokens: { distribution: constant, value: 80 }
      """,
      """
      prompt-tokens: { distribution: lognormal, mean: 700, cv: 1, max: 6000 }
      output-tokens: { distribution: gamma, mean: 120, cv: 0.8, min: 1, max: 1000 }
      """,
    ])
  func arrivals(process: String, lengths: String) throws {
    expect(try Self.scenario("arrivals: \(process)\n\(lengths)"))
  }

  @Test("a plan tells events, time and memory of every scenario in round numbers")
  func lines() throws {
    let scenario = try Self.scenario(
      """
      arrivals: { process: poisson, rate: 10/s }
      prompt-tokens: { distribution: constant, value: 300 }
      output-tokens: { distribution: constant, value: 80 }
      """)
    let lines = RunEstimate(scenario, designs: [0], replications: 1).lines
    #expect(lines.map(\.name) == ["events", "time", "memory"])
    #expect(lines[0].value == "about 19000" && lines[1].value == "about 0.019 s on one core")
    #expect(lines[2].value.hasPrefix("about 21 MiB"))
  }
}
