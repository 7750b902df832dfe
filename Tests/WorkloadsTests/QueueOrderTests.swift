import Kernel
import Oracles
import Testing
import Workloads

/// Queues by priority and by length: against the engine that walks every step, and against queueing theory.
@Suite struct QueueOrderTests {
  static func randomCase(_ seed: UInt64, _ order: QueueOrder) -> LeapEqualsStepTests.Case {
    var load = LeapEqualsStepTests.randomCase(seed)
    var stream = RandomStream(seed: seed, replication: 0, entity: "test", purpose: "order-case")
    load.settings.batching = .continuous
    load.settings.order = order
    let classes = 1 + stream.below(4)
    load.requests = load.requests.map { request in
      var request = request
      request.priority = Int32(stream.below(classes))
      return request
    }
    return load
  }

  @Test(arguments: 0..<UInt64(6), [QueueOrder.priority, .shortestFirst])
  func everyTokenComesAtTheSameTick(group: UInt64, order: QueueOrder) {
    var preemptions = 0
    var overtaken = false
    for seed in (group * 8)..<(group * 8 + 8) {
      let load = Self.randomCase(seed, order)
      let walked = RemotePromptTests.compare(load, seed, count: load.respawn)
      preemptions += walked.preemptions
      var plain = load
      plain.settings.order = .arrival
      let inTurn = StepwiseEngine.run(
        plain.requests, settings: plain.settings, model: LeapEqualsStepTests.model, respawn: plain.respawn)
      overtaken = overtaken || inTurn.completions != walked.completions
    }
    #expect(preemptions > 0 && overtaken, "the cases must reach preemption and overtaking")
  }

  /// One seat and one-token answers make the replica a single server that takes a prompt's time.
  private static let single = ReplicaSettings(
    batching: .continuous, maximumSequences: 1, maximumBatchedTokens: 2_000, blockSize: 16, blocks: 1_000)

  private static func service(_ prompt: Int) -> Double {
    let shape = StepShape(
      decodeSequences: 0, decodeContext: 0, prefillSequences: 1, prefillTokens: prompt, sampledSequences: 1,
      attentionProducts: prompt * (prompt + 1) / 2, prefixTokens: 0, largestChunk: prompt)
    return Double(LeapEqualsStepTests.model.stepCost(shape).total) / (16e9 * 256)
  }

  /// A burst is answered in the order of its prompts' lengths, equal ones in turn.
  @Test func aBurstIsServedShortestFirst() {
    var settings = Self.single
    settings.order = .shortestFirst
    let lengths: [Int32] = [500, 20, 20, 900, 3, 500, 1]
    let requests = lengths.map { StepwiseRequest(arrival: .zero, promptTokens: $0, outputTokens: 1) }
    let result = LeapingDriver.run(requests, settings: settings, model: LeapEqualsStepTests.model)
    #expect(result.completions.map(\.handle) == [6, 4, 1, 2, 0, 5, 3])
  }

  /// Cobham, "Priority Assignment in Waiting Line Problems" (Operations Research, 1954): without preemption a
  /// request of class k waits W₀ / ((1 − σₖ₋₁)(1 − σₖ)), W₀ = Σ λᵢ E[Sᵢ²] / 2, σₖ the load of classes up to
  /// k.
  @Test(arguments: [QueueOrder.priority, .shortestFirst]) func waitsAsCobhamSays(order: QueueOrder) {
    var settings = Self.single
    settings.order = order
    let prompts: [Int32] = order == .priority ? [400, 400, 400] : [200, 700, 1_500]
    let shares = [0.5, 0.3, 0.2]
    let times = prompts.map { Self.service(Int($0)) }
    let load = 0.8
    let rate = load / zip(shares, times).reduce(0) { $0 + $1.0 * $1.1 }
    var stream = RandomStream(seed: 7, replication: 0, entity: "test", purpose: "cobham")
    var clock = 0.0
    let requests = (0..<30_000).map { _ -> StepwiseRequest in
      clock += stream.exponential() / rate
      let draw = stream.uniform()
      let kind = draw < shares[0] ? 0 : draw < shares[0] + shares[1] ? 1 : 2
      var request = StepwiseRequest(
        arrival: Ticks(seconds: clock), promptTokens: prompts[kind], outputTokens: 1)
      request.priority = Int32(kind)
      return request
    }
    let result = LeapingDriver.run(requests, settings: settings, model: LeapEqualsStepTests.model)
    let residual = (0..<3).reduce(0.0) { $0 + rate * shares[$1] * times[$1] * times[$1] / 2 }
    var before = 0.0
    for kind in 0..<3 {
      let upTo = before + rate * shares[kind] * times[kind]
      let expected = residual / ((1 - before) * (1 - upTo))
      let waits = result.completions.filter { requests[Int($0.handle)].priority == kind }
        .map { ($0.scheduled - $0.arrival).seconds }
      let mean = waits.reduce(0, +) / Double(waits.count)
      #expect(abs(mean / expected - 1) < 0.08, "class \(kind): \(mean) s, expected \(expected) s")
      before = upTo
    }
  }

  /// When KV blocks run out, whoever matters least gives way.
  @Test func theLeastImportantGivesWay() {
    var settings = ReplicaSettings(
      batching: .continuous, maximumSequences: 8, maximumBatchedTokens: 400, blockSize: 1, blocks: 100)
    settings.order = .priority
    var requests = (0..<4).map { _ in
      StepwiseRequest(arrival: .zero, promptTokens: 20, outputTokens: 40)
    }
    requests[0].priority = 2
    requests[1].priority = 0
    requests[2].priority = 1
    requests[3].priority = 0
    let result = LeapingDriver.run(requests, settings: settings, model: LeapEqualsStepTests.model)
    let preempted = Dictionary(
      uniqueKeysWithValues: result.completions.map { ($0.handle, $0.preemptions) })
    #expect(preempted[1] == 0 && preempted[0]! > 0)
    #expect(result.completions.last?.handle == 0)
  }
}
