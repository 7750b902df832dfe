import Catalog
import Scenario

/// What a calibration found, and how far it may be trusted.
public struct CalibrationReport: Sendable {
  /// A measured run, and what was made of it.
  public struct Run: Sendable {
    public var name: String
    public var format: String
    public var date: String
    public var figures: Int
    public var isUsed: Bool
    public var notes: [String]
  }

  /// Errors of one figure over all runs that state it.
  public struct Errors: Sendable {
    /// Such as `p99(ttft_s)`.
    public var figure: String
    /// With the catalogue's coefficients, and with the fitted ones.
    public var before: ErrorStatistics
    public var after: ErrorStatistics
    /// Each run with coefficients fitted to the others; `nil` for fewer than four runs.
    public var leftOut: ErrorStatistics?
  }

  public var scenario: String
  public var design: String
  public var service: String
  public var engine: String
  public var accelerator: String
  public var model: String
  /// Latest day of the runs used; `unknown` where no file says.
  public var date: String
  public var runs: [Run]
  public var parameters: [CalibrationFit.Estimate]
  public var errors: [Errors]
  public var notes: [String]
  /// The fitted facts and the range they were fitted on, for a scenario's `overlays`.
  public var overlay: [OverlayFact]
}

extension ServiceCalibration {
  /// Runs that a leave-one-out validation needs.
  private static let fewestForValidation = 4
  /// With more runs, they are left out in so many groups.
  private static let mostFolds = 10

  /// Fits, and judges the fit.
  ///
  /// - Parameter jobs: runs simulated at once; the result does not depend on it.
  /// - Returns: `nil` when the solver cannot take a step.
  /// - Complexity: some 200 to 1,200 simulations of every run, and 200 more for each run or tenth left out.
  public func report(jobs: Int = 2) -> CalibrationReport? {
    let used = runs.filter { $0.omitted.isEmpty }
    let cases = used.map(\.simulation)
    guard let fit = Calibration.search(cases, parameters: parameters, catalog: catalog, jobs: jobs) else {
      return nil
    }
    let before = Calibration.simulateAll(cases, catalog: catalog, jobs: jobs)
    let after = Calibration.simulateAll(cases, catalog: overlaid(fit), jobs: jobs)
    let leftOut = used.count < Self.fewestForValidation ? [] : leftOut(cases, from: fit, jobs: jobs)
    let date = used.map(\.measurement.date).max() ?? ""
    var report = CalibrationReport(
      scenario: scenario.name, design: design.name, service: service.name, engine: deployment.engine.name,
      accelerator: accelerator, model: model, date: date.isEmpty ? "unknown" : date,
      runs: runs.map(Self.entry), parameters: fit.estimates,
      errors: Self.errors(cases, before, after, leftOut), notes: [], overlay: [])
    report.notes = notes(fit, used: used.count, report.errors, refused: after.count { $0 == nil })
    report.overlay = overlay(fit, report: report, reached: after)
    return report
  }

  private func overlaid(_ fit: CalibrationFit) -> Catalog {
    catalog.overlaid(with: fit.overlay(source: "", date: "", note: ""))
  }

  private static func entry(_ run: Run) -> CalibrationReport.Run {
    CalibrationReport.Run(
      name: run.measurement.name, format: run.measurement.format.rawValue, date: run.measurement.date,
      figures: run.omitted.isEmpty ? run.simulation.figures.count : 0, isUsed: run.omitted.isEmpty,
      notes: run.omitted.isEmpty ? run.notes : ["left out: \(run.omitted)"])
  }

  // MARK: Errors

  /// Each case under coefficients that never saw it, in the order of the cases.
  private func leftOut(_ cases: [CalibrationCase], from fit: CalibrationFit, jobs: Int) -> [SimulatedFigures?]
  {
    let folds = min(cases.count, Self.mostFolds)
    var results = [SimulatedFigures?](repeating: nil, count: cases.count)
    for fold in 0..<folds {
      let judged = cases.indices.filter { $0 % folds == fold }
      let others = cases.indices.filter { $0 % folds != fold }.map { cases[$0] }
      // Nearby the fit to all: fewer steps to the end.
      guard
        let own = Calibration.fit(
          others, parameters: parameters, catalog: catalog, guess: fit.estimates.map(\.value),
          scatter: fit.scatter, steps: Calibration.coarseToFine, jobs: jobs)
      else { continue }
      let simulated = Calibration.simulateAll(judged.map { cases[$0] }, catalog: overlaid(own), jobs: jobs)
      for (index, figures) in zip(judged, simulated) { results[index] = figures }
    }
    return results
  }

