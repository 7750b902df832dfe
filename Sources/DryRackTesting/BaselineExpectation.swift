import DryRack
import Foundation

extension CapacityRun {
  /// What became of every figure since a baseline was kept.
  ///
  /// ```swift
  /// @Test func theLaunchGotNoSlower() async throws {
  ///   let capacity = try await CapacityRun(scenarioAt: "capacity/launch.yaml")
  ///   #expect(try capacity.regressions(since: "capacity/launch-baseline.csv").isEmpty)
  /// }
  /// ```
  ///
  /// A baseline is a `metrics.csv`, a `summary.json` or a folder with them. With `DRYRACK_UPDATE_BASELINES=1`
  /// in the environment it is written anew and nothing has changed; a missing one is never made by itself, so
  /// that a build server cannot pass for want of one.
  ///
  /// - Parameters:
  ///   - noise: changes up to this share are noise.
  ///   - figures: such as `p99(ttft_s)`; empty for single numbers, means and quantiles up to the 99th.
  /// - Throws: when the baseline cannot be read or written, or has no figure in common with the run.
  public func comparison(
    with baseline: String, noise: Double = 0.02, figures: [String] = [],
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> ResultComparison {
    let now = ResultSet(results, run: results.manifest.runID)
    if environment["DRYRACK_UPDATE_BASELINES"] == "1" {
      do {
        try AtomicFile.write(now.csv(), to: baseline)
      } catch {
        throw Failure(description: error.description)
      }
    } else if !FileManager.default.fileExists(atPath: baseline) {
      throw Failure(
        description: "there is no baseline \(baseline); run once with DRYRACK_UPDATE_BASELINES=1 to keep one")
    }
    let selection = ResultComparison.Selection(figures: figures, noise: noise)
    switch ResultReader.read(path: baseline) {
    case .failure(let report): throw Failure(description: report.description)
    case .success(let before):
      if let unknown = selection.unknown(in: [before, now]).first {
        let near = unknown.nearest.map { "; did you mean '\($0)'?" } ?? ""
        throw Failure(description: "neither has the figure '\(unknown.name)'\(near)")
      }
      let comparison = ResultComparison(before: before, after: now, selection: selection)
      if comparison.isEmpty {
        throw Failure(description: "\(baseline) has no figure in common with this run")
      }
      return comparison
    }
  }

  /// What got worse than a baseline beyond noise, in words; see `comparison(with:)`.
  public func regressions(
    since baseline: String, noise: Double = 0.02, figures: [String] = [],
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> [String] {
    try comparison(with: baseline, noise: noise, figures: figures, environment: environment)
      .regressions.map(\.sentence)
  }
}
