import DryRack
import Oracles
import Testing

@testable import World

/// Services whose prompts and answers have replicas of their own.
@Suite struct DisaggregationTests {
  static func text(
    arrivals: String = "{ process: poisson, rate: 8/s }",
    prompt: String = "{ distribution: lognormal, mean: 1500, cv: 1, max: 8000 }",
    output: String = "{ distribution: lognormal, mean: 150, cv: 1, max: 1000 }",
    service: String, requests: Int = 400, duration: String = "10m", seed: UInt64 = 7, sharing: String = ""
  ) -> String {
    """
    version: 1
    name: split
    seed: \(seed)
    duration: \(duration)
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        requests: \(requests)
        arrivals: \(arrivals)
        prompt-tokens: \(prompt)
        output-tokens: \(output)
        slo: { ttft: 1s, tpot: 25ms }
        \(sharing)
    designs:
      split:
        sites: { dc: { kind: on-prem, rtt: 4ms } }
        pools:
          gpu: { site: dc, node: hgx-h100, count: 2, fabric: infiniband-ndr }
          other: { site: dc, node: hgx-h200, count: 1, fabric: roce-400g }
        services:
          chat: { workload: chat, pool: gpu, \(service) }
    """
  }

  static func split(
    _ prefill: Int, _ decode: Int, more: String = "", roles: (String, String) = ("", ""),
    transfer: String = "{ bandwidth: 1e20B/s, latency: 0s, within-node: fabric, first-token: prefill }"
  ) -> String {
    """
    \(more) disaggregation: { prefill: { replicas: \(prefill), \(roles.0) }, \
    decode: { replicas: \(decode), \(roles.1) }, transfer: \(transfer) }
    """
  }

  static func run(_ text: String, keep: Bool = true) throws -> (outcome: Outcome, model: DesignModel) {
    let model = DesignModel(scenario: try WorldTests.scenario(text), designIndex: 0)
    var options = WorldOptions()
    options.keepsRequests = keep
    options.verifiesLeaps = keep
    return (Simulation.run(model, replication: 0, options: options), model)
  }

  /// A small random disaggregated scenario over every feature there is.
  static func random(_ seed: UInt64) -> String {
    var stream = RandomStream(seed: seed, replication: 0, entity: "swarm", purpose: "disaggregation")
    func pick(_ list: [String]) -> String { list[Int(stream.below(UInt32(list.count)))] }
    let router = ["round-robin", "least-loaded", "power-of-two"]
    let limits = [
      "", "max-sequences: 4", "kv-blocks: 600", "max-batched-tokens: 512", "parallelism: { tensor: 2 }",
      "pool: other, kv-blocks: 400", "router: \(pick(router)), kv-blocks: 120",
    ]
    let length = [
      "{ distribution: constant, value: 300 }", "{ distribution: uniform, from: 1, to: 900 }",
      "{ distribution: lognormal, mean: 300, cv: 1, max: 3000 }", "{ distribution: constant, value: 1 }",
    ]
    let transfer = pick([
      "{}", "{ overlap: true }", "{ overlap: true, first-token: prefill }",
      "{ fabric: ethernet-10g, overlap: true }", "{ bandwidth: 10MB/s }",
      "{ bandwidth: 50MB/s, links-per-node: 1, overlap: true, within-node: fabric }",
      "{ fabric: roce-100g, latency: 20ms, links-per-node: 2, within-node: fabric }",
    ])
    return text(
      arrivals: pick([
        "{ process: poisson, rate: 6/s }", "{ process: burst, count: 60 }",
        "{ process: closed-loop, users: 20 }", "{ process: closed-loop, users: 5, think-time: 100ms }",
      ]), prompt: pick(length), output: pick(length),
      service: split(
        1 + Int(stream.below(3)), 1 + Int(stream.below(3)), more: "router: \(pick(router)),",
        roles: (pick(limits), pick(limits)), transfer: transfer),
      requests: 80, duration: "20s", seed: seed, sharing: pick(WorldTests.sharing))
  }

  /// Invariants on, every leap walked as well, nothing lost, and the second run equal to the first.
  @Test(arguments: 0..<UInt64(6)) func randomServicesHoldTheirInvariants(group: UInt64) throws {
    for seed in (group * 12)..<(group * 12 + 12) {
      let (first, model) = try Self.run(Self.random(seed))
      let tally = first.services[0].tally
      #expect(first.isComplete && tally.isConserved, "seed \(seed)")
      #expect(tally.offered == tally.completed + tally.rejected, "seed \(seed)")
      var bytes: Int64 = 0
      let perToken = model.design.services[0].deployments[0].memory.keyValueBytesPerToken.value
      for record in first.records {
        guard let ttft = record.ttft else { continue }
        #expect(ttft == record.network! + record.queue! + record.prefill! && record.queue! >= .zero)
        #expect((record.transfer != nil) == (record.outputTokens > 1), "seed \(seed)")
        guard let wait = record.transferWait, let transfer = record.transfer else { continue }
        guard case .disaggregated(let roles) = model.services[0].placement else { continue }
        let within = roles.transfer.answersFromReceiver ? record.prefill! : record.decode!
        #expect(wait >= .zero && transfer >= .zero && wait + transfer <= within, "seed \(seed)")
        bytes += Int64(Double(record.promptTokens) * perToken)
      }
      #expect(tally.transfers?.bytes == bytes, "seed \(seed)")
      let second = try Self.run(Self.random(seed), keep: false).outcome
      #expect(first.services[0].replicas == second.services[0].replicas, "seed \(seed)")
      #expect(first.services[0].samples == second.services[0].samples, "seed \(seed)")
      let sameTimes = tally.e2e == second.services[0].tally.e2e
      let sameGaps = tally.interTokenGaps == second.services[0].tally.interTokenGaps
      #expect(sameTimes && sameGaps && first.events == second.events, "seed \(seed)")
    }
  }

