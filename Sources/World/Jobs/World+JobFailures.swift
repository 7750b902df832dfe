import Infrastructure
import Kernel
import Workloads

/// What breaks under jobs, and how it is repaired.
extension World {
  mutating func failJob(_ job: Int, _ pending: inout PendingEvents) {
    guard let failure = jobs.states[job].failure else { return }
    let pool = jobs.models[job].poolIndex
    if isAnothers(failure, job) {
      // Of the jobs on a node, each draws all that breaks it: one of the draws counts.
      return scheduleFailure(job, &pending)
    }
    if jobs.states[job].failsByAge { jobs.states[job].aging?.replaceFailed(at: now) }
    jobs.states[job].progress.advance(to: now)
    guard failure.kind.losesNode else {
      jobs.states[job].interrupt(losing: .program)
      let isLocal = jobs.states[job].progress.resumesFromLocalCopy
      begin(job, after: isLocal ? .lostProgram : .lostNode, &pending)
      return askAgain(job, &pending)
    }
    jobs.states[job].interrupt(losing: .node)
    guard let allocation = jobs.states[job].allocation, !allocation.grants.isEmpty else {
      // On a market another node takes the lost one's place.
      begin(job, after: .lostNode, &pending)
      return askAgain(job, &pending)
    }
    let node = Int(allocation.grants[failure.component % allocation.grants.count].node)
    let seconds = jobs.models[job].classes[failure.classIndex].repair.sample(&jobs.states[job].repairs)
    let neighbours = jobs.pools[pool].running.map(\.id).filter { other in
      other != job && jobs.states[other].allocation?.grants.contains { Int($0.node) == node } == true
    }
    moveOff(node, job, &pending)
    for other in neighbours {
      // It goes down with the node as well.
      jobs.states[other].progress.advance(to: now)
      jobs.states[other].interrupt(losing: .node)
      moveOff(node, other, &pending)
    }
    startRepair(pool, node, max(0, seconds), &pending)
    startWaiting(pool, &pending)
  }

  /// On a market a policy may see the work that is left otherwise than before the failure.
  private mutating func askAgain(_ job: Int, _ pending: inout PendingEvents) {
    if jobs.pools[jobs.models[job].poolIndex].market != nil { decideSpot(job, &pending) }
  }

  /// Whether what breaks a node is the draw of another of its jobs, by an even chance among them.
  private mutating func isAnothers(_ failure: InterruptionMix.Interruption, _ job: Int) -> Bool {
    let pool = jobs.models[job].poolIndex
    guard failure.kind.losesNode,
      model.design.pools[pool].failures?.classes.indices.contains(failure.classIndex) == true,
      model.design.pools[pool].failures!.classes[failure.classIndex].count
        == model.design.pools[pool].nodeCount,
      let grants = jobs.states[job].allocation?.grants, !grants.isEmpty
    else { return false }
    let node = grants[failure.component % grants.count].node
    let jobsThere = jobs.pools[pool].running.count { running in
      running.allocation.grants.contains { $0.node == node }
    }
    return jobsThere > 1 && jobs.states[job].repairs.below(UInt32(jobsThere)) > 0
  }

  /// An interrupted job goes on with another node in the place of a broken one. Without a spare it gives its
  /// nodes back and asks again, before all others.
  mutating func moveOff(_ node: Int, _ job: Int, _ pending: inout PendingEvents) {
    if replaceNode(node, of: job) { return begin(job, after: .lostNode, &pending) }
    let pool = jobs.models[job].poolIndex
    giveBack(job)
    jobs.pools[pool].cluster.setOut(node, true)
    jobs.states[job].wait(forCapacity: true)
    jobs.pools[pool].waiting.insert(job, at: 0)
    rescheduleJob(job, &pending)
  }

  /// Takes a broken node out and puts a spare in its place; false, and nothing changed, where there is none.
  private mutating func replaceNode(_ node: Int, of job: Int) -> Bool {
    guard var allocation = jobs.states[job].allocation else { return false }
    let pool = jobs.models[job].poolIndex
    let lost = Allocation(grants: allocation.grants.filter { Int($0.node) == node })
    guard jobs.pools[pool].cluster.freeAccelerators >= lost.grants.count else { return false }
    let request = JobRequest(accelerators: lost.grants.count, perNode: lost.grants.count)
    jobs.pools[pool].cluster.release(lost)
    jobs.pools[pool].cluster.setOut(node, true)
    guard let spare = jobs.pools[pool].cluster.place(request, by: .packed) else {
      jobs.pools[pool].cluster.setOut(node, false)
      jobs.pools[pool].cluster.retake(lost)
      return false
    }
    allocation.grants.removeAll { Int($0.node) == node }
    allocation.grants += spare.grants
    jobs.states[job].allocation = allocation
    if let place = jobs.pools[pool].running.firstIndex(where: { $0.id == job }) {
      jobs.pools[pool].running[place].allocation = allocation
    }
    shareNodes(pool)
    return true
  }

  private mutating func startRepair(
    _ pool: Int, _ node: Int, _ seconds: Double, _ pending: inout PendingEvents
  ) {
    if jobs.pools[pool].inRepair >= jobs.pools[pool].crews {
      jobs.pools[pool].broken.append((node, seconds))
      return
    }
    jobs.pools[pool].inRepair += 1
    let end = now + Ticks(seconds: seconds)
    if end <= jobs.horizon {
      pending.push(EventCode(.nodeRepaired, service: pool, index: node).payload, at: end)
    }
  }

  mutating func repair(_ pool: Int, node: Int, _ pending: inout PendingEvents) {
    jobs.pools[pool].cluster.setOut(node, false)
    jobs.pools[pool].inRepair -= 1
    if !jobs.pools[pool].broken.isEmpty {
      let next = jobs.pools[pool].broken.removeFirst()
      startRepair(pool, next.node, next.seconds, &pending)
    }
    startWaiting(pool, &pending)
  }
}
