import Catalog
import Kernel
import Oracles
import Testing
import Workloads

/// How prompts run beside decodes, where it can be told by hand. That leaps equal steps under each of them is
/// seen together with all other features: `LeapEqualsStepTests.randomCase` draws them.
@Suite struct PromptSchedulingTests {
  /// Every computed token takes a millisecond, and nothing else any time.
  private static let model = LinearModel(
    coefficients: .init(
      step: 1, perToken: 16_000_000 * fineTicksPerTick, perSequence: 0, perContextEntry: 0,
      perAttentionProduct: 0))

  /// Times of the first and the last token of each request [ms], by the order of arrival.
  private static func run(
    _ prompts: PromptScheduling, budget: Int, _ requests: [(at: Double, prompt: Int32, output: Int32)]
  ) -> [[Int]] {
    var settings = ReplicaSettings(
      batching: .continuous, maximumSequences: 4, maximumBatchedTokens: budget, blockSize: 1, blocks: 1_000)
    settings.prompts = prompts
    settings.verifiesLeaps = true
    let loads = requests.map {
      StepwiseRequest(arrival: Ticks(seconds: $0.at / 1e3), promptTokens: $0.prompt, outputTokens: $0.output)
    }
    func milliseconds(_ time: Ticks) -> Int { Int((time.seconds * 1e3).rounded()) }
    return LeapingDriver.run(loads, settings: settings, model: model).completions
      .sorted { $0.handle < $1.handle }
      .map { [milliseconds($0.firstToken), milliseconds($0.lastToken)] }
  }

  /// The second request comes while the first decodes: beside it, it waits for one more token; before it, the
  /// first waits for ten.
  @Test(arguments: [
    (PromptScheduling.chunked, [[10, 26], [22, 30]]), (.whole, [[10, 26], [22, 30]]),
    (.first, [[10, 27], [21, 30]]),
  ])
  func latecomer(prompts: PromptScheduling, expected: [[Int]]) {
    #expect(Self.run(prompts, budget: 20, [(0, 10, 5), (10.5, 10, 7)]) == expected)
  }

  /// Of three prompts of ten tokens, fifteen to a step, the second is cut or waits for a step of its own.
  @Test(arguments: [
    (PromptScheduling.chunked, [15, 30, 33]), (.whole, [10, 21, 33]), (.first, [15, 30, 30]),
  ])
  func burst(prompts: PromptScheduling, firstTokens: [Int]) {
    let times = Self.run(prompts, budget: 15, Array(repeating: (0, 10, 20), count: 3))
    #expect(times.map { $0[0] } == firstTokens)
  }

  @Test("a prompt longer than a step is cut whatever the rule", arguments: PromptScheduling.allCases)
  func longPrompt(prompts: PromptScheduling) {
    #expect(Self.run(prompts, budget: 15, [(0, 40, 1)]) == [[40, 40]])
  }

  /// All decodes stall for as long as prompts come: the longest gap is that of a whole burst.
  @Test func stallsShowInTheGapsBetweenTokens() {
    var settings = ReplicaSettings(
      batching: .continuous, maximumSequences: 8, maximumBatchedTokens: 50, blockSize: 1, blocks: 10_000)
    let requests = (0..<8).map { index in
      StepwiseRequest(
        arrival: Ticks(seconds: index == 0 ? 0 : 0.0505), promptTokens: 50, outputTokens: 40)
    }
    func longestGap(_ prompts: PromptScheduling) -> Double {
      settings.prompts = prompts
      let gaps = LeapingDriver.run(requests, settings: settings, model: Self.model).interTokenGaps
      return Double(gaps.max ?? 0) / Double(fineTicksPerTick) / 16e6
    }
    // Seven prompts of 50 tokens and one step of eight decodes; beside decodes, a step is 50 tokens long.
    #expect(abs(longestGap(.first) - 358) < 0.01)
    #expect(abs(longestGap(.chunked) - 50) < 0.01)
  }
}
