import Kernel
import Scenario
import Testing
import Workloads

/// Keys about adapters: what they mean, and what is refused.
@Suite struct AdapterKeysTests {
  static let lora =
    "lora: { slots: 8, rank: 32, max-rank: 64, targets: [v, q], host-slots: 40, "
    + "storage: { bandwidth: 2GB/s, latency: 50ms } }"
  static let valid = FaultTests.valid
    .replacing(
      "value: 50 }\n", with: "value: 50 }\n    adapters: { count: 200, zipf: 1, share: 60% }\n"
    )
    .replacing("replicas: 1", with: "replicas: 1, router: adapter-aware, \(lora)")

  @Test func theKeysMeanWhatTheySay() throws {
    let (deployment, scenario) = try CachingKeysTests.deployment(Self.valid)
    let traffic = try #require(scenario.workloads[0].adapters)
    #expect(traffic.count == 200 && traffic.zipf == 1 && traffic.share == 0.6)
    #expect(deployment.router.kind == .adapterAware && deployment.router.maximumImbalance == 8)
    let adapters = try #require(deployment.adapters)
    #expect(adapters.slots == 8 && adapters.hostSlots == 40 && adapters.count == 200)
    #expect(adapters.shape == AdapterShape(rank: 64, targets: [.query, .value]))
    // q: 4096 + 4096, v: 4096 + 1024; 32 layers, 2 bytes.
    let each = Double((8192 + 5120) * 32 * 2)
    #expect(adapters.bytes.value == each * 32 && adapters.slotBytes.value == each * 64)
    #expect(deployment.memory.adapters.value == each * 64 * 8)
    // 63 GB/s of generation 5, of which copies reach 0.8.
    #expect(abs(adapters.copyTime.value / (each * 32 / 50.4e9) - 1) < 1e-9)
    #expect(abs(adapters.fetchTime.value / (0.05 + each * 32 / 2e9) - 1) < 1e-9)
  }

  @Test func defaultsAreNamed() throws {
    let text = Self.valid.replacing(Self.lora, with: "lora: { slots: 8 }")
      .replacing("count: 200, zipf: 1, share: 60%", with: "count: 200")
    let (deployment, scenario) = try CachingKeysTests.deployment(text)
    let adapters = try #require(deployment.adapters)
    #expect(adapters.shape == AdapterShape(rank: 16, targets: AdapterShape.Target.allCases))
    #expect(adapters.hostSlots == 200 && adapters.storage == nil)
    #expect(scenario.workloads[0].adapters?.share == 1)
    let named = Set(scenario.defaults.map(\.path))
    let service = "designs.one.services.chat.lora"
    for key in ["rank", "max-rank", "targets", "host-slots", "host-bandwidth", "loading"] {
      #expect(named.contains("\(service).\(key)"), "\(key)")
    }
  }

  /// Slots for nobody are a note, not a fault: a sweep may take the adapters away.
  @Test func slotsWithoutAdaptersAreNoted() throws {
    let text = Self.valid.replacing("    adapters: { count: 200, zipf: 1, share: 60% }\n", with: "")
      .replacing("router: adapter-aware, ", with: "")
    let scenario = try FaultTests.read(text).get()
    #expect(scenario.notes.contains { $0.contains("its slots take memory") })
  }

