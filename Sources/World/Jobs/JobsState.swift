import Infrastructure
import Kernel
import Quantities
import Scenario
import Workloads

/// The jobs of one World, and the pools that they share.
struct JobsState: ~Copyable {
  let models: [JobModel]
  var states: [JobState]
  /// What schedulers see of the jobs.
  let requests: [Job]
  var pools: [JobPool]
  let settings: [MarketSettings?]
  /// Of each pool's zones; empty where the price stays.
  let spotPrices: [[PriceSeries]]
  /// When each job asks for accelerators: once its data is there.
  let arrivals: [Ticks]
  /// Jobs that are not done by then stay unfinished.
  let horizon: Ticks

  init(model: DesignModel, replication: Int) {
    let scenario = model.scenario
    let design = model.design
    models = model.jobs
    let arrivals = design.arrivalsOfJobs()
    self.arrivals = arrivals
    horizon = min(Ticks(seconds: scenario.economics.horizon.value), World.endOfTime)
    states = models.map {
      JobState($0, seed: scenario.seed, replication: replication, design: design.name)
    }
    settings = design.pools.map(\.market)
    let prices = design.pools.map { pool in Self.prices(of: pool, scenario, replication) }
    spotPrices = prices
    pools = design.pools.enumerated().map { index, pool in
      let hosts = model.jobs.contains { $0.poolIndex == index }
      let watched = model.lifecycle.pools[index]
      var cluster = ClusterState(
        nodes: hosts || watched != nil ? pool.nodeCount : 0, acceleratorsPerNode: pool.node.accelerators,
        nodesPerPod: pool.nodesPerGroup(catalog: scenario.catalog))
      // Services hold theirs for good, unless replicas can fall or come and go.
      let held = design.acceleratorsHeldByServices(onPool: index)
      if let watched {
        for place in watched.fixed { cluster.retake(place) }
        for service in watched.services {
          for (role, deployment) in design.services[service].deployments.enumerated()
          where deployment.poolIndex == index {
            for place in model.lifecycle.places[service][role] { cluster.retake(place) }
          }
        }
      } else if hosts && held > 0 {
        _ = cluster.place(JobRequest(accelerators: held), by: .packed)
      }
      let market =
        hosts
        ? pool.market.map { Self.market($0, pool: pool, prices: prices[index], scenario, replication) } : nil
      return JobPool(
        cluster: cluster, scheduler: design.scheduler.scheduler(users: design.scheduler.users),
        market: market,
        crews: pool.failures?.crews ?? .max)
    }
    requests = models.enumerated().map { index, model in
      let expected = Ticks(seconds: model.timeLeft(after: 0).seconds + model.job.restart.value)
      return Job(
        arrival: arrivals[index], request: JobRequest(accelerators: model.accelerators), duration: expected,
        user: model.job.user, priority: model.job.priority,
        deadline: model.workload.deadline.map { model.job.start.later(by: Ticks(seconds: $0.value)) }
          ?? .never)
    }
    for index in states.indices { states[index].outcome.deadline = requests[index].deadline }
  }

  private static func market(
    _ settings: MarketSettings, pool: Pool, prices: [PriceSeries], _ scenario: Scenario, _ replication: Int
  ) -> any SpotMarket {
    switch settings.source {
    case .traces(let traces):
      // Replications start at different times of the traces: that is all the chance there is in them.
      let offset = Ticks(seconds: settings.stride.value * Double(replication))
      return TracedMarket(traces, prices: prices, offset: offset)
    case .laws(let laws, let region):
      return StochasticMarket(
        zones: laws, region: region, prices: prices, seed: scenario.seed, replication: replication,
        entity: "pools/\(pool.name)")
    }
  }
}

extension JobsState {
  /// At most so many prices a zone: three years of hours, and more.
  private static let mostPrices = 100_000

  private static func prices(of pool: Pool, _ scenario: Scenario, _ replication: Int) -> [PriceSeries] {
    guard let market = pool.market, let law = market.price else { return [] }
    let zones =
      switch market.source {
      case .traces(let traces): traces.count
      case .laws(let laws, _): laws.count
      }
    let family = RandomStream(
      seed: scenario.seed, replication: replication, entity: "pools/\(pool.name)", purpose: "spot-price")
    let steps = min(Double(mostPrices), (scenario.economics.horizon / law.step).rounded(.up))
    return (0..<zones).map { zone in
      var stream = family.branch(UInt64(zone))
      return PriceSeries.meanReverting(
        mean: law.mean, deviation: law.deviation, memory: law.memory, step: Ticks(seconds: law.step.value),
        count: max(1, Int(steps)), stream: &stream)
    }
  }
}

