import Infrastructure
import Kernel
import Scenario
import Workloads

/// Jobs on spot nodes: the market moves, and a policy says where each job goes.
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
    let own = jobs.models.indices.filter {
      jobs.models[$0].poolIndex == pool && !jobs.states[$0].isOver && jobs.arrivals[$0] <= now
    }
    for job in own { decideSpot(job, &pending) }
    for job in own { scheduleNotice(job, &pending) }
    // A market without anybody left on it need not go on.
    if jobs.models.indices.contains(where: {
      jobs.models[$0].poolIndex == pool && !jobs.states[$0].isOver
    }) {
      scheduleMarket(pool, &pending)
    }
  }

  private func spotView(_ job: Int) -> SpotView? {
    let model = jobs.models[job]
    guard let market = jobs.pools[model.poolIndex].market, let settings = jobs.settings[model.poolIndex]
    else {
      return nil
    }
    var capacity = (0..<market.zoneCount).map { market.capacity(in: $0) }
    for other in jobs.models.indices where other != job && jobs.models[other].poolIndex == model.poolIndex {
      if case .spot(let zone) = jobs.states[other].placement { capacity[zone] -= jobs.models[other].nodes }
    }
    let left = model.timeLeft(after: jobs.states[job].progress.step)
    let deadline = model.workload.deadline.map { Ticks(seconds: $0.value) } ?? .never
    return SpotView(
      now: now, deadline: deadline, remaining: left, changeover: model.restart,
      placement: jobs.states[job].placement, nodes: model.nodes, capacity: capacity,
      prices: (0..<market.zoneCount).map { market.price(in: $0) }, onDemandPrice: settings.onDemandPrice)
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
  mutating func decideSpot(_ job: Int, _ pending: inout PendingEvents) {
    guard !jobs.states[job].isOver, !isShut(jobs.models[job].poolIndex), let view = spotView(job),
      let settings = jobs.settings[jobs.models[job].poolIndex]
    else { return }
    let decision = spotPolicy(settings.fallback).decide(view)
    if decision.placement == view.placement && (view.holdsSpot || view.placement == .onDemand) {
      scheduleDecision(job, decision.validUntil, &pending)
      return
    }
    jobs.states[job].progress.advance(to: now)
    if view.placement != .waiting {
      jobs.states[job].progress.interrupt(losing: .node)
      giveBack(job)
      rescheduleJob(job, &pending)
    }
    let pool = jobs.models[job].poolIndex
    if decision.placement == .waiting {
      if !jobs.pools[pool].waiting.contains(job) { jobs.pools[pool].waiting.append(job) }
    } else {
      jobs.pools[pool].waiting.removeAll { $0 == job }
      jobs.states[job].placement = decision.placement
      begin(job, after: jobs.states[job].hasRun ? .lostNode : .firstStart, &pending)
    }
    scheduleDecision(job, decision.validUntil, &pending)
  }

  private func scheduleDecision(_ job: Int, _ time: Ticks, _ pending: inout PendingEvents) {
    guard time != .never, time > now, time <= jobs.horizon else { return }
    pending.push(
      EventCode(.jobDecision, index: job, version: jobs.states[job].startVersion).payload, at: time)
  }

  mutating func scheduleNotice(_ job: Int, _ pending: inout PendingEvents) {
    let model = jobs.models[job]
    guard case .spot(let zone) = jobs.states[job].placement, model.job.checkpoints.onNotice,
      let market = jobs.pools[model.poolIndex].market, let settings = jobs.settings[model.poolIndex]
    else { return }
    let time = market.noticeTime(
      in: zone, nodes: model.nodes, notice: Ticks(seconds: settings.notice.value), now: now)
    if time == .never || time > jobs.horizon { return }
    pending.push(
      EventCode(.jobNotice, index: job, version: jobs.states[job].startVersion).payload, at: time)
  }

  mutating func warnJob(_ job: Int, _ pending: inout PendingEvents) {
    jobs.states[job].progress.advance(to: now)
    jobs.states[job].progress.requestCheckpoint()
    rescheduleJob(job, &pending)
  }
}
