import Infrastructure
import Kernel
import Scenario
import Workloads

/// Nodes that break or are taken out, under replicas and jobs alike, and who goes where then.
///
/// Replicas come before jobs: one whose nodes are out moves to free accelerators of its pool, if there are
/// any, and starts there once the failure is noticed; else it waits for its nodes.
extension World {
  // MARK: Failures

  mutating func planFailure(_ pool: Int, _ pending: inout PendingEvents) {
    guard let time = lifecycle.pools[pool]!.drawFailure(after: now), time < Self.endOfTime else { return }
    let version = lifecycle.pools[pool]!.version
    pending.push(EventCode(.poolFailure, service: pool, version: version).payload, at: time)
  }

  mutating func breakPart(_ pool: Int, _ pending: inout PendingEvents) {
    let answers = (0..<services.count).reduce(0) { $0 + services[$1].pointee.tally.completed }
    let isSending = sendingEnd != .never && now < sendingEnd
    lifecycle.count(failureAfter: answers, isSending: isSending || hasJobs)
    guard hasWork(pool: pool), let failure = lifecycle.pools[pool]!.takeFailure(at: now) else { return }
    // What is out already does not break.
    if lifecycle.pools[pool]!.isIn(failure.node) {
      if let seconds = failure.repair {
        takeOut(pool, failure.node..<(failure.node + 1), &pending)
        startMending(pool, failure.node, seconds, &pending)
      } else {
        crash(pool, on: failure.node, &pending)
      }
      startWaiting(pool, &pending)
    }
    planFailure(pool, &pending)
  }

  private var hasJobs: Bool {
    now < jobs.horizon && jobs.states.contains { !$0.isOver }
  }

  private mutating func startMending(
    _ pool: Int, _ node: Int, _ seconds: Double, _ pending: inout PendingEvents
  ) {
    if jobs.pools[pool].inRepair >= jobs.pools[pool].crews {
      jobs.pools[pool].broken.append((node, seconds))
      return
    }
    jobs.pools[pool].inRepair += 1
    let end = now + Ticks(seconds: min(seconds, 1e8))
    if end < Self.endOfTime {
      pending.push(EventCode(.nodeMended, service: pool, index: node).payload, at: end)
    }
  }

  mutating func mend(_ pool: Int, node: Int, _ pending: inout PendingEvents) {
    jobs.pools[pool].inRepair -= 1
    if !jobs.pools[pool].broken.isEmpty {
      let next = jobs.pools[pool].broken.removeFirst()
      startMending(pool, next.node, next.seconds, &pending)
    }
    if lifecycle.pools[pool]!.mend(node, at: now) { planFailure(pool, &pending) }
    putBack(pool, node..<(node + 1), &pending)
  }

  /// The programs on a node crash: they start again on the same node.
  private mutating func crash(_ pool: Int, on node: Int, _ pending: inout PendingEvents) {
    for service in lifecycle.pools[pool]!.model.services {
      for index in services[service].pointee.life!.indices(onPool: pool)
      where stands(service, index, on: node) && services[service].pointee.life!.replicas[index].phase != .down
      {
        fall(service, index, &pending)
        if services[service].pointee.life!.replicas[index].phase == .down {
          startReplica(service, index, &pending)
        }
      }
    }
    // Nothing happens to jobs beyond the horizon.
    for job in jobs(on: node, pool) where now <= jobs.horizon {
      jobs.states[job].progress.advance(to: now)
      jobs.states[job].interrupt(losing: .program)
      begin(job, after: jobs.states[job].progress.resumesFromLocalCopy ? .lostProgram : .lostNode, &pending)
    }
  }

  // MARK: Outages

  mutating func changeOutage(_ index: Int, begins: Bool, _ pending: inout PendingEvents) {
    let outage = model.design.outages[index]
    if begins {
      if !outage.parts.contains(where: { hasWork(pool: $0.poolIndex) }) { return }
      // Nobody moves from one part of it to another.
      for part in outage.parts { takeOut(part.poolIndex, part.nodes, &pending) }
      for part in outage.parts { startWaiting(part.poolIndex, &pending) }
      let end = now.later(by: outage.duration)
      if end < Self.endOfTime { pending.push(EventCode(.outage, index: 2 * index + 1).payload, at: end) }
    } else {
      for part in outage.parts { putBack(part.poolIndex, part.nodes, &pending) }
    }
  }

