import Kernel
import Scenario
import Statistics
import Workloads

/// One design under one replication's traffic: composes the subsystems and routes events between them.
///
/// A World is confined to one task. Its `Outcome` is a value and depends on the scenario, the seed and the
/// replication alone.
struct World: ~Copyable {
  let model: DesignModel
  let options: WorldOptions
  var services: ServiceArray
  var requests = RequestTable()
  var records: [RequestRecord] = []
  /// By request slot, for requests of disaggregated services.
  var handOffs: [HandOff] = []
  /// By request slot, for requests of services on several members.
  var trips: [Trip] = []
  var lines: LinePorts
  var sampler: SeriesSampler
  var jobs: JobsState
  var sharing: SharedTraffic
  var lifecycle: LifecycleState
  /// Requests sent before this time stay out of the statistics.
  let measuredFrom: Ticks
  /// No request is sent from then on; `.never` where requests end the traffic themselves.
  let sendingEnd: Ticks
  /// When to look next at what services have done so far, and whether the warm-up is over.
  var nextMark: Ticks
  var isMeasuring: Bool
  var now = Ticks.zero
  /// What the run would have to go beyond; from then on events pass unheard.
  private(set) var overrun: EarlyEnd?

  /// Some two years before the clock ends: no single delay is as long, so nothing is scheduled past it.
  static let endOfTime = Ticks(seconds: 5e8)

  init(model: DesignModel, replication: Int, options: WorldOptions, measuredFrom: Ticks) {
    self.model = model
    self.options = options
    self.measuredFrom = measuredFrom
    sendingEnd = model.scenario.duration ?? .never
    isMeasuring = measuredFrom == .zero
    nextMark = isMeasuring ? sendingEnd : measuredFrom
    services = ServiceArray(
      model: model, replication: replication, options: options, measuredFrom: measuredFrom)
    sampler = SeriesSampler(services: services.count)
    jobs = JobsState(model: model, replication: replication)
    sharing = SharedTraffic(model.sharedLinks)
    lines = LinePorts(model.design.links)
    lifecycle = LifecycleState(model, replication: replication)
  }

  /// Puts the first events into the pending set.
  mutating func start(_ pending: inout PendingEvents) {
    for index in 0..<services.count where !model.design.services[index].isBehindAnother {
      if services[index].pointee.source.isClosedLoop {
        for user in 0..<services[index].pointee.source.users {
          pending.push(EventCode(.userReady, service: index, index: user).payload, at: .zero)
        }
      } else {
        scheduleArrival(index, &pending)
      }
    }
    for (index, service) in model.design.services.enumerated() {
      guard let start = service.coldStart, !start.startsUp else { continue }
      services[index].pointee.isStarting = true
      pending.push(EventCode(.serviceChange, service: index).payload, at: start.start)
    }
    if services.count > 0 { pending.push(EventCode(.sample).payload, at: sampler.nextSample) }
    startJobs(&pending)
    startLifecycle(&pending)
  }

  private mutating func scheduleArrival(_ service: Int, _ pending: inout PendingEvents) {
    if let time = services[service].pointee.source.nextArrival {
      pending.push(EventCode(.arrival, service: service).payload, at: time)
    } else if services[service].pointee.source.isExhausted {
      drain(service, &pending)
    }
  }

  /// No more requests will be sent: batches need not wait to fill.
  private mutating func drain(_ service: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    if state.pointee.front != nil { return drainFront(service, &pending) }
    state.pointee.isDrained = true
    if state.pointee.tally.inFlight > 0 { return }
    drainReplicas(service, &pending)
  }

  private mutating func drainReplicas(_ service: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    for index in 0..<state.pointee.replicas.count {
      state.pointee.replicas[index].pointee.drain(at: now)
      reschedule(service, index, &pending)
    }
  }

  // MARK: Requests

  private mutating func send(_ service: Int, _ request: LiveRequest, _ pending: inout PendingEvents) {
    let state = services[service]
    state.pointee.tally.offered += 1
    state.pointee.tally.send(at: request.sent)
    if state.pointee.source.isSpent { markSendingEnd(of: service) }
    if request.sent >= measuredFrom {
      state.pointee.tally.measuredOffered += 1
      if state.pointee.hasClasses { state.pointee.tally.classes[Int(request.kind)].offered += 1 }
    }
    if state.pointee.front != nil {
      sendToGateway(service, request, &pending)
    } else if state.pointee.endpoint != nil {
      sendToEndpoint(service, request, &pending)
    } else {
      let slot = requests.insert(request)
      state.pointee.tally.inFlight += 1
      pending.push(
        EventCode(.delivery, service: service, index: Int(slot)).payload,
        at: state.pointee.handOver(sent: request.sent))
    }
  }

