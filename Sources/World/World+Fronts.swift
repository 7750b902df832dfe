import Kernel
import Scenario
import Workloads

/// The way of a request through a service on several members: gateway, line, member, line.
///
/// The front, the first of the members, holds the traffic, its counts and its sessions; each member has
/// replicas and a router of its own. The gateway chooses when a request reaches it, by what members hold then
/// and what is on its way to them.
extension World {
  /// The model of the front whose service this is.
  func front(_ service: Int) -> FrontModel { model.fronts[service]! }

  /// A request was sent: it goes to the gateway.
  @inline(never)
  mutating func sendToGateway(_ service: Int, _ request: LiveRequest, _ pending: inout PendingEvents) {
    let slot = requests.insert(request)
    while trips.count <= Int(slot) { trips.append(Trip()) }
    trips[Int(slot)] = Trip()
    services[service].pointee.front!.atGateway += 1
    let up = front(service).up
    if up == .zero { return enterGateway(service, slot, &pending) }
    pending.push(EventCode(.gateway, service: service, index: Int(slot)).payload, at: request.sent + up)
  }

  /// A request is at the gateway, which hands it to a member.
  @inline(never)
  mutating func enterGateway(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let state = services[service]
    state.pointee.front!.atGateway -= 1
    if let member = admitted(service, slot, &pending) {
      handOver(to: member, of: service, slot, &pending)
    }
    if state.pointee.front!.isClosing && state.pointee.front!.atGateway == 0 {
      drainMembers(of: service, &pending)
    }
  }

  /// Who gets the request; `nil` when it was turned away.
  private mutating func admitted(
    _ service: Int, _ slot: UInt32, _ pending: inout PendingEvents
  ) -> Int? {
    let state = services[service]
    let request = requests[slot]
    if state.pointee.admission != nil && !state.pointee.admission!.isWithinRate(at: now) {
      state.pointee.tally.throttled += 1
      turnAwayAtGateway(service, slot, &pending)
      return nil
    }
    wakeStandbys(service)
    guard let member = choose(service, request) else {
      if isThrottledEverywhere(service, request) { state.pointee.tally.throttled += 1 }
      turnAwayAtGateway(service, slot, &pending)
      return nil
    }
    if let longest = state.pointee.admission?.settings.longestWait,
      expectedFirstToken(of: request, at: member, front(service)) > longest
    {
      state.pointee.tally.shed += 1
      turnAwayAtGateway(service, slot, &pending)
      return nil
    }
    return member
  }

  private mutating func turnAwayAtGateway(
    _ service: Int, _ slot: UInt32, _ pending: inout PendingEvents
  ) {
    let request = requests[slot]
    requests.remove(slot)
    let pause = services[service].pointee.admission?.settings.retryAfter
    reject(service, request, retryAfter: pause, &pending)
  }

  /// Sends the prompt to the member.
  private mutating func handOver(
    to position: Int, of service: Int, _ slot: UInt32, _ pending: inout PendingEvents
  ) {
    let front = front(service)
    let member = front.members[position]
    let request = requests[slot]
    let state = services[member.service]
    state.pointee.member.requests += 1
    if request.sent >= measuredFrom {
      state.pointee.member.measuredRequests += 1
      state.pointee.member.promptTokensGiven += Int64(request.promptTokens)
    }
    if !member.isAllowed { state.pointee.member.violations += 1 }
    var reached = now
    if let line = member.line {
      if let port = line.portThere {
        let bytes = Double(request.promptTokens) * front.bytesPerToken
        reached = lines.send(bytes, over: port, at: now)
      }
      reached = min(reached.later(by: line.there), Self.pastTheEnd)
    }
    trips[Int(slot)].member = Int32(position)
    trips[Int(slot)].wayThere = front.up + (reached - now)
    trips[Int(slot)].network = front.roundTrip + (reached - now) + (member.line?.back ?? .zero)
    guard let endpoint = state.pointee.endpoint else {
      state.pointee.tally.inFlight += 1
      state.pointee.member.tokensComing += Int64(request.promptTokens)
      // A cold standby takes nothing before it has started.
      let ready = services[service].pointee.front!.ready[position] ?? .zero
      let delivery = min(state.pointee.handOver(sent: max(reached, ready)), Self.pastTheEnd)
      return pending.push(
        EventCode(.delivery, service: member.service, index: Int(slot)).payload, at: delivery)
    }
    state.pointee.endpoint!.take(
      tokens: Int64(request.promptTokens) + Int64(request.outputTokens), at: now)
    state.pointee.member.underWay += 1
    let done =
      reached + endpoint.ttft(promptTokens: request.promptTokens)
      + endpoint.decode(outputTokens: request.outputTokens)
    pending.push(EventCode(.endpointDone, service: member.service, index: Int(slot)).payload, at: done)
  }

