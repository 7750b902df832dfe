import DryRack
import Foundation

/// How near the training model comes to measured runs, as a section of the fidelity report.
struct TrainingScore {
  /// A prediction beside its measurement.
  struct Pair: Sendable {
    var row: TrainingRow
    var predicted: Double
    var error: Double { predicted / row.measured - 1 }
  }

  /// With the catalogue's coefficients; with those fitted without the row's campaign; without its family.
  var shipped: [Pair]
  var byCampaign: [Pair]
  var byFamily: [Pair]
  var omissions: [TrainingTable.Omission]

  /// Reads a table of training runs, and refits for every campaign and family.
  /// - Complexity: a fit takes some seconds, and there are some thirty.
  init(_ bytes: [UInt8], catalog: Catalog = .builtIn) {
    let (read, omissions) = TrainingTable.read(bytes)
    let rows = Self.settled(read, catalog: catalog)
    shipped = rows.map { Pair(row: $0, predicted: TrainingFit.predicted($0, catalog).time.value) }
    byCampaign = Self.leftOut(rows, catalog) { $0.campaign }
    byFamily = Self.leftOut(rows, catalog) { $0.family }
    self.omissions = omissions
  }

  /// The coefficients fitted to all rows of a table, as rows of the catalogue's `training`.
  static func fit(_ bytes: [UInt8], catalog: Catalog = .builtIn) -> [OverlayFact]? {
    let rows = settled(TrainingTable.read(bytes).rows, catalog: catalog)
    return TrainingFit.fit(rows, base: neutral(catalog)).map {
      TrainingFit.overlay($0, source: "training-fit", date: "2026-11-26")
    }
  }

  /// Rows whose recompute is not stated get none where that fits, else selective: recipes compute whole
  /// layers again only where they say so.
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

  /// The starts of the fit over a catalogue's facts.
  static func neutral(_ catalog: Catalog) -> Catalog {
    let ones = TrainingFit.parameters.map { _ in 1.0 }
    return catalog.overlaid(with: TrainingFit.overlay(ones, source: "", date: ""))
  }

  /// Each row as coefficients predict it that saw no row of its group.
  static func leftOut(_ rows: [TrainingRow], _ catalog: Catalog, by group: (TrainingRow) -> String) -> [Pair]
  {
    let base = neutral(catalog)
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
}
