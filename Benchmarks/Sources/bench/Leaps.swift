import DryRack
import Oracles

/// Leaping against the engine that walks every step, on the same requests, results compared bit for bit.
enum Leaps {
  static func measure() {
    let model = LinearModel(
      coefficients: .init(
        step: 20_000_000_001, perToken: 160_000_007, perSequence: 123_000_003, perContextEntry: 160_003,
        perAttentionProduct: 1_009))
    let settings = ReplicaSettings(
      batching: .continuous, maximumSequences: 256, maximumBatchedTokens: 8192, blockSize: 16, blocks: 27_000)
    for (name, rate) in [("light, 2/s", 2.0), ("medium, 20/s", 20.0), ("saturated, 60/s", 60.0)] {
      var stream = RandomStream(seed: 1, replication: 0, entity: "leaps", purpose: "requests")
      var time = 0.0
      let requests = (0..<10_000).map { _ -> StepwiseRequest in
        time += stream.exponential() / rate
        return StepwiseRequest(
          arrival: Ticks(seconds: time), promptTokens: Int32(1 + stream.below(2000)),
          outputTokens: Int32(1 + stream.below(420)))
      }
      var leapt = StepwiseResult()
      var walked = StepwiseResult()
      let fast = median { leapt = LeapingDriver.run(requests, settings: settings, model: model) }
      let start = userSeconds()
      walked = StepwiseEngine.run(requests, settings: settings, model: model)
      let slow = userSeconds() - start
      precondition(leapt.completions == walked.completions, "leaping equals walking")
      line("leap / walk, \(name)", "ratio \(rounded(slow / fast)) (goal 5), equal to the bit")
    }
  }
}
