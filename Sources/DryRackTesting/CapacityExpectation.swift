import DryRack

/// Runs a scenario inside a test and answers questions about it, for Swift Testing and XCTest alike.
///
/// ```swift
/// @Test func theClusterCarriesTheLaunch() async throws {
///   let capacity = try await CapacityRun(scenarioAt: "capacity/launch.yaml")
///   #expect(try capacity.value("p99(ttft_s)", design: "onprem") < 2)
///   #expect(capacity.failures.isEmpty)
/// }
/// ```
public struct CapacityRun: Sendable {
  /// Why a run or a question cannot be answered.
  public struct Failure: Error, CustomStringConvertible, Sendable {
    public var description: String
  }

  public let results: RunResults

  /// Reads and runs the scenario; its faults become the error's description.
  ///
  /// - Parameter overrides: as `--set`, paths to values.
  public init(
    scenarioAt path: String, overrides: [Override] = [], allowedFolders: [String] = [],
    options: RunOptions = .init()
  ) async throws {
    switch ScenarioReader.read(path: path, overrides: overrides, allowedFolders: allowedFolders) {
    case .failure(let report): throw Failure(description: report.description)
    case .success(let scenario): results = await Experiment.run(scenario, options: options)
    }
  }

  /// A figure over all replications, such as `p99(ttft_s)` or `goodput_ratio`.
  ///
  /// - Throws: when the run has no such design, workload or metric, or the figure is unknown.
  public func value(_ metric: String, design: String, workload: String? = nil) throws -> Double {
    var name = metric
    var statistic = "value"
    if let open = metric.firstIndex(of: "("), metric.hasSuffix(")") {
      statistic = String(metric[..<open])
      name = String(metric[metric.index(after: open)...].dropLast())
    }
    guard let row = results.row(design: design, workload: workload, metric: name, statistic: statistic) else {
      let designs = results.designs.map(\.name).joined(separator: ", ")
      throw Failure(description: "no figure \(metric) for design \(design); the designs are \(designs)")
    }
    guard let value = row.value else { throw Failure(description: "\(metric) of \(design) is unknown") }
    return value
  }

  /// The scenario's own thresholds that do not hold, in words.
  public var failures: [String] {
    results.verdicts.filter { !$0.holds }.map { verdict in
      "\(verdict.design): \(verdict.threshold.text), found \(verdict.value.map { "\($0)" } ?? "nothing")"
    }
  }
}
