import Experiments

extension Manifest {
  /// The name of a run in its result files: what was meant and the seed, no clock, so that the same
  /// run has the same name everywhere.
  public var runID: String { Self.runID(scenarioHash: scenarioHash, seed: seed) }

  static func runID(scenarioHash: String, seed: UInt64) -> String { "\(scenarioHash.prefix(12))-\(seed)" }
}
