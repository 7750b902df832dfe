import Kernel
import Quantities
import Scenario
import Testing

/// Mistakes and defaults of disaggregated services.
@Suite struct DisaggregationFaultTests {
  static let valid = """
    version: 1
    name: test
    duration: 1m
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: 2/s }
        prompt-tokens: { distribution: constant, value: 100 }
        output-tokens: { distribution: constant, value: 50 }
    designs:
      one:
        sites: { dc: { kind: on-prem }, far: { kind: on-prem } }
        pools:
          gpu: { site: dc, node: hgx-h100, count: 1, fabric: infiniband-ndr }
          big: { site: dc, node: hgx-h200, count: 1 }
          away: { site: far, node: hgx-h100, count: 1 }
        services:
          chat:
            workload: chat
            pool: gpu
            max-sequences: 100
            disaggregation:
              prefill: { replicas: 2, parallelism: { tensor: 2 } }
              decode: { replicas: 3, pool: big, max-sequences: 200 }
              transfer: { latency: 5us }

    """

  static func roles(_ text: String) throws -> Disaggregation? {
    let scenario = try FaultTests.read(text).get()
    guard case .disaggregated(let roles) = scenario.designs[0].services[0].placement else { return nil }
    return roles
  }

  @Test func rolesStandOverTheirServiceAndDefaultsAreTold() throws {
    let roles = try #require(try Self.roles(Self.valid))
    #expect(roles.prefill.replicas == 2 && roles.decode.replicas == 3)
    #expect(roles.prefill.maximumSequences == 100 && roles.decode.maximumSequences == 200)
    #expect(roles.prefill.layout.tensor == 2 && roles.decode.layout.tensor == 1)
    #expect(roles.prefill.poolIndex == 0 && roles.decode.poolIndex == 1)
    #expect(roles.decode.memory.deviceMemory > roles.prefill.memory.deviceMemory)
    // Eight NDR links of 50 GB/s on one side, the node's own interfaces on the other.
    #expect(roles.transfer.senders == .init(bandwidth: BytesPerSecond(400e9), count: 8))
    #expect(roles.transfer.receivers.count == 1 && roles.transfer.receivers.bandwidth.value > 1e10)
    #expect(abs(roles.transfer.latency.value - 5e-6) < 1e-15)
    #expect(!roles.transfer.overlaps && roles.transfer.usesScaleUp)
    let told = try FaultTests.read(Self.valid).get().defaults.map(\.path)
    for key in ["overlap", "within-node", "bandwidth (senders)", "links-per-node (receivers)"] {
      #expect(told.contains("designs.one.services.chat.disaggregation.transfer.\(key)"), "\(key)")
    }
    #expect(told.contains("designs.one.services.chat.disaggregation.decode.max-batched-tokens"))
    #expect(!told.contains("designs.one.services.chat.disaggregation.transfer.latency"))
  }

  @Test func writtenBandwidthAndFabricHold() throws {
    let own = try #require(
      try Self.roles(
        Self.valid.replacing(
          "latency: 5us", with: "bandwidth: 40GB/s, links-per-node: 4, overlap: true, within-node: fabric")))
    #expect(own.transfer.senders == .init(bandwidth: BytesPerSecond(40e9), count: 4))
    #expect(own.transfer.receivers == own.transfer.senders)
    #expect(own.transfer.overlaps && !own.transfer.usesScaleUp)
    let named = try #require(try Self.roles(Self.valid.replacing("latency: 5us", with: "fabric: roce-200g")))
    #expect(named.transfer.receivers == .init(bandwidth: BytesPerSecond(200e9), count: 8))
  }

  /// What is replaced, by what, the line of the fault, and what its text must hold.
  static let mistakes: [(old: String, new: String, line: Int, says: String)] = [
    ("prefill: { replicas: 2,", "prefill: { replica: 2,", 24, "did you mean 'replicas'?"),
    ("prefill: { replicas: 2, parallelism: { tensor: 2 } }", "", 25, "'prefill' is missing"),
    ("pool: big", "pool: bug", 25, "did you mean 'big'?"),
    ("pool: big", "pool: away", 25, "different sites"),
    ("replicas: 3", "replicas: 9", 19, "need 9"),
    ("replicas: 2", "replicas: 5", 19, "need 10"),
    ("max-sequences: 100", "replicas: 4", 22, "no replicas of its own"),
    ("max-sequences: 100", "batching: { policy: static, size: 4 }", 22, "continuous batches only"),
    ("tensor: 2", "tensor: 16", 24, "does not fit a node"),
    ("pool: big", "pool: big, kv-blocks: 900000000", 25, "fewer kv-blocks"),
    ("latency: 5us", "latency: 5", 26, "needs a unit"),
    ("latency: 5us", "latency: 2m", 26, "at most a minute"),
    ("latency: 5us", "bandwidth: 1MB/s", 26, "at least 10MB/s"),
    ("latency: 5us", "fabric: infiniband-nrd", 26, "did you mean 'infiniband-ndr'?"),
    ("latency: 5us", "overlap: perhaps", 26, "expected one of true, false"),
    ("        pool: gpu\n", "", 23, "nor its service has a pool"),
  ]

  @Test(arguments: mistakes.indices) func aMistakeIsNamedWithItsPlace(index: Int) {
    let mistake = Self.mistakes[index]
    let text = Self.valid.replacing(mistake.old, with: mistake.new)
    #expect(text != Self.valid)
    let faults = FaultTests.faults(text)
    let found = faults.first { "\($0.message) \($0.help ?? "")".contains(mistake.says) }
    #expect(found != nil && found?.line == mistake.line, "\(mistake.new): \(faults)")
  }

  @Test func thresholdsKnowTheNewMetrics() throws {
    let text = Self.valid + "thresholds: [ \"p99(kv_wait_s) < 1\", \"mean(kv_transfer_s) < 1\" ]\n"
    #expect(try FaultTests.read(text).get().thresholds.count == 2)
  }

  @Test func damagedTextNeverTraps() {
    var stream = RandomStream(seed: 5, replication: 0, entity: "test", purpose: "mutations")
    let lines = Self.valid.split(separator: "\n", omittingEmptySubsequences: false)
    let start = lines.prefix(while: { !$0.contains("services") }).reduce(0) { $0 + $1.utf8.count + 1 }
    let source = Array(Self.valid.utf8)
    for _ in 0..<300 {
      var bytes = source
      for _ in 0...Int(stream.below(3)) {
        let place = start + Int(stream.below(UInt32(bytes.count - start)))
        switch stream.below(3) {
        case 0: bytes[place] = UInt8(stream.below(256))
        case 1: bytes.remove(at: place)
        default: bytes.insert(contentsOf: Array("9e9".utf8), at: place)
        }
      }
      _ = ScenarioReader.read(bytes: bytes, file: "test.yaml", folder: "/nowhere")
    }
  }
}
