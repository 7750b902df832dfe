import Foundation
import Scenario
import TestSupport
import Testing

@testable import Experiments

/// Files in the shape that benchmark clients write, with invented numbers.
enum MeasurementFixture {
  static let names = [
    "vllm-bench.json", "vllm-bench-appended.json", "aiperf-profile_export.jsonl",
    "aiperf-profile_export.csv", "guidellm-benchmarks.json", "llm-d-report.yaml", "campaign.csv",
  ]
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/measurements").path

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
  }

  static func runs(_ name: String) throws -> [BenchmarkRun] {
    try MeasurementReader.read(bytes: bytes(name), file: name).get()
  }
}

@Suite("Readers of benchmark results")
struct MeasurementReaderTests {
  /// To a microsecond: units are converted.
  private func isNear(_ value: Double?, _ expected: Double) -> Bool {
    value.map { abs($0 - expected) < 1e-6 } ?? false
  }

  @Test("vLLM's result with its requests")
  func vllm() throws {
    let runs = try MeasurementFixture.runs("vllm-bench.json")
    let run = try #require(runs.first)
    #expect(runs.count == 1 && run.format == .vllmBench && run.name == "vllm-bench.json")
    #expect(run.date == "2025-10-31" && run.requests == 5 && run.load == .closedLoop(users: 2))
    #expect(run.system.model == "meta-llama/Llama-3.1-8B-Instruct")
    // The failed request is not one of the answered.
    #expect(run.recorded.map(\.promptTokens) == [128, 512, 256, 64, 300])
    #expect(run.recorded.map(\.outputTokens) == [4, 6, 5, 3, 8])
    #expect(run.notes == ["1 failed requests are left aside"])
    #expect(isNear(run.value("ttft_s", "mean"), 0.0356))
    #expect(run.value("itl_s", "p99") == 0.0105)
    // End to end is made of first tokens and gaps: the client does not summarise it unasked.
    let latencies = [0.031 + 3 * 0.0101, 0.044 + 5 * 0.0102, 0.036 + 4 * 0.0099, 0.029 + 0.021, 0.038 + 0.07]
    let mean = latencies.reduce(0, +) / 5
    #expect(isNear(run.value("e2e_s", "mean"), mean))
    #expect(run.value("throughput_rps") == 16.666667)
  }

  @Test("vLLM's results appended to one file, without requests")
  func appended() throws {
    let runs = try MeasurementFixture.runs("vllm-bench-appended.json")
    #expect(runs.map(\.name) == ["vllm-bench-appended.json, run 1", "vllm-bench-appended.json, run 2"])
    #expect(runs.map(\.date) == ["2025-10-31", "2025-11-01"])
    #expect(runs[0].load == .open(rate: 4, burstiness: 0.5))
    // 3.987/s × 1.078 s keep 4.3 in flight: more than the limit of 4 would, so it held requests back.
    #expect(runs[1].load == .closedLoop(users: 4))
    #expect(runs[0].promptTokens == .constant(512) && runs[0].outputTokens == .constant(128))
    #expect(runs[0].value("e2e_s", "p50") == 1.06 && runs[0].recorded.isEmpty)
  }

  @Test("AIPerf's records: its inter-token latency is TPOT, its chunks are the gaps")
  func aiperfRecords() throws {
    let run = try #require(try MeasurementFixture.runs("aiperf-profile_export.jsonl").first)
    #expect(run.format == .aiperfRecords && run.requests == 8 && run.date == "2025-10-07")
    #expect(run.load == .closedLoop(users: 2), "two requests are always in flight")
    #expect(run.recorded.first?.promptTokens == 550 && run.recorded.first?.outputTokens == 9)
    #expect(isNear(run.value("tpot_s", "mean"), 0.005) && isNear(run.value("itl_s", "p50"), 0.005))
    #expect(isNear(run.value("ttft_s", "p50"), 0.025))
    #expect(run.notes.contains("1 failed or cancelled requests are left aside"))
    #expect(run.notes.contains("1 requests of the warm-up are left aside"))
  }

  @Test("AIPerf's table: thousands have commas, devices are left aside, arrivals are unknown")
  func aiperfTable() throws {
    let run = try #require(try MeasurementFixture.runs("aiperf-profile_export.csv").first)
    #expect(run.format == .aiperfTable && run.load == .unknown && run.requests == 120)
    #expect(run.value("e2e_s", "mean") == 1.34176 && run.value("e2e_s", "p99") == 2.359)
    #expect(isNear(run.value("tpot_s", "mean"), 0.00502) && !run.has("itl_s"))
    #expect(run.value("output_tokens_per_s") == 182.4 && run.value("throughput_rps") == 2.85)
    #expect(run.promptTokens == .constant(510) && run.outputTokens == .constant(64))
  }

