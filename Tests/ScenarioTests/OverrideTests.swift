import Foundation
import Scenario
import Testing

/// Values of the command line, and faults that are told once, at their place.
@Suite("Overrides and the places of faults")
struct OverrideTests {
  static func read(_ settings: (String, String)..., text: String = FaultTests.valid) -> Result<
    Scenario, FaultReport
  > {
    ScenarioReader.read(
      bytes: Array(text.utf8), file: "test.yaml", folder: "/nowhere",
      overrides: settings.map { Override(path: $0.0, value: $0.1) })
  }

  static func report(_ settings: (String, String)..., text: String = FaultTests.valid) -> FaultReport? {
    let result = ScenarioReader.read(
      bytes: Array(text.utf8), file: "test.yaml", folder: "/nowhere",
      overrides: settings.map { Override(path: $0.0, value: $0.1) })
    if case .failure(let report) = result { return report }
    return nil
  }

  @Test("a value means the same on the command line as in the file, mappings and lists too")
  func sameMeaning() throws {
    for (old, new, path, value) in [
      ("duration: 1m", "duration: 90s", "duration", "90s"),
      (
        "{ process: poisson, rate: 2/s }", "{ process: burst, count: 9 }", "workloads.chat.arrivals",
        "{ process: burst, count: 9 }"
      ),
      ("count: 1,", "count: 3,", "designs.one.pools.gpu.count", "3"),
      (
        #"[ "p99(ttft_s) < 2" ]"#, #"[ "p99(ttft_s) < 3", "goodput_ratio > 0.9" ]"#, "thresholds",
        #"[ "p99(ttft_s) < 3", "goodput_ratio > 0.9" ]"#
      ),
    ] {
      let file = try FaultTests.read(FaultTests.valid.replacing(old, with: new)).get()
      let said = try Self.read((path, value)).get()
      #expect(file.contentHash == said.contentHash, "\(path)")
    }
  }

  @Test("keys of the format are added on the way, names of the user are not")
  func missing() throws {
    let scenario = try Self.read(
      ("economics.horizon", "5y"), ("designs.one.staff.fte", "1"), ("designs.one.staff.salary", "9 USD/y")
    ).get()
    #expect(
      scenario.economics.horizon.value == 5 * 31_557_600
        && scenario.designs[0].staff?.fullTimeEquivalents == 1)
    for (path, near) in [
      ("designs.on.pools.gpu.count", "'one'"), ("economcs.horizon", "'economics'"),
      ("designs.one.pools.gpus.count", "'gpu'"), ("duration.x", ""),
    ] {
      let faults = try #require(Self.report((path, "2"))).faults
      #expect(faults.count == 1 && faults[0].message.contains("no such path"), "\(faults)")
      #expect(near.isEmpty || faults[0].help?.contains(near) == true)
    }
  }

  @Test("a fault of the command line shows what was said there, and no line of the file")
  func places() throws {
    for (path, value) in [
      ("duration", "soon"), ("workloads.chat.arrivals.rate", "0/s"), ("designs.one.services.chat.pol", "gpu"),
      ("workloads.chat.arrivals", "{ process: poison }"), ("workloads.chat.arrivals", "{ process: "),
      ("designs.one.services.chat.replicas", "0"), ("economics.horizon", "long"),
      ("designs.one.services.chat.workload", "chatt"),
    ] {
      let report = try #require(Self.report((path, value)))
      let said = "--set \(path)=\(value)"
      #expect(report.faults.allSatisfy { $0.source == said && $0.line == 0 }, "\(report.faults)")
      #expect(report.description.contains(" --> \(said)") && !report.description.contains("^"))
    }
  }

  @Test("one fault is one fault: nothing is said of what only hangs on it")
  func cascades() {
    let trace = FaultTests.valid.replacing(
      "arrivals: { process: poisson, rate: 2/s }", with: "trace: { file: gone.csv, format: azure }"
    )
    .split(separator: "\n").filter { !$0.contains("-tokens:") }.joined(separator: "\n")
    .replacing("p99(ttft_s)", with: "p99(ttft_s{workload=chat})")
    #expect(FaultTests.faults(trace).map(\.message).count == 1, "\(FaultTests.faults(trace))")
    let rate = FaultTests.valid.replacing("rate: 2/s", with: "rate: 0/s")
    #expect(FaultTests.faults(rate).count == 1)
    let wrong = trace.replacing("workload: chat,", with: "workload: chatt,")
    #expect(FaultTests.faults(wrong).count == 2)
  }

  @Test("a folder, an empty file and a file that is not there are three things")
  func files() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dryrack-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    FileManager.default.createFile(atPath: "\(folder)/empty", contents: nil)
    for (path, words) in [
      (folder, "is a folder"), ("\(folder)/empty", "is empty"), ("\(folder)/gone", "there is no file"),
    ] {
      guard case .failure(let report) = ScenarioReader.read(path: path) else {
        Issue.record("\(path) was read")
        continue
      }
      #expect(report.faults.count == 1 && report.faults[0].message.contains(words))
    }
  }

  @Test("control characters and duplicate keys have their line and column")
  func yamlPlaces() throws {
    for (text, line, column) in [
      ("a: 1\nb: é\u{1}", 2, 5), ("\u{7}", 1, 1), ("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3", 3, 3),
    ] {
      let fault = try #require(FaultTests.faults(text).first)
      #expect(fault.line == line && fault.column == column, "\(fault)")
    }
  }
}
