import Infrastructure
import Kernel
import Scenario
import Workloads

/// Jobs on spot nodes: the market moves, and a policy says where each job goes.
///
/// The pool's scheduler says who is asked first. Every job takes what it can get: one that finds nothing
/// holds up nobody. Jobs smaller than a node share nodes (`NodePacking`), laid out anew when one comes or
/// goes; all jobs together hold no more nodes than the pool has.
extension World {
  mutating func scheduleMarket(_ pool: Int, _ pending: inout PendingEvents) {
    guard let next = jobs.pools[pool].market?.nextChange, next <= jobs.horizon else { return }
    jobs.pools[pool].marketVersion &+= 1
    let code = EventCode(.marketChange, service: pool, version: jobs.pools[pool].marketVersion)
    pending.push(code.payload, at: next)
  }

  mutating func moveMarket(_ pool: Int, _ version: Int, _ pending: inout PendingEvents) {
    guard EventCode.isCurrent(version, of: jobs.pools[pool].marketVersion) else { return }
    jobs.pools[pool].market?.advance(to: now)
    let zones = jobs.pools[pool].market?.zoneCount ?? 0
    for zone in 0..<zones {
      let left = jobs.pools[pool].market?.capacity(in: zone) ?? 0
      for job in losers(pool, zone, capacity: left) {
        jobs.states[job].progress.advance(to: now)
        jobs.states[job].interrupt(losing: .node)
        giveBack(job)
        enqueue(job)
        rescheduleJob(job, &pending)
      }
    }
    for job in byImportance(jobs.pools[pool].onMarket) { decideSpot(job, &pending) }
    offerMarket(pool, &pending)
    // A market without anybody left on it need not go on.
    if jobs.models.indices.contains(where: {
      jobs.models[$0].poolIndex == pool && !jobs.states[$0].isOver
    }) {
      scheduleMarket(pool, &pending)
    }
  }

  /// Asks those who wait, in the scheduler's order, what they do; and tells who will lose its nodes.
  mutating func offerMarket(_ pool: Int, _ pending: inout PendingEvents) {
    var asked: Set<Int> = []
    while let job = nextToAsk(jobs.pools[pool].waiting.filter { !asked.contains($0) }, pool) {
      asked.insert(job)
      decideSpot(job, &pending)
    }
    scheduleNotices(pool, &pending)
  }

  private func nextToAsk(_ waiting: [Int], _ pool: Int) -> Int? {
    let requests = jobs.requests
    switch model.design.scheduler.policy {
    case .fifo, .backfill: return waiting.first
    case .priority:
      return waiting.enumerated().min {
        (-requests[$0.element].priority, $0.offset) < (-requests[$1.element].priority, $1.offset)
      }?.element
    case .deadline:
      return waiting.enumerated().min {
        (requests[$0.element].deadline, $0.offset) < (requests[$1.element].deadline, $1.offset)
      }?.element
    case .fairShare:
      return model.design.scheduler.fairShare(users: model.design.scheduler.users)
        .next(of: waiting, holding: jobs.pools[pool].onMarket, among: requests)
    }
  }

  /// The most important first: whoever is to keep its place longest.
  private func byImportance(_ held: [Int]) -> [Int] {
    let requests = jobs.requests
    switch model.design.scheduler.policy {
    case .fifo, .backfill, .fairShare: return held
    case .priority:
      return held.enumerated().sorted {
        (-requests[$0.element].priority, $0.offset) < (-requests[$1.element].priority, $1.offset)
      }.map(\.element)
    case .deadline:
      return held.enumerated().sorted {
        (requests[$0.element].deadline, $0.offset) < (requests[$1.element].deadline, $1.offset)
      }.map(\.element)
    }
  }

  // MARK: Room

  private func holders(_ pool: Int, _ placement: Placement, except job: Int = -1) -> [Int] {
    jobs.pools[pool].onMarket.filter { $0 != job && jobs.states[$0].placement == placement }
  }

  private func packing(_ held: [Int], _ pool: Int) -> NodePacking {
    NodePacking(
      accelerators: held.map { jobs.models[$0].accelerators },
      perNode: model.design.pools[pool].node.accelerators)
  }

  /// Nodes that the jobs of `held` take in all places together.
  private func nodesTaken(_ held: [Int], _ pool: Int) -> Int {
    var nodes = 0
    var seen: [Placement] = []
    for job in held where !seen.contains(jobs.states[job].placement) {
      let place = jobs.states[job].placement
      seen.append(place)
      nodes += packing(held.filter { jobs.states[$0].placement == place }, pool).nodes
    }
    return nodes
  }

  /// Whether a job has room in a place beside some others.
  private func fits(_ job: Int, _ placement: Placement, beside others: [Int]) -> Bool {
    let pool = jobs.models[job].poolIndex
    let there = others.filter { jobs.states[$0].placement == placement }
    let together = packing(there + [job], pool).nodes
    if case .spot(let zone) = placement, together > jobs.pools[pool].market?.capacity(in: zone) ?? 0 {
      return false
    }
    let elsewhere = others.filter { jobs.states[$0].placement != placement }
    return nodesTaken(elsewhere, pool) + together <= model.design.pools[pool].nodeCount
  }

