import Infrastructure
import Kernel
import Scenario
import Workloads

/// Services that run more replicas when there is more to do, and fewer when there is less.
///
/// A replica that is wanted holds nothing until its accelerators are there; then it starts as one that comes
/// back does. One that is no longer wanted takes no more requests, ends with the last it has, and gives its
/// accelerators back, to other replicas first, then to jobs. Where too few are free, jobs that may be
/// preempted give way: those of the lowest priority first, of those the one that started last.
extension World {
  mutating func startAutoscaling(_ pending: inout PendingEvents) {
    for (index, service) in model.design.services.enumerated() where services[index].pointee.life != nil {
      for (role, settings) in service.autoscales.enumerated() {
        guard let interval = settings?.interval else { continue }
        pending.push(EventCode(.autoscale, service: index, index: role).payload, at: interval)
      }
    }
  }

  /// One look of the autoscaler of a service, or of one of its roles.
  mutating func rescale(_ service: Int, role: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    guard let settings = state.pointee.life!.roles[role].autoscale, isScaling(service, role, settings) else {
      return
    }
    pending.push(
      EventCode(.autoscale, service: service, index: role).payload, at: now + settings.interval)
    if state.pointee.isStarting { return }
    var reading = read(service, role, settings.measure)
    // Nobody is sent to a member that has no replica: what it would get counts.
    if reading.ready == 0 && state.pointee.frontIndex >= 0 {
      let excess = excess(before: service)
      reading.sum =
        settings.measure == .keyValueUse ? max(reading.sum, excess > 0 ? 1 : 0) : reading.sum + excess
    }
    let current = state.pointee.life!.intended(role)
    let wanted = settings.wanted(reading.sum, ready: reading.ready, current: current)
    let desired = state.pointee.life!.roles[role].memory.stabilized(
      wanted, current: current, settings, at: now)
    if desired > current {
      grow(service, role, by: desired - current, after: settings.provisioning, &pending)
    }
    if desired < current { shrink(service, role, by: current - desired, &pending) }
    retryNodes(state.pointee.life!.roles[role].pool, &pending)
  }

  /// Whether the autoscaler still looks at a service: while there is work, and after that until it holds no
  /// more than it must, for jobs may wait for the rest.
  private func isScaling(_ service: Int, _ role: Int, _ settings: AutoscaleSettings) -> Bool {
    if hasWork(service: service) { return true }
    let life = services[service].pointee.life!
    return hasWork(pool: life.roles[role].pool) && life.intended(role) > settings.minimum
  }

  /// The metric summed over the replicas that are up, requests that nobody has included, and their number.
  private mutating func read(
    _ service: Int, _ role: Int, _ measure: AutoscaleSettings.Measure
  ) -> (sum: Double, ready: Int) {
    let state = services[service]
    var sum = 0.0
    var ready = 0
    for index in state.pointee.life!.roles[role].range
    where state.pointee.life!.replicas[index].phase == .up {
      let replica = state.pointee.replicas[index]
      ready += 1
      switch measure {
      case .queueDepth: sum += Double(replica.pointee.queued + replica.pointee.receiving)
      case .running: sum += Double(replica.pointee.load)
      case .keyValueUse:
        sum += Double(replica.pointee.blocksInUse(at: now)) / Double(max(1, replica.pointee.blockCount))
      }
    }
    let life = state.pointee.life!
    let waiting = (role == 0 ? life.waiting : life.waitingForDecode).count + life.roles[role].lostCount
    // A request that nobody has uses no KV blocks yet; one replica has to be there to take it.
    sum += measure == .keyValueUse ? (ready == 0 && waiting > 0 ? 1 : 0) : Double(waiting)
    return (sum, ready)
  }

  // MARK: More

