import Kernel
import Scenario
import Workloads

/// Jobs that make way for others: at once, or with a checkpoint where they are to write one on notice.
extension World {
  /// A job is to give its accelerators up.
  ///
  /// - Parameter asFirst: it waits for new ones before all others, else in the order of arrival.
  mutating func giveWay(_ job: Int, asFirst: Bool, _ pending: inout PendingEvents) {
    jobs.states[job].progress.advance(to: now)
    jobs.states[job].waitsAsFirst = asFirst
    guard jobs.models[job].job.checkpoints.onNotice, canSave(job) else { return preempt(job, &pending) }
    save(job, &pending)
  }

  /// Whether a checkpoint that it is asked for now would be safe before anything else happens to it.
  func canSave(_ job: Int) -> Bool {
    let phase = jobs.states[job].progress.phase
    let isAtWork = phase == .working || phase == .checkpointing || phase == .awaitingPersistence
    let settings = jobs.models[job].job.checkpoints
    // What lies on the node's own disk would be lost with the node.
    return isAtWork && (settings.local == nil || settings.remoteEvery == 1)
  }

  /// The job writes a checkpoint, and leaves with it.
  mutating func save(_ job: Int, _ pending: inout PendingEvents) {
    jobs.states[job].yieldsAfter = jobs.states[job].progress.checkpointsPersisted
    jobs.states[job].progress.requestCheckpoint()
    rescheduleJob(job, &pending)
  }

  /// A job that gives way has saved its state: it leaves.
  mutating func leaveIfSaved(_ job: Int, _ pending: inout PendingEvents) {
    guard let before = jobs.states[job].yieldsAfter,
      jobs.states[job].progress.checkpointsPersisted > before
    else { return }
    if jobs.states[job].isMoving { return moveSaved(job, &pending) }
    preempt(job, &pending)
    startWaiting(jobs.models[job].poolIndex, &pending)
  }

  mutating func preempt(_ job: Int, _ pending: inout PendingEvents) {
    let isFirst = jobs.states[job].waitsAsFirst
    jobs.states[job].progress.advance(to: now)
    jobs.states[job].interrupt(losing: .node)
    giveBack(job)
    // It waits for its turn, whoever took it.
    jobs.states[job].wait(forCapacity: false)
    if isFirst {
      jobs.pools[jobs.models[job].poolIndex].waiting.insert(job, at: 0)
    } else {
      enqueue(job)
    }
    rescheduleJob(job, &pending)
  }
}