  /// Who has to go when a zone has no more than so many nodes: the least important, and none that could stay.
  private func losers(_ pool: Int, _ zone: Int, capacity: Int) -> [Int] {
    let held = byImportance(holders(pool, .spot(zone: zone)))
    var stay = held
    while packing(inOrder(stay, pool), pool).nodes > capacity { stay.removeLast() }
    for job in held where !stay.contains(job) {
      if packing(inOrder(stay + [job], pool), pool).nodes <= capacity { stay.append(job) }
    }
    return held.filter { !stay.contains($0) }
  }

  private func inOrder(_ held: [Int], _ pool: Int) -> [Int] {
    jobs.pools[pool].onMarket.filter(held.contains)
  }

  /// Jobs on the market pay for their part of the nodes that they are packed on.
  mutating func shareMarketNodes(_ pool: Int) {
    var seen: [Placement] = []
    for job in jobs.pools[pool].onMarket where !seen.contains(jobs.states[job].placement) {
      let place = jobs.states[job].placement
      seen.append(place)
      let held = holders(pool, place)
      for (one, nodes) in zip(held, packing(held, pool).held) {
        settle(one)
        jobs.states[one].nodesHeld = nodes
      }
    }
  }

  // MARK: Decisions

  /// What a job's policy sees when some others are there.
  private func spotView(_ job: Int, beside others: [Int]) -> SpotView? {
    let model = jobs.models[job]
    guard let market = jobs.pools[model.poolIndex].market, let settings = jobs.settings[model.poolIndex]
    else { return nil }
    let capacity = (0..<market.zoneCount).map { zone -> Int in
      let free =
        market.capacity(in: zone)
        - packing(others.filter { jobs.states[$0].placement == .spot(zone: zone) }, model.poolIndex).nodes
      return fits(job, .spot(zone: zone), beside: others)
        ? max(free, model.nodes) : min(free, model.nodes - 1)
    }
    // What is not safe may have to be done again; to move at its own will it saves first.
    let left = model.timeLeft(after: jobs.states[job].progress.safeStep)
    let saving =
      canSave(job) && model.plan.everySteps > 0
      ? (model.plan.blocking + model.plan.persisting).later(by: jobs.states[job].progress.stepTime) : .zero
    return SpotView(
      now: now, deadline: jobs.requests[job].deadline, remaining: left,
      changeover: model.restart.later(by: saving), placement: jobs.states[job].placement, nodes: model.nodes,
      capacity: capacity, prices: (0..<market.zoneCount).map { market.price(in: $0) },
      onDemandPrice: settings.onDemandPrice)
  }

  private func spotPolicy(_ fallback: MarketSettings.Fallback) -> any SpotPolicy {
    switch fallback {
    case .wait: WaitForZone(zone: 0)
    case .switchZone: SwitchZones()
    case .onDemand: FallBackToOnDemand()
    case .deadlineAware: DeadlineAware()
    }
  }

  /// Asks the policy where the job should be, and moves it.
  mutating func decideSpot(_ job: Int, hasSaved: Bool = false, _ pending: inout PendingEvents) {
    let pool = jobs.models[job].poolIndex
    guard !jobs.states[job].isOver, !isShut(pool), let settings = jobs.settings[pool] else { return }
    jobs.states[job].progress.advance(to: now)
    let others = jobs.pools[pool].onMarket.filter { $0 != job }
    guard let view = spotView(job, beside: others) else { return }
    let policy = spotPolicy(settings.fallback)
    var decision = policy.decide(view)
    // Spot zones are seen by what fits; on demand there is room up to the size of the pool.
    if decision.placement == .onDemand, view.placement != .onDemand, !fits(job, .onDemand, beside: others) {
      decision.placement = view.holdsSpot ? view.placement : .waiting
    }
    if view.placement == .waiting && !decision.isSpot && makeRoom(job, policy, &pending) {
      if jobs.states[job].placement == .waiting { waitOnMarket(job, policy) }
      return
    }
    if decision.placement == view.placement && view.placement != .waiting {
      // It stays: a move that was on its way is off.
      if jobs.states[job].isMoving {
        (jobs.states[job].isMoving, jobs.states[job].yieldsAfter) = (false, nil)
      }
      return scheduleDecision(job, decision.validUntil, &pending)
    }
    if view.placement != .waiting {
      if jobs.states[job].yieldsAfter != nil && !hasSaved { return }
      guard leaves(job, to: decision.placement, hasSaved: hasSaved, &pending) else {
        return scheduleDecision(job, decision.validUntil, &pending)
      }
    }
    if decision.placement == .waiting {
      enqueue(job)
      waitOnMarket(job, policy)
    } else {
      jobs.pools[pool].waiting.removeAll { $0 == job }
      jobs.states[job].placement = decision.placement
      jobs.pools[pool].onMarket.append(job)
      shareNodes(pool)
      begin(job, after: jobs.states[job].hasRun ? .lostNode : .firstStart, &pending)
    }
    scheduleDecision(job, decision.validUntil, &pending)
  }

