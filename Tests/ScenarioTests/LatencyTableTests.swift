import Catalog
import Foundation
import Scenario
import Testing
import Workloads

/// Services that name a kernel table.
@Suite struct LatencyTableTests {
  static let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/made-up-kernel-table.csv")

  /// Reads the valid scenario with a `latency` key and the given files beside it.
  static func read(_ latency: String, files: [String: String] = [:]) throws
    -> Result<Scenario, FaultReport>
  {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files {
      try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }
    let text = FaultTests.valid.replacing("replicas: 1", with: "replicas: 1, latency: \(latency)")
    return ScenarioReader.read(bytes: Array(text.utf8), file: "test.yaml", folder: folder.path)
  }

  static func deployment(_ scenario: Scenario) throws -> Deployment {
    let service = try #require(scenario.designs.first?.services.first)
    guard case .pool(let deployment) = service.placement else { throw CancellationError() }
    return deployment
  }

  @Test func aTableIsReadAndBelongsToTheRunsIdentity() throws {
    let table = try String(contentsOf: Self.fixture, encoding: .utf8)
    let one = try Self.read("{ table: t.csv }", files: ["t.csv": table]).get()
    let measured = try #require(try Self.deployment(one).measuredTimes)
    #expect(measured.basis == .measured && measured.table.rows.count > 50)
    #expect(one.notes.contains { $0.contains("sequences of a step") })
    let same = try Self.read("{ table: t.csv }", files: ["t.csv": table]).get()
    let other = try Self.read("{ table: t.csv }", files: ["t.csv": table + "# a remark\n"]).get()
    #expect(one.contentHash == same.contentHash && one.contentHash != other.contentHash)
  }

  @Test func tablesOfTheCatalogueAreNamed() throws {
    let scenario = try Self.read("{ measured: h100-sxm-llama-3.1-8b-bf16 }").get()
    let measured = try #require(try Self.deployment(scenario).measuredTimes)
    #expect(measured.table.origin.device == "NVIDIA H100 80GB HBM3" && measured.basis == .measured)
    guard case .failure(let report) = try Self.read("{ measured: h100-sxm-llama-3.1-8b-bf1 }") else {
      Issue.record("an unknown table is refused")
      return
    }
    #expect(report.description.contains("h100-sxm-llama-3.1-8b-bf16"))
    guard case .failure(let twice) = try Self.read("{ measured: h100-sxm-llama-3.1-8b-bf16, table: t.csv }")
    else {
      Issue.record("two tables are refused")
      return
    }
    #expect(twice.faults.contains { $0.message.contains("one kernel table") })
  }

  @Test("measured tables of the catalogue are whole", arguments: Catalog.builtIn.measuredTableNames)
  func tablesOfTheCatalogueAreWhole(name: String) throws {
    let file = try #require(Catalog.builtIn.measuredTable(name))
    let table = try KernelTableReader.read(file.bytes).get()
    let said = Dictionary(uniqueKeysWithValues: file.remarks.map { ($0.key, $0.value) })
    let model = try #require(said["model"].flatMap { Catalog.builtIn.model($0) })
    let accelerator = try #require(table.origin.accelerator)
    let weights = try #require(table.origin.weights)
    #expect(Catalog.builtIn.accelerator(accelerator) != nil)
    #expect(table.origin.layers == model.layers && table.origin.hidden == model.hidden)
    let coverage = table.coverage(
      KernelTable.Demand(
        model: model, accelerator: accelerator, weights: weights, tensorParallelism: table.rows[0].tensor,
        pipelineParallelism: 1, maximumBatchedTokens: 8192, maximumSequences: 256, longestRequest: 16384))
    #expect(coverage.missing.isEmpty)
  }

  @Test func hostTimesReplaceTheEnginesOneByOne() throws {
    let plain = try Self.deployment(try Self.read("{}").get())
    #expect(plain.measuredTimes == nil)
    let other = try Self.deployment(try Self.read("{ step-overhead: 3ms, front-end: 0s }").get()).engine
    #expect(other.stepOverhead.value == 0.003 && other.frontEnd.value == 0)
    #expect(other.layerOverhead == plain.engine.layerOverhead)
    #expect(other.sequenceOverhead == plain.engine.sequenceOverhead)
    let rest = try Self.deployment(
      try Self.read("{ layer-overhead: 1us, sequence-overhead: 2us }").get()
    ).engine
    #expect(rest.layerOverhead.value == 1e-6 && rest.sequenceOverhead.value == 2e-6)
  }

  @Test func measuredStepsKnowNothingOfDrafts() throws {
    let table = try String(contentsOf: Self.fixture, encoding: .utf8)
    let drafted = "{ table: t.csv }, speculation: { tokens: 4, acceptance: 0.7, draft-cost: 5% }"
    guard case .failure(let report) = try Self.read(drafted, files: ["t.csv": table]) else {
      Issue.record("a table with drafts is refused")
      return
    }
    #expect(report.faults.contains { $0.message.contains("measured step times and speculation") })
  }

  @Test func faultsOfATablePointIntoIt() throws {
    let broken = "kind,layer,tokens,time_us\ndense,qkv,1,5\ndense,qkv,x,5\n"
    guard case .failure(let report) = try Self.read("{ table: t.csv }", files: ["t.csv": broken]) else {
      Issue.record("a broken table is refused")
      return
    }
    let fault = try #require(report.faults.first)
    #expect(fault.file == "t.csv" && fault.line == 3 && fault.column == 11)
    #expect(report.description.contains("t.csv:3:11"))
  }

  static let refused: [(latency: String, says: String)] = [
    ("{ table: none.csv }", "no file"),
    ("{ table: ../t.csv }", "allow it with --allow-path"),
    ("{ table: t.csv }", "lacks rows of kind 'dense' and layer 'o'"),
    ("{ tables: t.csv }", "did you mean 'table'?"),
    ("{ step-overhead: 3 }", "needs a unit"),
  ]

  @Test(arguments: refused.indices) func whatDoesNotFitIsRefusedInTheScenario(index: Int) throws {
    let part = "kind,layer,tokens,time_us\ndense,qkv,1,5\n"
    let mistake = Self.refused[index]
    guard case .failure(let report) = try Self.read(mistake.latency, files: ["t.csv": part]) else {
      Issue.record("\(mistake.latency) is refused")
      return
    }
    let fault = try #require(report.faults.first)
    #expect(fault.file == "test.yaml" && fault.line == 15)
    #expect("\(fault.message) \(fault.help ?? "")".contains(mistake.says), "\(report.description)")
  }

  @Test func recordedRequestsOfAnEngineAreATrace() throws {
    let lines = """
      {"request_id": "b", "input_toks": 20, "output_toks": 7, "arrival_time": 1777142839.5, "queued_ts": 3.1}
      {"request_id": "a", "input_toks": 10, "output_toks": 5, "arrival_time": 1777142838.25}

      """
    guard
      case .success(let trace) = TraceReader.read(Array(lines.utf8), format: .vllmRequests)
    else {
      Issue.record("the lines are a trace")
      return
    }
    #expect(trace.promptTokens == [10, 20] && trace.outputTokens == [5, 7])
    #expect(trace.arrivals[0] == .zero && trace.arrivals[1].seconds == 1.25)
    #expect(trace.longestRequest == 27)
    guard case .failure(let failure) = TraceReader.read(Array("{}\n".utf8), format: .vllmRequests) else {
      Issue.record("a line without its fields is refused")
      return
    }
    #expect(failure.faults.first?.line == 1)
  }
}
