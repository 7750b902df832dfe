import Kernel
import Quantities

/// How a job writes checkpoints, in whole steps and ticks.
///
/// A checkpoint first blocks the job (`blocking`): a synchronous one for the whole write, an asynchronous one
/// while the state is copied to host memory, a tiered one while it is written to the node's own disk. What is
/// left to do (`persisting`) runs beside the next steps and slows them by `slowdownPermille`. Only then does
/// the checkpoint survive the loss of a node; one that blocks no longer and keeps a local copy survives a
/// crash of the program.
///
/// A checkpoint that falls due while an earlier one persists waits for it, which counts as checkpoint time.
public struct CheckpointPlan: Sendable, Hashable {
  /// Steps between two checkpoints; 0 for none.
  public var everySteps: Int64
  /// How long the job stands still for one.
  public var blocking: Ticks
  /// How long it then takes beside the work until it is safe from the loss of a node; 0 for synchronous.
  public var persisting: Ticks
  /// How much longer a step takes meanwhile, in thousandths, 0 or more.
  public var slowdownPermille: Int64
  /// Whether what was written while blocking survives a crash of the program on the node.
  public var keepsLocalCopy: Bool
  /// Each k-th checkpoint is persisted, the others stay local; 1 for all. Without a local copy only 1 is
  /// sensible.
  public var persistsEvery: Int64
  /// Whether the job ends with a checkpoint, for the model it leaves behind.
  public var savesAtEnd: Bool

  private init(
    everySteps: Int64, blocking: Ticks, persisting: Ticks, slowdownPermille: Int64, keepsLocalCopy: Bool,
    persistsEvery: Int64, savesAtEnd: Bool
  ) {
    self.everySteps = max(everySteps, 0)
    self.blocking = max(blocking, .zero)
    self.persisting = max(persisting, .zero)
    self.slowdownPermille = min(max(slowdownPermille, 0), 1_000_000)
    self.keepsLocalCopy = keepsLocalCopy
    self.persistsEvery = max(persistsEvery, 1)
    self.savesAtEnd = savesAtEnd
  }

  /// No checkpoint at all.
  public static let none = CheckpointPlan(
    everySteps: 0, blocking: .zero, persisting: .zero, slowdownPermille: 0, keepsLocalCopy: false,
    persistsEvery: 1, savesAtEnd: false)

  /// The job stands still for the whole write.
  public static func synchronous(everySteps: Int64, write: Ticks, savesAtEnd: Bool = true) -> CheckpointPlan {
    CheckpointPlan(
      everySteps: everySteps, blocking: write, persisting: .zero, slowdownPermille: 0, keepsLocalCopy: false,
      persistsEvery: 1, savesAtEnd: savesAtEnd)
  }

  /// The job stands still for a copy to host memory and works on while that is written.
  public static func asynchronous(
    everySteps: Int64, snapshot: Ticks, write: Ticks, slowdownPermille: Int64 = 0, savesAtEnd: Bool = true
  ) -> CheckpointPlan {
    CheckpointPlan(
      everySteps: everySteps, blocking: snapshot, persisting: write, slowdownPermille: slowdownPermille,
      keepsLocalCopy: false, persistsEvery: 1, savesAtEnd: savesAtEnd)
  }

  /// First to the node's own disk, then each `remoteEvery`-th from there to the remote store.
  public static func tiered(
    everySteps: Int64, local: Ticks, remote: Ticks, remoteEvery: Int64, slowdownPermille: Int64 = 0,
    savesAtEnd: Bool = true
  ) -> CheckpointPlan {
    CheckpointPlan(
      everySteps: everySteps, blocking: local, persisting: remote, slowdownPermille: slowdownPermille,
      keepsLocalCopy: true, persistsEvery: remoteEvery, savesAtEnd: savesAtEnd)
  }

  /// The whole steps of a policy's interval, at least one; `nil` (a policy without checkpoints) gives 0.
  public static func steps(in interval: Seconds?, stepTime: Ticks) -> Int64 {
    guard let interval else { return 0 }
    let steps = (interval.value / max(stepTime, Ticks(1)).seconds).rounded()
    return steps < 9e18 ? max(1, Int64(steps)) : 0
  }
}

/// What a failure leaves of the checkpoints.
public enum CheckpointLoss: Sendable, Hashable {
  /// The program crashed: copies on the node's own disk are still there.
  case program
  /// A node is gone: only what was persisted is left.
  case node
}

/// Where a job's time went, in ticks; the five sum to the time since its start.
public struct JobTime: Sendable, Hashable {
  /// In steps that count.
  public var useful = Ticks.zero
  /// In steps, or parts of one, that a failure undid.
  public var lost = Ticks.zero
  /// Standing still for checkpoints, broken-off ones included.
  public var checkpoint = Ticks.zero
  /// Restarting, loading and re-sharding.
  public var restart = Ticks.zero
  /// Without resources.
  public var wait = Ticks.zero

  public init() {}

  /// The sum of the five.
  public var total: Ticks { useful + lost + checkpoint + restart + wait }
  /// Useful ÷ all; 0 before any time has passed.
  public var efficiency: Double { total.count == 0 ? 0 : Double(useful.count) / Double(total.count) }
}
