import Kernel
import Oracles
import Testing
import Workloads

/// Replicas that compute prompts for others, or answer prompts computed elsewhere, against the engine that
/// walks every step: bit for bit.
@Suite struct RemotePromptTests {
  /// Random loads of remote and local requests over tight and ample caches and few and many seats.
  static func decodeCase(_ seed: UInt64) -> LeapEqualsStepTests.Case {
    var stream = RandomStream(seed: seed, replication: 0, entity: "test", purpose: "remote-case")
    func draw(_ bound: UInt32) -> Int { Int(stream.below(bound)) }
    let longest = [6, 40, 250, 2_000][draw(4)]
    let blockSize = [1, 4, 16][draw(3)]
    let sequences = 1 + draw(24)
    let smallest = (2 * longest + 3 + blockSize) / blockSize
    var settings = ReplicaSettings(
      batching: .continuous, maximumSequences: sequences, maximumBatchedTokens: sequences + draw(400),
      blockSize: blockSize, blocks: smallest + draw(UInt32(1 + smallest * (1 + draw(5)))),
      schedulesAhead: seed % 2 == 1)
    settings.takesWholePrompts = draw(2) == 0
    let spread = [0, 1, 40, 4_000][draw(4)]
    let slowest = [1, 100, 10_000, 400_000][draw(4)]
    let localShare = [0, 0, 3][draw(3)]
    var time = Ticks.zero
    let requests = (0..<(5 + draw(60))).map { _ -> StepwiseRequest in
      if draw(3) > 0 { time += Ticks(Int64(draw(1000)) * Int64(spread) * 16_000) }
      var request = StepwiseRequest(
        arrival: time, promptTokens: Int32(1 + draw(UInt32(longest))),
        outputTokens: Int32(2 + draw(UInt32(longest))))
      if draw(10) >= localShare {
        // The first token may come out before the blocks are asked for, or only after they are there.
        let early = Ticks(Int64(draw(3) == 0 ? -draw(900) : draw(900)) * Int64(slowest) * 160)
        request.remote = .init(
          firstToken: max(.zero, time + early),
          delay: Ticks(draw(4) == 0 ? 0 : Int64(draw(1000)) * Int64(slowest) * 160))
      }
      return request
    }
    return .init(requests: requests, settings: settings, respawn: nil)
  }

  static func compare(
    _ load: LeapEqualsStepTests.Case, _ seed: UInt64, count: Int? = nil,
    model: any LatencyModel = LeapEqualsStepTests.model
  ) -> StepwiseResult {
    var settings = load.settings
    settings.verifiesLeaps = true
    let walked = StepwiseEngine.run(
      load.requests, settings: load.settings, model: model, respawn: load.respawn)
    #expect(walked.completions.count == count ?? load.requests.count, "seed \(seed)")
    for outsideFirst in [false, true] {
      let leapt = LeapingDriver.run(
        load.requests, settings: settings, model: model, respawn: load.respawn, outsideFirst: outsideFirst)
      let difference = zip(leapt.completions, walked.completions).first { $0 != $1 }
      #expect(difference == nil, "seed \(seed), \(load.settings)")
      #expect(leapt.completions.count == walked.completions.count, "seed \(seed)")
      let sameReservations = leapt.reservations == walked.reservations
      #expect(sameReservations, "seed \(seed)")
      let sameGaps = leapt.interTokenGaps == walked.interTokenGaps
      #expect(sameGaps, "seed \(seed)")
      #expect(leapt.computedTokens == walked.computedTokens, "seed \(seed)")
      #expect(leapt.preemptions == walked.preemptions, "seed \(seed)")
      #expect(leapt.adapterLoads == walked.adapterLoads, "seed \(seed)")
      #expect(leapt.adapterFetches == walked.adapterFetches, "seed \(seed)")
      #expect(leapt.busy == walked.busy && leapt.steps == walked.steps, "seed \(seed)")
    }
    return walked
  }

  @Test(arguments: 0..<UInt64(8)) func aDecodeReplicaLeapsAsItWalks(group: UInt64) {
    var preemptions = 0
    var waited = 0
    for seed in (group * 20)..<(group * 20 + 20) {
      let load = Self.decodeCase(seed)
      let walked = Self.compare(load, seed)
      preemptions += walked.preemptions
      waited += walked.reservations.count { $0.time > load.requests[Int($0.handle)].arrival + Ticks(1) }
    }
    #expect(preemptions > 0 && waited > 0, "the cases must reach preemption and waiting for room")
  }

