import Kernel

/// A training job between interruptions: it leaps from checkpoint to checkpoint, never step by step.
///
/// Ask it when something changes next (`nextChange`), let time pass (`advance(to:)`, at any time in between),
/// tell it what happened (`interrupt`, `restart`, `setStepTime`, `requestCheckpoint`) at the time it has been
/// advanced to. What falls on the same tick as an interruption has happened before it: a checkpoint that ends
/// on the tick of a failure counts. Steps are whole: a failure undoes the step in progress, a new step time
/// stretches what is left of it (rounded up to the tick) and holds for all that follow.
///
/// The step-by-step version in `Tests/Oracles` gives the same ticks.
public struct JobProgress: Sendable, Hashable {
  /// What the job is doing.
  public enum Phase: Sendable, Hashable {
    /// Nothing, for want of resources: before its start, after an interruption.
    case waiting
    case restarting
    /// Reading its checkpoint, where that is told apart from the rest of the restart.
    case restoring
    case working
    /// Standing still for a checkpoint.
    case checkpointing
    /// Standing still until an earlier checkpoint is persisted.
    case awaitingPersistence
    case finished
  }

  /// What others may slow: reading and writing where they read and write as well.
  public enum Activity: Sendable, Hashable, CaseIterable {
    /// The blocking part of a checkpoint.
    case blocking
    case persisting
    case restoring
  }

  /// Share of the rate alone at which an activity goes on, above 0 and at most 1.
  struct Paces: Sendable, Hashable {
    var blocking = 1.0
    var persisting = 1.0
    var restoring = 1.0
  }

  /// A state of the training that can be returned to: steps done, and the work time that they took.
  struct SavePoint: Sendable, Hashable {
    var step: Int64 = 0
    var work = Ticks.zero
  }

  /// Steps until the job is done.
  public let totalSteps: Int64
  /// How it writes checkpoints. A new interval or cost counts from the next checkpoint that starts.
  public var plan: CheckpointPlan
  /// Time of one step when no checkpoint is being persisted, at least one tick.
  public private(set) var stepTime: Ticks
  /// The time it has been advanced to.
  public private(set) var now: Ticks
  public private(set) var phase = Phase.waiting
  /// Whole steps done that no failure has undone.
  public private(set) var step: Int64 = 0
  /// Whole steps done that a failure undid: they read their samples all the same.
  public private(set) var stepsUndone: Int64 = 0
  /// Checkpoints whose blocking part ended, and those that were persisted.
  public private(set) var checkpointsTaken: Int64 = 0
  public private(set) var checkpointsPersisted: Int64 = 0
  /// Interruptions since the start.
  public private(set) var interruptions: Int64 = 0
  /// Where the time went; `useful` is what would count if a failure struck never again.
  public private(set) var time = JobTime()
  /// How much longer it has stood still for checkpoints, and read them, than it would have alone.
  public private(set) var heldUp = Ticks.zero

  /// End of the restart or of the blocking part, and where it would lie if nobody slowed it.
  private var phaseEnd = Ticks.never
  private var phaseEndAlone = Ticks.never
  /// End of the step in progress, while working.
  private var stepEnd = Ticks.never
  /// Persisted at this time; `.never` when nothing is being persisted.
  private var persistEnd = Ticks.never
  private var persistEndAlone = Ticks.never
  private var persisting = SavePoint()
  private var local: SavePoint?
  private var remote = SavePoint()
  /// How much longer steps take until then, in thousandths.
  private var persistSlowdown: Int64 = 0
  /// The step after which the next checkpoint is written.
  private var dueStep: Int64 = .max
  /// Whether the last checkpoint has been taken and only has to be persisted.
  private var isSaved = false
  /// How long reading the checkpoint takes once the rest of the restart is done.
  private var restoreSpan = Ticks.zero
  private var paces = Paces()

