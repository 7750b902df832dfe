import Kernel
import Oracles
import Testing

@testable import Workloads

/// Drafted and checked tokens: against the engine that walks every step, and against the law of acceptance.
@Suite struct SpeculationTests {
  static let draft = LinearModel(
    coefficients: .init(
      step: 2_000_000_003, perToken: 16_000_003, perSequence: 12_000_001, perContextEntry: 16_001,
      perAttentionProduct: 101))

  static func model(_ settings: SpeculationSettings, share: Double? = nil) -> SpeculativeModel {
    SpeculativeModel(
      target: LeapEqualsStepTests.model, draft: share.map { .share($0) } ?? .model(draft),
      drafted: settings.drafted)
  }

  static func randomCase(_ seed: UInt64) -> (load: LeapEqualsStepTests.Case, model: SpeculativeModel) {
    var load = QueueOrderTests.randomCase(seed, QueueOrder.allCases[Int(seed % 3)])
    var stream = RandomStream(seed: seed, replication: 0, entity: "test", purpose: "speculation-case")
    let drafted = 1 + Int(stream.below(7))
    let acceptance = [0, 0.3, 0.7, 0.95, 1][Int(stream.below(5))]
    let speculation = SpeculationSettings(drafted: drafted, acceptance: acceptance)
    load.settings.speculation = speculation
    load.settings.maximumBatchedTokens += load.settings.maximumSequences * drafted
    load.settings.blocks += 2 * drafted + 2
    return (load, model(speculation, share: seed % 4 == 0 ? 0.1 : nil))
  }

  @Test(arguments: 0..<UInt64(6)) func everyTokenComesAtTheSameTick(group: UInt64) {
    var preemptions = 0
    for seed in (group * 20)..<(group * 20 + 20) {
      let (load, model) = Self.randomCase(seed)
      let walked = RemotePromptTests.compare(load, seed, count: load.respawn, model: model)
      preemptions += walked.preemptions
      // Every token but the first of each answer has one gap before it.
      let tokens = walked.completions.reduce(0) { $0 + Int64($1.outputTokens) - 1 }
      #expect(walked.interTokenGaps.count == tokens, "seed \(seed)")
    }
    #expect(preemptions > 0, "the cases must reach preemption")
  }

  /// Mean tokens of a step: (1 − α^(k+1)) / (1 − α), over long answers.
  @Test(arguments: [(1, 0.0), (3, 0.5), (4, 0.7), (5, 0.8), (8, 0.9), (3, 1.0)])
  func stepsGiveWhatTheLawSays(drafted: Int, acceptance: Double) {
    let speculation = SpeculationSettings(drafted: drafted, acceptance: acceptance)
    var settings = ReplicaSettings(
      batching: .continuous, maximumSequences: 8, maximumBatchedTokens: 200, blockSize: 16, blocks: 20_000)
    settings.speculation = speculation
    let requests = (0..<8).map { _ in
      StepwiseRequest(arrival: .zero, promptTokens: 10, outputTokens: 20_000)
    }
    let result = LeapingDriver.run(requests, settings: settings, model: Self.model(speculation))
    // One step computed the prompts; all sequences decoded in all others.
    let perStep = 19_999 / Double(result.steps - 1)
    var expected = 0.0
    for position in 0...drafted {
      expected += (0..<position).reduce(1.0) { product, _ in product * acceptance }
    }
    #expect(abs(perStep / expected - 1) < 0.01, "\(perStep) a step, expected \(expected)")
  }

  /// Time from the first token to the last, for one long answer alone.
  static func decode(_ speculation: SpeculationSettings?, share: Double) -> Double {
    var settings = ReplicaSettings(
      batching: .continuous, maximumSequences: 1, maximumBatchedTokens: 100, blockSize: 16, blocks: 2_000)
    settings.speculation = speculation
    let request = StepwiseRequest(arrival: .zero, promptTokens: 10, outputTokens: 4_000)
    let model: any LatencyModel =
      speculation.map { Self.model($0, share: share) } ?? LeapEqualsStepTests.model
    let result = LeapingDriver.run([request], settings: settings, model: model)
    return (result.completions[0].lastToken - result.completions[0].firstToken).seconds
  }

  @Test func acceptanceDecidesWhetherItPays() {
    let plain = Self.decode(nil, share: 0)
    let times = [0, 0.2, 0.4, 0.6, 0.8, 1].map {
      Self.decode(SpeculationSettings(drafted: 4, acceptance: $0), share: 0.1)
    }
    #expect(times == times.sorted(by: >), "more acceptance is never slower")
    #expect(times[0] > plain, "drafts that are never accepted cost")
    #expect(times[4] < plain / 2)
    let free = Self.decode(SpeculationSettings(drafted: 4, acceptance: 0.6), share: 0)
    #expect(free < times[3], "a free draft is faster than one that costs")
  }

  @Test func aCheckCostsAStepOfMoreTokens() {
    let settings = SpeculationSettings(drafted: 3, acceptance: 0.5)
    let line = Self.model(settings).decodeLine(sequences: 5)
    let check = LeapEqualsStepTests.model.decodeLine(sequences: 5, tokensEach: 4)
    let pass = Self.draft.decodeLine(sequences: 5)
    #expect(line.base.total == check.base.total + 3 * pass.base.total)
    #expect(line.slope == check.slope + 3 * pass.slope)
    let shape = StepShape(
      decodeSequences: 5, decodeContext: 700, prefillSequences: 0, prefillTokens: 0, sampledSequences: 5,
      attentionProducts: 0, prefixTokens: 0, largestChunk: 0)
    #expect(Self.model(settings).stepCost(shape).total == line.base.total + 700 * line.slope)
  }

  /// Sums over steps against adding one by one.
  @Test func sumsOfTokensAreExact() {
    var stream = RandomStream(seed: 1, replication: 0, entity: "test", purpose: "token-rate")
    for _ in 0..<300 {
      let rate = TokenRate(mean: 1 + stream.uniform() * 9)
      let first = Int64(stream.below(100_000))
      let steps = Int64(stream.below(2_000))
      func total(_ steps: Int64) -> Int64 { steps * rate.tokensIn256Steps / 256 }
      let sum = (0..<steps).reduce(Int64(0)) { $0 + total(first + $1) - total(first) }
      #expect(rate.sumOfTotals(from: first, steps: steps) == sum)
      let wanted = Int64(stream.below(1_000_000))
      let step = rate.step(reaching: wanted)
      #expect(total(step) >= wanted && (step == 0 || total(step - 1) < wanted))
      #expect(total(rate.step(within: wanted)) <= wanted && total(rate.step(within: wanted) + 1) > wanted)
    }
  }
}
