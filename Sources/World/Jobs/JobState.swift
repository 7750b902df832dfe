import Infrastructure
import Kernel
import Quantities
import Scenario
import Statistics
import Workloads

/// One training job while it runs.
struct JobState {
  var progress: JobProgress
  /// Frees its pending change when it is planned anew, and the failure, notice and decision of an earlier
  /// start.
  var changeVersion = 0
  var startVersion = 0
  var pendingChange = Ticks.never
  let mix: InterruptionMix
  /// Interruptions drawn so far.
  var drawn: UInt64 = 0
  /// The next failure while it holds nodes.
  var failure: InterruptionMix.Interruption?
  var repairs: RandomStream
  var allocation: Allocation?
  /// Where it stands on a spot market.
  var placement = Placement.waiting
  var heldSince: Ticks?
  /// What of its waiting was for spot capacity or for repaired nodes; the rest was for its turn.
  var hasRun = false
  /// Interrupted faster than it can restart: it is left alone.
  var isAbandoned = false
  var isOver: Bool { isAbandoned || outcome.finish != nil }
  var outcome: TrainingOutcome

  init(_ model: JobModel, seed: UInt64, replication: Int, design: String) {
    progress = JobProgress(
      totalSteps: model.totalSteps, stepTime: model.stepTime, plan: model.plan, start: model.job.start)
    // The same failures befall a job of the same name in every design.
    mix = InterruptionMix(
      model.classes, seed: seed, replication: replication, entity: "jobs/\(model.name)")
    repairs = RandomStream(
      seed: seed, replication: replication, entity: "jobs/\(model.name)", purpose: "repairs")
    outcome = TrainingOutcome(name: model.name, totalSteps: model.totalSteps)
  }
}

/// What one job did in one run.
public struct TrainingOutcome: Sendable {
  public var name: String
  public var totalSteps: Int64
  /// Steps done that count.
  public var steps: Int64 = 0
  public var time = JobTime()
  /// Waiting after the first start: for spot capacity or for nodes under repair.
  public var waitForCapacity = Ticks.zero
  public var firstStart: Ticks?
  /// When its last step, and the checkpoint after it, were done; `nil` while it is not.
  public var finish: Ticks?
  public var interruptions: Int64 = 0
  public var checkpoints: Int64 = 0
  /// Node time held, in node-seconds: owned, reserved or on demand, and spot.
  public var heldNodeSeconds = 0.0
  public var spotNodeSeconds = 0.0
  /// On-demand nodes that stood in for spot ones.
  public var fallbackNodeSeconds = 0.0

  init(name: String, totalSteps: Int64) {
    self.name = name
    self.totalSteps = totalSteps
  }

  /// Useful time over all time since it was submitted.
  public var goodput: Double { time.efficiency }
}

/// The accelerators of a pool as jobs see them.
struct JobPool {
  var cluster: ClusterState
  /// Jobs that wait for accelerators, in the order in which they ask.
  var waiting: [Int] = []
  /// Jobs that hold accelerators, in order of their start.
  var running: [RunningJob] = []
  let scheduler: any JobScheduler
  var market: (any SpotMarket)?
  var marketVersion = 0
  /// Nodes under repair or waiting for a crew.
  var crews: Int
  var inRepair = 0
  var broken: [(node: Int, seconds: Double)] = []
}
