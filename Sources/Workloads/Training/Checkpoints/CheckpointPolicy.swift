import Quantities

/// When to write a checkpoint: how much work to do before the next one.
///
/// Asked at the start of the job and after each checkpoint, so that an answer may follow measured costs;
/// never asked per step.
public protocol CheckpointPolicy: Sendable {
  /// Work before the next checkpoint; `nil` for none at all. A value below one step means after every step.
  func interval(under conditions: CheckpointTheory) -> Seconds?
}

/// The same work before each checkpoint, whatever it costs.
public struct FixedCheckpoints: CheckpointPolicy {
  /// Work between two checkpoints, above 0.
  public var every: Seconds
  public init(every: Seconds) { self.every = every }
  /// Always `every`.
  public func interval(under conditions: CheckpointTheory) -> Seconds? { every }
}

/// No checkpoint: a failure starts the job anew.
public struct NoCheckpoints: CheckpointPolicy {
  public init() {}
  /// Always `nil`.
  public func interval(under conditions: CheckpointTheory) -> Seconds? { nil }
}

/// √(2CM) (Young 1974).
public struct YoungCheckpoints: CheckpointPolicy {
  public init() {}
  /// Young's interval for the conditions.
  public func interval(under conditions: CheckpointTheory) -> Seconds? { conditions.youngInterval }
}

/// Daly's estimate (2006) of the first, second or third order.
public struct DalyCheckpoints: CheckpointPolicy {
  /// 1, 2 or 3; see `CheckpointTheory.dalyInterval`.
  public var order: Int
  public init(order: Int = 3) { self.order = order }
  /// Daly's interval for the conditions.
  public func interval(under conditions: CheckpointTheory) -> Seconds? {
    conditions.dalyInterval(order: order)
  }
}

/// The minimum of the exact expected wall time for exponential failures.
public struct OptimalCheckpoints: CheckpointPolicy {
  public init() {}
  /// The best interval for the conditions.
  public func interval(under conditions: CheckpointTheory) -> Seconds? { conditions.optimalInterval }
}