  /// What is replaced, by what, and what the fault must say.
  static let mistakes: [(old: String, new: String, says: String)] = [
    (", \(lora)", "", "the service keeps none"),
    ("adapters: { count: 200, zipf: 1, share: 60% }", "", "no request asks for an adapter"),
    ("slots: 8", "slots: 0", "whole number"),
    ("slots: 8, ", "", "'slots' is missing"),
    ("slots: 8", "slot: 8", "did you mean 'slots'?"),
    ("count: 200", "count: 0", "whole number"),
    ("count: 200", "count: 70000", "whole number"),
    ("share: 60%", "share: 160%", "at most all requests"),
    ("zipf: 1", "zipf: -1", "expected a number"),
    ("max-rank: 64", "max-rank: 16", "hold no rank 32"),
    ("host-slots: 40", "host-slots: 4", "at least as many adapters as there are slots"),
    (", storage: { bandwidth: 2GB/s, latency: 50ms }", "", "where the other 160 adapters come from"),
    ("bandwidth: 2GB/s", "bandwidth: 2B/s", "between 1 MB/s"),
    ("bandwidth: 2GB/s", "bandwidth: 2", "needs a unit"),
    ("latency: 50ms", "latency: 2h", "more than an hour"),
    ("slots: 8", "slots: 8, loading: later", "expected one of overlapped, blocking"),
    ("[v, q]", "[v, qq]", "unknown value 'qq'"),
    ("[v, q]", "[]", "at least one matrix"),
    ("[v, q]", "linear", "expected one of all-linear, attention"),
    ("adapter-aware", "adapter-awar", "did you mean 'adapter-aware'?"),
    ("adapter-aware", "{ policy: adapter-aware, threshold: 30% }", "unknown key 'threshold'"),
    ("replicas: 1", "replicas: 1, batching: { policy: static, size: 4 }", "continuous batches only"),
    (
      "replicas: 1", "replicas: 1, speculation: { tokens: 3, acceptance: 0.6, draft-cost: 5% }",
      "speculation and LoRA adapters are not simulated together"
    ),
    (
      "replicas: 1", "disaggregation: { prefill: { replicas: 1 }, decode: { replicas: 1 } }",
      "disaggregation and LoRA adapters are not simulated together"
    ),
    ("pool: gpu, replicas: 1", "endpoint: together-llama-3.1-8b", "managed endpoints and LoRA adapters"),
  ]

  @Test(arguments: mistakes.indices) func aMistakeIsNamed(index: Int) {
    let mistake = Self.mistakes[index]
    #expect(Self.valid.contains(mistake.old))
    let faults = FaultTests.faults(Self.valid.replacing(mistake.old, with: mistake.new, maxReplacements: 1))
    let found = faults.contains { "\($0.message) \($0.help ?? "")".contains(mistake.says) && $0.line > 0 }
    #expect(found, "\(mistake.new): \(faults)")
  }

  /// A sequence that loads KV blocks computes nothing in the step that takes it in.
  @Test func blockingLoadsAndTiersAreRefused() throws {
    let tiers = "cache: { prefix: true, tiers: [ { kind: cpu, capacity: 1GiB, bandwidth: 1GB/s } ] }"
    let text = Self.valid.replacing("replicas: 1", with: "replicas: 1, \(tiers)")
    _ = try FaultTests.read(text).get()
    let faults = FaultTests.faults(text.replacing("slots: 8", with: "slots: 8, loading: blocking"))
    #expect(faults.contains { $0.message.contains("loads that block are not simulated together") })
  }

  @Test func rolesAreNotRoutedByAdapters() {
    let roles = "disaggregation: { prefill: { replicas: 1, router: adapter-aware }, decode: { replicas: 1 } }"
    let faults = FaultTests.faults(FaultTests.valid.replacing("replicas: 1", with: roles))
    #expect(faults.contains { $0.message.contains("the adapter-aware router and disaggregation") })
  }

  @Test func tooManyPlacesAreRefused() {
    let text = Self.valid.replacing("count: 200", with: "count: 65535")
      .replacing("node: hgx-h100, count: 1", with: "node: hgx-h100, count: 1000")
      .replacing("replicas: 1", with: "replicas: 8000")
      .replacing("host-slots: 40", with: "host-slots: 65535")
    #expect(FaultTests.faults(text).contains { $0.message.contains("more than this version simulates") })
  }

  /// Beside the experts' matrices, compressed attention, ranks of their own: said plainly.
  @Test(arguments: [
    ("mixtral-8x7b", "all-linear", "of experts"), ("deepseek-v3", "attention", "latent attention"),
    ("mixtral-8x7b", "[q, down]", "of experts"),
  ])
  func whatIsLeftOutIsSaid(model: String, targets: String, says: String) {
    let text = Self.valid.replacing("llama-3.1-8b", with: model).replacing("[v, q]", with: targets)
    #expect(FaultTests.faults(text).contains { $0.message.contains(says) })
  }

  /// Whatever is written, nothing traps.
  @Test func extremesAreRefusedOrMeant() {
    let extremes = [
      ("count: 200", "count: 65535"), ("zipf: 1", "zipf: 10"), ("slots: 8", "slots: 1024"),
      ("rank: 32, max-rank: 64", "rank: 1024, max-rank: 1024"), ("2GB/s", "1e12GB/s"),
      ("slots: 8", "slots: 8, host-bandwidth: 1MB/s"), ("host-slots: 40", "host-slots: 1000000"),
    ]
    for (old, new) in extremes { _ = FaultTests.read(Self.valid.replacing(old, with: new)) }
  }
}
