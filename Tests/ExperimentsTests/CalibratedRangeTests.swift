import DryRack
import Foundation
import Testing

@testable import Experiments

@Suite("Runs under a calibration's overlay")
struct CalibratedRangeTests {
  /// A folder with the overlay in it, calibrated on `accelerator`.
  private func withOverlay(
    accelerator: String, _ body: (_ folder: String) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dryrack-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let calibration = try InventedBench.prepare(
      InventedBench.scenario(accelerator: accelerator), [try InventedBench.runs.get()[1]])
    let report = try #require(calibration.report())
    try AtomicFile.write(OverlayFile.text(of: report.overlay), to: "\(folder)/mine.csv")
    try await body(folder)
  }

  private func run(_ text: String, folder: String) async throws -> RunResults {
    let scenario = try ScenarioReader.read(bytes: Array(text.utf8), file: "run.yaml", folder: folder).get()
    return await Experiment.run(scenario, options: RunOptions())
  }

  private func departures(_ results: RunResults) -> [String] {
    results.notes.filter { $0.contains("leaves the range") }
  }

  @Test("the basis becomes fitted on the accelerator that was measured, and there alone")
  func basis() async throws {
    let accelerator = "gaudi3"
    try await withOverlay(accelerator: accelerator) { folder in
      let before = try await run(InventedBench.scenario(accelerator: accelerator), folder: folder)
      #expect(before.designs[0].basis == "estimated" && departures(before).isEmpty)
      let after = try await run(
        InventedBench.scenario(accelerator: accelerator, overlays: ["mine.csv"]), folder: folder)
      #expect(after.designs[0].basis == "fitted")
      #expect(after.designs[0].workloads.map(\.workload) == ["chat"])
      #expect(after.designs[0].workloads.map(\.basis) == ["fitted"])
      #expect(after.summaryJSON().contains(#""workloads":[{"workload":"chat","basis":"fitted","#))
      let elsewhere = try await run(
        InventedBench.scenario(accelerator: "mi355x", overlays: ["mine.csv"]), folder: folder)
      #expect(elsewhere.designs[0].basis == "estimated")
      #expect(departures(elsewhere).first?.contains("on gaudi3, not mi355x") == true)
    }
  }

  @Test("inside the range nothing is said; outside, what was left and by how much")
  func range() async throws {
    try await withOverlay(accelerator: "h100-sxm") { folder in
      func notes(_ model: String = "llama-3.1-8b", users: Int, prompt: Int, output: Int) async throws
        -> [String]
      {
        let traffic = InventedBench.closed(users: users, prompt: prompt, output: output)
        return departures(
          try await run(
            InventedBench.scenario(model: model, overlays: ["mine.csv"], traffic: traffic), folder: folder))
      }
      // Calibrated on 8 users with prompts of 500 tokens and answers of 60.
      #expect(try await notes(users: 8, prompt: 500, output: 60).isEmpty)
      #expect(try await notes(users: 4, prompt: 400, output: 60).isEmpty)
      let brief = try await notes(users: 8, prompt: 100, output: 10)
      #expect(brief.first?.contains("requests/s a replica") == true)
      let wide = try await notes(users: 20, prompt: 500, output: 60)
      #expect(wide.count == 1 && wide[0].hasPrefix("lab/chat leaves the range that vllm was calibrated on: "))
      #expect(wide[0].contains("up to 8 sequences at once, not 20"))
      let long = try await notes(users: 8, prompt: 900, output: 60)
      #expect(long.first?.contains("up to prompts of 500 tokens, not 900") == true)
      #expect(long.first?.contains("up to 560 tokens of prompt and answer, not 960") == true)
      let other = try await notes("qwen3-8b", users: 8, prompt: 500, output: 60)
      #expect(other.first?.contains("with llama-3.1-8b, not qwen3-8b") == true)
    }
  }

  @Test("a scenario with an overlay is calibrated anew from that overlay's values")
  func again() async throws {
    try await withOverlay(accelerator: "h100-sxm") { folder in
      let text = InventedBench.scenario(overlays: ["mine.csv"])
      let calibration = try ServiceCalibration.prepare(
        [try InventedBench.runs.get()[1]], text: text, folder: folder, source: .init(path: "bench.yaml")
      ).get()
      let report = try #require(calibration.report())
      let overlay = try OverlayFile.read(
        [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/mine.csv")))
      ).get()
      for estimate in report.parameters {
        let known = try #require(overlay.first { $0.fact.key == estimate.parameter.key }?.fact.number)
        #expect(estimate.parameter.start == known)
        // Nothing new was measured: the values stay, drawn a little further where the data wants it.
        #expect(abs(estimate.distance) < 1, "\(estimate.parameter.key)")
      }
    }
  }
}