  private static func errors(
    _ cases: [CalibrationCase], _ before: [SimulatedFigures?], _ after: [SimulatedFigures?],
    _ leftOut: [SimulatedFigures?]
  ) -> [CalibrationReport.Errors] {
    var names: [String] = []
    for name in cases.flatMap(\.figures).map(\.name) where !names.contains(name) { names.append(name) }
    func statistics(_ name: String, _ simulated: [SimulatedFigures?]) -> ErrorStatistics {
      ErrorStatistics(
        zip(cases, simulated).compactMap { item, figures in
          guard let figures, let figure = item.figures.first(where: { $0.name == name }) else { return nil }
          return figure.predict(figures).map { $0 / figure.measured - 1 }
        })
    }
    return names.sorted(by: inOrder).map {
      CalibrationReport.Errors(
        figure: $0, before: statistics($0, before), after: statistics($0, after),
        leftOut: leftOut.isEmpty ? nil : statistics($0, leftOut))
    }
  }

  /// By metric in the order of `MetricSelection`, then by statistic.
  private static func inOrder(_ left: String, _ right: String) -> Bool {
    func rank(_ name: String) -> (Int, Int) {
      let metric = MetricSelection.metrics.firstIndex { name == $0 || name.hasSuffix("(\($0))") } ?? 0
      let statistic = MetricSelection.statistics.firstIndex { name.hasPrefix("\($0)(") } ?? 0
      return (metric, statistic)
    }
    return rank(left) < rank(right)
  }

  // MARK: Words

  private func notes(
    _ fit: CalibrationFit, used: Int, _ errors: [CalibrationReport.Errors], refused: Int
  ) -> [String] {
    var notes: [String] = []
    for estimate in fit.estimates {
      let name = estimate.parameter.key
      if estimate.isAtBound {
        notes.append(
          "\(name) sits at the bound of what is searched: something else differs from the scenario")
      } else if abs(estimate.distance) > 3 {
        notes.append("\(name) is more than three of its spreads away from the catalogue's value")
      }
    }
    let vague = fit.estimates.filter { !$0.isDetermined }.map(\.parameter.key)
    if !vague.isEmpty {
      notes.append("the measurements do not determine \(vague.joined(separator: ", "))")
    }
    if refused > 0 { notes.append("\(refused) runs cannot be simulated with the fitted coefficients") }
    let count = errors.reduce(0) { $0 + $1.after.count }
    if count < fit.estimates.count {
      notes.append("\(count) figures for \(fit.estimates.count) coefficients: measure more loads")
    }
    if let worst = errors.filter({ $0.figure.hasPrefix("mean(") }).max(by: {
      ($0.after.median ?? 0) < ($1.after.median ?? 0)
    }), let median = worst.after.median, median > 0.2 {
      notes.append(
        "\(worst.figure) is still off by \(Int((median * 100).rounded())) % in the median: "
          + "does the scenario describe what was measured?")
    }
    if used < Self.fewestForValidation {
      notes.append(
        "fewer than \(Self.fewestForValidation) runs: the errors are those on runs it was fitted to")
    }
    return notes
  }

  private func overlay(
    _ fit: CalibrationFit, report: CalibrationReport, reached: [SimulatedFigures?]
  ) -> [OverlayFact] {
    let source = "calibration"
    var facts = fit.overlay(source: source, date: report.date, note: "")
    for (index, estimate) in fit.estimates.enumerated() {
      let (low, high) = estimate.interval
      facts[index].fact.note =
        (estimate.isDetermined ? "" : "not determined by the measurements; ")
        + "95 % interval \(CalibrationParameter.digits(low)) to \(CalibrationParameter.digits(high))"
    }
    guard var reach = reached.compactMap({ $0?.reach }).first else { return facts }
    for figures in reached { if let own = figures?.reach { reach.widen(to: own) } }
    let range = CalibratedRange(deployment, accelerator: accelerator, model: model, reach: reach)
    return facts + range.facts(ofEngine: deployment.engine.entry, source: source, date: report.date)
  }
}