  /// A job that waits for its first start.
  /// - Parameters:
  ///   - totalSteps: 0 or more.
  ///   - stepTime: of one step, at least one tick (less is taken as one).
  ///   - start: from when its time is counted.
  public init(totalSteps: Int64, stepTime: Ticks, plan: CheckpointPlan, start: Ticks) {
    self.totalSteps = max(totalSteps, 0)
    self.stepTime = max(stepTime, Ticks(1))
    self.plan = plan
    now = start
  }

  /// Time of one step as things stand: longer while a checkpoint is being persisted.
  private var currentStepTime: Ticks {
    persistEnd == .never ? stepTime : Self.scaled(stepTime, by: 1000 + persistSlowdown, over: 1000)
  }

  /// The steps at which the job next stands still: a checkpoint, or the end.
  private var stopStep: Int64 { min(dueStep, totalSteps) }

  /// When the job next stands still if nothing interrupts it and no rate changes: the end of step `stopStep`.
  private var stopTime: Ticks {
    step >= stopStep ? now : Self.after(stepEnd, steps: stopStep - step - 1, of: currentStepTime)
  }

  /// The next time at which its state changes by itself; `.never` while it waits and when it is finished.
  /// - Complexity: O(1).
  public var nextChange: Ticks {
    switch phase {
    case .waiting, .finished: .never
    case .restarting, .restoring, .checkpointing: min(phaseEnd, persistEnd)
    case .awaitingPersistence: persistEnd
    case .working: min(stopTime, persistEnd)
    }
  }

  /// When it is finished if nothing interrupts it and nothing changes; `.never` while it waits.
  /// - Complexity: O(checkpoints to come).
  public var forecastFinish: Ticks {
    var copy = self
    while copy.phase != .finished {
      let next = copy.nextChange
      if next == .never { return .never }
      copy.advance(to: next)
    }
    return copy.now
  }

  /// Lets time pass until `target`; changes that fall on it happen. A target in the past changes nothing.
  /// - Complexity: O(checkpoints in between), not of steps.
  public mutating func advance(to target: Ticks) {
    while true {
      let next = nextChange
      if next > target || next == .never { break }
      pass(to: next)
      change()
    }
    if target > now && phase != .finished { pass(to: target) }
  }

  /// Accounts for the time up to `target`, in which no change falls but the ends of steps.
  private mutating func pass(to target: Ticks) {
    let (span, from) = (target - now, now)
    now = target
    switch phase {
    case .waiting: time.wait += span
    case .restarting: time.restart += span
    case .restoring:
      time.restart += span
      heldUp += max(.zero, target - max(from, min(phaseEndAlone, target)))
    case .checkpointing:
      time.checkpoint += span
      heldUp += max(.zero, target - max(from, min(phaseEndAlone, target)))
    case .awaitingPersistence:
      time.checkpoint += span
      heldUp += max(.zero, target - max(from, min(persistEndAlone, target)))
    case .finished: break
    case .working:
      time.useful += span
      guard target >= stepEnd else { return }
      let length = currentStepTime
      let done = 1 + (target.count - stepEnd.count) / length.count
      step += done
      stepEnd = Self.after(stepEnd, steps: done, of: length)
    }
  }

  /// What happens at `now`; of several things that fall together, a persisted checkpoint comes first.
  private mutating func change() {
    if now >= persistEnd {
      // The blocking part of the next checkpoint cannot overlap this one: it waits for it.
      let before = currentStepTime
      remote = persisting
      persistEnd = .never
      checkpointsPersisted += 1
      if phase == .working {
        rescale(from: before, to: currentStepTime)
      } else if phase == .awaitingPersistence {
        isSaved ? finish() : beginCheckpoint()
      }
      return
    }
    switch phase {
    case .waiting, .finished, .awaitingPersistence: break
    case .restarting where restoreSpan > .zero:
      phase = .restoring
      phaseEndAlone = now.later(by: restoreSpan)
      phaseEnd = now.later(by: Self.stretched(restoreSpan, by: 1 / paces.restoring))
      restoreSpan = .zero
    case .restarting, .restoring: beginWork()
    case .working: stop()
    case .checkpointing: endCheckpoint()
    }
  }

