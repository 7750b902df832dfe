import Catalog
import Scenario
import World

/// A scenario that was also measured: what was seen, to be compared with what is simulated.
public struct CalibrationCase: Sendable {
  /// YAML or JSON. One design is run, once.
  public var text: String
  /// Named in faults.
  public var name: String
  /// Where files that it names are sought.
  public var folder: String
  public var figures: [MeasuredFigure]
  /// Catalogue entries that the scenario looks up, such as its engine and accelerator; a fit does not
  /// simulate the case anew for the facts of others. Empty means that any may matter.
  public var entries: [String]
  /// Applied to the text first.
  public var overrides: [Override] = []
  public var allowedFolders: [String] = []
  /// Whether the scenario's own overlays are laid over the catalogue; false where the catalogue given to
  /// `simulate` holds them already, so that they do not hide what a fit moves.
  public var appliesOverlays = true
  /// The design that is run, and the only service of it; `nil` for all services.
  public var design = 0
  public var service: Int?
  /// What was sent, in place of the traffic of the service's workload; `nil` leaves the scenario as it is.
  public var replay: ReplayedTraffic?

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
    ScenarioReader.read(
      bytes: Array(text.utf8), file: name, folder: folder, overrides: overrides,
      allowedFolders: allowedFolders, catalog: catalog, appliesOverlays: appliesOverlays
    ).map { read in
      var scenario = read
      if let service {
        scenario.designs[design].services = [scenario.designs[design].services[service].byItself]
      }
      if let replay { scenario.send(replay, toService: 0, ofDesign: design) }
      let model = DesignModel(scenario: scenario, designIndex: design)
      let outcome = Simulation.run(model, replication: 0)
      return SimulatedFigures(
        readings: MetricReader(scenario: scenario, model: model, outcome: outcome, rates: .wholeRun).readings,
        basis: model.latencyModels(ofService: 0).first?.basis.rawValue ?? "estimated",
        reach: ServiceReach(outcome.services[0], role: 0, seconds: outcome.measuredSeconds))
    }
  }
}

/// What a client sent, in place of a workload's own traffic.
public struct ReplayedTraffic: Sendable {
  public var traffic: Traffic
  /// Users who send the rows of a trace in their order; `nil` where their times decide.
  public var users: Int?
  /// Requests that end the run; `nil` where the traffic ends by itself or the scenario says when.
  public var requests: Int?
  /// Whether the arrivals still begin the workload's conversations; a client's requests stand alone.
  public var keepsConversations = false
  public init(traffic: Traffic, users: Int? = nil, requests: Int? = nil) {
    self.traffic = traffic
    self.users = users
    self.requests = requests
  }
}

extension Scenario {
  /// Puts a client's requests in place of a service's own, all of them measured.
  fileprivate mutating func send(_ replay: ReplayedTraffic, toService service: Int, ofDesign design: Int) {
    let workload = designs[design].services[service].workloadIndex
    workloads[workload].traffic = replay.traffic
    workloads[workload].traceUsers = replay.users
    if !replay.keepsConversations { workloads[workload].conversations = nil }
    if let requests = replay.requests {
      workloads[workload].requests = requests
      duration = nil
      warmup = .fixed(.zero)
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
  /// How far the run went: what a calibration on it may speak of.
  public let reach: ServiceReach

  /// The value of the first workload's metric; `nil` when unknown.
  public func value(_ metric: String, _ statistic: String = "value") -> Double? {
    readings.first { $0.metric == metric && $0.statistic == statistic }?.value
  }
}
