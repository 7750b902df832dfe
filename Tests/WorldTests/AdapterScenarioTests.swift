import DryRack
import Testing

@testable import World

/// Services with adapters: laws, the swarm, and routers that look at adapters.
@Suite struct AdapterScenarioTests {
  static func text(
    adapters: String = "adapters: { count: 24, zipf: 0.8 }", lora: String = "lora: { slots: 6 }",
    router: String = "round-robin", rate: Double = 6, replicas: Int = 2, blocks: Int = 4000,
    seed: UInt64 = 7, duration: String = "3m", more: String = ""
  ) -> String {
    """
    version: 1
    name: adapters
    seed: \(seed)
    duration: \(duration)
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: \(rate)/s }
        prompt-tokens: { distribution: lognormal, mean: 400, cv: 0.6, max: 2000 }
        output-tokens: { distribution: lognormal, mean: 60, cv: 0.6, max: 300 }
        \(adapters)
        \(more)
    designs:
      own:
        sites: { dc: { kind: on-prem } }
        pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 300000 USD } } }
        services:
          chat:
            workload: chat
            pool: gpu
            replicas: \(replicas)
            kv-blocks: \(blocks)
            router: \(router)
            \(lora)
    """
  }

  static func run(_ text: String) throws -> Outcome {
    var options = WorldOptions()
    options.keepsRequests = true
    options.verifiesLeaps = true
    let model = DesignModel(scenario: try WorldTests.scenario(text), designIndex: 0)
    return Simulation.run(model, replication: 0, options: options)
  }

  /// Loads from storage a hundred milliseconds long, so that they matter.
  static func slow(_ slots: Int, count: Int = 24) -> String {
    "lora: { slots: \(slots), host-slots: \(count), host-bandwidth: 800MB/s }"
  }

  // MARK: Laws

  /// With a slot for each of them, every replica loads each adapter once.
  @Test func enoughSlotsLoadEachAdapterOnce() throws {
    let outcome = try Self.run(
      Self.text(adapters: "adapters: { count: 8 }", lora: "lora: { slots: 8 }").replacing(
        "duration: 3m", with: "duration: 3m\nwarmup: 1m"))
    let service = outcome.services[0]
    #expect(service.replicas.map(\.adapters.loads) == [8, 8])
    let tally = try #require(service.tally.adapters)
    #expect(tally.requests > 0 && tally.hits == tally.requests && tally.wait.max == 0)
    // What comes after the warm-up finds its adapter there.
    #expect(service.tally.measured < service.tally.completed)
  }

  /// More slots never make the mean time to the first token longer, over several days' traffic.
  @Test func moreSlotsAreNeverSlower() throws {
    func mean(_ slots: Int) throws -> Double {
      try ([3, 5, 9] as [UInt64]).reduce(0) { sum, seed in
        let outcome = try Self.run(Self.text(lora: Self.slow(slots), rate: 4, seed: seed, duration: "2m"))
        return sum + outcome.services[0].tally.ttft.mean! / 16e9 / 3
      }
    }
    let means = try [2, 4, 8, 24].map(mean)
    #expect(means == means.sorted(by: >), "\(means)")
    #expect(means[0] > 1.5 * means[3], "the loads must matter")
  }

  /// The wait is part of the queue, and so of the time to the first token.
  @Test func waitsArePartOfTheFirstToken() throws {
    let outcome = try Self.run(Self.text(lora: Self.slow(4)))
    let waited = outcome.records.filter { ($0.adapterWait ?? .zero) > .zero }
    #expect(waited.count > 50)
    #expect(waited.allSatisfy { $0.adapterWait! <= $0.queue! && $0.adapter! > 0 })
    let tally = try #require(outcome.services[0].tally.adapters)
    #expect(tally.requests - tally.hits == waited.count)
    let totals = outcome.services[0].replicas.map(\.adapters)
    #expect(totals.reduce(0) { $0 + $1.requests } == Int64(tally.requests))
    #expect(totals.reduce(0) { $0 + $1.hits } == Int64(tally.hits))
    #expect(totals.reduce(0) { $0 + $1.waited } == waited.reduce(0) { $0 + $1.adapterWait!.count })
  }

