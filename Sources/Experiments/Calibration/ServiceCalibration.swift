import Catalog
import Scenario
import Workloads

/// Fits the coefficients of the engine behind one service to a user's own benchmark runs.
public struct ServiceCalibration: Sendable {
  /// Why there is nothing to calibrate.
  public enum Problem: Error, Sendable {
    case faults(FaultReport)
    case message(String)
  }

  /// The scenario as a file, and what the command line changes in it.
  public struct Source: Sendable {
    public var path: String
    public var overrides: [Override]
    public var allowedFolders: [String]
    /// `nil` for the first.
    public var design: String?
    public init(
      path: String, overrides: [Override] = [], allowedFolders: [String] = [], design: String? = nil
    ) {
      self.path = path
      self.overrides = overrides
      self.allowedFolders = allowedFolders
      self.design = design
    }
  }

  /// A measured run with the simulation that repeats it.
  struct Run: Sendable {
    var measurement: BenchmarkRun
    var simulation: CalibrationCase
    var notes: [String]
    /// Why it is left out; empty when it is used.
    var omitted = ""
  }

  let scenario: Scenario
  let design: Design
  let service: Service
  let deployment: Deployment
  let accelerator: String
  let model: String
  let runs: [Run]
  let parameters: [CalibrationParameter]
  /// Holds the scenario's overlays.
  let catalog: Catalog

  /// Brings runs and scenario together.
  public static func prepare(
    _ measurements: [BenchmarkRun], source: Source, selection: MetricSelection = .usual
  ) -> Result<ServiceCalibration, Problem> {
    func failed(_ message: String) -> Result<ServiceCalibration, Problem> {
      let fault = Fault(file: source.path, line: 0, column: 0, message: message)
      return .failure(.faults(FaultReport(faults: [fault], text: "", file: source.path)))
    }
    switch NamedFiles.contents(of: source.path, limit: WrittenReader.maximumBytes + 1) {
    case .failure(let failure): return failed(failure.message)
    case .success(let bytes):
      guard let text = String(validating: bytes, as: UTF8.self) else {
        return failed("the file is not valid UTF-8")
      }
      let slash = source.path.lastIndex(of: "/")
      let folder = slash.map { String(source.path[...$0]) } ?? "."
      return prepare(measurements, text: text, folder: folder, source: source, selection: selection)
    }
  }

  /// The same from a text; files that it names are sought in `folder`.
  public static func prepare(
    _ measurements: [BenchmarkRun], text: String, folder: String, source: Source,
    selection: MetricSelection = .usual
  ) -> Result<ServiceCalibration, Problem> {
    let read = ScenarioReader.read(
      bytes: Array(text.utf8), file: source.path, folder: folder, overrides: source.overrides,
      allowedFolders: source.allowedFolders)
    let scenario: Scenario
    switch read {
    case .failure(let report): return .failure(.faults(report))
    case .success(let resolved): scenario = resolved
    }
    guard let index = scenario.designs.firstIndex(where: { $0.name == source.design ?? $0.name }) else {
      return .failure(.message("the scenario has no design '\(source.design ?? "")'"))
    }
    let design = scenario.designs[index]
    guard let service = design.services.first, case .pool(let deployment) = service.placement else {
      return .failure(
        .message(
          "the first service of the design '\(design.name)' runs on no pool: only engines are calibrated"))
    }
    var base = CalibrationCase(text: text, name: source.path, folder: folder, figures: [])
    base.overrides = source.overrides
    base.allowedFolders = source.allowedFolders
    base.appliesOverlays = false
    (base.design, base.service) = (index, 0)
    let calibration = ServiceCalibration(
      scenario: scenario, design: design, service: service, deployment: deployment, base: base,
      measurements: measurements, selection: selection)
    guard let first = calibration.runs.first(where: { $0.omitted.isEmpty }) ?? calibration.runs.first else {
      return .failure(.message("there is no measurement"))
    }
    return first.omitted.isEmpty
      ? .success(calibration)
      : .failure(.message("no measurement can be used: \(first.measurement.name): \(first.omitted)"))
  }

  private init(
    scenario: Scenario, design: Design, service: Service, deployment: Deployment, base: CalibrationCase,
    measurements: [BenchmarkRun], selection: MetricSelection
  ) {
    let workload = scenario.workloads[service.workloadIndex]
    let match = SystemMatch(
      deployment: deployment, accelerator: design.pools[deployment.poolIndex].accelerator.name,
      model: workload.model.name)
    self.scenario = scenario
    self.design = design
    self.service = service
    self.deployment = deployment
    accelerator = match.accelerator
    model = match.model
    catalog = scenario.catalog
    parameters = EngineCoefficient.all.filter { coefficient in
      switch coefficient.scope {
      case .everyModel: true
      case .mixtureOfExperts: workload.model.experts != nil
      case .severalAccelerators: deployment.acceleratorsPerReplica > 1
      }
    }.map { $0.parameter(of: deployment.engine, in: scenario.catalog) }
    runs = measurements.map { measurement in
      let replay = MeasurementReplay(measurement, workload: workload)
      var simulation = base
      simulation.replay = replay.traffic
      simulation.figures = selection.figures(of: measurement)
      var run = Run(
        measurement: measurement, simulation: simulation, notes: measurement.notes + replay.notes)
      let differences = match.differences(measurement.system)
      if !differences.isEmpty && measurement.format == .campaignTable {
        run.omitted = differences.joined(separator: "; ")
      } else if let gap = measurement.gap {
        run.omitted = gap
      } else {
        run.notes += differences
      }
      if run.omitted.isEmpty && simulation.figures.isEmpty {
        run.omitted = "it states none of the metrics that are compared"
      }
      return run
    }
  }
}
