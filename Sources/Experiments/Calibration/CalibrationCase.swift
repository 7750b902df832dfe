import Catalog
import Scenario
import World

/// A scenario that was also measured: what was seen, to be compared with what is simulated.
public struct CalibrationCase: Sendable {
  /// YAML or JSON. Only its first design is run, once.
  public var text: String
  /// Named in faults.
  public var name: String
  /// Where files that it names are sought.
  public var folder: String
  public var figures: [MeasuredFigure]
  /// Catalogue entries that the scenario looks up, such as its engine and accelerator; a fit does not
  /// simulate the case anew for the facts of others. Empty means that any may matter.
  public var entries: [String]

  public init(
    text: String, name: String, folder: String = ".", figures: [MeasuredFigure], entries: [String] = []
  ) {
    self.text = text
    self.name = name
    self.folder = folder
    self.figures = figures
    self.entries = entries
  }

  /// Simulates the case with the facts of `catalog`; a report where the scenario is refused.
  public func simulate(catalog: Catalog) -> Result<SimulatedFigures, FaultReport> {
    ScenarioReader.read(bytes: Array(text.utf8), file: name, folder: folder, catalog: catalog).map {
      scenario in
      let model = DesignModel(scenario: scenario, designIndex: 0)
      let outcome = Simulation.run(model, replication: 0)
      return SimulatedFigures(
        readings: MetricReader(scenario: scenario, model: model, outcome: outcome).readings,
        basis: model.latencyModels(ofService: 0).first?.basis.rawValue ?? "estimated")
    }
  }
}

/// One measured number and the simulated one that stands against it.
public struct MeasuredFigure: Sendable {
  /// The metric in words, such as `ttft_s mean`.
  public var name: String
  /// More than 0.
  public var measured: Double
  /// Relative error that counts as one standard deviation; larger makes the figure weigh less.
  public var tolerance: Double
  /// The simulated number in the measured unit; `nil` when the run gave none.
  public var predict: @Sendable (SimulatedFigures) -> Double?

  public init(
    name: String, measured: Double, tolerance: Double,
    predict: @escaping @Sendable (SimulatedFigures) -> Double?
  ) {
    self.name = name
    self.measured = measured
    self.tolerance = tolerance
    self.predict = predict
  }
}

/// The metrics of one simulated run, by name and statistic as in `metrics.csv`.
public struct SimulatedFigures: Sendable {
  let readings: [Reading]
  /// How the figures were come by: `measured`, `fitted` or `estimated`.
  public let basis: String

  /// The value of the first workload's metric; `nil` when unknown.
  public func value(_ metric: String, _ statistic: String = "value") -> Double? {
    readings.first { $0.metric == metric && $0.statistic == statistic }?.value
  }
}