  private func stands(_ service: Int, _ index: Int, on node: Int) -> Bool {
    services[service].pointee.life!.replicas[index].place?.grants.contains { Int($0.node) == node } == true
  }

  private func jobs(on node: Int, _ pool: Int) -> [Int] {
    jobs.pools[pool].running.filter { $0.allocation.grants.contains { Int($0.node) == node } }.map(\.id)
  }

  /// Nodes leave: all that stands on them falls, and replicas look for others before jobs do.
  private mutating func takeOut(_ pool: Int, _ nodes: Range<Int>, _ pending: inout PendingEvents) {
    var lost: [Int] = []
    for node in nodes where lifecycle.pools[pool]!.takeOut(node) {
      jobs.pools[pool].cluster.setOut(node, true)
      lost.append(node)
    }
    if lost.isEmpty { return }
    for service in lifecycle.pools[pool]!.model.services {
      for index in services[service].pointee.life!.indices(onPool: pool) {
        guard let place = services[service].pointee.life!.replicas[index].place else { continue }
        if !lifecycle.pools[pool]!.isIn(place) { fall(service, index, &pending) }
      }
    }
    placeReplicas(pool, &pending)
    interruptJobs(pool, on: lost, &pending)
    verifyPlaces(pool)
  }

  private mutating func putBack(_ pool: Int, _ nodes: Range<Int>, _ pending: inout PendingEvents) {
    for node in nodes where lifecycle.pools[pool]!.putBack(node) {
      jobs.pools[pool].cluster.setOut(node, false)
    }
    if !hasWork(pool: pool) { return }
    startWaiting(pool, &pending)
    verifyPlaces(pool)
  }

  /// Jobs on nodes that are gone go on with others in their place, or wait.
  private mutating func interruptJobs(_ pool: Int, on lost: [Int], _ pending: inout PendingEvents) {
    if now > jobs.horizon { return }
    if jobs.pools[pool].market != nil {
      if lifecycle.pools[pool]!.nodesIn == 0 { interruptMarketJobs(pool, &pending) }
      return
    }
    let isLost = Set(lost)
    for job in jobs.pools[pool].running.map(\.id) {
      guard let allocation = jobs.states[job].allocation else { continue }
      let nodes = Set(allocation.grants.map { Int($0.node) }).intersection(isLost).sorted()
      if nodes.isEmpty { continue }
      jobs.states[job].progress.advance(to: now)
      jobs.states[job].interrupt(losing: .node)
      if nodes.count == 1 {
        moveOff(nodes[0], job, &pending)
      } else {
        giveBack(job)
        jobs.states[job].wait(forCapacity: true)
        jobs.pools[pool].waiting.insert(job, at: 0)
        rescheduleJob(job, &pending)
      }
    }
  }

  /// A market whose nodes are all out has nothing to offer.
  private mutating func interruptMarketJobs(_ pool: Int, _ pending: inout PendingEvents) {
    for job in jobs.models.indices
    where jobs.models[job].poolIndex == pool && jobs.states[job].placement != .waiting {
      jobs.states[job].progress.advance(to: now)
      jobs.states[job].interrupt(losing: .node)
      giveBack(job)
      jobs.states[job].wait(forCapacity: true)
      enqueue(job)
      rescheduleJob(job, &pending)
    }
  }

  /// Whether all nodes of a pool are out: its market has nothing to offer then.
  func isShut(_ pool: Int) -> Bool { lifecycle.pools[pool]?.nodesIn == 0 }

  // MARK: Places