  /// Whether a request goes to another member, because the router of this one knows of no replica that is up
  /// and another one's does.
  @inline(never)
  mutating func isRerouted(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) -> Bool {
    let state = services[service]
    guard state.pointee.life!.serving.isEmpty else { return false }
    let owner = state.pointee.frontIndex
    let request = requests[slot]
    wakeStandbys(owner)
    guard let other = choose(owner, request), !isOut(front(owner).members[other]) else { return false }
    state.pointee.tally.inFlight -= 1
    state.pointee.member.tokensComing -= Int64(request.promptTokens)
    state.pointee.member.requests -= 1
    state.pointee.member.passedOn += 1
    if request.sent >= measuredFrom { state.pointee.member.measuredRequests -= 1 }
    drainIfLast(service, &pending)
    requests.endLapse(of: slot, at: now)
    handOver(to: other, of: owner, slot, &pending)
    return true
  }

  /// Later than any run: an event then ends it.
  private static let pastTheEnd = Ticks(endOfTime.count + 1)

  // MARK: Answers

  /// A member's replica has answered.
  @inline(never)
  mutating func completeAtMember(_ service: Int, _ done: Completion, _ pending: inout PendingEvents) {
    let slot = done.handle
    let trip = trips[Int(slot)]
    trips[Int(slot)].preemptions = done.preemptions
    trips[Int(slot)].cachedTokens = done.cachedTokens
    trips[Int(slot)].adapterWait = done.adapterWait
    let sent = requests[slot].sent
    // What is not way, prompt or answer was spent waiting, wherever that was.
    var times = RequestTimes(
      sent: sent, network: trip.network, queue: done.scheduled - sent - trip.wayThere,
      prefill: done.firstToken - done.scheduled, decode: done.lastToken - done.firstToken,
      outputTokens: done.outputTokens)
    if let lapse = requests.lapse(of: slot) { times.count(lapse) }
    sendBack(service, slot, times, &pending)
  }

  /// A member that is an endpoint has answered.
  @inline(never)
  mutating func completeAtMemberEndpoint(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    services[service].pointee.member.underWay -= 1
    let request = requests[slot]
    let endpoint = services[service].pointee.endpoint!
    let (prefill, decode) = (
      endpoint.ttft(promptTokens: request.promptTokens), endpoint.decode(outputTokens: request.outputTokens)
    )
    let trip = trips[Int(slot)]
    var times = RequestTimes(
      sent: request.sent, network: trip.network, queue: now - request.sent - trip.wayThere - prefill - decode,
      prefill: prefill, decode: decode, outputTokens: request.outputTokens)
    if let lapse = requests.lapse(of: slot) { times.count(lapse) }
    sendBack(service, slot, times, &pending)
  }