  private mutating func sendToEndpoint(_ service: Int, _ request: LiveRequest, _ pending: inout PendingEvents)
  {
    let state = services[service]
    let size = Int64(request.promptTokens) + Int64(request.outputTokens)
    if state.pointee.endpoint!.admits(tokens: size, at: now) {
      let slot = requests.insert(request)
      let endpoint = state.pointee.endpoint!
      let done =
        now + endpoint.ttft(promptTokens: request.promptTokens)
        + endpoint.decode(outputTokens: request.outputTokens)
      pending.push(EventCode(.endpointDone, service: service, index: Int(slot)).payload, at: done)
    } else {
      state.pointee.tally.throttled += 1
      reject(service, request, &pending)
    }
  }

  /// What a refused closed-loop user waits where nothing else is said, and at least: without a pause it would
  /// be refused at the same instant for ever.
  private static let retryPause = Ticks(seconds: 1)
  private static let shortestRetry = Ticks(seconds: 0.001)

  /// - Parameters:
  ///   - retryAfter: what a closed-loop user waits at least before the next request.
  ///   - status: rejected, or failed where its replicas fell too often.
  mutating func reject(
    _ service: Int, _ request: LiveRequest, retryAfter: Ticks? = nil,
    as status: RequestRecord.Status = .rejected, _ pending: inout PendingEvents
  ) {
    precondition(!model.design.services[service].isBehindAnother, "the front turns requests away")
    let retryAfter = max(retryAfter ?? Self.retryPause, Self.shortestRetry)
    if status == .failed {
      services[service].pointee.tally.failed += 1
    } else {
      services[service].pointee.tally.rejected += 1
    }
    keep(service, request, status: status, times: nil, preemptions: 0)
    if request.session >= 0 {
      endSession(service, request.session, retryAfter: retryAfter, &pending)
    } else {
      releaseUser(service, request.user, after: retryAfter, &pending)
    }
  }

  mutating func deliver(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let state = services[service]
    if state.pointee.isStarting { return state.pointee.waitingForStart.append(slot) }
    let canFall = state.pointee.life != nil
    if canFall { endRest(service, slot) }
    if canFall && state.pointee.frontIndex >= 0 && isRerouted(service, slot, &pending) { return }
    if canFall && holdBack(service, slot) { return }
    // Who is handed over again has passed the door.
    let isGuarded =
      state.pointee.admission != nil && state.pointee.frontIndex < 0 && requests[slot].attempts == 0
    if isGuarded && isThrottled(service, slot, &pending) { return }
    if state.pointee.disaggregation != nil { return deliverToPrefill(service, slot, &pending) }
    let request = requests[slot]
    let isRead = state.pointee.keepsCache || state.pointee.router.settings.readsContent
    let content = isRead ? services[state.pointee.owner(service)].pointee.source.content(of: request) : nil
    let replica =
      canFall
      ? chooseServing(service, request, content)
      : state.pointee.router.choose(
        among: state.pointee.replicas, for: content, promptTokens: request.promptTokens,
        adapter: Int(request.adapter) - 1, at: now)
    if isGuarded && isShed(service, slot, from: replica, &pending) { return }
    if canFall && isLost(service, slot, at: replica, &pending) { return }
    if canFall { requests.endLapse(of: slot, at: now) }
    state.pointee.tally.inFlight -= 1
    if state.pointee.frontIndex >= 0 { state.pointee.member.tokensComing -= Int64(request.promptTokens) }
    let target = state.pointee.replicas[replica]
    if target.pointee.canHold(promptTokens: request.promptTokens, outputTokens: request.outputTokens) {
      requests[slot].replica = Int32(replica)
      target.pointee.arrive(
        handle: slot, promptTokens: request.promptTokens, outputTokens: request.outputTokens,
        priority: rank(of: request, service), content: content, adapter: Int(request.adapter) - 1, at: now)
      reschedule(service, replica, &pending)
      if canFall { noteSent(to: replica, of: service) }
    } else {
      requests.remove(slot)
      reject(service, request, &pending)
    }
    drainIfLast(service, &pending)
  }

  /// Tells the replicas when the last request has reached them.
  mutating func drainIfLast(_ service: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    if state.pointee.isDrained && state.pointee.tally.inFlight == 0 { drainReplicas(service, &pending) }
  }

