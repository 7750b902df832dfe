import DryRack

/// Judges each campaign with coefficients that never saw it.
enum CrossValidation {
  /// Campaigns that measured the same machines at the same time are left out together.
  private static let folds = [["blisA", "blisB"], ["infx"], ["nvgap"], ["trt06", "trt09"]]

  static func scoreboard(
    _ runs: [ReplayedRun], _ omissions: [Omission], catalog: Catalog
  ) -> Scoreboard {
    let neutral = catalog.overlaid(with: FittedCoefficients.neutral)
    return Scoreboard(
      fitted: Replay.compare(runs, catalog: catalog), kernels: Replay.compare(runs, catalog: neutral),
      leftOut: leftOut(runs, neutral: neutral, whole: catalog), omissions: omissions,
      runs: runs.count + omissions.count, catalog: catalog)
  }

  /// Comparisons in the order of the folds. Campaigns that no fit learns from are judged with the
  /// coefficients fitted to all of those it does.
  private static func leftOut(_ runs: [ReplayedRun], neutral: Catalog, whole: Catalog) -> [Comparison] {
    var comparisons: [Comparison] = []
    for fold in folds {
      let judged = runs.filter { fold.contains($0.run.campaign) }
      guard !judged.isEmpty else { continue }
      let fit = FittedCoefficients.fit(runs.filter { !fold.contains($0.run.campaign) }, catalog: neutral)
      let facts = fit?.overlay(source: "", date: "", note: "") ?? []
      comparisons += Replay.compare(judged, catalog: neutral.overlaid(with: facts))
    }
    let rest = runs.filter { run in !folds.contains { $0.contains(run.run.campaign) } }
    return comparisons + Replay.compare(rest, catalog: whole)
  }
}