  @Test func aLimitOnEventsLosesNobody() throws {
    for limit in stride(from: 1, to: 900, by: 37) {
      for seed in [1, 4, 9, 13] as [UInt64] {
        let model = DesignModel(scenario: try WorldTests.scenario(Self.random(seed)), designIndex: 0)
        var options = WorldOptions()
        options.maximumEvents = limit
        #expect(Simulation.run(model, replication: 0, options: options).services[0].tally.isConserved)
      }
    }
  }

  @Test func resultsDoNotDependOnTheNumberOfJobs() async throws {
    for seed in [2, 5] as [UInt64] {
      let text = Self.random(seed).replacing("duration: 20s", with: "duration: 20s\nreplications: 3")
      let scenario = try WorldTests.scenario(text)
      var options = RunOptions()
      options.keepRequests = true
      let one = await Experiment.run(scenario, options: options)
      options.jobs = 4
      let four = await Experiment.run(scenario, options: options)
      #expect(one.metricsCSV() == four.metricsCSV() && one.seriesCSV() == four.seriesCSV())
      #expect(one.requestsCSV() == four.requestsCSV())
      for row in one.rows where row.metric == "bound_by" && row.replication == nil {
        let shares = one.rows.filter {
          $0.metric == "bound_by" && $0.replication == nil && $0.design == row.design
        }
        #expect(abs(shares.compactMap(\.value).reduce(0, +) - 1) < 1e-9)
      }
    }
  }

  @Test func eachRoleIsReportedByItself() async throws {
    let scenario = try WorldTests.scenario(Self.text(service: Self.split(3, 2), requests: 100))
    let results = await Experiment.run(scenario, options: RunOptions())
    func value(_ metric: String, _ statistic: String) -> Double? {
      results.rows.first { $0.metric == metric && $0.statistic == statistic }?.value
    }
    let (prefill, decode) = (value("gpu_busy_ratio", "prefill")!, value("gpu_busy_ratio", "decode")!)
    #expect(abs(value("gpu_busy_ratio", "value")! - (3 * prefill + 2 * decode) / 5) < 1e-12)
    #expect(value("gpu_allocated_ratio", "value") == 5.0 / 16)
    #expect(value("kv_transfer_s", "count") == value("kv_wait_s", "count"))
    #expect(value("kv_transfer_bytes", "value")! > 1e9)
    #expect(results.designs[0].composition.contains("3 prefill × tensor 1 + 2 decode × tensor 1"))
    let times = results.series.filter { $0.service == "chat" && $0.metric == "replicas" }.map(\.timeSeconds)
    for time in times {
      func read(_ service: String, _ metric: String) -> Double {
        results.series.first { $0.service == service && $0.metric == metric && $0.timeSeconds == time }!.value
      }
      for metric in ["queue_depth", "running", "replicas"] {
        #expect(read("chat", metric) == read("chat/prefill", metric) + read("chat/decode", metric))
      }
    }
    #expect(times.count > 10)
  }

  /// Nothing that happens after the first token reaches back to it, while blocks suffice.
  @Test(arguments: ["round-robin", "least-loaded"]) func ttftIsThatOfAPrefillOnlyPool(router: String) throws {
    let split = try Self.run(Self.text(service: Self.split(3, 2, more: "router: \(router),")))
    let alone = try Self.run(
      Self.text(
        output: "{ distribution: constant, value: 1 }", service: "replicas: 3, router: \(router)"))
    func times(_ outcome: Outcome) -> [[Ticks?]] {
      outcome.records.sorted { $0.serial < $1.serial }.map { [$0.ttft, $0.network, $0.queue, $0.prefill] }
    }
    #expect(times(split.outcome) == times(alone.outcome) && split.outcome.records.count == 400)
  }