  /// If nobody asks for an adapter, a run is that of a service without, to the last bit.
  @Test(arguments: ["", "prefix: { shared-tokens: 100, groups: 3 }", "sessions: { turns: 3 }"])
  func nobodyAskingIsARunWithoutAdapters(sharing: String) throws {
    let zero = try Self.run(Self.text(adapters: "adapters: { count: 24, share: 0% }", more: sharing))
    let plain = try Self.run(Self.text(adapters: "", lora: "", more: sharing))
    let (a, b) = (zero.services[0], plain.services[0])
    #expect(a.tally.ttft == b.tally.ttft && a.tally.e2e == b.tally.e2e)
    #expect(a.tally.interTokenGaps == b.tally.interTokenGaps && a.replicas == b.replicas)
    #expect(a.samples == b.samples && zero.end == plain.end)
  }

  /// What requests ask for moves nothing else of the traffic.
  @Test(arguments: ["", "prefix: { shared-tokens: 100, groups: 3 }", "sessions: { turns: 3 }"])
  func adaptersMoveNoOtherDraw(sharing: String) throws {
    func traffic(_ adapters: String, _ lora: String) throws -> [RequestRecord] {
      try Self.run(Self.text(adapters: adapters, lora: lora, rate: 0.05, duration: "1h", more: sharing))
        .records.sorted { $0.serial < $1.serial }
    }
    let plain = try traffic("", "")
    let asked = try traffic("adapters: { count: 200, share: 50% }", "lora: { slots: 200 }")
    #expect(plain.count == asked.count && plain.count > 100)
    // Turns of two conversations may change places where answers come later.
    #expect(plain.map(\.promptTokens).sorted() == asked.map(\.promptTokens).sorted())
    #expect(plain.map(\.outputTokens).sorted() == asked.map(\.outputTokens).sorted())
    if !sharing.contains("sessions") { #expect(plain.map(\.sent) == asked.map(\.sent)) }
    let share = Double(asked.count { $0.adapter != nil }) / Double(asked.count)
    #expect(share > 0.3 && share < 0.7)
  }

  /// Popular adapters are asked for in proportion to their rank's power.
  @Test func popularityFollowsItsLaw() throws {
    let traffic = AdapterTraffic(count: 50, share: 0.8, zipf: 1)
    var counts = Array(repeating: 0, count: 51)
    let stream = RandomStream(seed: 3, replication: 0, entity: "test", purpose: "adapters")
    for index in 0..<40_000 {
      var own = stream.branch(UInt64(index))
      counts[Int(traffic.draw(&own))] += 1
    }
    #expect(abs(Double(counts[0]) / 8_000 - 1) < 0.05)
    let harmonic = (1...50).reduce(0.0) { $0 + 1 / Double($1) }
    for adapter in [1, 2, 5, 10] {
      let expected = 32_000 / harmonic / Double(adapter)
      #expect(abs(Double(counts[adapter]) / expected - 1) < 0.12, "\(adapter)")
    }
  }

  /// KV entries of one adapter are of no use to another: the same beginning is cached for each apart.
  @Test func cachedPrefixesBelongToAnAdapter() throws {
    let prefix = "prefix: { shared-tokens: 300 }"
    func cached(_ adapters: String) throws -> Int64 {
      try Self.run(Self.text(adapters: adapters, lora: "lora: { slots: 24 }", rate: 1, more: prefix))
        .services[0].tally.cachedTokens
    }
    let (one, many) = (try cached("adapters: { count: 1 }"), try cached("adapters: { count: 24 }"))
    #expect(many < one && many > 0)
  }

  // MARK: Routing

  @Test func affinityFindsMoreAdaptersAtHand() throws {
    func outcome(_ router: String) throws -> (hits: Double, ttft: Double, shares: [Int]) {
      let run = try Self.run(
        Self.text(
          adapters: "adapters: { count: 24, zipf: 0.5 }", lora: Self.slow(6), router: router, rate: 10,
          replicas: 4))
      let tally = run.services[0].tally
      return (
        Double(tally.adapters!.hits) / Double(tally.adapters!.requests), tally.ttft.mean! / 16e9,
        (0..<4).map { replica in run.records.count { $0.replica == replica } }
      )
    }
    let (blind, aware) = (try outcome("round-robin"), try outcome("adapter-aware"))
    #expect(aware.hits > blind.hits + 0.2 && aware.ttft < blind.ttft, "\(aware) against \(blind)")
    #expect(aware.shares.min()! * 3 > aware.shares.max()!)
  }

  /// One adapter that all ask for does not pile up on one replica.
  @Test func boundedImbalanceSpreadsAHotAdapter() throws {
    func shares(_ router: String) throws -> [Int] {
      let run = try Self.run(
        Self.text(adapters: "adapters: { count: 1 }", router: router, rate: 60, replicas: 4, duration: "1m"))
      return (0..<4).map { replica in run.records.count { $0.replica == replica } }
    }
    let piled = try shares("{ policy: adapter-aware, max-imbalance: 1000000 }")
    #expect(piled.filter { $0 > 0 }.count == 1)
    let spread = try shares("{ policy: adapter-aware, max-imbalance: 4 }")
    #expect(spread.min()! * 3 > spread.max()!, "\(spread)")
  }

  // MARK: Swarm

  /// A scenario of the swarm whose requests ask for adapters.
  static func random(_ seed: UInt64) -> String {
    var stream = RandomStream(seed: seed, replication: 0, entity: "swarm", purpose: "adapters")
    func pick(_ list: [String]) -> String { list[Int(stream.below(UInt32(list.count)))] }
    let adapters = pick([
      "adapters: { count: 1 }", "adapters: { count: 5, share: 50% }", "adapters: { count: 40, zipf: 1.2 }",
      "adapters: { count: 12, share: 0% }",
    ])
    var lora = pick([
      "slots: 1", "slots: 4, host-bandwidth: 100MB/s", "slots: 2, rank: 64, max-rank: 128", "slots: 40",
      "slots: 3, loading: blocking",
      "slots: 3, host-slots: 3, storage: { bandwidth: 200MB/s, latency: 100ms }",
    ])
    let router = pick(["", "router: adapter-aware", "router: { policy: adapter-aware, max-imbalance: 0 }"])
    let base = WorldTests.random(seed)
    let lines = base.split(separator: "\n", omittingEmptySubsequences: false)
    if base.contains("tiers") { lora = lora.replacing("blocking", with: "overlapped") }
    return lines.compactMap { [lora] line -> String? in
      let indent = String(line.prefix { $0 == " " })
      let key = line.drop { $0 == " " }.prefix { $0 != ":" }
      switch key {
      case "managed", "speculation": return nil
      case "slo": return "\(line)\n\(indent)\(adapters)"
      case "router" where !router.isEmpty: return indent + router
      case "batching" where line.contains("size:"): return "\(indent)batching: { policy: continuous }"
      case "replicas": return "\(line)\n\(indent)lora: { targets: attention, \(lora) }"
      default: return String(line)
      }
    }.joined(separator: "\n")
  }

  @Test func resultsDoNotDependOnTheNumberOfJobs() async throws {
    let scenario = try WorldTests.scenario(
      Self.text(lora: Self.slow(4), router: "adapter-aware", duration: "1m\nreplications: 4"))
    var options = RunOptions()
    let one = await Experiment.run(scenario, options: options)
    options.jobs = 4
    let four = await Experiment.run(scenario, options: options)
    #expect(one.metricsCSV() == four.metricsCSV() && one.summaryJSON() == four.summaryJSON())
    let names = Set(one.rows.map(\.metric))
    for name in ["adapter_hit_ratio", "adapter_loads", "adapter_fetches", "adapter_load_bytes"] {
      #expect(names.contains(name), "\(name)")
    }
  }

  @Test(arguments: 0..<UInt64(6)) func randomScenariosHoldTheirInvariants(group: UInt64) throws {
    for seed in (group * 12)..<(group * 12 + 12) { try WorldTests.hold(Self.random(seed), seed) }
  }
}