  /// Gives up the nodes that a job holds, for others; false where it saves its state first, or stays for the
  /// sake of work that it could not save.
  private mutating func leaves(
    _ job: Int, to place: Placement, hasSaved: Bool, _ pending: inout PendingEvents
  ) -> Bool {
    let progress = jobs.states[job].progress
    let losesWork = progress.time.useful > progress.safeWork && !hasSaved
    if losesWork && canSave(job) && jobs.models[job].plan.everySteps > 0 {
      jobs.states[job].isMoving = true
      save(job, &pending)
      return false
    }
    // Cheaper nodes are not worth the work.
    if losesWork && place != .onDemand { return false }
    jobs.states[job].interrupt(losing: .node)
    giveBack(job)
    rescheduleJob(job, &pending)
    return true
  }

  /// What it had to save before it moves is safe: it moves if that is still what it wants.
  mutating func moveSaved(_ job: Int, _ pending: inout PendingEvents) {
    (jobs.states[job].isMoving, jobs.states[job].yieldsAfter) = (false, nil)
    decideSpot(job, hasSaved: true, &pending)
    startWaiting(jobs.models[job].poolIndex, &pending)
  }

  /// It waits for its turn if it would run were nobody else there, else for capacity.
  private mutating func waitOnMarket(_ job: Int, _ policy: any SpotPolicy) {
    let alone = spotView(job, beside: []).map { policy.decide($0).placement } ?? .waiting
    jobs.states[job].wait(forCapacity: alone == .waiting)
  }

  /// Under priorities, takes the place of lower ones: where the policy would run the job were they not there.
  /// True where that is on its way or done.
  private mutating func makeRoom(
    _ job: Int, _ policy: any SpotPolicy, _ pending: inout PendingEvents
  ) -> Bool {
    guard model.design.scheduler.policy == .priority else { return false }
    let pool = jobs.models[job].poolIndex
    let held = jobs.pools[pool].onMarket
    let higher = held.filter { jobs.requests[$0].priority >= jobs.requests[job].priority }
    guard higher.count < held.count, let view = spotView(job, beside: higher),
      case .spot(let zone) = policy.decide(view).placement, fits(job, .spot(zone: zone), beside: higher)
    else { return false }
    var others = held
    var victims: [Int] = []
    for one in byImportance(held).reversed() where !higher.contains(one) {
      if fits(job, .spot(zone: zone), beside: others) { break }
      others.removeAll { $0 == one }
      victims.append(one)
    }
    for one in victims.reversed() {
      let more = held.filter { others.contains($0) || $0 == one }
      guard fits(job, .spot(zone: zone), beside: more) else { continue }
      others = more
      victims.removeAll { $0 == one }
    }
    if victims.isEmpty { return false }
    for victim in victims where jobs.states[victim].yieldsAfter == nil {
      giveWay(victim, asFirst: false, &pending)
    }
    if victims.allSatisfy({ jobs.states[$0].placement == .waiting }) { decideSpot(job, &pending) }
    return true
  }

  private mutating func scheduleDecision(_ job: Int, _ time: Ticks, _ pending: inout PendingEvents) {
    guard time != jobs.states[job].decisionAt else { return }
    jobs.states[job].decisionAt = time
    guard time != .never, time > now, time <= jobs.horizon else { return }
    pending.push(
      EventCode(.jobDecision, index: job, version: jobs.states[job].startVersion).payload, at: time)
  }

  // MARK: Notices

  /// Tells whoever loses its nodes with the next change of its zone.
  mutating func scheduleNotices(_ pool: Int, _ pending: inout PendingEvents) {
    for job in jobs.pools[pool].onMarket {
      guard let loss = announcedLoss(of: job), loss != jobs.states[job].noticeFor,
        let settings = jobs.settings[pool]
      else { continue }
      jobs.states[job].noticeFor = loss
      let time = max(now, loss - Ticks(seconds: settings.notice.value))
      if time > jobs.horizon { continue }
      pending.push(
        EventCode(.jobNotice, index: job, version: jobs.states[job].startVersion).payload, at: time)
    }
  }

  /// When a job loses its nodes with the next change of its zone; `nil` where it keeps them, or does nothing
  /// with the news.
  private func announcedLoss(of job: Int) -> Ticks? {
    let pool = jobs.models[job].poolIndex
    guard case .spot(let zone) = jobs.states[job].placement, jobs.models[job].job.checkpoints.onNotice,
      let next = jobs.pools[pool].market?.nextChange(in: zone), next.time != .never
    else { return nil }
    return losers(pool, zone, capacity: next.capacity).contains(job) ? next.time : nil
  }

  mutating func warnJob(_ job: Int, _ pending: inout PendingEvents) {
    // Others may have left since.
    guard announcedLoss(of: job) != nil else { return }
    jobs.states[job].progress.advance(to: now)
    jobs.states[job].progress.requestCheckpoint()
    rescheduleJob(job, &pending)
  }
}

extension SpotDecision {
  fileprivate var isSpot: Bool { if case .spot = placement { true } else { false } }
}
