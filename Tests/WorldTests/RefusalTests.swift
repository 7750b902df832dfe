import DryRack
import Kernel
import Testing

@testable import Experiments
@testable import World

/// What follows when a request is turned away.
@Suite struct RefusalTests {
  private static func scenario(users: Int, think: String = "0s")
    throws -> Scenario
  {
    let text = """
      version: 1
      name: refusals
      duration: 2m
      warmup: 1m
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: closed-loop, users: \(users), think-time: \(think) }
          prompt-tokens: { distribution: constant, value: 10 }
          output-tokens: { distribution: constant, value: 5 }
      designs:
        call: { services: { chat: { workload: chat, endpoint: together-llama-3.1-8b } } }
      """
    return try ScenarioReader.read(bytes: Array(text.utf8), file: "test.yaml", folder: ".").get()
  }

  @Test("users who are refused come back later: more of them than an endpoint's limit do not stop the clock")
  func moreUsersThanTheLimit() throws {
    let scenario = try Self.scenario(users: 7000)
    let model = DesignModel(scenario: scenario, designIndex: 0)
    let tally = Simulation.run(model, replication: 0).services[0].tally
    // A thousand or so are refused at once, and come back every second until some answer makes room.
    #expect(tally.rejected > 500 && tally.rejected < 7000 * 121)
    #expect(tally.offered == tally.completed + tally.rejected + tally.running + tally.queued)
  }

  @Test("an outcome without an answer has the same readings, empty, as one with answers")
  func sameReadings() throws {
    func readings(thinking think: String) throws -> [Reading] {
      let scenario = try Self.scenario(users: 3, think: think)
      let model = DesignModel(scenario: scenario, designIndex: 0)
      let outcome = Simulation.run(model, replication: 0)
      return MetricReader(scenario: scenario, model: model, outcome: outcome).readings
    }
    let (answered, silent) = (try readings(thinking: "1s"), try readings(thinking: "5m"))
    func keys(_ readings: [Reading]) -> [[String]] {
      readings.map { [$0.workload, $0.metric, $0.statistic] }
    }
    #expect(keys(answered) == keys(silent))
    #expect(answered.filter { $0.metric == "bound_by" }.allSatisfy { $0.value != nil })
    #expect(silent.filter { $0.metric == "bound_by" }.allSatisfy { $0.value == nil })
  }
}
