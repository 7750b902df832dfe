import DryRack

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
    switch ScenarioReader.read(path: path, overrides: options.overrides, allowedFolders: options.allowPath) {
    case .success(let scenario): .success(scenario)
    case .failure(let faults): .failure(Faults(text: faults.text, json: faults.map(\.json)))
    }
  }

  /// What the GPU memory of one accelerator is spent on, in the order it is taken.
  static func memoryTerms(of plan: MemoryPlan) -> [(name: String, amount: String, source: String)] {
    plan.terms.map { ($0.name, $0.amount, $0.source) }
  }

  /// How many requests the workload is expected to send in one run; `nil` when only running tells.
  static func expectedRequests(_ workload: InferenceWorkload, duration: Ticks?) -> Double? {
    if let requests = workload.requests { return Double(requests) }
    switch workload.traffic {
    case .trace(let trace): return Double(trace.count)
    case .generated(let arrivals, _, _):
      guard let rate = arrivals.meanRatePerSecond, let duration else { return nil }
      return rate * duration.seconds
    }
  }

  static func catalogue() throws -> [CatalogueEntry] {
    try Catalog.standard().entries.map { entry in
      CatalogueEntry(
        kind: entry.kind, name: entry.name,
        facts: entry.facts.map {
          CatalogueEntry.Fact(
            name: $0.name, value: $0.value, unit: $0.unit, source: $0.source, date: $0.date)
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
