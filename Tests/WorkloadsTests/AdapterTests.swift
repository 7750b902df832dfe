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
    if seed % 5 == 0 { load.settings.adapters!.loading = .blocking }
    let plain = stream.below(4)
    load.requests = load.requests.map { request in
      var request = request
      if stream.below(4) >= plain { request.adapter = Int(stream.below(UInt32(count))) }
      return request
    }
    return load
  }

  @Test(arguments: 0..<UInt64(6)) func everyTokenComesAtTheSameTick(group: UInt64) {
    var (preemptions, loads, fetches, waits) = (0, 0, 0, 0)
    for seed in (group * 12)..<(group * 12 + 12) {
      let load = Self.randomCase(seed)
      let walked = RemotePromptTests.compare(load, seed, count: load.respawn)
      preemptions += walked.preemptions
      loads += walked.adapterLoads
      fetches += walked.adapterFetches
      waits += walked.completions.count { $0.adapterWait > .zero }
    }
    #expect(preemptions > 0 && loads > 0 && fetches > 0 && waits > 0, "the cases must reach all of it")
  }

  /// With a prefix cache and tiers below it.
  @Test(arguments: 0..<UInt64(4)) func soItDoesWithACache(group: UInt64) {
    var (cached, loads) = (0, 0)
    for seed in (group * 12)..<(group * 12 + 12) {
      var load = Self.randomCase(seed)
      load.settings.order = .arrival
      PrefixCacheTests.share(&load, seed)
      if load.settings.cache?.tiers.isEmpty == false { load.settings.adapters!.loading = .overlapped }
      let walked = RemotePromptTests.compare(load, seed, count: load.respawn)
      cached += walked.completions.reduce(0) { $0 + Int($1.cachedTokens) }
      loads += walked.adapterLoads
    }
    #expect(cached > 0 && loads > 0, "the cases must reach hits and loads")
  }
}

extension AdapterTests {
  static let second = Ticks(seconds: 1)

  static func run(_ requests: [(time: Double, output: Int32, adapter: Int)], _ settings: AdapterSettings)
    -> [Completion]
  {
    var replica = ReplicaSettings(
      batching: .continuous, maximumSequences: 8, maximumBatchedTokens: 512, blockSize: 16, blocks: 4_000)
    replica.adapters = settings
    let requests = requests.map { request in
      var one = StepwiseRequest(
        arrival: Ticks(seconds: request.time), promptTokens: 100, outputTokens: request.output)
      one.adapter = request.adapter
      return one
    }
    return LeapingDriver.run(requests, settings: replica, model: LeapEqualsStepTests.model).completions
      .sorted { $0.handle < $1.handle }
  }

  /// A request alone waits for the load, from a tick after it came to a tick after the load has come.
  @Test func aLoadDelaysTheFirstToken() {
    let settings = Self.settings(count: 4, slots: 2, hostSlots: 2, copy: 0.25, fetch: 1)
    let done = Self.run([(1, 1, 0), (5, 1, 3), (9, 1, 3), (13, 1, -1)], settings)
    #expect(done[0].scheduled == Ticks(seconds: 1.25) + Ticks(2))
    #expect(done[0].adapterWait == Ticks(seconds: 0.25))
    #expect(done[1].scheduled == Ticks(seconds: 6.25) + Ticks(2), "from storage, then from the host")
    #expect(done[2].scheduled == Ticks(seconds: 9) + Ticks(1) && done[2].adapterWait == .zero)
    #expect(done[3].scheduled == Ticks(seconds: 13) + Ticks(1))
  }

  @Test func whoWaitsForTheSameAdapterSharesItsLoad() {
    let settings = Self.settings(count: 2, slots: 2, copy: 2)
    let done = Self.run([(1, 1, 0), (2, 1, 0), (2.5, 1, -1)], settings)
    #expect(done[0].scheduled == done[1].scheduled)
    #expect(done[0].adapterWait == Ticks(seconds: 2))
    #expect(done[1].adapterWait == Ticks(seconds: 1) + Ticks(1))
    #expect(done[2].firstToken < done[0].scheduled, "who needs no adapter goes ahead")
  }

  /// With one slot, a request for another adapter is passed over while the first is in use; those behind it
  /// that use it go.
  @Test func aFullBatchOfAdaptersIsPassedOver() {
    let settings = Self.settings(count: 2, slots: 1, copy: 0.001)
    let done = Self.run([(1, 400, 0), (2, 10, 1), (2.1, 10, 0)], settings)
    #expect(done[2].lastToken < done[1].firstToken)
    #expect(done[1].scheduled > done[0].lastToken, "the slot is free once nobody uses it")
    let roomy = Self.run(
      [(1, 400, 0), (2, 10, 1), (2.1, 10, 0)], Self.settings(count: 2, slots: 2, copy: 0.001))
    #expect(roomy[1].lastToken < roomy[0].lastToken)
  }

  /// A load that blocks makes everybody wait: the newcomer in the step that takes it in, the others for
  /// their next token.
  @Test func aBlockingLoadStopsTheOthers() {
    var settings = Self.settings(count: 4, slots: 2, hostSlots: 2, copy: 0.25, fetch: 1)
    let requests: [(time: Double, output: Int32, adapter: Int)] = [(1, 400, -1), (2, 1, 3)]
    let beside = Self.run(requests, settings)
    settings.loading = .blocking
    let between = Self.run(requests, settings)
    #expect(between[1].adapterWait == Ticks(seconds: 1.25))
    #expect(between[1].firstToken - between[1].scheduled > Ticks(seconds: 1.25))
    let longer = between[0].lastToken - beside[0].lastToken
    #expect(abs(longer.seconds - 1.25) < 0.02)
  }

  /// The longest unused adapter gives way.
  @Test func theLeastRecentlyUsedGivesWay() {
    let settings = Self.settings(count: 3, slots: 2, copy: 0.5)
    let done = Self.run([(1, 1, 0), (3, 1, 1), (5, 1, 0), (7, 1, 2), (9, 1, 0), (11, 1, 1)], settings)
    #expect(done.map { $0.adapterWait > .zero } == [true, true, false, true, false, true])
  }
}
