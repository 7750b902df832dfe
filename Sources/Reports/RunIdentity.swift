import Experiments

extension Manifest {
  /// The name of a run in its result files: what was meant and the seed, no clock, so that the same
  /// run has the same name everywhere.
  public var runID: String { "\(scenarioHash.prefix(12))-\(seed)" }
}