  /// The answer takes the line back as it is written; its last token has to wait until all of it has room.
  private mutating func sendBack(
    _ service: Int, _ slot: UInt32, _ times: RequestTimes, _ pending: inout PendingEvents
  ) {
    var times = times
    let front = front(services[service].pointee.frontIndex)
    guard let line = front.members[Int(trips[Int(slot)].member)].line else {
      trips[Int(slot)].times = times
      return endTrip(service, slot, &pending)
    }
    var left = now
    if let port = line.portBack {
      left = lines.send(Double(times.outputTokens) * front.bytesPerToken, over: port, at: now)
      times.decode = times.decode + (min(left, Self.pastTheEnd) - now)
    }
    trips[Int(slot)].times = times
    services[service].pointee.member.underWay += 1
    pending.push(
      EventCode(.answerBack, service: service, index: Int(slot)).payload,
      at: min(left.later(by: line.back), Self.pastTheEnd))
  }

  /// The last token is back at the gateway.
  @inline(never)
  mutating func receiveAnswer(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    services[service].pointee.member.underWay -= 1
    endTrip(service, slot, &pending)
  }

  private mutating func endTrip(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let state = services[service]
    let owner = state.pointee.frontIndex
    let trip = trips[Int(slot)]
    let times = trip.times!
    var request = requests[slot]
    requests.remove(slot)
    if request.replica >= 0 {
      request.replica += Int32(front(owner).members[Int(trip.member)].firstReplica)
    }
    if request.sent >= measuredFrom {
      let isGood = times.meets(model.scenario.workloads[state.pointee.workloadIndex].objectives)
      state.pointee.member.record(times, promptTokens: request.promptTokens, isGood: isGood)
    }
    services[owner].pointee.tally.preemptions += Int64(trip.preemptions)
    finish(
      owner, request, times, preemptions: trip.preemptions, cachedTokens: trip.cachedTokens,
      adapterWait: trip.adapterWait, &pending)
  }

  // MARK: The end

  /// No further request will come: batches need not wait to fill.
  @inline(never)
  mutating func drainFront(_ service: Int, _ pending: inout PendingEvents) {
    services[service].pointee.front!.isClosing = true
    if services[service].pointee.front!.atGateway == 0 { drainMembers(of: service, &pending) }
  }

  private mutating func drainMembers(of service: Int, _ pending: inout PendingEvents) {
    for member in front(service).members where !services[member.service].pointee.isDrained {
      services[member.service].pointee.isDrained = true
      drainIfLast(member.service, &pending)
    }
  }

  /// Brings together what members hold at the end: a front's counts are those of all its requests.
  func gatherFronts(_ results: inout [ServiceOutcome]) {
    for index in results.indices {
      guard let front = model.fronts[index] else { continue }
      for member in front.members {
        let own = services[member.service].pointee.member
        results[member.service].member = own
        results[index].tally.running += own.underWay
        guard member.service != index else { continue }
        let tally = results[member.service].tally
        results[index].tally.running += tally.running
        results[index].tally.queued += tally.queued
        results[index].tally.interTokenGaps.merge(tally.interTokenGaps)
        results[member.service].tally.running = 0
        results[member.service].tally.queued = 0
        results[member.service].sendingEnd = results[index].sendingEnd
      }
      results[index].tally.queued += services[index].pointee.front!.atGateway
      let tally = results[index].tally
      precondition(tally.isConserved, "a front's requests in = completed + rejected + running + queued")
      let given = front.members.reduce(0) { $0 + results[$1.service].member!.requests }
      precondition(
        given + tally.rejected + services[index].pointee.front!.atGateway == tally.offered,
        "every request goes to one member, or is turned away")
    }
  }
}

extension MemberTally {
  /// A request sent after the warm-up was answered.
  mutating func record(_ times: RequestTimes, promptTokens prompt: Int32, isGood: Bool) {
    answered += 1
    if isGood { good += 1 }
    promptTokens += Int64(prompt)
    outputTokens += Int64(times.outputTokens)
    workingTicks += Int128(times.prefill.count) + Int128(times.decode.count)
  }
}
