import Infrastructure
import Kernel
import Scenario
import Workloads

/// Replicas that fall and come back: a replica is up, down, starting, draining or off.
///
/// When one falls, all that is inside is lost with its KV cache. The router goes on sending requests there
/// until its health check tells (`HealthCheck.detection`); then what was lost is handed over again, from its
/// prompt on, and keeps the time at which it was sent. Once its nodes are in again, or another node has taken
/// their place, the replica starts: it reads its weights where the service has a `cold-start`, and comes up.
extension World {
  // MARK: Events

  mutating func startLifecycle(_ pending: inout PendingEvents) {
    startFleets()
    for pool in lifecycle.pools.indices where lifecycle.pools[pool] != nil { planFailure(pool, &pending) }
    for (index, outage) in model.design.outages.enumerated()
    where outage.start < Self.endOfTime && !options.skipsEvents {
      pending.push(EventCode(.outage, index: 2 * index).payload, at: outage.start)
    }
    startAutoscaling(&pending)
  }

  @inline(never)
  mutating func handleLifecycle(_ code: EventCode, _ pending: inout PendingEvents) {
    switch code.kind {
    case .poolFailure:
      if EventCode.isCurrent(code.version, of: lifecycle.pools[code.service]!.version) {
        breakPart(code.service, &pending)
      }
    case .nodeMended: mend(code.service, node: code.index, &pending)
    case .outage: changeOutage(code.index / 2, begins: code.index % 2 == 0, &pending)
    case .replicaStart:
      let life = services[code.service].pointee.life!.replicas[code.index]
      guard EventCode.isCurrent(code.version, of: life.version) else { return }
      switch life.phase {
      case .wanted: provision(code.service, code.index, &pending)
      case .down: startReplica(code.service, code.index, &pending)
      default: raise(code.service, code.index, &pending)
      }
    case .autoscale: rescale(code.service, role: code.index, &pending)
    case .nodeCome: takeNode(code.service, attempt: code.index, &pending)
    case .circuit: turnCircuit(code.service, code.index, code.version, &pending)
    default:
      let life = services[code.service].pointee.life!.replicas[code.index]
      if EventCode.isCurrent(code.version, of: life.watchVersion) {
        giveUp(code.service, code.index, &pending)
      }
    }
  }

  /// Whether a service still has requests to come or to answer.
  func hasWork(service: Int) -> Bool {
    if lifecycle.isGivenUp { return false }
    if sendingEnd != .never && now < sendingEnd { return true }
    // The traffic of a member is its front's.
    let state = services[services[service].pointee.owner(service)]
    if !state.pointee.isDrained { return true }
    let tally = state.pointee.tally
    return tally.offered > tally.completed + tally.rejected + tally.failed
  }

  /// Whether what happens to a pool still matters to anybody.
  func hasWork(pool: Int) -> Bool {
    if lifecycle.isGivenUp { return false }
    guard let watch = lifecycle.pools[pool] else { return false }
    return watch.model.services.contains { hasWork(service: $0) } || hasJobs(pool: pool)
  }

  private func hasJobs(pool: Int) -> Bool {
    now < jobs.horizon
      && jobs.models.indices.contains { jobs.models[$0].poolIndex == pool && !jobs.states[$0].isOver }
  }

  /// Whether the time series go on: what may still break does not count as something to look at.
  func isUnderWay(_ pending: borrowing PendingEvents) -> Bool {
    if model.lifecycle.isEmpty { return !pending.isEmpty }
    return (0..<services.count).contains { hasWork(service: $0) }
      || jobs.pools.indices.contains { hasJobs(pool: $0) }
  }

  // MARK: Accounts

  mutating func settleLife(of service: Int) {
    let state = services[service]
    let end = hasWork(service: service) ? now : min(now, lifeEnd(of: service))
    state.pointee.life!.settle(at: end)
  }

  /// When a service had no more to do.
  func lifeEnd(of service: Int) -> Ticks {
    let owner = services[services[service].pointee.owner(service)]
    return max(owner.pointee.tally.lastCompletion, model.scenario.duration ?? .zero)
  }

