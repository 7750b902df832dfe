import DryRack
import Oracles
import Testing

@testable import World

/// A whole disaggregated service against engines that walk every step, bit for bit.
///
/// Where routing is round-robin, prefill replicas have ample blocks and the network has latency alone, each
/// replica can be walked by itself: prompts first, then answers with what the prompts' walks say.
@Suite struct DisaggregationOracleTests {
  struct Walk {
    var scheduled = Ticks.never
    var firstToken = Ticks.never
    var lastToken = Ticks.never
    var preemptions = 0
  }

  static func text(_ seed: UInt64, latency: String) -> String {
    var stream = RandomStream(seed: seed, replication: 0, entity: "test", purpose: "split-oracle")
    func pick(_ list: [String]) -> String { list[Int(stream.below(UInt32(list.count)))] }
    return DisaggregationTests.text(
      arrivals: pick(["{ process: poisson, rate: 20/s }", "{ process: gamma, rate: 9/s, burstiness: 0.2 }"]),
      prompt: pick(["{ distribution: uniform, from: 1, to: 900 }", "{ distribution: constant, value: 640 }"]),
      output: pick(["{ distribution: uniform, from: 1, to: 400 }", "{ distribution: constant, value: 80 }"]),
      service: DisaggregationTests.split(
        1 + Int(stream.below(3)), 1 + Int(stream.below(3)),
        roles: (
          pick(["", "max-batched-tokens: 512", "max-sequences: 3"]),
          pick(["", "max-sequences: 8", "kv-blocks: 300, max-sequences: 40", "kv-blocks: 110"])
        ),
        transfer:
          "{ bandwidth: 1e20B/s, within-node: fabric, latency: \(latency), first-token: prefill }"),
      requests: 150, duration: "60s", seed: seed)
  }

  /// The requests of each replica in turn, and the walk of each.
  static func walk(
    _ requests: [StepwiseRequest], over replicas: Int, settings: ReplicaSettings, model: any LatencyModel,
    _ note: (Int, Completion) -> Void
  ) {
    for replica in 0..<replicas {
      let own = requests.indices.filter { $0 % replicas == replica }
      let result = StepwiseEngine.run(own.map { requests[$0] }, settings: settings, model: model)
      for completion in result.completions { note(own[Int(completion.handle)], completion) }
    }
  }

  /// When each request, by its serial, leaves the front end, which takes one at a time.
  static func handOvers(
    of records: [RequestRecord], upDelay: Ticks, in model: DesignModel
  ) -> [Int: Ticks] {
    let deployment = model.design.services[0].deployments[0]
    let spacing = Ticks(
      seconds: deployment.engine.frontEndSpacing.value / Double(deployment.replicas))
    var times: [Int: Ticks] = [:]
    var free = Ticks.zero
    for record in records {
      let time = max(record.sent + upDelay, free)
      times[record.serial] = time
      free = time + spacing
    }
    return times
  }

  /// Sorted records beside what the walks say of them.
  static func compare(_ seed: UInt64, latency: Ticks, _ text: String) throws -> Int {
    let (outcome, model) = try DisaggregationTests.run(text)
    guard case .disaggregated(let roles) = model.services[0].placement else { return 0 }
    let records = outcome.records.sorted { $0.serial < $1.serial }
    let served = records.filter { $0.status == .completed }
    var walks = Array(repeating: Walk(), count: served.count)
    let handOvers = handOvers(of: records, upDelay: roles.upDelay, in: model)
    let prompts = served.map {
      StepwiseRequest(
        arrival: handOvers[$0.serial]!, promptTokens: Int32($0.promptTokens), outputTokens: 1)
    }
    walk(prompts, over: roles.prefill.count, settings: roles.prefill.settings, model: roles.prefill.latency) {
      walks[$0].scheduled = $1.scheduled
      walks[$0].firstToken = $1.lastToken
      walks[$0].lastToken = $1.lastToken
    }
    let passed = served.indices.filter { served[$0].outputTokens > 1 }
      .sorted { (walks[$0].firstToken, $0) < (walks[$1].firstToken, $1) }
    let answers = passed.map { index -> StepwiseRequest in
      var request = StepwiseRequest(
        arrival: walks[index].firstToken, promptTokens: Int32(served[index].promptTokens),
        outputTokens: Int32(served[index].outputTokens))
      request.remote = .init(firstToken: walks[index].firstToken, delay: latency)
      return request
    }
    walk(answers, over: roles.decode.count, settings: roles.decode.settings, model: roles.decode.latency) {
      walks[passed[$0]].lastToken = $1.lastToken
      walks[passed[$0]].preemptions = Int($1.preemptions)
    }
    for (record, walk) in zip(served, walks) {
      let up = Ticks(roles.roundTrip.count / 2)
      #expect(record.sent + up + record.queue! == walk.scheduled, "seed \(seed), \(record.serial)")
      #expect(walk.scheduled + record.prefill! == walk.firstToken, "seed \(seed), \(record.serial)")
      #expect(walk.firstToken + record.decode! == walk.lastToken, "seed \(seed), \(record.serial)")
      #expect(record.preemptions == walk.preemptions, "seed \(seed), \(record.serial)")
    }
    #expect(served.count + outcome.services[0].tally.rejected == records.count)
    return walks.reduce(0) { $0 + $1.preemptions }
  }

  @Test(arguments: [(0, "0s"), (48_000_000, "3ms"), (8_000_000_000, "500ms")])
  func everyRequestIsServedAsTheWalksSay(latency: Int, written: String) throws {
    var preemptions = 0
    for seed in 0..<UInt64(12) {
      preemptions += try Self.compare(
        seed, latency: Ticks(Int64(latency)), Self.text(seed, latency: written))
    }
    #expect(preemptions > 0, "the cases must reach preemption")
  }
}