  private mutating func grow(
    _ service: Int, _ role: Int, by count: Int, after pause: Ticks, _ pending: inout PendingEvents
  ) {
    let state = services[service]
    var left = count
    for index in state.pointee.life!.roles[role].range
    where left > 0 && state.pointee.life!.replicas[index].phase == .off {
      left -= 1
      settleLife(of: service)
      state.pointee.life!.replicas[index].phase = .wanted
      state.pointee.life!.replicas[index].version &+= 1
      state.pointee.life!.replicas[index].isMoving = true
      let version = state.pointee.life!.replicas[index].version
      pending.push(
        EventCode(.replicaStart, service: service, index: index, version: version).payload, at: now + pause)
    }
  }

  /// A wanted replica may have its accelerators from now on.
  mutating func provision(_ service: Int, _ index: Int, _ pending: inout PendingEvents) {
    services[service].pointee.life!.replicas[index].isMoving = false
    startWaiting(pool(of: service, index), &pending)
  }

  /// The pool that a replica stands on.
  func pool(of service: Int, _ index: Int) -> Int {
    let state = services[service]
    return state.pointee.life!.roles[state.pointee.life!.role(of: index)].pool
  }

  /// Gives a wanted replica free accelerators of its pool; false where there are too few.
  mutating func settleIn(_ service: Int, _ index: Int, _ pool: Int, _ pending: inout PendingEvents) -> Bool {
    let size = acceleratorsOfReplica(service, index)
    let perNode = lifecycle.pools[pool]!.model.perNode
    let together = size <= perNode ? size : size % perNode == 0 ? perNode : 0
    let request = JobRequest(accelerators: size, perNode: together)
    guard let place = jobs.pools[pool].cluster.place(request, by: .packed) else { return false }
    shareNodes(pool)
    settleLife(of: service)
    services[service].pointee.life!.replicas[index].place = place
    meetNetwork(service, index, at: place)
    startReplica(service, index, &pending)
    return true
  }

  /// Accelerators that one replica takes.
  func acceleratorsOfReplica(_ service: Int, _ index: Int) -> Int {
    let state = services[service]
    return state.pointee.life!.roles[state.pointee.life!.role(of: index)].accelerators
  }

  /// A replica has other accelerators: its KV entries go over the ports beside those.
  mutating func meetNetwork(_ service: Int, _ index: Int, at place: Allocation) {
    guard services[service].pointee.disaggregation != nil else { return }
    let roles = roles(of: service)
    if index < roles.pointee.prefillCount {
      guard let nodes = roles.pointee.links.settings.senders.movesOver else { return }
      roles.pointee.links.place(sender: index, at: nodes.packing.site(of: place))
    } else {
      guard let nodes = roles.pointee.links.settings.receivers.movesOver else { return }
      let receiver = index - roles.pointee.prefillCount
      roles.pointee.links.place(receiver: receiver, at: nodes.packing.site(of: place))
    }
  }

  // MARK: Fewer

  private mutating func shrink(
    _ service: Int, _ role: Int, by count: Int, _ pending: inout PendingEvents
  ) {
    let state = services[service]
    var left = count
    // What serves nobody yet goes first, then the last.
    for phase in [ServiceLife.Phase.wanted, .down, .starting, .up] {
      for index in state.pointee.life!.roles[role].range.reversed()
      where left > 0 && state.pointee.life!.replicas[index].phase == phase {
        left -= 1
        dismiss(service, index, &pending)
      }
    }
  }

  private mutating func dismiss(_ service: Int, _ index: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    settleLife(of: service)
    if state.pointee.life!.replicas[index].phase == .starting { stopReading(service, index, &pending) }
    state.pointee.life!.replicas[index].version &+= 1
    if state.pointee.life!.replicas[index].phase != .up { return leave(service, index, &pending) }
    state.pointee.life!.replicas[index].phase = .draining
    state.pointee.life!.replicas[index].isServing = false
    recount(service)
    releaseIfDrained(service, index, &pending)
  }

  /// A replica that takes no more requests has answered its last.
  @inline(never)
  mutating func releaseIfDrained(_ service: Int, _ index: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    guard state.pointee.life!.replicas[index].phase == .draining,
      state.pointee.replicas[index].pointee.load == 0,
      // Prompts that it has computed are still to be fetched, or what it has done to be told.
      state.pointee.replicas[index].pointee.heldBlocks == 0,
      state.pointee.replicas[index].pointee.completions.isEmpty
    else { return }
    _ = renew(service, index)
    leave(service, index, &pending)
  }