  /// Replaces a replica's pending event when its next change has moved.
  mutating func reschedule(_ service: Int, _ replica: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    let next = state.pointee.replicas[replica].pointee.nextChange
    if next == state.pointee.pendingChange[replica] { return }
    state.pointee.versions[replica] &+= 1
    state.pointee.pendingChange[replica] = next
    if next == .never { return }
    let code = EventCode(
      .replicaChange, service: service, index: replica, version: state.pointee.versions[replica])
    pending.push(code.payload, at: next)
  }

  private mutating func changeReplica(_ code: EventCode, _ pending: inout PendingEvents) {
    let state = services[code.service]
    guard EventCode.isCurrent(code.version, of: state.pointee.versions[code.index]) else { return }
    let replica = state.pointee.replicas[code.index]
    replica.pointee.advance(to: now)
    state.pointee.pendingChange[code.index] = .never
    reschedule(code.service, code.index, &pending)
    if state.pointee.disaggregation != nil { return passOn(code.service, code.index, &pending) }
    if replica.pointee.completions.isEmpty { return }
    if state.pointee.life != nil {
      noteAnswered(replica.pointee.completions.count, at: code.index, of: code.service, &pending)
    }
    for index in replica.pointee.completions.indices {
      complete(code.service, replica.pointee.completions[index], &pending)
    }
    replica.pointee.completions.removeAll(keepingCapacity: true)
    if state.pointee.life != nil { releaseIfDrained(code.service, code.index, &pending) }
  }

  private mutating func complete(_ service: Int, _ done: Completion, _ pending: inout PendingEvents) {
    let state = services[service]
    if state.pointee.frontIndex >= 0 { return completeAtMember(service, done, &pending) }
    let request = requests[done.handle]
    let lapse = requests.lapse(of: done.handle)
    requests.remove(done.handle)
    let up = Ticks(state.pointee.roundTrip.count / 2)
    var times = RequestTimes(
      sent: request.sent, network: state.pointee.roundTrip, queue: done.scheduled - request.sent - up,
      prefill: done.firstToken - done.scheduled, decode: done.lastToken - done.firstToken,
      outputTokens: done.outputTokens)
    if let lapse { times.count(lapse) }
    state.pointee.tally.preemptions += Int64(done.preemptions)
    finish(
      service, request, times, preemptions: done.preemptions, cachedTokens: done.cachedTokens,
      adapterWait: done.adapterWait, &pending)
  }

  private mutating func completeAtEndpoint(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    if services[service].pointee.frontIndex >= 0 {
      return completeAtMemberEndpoint(service, slot, &pending)
    }
    let request = requests[slot]
    requests.remove(slot)
    let ttft = services[service].pointee.endpoint!.ttft(promptTokens: request.promptTokens)
    let times = RequestTimes(
      sent: request.sent, network: .zero, queue: .zero, prefill: ttft, decode: now - request.sent - ttft,
      outputTokens: request.outputTokens)
    finish(service, request, times, preemptions: 0, cachedTokens: 0, &pending)
  }

  mutating func finish(
    _ service: Int, _ request: LiveRequest, _ times: RequestTimes, preemptions: Int32, cachedTokens: Int32,
    adapterWait: Ticks = .zero, _ pending: inout PendingEvents
  ) {
    let state = services[service]
    state.pointee.tally.completed += 1
    state.pointee.tally.lastCompletion = now
    let isGood = times.meets(model.scenario.workloads[state.pointee.workloadIndex].objectives)
    if now >= measuredFrom && now <= sendingEnd {
      state.pointee.tally.recordAnswer(
        promptTokens: request.promptTokens, outputTokens: times.outputTokens, isGood: isGood,
        kind: request.kind)
    }
    if request.sent >= measuredFrom {
      state.pointee.tally.record(
        times, promptTokens: request.promptTokens, cachedTokens: cachedTokens, isGood: isGood,
        kind: request.kind)
      if request.adapter > 0 { state.pointee.tally.adapters?.record(adapterWait) }
    }
    keep(
      service, request, status: .completed, times: times, preemptions: preemptions,
      cachedTokens: cachedTokens,
      adapterWait: adapterWait)
    if request.session >= 0 {
      if let think = state.pointee.source.endTurn(request) {
        let code = EventCode(.nextTurn, service: service, index: Int(request.session))
        pending.push(code.payload, at: now + think)
      } else {
        endSession(service, request.session, &pending)
      }
    } else {
      releaseUser(service, request.user, &pending)
    }
  }

