import Kernel
import Scenario
import Testing
import Workloads

/// Keys about requests that begin alike, caches, tiers and the routers that know of them.
@Suite struct CachingKeysTests {
  static let valid = FaultTests.valid
    .replacing(
      "value: 50 }\n",
      with: "value: 50 }\n"
        + "    prefix: { shared-tokens: 60, groups: 3, zipf: 1 }\n"
        + "    sessions: { turns: 4, think-time: 10s,\n"
        + "      follow-up-tokens: { distribution: constant, value: 9 } }\n"
    )
    .replacing("replicas: 1", with: "replicas: 1, router: { policy: kv-aware, staleness: 1s }, \(tiers)")
  static let tiers =
    "cache: { tiers: [ { kind: cpu, capacity: 400GiB, bandwidth: 50GB/s, latency: 20us } ] }"

  static func deployment(_ text: String) throws -> (deployment: Deployment, scenario: Scenario) {
    let scenario = try FaultTests.read(text).get()
    guard case .pool(let deployment) = scenario.designs[0].services[0].placement else {
      throw CancellationError()
    }
    return (deployment, scenario)
  }

  @Test func theKeysMeanWhatTheySay() throws {
    let (deployment, scenario) = try Self.deployment(Self.valid)
    let workload = scenario.workloads[0]
    #expect(workload.prefix?.tokens == 60 && workload.prefix?.groups == 3 && workload.prefix?.zipf == 1)
    #expect(workload.conversations?.turns.mean == 4 && workload.conversations?.answerCarried == 1)
    #expect(deployment.router.kind == .kvAware && deployment.router.staleness == Ticks(seconds: 1))
    let cache = try #require(deployment.cache)
    #expect(cache.tiers.count == 1 && cache.loading == .cheaper)
    // 8 heads of 128, keys and values, 2 bytes, 32 layers, 16 tokens.
    #expect(cache.bytesPerBlock == 8 * 128 * 2 * 2 * 32 * 16)
    #expect(cache.tiers[0].capacity.value == 400 * 1024 * 1024 * 1024)
  }

  /// A cache is kept where requests begin alike, and the plan says so.
  @Test func aCacheIsKeptWhereItCanBeHit() throws {
    let plain = try Self.deployment(FaultTests.valid)
    #expect(plain.deployment.cache == nil)
    #expect(!plain.scenario.defaults.contains { $0.path.contains("cache") })
    let (deployment, scenario) = try Self.deployment(Self.valid)
    #expect(deployment.cache != nil)
    #expect(scenario.defaults.contains { $0.path == "designs.one.services.chat.cache.prefix" })
    let asked = FaultTests.valid.replacing("replicas: 1", with: "replicas: 1, cache: { prefix: true }")
    #expect(try Self.deployment(asked).deployment.cache != nil)
    let refused = Self.valid.replacing(Self.tiers, with: "cache: { prefix: false }")
    #expect(try Self.deployment(refused).deployment.cache == nil)
  }

  @Test func aRouterMayStandAlone() throws {
    // A router that looks at adapters needs some to look at.
    for kind in RouterKind.allCases where kind != .adapterAware {
      let text = FaultTests.valid.replacing("replicas: 1", with: "replicas: 1, router: \(kind.rawValue)")
      #expect(try Self.deployment(text).deployment.router.kind == kind)
    }
    let sglang = FaultTests.valid.replacing("replicas: 1", with: "replicas: 1, router: prefix-aware")
    let router = try Self.deployment(sglang).deployment.router
    #expect(router.threshold == 0.3 && router.maximumImbalance == 64 && router.maximumImbalanceRatio == 1.5)
  }

  /// What is replaced, by what, and what the fault must say.
  static let mistakes: [(old: String, new: String, says: String)] = [
    ("shared-tokens: 60, ", "", "'shared-tokens' is missing"),
    ("groups: 3", "groups: 0", "whole number"),
    ("zipf: 1", "zipf: -1", "expected a number"),
    ("turns: 4", "turns: 0", "whole number"),
    ("turns: 4", "turns: { distribution: zipf }", "unknown value 'zipf'"),
    ("think-time: 10s", "think-time: 10", "needs a unit"),
    ("think-time: 10s", "think-time: { distribution: exponential }", "'mean' is missing"),
    ("think-time: 10s", "think-time: 10s, answer-carried: 120%", "at most all of an answer"),
    ("kind: cpu", "kind: gpu", "unknown value 'gpu'"),
    ("bandwidth: 50GB/s", "bandwidth: 0GB/s", "between 1 MB/s"),
    ("latency: 20us", "latency: 2h", "at most an hour"),
    ("capacity: 400GiB, ", "", "'capacity' is missing"),
    (" } ] }", " }, { kind: cpu, capacity: 1GiB, bandwidth: 1GB/s } ] }", "a cpu tier already"),
    (
      "{ kind: cpu,", "{ kind: remote, capacity: 1GiB, bandwidth: 1GB/s }, { kind: cpu,",
      "the remote tier is the last"
    ),
    ("cache: {", "cache: { prefix: false,", "nothing is kept"),
    ("cache: {", "batching: { policy: static, size: 4 }, cache: { prefix: true,", "only continuous batching"),
    ("kv-aware", "kv-awar", "did you mean 'kv-aware'?"),
    ("staleness: 1s", "threshold: 30%", "unknown key 'threshold'"),
  ]

  @Test(arguments: mistakes.indices) func aMistakeIsNamed(index: Int) {
    let mistake = Self.mistakes[index]
    #expect(Self.valid.contains(mistake.old))
    let faults = FaultTests.faults(Self.valid.replacing(mistake.old, with: mistake.new, maxReplacements: 1))
    let found = faults.contains { "\($0.message) \($0.help ?? "")".contains(mistake.says) && $0.line > 0 }
    #expect(found, "\(mistake.new): \(faults)")
  }

  /// Whatever is written, nothing traps: the largest of everything resolves or is refused.
  @Test func extremesAreRefusedOrMeant() {
    let extremes = [
      ("shared-tokens: 60", "shared-tokens: 10000000"), ("groups: 3", "groups: 1000000"),
      ("zipf: 1", "zipf: 10"), ("turns: 4", "turns: 100000"), ("400GiB", "1e20TB"), ("50GB/s", "1e12GB/s"),
      ("20us", "3600s"), ("staleness: 1s", "staleness: 3y, overlap-weight: 1000"),
    ]
    for (old, new) in extremes { _ = FaultTests.read(Self.valid.replacing(old, with: new)) }
  }
}
