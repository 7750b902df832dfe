import DryRack
import Foundation

/// The few places where the command calls the layers below, so that each call stands once.
enum Layers {
  static var version: String { Experiment.version }

  /// JSON Schema 2020-12 of the scenario format.
  static var schema: String { ScenarioSchema.json }

  /// Every fault of one file: as text with the line and a caret, and as JSON objects with ranges.
  struct Faults: Error {
    var text: String
    var json: [String]
  }

  static func read(_ path: String, options: ScenarioOptions) -> Result<Scenario, Faults> {
    ScenarioReader.read(
      path: path, overrides: overrides(options), allowedFolders: options.allowPath
    ).mapError { report in Faults(text: report.description + "\n", json: diagnostics(report)) }
  }

  /// What the command line changes in a scenario.
  static func overrides(_ options: ScenarioOptions) -> [Override] {
    options.overrides.map { text in
      let pair = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      return Override(path: pair[0], value: pair.count > 1 ? pair[1] : "")
    }
  }

  /// Whether a folder stands there.
  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// Refuses to write results over the scenario that they are of.
  static func keepInput(_ scenario: String, from outputs: [String?], _ console: Console) throws {
    func real(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
    if let same = outputs.compactMap({ $0 }).first(where: { real($0) == real(scenario) }) {
      throw console.fail("\(same) is the scenario itself; results would be written over it")
    }
  }

  /// Refuses to judge by what only `run` works out: metrics over ways that demand may go.
  static func checkThresholds(_ scenario: Scenario, _ console: Console) throws {
    let ofPaths = scenario.thresholds.filter {
      $0.metric.hasSuffix("_by_growth") || $0.metric == "regret_max"
    }
    guard let first = ofPaths.first else { return }
    throw console.fail(
      "the threshold '\(first.text)' is judged by `run` alone, which follows demand over the years; leave it "
        + "out here")
  }

  /// What a search or a study of a scenario with growing demand leaves out; `nil` where demand stays.
  static func demandNote(_ scenario: Scenario) -> String? {
    scenario.designs.indices.allSatisfy { scenario.windows(ofDesign: $0).isEmpty }
      ? nil
      : "note: costs here are of the workloads as they are, and smaller fleets take their part of the whole; "
        + "`run` follows `economics.demand` and `deliveries` over the years\n"
  }

  /// Every fault of a report as a JSON object with its range.
  static func diagnostics(_ report: FaultReport) -> [String] { report.faults.map { json($0, report) } }

  /// One diagnostic with the field names of `terraform validate -json`.
  private static func json(_ fault: Fault, _ report: FaultReport) -> String {
    // A fault of the file as a whole stands at its beginning: places count from 1.
    func place(_ column: Int) -> JSONValue {
      .object([
        ("line", .number(Double(max(1, fault.line)))),
        ("column", .number(Double(fault.line > 0 ? max(1, column) : 1))),
      ])
    }
    let source: [(String, JSONValue)] = fault.source.map { [("source", .string($0))] } ?? []
    return JSONValue.object(
      [
        ("severity", .string("error")), ("summary", .string(fault.message)),
        ("detail", .string(fault.help ?? "")),
        ("path", .string(fault.path)),
        (
          "range",
          .object([
            ("filename", .string(fault.file)), ("start", place(fault.column)),
            ("end", place(fault.column + fault.length)),
          ])
        ),
        ("snippet", .string(report.snippet(of: fault) ?? "")),
      ] + source
    ).text(wrapped: 0)
  }

  /// What the GPU memory of one accelerator is spent on, in the order it is taken.
  static func memoryTerms(of plan: MemoryPlan) -> [(name: String, amount: String, source: String)] {
    func gibibytes(_ size: Bytes) -> String { "\((size.value / 1_073_741_824 * 100).rounded() / 100) GiB" }
    let engine = "engine preset"
    let adapters = ("− adapter slots", gibibytes(plan.adapters), "slots × rank × Σ (in + out) × 2 B")
    return [
      ("device memory", gibibytes(plan.deviceMemory), "as its driver reports it"),
      ("utilisation", "\(plan.utilization)", engine),
      ("− weights", gibibytes(plan.weights), "model shape × precision ÷ shards"),
      ("− activation peak", gibibytes(plan.activationPeak), "a full batch, estimated"),
      ("− graph buffers", gibibytes(plan.graphBuffers), engine),
      ("− communication buffers", gibibytes(plan.communicationBuffers), engine),
      ("− runtime", gibibytes(plan.runtime), engine),
    ] + (plan.adapters.value > 0 ? [adapters] : []) + [
      ("KV bytes a token", "\(Int64(plan.keyValueBytesPerToken.value)) B", "model shape × KV precision"),
      ("KV block", "\(plan.blockSize) tokens, \(Int64(plan.blockBytes.value)) B an accelerator", engine),
      (
        "KV blocks", "\(plan.blocks), \(plan.tokens) tokens",
        plan.isOverridden ? "the scenario's kv-blocks" : "what is left ÷ block"
      ),
    ]
  }

  /// How many requests the workload is expected to send in one run; `nil` when only running tells.
  static func expectedRequests(_ workload: InferenceWorkload, duration: Ticks?) -> Double? {
    let most = workload.requests.map(Double.init)
    let turns = workload.conversations.map { max(1, $0.turns.mean) } ?? 1
    switch workload.traffic {
    case .trace(let trace):
      let sent = duration.map { end in trace.arrivals.prefix { $0 < end }.count } ?? trace.count
      return min(Double(sent), most ?? .infinity)
    case .generated(let arrivals, _, _):
      if case .burst(let count) = arrivals { return min(Double(count) * turns, most ?? .infinity) }
      let sent = duration.flatMap { arrivals.expectedCount(in: Seconds($0.seconds)) }
      return sent.map { min($0 * turns, most ?? .infinity) } ?? most
    }
  }

  static func catalogue() -> [CatalogueEntry] {
    Kind.allCases.flatMap { kind in
      Catalog.builtIn.names(of: kind).map { name in
        CatalogueEntry(
          kind: kind.rawValue, name: name,
          facts: Catalog.builtIn.rows(of: kind, named: name).map { fact in
            let source = Catalog.builtIn.source(fact.source)
            return CatalogueEntry.Fact(
              name: fact.key, value: fact.value, unit: fact.unit,
              source: source.map { "\($0.citation) (\($0.confidence))" } ?? fact.source, date: fact.date)
          })
      }
    } + kernelTables()
  }

  /// The measured tables by what they say of themselves.
  private static func kernelTables() -> [CatalogueEntry] {
    Catalog.builtIn.measuredTableNames.compactMap { Catalog.builtIn.measuredTable($0) }.map { table in
      let remarks = table.remarks
      let date = remarks.first { $0.key == "date" }?.value ?? ""
      return CatalogueEntry(
        kind: "kernel-tables", name: table.name,
        facts: remarks.filter { $0.key != "date" }.map {
          CatalogueEntry.Fact(
            name: $0.key, value: $0.value, unit: "", source: "measured by this project", date: date)
        })
    }
  }
}

/// One thing of the catalogue with its facts, as the command shows it.
struct CatalogueEntry: Sendable {
  struct Fact: Sendable {
    var name: String
    var value: String
    var unit: String
    var source: String
    var date: String
  }

  var kind: String
  var name: String
  var facts: [Fact]
}
