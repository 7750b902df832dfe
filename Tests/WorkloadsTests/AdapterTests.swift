import Kernel
import Oracles
import Testing
import Workloads

/// Adapters: against the engine that walks every step, and against what must hold of any of them.
@Suite struct AdapterTests {
  static func settings(
    count: Int, slots: Int, hostSlots: Int? = nil, copy: Double = 0.002, fetch: Double = 0.05,
    pipeline: Int = 1
  ) -> AdapterSettings {
    AdapterSettings(
      count: count, slots: slots, hostSlots: hostSlots ?? count, copyTime: Ticks(seconds: copy),
      fetchTime: Ticks(seconds: fetch),
      cost: AdapterCost(
        launches: 3_000_000_007, perAdapter: 200_000_003, perToken: 11_000_003, isComputeBound: false,
        pipeline: pipeline))
  }

  /// A random load of requests for few or many adapters, over few or many slots, with loads from nothing to
  /// much longer than a step.
  static func randomCase(_ seed: UInt64) -> LeapEqualsStepTests.Case {
    var load = QueueOrderTests.randomCase(seed, QueueOrder.allCases[Int(seed % 3)])
    var stream = RandomStream(seed: seed, replication: 0, entity: "test", purpose: "adapter-case")
    let count = 1 + Int(stream.below(12))
    let slots = 1 + Int(stream.below(6))
    let longest = [0, 0.0001, 0.01, 3][Int(stream.below(4))]
    load.settings.adapters = settings(
      count: count, slots: slots, hostSlots: max(slots, Int(stream.below(UInt32(count + 2)))),
      copy: longest * stream.uniform(), fetch: 3 * longest * stream.uniform(),
      pipeline: 1 + Int(stream.below(3)))
    let plain = stream.below(4)
    load.requests = load.requests.map { request in
      var request = request
      if stream.below(4) >= plain { request.adapter = Int(stream.below(UInt32(count))) }
      return request
    }
    return load
  }

  static func compare(_ load: LeapEqualsStepTests.Case, _ seed: UInt64) -> StepwiseResult {
    let walked = RemotePromptTests.compare(load, seed, count: load.respawn)
    for outsideFirst in [false, true] {
      let leapt = LeapingDriver.run(
        load.requests, settings: load.settings, model: LeapEqualsStepTests.model, respawn: load.respawn,
        outsideFirst: outsideFirst)
      #expect(leapt.adapterLoads == walked.adapterLoads, "seed \(seed)")
      #expect(leapt.adapterFetches == walked.adapterFetches, "seed \(seed)")
    }
    return walked
  }

  @Test(arguments: 0..<UInt64(12)) func everyTokenComesAtTheSameTick(group: UInt64) {
    var (preemptions, loads, fetches, waits) = (0, 0, 0, 0)
    for seed in (group * 20)..<(group * 20 + 20) {
      let walked = Self.compare(Self.randomCase(seed), seed)
      preemptions += walked.preemptions
      loads += walked.adapterLoads
      fetches += walked.adapterFetches
      waits += walked.completions.count { $0.adapterWait > .zero }
    }
    #expect(preemptions > 0 && loads > 0 && fetches > 0 && waits > 0, "the cases must reach all of it")
  }

  /// With a prefix cache and tiers below it.
  @Test(arguments: 0..<UInt64(6)) func soItDoesWithACache(group: UInt64) {
    var (cached, loads) = (0, 0)
    for seed in (group * 20)..<(group * 20 + 20) {
      var load = Self.randomCase(seed)
      load.settings.order = .arrival
      PrefixCacheTests.share(&load, seed)
      let walked = Self.compare(load, seed)
      cached += walked.completions.reduce(0) { $0 + Int($1.cachedTokens) }
      loads += walked.adapterLoads
    }
    #expect(cached > 0 && loads > 0, "the cases must reach hits and loads")
  }
}
