import DryRack
import Foundation

/// How near the training model comes to measured runs.
enum TrainingScore {
  /// A prediction beside its measurement.
  struct Pair: Sendable {
    var row: TrainingRow
    var predicted: Double
    var error: Double { predicted / row.measured - 1 }
  }

  /// The starts of the fit over a catalogue's facts.
  static func neutral(_ catalog: Catalog) -> Catalog {
    let ones = TrainingFit.parameters.map { _ in 1.0 }
    return catalog.overlaid(with: TrainingFit.overlay(ones, source: "", date: ""))
  }

  /// Each row as coefficients predict it that saw no row of its group.
  static func leftOut(_ rows: [TrainingRow], by group: (TrainingRow) -> String) -> [Pair] {
    let base = neutral(.builtIn)
    var pairs: [Pair] = []
    for name in Set(rows.map(group)).sorted() {
      guard let factors = TrainingFit.fit(rows.filter { group($0) != name }, base: base) else { continue }
      let fitted = base.overlaid(with: TrainingFit.overlay(factors, source: "", date: ""))
      for row in rows where group(row) == name {
        pairs.append(Pair(row: row, predicted: TrainingFit.predicted(row, fitted).time.value))
      }
    }
    return pairs
  }

  /// Rows whose recompute is not stated get none where that fits, else selective: recipes
  /// compute whole layers again only where they say so.
  static func settled(_ rows: [TrainingRow], catalog: Catalog) -> [TrainingRow] {
    rows.map { row in
      guard !row.statesRecompute else { return row }
      var settled = row
      let preset = catalog.training(
        framework: row.framework, accelerator: row.run.accelerator, format: row.run.precision.rawValue)
      settled.run.layout.recompute = .none
      if !TrainingMemory(settled.run, preset: preset).fits { settled.run.layout.recompute = .selective }
      return settled
    }
  }
}