extension World {
  mutating func startJobs(_ pending: inout PendingEvents) {
    for index in jobs.models.indices {
      pending.push(EventCode(.jobArrival, index: index).payload, at: jobs.arrivals[index])
    }
    for index in jobs.pools.indices { scheduleMarket(index, &pending) }
    if sharing.links.jobs.contains(where: \.isAny) {
      pending.push(EventCode(.jobsEnd).payload, at: jobs.horizon)
    }
  }

  mutating func handleJob(_ code: EventCode, _ pending: inout PendingEvents) {
    if now > jobs.horizon { return }
    switch code.kind {
    case .jobsEnd: endJobs(&pending)
    case .jobArrival:
      jobs.states[code.index].progress.advance(to: now)
      enqueue(code.index)
      startWaiting(jobs.models[code.index].poolIndex, &pending)
    case .jobChange:
      if EventCode.isCurrent(code.version, of: jobs.states[code.index].changeVersion) {
        changeJob(code.index, &pending)
      }
    case .jobFailure:
      if EventCode.isCurrent(code.version, of: jobs.states[code.index].startVersion) {
        failJob(code.index, &pending)
      }
    case .jobNotice:
      if EventCode.isCurrent(code.version, of: jobs.states[code.index].startVersion) {
        warnJob(code.index, &pending)
      }
    case .jobDecision:
      if EventCode.isCurrent(code.version, of: jobs.states[code.index].startVersion),
        jobs.states[code.index].decisionAt == now
      {
        jobs.states[code.index].decisionAt = .never
        decideSpot(code.index, &pending)
        startWaiting(jobs.models[code.index].poolIndex, &pending)
      }
    case .nodeRepaired: repair(code.service, node: code.index, &pending)
    default: moveMarket(code.service, code.version, &pending)
    }
  }

  /// The horizon: whoever still works leaves links and stores to services.
  private mutating func endJobs(_ pending: inout PendingEvents) {
    for index in jobs.models.indices where sharing.concerns(index) {
      jobs.states[index].progress.advance(to: now)
      followJob(index, &pending)
    }
  }

  // MARK: Starting and stopping

  /// Asks the scheduler which jobs of a pool go on, and which make way.
  mutating func startWaiting(_ pool: Int, _ pending: inout PendingEvents) {
    if lifecycle.pools[pool] != nil {
      placeReplicas(pool, &pending)
      if now > jobs.horizon { return }
    }
    if jobs.pools[pool].market != nil { return offerMarket(pool, &pending) }
    if jobs.pools[pool].waiting.isEmpty { return }
    let view = SchedulerView(
      now: now, jobs: jobs.requests, waiting: jobs.pools[pool].waiting, running: jobs.pools[pool].running,
      cluster: jobs.pools[pool].cluster)
    let scheduler = jobs.pools[pool].scheduler
    for action in scheduler.decide(view) {
      switch action {
      case .preempt(let job):
        // One that saves its state first is asked once, and whoever needs its place waits.
        if jobs.states[job].yieldsAfter == nil { giveWay(job, asFirst: false, &pending) }
      case .start(let job):
        guard
          let allocation = jobs.pools[pool].cluster.place(jobs.requests[job].request, by: scheduler.placement)
        else { return }
        jobs.states[job].allocation = allocation
        jobs.pools[pool].waiting.removeAll { $0 == job }
        let left = jobs.models[job].timeLeft(after: jobs.states[job].progress.step)
        jobs.pools[pool].running.append(
          RunningJob(id: job, start: now, expectedEnd: now.later(by: left), allocation: allocation))
        shareNodes(pool)
        begin(job, after: jobs.states[job].hasRun ? .lostNode : .firstStart, &pending)
      }
    }
  }

  /// A job waits in the order of arrival: one that was stopped keeps its place.
  mutating func enqueue(_ job: Int) {
    let pool = jobs.models[job].poolIndex
    if jobs.pools[pool].waiting.contains(job) { return }
    let rank = (jobs.arrivals[job], job)
    let place = jobs.pools[pool].waiting.firstIndex { (jobs.arrivals[$0], $0) > rank }
    jobs.pools[pool].waiting.insert(job, at: place ?? jobs.pools[pool].waiting.count)
  }