  /// Whole prompts come from elsewhere; what the cache serves are local and preempted requests.
  @Test(arguments: 0..<UInt64(8)) func aDecodeReplicaWithACacheLeapsAsItWalks(group: UInt64) {
    var (preemptions, cached) = (0, 0)
    for seed in (group * 20)..<(group * 20 + 20) {
      var load = Self.decodeCase(seed)
      PrefixCacheTests.share(&load, seed)
      for index in load.requests.indices where load.requests[index].outputTokens < 2 {
        load.requests[index].outputTokens = 2
      }
      let walked = Self.compare(load, seed)
      preemptions += walked.preemptions
      cached += walked.completions.reduce(0) { $0 + Int($1.cachedTokens) }
    }
    #expect(preemptions > 0 && cached > 0, "the cases must reach preemption and hits")
  }

  /// A random load of prompts whose blocks are fetched at once or late.
  static func prefillCase(_ seed: UInt64) -> LeapEqualsStepTests.Case {
    var stream = RandomStream(seed: seed, replication: 0, entity: "test", purpose: "hold-case")
    var load = decodeCase(seed)
    load.settings.isPrefillOnly = true
    load.settings.takesWholePrompts = true
    let slowest = Int64([0, 1, 1_000, 400_000][Int(stream.below(4))])
    load.requests = load.requests.map { request in
      var request = request
      request.remote = nil
      request.outputTokens = 1
      request.hold = Ticks(Int64(stream.below(1000)) * slowest * 160)
      return request
    }
    return load
  }

  /// A held prompt's blocks serve whoever begins like it, before and after they are fetched.
  @Test(arguments: 0..<UInt64(8)) func aPrefillReplicaWithACacheLeapsAsItWalks(group: UInt64) {
    var cached = 0
    for seed in (group * 20)..<(group * 20 + 20) {
      var load = Self.prefillCase(seed)
      PrefixCacheTests.share(&load, seed)
      for index in load.requests.indices { load.requests[index].outputTokens = 1 }
      let walked = Self.compare(load, seed)
      #expect(walked.preemptions == 0, "a prompt that starts can end, seed \(seed)")
      let found = walked.completions.reduce(0) { $0 + Int($1.cachedTokens) }
      let prompts = load.requests.reduce(0) { $0 + Int($1.promptTokens) }
      #expect(walked.computedTokens == prompts - found, "seed \(seed)")
      cached += found
    }
    #expect(cached > 0, "the cases must reach hits")
  }

  @Test(arguments: 0..<UInt64(4)) func aPrefillReplicaLeapsAsItWalks(group: UInt64) {
    var waited = false
    for seed in (group * 20)..<(group * 20 + 20) {
      let load = Self.prefillCase(seed)
      let walked = Self.compare(load, seed)
      #expect(walked.preemptions == 0, "a prompt that starts can end, seed \(seed)")
      let free = load.requests.map { request in
        var request = request
        request.hold = .zero
        return request
      }
      let unheld = StepwiseEngine.run(free, settings: load.settings, model: LeapEqualsStepTests.model)
      waited = waited || unheld.completions != walked.completions
    }
    #expect(waited, "held blocks must keep some prompt waiting")
  }

  /// The gap before the second token reaches back to the first, wherever that came out.
  @Test func theFirstGapHoldsTheWayOfTheEntries() throws {
    let delay = Ticks(seconds: 3)
    var request = StepwiseRequest(arrival: Ticks(seconds: 1), promptTokens: 100, outputTokens: 2)
    request.remote = .init(firstToken: request.arrival, delay: delay)
    let settings = ReplicaSettings(
      batching: .continuous, maximumSequences: 4, maximumBatchedTokens: 64, blockSize: 16, blocks: 16)
    let result = LeapingDriver.run([request], settings: settings, model: LeapEqualsStepTests.model)
    let done = try #require(result.completions.first)
    let line = LeapEqualsStepTests.model.decodeLine(sequences: 1)
    let step = Ticks((line.base.total + line.slope * 101) / fineTicksPerTick)
    // One tick until the blocks are reserved, one until the sequence joins.
    #expect(done.lastToken - done.firstToken == delay + step + Ticks(2))
    #expect(result.interTokenGaps.max == (done.lastToken - done.firstToken).count * fineTicksPerTick)
    #expect(result.interTokenGaps.count == 1)
  }
}