  private mutating func finish() {
    phase = .finished
    stepEnd = .never
    phaseEnd = .never
  }

  private mutating func beginWork() {
    phase = .working
    phaseEnd = .never
    if step >= totalSteps {
      stop()
    } else {
      stepEnd = now.later(by: currentStepTime)
    }
  }

  /// The job has come to a checkpoint or to its end.
  private mutating func stop() {
    let isEnd = step >= totalSteps
    stepEnd = .never
    if isEnd && !plan.savesAtEnd {
      finish()
    } else if persistEnd == .never {
      beginCheckpoint()
    } else {
      phase = .awaitingPersistence
    }
  }

  private mutating func beginCheckpoint() {
    phase = .checkpointing
    phaseEndAlone = now.later(by: plan.blocking)
    phaseEnd = now.later(by: Self.stretched(plan.blocking, by: 1 / paces.blocking))
  }

  private mutating func endCheckpoint() {
    phaseEnd = .never
    checkpointsTaken += 1
    let point = SavePoint(step: step, work: time.useful)
    if plan.keepsLocalCopy { local = point }
    let isEnd = step >= totalSteps
    setDue()
    if isEnd || checkpointsTaken % plan.persistsEvery == 0 {
      if plan.persisting == .zero {
        remote = point
        checkpointsPersisted += 1
      } else {
        persisting = point
        persistSlowdown = plan.slowdownPermille
        persistEndAlone = now.later(by: plan.persisting)
        persistEnd = now.later(by: Self.stretched(plan.persisting, by: 1 / paces.persisting))
      }
    }
    if !isEnd {
      beginWork()
    } else if persistEnd == .never {
      finish()
    } else {
      isSaved = true
      phase = .awaitingPersistence
    }
  }

  private mutating func setDue() {
    let (due, isOver) = step.addingReportingOverflow(plan.everySteps)
    dueStep = plan.everySteps == 0 || isOver ? .max : due
  }

  /// Whatever remains of the step in progress takes `new` ÷ `old` as long.
  private mutating func rescale(from old: Ticks, to new: Ticks) {
    guard old != new, stepEnd != .never else { return }
    stepEnd = now.later(by: Self.scaledUp(stepEnd - now, by: new.count, over: old.count))
  }
}

extension JobProgress {
  /// Resources are there: the job loads its last checkpoint, re-shards it and works on after `taking`.
  ///
  /// Only a waiting job restarts; in other phases nothing happens.
  /// - Parameters:
  ///   - taking: the first start's time too, such as the loading of a model; 0 or more.
  ///   - restoring: what reading the checkpoint takes after that when nobody slows it (`setPace`).
  public mutating func restart(taking: Ticks, restoring: Ticks = .zero) {
    guard phase == .waiting else { return }
    phase = .restarting
    restoreSpan = max(restoring, .zero)
    phaseEnd = now.later(by: max(taking, .zero))
    setDue()
    // Nothing may take no time: the change happens on this very tick.
    advance(to: now)
  }

  /// A failure, a preemption or the loss of resources at `now`: the job falls back to the newest checkpoint
  /// that survives and waits. Finished jobs are not touched.
  public mutating func interrupt(losing loss: CheckpointLoss) {
    guard phase != .finished else { return }
    if phase != .waiting { interruptions += 1 }
    if loss == .node { local = nil }
    let point = local.map { $0.step >= remote.step ? $0 : remote } ?? remote
    // What has been persisted half way is broken off with the rest.
    persistEnd = .never
    time.lost += time.useful - point.work
    time.useful = point.work
    stepsUndone += step - point.step
    step = point.step
    phase = .waiting
    phaseEnd = .never
    stepEnd = .never
    isSaved = false
    dueStep = .max
  }