  @Test("guidellm: e2e ÷ tokens is not TPOT, latencies are in seconds")
  func guidellm() throws {
    let runs = try MeasurementFixture.runs("guidellm-benchmarks.json")
    #expect(runs.map(\.load) == [.closedLoop(users: 4), .recorded])
    #expect(runs.map(\.requests) == [60, 3])
    #expect(runs[0].name == "guidellm-benchmarks.json, benchmark 1" && runs[0].date == "2025-10-31")
    #expect(runs[0].value("e2e_s", "mean") == 0.597 && runs[0].value("ttft_s", "p50") == 0.03)
    #expect(!runs[0].has("tpot_s"), "its own value a request is in the requests, which this one lacks")
    #expect(runs[0].value("itl_s", "mean") == 0.009 && runs[0].value("itl_s", "p99") == nil)
    #expect(runs[1].value("tpot_s", "mean") == 0.009)
    #expect(runs[1].recorded.map(\.promptTokens) == [500, 516, 520], "in order of sending")
  }

  @Test("llm-d's report: the normalised time per token is not TPOT")
  func llmd() throws {
    let run = try #require(try MeasurementFixture.runs("llm-d-report.yaml").first)
    #expect(run.format == .llmdReport && run.date == "2025-11-05" && run.requests == 480)
    #expect(run.load == .open(rate: 4, burstiness: nil))
    #expect(run.value("tpot_s", "mean") == 0.0081 && run.value("e2e_s", "p99") == 1.41)
    #expect(run.value("itl_s", "mean") == 0.0081 && run.value("itl_s", "p99") == nil)
    #expect(run.promptTokens == .constant(1021) && run.outputTokens == .constant(128))
    #expect(run.system.accelerator == "NVIDIA-H100-80GB-HBM3" && run.system.tensor == 1)
    #expect(run.notes.contains { $0.contains("prefixes") })
  }

  @Test("a report is the same in YAML and in JSON")
  func llmdJSON() throws {
    let json = """
      {"version": "0.2", "run": {"uid": "x"}, "results": {"request_performance": {"aggregate": {
        "latency": {"time_to_first_token": {"mean": 61.2, "units": "ms"}},
        "requests": {"total": 10}, "throughput": {"request_rate": {"mean": 1.5, "units": "queries/s"}}}}}}
      """
    let run = try #require(try MeasurementReader.read(bytes: Array(json.utf8), file: "r.json").get().first)
    #expect(isNear(run.value("ttft_s", "mean"), 0.0612) && run.load == .unknown && run.requests == 10)
  }

  @Test("a table of runs: rows of one identifier are one run")
  func campaign() throws {
    let runs = try MeasurementFixture.runs("campaign.csv")
    #expect(runs.map(\.name) == ["campaign.csv, a1", "campaign.csv, a2", "campaign.csv, a3"])
    #expect(runs[0].load == .closedLoop(users: 16) && runs[0].requests == 320)
    #expect(runs[0].value("output_tokens_per_s") == 1630 && runs[0].value("tpot_s", "mean") == 0.0094)
    #expect(runs[1].load == .open(rate: 2.5, burstiness: 1) && runs[1].value("e2e_s", "p99") == 2.31)
    #expect(runs[1].promptTokens == .uniform(from: 800, to: 1000))
    #expect(runs[2].gap?.contains("request_rate_per_s") == true && runs[2].system.accelerator == "H200-SXM")
    #expect(runs.map(\.date) == ["2025-10-30", "2025-10-31", "2025-10-31"])
  }

  @Test(
    "a published table of thousands of runs is read without a fault",
    .enabled(if: SharedData.has("inference/measured.csv.gz"), Comment(rawValue: SharedData.absence)))
  func published() throws {
    let bytes = try #require(SharedData.bytes("inference/measured.csv.gz"))
    let runs = try MeasurementReader.read(bytes: bytes, file: "measured.csv.gz").get()
    #expect(runs.count > 3000 && Set(runs.map(\.name)).count == runs.count)
    #expect(runs.contains { $0.gap != nil } && runs.count { $0.gap == nil } > 2000)
  }

  @Test("gzip is read as the file inside")
  func compressed() throws {
    let plain = try MeasurementFixture.bytes("campaign.csv")
    let read = try MeasurementReader.read(bytes: StoredGzip.bytes(of: plain), file: "campaign.csv").get()
    #expect(read.map(\.figures) == (try MeasurementFixture.runs("campaign.csv")).map(\.figures))
  }
}
