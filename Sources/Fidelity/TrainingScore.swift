import DryRack
import Foundation

/// How near the training model comes to measured runs.
enum TrainingScore {
  /// Rows whose recompute is not stated get the least that fits.
  static func settled(_ rows: [TrainingRow], catalog: Catalog) -> [TrainingRow] {
    rows.map { row in
      guard !row.statesRecompute else { return row }
      var settled = row
      let preset = catalog.training(
        framework: row.framework, accelerator: row.run.accelerator, format: row.run.precision.rawValue)
      for recompute in TrainingLayout.Recompute.allCases {
        settled.run.layout.recompute = recompute
        if TrainingMemory(settled.run, preset: preset).fits { break }
      }
      return settled
    }
  }
}
