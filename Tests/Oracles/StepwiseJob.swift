import Kernel
import Workloads

/// The slow, obvious job: it lives through every step, keeps a list of all checkpoints, and sums its time
/// span by span. `JobProgress` must give the same ticks.
public struct StepwiseJob {
  /// A checkpoint of the past.
  private struct Written {
    var step: Int64
    var isRemote: Bool
  }

  public let totalSteps: Int64
  public var plan: CheckpointPlan
  public private(set) var stepTime: Ticks
  public private(set) var now: Ticks
  public private(set) var phase = JobProgress.Phase.waiting
  public private(set) var time = JobTime()
  public private(set) var checkpointsTaken: Int64 = 0
  /// How long each step that counts took.
  private var durations: [Ticks] = []
  /// How long the step in progress has taken so far, and what is left of it.
  private var spent = Ticks.zero
  private var left = Ticks.zero
  private var phaseLeft = Ticks.zero
  private var persistLeft: Ticks?
  private var persistSlowdown: Int64 = 0
  private var persistedStep: Int64 = 0
  private var written = [Written(step: 0, isRemote: true)]
  private var dueStep: Int64?
  private var isSaved = false
  private var restoreSpan = Ticks.zero
  /// How many times longer each activity takes than alone.
  private var slowness: [JobProgress.Activity: Int64] = [.blocking: 1, .persisting: 1, .restoring: 1]

  public init(totalSteps: Int64, stepTime: Ticks, plan: CheckpointPlan, start: Ticks) {
    self.totalSteps = totalSteps
    self.stepTime = stepTime
    self.plan = plan
    now = start
  }

  public var step: Int64 { Int64(durations.count) }

  private var length: Ticks {
    persistLeft == nil ? stepTime : Ticks(stepTime.count * (1000 + persistSlowdown) / 1000)
  }

  /// How long until something happens, the end of a step included.
  private var untilChange: Ticks {
    let own: Ticks =
      switch phase {
      case .waiting, .finished, .awaitingPersistence: .never
      case .restarting, .restoring, .checkpointing: phaseLeft
      case .working: left
      }
    return min(own, persistLeft ?? .never)
  }

  public mutating func advance(to target: Ticks) {
    while phase != .finished {
      let span = untilChange
      if span == .never || span > target - now {
        if target > now { live(target - now) }
        return
      }
      live(span)
      happen()
    }
  }

  private mutating func live(_ span: Ticks) {
    now += span
    if let rest = persistLeft { persistLeft = rest - span }
    switch phase {
    case .waiting: time.wait += span
    case .restarting, .restoring:
      time.restart += span
      phaseLeft -= span
    case .checkpointing:
      time.checkpoint += span
      phaseLeft -= span
    case .awaitingPersistence: time.checkpoint += span
    case .working:
      time.useful += span
      spent += span
      left -= span
    case .finished: break
    }
  }

  private mutating func happen() {
    if phase == .working && left == .zero {
      durations.append(spent)
      startStep()
    }
    if persistLeft == .zero {
      let before = length
      written.append(Written(step: persistedStep, isRemote: true))
      persistLeft = nil
      stretch(from: before)
      if phase == .awaitingPersistence { if isSaved { phase = .finished } else { block() } }
      if phase != .working { return }
    }
    switch phase {
    case .restarting where phaseLeft == .zero: restore()
    case .restoring where phaseLeft == .zero: work()
    case .checkpointing where phaseLeft == .zero: blocked()
    case .working where spent == .zero: stopIfDue()
    default: break
    }
  }

  private mutating func startStep() {
    spent = .zero
    left = length
  }

  private mutating func work() {
    phase = .working
    startStep()
    stopIfDue()
  }

  private mutating func stopIfDue() {
    let isEnd = step == totalSteps
    guard isEnd || step == dueStep else { return }
    if isEnd && !plan.savesAtEnd {
      phase = .finished
    } else if persistLeft != nil {
      phase = .awaitingPersistence
    } else {
      block()
    }
  }

  private mutating func block() {
    phase = .checkpointing
    phaseLeft = Ticks(plan.blocking.count * slowness[.blocking]!)
    if phaseLeft == .zero { blocked() }
  }

  private mutating func blocked() {
    checkpointsTaken += 1
    let isEnd = step == totalSteps
    if plan.keepsLocalCopy { written.append(Written(step: step, isRemote: false)) }
    if isEnd || checkpointsTaken % plan.persistsEvery == 0 {
      if plan.persisting == .zero {
        written.append(Written(step: step, isRemote: true))
      } else {
        persistedStep = step
        persistLeft = Ticks(plan.persisting.count * slowness[.persisting]!)
        persistSlowdown = plan.slowdownPermille
      }
    }
    dueStep = plan.everySteps == 0 ? nil : step + plan.everySteps
    if !isEnd {
      work()
    } else if persistLeft == nil {
      phase = .finished
    } else {
      isSaved = true
      phase = .awaitingPersistence
    }
  }

  private mutating func stretch(from old: Ticks) {
    if phase == .working && old != length {
      left = Ticks((left.count * length.count + old.count - 1) / old.count)
    }
  }

  private mutating func restore() {
    if restoreSpan == .zero { return work() }
    phase = .restoring
    phaseLeft = Ticks(restoreSpan.count * slowness[.restoring]!)
    restoreSpan = .zero
  }

  /// From now on an activity takes `factor` times as long as alone.
  public mutating func slow(_ activity: JobProgress.Activity, by factor: Int64) {
    let old = slowness[activity]!
    slowness[activity] = factor
    func longer(_ span: Ticks) -> Ticks { Ticks((span.count * factor + old - 1) / old) }
    switch activity {
    case .blocking: if phase == .checkpointing { phaseLeft = longer(phaseLeft) }
    case .persisting: persistLeft = persistLeft.map(longer)
    case .restoring: if phase == .restoring { phaseLeft = longer(phaseLeft) }
    }
  }

  public mutating func restart(taking: Ticks, restoring: Ticks = .zero) {
    guard phase == .waiting else { return }
    phase = .restarting
    restoreSpan = restoring
    phaseLeft = taking
    dueStep = plan.everySteps == 0 ? nil : step + plan.everySteps
    if taking == .zero { restore() }
  }

  public mutating func interrupt(losing loss: CheckpointLoss) {
    guard phase != .finished else { return }
    if loss == .node { written.removeAll { !$0.isRemote } }
    let kept = written.map(\.step).max() ?? 0
    // The work that does not count: steps since the checkpoint, and the one in progress.
    var undone = phase == .working ? spent : .zero
    while step > kept { undone += durations.removeLast() }
    time.useful -= undone
    time.lost += undone
    persistLeft = nil
    phase = .waiting
    isSaved = false
  }

  public mutating func requestCheckpoint() {
    if phase == .working { dueStep = min(dueStep ?? .max, step + 1) }
  }

  public mutating func setStepTime(_ new: Ticks) {
    let before = length
    stepTime = new
    stretch(from: before)
  }
}