  private mutating func takeTurn(_ service: Int, session: Int, _ pending: inout PendingEvents) {
    if let request = services[service].pointee.source.takeTurn(session: session, at: now) {
      send(service, request, &pending)
    } else {
      endSession(service, Int32(session), &pending)
    }
  }

  /// A conversation is over: its user, if it has one, thinks and begins another.
  private mutating func endSession(
    _ service: Int, _ session: Int32, retryAfter: Ticks = .zero, _ pending: inout PendingEvents
  ) {
    let state = services[service]
    let user = state.pointee.source.endSession(session)
    releaseUser(service, user, after: retryAfter, &pending)
    if user < 0 && state.pointee.source.isExhausted && !state.pointee.isDrained { drain(service, &pending) }
  }

  /// A closed-loop user got an answer (or a refusal) and thinks before the next request.
  private mutating func releaseUser(
    _ service: Int, _ user: Int32, after pause: Ticks = .zero, _ pending: inout PendingEvents
  ) {
    guard user >= 0 else { return }
    let think = max(pause, services[service].pointee.source.thinkTime())
    pending.push(EventCode(.userReady, service: service, index: Int(user)).payload, at: now + think)
  }

  private mutating func keep(
    _ service: Int, _ request: LiveRequest, status: RequestRecord.Status, times: RequestTimes?,
    preemptions: Int32, cachedTokens: Int32 = 0, adapterWait: Ticks = .zero
  ) {
    guard options.keepsRequests else { return }
    var record = RequestRecord(
      service: service, serial: Int(request.serial),
      replica: request.replica < 0 ? nil : Int(request.replica),
      status: status, promptTokens: Int(request.promptTokens), outputTokens: Int(request.outputTokens),
      sent: request.sent, times: times, preemptions: Int(preemptions),
      cachedTokens: services[service].pointee.keepsCache && times != nil ? Int(cachedTokens) : nil)
    if request.adapter > 0 {
      record.adapter = Int(request.adapter)
      record.adapterWait = times == nil ? nil : adapterWait
    }
    records.append(record)
  }
}

extension World: EventHandler {
  // Into the loop: it stands there alone, and a call an event costs a tenth of a run of short events.
  @inline(__always)
  mutating func handle(_ payload: UInt64, at time: Ticks, pending: inout PendingEvents) {
    if overrun != nil { return }
    if time > Self.endOfTime || requests.isFull {
      overrun = requests.isFull ? .liveRequests : .endOfTime
      return
    }
    if time > nextMark { passMarks(before: time) }
    now = time
    let code = EventCode(payload: payload)
    switch code.kind {
    case .replicaChange: changeReplica(code, &pending)
    case .delivery: deliver(code.service, UInt32(code.index), &pending)
    case .arrival:
      if let request = services[code.service].pointee.source.takeArrival() {
        send(code.service, request, &pending)
      }
      scheduleArrival(code.service, &pending)
    case .userReady:
      if let request = services[code.service].pointee.source.takeUserRequest(user: code.index, at: now) {
        send(code.service, request, &pending)
      } else if !services[code.service].pointee.isDrained {
        drain(code.service, &pending)
      }
    case .nextTurn: takeTurn(code.service, session: code.index, &pending)
    case .endpointDone: completeAtEndpoint(code.service, UInt32(code.index), &pending)
    case .gateway: enterGateway(code.service, UInt32(code.index), &pending)
    case .answerBack: receiveAnswer(code.service, UInt32(code.index), &pending)
    case .portFree: takeNextTransfer(code.service, port: code.index, &pending)
    case .transferEnd: endTransfer(code, &pending)
    case .jobArrival, .jobChange, .jobFailure, .jobNotice, .jobDecision, .nodeRepaired, .marketChange,
      .jobsEnd:
      handleJob(code, &pending)
    case .serviceChange:
      code.index == 0 ? startService(code.service, &pending) : openService(code.service, &pending)
    case .sharesChange: changeShares(code.version, &pending)
    case .poolFailure, .nodeMended, .outage, .replicaStart, .detection, .autoscale, .nodeCome, .circuit:
      handleLifecycle(code, &pending)
    case .sample:
      sampler.sample(&services, at: now)
      // Jobs that outlast the services change nothing of their series.
      let isOver = !jobs.models.isEmpty && !(0..<services.count).contains { hasWork(service: $0) }
      if !isOver && isUnderWay(pending) { pending.push(EventCode(.sample).payload, at: sampler.nextSample) }
    }
  }
}
