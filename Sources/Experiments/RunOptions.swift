/// What the caller of a run decides beside the scenario. None of it may change a figure, except by
/// stopping early.
public struct RunOptions: Sendable {
  /// Replications run at once; results do not depend on it.
  public var jobs = 1
  /// Only these designs; empty means all.
  public var designs: [String] = []
  public var keepRequests = false
  public var keepTimeline = false
  /// Wall-clock limit in seconds.
  public var timeLimitSeconds: Double?
  public var memoryLimitBytes: Int64?
  /// Events over all runs together.
  public var maximumEvents: Int?
  /// Asked between runs and within them, from any task: whether to stop and report what there is.
  public var isInterrupted: (@Sendable () -> Bool)?
  public init() {}
}

/// How far a run has come: finished runs out of all, one run being one design in one replication.
public struct RunProgress: Sendable {
  public var finished: Int
  public var total: Int
  public init(finished: Int, total: Int) {
    self.finished = finished
    self.total = total
  }
}

// The entry point is `Experiment.run(_ scenario: Scenario, options: RunOptions, progress:) async ->
// RunResults`.
