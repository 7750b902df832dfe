import DryRack
import Foundation
import TestSupport
import Testing

/// A recorded run of a real server, request by request, with the kernel times of the very same GPU: vLLM
/// 0.19 on an RTX PRO 6000, Llama-3.1-8B, 300 requests of ShareGPT at ten a second.
@Suite struct RequestReplayTests {
  struct Recorded: Decodable {
    var arrivalTime: Double
    var queuedTs: Double
    var scheduledTs: Double
    var firstTokenTs: Double
    var lastTokenTs: Double
    var outputToks: Int
  }

  struct Means {
    var ttft = 0.0
    var tpot = 0.0
    var e2e = 0.0
  }

  /// Arrivals carry the wall clock, everything else a monotonic one: the quickest hand-over between the two
  /// is taken as instantaneous.
  static func means(of recorded: [Recorded]) throws -> Means {
    let offset = try #require(recorded.map { $0.queuedTs - $0.arrivalTime }.min())
    var means = Means()
    for one in recorded {
      let sent = one.arrivalTime + offset
      means.ttft += (one.firstTokenTs - sent) / Double(recorded.count)
      means.e2e += (one.lastTokenTs - sent) / Double(recorded.count)
      means.tpot +=
        (one.lastTokenTs - one.firstTokenTs) / Double(one.outputToks - 1) / Double(recorded.count)
    }
    return means
  }

  /// Host time between two steps, by the engine's own clock: from the newest token that was out to the moment
  /// when somebody who had waited for it was scheduled; the middle one.
  static func hostSeconds(of recorded: [Recorded]) throws -> Double {
    let outputs = recorded.flatMap { [$0.firstTokenTs, $0.lastTokenTs] }.sorted()
    let gaps = recorded.filter { $0.scheduledTs - $0.queuedTs > 0.001 }.compactMap { one in
      outputs.last { $0 < one.scheduledTs }.map { one.scheduledTs - $0 }
    }.sorted()
    try #require(!gaps.isEmpty)
    return gaps[gaps.count / 2]
  }

  static func convert(_ data: URL, into folder: URL) throws -> Bool {
    let python = Process()
    python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    python.arguments = [
      "python3", WorldTests.root.appendingPathComponent("tools/convert-llmservingsim.py").path,
      data.appendingPathComponent("kernels").path, "--gpu", "RTXPRO6000", "--model",
      "meta-llama/Llama-3.1-8B", "-o", folder.appendingPathComponent("table.csv").path,
    ]
    try python.run()
    python.waitUntilExit()
    return python.terminationStatus == 0
  }

  static func scenario(host microseconds: Double) -> String {
    """
    version: 1
    name: replay
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        trace: { file: requests.jsonl.gz, format: vllm-requests }
    designs:
      recorded:
        sites: { lab: { kind: on-prem } }
        pools:
          gpu:
            site: lab
            node: { accelerator: rtx-pro-6000, accelerators: 1 }
            count: 1
            purchase: { price: 10000 USD }
        services:
          chat:
            workload: chat
            pool: gpu
            engine: vllm
            replicas: 1
            max-sequences: 128
            max-batched-tokens: 2048
            latency:
              table: table.csv
              step-overhead: \(microseconds)us
              layer-overhead: 0s
              sequence-overhead: 0s
              front-end: 0s
    """
  }

  @Test(
    "the means of a recorded run: TPOT and E2E within 5 %, TTFT within 15 %",
    .enabled(
      if: SharedData.folder != nil,
      "skipped: no recorded runs beside the checkout, and DRYRACK_SHARED names none"))
  func recordedRun() async throws {
    let data = try #require(SharedData.folder).appendingPathComponent("data")
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try #require(try Self.convert(data, into: folder), "python3 converts the published profile")
    let source = data.appendingPathComponent(
      "inference/requests/RTXPRO6000_Llama-3.1-8B.requests.jsonl.gz")
    try FileManager.default.copyItem(at: source, to: folder.appendingPathComponent("requests.jsonl.gz"))
    let lines = try #require(Gzip.inflate([UInt8](try Data(contentsOf: source))))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let recorded = try lines.split(separator: UInt8(ascii: "\n")).map {
      try decoder.decode(Recorded.self, from: Data($0))
    }
    let measured = try Self.means(of: recorded)
    let host = try Self.hostSeconds(of: recorded)
    #expect(host > 0 && host < 0.001)
    for host in [host, 0] {
      let text = Self.scenario(host: host * 1e6)
      let scenario = try ScenarioReader.read(
        bytes: Array(text.utf8), file: "replay.yaml", folder: folder.path
      ).get()
      let results = await Experiment.run(scenario, options: RunOptions())
      #expect(results.designs[0].basis == "measured")
      func mean(_ metric: String) -> Double {
        results.row(design: "recorded", workload: "chat", metric: metric, statistic: "mean")?.value ?? 0
      }
      #expect(abs(mean("tpot_s") / measured.tpot - 1) < 0.05, "\(mean("tpot_s")) for \(measured.tpot) s")
      #expect(abs(mean("e2e_s") / measured.e2e - 1) < 0.05, "\(mean("e2e_s")) for \(measured.e2e) s")
      #expect(abs(mean("ttft_s") / measured.ttft - 1) < 0.15, "\(mean("ttft_s")) for \(measured.ttft) s")
    }
  }
}