  /// What became of a service's replicas; `nil` where all are up all the time.
  mutating func lifeOutcome(
    of service: Int, isCutShort: Bool
  ) -> (all: LifeOutcome, roles: [LifeOutcome])? {
    let state = services[service]
    guard state.pointee.life != nil else { return nil }
    state.pointee.life!.settle(at: isCutShort ? now : lifeEnd(of: service))
    var outcome = state.pointee.life!.outcome
    outcome.all.opens = state.pointee.life!.opens
    return outcome
  }

  mutating func recount(_ service: Int) {
    let state = services[service]
    state.pointee.life!.recount()
    state.pointee.handOverSpacing = state.pointee.life!.handOverSpacing
  }

  // MARK: Requests

  /// Keeps a request that came while the router knows of no replica.
  @inline(never)
  mutating func holdBack(_ service: Int, _ slot: UInt32) -> Bool {
    let state = services[service]
    guard state.pointee.life!.serving.isEmpty else { return false }
    state.pointee.life!.waiting.append(slot)
    requests.beginLapse(of: slot, at: now)
    return true
  }

  /// The router's choice among the replicas that it believes to be up; there is one.
  @inline(never)
  mutating func chooseServing(_ service: Int, _ request: LiveRequest, _ content: PromptContent?) -> Int {
    let state = services[service]
    let adapter = Int(request.adapter) - 1
    if state.pointee.life!.isWhole {
      return state.pointee.router.choose(
        among: state.pointee.replicas, for: content, promptTokens: request.promptTokens, adapter: adapter,
        at: now)
    }
    let serving = ServingReplicas(state.pointee.replicas, state.pointee.life!)
    let place = state.pointee.router.choose(
      among: serving, for: content, promptTokens: request.promptTokens, adapter: adapter, at: now)
    return serving.index(of: place)
  }

  /// Whether a request was sent to a replica that is not there: it is lost until the router notices.
  @inline(never)
  mutating func isLost(
    _ service: Int, _ slot: UInt32, at replica: Int, _ pending: inout PendingEvents
  ) -> Bool {
    let state = services[service]
    if state.pointee.life!.replicas[replica].phase.isUp { return false }
    state.pointee.life!.lose(slot, at: replica)
    requests.beginLapse(of: slot, at: now)
    noteLost(1, at: replica, of: service, &pending)
    return true
  }

  /// A request that waited for its next attempt stands in a queue again.
  @inline(never)
  mutating func endRest(_ service: Int, _ slot: UInt32) {
    guard requests.lapse(of: slot)?.isResting == true else { return }
    requests.setResting(slot, false)
    let state = services[service]
    state.pointee.life!.resting -= 1
    if state.pointee.frontIndex >= 0 {
      state.pointee.member.tokensComing += Int64(requests[slot].promptTokens)
    }
  }

  private mutating func rest(_ service: Int, _ slot: UInt32) {
    requests.setResting(slot, true)
    let state = services[service]
    state.pointee.life!.resting += 1
    if state.pointee.frontIndex >= 0 {
      state.pointee.member.tokensComing -= Int64(requests[slot].promptTokens)
    }
  }

  /// Hands a lost request to the router again, or lets it fail.
  mutating func handBack(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let state = services[service]
    let owner = services[state.pointee.owner(service)]
    if state.pointee.disaggregation != nil { endHandOff(service, slot, &pending) }
    let attempts = Int(requests[slot].attempts)
    var pause = Ticks.zero
    if let retry = state.pointee.life!.care.retry {
      let tally = owner.pointee.tally
      let isOver = retry.budget.map { Double(tally.retried + 1) > $0 * Double(tally.offered) } ?? false
      if attempts >= retry.attempts || isOver { return fail(service, slot, &pending) }
      pause = self.pause(before: attempts + 1, retry, serial: requests[slot].serial, service)
    }
    requests[slot].attempts = UInt8(clamping: attempts + 1)
    requests[slot].replica = -1
    owner.pointee.tally.retried += 1
    if pause == .zero { return deliver(service, slot, &pending) }
    rest(service, slot)
    pending.push(EventCode(.delivery, service: service, index: Int(slot)).payload, at: now + pause)
  }