  /// A replica gives its accelerators back; whoever waits for some may have them.
  private mutating func leave(_ service: Int, _ index: Int, _ pending: inout PendingEvents) {
    freePlace(of: service, index)
    startWaiting(pool(of: service, index), &pending)
  }

  /// A replica gives its accelerators back.
  mutating func freePlace(of service: Int, _ index: Int) {
    let state = services[service]
    settleLife(of: service)
    let pool = pool(of: service, index)
    if let place = state.pointee.life!.replicas[index].place {
      jobs.pools[pool].cluster.release(place)
      shareNodes(pool)
    }
    state.pointee.life!.replicas[index].place = nil
    state.pointee.life!.replicas[index].phase = .off
    state.pointee.life!.replicas[index].circuit.reset()
    // The router finds out about one that fell by itself.
    if state.pointee.life!.replicas[index].lost.isEmpty {
      state.pointee.life!.replicas[index].isServing = false
    }
    recount(service)
  }

  // MARK: Jobs that give way

  /// Asks jobs of a pool to give up as many accelerators as replicas lack.
  ///
  /// - Parameter lacking: accelerators that replicas want and cannot have.
  mutating func askJobs(_ pool: Int, for lacking: Int, _ pending: inout PendingEvents) {
    var coming = 0
    for job in jobs.pools[pool].running where jobs.states[job.id].yieldsAfter != nil {
      coming += jobs.models[job.id].accelerators
    }
    let victims = jobs.pools[pool].running.enumerated().filter {
      jobs.models[$0.element.id].job.isPreemptible && jobs.states[$0.element.id].yieldsAfter == nil
    }.sorted {
      let (one, other) = (jobs.models[$0.element.id].job.priority, jobs.models[$1.element.id].job.priority)
      return (one, $1.offset) < (other, $0.offset)
    }.map(\.element.id)
    var chosen: [Int] = []
    for job in victims where coming < lacking {
      coming += jobs.models[job].accelerators
      chosen.append(job)
    }
    // Whoever need not go stays, the most important first.
    for job in chosen.reversed() where coming - jobs.models[job].accelerators >= lacking {
      coming -= jobs.models[job].accelerators
      chosen.removeAll { $0 == job }
    }
    for job in chosen { giveWay(job, asFirst: true, &pending) }
  }
}

extension AutoscaleSettings {
  /// A tenth: `--horizontal-pod-autoscaler-tolerance`.
  static let tolerance = 0.1

  /// How many replicas one look wants.
  ///
  /// - Parameters:
  ///   - sum: of the metric over the `ready` replicas that are up.
  ///   - current: those that are up, start, or are asked for.
  func wanted(_ sum: Double, ready: Int, current: Int) -> Int {
    let bounded = { (count: Int) in min(maximum, max(minimum, count)) }
    func isNear(_ count: Int) -> Bool {
      count > 0 && abs(sum / (target * Double(count)) - 1) <= Self.tolerance
    }
    if isNear(ready) { return bounded(current) }
    let count = Int(min(1e9, (sum / target).rounded(.up)))
    let grows = sum > target * Double(ready)
    // Those that are not up yet will take their part.
    if grows && (isNear(current) || count < current) { return bounded(current) }
    return bounded(count)
  }
}

/// What the autoscaler of one service remembers: the most replicas wanted lately.
struct AutoscaleMemory {
  private var wanted: [(time: Ticks, count: Int)] = []

  /// Scales up at once, and down to the most that was wanted within the window.
  mutating func stabilized(_ count: Int, current: Int, _ settings: AutoscaleSettings, at now: Ticks) -> Int {
    wanted.removeAll { now - $0.time > settings.stabilization }
    wanted.append((now, count))
    if count >= current { return count }
    return min(current, wanted.reduce(count) { max($0, $1.count) })
  }
}
