import DryRack
import Testing

/// Routers that know of prefixes, among four replicas.
@Suite struct PrefixRoutingTests {
  struct Run {
    var hitRatio: Double
    var meanTTFT: Double
    /// Requests of each replica.
    var shares: [Int]
  }

  static func run(_ router: String, sharing: String, rate: Double = 8, blocks: Int = 3000) throws -> Run {
    let text = """
      version: 1
      name: routing
      seed: 7
      duration: 3m
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: poisson, rate: \(rate)/s }
          prompt-tokens: { distribution: lognormal, mean: 1500, cv: 0.3, max: 4000 }
          output-tokens: { distribution: lognormal, mean: 60, cv: 0.5, max: 300 }
          \(sharing)
      designs:
        own:
          sites: { dc: { kind: on-prem } }
          pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 300000 USD } } }
          services:
            chat: { workload: chat, pool: gpu, replicas: 4, kv-blocks: \(blocks), router: \(router) }
      """
    var options = WorldOptions()
    options.keepsRequests = true
    options.verifiesLeaps = true
    let model = DesignModel(scenario: try WorldTests.scenario(text), designIndex: 0)
    let outcome = Simulation.run(model, replication: 0, options: options)
    let tally = outcome.services[0].tally
    #expect(tally.isConserved && tally.rejected == 0)
    return Run(
      hitRatio: Double(tally.cachedTokens) / Double(tally.promptTokens), meanTTFT: tally.ttft.mean! / 16e9,
      shares: (0..<4).map { replica in outcome.records.filter { $0.replica == replica }.count })
  }

  static let groups = "prefix: { shared-tokens: 1200, groups: 60, zipf: 0.7 }"

  /// 60 beginnings of 75 blocks each do not fit one cache of 3,000 blocks beside the requests' own, but a
  /// quarter of them does: who sends a group always to the same replica finds most of them.
  @Test(arguments: ["prefix-aware", "kv-aware", "{ policy: kv-aware, staleness: 1s }"])
  func routersThatKnowOfPrefixesFindMoreOfThem(router: String) throws {
    let blind = try Self.run("round-robin", sharing: Self.groups)
    let aware = try Self.run(router, sharing: Self.groups)
    #expect(aware.hitRatio > blind.hitRatio + 0.1, "\(aware.hitRatio) against \(blind.hitRatio)")
    #expect(aware.meanTTFT < blind.meanTTFT)
    #expect(aware.shares.min()! > 0)
  }

  /// One hot beginning under overload: a router that looks at prefixes alone sends everything to one replica;
  /// the bound on the imbalance spreads it again. (Cache-aware routing slower than round robin is what users
  /// have met.)
  @Test func boundedImbalanceKeepsAHotPrefixFromOneReplica() throws {
    let hot = "prefix: { shared-tokens: 500 }"
    let blind = try Self.run("round-robin", sharing: hot, rate: 40)
    let unbounded = try Self.run(
      "{ policy: prefix-aware, threshold: 10%, max-imbalance: 1000000 }", sharing: hot, rate: 40)
    let bounded = try Self.run(
      "{ policy: prefix-aware, threshold: 10%, max-imbalance: 8 }", sharing: hot, rate: 40)
    #expect(unbounded.shares.filter { $0 > 0 }.count == 1)
    #expect(bounded.shares.min()! > blind.shares.min()! / 2)
    #expect(unbounded.meanTTFT > 2 * blind.meanTTFT)
    #expect(bounded.meanTTFT < unbounded.meanTTFT / 2)
  }

  /// Every turn but the first finds its conversation where the turn before left it.
  @Test func conversationsStayWhereTheyAre() throws {
    let talk =
      "sessions: { turns: 6, think-time: 5s, follow-up-tokens: { distribution: constant, value: 50 } }"
    let blind = try Self.run("round-robin", sharing: talk, rate: 0.5, blocks: 20_000)
    let aware = try Self.run("prefix-aware", sharing: talk, rate: 0.5, blocks: 20_000)
    let live = try Self.run("kv-aware", sharing: talk, rate: 0.5, blocks: 20_000)
    #expect(aware.hitRatio > 0.75, "\(aware.hitRatio)")
    // The KV-aware router leaves a busy replica where the busy one would take longer.
    #expect(live.hitRatio > blind.hitRatio + 0.1, "\(live.hitRatio)")
    #expect(aware.hitRatio > blind.hitRatio + 0.1, "\(blind.hitRatio)")
  }

  /// A report of an hour ago knows nothing of a run of three minutes: only the load is left to go by.
  @Test func anOldViewIsWorthLess() throws {
    let fresh = try Self.run("kv-aware", sharing: Self.groups)
    let old = try Self.run("{ policy: kv-aware, staleness: 1h }", sharing: Self.groups)
    let blind = try Self.run("{ policy: kv-aware, overlap-weight: 0 }", sharing: Self.groups)
    #expect(fresh.hitRatio > old.hitRatio + 0.1)
    #expect(abs(old.hitRatio - blind.hitRatio) < 0.1)
  }
}