  /// A job that is interrupted so often gets nowhere, and is left alone for the rest of the run.
  private static let mostInterruptions: Int64 = 200_000

  /// What a job has to do before it works.
  enum Beginning {
    /// There is no checkpoint to read.
    case firstStart
    case lostNode
    /// The nodes' own copies are still there.
    case lostProgram
  }

  /// The job has its nodes: it loads and works from now on.
  mutating func begin(_ job: Int, after what: Beginning, _ pending: inout PendingEvents) {
    jobs.states[job].progress.advance(to: now)
    if jobs.states[job].progress.interruptions > Self.mostInterruptions {
      giveBack(job)
      jobs.states[job].isAbandoned = true
      return rescheduleJob(job, &pending)
    }
    if jobs.states[job].yieldsAfter != nil && !jobs.states[job].isMoving {
      // What it was to save is lost: it gives way at once.
      preempt(job, &pending)
      return startWaiting(jobs.models[job].poolIndex, &pending)
    }
    takePlacement(job)
    if jobs.states[job].outcome.firstStart == nil { jobs.states[job].outcome.firstStart = now }
    jobs.states[job].hasRun = true
    if jobs.states[job].heldSince == nil { jobs.states[job].heldSince = now }
    voidPlans(of: job)
    let fixed = Ticks(seconds: jobs.models[job].job.restart.value)
    jobs.states[job].countRestore(after: what, jobs.models[job].job.checkpoints)
    switch what {
    case .firstStart: jobs.states[job].progress.restart(taking: fixed)
    case .lostProgram: jobs.states[job].progress.restart(taking: jobs.models[job].localRestart)
    case .lostNode:
      jobs.states[job].progress.restart(taking: fixed, restoring: jobs.models[job].restoring)
    }
    scheduleFailure(job, &pending)
    if jobs.pools[jobs.models[job].poolIndex].market != nil {
      scheduleNotices(jobs.models[job].poolIndex, &pending)
    }
    rescheduleJob(job, &pending)
  }

  /// Failures, notices and decisions of an earlier start are void.
  private mutating func voidPlans(of job: Int) {
    jobs.states[job].startVersion &+= 1
    jobs.states[job].noticeFor = .never
    jobs.states[job].decisionAt = .never
  }

  mutating func scheduleFailure(_ job: Int, _ pending: inout PendingEvents) {
    // Where services stand too, the pool's own parts fail under all of them.
    if lifecycle.pools[jobs.models[job].poolIndex] != nil && jobs.states[job].allocation != nil { return }
    guard let failure = jobs.states[job].nextFailure(after: now), failure.time < jobs.horizon else {
      jobs.states[job].failure = nil
      return
    }
    jobs.states[job].failure = failure
    let code = EventCode(.jobFailure, index: job, version: jobs.states[job].startVersion)
    pending.push(code.payload, at: failure.time)
  }

  /// The job does something else from now on.
  mutating func rescheduleJob(_ job: Int, _ pending: inout PendingEvents) {
    if sharing.concerns(job) { followJob(job, &pending) }
    planChange(of: job, &pending)
  }

  /// Replaces the job's pending change when its next one has moved.
  mutating func planChange(of job: Int, _ pending: inout PendingEvents) {
    let next = jobs.states[job].progress.nextChange
    if next == jobs.states[job].pendingChange { return }
    jobs.states[job].changeVersion &+= 1
    jobs.states[job].pendingChange = next
    if next == .never || next > jobs.horizon { return }
    let code = EventCode(.jobChange, index: job, version: jobs.states[job].changeVersion)
    pending.push(code.payload, at: next)
  }

  private mutating func changeJob(_ job: Int, _ pending: inout PendingEvents) {
    jobs.states[job].pendingChange = .never
    jobs.states[job].progress.advance(to: now)
    rescheduleJob(job, &pending)
    guard jobs.states[job].progress.phase == .finished, jobs.states[job].outcome.finish == nil else {
      return leaveIfSaved(job, &pending)
    }
    jobs.states[job].outcome.finish = now
    giveBack(job)
    startWaiting(jobs.models[job].poolIndex, &pending)
  }