  /// Backoffs double up to an hour.
  private static let longestBackoff = Ticks(seconds: 3600)

  private func pause(before attempt: Int, _ retry: RetrySettings, serial: Int32, _ service: Int) -> Ticks {
    let doubled = retry.backoff.count.multipliedReportingOverflow(by: 1 << Int64(min(attempt - 1, 40)))
    let longest = max(Self.longestBackoff, retry.backoff)
    let whole = doubled.overflow ? longest : min(longest, Ticks(doubled.partialValue))
    guard retry.jitter == .full else { return whole }
    let family = services[service].pointee.life!.jitter
    var stream = family.branch(UInt64(UInt32(bitPattern: serial))).branch(UInt64(attempt))
    return Ticks(seconds: whole.seconds * stream.uniform())
  }

  private mutating func fail(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let state = services[service]
    let request = requests[slot]
    requests.remove(slot)
    state.pointee.tally.inFlight -= 1
    if state.pointee.frontIndex >= 0 { state.pointee.member.tokensComing -= Int64(request.promptTokens) }
    reject(state.pointee.owner(service), request, as: .failed, &pending)
    drainIfLast(service, &pending)
  }

  // MARK: Falling

  /// A replica's node is gone. What it holds of accelerators it keeps, for when its nodes are in again.
  mutating func fall(_ service: Int, _ index: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    let phase = state.pointee.life!.replicas[index].phase
    if !phase.isHeld { return }
    settleLife(of: service)
    if phase == .starting { stopReading(service, index, &pending) }
    state.pointee.life!.replicas[index].version &+= 1
    state.pointee.life!.replicas[index].isMoving = false
    state.pointee.life!.replicas[index].phase = .down
    if phase != .down && hasWork(service: service) {
      state.pointee.life!.roles[state.pointee.life!.role(of: index)].falls += 1
    }
    if phase.isUp {
      noteLost(loseRequests(service, index, &pending), at: index, of: service, &pending)
      state.pointee.life!.replicas[index].watchVersion &+= 1
      let detection = state.pointee.life!.care.healthCheck.detection(after: now)
      let code = EventCode(
        .detection, service: service, index: index,
        version: state.pointee.life!.replicas[index].watchVersion)
      if detection < Self.endOfTime { pending.push(code.payload, at: detection) }
    }
    recount(service)
    // Nobody counts on it any more.
    if phase == .draining { freePlace(of: service, index) }
  }

  /// - Returns: how many there were.
  private mutating func loseRequests(_ service: Int, _ index: Int, _ pending: inout PendingEvents) -> Int {
    let state = services[service]
    let lost = renew(service, index)
    if state.pointee.disaggregation != nil {
      loseHandOffs(service, index, lost, &pending)
      return lost.count
    }
    state.pointee.tally.inFlight += lost.count
    for one in lost {
      state.pointee.member.tokensComing += Int64(requests[one.handle].promptTokens)
      state.pointee.life!.lose(one.handle, at: index)
      requests.beginLapse(of: one.handle, at: one.arrival)
    }
    return lost.count
  }

  /// An empty replica in the place of one.
  /// - Returns: the requests that were inside.
  mutating func renew(_ service: Int, _ index: Int) -> [LostSequence] {
    let state = services[service]
    let replica = state.pointee.replicas[index]
    let lost = replica.pointee.breakDown(at: now)
    let fresh = replica.pointee.successor()
    replica.deinitialize(count: 1)
    replica.initialize(to: fresh)
    state.pointee.versions[index] &+= 1
    state.pointee.pendingChange[index] = .never
    if case .replicas(let settings, _, _, _, _, _) = model.services[service].placement {
      state.pointee.router.forget(index, settings: settings)
    }
    return lost
  }

