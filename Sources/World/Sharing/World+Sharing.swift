import Infrastructure
import Kernel
import Quantities
import Scenario
import Workloads

/// Jobs and services on the same links and stores: when one begins or ends, the others get more or less.
extension World {
  // MARK: Services

  /// A service's replicas begin to read their weights.
  mutating func startService(_ service: Int, _ pending: inout PendingEvents) {
    guard let start = model.design.services[service].coldStart,
      let store = sharing.links.stores[start.storage]
    else { return }
    for loading in sharing.links.loadings[service] {
      for _ in 0..<loading.replicas { sharing.load(service: service, loading, from: store, at: now) }
      services[service].pointee.loading += loading.replicas
    }
    settleShares(&pending)
  }

  private mutating func takeWeights(
    _ service: Int, _ replica: Int32, _ version: Int, _ pending: inout PendingEvents
  ) {
    guard let start = model.design.services[service].coldStart else { return }
    let tier = model.design.storage[start.storage]
    let rest = start.engineStart + tier.latency + tier.retrievalDelay
    if replica >= 0 {
      return takeWeights(
        service, replica: Int(replica), version: version, rest: Ticks(seconds: rest.value), &pending)
    }
    let state = services[service]
    state.pointee.loading -= 1
    guard state.pointee.loading == 0 else { return }
    pending.push(
      EventCode(.serviceChange, service: service, index: 1).payload, at: now + Ticks(seconds: rest.value))
  }

  /// The replicas are up: whoever has waited for them is handed over in order.
  mutating func openService(_ service: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    state.pointee.isStarting = false
    state.pointee.startup = now - model.design.services[service].coldStart!.start
    if state.pointee.life != nil { raiseAll(service) }
    let waiting = state.pointee.waitingForStart
    state.pointee.waitingForStart = []
    for slot in waiting { deliver(service, slot, &pending) }
  }

  /// Sends KV entries over ports that others use.
  mutating func sendShared(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let roles = services[service].pointee.disaggregation!
    let request = requests[slot]
    let handOff = handOffs[Int(slot)]
    let settings = roles.pointee.links.settings
    let decode = Int(handOff.decodeReplica) - roles.pointee.prefillCount
    handOffs[Int(slot)].left = now
    sharing.transfer(
      service: service, slot: slot, from: settings.senders.sites[Int(request.replica)],
      to: settings.receivers.sites[decode], bytes: settings.bytes(ofTokens: request.promptTokens),
      settings: settings, computedFrom: max(handOff.scheduled, handOff.reserved), at: now)
    settleShares(&pending)
  }

  // MARK: Changes

  /// Something on a shared link has ended.
  mutating func changeShares(_ version: Int, _ pending: inout PendingEvents) {
    guard EventCode.isCurrent(version, of: sharing.version) else { return }
    while let (use, finish) = sharing.takeFinished(at: now) {
      switch use {
      case .transfer(let service, let slot, _):
        pending.push(EventCode(.transferEnd, service: service, index: Int(slot)).payload, at: finish)
      case .weights(let service, _, let replica, let version):
        takeWeights(service, replica, version, &pending)
      case .job: break
      }
    }
    settleShares(&pending)
  }

  /// Brings a job's flows in line with what it does.
  mutating func followJob(_ job: Int, _ pending: inout PendingEvents) {
    let own = sharing.links.jobs[job]
    let progress = jobs.states[job].progress
    var wanted: Set<SharedTraffic.Activity> = []
    switch progress.phase {
    case .working:
      wanted.formUnion([.traffic, .samples])
    case .checkpointing:
      if jobs.models[job].blocksOnStore { wanted.insert(.block) }
    case .restoring: wanted.insert(.restore)
    case .waiting, .restarting, .awaitingPersistence, .finished: break
    }
    if progress.isPersisting { wanted.insert(.persist) }
    // Nothing happens to jobs beyond the horizon: they use nothing either.
    if now >= jobs.horizon { wanted = [] }
    if own.traffic != nil && jobs.states[job].burst == nil { jobs.states[job].burst = burstPath(of: job) }
    let traffic = jobs.states[job].burst ?? []
    sharing.set(wanted, of: job, nodes: jobs.models[job].nodes, traffic: traffic, at: now)
    settleShares(&pending)
  }

  /// What a job's bursts put on shared ports and fabrics, in units of what one accelerator sends.
  private func burstPath(of job: Int) -> [LinkShare] {
    guard let allocation = jobs.states[job].allocation, let traffic = sharing.links.jobs[job].traffic else {
      return []
    }
    let pool = jobs.models[job].poolIndex
    let perNode = model.design.pools[pool].node.accelerators
    var path: [LinkShare] = []
    for port in sharing.links.ports where port.pool == pool {
      let own = allocation.grants.filter {
        Int($0.node) == port.node && port.accelerators.contains(Int($0.device) % perNode)
      }
      if !own.isEmpty { path.append(LinkShare(link: port.link, weight: Double(own.count))) }
    }
    guard let fabric = sharing.links.fabrics[pool] else { return path }
    return path + fabric.burst(of: allocation, isExchange: traffic.isExchange)
  }

  /// Gives everybody the rates that are theirs now.
  mutating func settleShares(_ pending: inout PendingEvents) {
    for job in jobs.states.indices where sharing.concerns(job) {
      // What changes on this very tick has its own event, and settles again.
      if jobs.states[job].progress.nextChange <= now && jobs.states[job].progress.now < now { continue }
      jobs.states[job].progress.advance(to: now)
      slow(job)
      planChange(of: job, &pending)
    }
    sharing.verify()
    if case .at(let next) = sharing.plan() {
      pending.push(EventCode(.sharesChange, version: sharing.version).payload, at: next)
    }
  }

  private mutating func slow(_ job: Int) {
    let alone = jobs.states[job].aloneStep
    let traffic = sharing.links.jobs[job].traffic
    let network = traffic?.stretch(share: sharing.pace(of: .traffic, job: job)) ?? 1
    let storage = 1 / sharing.pace(of: .samples, job: job)
    let stretch = max(network, storage)
    let step = stretch == 1 ? alone : alone.stretched(by: stretch)
    jobs.states[job].settleDelay()
    jobs.states[job].isSlowedByNetwork = network >= storage
    jobs.states[job].progress.setStepTime(step)
    jobs.states[job].progress.setPace(sharing.pace(of: .block, job: job), of: .blocking)
    jobs.states[job].progress.setPace(sharing.pace(of: .persist, job: job), of: .persisting)
    jobs.states[job].progress.setPace(sharing.pace(of: .restore, job: job), of: .restoring)
  }
}

extension Ticks {
  /// `.never` past the range of time.
  fileprivate func stretched(by ratio: Double) -> Ticks {
    let count = (Double(self.count) * ratio).rounded()
    return count < 9e18 ? Ticks(Int64(count)) : .never
  }
}