  /// Replicas that are down start where their nodes are in again, or look for others; those that are wanted
  /// look for accelerators. Where too few are free, jobs are asked to give way.
  mutating func placeReplicas(_ pool: Int, _ pending: inout PendingEvents) {
    defer { adjustFleet(pool, &pending) }
    let lacking = placeWaitingReplicas(pool, &pending)
    if lacking == 0 { return }
    let free = jobs.pools[pool].cluster.freeAccelerators
    askJobs(pool, for: lacking, &pending)
    if jobs.pools[pool].cluster.freeAccelerators > free { _ = placeWaitingReplicas(pool, &pending) }
  }

  /// - Returns: accelerators that replicas want and cannot have.
  private mutating func placeWaitingReplicas(_ pool: Int, _ pending: inout PendingEvents) -> Int {
    guard let watch = lifecycle.pools[pool] else { return 0 }
    var lacking = 0
    for service in watch.model.services {
      for index in services[service].pointee.life!.indices(onPool: pool) {
        let size = acceleratorsOfReplica(service, index)
        let replica = services[service].pointee.life!.replicas[index]
        if replica.isMoving { continue }
        if replica.phase == .wanted {
          if !settleIn(service, index, pool, &pending) { lacking += size }
        } else if replica.phase == .down, let place = replica.place {
          if lifecycle.pools[pool]!.isIn(place) {
            startReplica(service, index, &pending)
          } else if let other = findPlace(pool, insteadOf: place) {
            move(service, index, to: other, &pending)
          } else {
            lacking += size
          }
        }
      }
    }
    return lacking
  }

  /// A replica moves to other nodes: it starts there once the failure is noticed.
  private mutating func move(
    _ service: Int, _ index: Int, to place: Allocation, _ pending: inout PendingEvents
  ) {
    let state = services[service]
    state.pointee.life!.replicas[index].place = place
    meetNetwork(service, index, at: place)
    state.pointee.life!.replicas[index].isMoving = true
    state.pointee.life!.replicas[index].version &+= 1
    let code = EventCode(
      .replicaStart, service: service, index: index, version: state.pointee.life!.replicas[index].version)
    let noticed = state.pointee.life!.care.healthCheck.detection(after: now)
    if noticed < Self.endOfTime { pending.push(code.payload, at: noticed) }
  }

  /// Takes free accelerators in the place of those on nodes that are out, as many together on a node; `nil`,
  /// and nothing changed, where there are too few.
  private mutating func findPlace(_ pool: Int, insteadOf place: Allocation) -> Allocation? {
    let watch = lifecycle.pools[pool]!
    let lost = place.grants.filter { !watch.isIn(Int($0.node)) }
    guard jobs.pools[pool].cluster.freeAccelerators >= lost.count else { return nil }
    var found: [Allocation] = []
    var start = 0
    while start < lost.count {
      let end = lost[start...].firstIndex { $0.node != lost[start].node } ?? lost.count
      let request = JobRequest(accelerators: end - start, perNode: end - start)
      guard let part = jobs.pools[pool].cluster.place(request, by: .packed) else {
        for part in found { jobs.pools[pool].cluster.release(part) }
        return nil
      }
      found.append(part)
      start = end
    }
    jobs.pools[pool].cluster.release(Allocation(grants: lost))
    shareNodes(pool)
    return Allocation(
      grants: place.grants.filter { watch.isIn(Int($0.node)) } + found.flatMap(\.grants))
  }

  /// No accelerator runs two things: replicas and jobs hold different ones, and the pool knows of all.
  func verifyPlaces(_ pool: Int) {
    guard let watch = lifecycle.pools[pool] else { return }
    var held: [Allocation.Grant] = watch.model.fixed.flatMap(\.grants)
    for service in watch.model.services {
      let life = services[service].pointee.life!
      for index in life.indices(onPool: pool) { held += life.replicas[index].place?.grants ?? [] }
    }
    for job in jobs.pools[pool].running { held += job.allocation.grants }
    precondition(Set(held.map(\.device)).count == held.count, "no accelerator runs two things")
    precondition(
      jobs.pools[pool].cluster.usedMilli == held.reduce(0) { $0 + Int64($1.milli) },
      "a pool knows who holds its accelerators")
  }
}