  /// Accounts for the nodes held and frees them.
  mutating func giveBack(_ job: Int) {
    settle(job)
    jobs.states[job].heldSince = nil
    jobs.states[job].yieldsAfter = nil
    jobs.states[job].isMoving = false
    voidPlans(of: job)
    jobs.states[job].placement = .waiting
    if let allocation = jobs.states[job].allocation {
      jobs.pools[jobs.models[job].poolIndex].cluster.release(allocation)
      jobs.pools[jobs.models[job].poolIndex].running.removeAll { $0.id == job }
      jobs.states[job].allocation = nil
    }
    jobs.pools[jobs.models[job].poolIndex].onMarket.removeAll { $0 == job }
    shareNodes(jobs.models[job].poolIndex)
  }

  /// Adds the node time since the last settlement to the job's account.
  mutating func settle(_ job: Int) {
    guard let since = jobs.states[job].heldSince else { return }
    let nodes = jobs.states[job].nodesHeld
    let seconds = (now - since).seconds * nodes
    switch jobs.states[job].placement {
    case .spot(let zone):
      jobs.states[job].outcome.spotNodeSeconds += seconds
      let prices = jobs.spotPrices[jobs.models[job].poolIndex]
      if prices.indices.contains(zone) {
        jobs.states[job].outcome.spotCost =
          (jobs.states[job].outcome.spotCost ?? 0)
          + prices[zone].cost(nodes: 1, from: since, to: now) * nodes
      }
    case .onDemand: jobs.states[job].outcome.fallbackNodeSeconds += seconds
    case .waiting: jobs.states[job].outcome.heldNodeSeconds += seconds
    }
    jobs.states[job].heldSince = now
  }

  /// Who holds accelerators of a pool has changed: from now on each of its jobs pays for its part of the
  /// nodes that it lies on, by accelerators in use there.
  ///
  /// - Complexity: O(accelerators that the pool's jobs hold).
  mutating func shareNodes(_ pool: Int) {
    if jobs.pools[pool].market != nil { return shareMarketNodes(pool) }
    for running in jobs.pools[pool].running {
      settle(running.id)
      var (nodes, node, own) = (0.0, -1, 0)
      let cluster = jobs.pools[pool].cluster
      func add() {
        if node >= 0 { nodes += Double(own) / Double(max(own, cluster.usedMilli(on: node))) }
      }
      // Grants of a node stand together.
      for grant in running.allocation.grants {
        if Int(grant.node) != node {
          add()
          (node, own) = (Int(grant.node), 0)
        }
        own += Int(grant.milli)
      }
      add()
      jobs.states[running.id].nodesHeld = nodes
    }
  }

  // MARK: The end

  /// What each job did until the run ended.
  ///
  /// - Parameter isCutShort: the run was stopped; else nothing happens to unfinished jobs before the horizon.
  mutating func jobOutcomes(isCutShort: Bool) -> [TrainingOutcome] {
    jobs.states.indices.map { index in
      var outcome = jobs.states[index].outcome
      if outcome.finish == nil {
        if !isCutShort { now = max(now, jobs.horizon) }
        settle(index)
        jobs.states[index].progress.advance(to: now)
        outcome = jobs.states[index].outcome
      }
      jobs.states[index].settleDelay()
      jobs.states[index].settleWait()
      let progress = jobs.states[index].progress
      let account = jobs.states[index].delays.totals
      outcome.networkDelay = account.network
      outcome.storageDelay = account.storage
      outcome.checkpointDelay = progress.heldUp.seconds
      outcome.work = zip(jobs.states[index].placements, account.steps).map { ($0, $1) }
      outcome.timeInSteps = progress.time.useful - progress.stepInProgress
      outcome.stagedIn = jobs.arrivals[index] - jobs.models[index].job.start
      outcome.steps = progress.step
      outcome.time = progress.time
      outcome.interruptions = progress.interruptions
      outcome.checkpoints = progress.checkpointsTaken
      outcome.stores = jobs.models[index].storeVolumes(
        progress, restores: jobs.states[index].restores, design: model.design)
      outcome.waitForCapacity = jobs.states[index].capacityWait
      precondition(
        outcome.time.total == progress.now - jobs.models[index].job.start,
        "a job's time is accounted for to the tick")
      return outcome
    }
  }
}
