import DryRack
import Foundation
import Testing

/// What a prefix cache must do for a service, whatever its insides.
@Suite struct PrefixCachingTests {
  /// One replica of an 8B model on one GPU; `extra` goes into the service, `workload` into the workload.
  static func outcome(
    workload: String, service: String = "", seed: Int = 1, duration: String = "3m", requests: Bool = false
  ) throws -> (outcome: Outcome, results: MetricValues) {
    let text = """
      version: 1
      name: caching
      seed: \(seed)
      duration: \(duration)
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          \(workload)
      designs:
        own:
          sites: { dc: { kind: on-prem } }
          pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 300000 USD } } }
          services: { chat: { workload: chat, pool: gpu, replicas: 1\(service) } }
      """
    let scenario = try WorldTests.scenario(text)
    var options = WorldOptions()
    options.keepsRequests = requests
    options.verifiesLeaps = true
    let model = DesignModel(scenario: scenario, designIndex: 0)
    let outcome = Simulation.run(model, replication: 0, options: options)
    return (outcome, MetricValues(outcome))
  }

  struct MetricValues {
    var hitRatio: Double
    var meanTTFT: Double
    var computed: Int64

    init(_ outcome: Outcome) {
      let tally = outcome.services[0].tally
      hitRatio = Double(tally.cachedTokens) / Double(tally.promptTokens)
      meanTTFT = tally.ttft.mean! / 16e9
      computed = outcome.services[0].replicas[0].computedTokens
    }
  }

  static let systemPrompt = """
    arrivals: { process: poisson, rate: 3/s }
        prompt-tokens: { distribution: constant, value: 1500 }
        output-tokens: { distribution: constant, value: 40 }
        prefix: { shared-tokens: 1000 }
    """

  /// 1,000 of 1,500 tokens always hot save two thirds of the prompt's work, less the tokens that do not fill
  /// a block: 1,000 tokens are 62 whole blocks of 16.
  @Test func aSystemPromptSavesItsShareOfThePrefill() throws {
    let on = try Self.outcome(workload: Self.systemPrompt, requests: true)
    let off = try Self.outcome(workload: Self.systemPrompt, service: ", cache: { prefix: false }")
    let records = on.outcome.records.sorted { $0.serial < $1.serial }
    #expect(records[0].cachedTokens == 0)
    #expect(records.dropFirst().allSatisfy { $0.cachedTokens == 62 * 16 })
    let prompts = Int64(records.count) * 1500
    let saved = Double(off.results.computed - on.results.computed) / Double(prompts)
    let expected = Double((records.count - 1) * 62 * 16) / Double(prompts)
    #expect(abs(saved - expected) < 1e-12)
    #expect(abs(saved - 2.0 / 3) < 0.01)
    #expect(on.results.meanTTFT < 0.7 * off.results.meanTTFT)
  }

  /// A hit rate that rises without moving a latency is a bug that a serving simulator once had. With 1 to 32
  /// beginnings for a cache of a few, the hit rate falls, and the time to the first token must rise with it.
  @Test func aHigherHitRateAlwaysShowsInTheTimeToTheFirstToken() throws {
    var last: MetricValues?
    for groups in [1, 2, 4, 8, 16, 32] {
      let workload = Self.systemPrompt.replacing(
        "shared-tokens: 1000", with: "shared-tokens: 1000, groups: \(groups)")
      let now = try Self.outcome(workload: workload, service: ", kv-blocks: 600").results
      if let last, now.hitRatio < last.hitRatio { #expect(now.meanTTFT > last.meanTTFT, "\(groups) groups") }
      last = now
    }
    #expect(last!.hitRatio < 0.3)
  }

  /// One replica, requests in order, the same random numbers: a larger KV cache holds every prefix at least
  /// as long. (LRU has no Belady anomaly: the larger cache holds all that the smaller one does at the same
  /// point of the same request order. Where batches overlap the order of admissions may differ, and then a
  /// single request may fare worse; the mean over a run is what must hold.)
  @Test(arguments: [1, 2, 3]) func moreCacheNeverSlowsTheFirstToken(seed: Int) throws {
    let workload = """
      arrivals: { process: poisson, rate: 2/s }
          prompt-tokens: { distribution: lognormal, mean: 1200, cv: 0.5, max: 4000 }
          output-tokens: { distribution: constant, value: 20 }
          prefix: { shared-tokens: 900, groups: 40, zipf: 1 }
      """
    var last: MetricValues?
    for blocks in [600, 1000, 2000, 4000, 27_000] {
      let now = try Self.outcome(workload: workload, service: ", kv-blocks: \(blocks)", seed: seed).results
      if let last {
        #expect(now.hitRatio >= last.hitRatio, "\(blocks) blocks")
        #expect(now.meanTTFT <= last.meanTTFT, "\(blocks) blocks")
      }
      last = now
    }
    #expect(last!.hitRatio > 0.5)
  }

  /// Every later turn finds the conversation so far, but for what does not fill a block.
  @Test func conversationsCarryTheirContextOver() throws {
    let workload = """
      arrivals: { process: burst, count: 12 }
          prompt-tokens: { distribution: constant, value: 100 }
          output-tokens: { distribution: constant, value: 60 }
          sessions: { turns: 4, think-time: 2s }
      """
    let run = try Self.outcome(workload: workload, duration: "1m", requests: true)
    let records = run.outcome.records.sorted { $0.serial < $1.serial }
    #expect(records.count == 12 * 4)
    for record in records {
      let turn = (record.promptTokens - 100) / 160
      #expect(record.promptTokens == 100 + turn * 160)
      // The last token of an answer was given, never read: its KV entry is not there.
      let context = turn == 0 ? 0 : turn * 160 - 1
      #expect(record.cachedTokens == context / 16 * 16)
    }
    let forgetful = try Self.outcome(
      workload: workload.replacing("think-time: 2s", with: "think-time: 2s, answer-carried: 0%"),
      duration: "1m", requests: true)
    for record in forgetful.outcome.records {
      #expect(record.cachedTokens == (record.promptTokens - 100) / 16 * 16)
    }
  }

  /// What conversations say depends neither on the design nor on how fast it answers.
  @Test func conversationsAreTheSameForEveryDesign() throws {
    let workload = """
      arrivals: { process: schedule, points: [[0s, 1/s], [2m, 1/s], [2m, 0/s]] }
          prompt-tokens: { distribution: lognormal, mean: 400, cv: 1, max: 2000 }
          output-tokens: { distribution: lognormal, mean: 100, cv: 1, max: 400 }
          sessions: { turns: { distribution: uniform, from: 1, to: 6 }, think-time: 3s }
          prefix: { shared-tokens: 200, groups: 5, zipf: 1 }
      """
    // All conversations end long before the run does: what is cut off at its end depends on the design.
    func lengths(_ service: String) throws -> [[Int]] {
      let run = try Self.outcome(workload: workload, service: service, duration: "20m", requests: true)
      return run.outcome.records.map { [$0.promptTokens, $0.outputTokens] }.sorted {
        $0.lexicographicallyPrecedes($1)
      }
    }
    let fast = try lengths("")
    #expect(try lengths(", cache: { prefix: false }") == fast)
    #expect(fast.count > 300)
  }
}
