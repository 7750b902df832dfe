import DryRack
import Foundation
import Testing

@testable import Command

@Suite("dryrack calibrate")
struct CalibrateTests {
  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/measurements").path

  private static let scenario = """
    version: 1
    name: bench
    duration: 1m
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: 2/s }
        prompt-tokens: { distribution: constant, value: 300 }
        output-tokens: { distribution: constant, value: 10 }
    designs:
      lab:
        sites: { here: { kind: on-prem } }
        pools:
          gpu:
            site: here
            node: { accelerator: h100-sxm, accelerators: 1 }
            count: 1
            pricing: { price: 1 USD/h }
        services: { chat: { workload: chat, pool: gpu, engine: vllm, replicas: 1 } }
      managed:
        services: { chat: { workload: chat, endpoint: together-llama-3.1-8b } }
    """

  private func inFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dryrack-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Self.scenario.write(toFile: "\(folder)/chat.yaml", atomically: true, encoding: .utf8)
    try await body(folder)
  }

  @Test("a measurement becomes an overlay that the scenario then runs with")
  func overlay() async throws {
    try await inFolder { folder in
      let bench = "\(Self.fixtures)/vllm-bench.json"
      let result = await execute(
        "calibrate", bench, "--scenario", "\(folder)/chat.yaml", "-o", "\(folder)/mine.csv", "--metrics",
        "tpot_s,ttft_s")
      #expect(result.status == .success, "\(result.error)")
      #expect(result.out.contains("step-overhead-s") && result.out.contains("mean(tpot_s)"))
      #expect(!result.out.contains("e2e_s") && result.error == "wrote \(folder)/mine.csv\n")
      let facts = try OverlayFile.read([UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/mine.csv"))))
        .get()
      #expect(facts.allSatisfy { $0.fact.source == "calibration" && $0.fact.date == "2025-10-31" })
      #expect(facts.contains { $0.fact.key == "calibrated-accelerator" && $0.fact.value == "h100-sxm" })
      let text = Self.scenario.replacing("duration:", with: "overlays: [mine.csv]\nduration:")
      try text.write(toFile: "\(folder)/chat.yaml", atomically: true, encoding: .utf8)
      let run = await execute("run", "\(folder)/chat.yaml", "--design", "lab")
      #expect(run.status == .success && run.out.contains("leaves the range that vllm was calibrated on"))
    }
  }

  @Test("the answer in JSON is one document, in CSV it is the overlay")
  func formats() async throws {
    try await inFolder { folder in
      let arguments = ["\(Self.fixtures)/aiperf-profile_export.csv", "--scenario", "\(folder)/chat.yaml"]
      let json = await execute("calibrate", arguments[0], arguments[1], arguments[2], "--format", "json")
      let document = try #require(
        try JSONSerialization.jsonObject(with: Data(json.out.utf8)) as? [String: Any])
      #expect(json.status == .success && json.error.isEmpty && document["engine"] as? String == "vllm")
      #expect((document["parameters"] as? [Any])?.count == 8 && (document["runs"] as? [Any])?.count == 1)
      let csv = await execute("calibrate", arguments[0], arguments[1], arguments[2], "--format", "csv")
      #expect(try OverlayFile.read(Array(csv.out.utf8)).get().contains { $0.fact.key == "front-end-s" })
      let again = await execute(
        "calibrate", arguments[0], arguments[1], arguments[2], "--format", "csv", "--jobs", "1")
      #expect(again.out == csv.out)
    }
  }

  @Test("what cannot be done ends with status 2 and all faults of all files")
  func misuse() async throws {
    try await inFolder { folder in
      let scenario = "\(folder)/chat.yaml"
      let bench = "\(Self.fixtures)/vllm-bench.json"
      try "{\"completed\": 0, \"request_throughput\": 1}".write(
        toFile: "\(folder)/one.json", atomically: true, encoding: .utf8)
      try "nothing known".write(toFile: "\(folder)/two.txt", atomically: true, encoding: .utf8)
      let both = await execute(
        "calibrate", "\(folder)/one.json", "\(folder)/two.txt", "\(folder)/absent", "--scenario", scenario)
      #expect(both.status == .cannotRun && both.out.isEmpty)
      for word in ["one.json:1:15", "two.txt:1:1", "there is no file", "AIPerf's profile_export.jsonl"] {
        #expect(both.error.contains(word), "\(word)")
      }
      for arguments in [
        [bench], ["--scenario", scenario], [bench, "--scenario", "\(folder)/absent.yaml"],
        [bench, "--scenario", bench], [bench, "--scenario", scenario, "--design", "managed"],
        [bench, "--scenario", scenario, "--design", "no-such"],
        [bench, "--scenario", scenario, "--metrics", "mfu"],
        [bench, "--scenario", scenario, "--metrics", "throughput_rps,p42(ttft_s)"],
        [bench, "--scenario", scenario, "--jobs", "0"],
        [bench, "--scenario", scenario, "-o", "\(folder)/no/where.csv"],
        [bench, "--scenario", scenario, "--format", "xml"],
      ] {
        let recording = Recording()
        let status = await Console.$current.withValue(recording.console()) {
          await CommandLineRun(arguments: ["calibrate"] + arguments).execute()
        }
        #expect(status == .cannotRun && recording.out.isEmpty && !recording.error.isEmpty, "\(arguments)")
      }
      let json = await execute("calibrate", "\(folder)/one.json", "--scenario", scenario, "--format", "json")
      let fault = try #require(
        try JSONSerialization.jsonObject(with: Data(json.error.utf8)) as? [String: Any])
      #expect(json.status == .cannotRun && fault["severity"] as? String == "error")
    }
  }
}