  /// The router learns that a replica is gone.
  private mutating func giveUp(_ service: Int, _ index: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    settleLife(of: service)
    state.pointee.life!.replicas[index].isServing = false
    recount(service)
    handBackLost(service, index, &pending)
  }

  /// Hands over again whom a replica took along.
  private mutating func handBackLost(_ service: Int, _ index: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    let lost = state.pointee.life!.takeLost(of: index)
    if state.pointee.disaggregation != nil { roles(of: service).pointee.forget(lost.count, at: index) }
    for slot in lost { handBack(service, slot, &pending) }
  }

  // MARK: Starting

  /// A replica has its accelerators, and their nodes are in: it starts.
  mutating func startReplica(_ service: Int, _ index: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    settleLife(of: service)
    state.pointee.life!.replicas[index].version &+= 1
    state.pointee.life!.replicas[index].isMoving = false
    state.pointee.life!.replicas[index].phase = .starting
    recount(service)
    // The first time all come up together, but for those that miss the beginning.
    if state.pointee.isStarting && !state.pointee.isReadingWeights {
      state.pointee.life!.replicas[index].isFirstStart = true
      return
    }
    let role = state.pointee.life!.role(of: index)
    let version = state.pointee.life!.replicas[index].version
    if let start = model.design.services[service].coldStart,
      let store = sharing.links.stores[start.storage]
    {
      let loading = sharing.links.loadings[service][role]
      state.pointee.life!.replicas[index].isReading = true
      sharing.load(
        service: service, loading, from: store, replica: Int32(index), version: version, at: now)
      return settleShares(&pending)
    }
    let pause = state.pointee.life!.roles[role].start
    if pause == .zero { return raise(service, index, &pending) }
    pending.push(
      EventCode(.replicaStart, service: service, index: index, version: version).payload, at: now + pause)
  }

  /// A replica that starts has read its weights.
  mutating func takeWeights(
    _ service: Int, replica index: Int, version: Int, rest: Ticks, _ pending: inout PendingEvents
  ) {
    let life = services[service].pointee.life!.replicas[index]
    // It fell while it read.
    guard life.phase == .starting, life.version == version else { return }
    pending.push(
      EventCode(.replicaStart, service: service, index: index, version: version).payload, at: now + rest)
  }

  /// A replica takes requests from now on.
  private mutating func raise(_ service: Int, _ index: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    settleLife(of: service)
    state.pointee.life!.replicas[index].phase = .up
    state.pointee.life!.replicas[index].isServing = true
    state.pointee.life!.replicas[index].watchVersion &+= 1
    recount(service)
    if state.pointee.isStarting { endStart(of: service, &pending) }
    handBackLost(service, index, &pending)
    if state.pointee.life!.role(of: index) > 0 { return announceWaiting(service, &pending) }
    let waiting = state.pointee.life!.waiting
    state.pointee.life!.waiting = []
    for slot in waiting { deliver(service, slot, &pending) }
    if state.pointee.frontIndex >= 0 { callWaiting(of: state.pointee.frontIndex, &pending) }
  }

  /// A member has a replica: requests that wait at members without one may go there.
  mutating func callWaiting(of owner: Int, _ pending: inout PendingEvents) {
    for member in front(owner).members where isOut(member) {
      guard let life = services[member.service].pointee.life, !life.waiting.isEmpty else { continue }
      services[member.service].pointee.life!.waiting = []
      for slot in life.waiting { deliver(member.service, slot, &pending) }
    }
  }

  /// The service comes up for the first time: with it all replicas whose nodes are in.
  mutating func raiseAll(_ service: Int) {
    let state = services[service]
    settleLife(of: service)
    for index in state.pointee.life!.replicas.indices {
      let replica = state.pointee.life!.replicas[index]
      if replica.isFirstStart {
        state.pointee.life!.replicas[index].phase = .up
        state.pointee.life!.replicas[index].isFirstStart = false
      } else if !replica.phase.isUp {
        state.pointee.life!.replicas[index].isServing = false
      }
    }
    recount(service)
  }
}
