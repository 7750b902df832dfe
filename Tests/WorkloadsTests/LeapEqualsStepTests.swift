import Catalog
import Kernel
import Oracles
import Testing
import Workloads

/// The leaping replica against the engine that walks every step: bit for bit.
@Suite struct LeapEqualsStepTests {
  static let model = LinearModel(
    coefficients: .init(
      step: 20_000_000_001, perToken: 160_000_007, perSequence: 123_000_003, perContextEntry: 160_003,
      perAttentionProduct: 1_009))

  struct Case {
    var requests: [StepwiseRequest]
    var settings: ReplicaSettings
    var respawn: Int?
  }

  /// A small random load over every feature of the replica: burst and spread arrivals, ties, tight and
  /// ample KV
  /// caches, all batching policies, open and closed loops.
  static func randomCase(_ seed: UInt64) -> Case {
    var stream = RandomStream(seed: seed, replication: 0, entity: "test", purpose: "leap-case")
    func draw(_ bound: UInt32) -> Int { Int(stream.below(bound)) }
    let blockSize = [1, 4, 16, 32][draw(4)]
    let longest = [6, 40, 250, 5_000][draw(8) == 0 ? 3 : draw(3)]
    let sequences = 1 + draw(24)
    let batching: Batching =
      switch draw(4) {
      case 0: .fixed(size: 1 + draw(6), timeout: Ticks(seconds: Double(draw(3)) * 0.05))
      case 1: .dynamicWindow(size: 1 + draw(6), window: Ticks(seconds: Double(draw(3)) * 0.05))
      default: .continuous
      }
    let smallestCache = (2 * longest + 2 + blockSize) / blockSize
    var settings = ReplicaSettings(
      batching: batching, maximumSequences: sequences, maximumBatchedTokens: sequences + draw(1 + 400),
      blockSize: blockSize, blocks: smallestCache + draw(UInt32(1 + smallestCache * (1 + draw(4)))),
      schedulesAhead: seed % 2 == 1)
    if batching == .continuous {
      // Steps of prompts alone are many where prompts are long and KV blocks few.
      settings.prompts = longest > 300 ? .chunked : PromptScheduling.allCases[Int(seed / 2 % 3)]
      if settings.prompts == .first { settings.maximumBatchedTokens = max(settings.maximumBatchedTokens, 60) }
      settings.receiveInterval = [1, 1, 2, 7][Int(seed / 6 % 4)]
    }
    let spread = [0, 1, 40, 4_000][draw(4)]
    var time = Ticks.zero
    let requests = (0..<(5 + draw(60))).map { _ in
      if draw(3) > 0 { time += Ticks(Int64(draw(1000)) * Int64(spread) * 16_000) }
      return StepwiseRequest(
        arrival: time, promptTokens: Int32(1 + draw(UInt32(longest))),
        outputTokens: Int32(1 + draw(UInt32(longest))))
    }
    let isClosed = batching == .continuous && draw(3) == 0
    return Case(
      requests: isClosed ? requests.map { with($0) { $0.arrival = .zero } } : requests, settings: settings,
      respawn: isClosed ? requests.count * 2 : nil)
  }

  static func with(_ request: StepwiseRequest, _ change: (inout StepwiseRequest) -> Void) -> StepwiseRequest {
    var copy = request
    change(&copy)
    return copy
  }

  @Test(arguments: 0..<UInt64(12)) func everyTokenComesAtTheSameTick(group: UInt64) {
    var preemptions = 0
    for seed in (group * 30)..<(group * 30 + 30) {
      let load = Self.randomCase(seed)
      var settings = load.settings
      settings.verifiesLeaps = true
      let walked = StepwiseEngine.run(
        load.requests, settings: load.settings, model: Self.model, respawn: load.respawn)
      let leapt = LeapingDriver.run(
        load.requests, settings: settings, model: Self.model, respawn: load.respawn)
      preemptions += walked.preemptions
      #expect(walked.completions.count == load.respawn ?? load.requests.count)
      let difference = zip(leapt.completions, walked.completions).first { $0 != $1 }
      #expect(difference == nil, "seed \(seed), \(load.settings)")
      let sameGaps = leapt.interTokenGaps == walked.interTokenGaps
      #expect(sameGaps, "seed \(seed)")
      #expect(leapt.computedTokens == walked.computedTokens, "seed \(seed)")
      #expect(leapt.preemptions == walked.preemptions, "seed \(seed)")
      #expect(leapt.busy == walked.busy && leapt.steps == walked.steps, "seed \(seed)")
    }
    #expect(preemptions > 0, "the cases must reach preemption")
  }
}
