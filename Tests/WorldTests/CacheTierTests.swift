import DryRack
import Testing

/// What tiers below the accelerator must do for a service.
@Suite struct CacheTierTests {
  /// Conversations whose contexts do not all fit the KV cache of one GPU while their users think.
  static let talk = """
    arrivals: { process: poisson, rate: 0.4/s }
        prompt-tokens: { distribution: lognormal, mean: 2000, cv: 0.5, max: 6000 }
        output-tokens: { distribution: constant, value: 50 }
        sessions: { turns: 5, think-time: 20s, follow-up-tokens: { distribution: constant, value: 200 } }
    """

  static func run(_ cache: String, blocks: Int = 2000, requests: Bool = false) throws -> (
    outcome: Outcome, results: PrefixCachingTests.MetricValues
  ) {
    try PrefixCachingTests.outcome(
      workload: talk, service: ", kv-blocks: \(blocks), cache: { \(cache) }", duration: "4m",
      requests: requests)
  }

  static func tier(_ kind: String = "cpu", capacity: String = "60GiB", bandwidth: String = "50GB/s") -> String
  {
    "{ kind: \(kind), capacity: \(capacity), bandwidth: \(bandwidth), latency: 20us }"
  }

  /// The defect to guard against: a hit rate that a tier lifts from 8 to 37 % without moving a latency.
  @Test func aTierThatIsHitShowsInTheTimeToTheFirstToken() throws {
    let none = try Self.run("prefix: true")
    let some = try Self.run("tiers: [ \(Self.tier(capacity: "6GiB")) ]")
    let all = try Self.run("tiers: [ \(Self.tier()) ]")
    #expect(none.results.hitRatio + 0.05 < some.results.hitRatio)
    #expect(some.results.hitRatio + 0.05 < all.results.hitRatio)
    #expect(some.results.meanTTFT < none.results.meanTTFT)
    #expect(all.results.meanTTFT < some.results.meanTTFT)
    let tier = all.outcome.services[0].replicas[0].tiers[0]
    #expect(tier.blocksRead > 0 && tier.blocksWritten > 0 && tier.tokensFound <= tier.blocksRead * 16)
    #expect(tier.busy > .zero && tier.busy < all.outcome.end)
  }

  /// Loading is a choice: more bandwidth never slows the first token, and a tier too slow to be worth reading
  /// is left alone.
  @Test func moreBandwidthNeverSlowsTheFirstToken() throws {
    let none = try Self.run("prefix: true")
    var last = Double.infinity
    var read: Int64 = 0
    for bandwidth in ["1MB/s", "100MB/s", "1GB/s", "4GB/s", "16GB/s", "64GB/s", "1TB/s"] {
      let now = try Self.run("tiers: [ \(Self.tier(bandwidth: bandwidth)) ]")
      #expect(now.results.meanTTFT <= last, "\(bandwidth)")
      last = now.results.meanTTFT
      read = now.outcome.services[0].replicas[0].tiers[0].blocksRead
      if bandwidth == "1MB/s" {
        #expect(read == 0)
        #expect(now.outcome.services[0].tally.ttft == none.outcome.services[0].tally.ttft)
      }
    }
    #expect(read > 0)
    let forced = try Self.run("load: always, tiers: [ \(Self.tier(bandwidth: "100MB/s")) ]")
    #expect(forced.results.meanTTFT > none.results.meanTTFT)
    #expect(forced.results.hitRatio > none.results.hitRatio)
  }

  /// What the CPU's memory loses the NVMe keeps; a tier of nothing changes nothing but what is written.
  @Test func tiersAddUp() throws {
    let small = try Self.run("tiers: [ \(Self.tier(capacity: "2GiB")) ]")
    let both = try Self.run(
      "tiers: [ \(Self.tier(capacity: "2GiB")), \(Self.tier("nvme", bandwidth: "20GB/s")) ]")
    #expect(both.results.hitRatio > small.results.hitRatio + 0.05)
    #expect(both.results.meanTTFT < small.results.meanTTFT)
    let tiers = both.outcome.services[0].replicas[0].tiers
    #expect(tiers[1].blocksRead > 0 && tiers[1].blocksWritten <= tiers[0].blocksWritten)
    let none = try Self.run("prefix: true")
    let empty = try Self.run("tiers: [ \(Self.tier(capacity: "0GiB")) ]")
    #expect(empty.outcome.services[0].tally.ttft == none.outcome.services[0].tally.ttft)
  }

  /// The time to the first token is made of network, queue and prefill to the tick, loading included, and a
  /// request that loads is served later by at least the time its link needs.
  @Test func loadingIsPartOfThePrefill() throws {
    let run = try Self.run(
      "load: always, tiers: [ { kind: cpu, capacity: 60GiB, bandwidth: 1GB/s, latency: 200ms } ]",
      requests: true)
    var slowest = Ticks.zero
    for record in run.outcome.records {
      guard let ttft = record.ttft else { continue }
      #expect(ttft == record.network! + record.queue! + record.prefill!)
      slowest = max(slowest, record.prefill!)
    }
    #expect(slowest > Ticks(seconds: 0.2))
    #expect(run.outcome.services[0].tally.isConserved)
  }

  /// Replicas that share a store find what the others wrote; tiers of their own they do not.
  @Test func aRemoteStoreIsShared() throws {
    func hits(_ kind: String) throws -> Double {
      let text = """
        version: 1
        name: remote
        seed: 3
        duration: 3m
        workloads:
          chat:
            kind: inference
            model: llama-3.1-8b
            \(Self.talk)
        designs:
          own:
            sites: { dc: { kind: on-prem } }
            pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 300000 USD } } }
            services:
              chat:
                { workload: chat, pool: gpu, replicas: 4, kv-blocks: 500,
                  cache: { tiers: [ \(Self.tier(kind)) ] } }
        """
      let model = DesignModel(scenario: try WorldTests.scenario(text), designIndex: 0)
      let tally = Simulation.run(model, replication: 0).services[0].tally
      return Double(tally.cachedTokens) / Double(tally.promptTokens)
    }
    #expect(try hits("remote") > hits("cpu") + 0.2)
  }
}