  /// Prefill replicas keep what prompts begin with: 62 whole blocks of 1,000 tokens. Decode replicas keep
  /// nothing, and all of every prompt moves to them.
  @Test func prefillReplicasKeepAPrefixCache() throws {
    func outcome(_ more: String) throws -> Outcome {
      try Self.run(
        Self.text(
          prompt: "{ distribution: constant, value: 1500 }", service: Self.split(1, 2, more: more),
          sharing: "prefix: { shared-tokens: 1000 }")
      ).outcome
    }
    let (on, off) = (try outcome(""), try outcome("cache: { prefix: false },"))
    let records = on.records.sorted { $0.serial < $1.serial }
    #expect(records.count == 400 && records[0].cachedTokens == 0)
    #expect(records.dropFirst().allSatisfy { $0.cachedTokens == 62 * 16 })
    #expect(off.records.allSatisfy { $0.cachedTokens == nil })
    let (cached, whole) = (on.services[0], off.services[0])
    #expect(cached.replicas[0].computedTokens == whole.replicas[0].computedTokens - 399 * 62 * 16)
    for decode in 1...2 {
      #expect(cached.replicas[decode].computedTokens == whole.replicas[decode].computedTokens)
      #expect(cached.replicas[decode].promptTokensFound == 0)
    }
    #expect(cached.tally.transfers!.bytes == whole.tally.transfers!.bytes)
    #expect(cached.tally.ttft.mean! < 0.7 * whole.tally.ttft.mean!)
  }

  @Test func moreBandwidthIsNeverSlower() throws {
    for overlap in [false, true] {
      var lastTransfer = Double.infinity
      var lastEnd = Double.infinity
      for bandwidth in ["50MB/s", "200MB/s", "1GB/s", "10GB/s", "1e20B/s"] {
        let transfer = "{ bandwidth: \(bandwidth), within-node: fabric, overlap: \(overlap) }"
        let tally = try Self.run(
          Self.text(service: Self.split(2, 2, transfer: transfer), requests: 200), keep: false
        ).outcome.services[0].tally
        let moving = tally.transfers!.wait.mean! + tally.transfers!.transfer.mean!
        #expect(moving <= lastTransfer && tally.e2e.mean! <= lastEnd, "\(bandwidth), overlap \(overlap)")
        (lastTransfer, lastEnd) = (moving, tally.e2e.mean!)
      }
    }
  }

  @Test func overlapHidesPartOfTheTransfer() throws {
    func visible(_ overlap: Bool) throws -> Double {
      let transfer = "{ fabric: ethernet-25g, within-node: fabric, overlap: \(overlap) }"
      let text = Self.text(
        arrivals: "{ process: poisson, rate: 1/s }", service: Self.split(2, 2, transfer: transfer),
        requests: 100)
      let moved = try Self.run(text, keep: false).outcome.services[0].tally.transfers!
      return moved.wait.mean! + moved.transfer.mean!
    }
    #expect(try visible(true) < 0.8 * visible(false))
  }

  /// Where decode replicas have no room, prefill replicas keep their blocks and in the end stand still.
  @Test func aFullDecodeSideHoldsThePrefillSideBack() throws {
    func tally(_ blocks: Int) throws -> WorkloadTally {
      let text = Self.text(
        arrivals: "{ process: burst, count: 120 }", prompt: "{ distribution: constant, value: 2000 }",
        output: "{ distribution: constant, value: 400 }",
        service: Self.split(
          1, 1, more: "max-sequences: 16,", roles: ("kv-blocks: 1000", "kv-blocks: \(blocks)")))
      return try Self.run(text).outcome.services[0].tally
    }
    let (roomy, tight) = (try tally(4000), try tally(400))
    #expect(roomy.completed == 120 && tight.completed == 120)
    #expect(
      tight.ttft.mean! > 1.5 * roomy.ttft.mean! && tight.transfers!.wait.mean! > roomy.transfers!.wait.mean!)
  }

  /// How many of eight replicas should prefill to be done with a burst soonest, and how long that takes.
  static func bestPrefillReplicas(prompt: Int, output: Int) throws -> (replicas: Int, ends: [Double]) {
    let ends = try (1...7).map { prefill -> Double in
      let text = text(
        arrivals: "{ process: burst, count: 600 }", prompt: "{ distribution: constant, value: \(prompt) }",
        output: "{ distribution: constant, value: \(output) }",
        service: split(
          prefill, 8 - prefill, more: "max-sequences: 64, router: least-loaded,", transfer: "{}"),
        requests: 600)
      return try run(text, keep: false).outcome.services[0].tally.lastCompletion.seconds
    }
    return (ends.indices.min { ends[$0] < ends[$1] }! + 1, ends)
  }

  @Test func theBestRatioFollowsTheLoad() throws {
    let promptHeavy = try Self.bestPrefillReplicas(prompt: 6000, output: 40)
    let balanced = try Self.bestPrefillReplicas(prompt: 2000, output: 200)
    let outputHeavy = try Self.bestPrefillReplicas(prompt: 200, output: 600)
    #expect(promptHeavy.replicas > balanced.replicas && balanced.replicas > outputHeavy.replicas)
    // One optimum: away from it, each step makes it worse.
    for best in [promptHeavy, balanced, outputHeavy] {
      let rising = best.ends[(best.replicas - 1)...]
      let falling = best.ends[..<best.replicas]
      #expect(zip(rising, rising.dropFirst()).allSatisfy { $0 < $1 }, "\(best.ends)")
      #expect(zip(falling, falling.dropFirst()).allSatisfy { $0 > $1 }, "\(best.ends)")
    }
  }
}