  /// A checkpoint as soon as the step in progress is done, as on a notice of preemption. Only a working job
  /// takes one.
  public mutating func requestCheckpoint() {
    if phase == .working { dueStep = min(dueStep, step + 1) }
  }

  /// From now on a step takes `new` (a straggler, a slow link, fewer nodes), at least one tick; what is left
  /// of the step in progress is stretched alike.
  public mutating func setStepTime(_ new: Ticks) {
    let before = currentStepTime
    stepTime = max(new, Ticks(1))
    if phase == .working { rescale(from: before, to: currentStepTime) }
  }

  /// Work of the newest checkpoint that no failure undoes, and the steps done by then.
  public var safeWork: Ticks { remote.work }
  public var safeStep: Int64 { remote.step }
  /// What has passed of the step in progress; zero unless working.
  public var stepInProgress: Ticks {
    phase == .working && stepEnd != .never ? max(.zero, currentStepTime - (stepEnd - now)) : .zero
  }

  /// Whether a checkpoint is on its way to where it is safe while the job does something else.
  public var isPersisting: Bool { persistEnd != .never }

  /// From now on an activity goes at this share of its rate alone, above 0 and at most 1; what is left of it
  /// takes as much longer, rounded up to the tick.
  public mutating func setPace(_ wanted: Double, of activity: Activity) {
    let pace = min(1, max(wanted, 1e-6))
    switch activity {
    case .blocking:
      if phase == .checkpointing { restretch(&phaseEnd, by: paces.blocking / pace) }
      paces.blocking = pace
    case .persisting:
      if isPersisting { restretch(&persistEnd, by: paces.persisting / pace) }
      paces.persisting = pace
    case .restoring:
      if phase == .restoring { restretch(&phaseEnd, by: paces.restoring / pace) }
      paces.restoring = pace
    }
  }

  private func restretch(_ end: inout Ticks, by ratio: Double) {
    if end != .never { end = now.later(by: Self.stretched(end - now, by: ratio)) }
  }

  /// `span × ratio`, rounded up; `.never` past the range of time.
  private static func stretched(_ span: Ticks, by ratio: Double) -> Ticks {
    if ratio == 1 { return span }
    let count = (Double(span.count) * ratio).rounded(.up)
    return count < 9e18 ? Ticks(Int64(count)) : .never
  }

  /// Whether it would go on from the copy on the node's own disk: such a restart loads nothing from afar.
  public var resumesFromLocalCopy: Bool { (local?.step ?? -1) >= remote.step }

  /// When a checkpoint requested now would be safe: what a notice period must exceed. `.never` unless
  /// working.
  public var savedIfRequestedNow: Ticks {
    guard phase == .working else { return .never }
    var copy = self
    copy.requestCheckpoint()
    let taken = copy.checkpointsTaken
    while copy.checkpointsTaken == taken && copy.nextChange != .never { copy.advance(to: copy.nextChange) }
    return plan.keepsLocalCopy || copy.persistEnd == .never ? copy.now : copy.persistEnd
  }

  /// `start + steps × length`, `.never` past the range of time.
  static func after(_ start: Ticks, steps: Int64, of length: Ticks) -> Ticks {
    let (span, isTooLong) = steps.multipliedReportingOverflow(by: length.count)
    return isTooLong ? .never : start.later(by: Ticks(span))
  }

  /// `span × factor ÷ divisor`, rounded down; `.never` past the range of time.
  static func scaled(_ span: Ticks, by factor: Int64, over divisor: Int64) -> Ticks {
    clamped(Int128(span.count) * Int128(factor) / Int128(divisor))
  }

  /// `span × factor ÷ divisor`, rounded up; `.never` past the range of time.
  static func scaledUp(_ span: Ticks, by factor: Int64, over divisor: Int64) -> Ticks {
    clamped((Int128(span.count) * Int128(factor) + Int128(divisor - 1)) / Int128(divisor))
  }

  private static func clamped(_ count: Int128) -> Ticks {
    count >= Int128(Int64.max) ? .never : Ticks(Int64(count))
  }
}
