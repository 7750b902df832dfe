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
  /// Parts whose age matters; `nil` for none.
  var aging: AgingParts?
  /// Whether the next failure is one of those.
  var failsByAge = false
  /// Interruptions drawn so far.
  var drawn: UInt64 = 0
  /// The next failure while it holds nodes.
  var failure: InterruptionMix.Interruption?
  var repairs: RandomStream
  var allocation: Allocation? {
    didSet { burst = nil }
  }
  /// What its bursts put on shared links; `nil` while that is not known for the allocation.
  var burst: [LinkShare]?
  /// Steps of all placements so far, and the one where it lies now.
  var placements: [PlacedStep]
  var placed = 0
  /// Of a step where it lies now, when nobody slows it.
  var aloneStep: Ticks { placements[placed].time }
  /// Nodes that count as its own: of each that it shares with others, its part of the accelerators in use.
  var nodesHeld = 0.0
  /// Where it stands on a spot market.
  var placement = Placement.waiting
  var heldSince: Ticks?
  var hasRun = false
  /// Whether it waits, when it does, for spot capacity or repaired nodes, not for its turn; and how much of
  /// the waiting so far, up to `waitSettled`, was that.
  private(set) var waitsForCapacity = false
  private(set) var capacityWait = Ticks.zero
  private var waitSettled = Ticks.zero
  /// Checkpoints that were safe when it was asked to give way; it leaves with the next. `nil` if it was not.
  var yieldsAfter: Int64?
  /// Whether it then waits before all others.
  var waitsAsFirst = false
  /// Whether it leaves then for another place on the market, of its own will.
  var isMoving = false
  /// The loss of its spot nodes that it is told of, and when its policy is asked again; `.never` for none.
  var noticeFor = Ticks.never
  var decisionAt = Ticks.never
  /// Interrupted faster than it can restart: it is left alone.
  var isAbandoned = false
  var isOver: Bool { isAbandoned || outcome.finish != nil }
  var outcome: TrainingOutcome
  /// What others have made its steps longer by, and whether the network or a store does.
  var delays = DelayBook()
  var isSlowedByNetwork = true
  /// Restarts that read a checkpoint from the store that keeps it safe.
  var restores: Int64 = 0

  init(_ model: JobModel, seed: UInt64, replication: Int, design: String) {
    progress = JobProgress(
      totalSteps: model.totalSteps, stepTime: model.stepTime, plan: model.plan, start: model.job.start)
    placements = [PlacedStep(time: model.stepTime, shares: model.job.step.shares, loading: model.loading)]
    // The same failures befall a job of the same name in every design.
    mix = InterruptionMix(
      model.classes, seed: seed, replication: replication, entity: "jobs/\(model.name)")
    aging = AgingParts(
      model.classes, seed: seed, replication: replication, entity: "jobs/\(model.name)")
    repairs = RandomStream(
      seed: seed, replication: replication, entity: "jobs/\(model.name)", purpose: "repairs")
    outcome = TrainingOutcome(name: model.name, totalSteps: model.totalSteps)
  }
}

extension JobState {
  /// The next failure after `now`.
  mutating func nextFailure(after now: Ticks) -> InterruptionMix.Interruption? {
    // Drawn anew each time: one that came second was the longer of the two, and to keep it would make such
    // failures too rare.
    let chance = mix.interruption(drawn, after: now)
    drawn += 1
    let age = aging?.next(after: now)
    failsByAge = age.map { aged in chance.map { aged.time <= $0.time } ?? true } ?? false
    return failsByAge ? age : chance
  }

  /// Accounts for what others have made the steps since the last time longer.
  mutating func settleDelay() {
    let share = max(0, 1 - aloneStep.seconds / progress.stepTime.seconds)
    let pace = DelayBook.Pace(
      delay: share, isByNetwork: share == 0 || isSlowedByNetwork, placement: placed)
    delays.settle(upTo: progress.time.useful, safe: progress.safeWork, pace: pace)
  }

  /// It falls back to the newest checkpoint that is left, and what it did since with its account.
  mutating func interrupt(losing loss: CheckpointLoss) {
    settleDelay()
    progress.interrupt(losing: loss)
    settleDelay()
  }

  /// What it waits for from now on, if it waits.
  mutating func wait(forCapacity isForCapacity: Bool) {
    settleWait()
    waitsForCapacity = isForCapacity
  }

  mutating func settleWait() {
    if waitsForCapacity { capacityWait += progress.time.wait - waitSettled }
    waitSettled = progress.time.wait
  }
}

/// A step where a job lies, when nobody slows it.
public struct PlacedStep: Sendable, Hashable {
  public var time: Ticks
  /// Of the step itself, by what bound it.
  public var shares: TrainingStep.Shares
  /// What of the time the step itself is, and what waiting for samples.
  public var loading: LoadingBound
}

/// What one job did in one run.
public struct TrainingOutcome: Sendable {
  public var name: String
  public var totalSteps: Int64
  /// Steps done that count.
  public var steps: Int64 = 0
  public var time = JobTime()
  /// Waiting for spot capacity or for nodes under repair.
  public var waitForCapacity = Ticks.zero
  /// Of the time in steps that count, what others did not add, by where the job lay.
  public var work: [(step: PlacedStep, seconds: Double)] = []
  /// Time of the steps done that count; the step in progress is not among them.
  public var timeInSteps = Ticks.zero
  /// By when it has to be done, from the start of the run; `.never` without a deadline.
  public var deadline = Ticks.never
  public var firstStart: Ticks?
  /// From its submission until its data was at its site.
  public var stagedIn = Ticks.zero
  /// When its last step, and the checkpoint after it, were done; `nil` while it is not.
  public var finish: Ticks?
  public var interruptions: Int64 = 0
  public var checkpoints: Int64 = 0
  /// Seconds by which others on the same links and stores made its steps longer.
  public var networkDelay = 0.0
  public var storageDelay = 0.0
  /// Seconds by which they made it stand longer for checkpoints, and for reading them.
  public var checkpointDelay = 0.0
  /// Node time held, in node-seconds: owned, reserved or on demand, and spot. A node that several hold at a
  /// time is split among them by accelerators, so that jobs add up to the nodes that are held.
  public var heldNodeSeconds = 0.0
  public var spotNodeSeconds = 0.0
  /// What the spot nodes cost where their price moves; `nil` where it stays.
  public var spotCost: Double?
  /// What it read from and wrote to stores.
  public var stores: [StoreVolume] = []
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
  /// Jobs that hold nodes of the market, in order of their start there.
  var onMarket: [Int] = []
  var marketVersion = 0
  /// Nodes under repair or waiting for a crew.
  var crews: Int
  var inRepair = 0
  var broken: [(node: Int, seconds: Double)] = []
}
