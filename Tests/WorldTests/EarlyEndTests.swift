import DryRack
import Synchronization
import Testing

/// Runs that end before their requests do: what they have is reported, and called incomplete.
@Suite("Early ends")
struct EarlyEndTests {
  static func loop(requests: Int, think: String = "0s", batching: String = "{ policy: continuous }") throws
    -> Scenario
  {
    try WorldTests.scenario(
      """
      version: 1
      name: loop
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          requests: \(requests)
          arrivals: { process: closed-loop, users: 64, think-time: \(think) }
          prompt-tokens: { distribution: constant, value: 16 }
          output-tokens: { distribution: constant, value: 4 }
      designs:
        one: &design
          sites: { dc: { kind: on-prem } }
          pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 300000 USD } } }
          services: { chat: { workload: chat, pool: gpu, replicas: 4, batching: \(batching) } }
        two: *design
      """)
  }

  static func completed(_ results: RunResults, _ design: String) -> Double? {
    results.row(design: design, metric: "completed")?.value
  }

  @Test("nobody who is not asked stops")
  func complete() async throws {
    var options = RunOptions()
    options.isInterrupted = { false }
    let results = await Experiment.run(try Self.loop(requests: 500), options: options)
    #expect(results.manifest.complete && results.manifest.stoppedBy == nil)
    #expect(Self.completed(results, "one") == 500 && Self.completed(results, "two") == 500)
  }

  @Test("an interruption stops a run within itself; later runs are not begun")
  func interruption() async throws {
    let questions = Atomic<Int>(0)
    // The question before the first run, and the first one within it, are answered with no.
    let isInterrupted: @Sendable () -> Bool = { questions.add(1, ordering: .relaxed).oldValue >= 2 }
    var options = RunOptions()
    options.isInterrupted = isInterrupted
    let results = await Experiment.run(try Self.loop(requests: 1_000_000), options: options)
    #expect(!results.manifest.complete && results.manifest.stoppedBy == "an interruption")
    let completed = try #require(Self.completed(results, "one"))
    #expect(completed > 10_000 && completed < 500_000)
    #expect(Self.completed(results, "two") == nil)
  }

  @Test("the limit on events is exact and holds over all runs")
  func events() async throws {
    let scenario = try Self.loop(requests: 500)
    var world = WorldOptions()
    world.maximumEvents = 300
    let outcome = Simulation.run(
      DesignModel(scenario: scenario, designIndex: 0), replication: 0, options: world)
    #expect(outcome.events == 300 && outcome.earlyEnd == .events)
    #expect(outcome.services[0].tally.isConserved)
    var options = RunOptions()
    options.maximumEvents = 300
    let results = await Experiment.run(scenario, options: options)
    #expect(results.manifest.stoppedBy == "the limit on events")
    #expect(Self.completed(results, "one") == Double(outcome.services[0].tally.completed))
    #expect(Self.completed(results, "two") == nil)
  }

  @Test(
    "no request is lost wherever a run ends",
    arguments: [
      "{ policy: continuous }", "{ policy: static, size: 8, timeout: 1s }",
      "{ policy: dynamic-window, size: 8 }",
    ])
  func anywhere(batching: String) throws {
    let scenario = try Self.loop(requests: 100, batching: batching)
    let model = DesignModel(scenario: scenario, designIndex: 0)
    for limit in 1...700 {
      var options = WorldOptions()
      options.maximumEvents = limit
      let outcome = Simulation.run(model, replication: 0, options: options)
      #expect(outcome.services[0].tally.isConserved && (outcome.isComplete || outcome.events == limit))
    }
  }

  @Test("a run that would outlast the clock ends before it and says so")
  func endOfTime() async throws {
    let scenario = try Self.loop(requests: 20_000, think: "30d")
    let outcome = Simulation.run(DesignModel(scenario: scenario, designIndex: 0), replication: 0)
    #expect(outcome.earlyEnd == .endOfTime && outcome.end <= Ticks(seconds: 5e8))
    #expect(outcome.services[0].tally.completed > 64 * 190)
    let slow = try WorldTests.scenario(
      """
      version: 1
      name: slow
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          requests: 50
          arrivals: { process: poisson, rate: 0.00000001/s }
          prompt-tokens: { distribution: constant, value: 16 }
          output-tokens: { distribution: constant, value: 4 }
      designs: { managed: { services: { chat: { workload: chat, endpoint: together-llama-3.1-8b } } } }
      """)
    let results = await Experiment.run(slow, options: RunOptions())
    #expect(results.manifest.stoppedBy == "the end of simulated time, 5e8 s")
  }
}
