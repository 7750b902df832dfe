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
    services[service].pointee.isReadingWeights = true
    for (role, loading) in sharing.links.loadings[service].enumerated() {
      for replica in firstReplicas(service, role, loading.replicas) {
        sharing.load(
          service: service, loading, from: store, replica: replica, version: -1, at: now)
        services[service].pointee.loading += 1
      }
    }
    settleShares(&pending)
  }

  /// Who begins to read weights together with the service: where replicas can fall, by number.
  private mutating func firstReplicas(_ service: Int, _ role: Int, _ count: Int) -> [Int32] {
    guard let life = services[service].pointee.life else { return Array(repeating: -1, count: count) }
    let numbers = life.roles[role].range.filter {
      life.replicas[$0].isFirstStart && life.replicas[$0].phase == .starting
    }
    for index in numbers { services[service].pointee.life!.replicas[index].isReading = true }
    return numbers.map(Int32.init)
  }

  private mutating func takeWeights(
    _ service: Int, _ replica: Int32, _ version: Int, _ pending: inout PendingEvents
  ) {
    guard let start = model.design.services[service].coldStart else { return }
    let tier = model.design.storage[start.storage]
    let rest = start.engineStart + tier.latency + tier.retrievalDelay
    if replica >= 0 { services[service].pointee.life!.replicas[Int(replica)].isReading = false }
    if version >= 0 {
      return takeWeights(
        service, replica: Int(replica), version: version, rest: Ticks(seconds: rest.value), &pending)
    }
    services[service].pointee.loading -= 1
    openIfRead(service, after: Ticks(seconds: rest.value), &pending)
  }

  /// The last of a service's replicas has read its weights.
  private mutating func openIfRead(_ service: Int, after rest: Ticks, _ pending: inout PendingEvents) {
    guard services[service].pointee.loading == 0 else { return }
    pending.push(EventCode(.serviceChange, service: service, index: 1).payload, at: now + rest)
  }

  /// A replica that fell, or is not wanted any more, stops reading its weights: others have the store.
  mutating func stopReading(_ service: Int, _ index: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    let isFirst = state.pointee.life!.replicas[index].isFirstStart
    state.pointee.life!.replicas[index].isFirstStart = false
    guard state.pointee.life!.replicas[index].isReading else { return }
    state.pointee.life!.replicas[index].isReading = false
    sharing.cancelLoad(service: service, replica: Int32(index), at: now)
    settleShares(&pending)
    guard isFirst, let start = model.design.services[service].coldStart else { return }
    state.pointee.loading -= 1
    // The others need not wait for it.
    let tier = model.design.storage[start.storage]
    let rest = start.engineStart + tier.latency + tier.retrievalDelay
    if state.pointee.life!.replicas.contains(where: \.isFirstStart) {
      openIfRead(service, after: Ticks(seconds: rest.value), &pending)
    }
  }

  /// The replicas are up: whoever has waited for them is handed over in order.
  mutating func openService(_ service: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    // Where all of them fell meanwhile, it opens with the first that starts again.
    if let life = state.pointee.life, !life.replicas.contains(where: \.isFirstStart) { return }
    endStart(of: service, &pending)
  }

  /// A service is up for the first time.
  mutating func endStart(of service: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    state.pointee.isStarting = false
    state.pointee.startup = now - model.design.services[service].coldStart!.start
    if state.pointee.life != nil { raiseAll(service) }
    let waiting = state.pointee.waitingForStart
    state.pointee.waitingForStart = []
    for slot in waiting { deliver(service, slot, &pending) }
  }

  // MARK: Ports

  /// Ports of a service get a transfer: those that have been idle go on at what others leave them.
  mutating func occupyPorts(_ service: Int, from sender: Int, to receiver: Int) {
    let links = roles(of: service)
    if links.pointee.links.busyUntil(.sending(sender)) > now { return }
    let pace = sharing.occupy(service, .sending(sender), to: receiver, at: now)
    _ = links.pointee.links.setPace(of: .sending(sender), to: pace, at: now)
    if links.pointee.links.busyUntil(.receiving(receiver)) > now { return }
    let other = sharing.occupy(service, .receiving(receiver), to: nil, at: now)
    _ = links.pointee.links.setPace(of: .receiving(receiver), to: other, at: now)
  }

  /// A transfer wants its ports from now on, or does not any more.
  mutating func countTransfer(_ service: Int, _ slot: UInt32, by change: Int, _ pending: inout PendingEvents)
  {
    guard let ports = roles(of: service).pointee.links.ports(of: slot) else { return }
    sharing.count(service, ports, by: change)
    settleShares(&pending)
  }

  /// Lets busy ports go on at what others leave them now.
  private mutating func pacePorts(_ pending: inout PendingEvents) {
    for index in sharing.busyPorts.indices {
      let (service, name) = (sharing.busyPorts[index].service, sharing.busyPorts[index].name)
      let roles = roles(of: service)
      let pace = sharing.pace(ofPort: index)
      let repaced = roles.pointee.links.setPace(of: name, to: pace, at: now)
      for transfer in repaced.moved { replanEnd(of: transfer, of: service, &pending) }
      if let wake = repaced.wake, case .sending(let port) = name {
        pending.push(EventCode(.portFree, service: service, index: port).payload, at: wake)
      }
      sharing.busyPorts[index].until = roles.pointee.links.busyUntil(name)
    }
  }

  // MARK: Changes

  /// Something on a shared link has ended.
  mutating func changeShares(_ version: Int, _ pending: inout PendingEvents) {
    guard EventCode.isCurrent(version, of: sharing.version) else { return }
    sharing.forgetPlan()
    while let use = sharing.takeFinished(at: now) {
      if case .weights(let service, _, let replica, let version) = use {
        takeWeights(service, replica, version, &pending)
      }
    }
    sharing.releasePorts(at: now)
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
    sharing.weighPorts(at: now)
    for job in jobs.states.indices where sharing.concerns(job) {
      // What changes on this very tick has its own event, and settles again.
      if jobs.states[job].progress.nextChange <= now && jobs.states[job].progress.now < now { continue }
      jobs.states[job].progress.advance(to: now)
      slow(job)
      planChange(of: job, &pending)
    }
    pacePorts(&pending)
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
