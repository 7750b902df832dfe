import Catalog
import Kernel
import Oracles
import Testing

@testable import Workloads

/// With a table a decode line ends at every measured context: leaps must still land on every step.
@Suite struct TableLeapTests {
  @Test(arguments: 0..<UInt64(6)) func everyTokenComesAtTheSameTick(group: UInt64) throws {
    var made = MadeUpTable(seed: group, noise: 0.1)
    made.addKernels()
    if group % 2 == 0 { made.addMixed() }
    // Contexts so short that small loads cross them.
    for sequences in [1, 3, 9] {
      for mean in [3, 7, 40, 90] {
        made.add("attention", sequences: sequences, mean: mean, time: 4 + 0.05 * Double(sequences * mean))
      }
    }
    if group % 4 == 3 { made.addSteps() }
    let model = try TableModelTests.model(made, pipeline: group % 3 == 0 ? 2 : 1, host: group % 2 == 1)
    var crossed = 0
    for seed in (group * 16)..<(group * 16 + 16) {
      let load = LeapEqualsStepTests.randomCase(seed)
      var settings = load.settings
      settings.verifiesLeaps = true
      let walked = StepwiseEngine.run(
        load.requests, settings: load.settings, model: model, respawn: load.respawn)
      let leapt = LeapingDriver.run(load.requests, settings: settings, model: model, respawn: load.respawn)
      #expect(walked.completions.count == load.respawn ?? load.requests.count)
      #expect(leapt.completions == walked.completions, "seed \(seed), \(load.settings)")
      let sameGaps = leapt.interTokenGaps == walked.interTokenGaps
      #expect(sameGaps && leapt.busy == walked.busy && leapt.steps == walked.steps, "seed \(seed)")
      crossed += walked.completions.contains { $0.promptTokens < 40 && $0.outputTokens > 60 } ? 1 : 0
    }
    #expect(crossed > 0, "the cases must cross measured contexts")
  }
}
