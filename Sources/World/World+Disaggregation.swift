import Kernel
import Workloads

/// The way of a request through a disaggregated service: prompt, hand-over, answer.
///
/// A prefill replica computes the prompt and the first token. The decode replica reserves blocks for the
/// whole prompt in the order in which requests were announced to it: with overlap when they reach the
/// prefill replica, otherwise when the prompt is computed. With both done the KV entries move; the prefill
/// replica keeps its blocks until the last of them has come, and the decode replica goes on from the second
/// token. Nothing waits in a circle: both roles take requests first come, first served, prompts that start
/// have all of their blocks, and decode replicas recompute what they preempt themselves.
extension World {
  func roles(of service: Int) -> UnsafeMutablePointer<DisaggregatedState> {
    services[service].pointee.disaggregation!
  }

  mutating func deliverToPrefill(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let state = services[service]
    let roles = roles(of: service)
    let request = requests[slot]
    beginHandOff(service, slot)
    guard request.attempts > 0 || canServe(service, request) else {
      state.pointee.tally.inFlight -= 1
      requests.remove(slot)
      return reject(service, request, &pending)
    }
    let replica = roles.pointee.choosePrefillReplica(state.pointee.life?.roles[0])
    requests[slot].replica = Int32(replica)
    if state.pointee.life != nil && isLost(service, slot, at: replica, &pending) {
      handOffs[Int(slot)].isLost = true
      return
    }
    state.pointee.tally.inFlight -= 1
    if handOffs[Int(slot)].past.firstToken == .never { requests.endLapse(of: slot, at: now) }
    let (prompt, output) = tokensLeft(of: slot)
    let content = state.pointee.keepsCache ? state.pointee.source.content(of: request) : nil
    handOffs[Int(slot)].prefillTicket = state.pointee.replicas[replica].pointee.arrive(
      handle: slot, promptTokens: prompt, outputTokens: 1, content: content, at: now)
    reschedule(service, replica, &pending)
    if roles.pointee.links.settings.overlaps && output > 1 {
      roles.pointee.early += 1
      announce(service, slot, &pending)
    }
  }

  /// What is still to be computed of a request: its prompt with what the client has of the answer, and the
  /// rest of that.
  func tokensLeft(of slot: UInt32) -> (prompt: Int32, output: Int32) {
    let request = requests[slot]
    let answered = handOffs[Int(slot)].past.answered
    return (request.promptTokens + answered, request.outputTokens - answered)
  }

  /// A request without a replica is to be given to one.
  private mutating func beginHandOff(_ service: Int, _ slot: UInt32) {
    while handOffs.count <= Int(slot) { handOffs.append(HandOff()) }
    let past = handOffs[Int(slot)].past
    handOffs[Int(slot)] = HandOff()
    handOffs[Int(slot)].past.version = past.version
    handOffs[Int(slot)].delivered = now
    if requests[slot].attempts == 0 { return }
    handOffs[Int(slot)].past = past
    continueElsewhere(service, slot)
  }

  /// Whether a replica of each role could ever hold the request; all of a role are alike.
  private func canServe(_ service: Int, _ request: LiveRequest) -> Bool {
    let state = services[service]
    let roles = roles(of: service)
    let decode = state.pointee.replicas[roles.pointee.prefillCount]
    return state.pointee.replicas[0].pointee.canHold(promptTokens: request.promptTokens, outputTokens: 1)
      && (request.outputTokens == 1
        || decode.pointee.canHold(promptTokens: request.promptTokens, outputTokens: request.outputTokens))
  }

  /// Chooses a decode replica, where the request queues for blocks.
  mutating func announce(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let state = services[service]
    let roles = roles(of: service)
    if state.pointee.life != nil && isWithoutDecode(service, slot) { return }
    let replica = roles.pointee.chooseDecodeReplica(state.pointee.life?.roles[1])
    handOffs[Int(slot)].decodeReplica = Int32(replica)
    if state.pointee.life != nil && isUnheard(service, slot, at: replica) { return }
    let (prompt, output) = tokensLeft(of: slot)
    handOffs[Int(slot)].ticket = state.pointee.replicas[replica].pointee.expect(
      handle: slot, promptTokens: prompt, outputTokens: output, at: now)
    reschedule(service, replica, &pending)
  }

  /// Takes what a replica has done at its change to the next stage.
  mutating func passOn(_ service: Int, _ index: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    let roles = roles(of: service)
    let replica = state.pointee.replicas[index]
    if index < roles.pointee.prefillCount {
      for position in replica.pointee.completions.indices {
        endPrompt(service, replica.pointee.completions[position], &pending)
      }
    } else {
      for position in replica.pointee.reservations.indices {
        takeReservation(service, replica.pointee.reservations[position], &pending)
      }
      for position in replica.pointee.completions.indices {
        endAnswer(service, replica.pointee.completions[position], &pending)
      }
      if !replica.pointee.reservations.isEmpty {
        replica.pointee.reservations.removeAll(keepingCapacity: true)
      }
    }
    if !replica.pointee.completions.isEmpty { replica.pointee.completions.removeAll(keepingCapacity: true) }
    if state.pointee.life != nil { releaseIfDrained(service, index, &pending) }
  }

  private mutating func endPrompt(_ service: Int, _ done: Completion, _ pending: inout PendingEvents) {
    let roles = roles(of: service)
    let slot = done.handle
    let (prompt, output) = tokensLeft(of: slot)
    roles.pointee.forget(1, at: Int(requests[slot].replica))
    roles.pointee.promptTokens += Int64(prompt - done.cachedTokens)
    handOffs[Int(slot)].cachedTokens = done.cachedTokens
    handOffs[Int(slot)].scheduled = done.scheduled
    handOffs[Int(slot)].firstToken = now
    handOffs[Int(slot)].isHeld = true
    if handOffs[Int(slot)].past.firstToken != .never {
      requests.endLapse(of: slot, hasFirstToken: true, at: now)
    }
    if output == 1 || !roles.pointee.links.settings.answersFromReceiver { answerFirst(service, slot) }
    if output == 1 {
      release(service, slot, &pending)
      return close(service, slot, lastToken: now, preemptions: 0, &pending)
    }
    // A decode replica that fell meanwhile, or was not there, has to be replaced.
    let isAnnounced = handOffs[Int(slot)].decodeReplica >= 0
    if !isAnnounced { return announce(service, slot, &pending) }
    roles.pointee.early -= 1
    if handOffs[Int(slot)].reserved != .never { beginTransfer(service, slot, &pending) }
  }

  private mutating func takeReservation(
    _ service: Int, _ reservation: Reservation, _ pending: inout PendingEvents
  ) {
    let slot = reservation.handle
    handOffs[Int(slot)].reserved = now
    if handOffs[Int(slot)].firstToken != .never { beginTransfer(service, slot, &pending) }
  }

  /// The client gets the first token that this hand-off leads to.
  private mutating func answerFirst(_ service: Int, _ slot: UInt32) {
    if handOffs[Int(slot)].past.firstToken == .never {
      handOffs[Int(slot)].past.firstToken = now
      handOffs[Int(slot)].past.scheduled = handOffs[Int(slot)].scheduled
    } else if now >= measuredFrom {
      let gap = now - handOffs[Int(slot)].past.lastToken
      let (fine, isOver) = gap.count.multipliedReportingOverflow(by: 256)
      services[service].pointee.tally.interTokenGaps.record(isOver ? .max : fine)
    }
  }

  // MARK: Transfers

  private mutating func beginTransfer(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let roles = roles(of: service)
    let request = requests[slot]
    let handOff = handOffs[Int(slot)]
    let decode = Int(handOff.decodeReplica) - roles.pointee.prefillCount
    let sender = Int(request.replica)
    let isShared = sharing.links.sharesTransfers[service]
    if isShared, !roles.pointee.links.settings.isWithinNode(sender, decode) {
      let settings = roles.pointee.links.settings
      occupyPorts(
        service, from: settings.senders.sites[sender].port, to: settings.receivers.sites[decode].port)
    }
    let (started, wake) = roles.pointee.links.begin(
      slot, tokens: tokensLeft(of: slot).prompt, from: sender, to: decode,
      computedFrom: max(handOff.scheduled, handOff.reserved), at: now)
    if let started { schedule(service, started, &pending) }
    if let wake {
      pending.push(EventCode(.portFree, service: service, index: wake.port).payload, at: wake.time)
    }
    if isShared { countTransfer(service, slot, by: 1, &pending) }
  }

  mutating func takeNextTransfer(_ service: Int, port: Int, _ pending: inout PendingEvents) {
    if !roles(of: service).pointee.links.canBegin(on: port, at: now) { return }
    let isShared = sharing.links.sharesTransfers[service]
    if isShared, let next = roles(of: service).pointee.links.next(on: port),
      let ports = roles(of: service).pointee.links.ports(of: next)
    {
      occupyPorts(service, from: ports.sender, to: ports.receiver)
    }
    let (started, wake) = roles(of: service).pointee.links.portIsFree(port, at: now)
    schedule(service, started, &pending)
    if let wake { pending.push(EventCode(.portFree, service: service, index: port).payload, at: wake) }
    if isShared { settleShares(&pending) }
  }

  private mutating func schedule(
    _ service: Int, _ transfer: TransferLinks.Started, _ pending: inout PendingEvents
  ) {
    handOffs[Int(transfer.id)].left = now
    planEnd(of: transfer.id, of: service, at: transfer.end, &pending)
  }

  /// The last KV entry of a request will have come then, unless its transfer is cancelled.
  mutating func planEnd(
    of slot: UInt32, of service: Int, at end: Ticks, _ pending: inout PendingEvents
  ) {
    let version = handOffs[Int(slot)].past.version
    let code = EventCode(.transferEnd, service: service, index: Int(slot), version: version)
    pending.push(code.payload, at: end)
  }

  /// The last KV entry of a transfer under way comes sooner or later than was planned.
  mutating func replanEnd(
    of transfer: TransferLinks.Started, of service: Int, _ pending: inout PendingEvents
  ) {
    handOffs[Int(transfer.id)].past.version &+= 1
    planEnd(of: transfer.id, of: service, at: max(now, transfer.end), &pending)
  }

  mutating func endTransfer(_ code: EventCode, _ pending: inout PendingEvents) {
    let (service, slot) = (code.service, UInt32(code.index))
    let handOff = handOffs[Int(slot)]
    guard EventCode.isCurrent(code.version, of: handOff.past.version) else { return }
    let state = services[service]
    let roles = roles(of: service)
    handOffs[Int(slot)].received = now
    let bytes = roles.pointee.links.settings.bytes(ofTokens: tokensLeft(of: slot).prompt)
    let decode = Int(handOff.decodeReplica)
    if roles.pointee.links.settings.answersFromReceiver { answerFirst(service, slot) }
    roles.pointee.bytesReceived += bytes
    if sharing.links.sharesTransfers[service] { countTransfer(service, slot, by: -1, &pending) }
    let first = roles.pointee.links.settings.answersFromReceiver ? now : handOff.firstToken
    state.pointee.replicas[decode].pointee.receive(handOff.ticket, firstToken: first, at: now)
    reschedule(service, decode, &pending)
    release(service, slot, &pending)
  }

  /// Nobody needs the blocks on the prefill replica any more.
  mutating func release(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let replica = Int(requests[slot].replica)
    let prefill = services[service].pointee.replicas[replica]
    prefill.pointee.release(handOffs[Int(slot)].prefillTicket, at: now)
    handOffs[Int(slot)].isHeld = false
    reschedule(service, replica, &pending)
    if services[service].pointee.life != nil { releaseIfDrained(service, replica, &pending) }
  }

  // MARK: Ends

  private mutating func endAnswer(_ service: Int, _ done: Completion, _ pending: inout PendingEvents) {
    let state = services[service]
    let roles = roles(of: service)
    let decode = Int(handOffs[Int(done.handle)].decodeReplica)
    roles.pointee.forget(1, at: decode)
    roles.pointee.decodedTokens += Int64(done.outputTokens) - 1
    state.pointee.tally.preemptions += Int64(done.preemptions)
    close(service, done.handle, lastToken: done.lastToken, preemptions: done.preemptions, &pending)
  }

  private mutating func close(
    _ service: Int, _ slot: UInt32, lastToken: Ticks, preemptions: Int32, _ pending: inout PendingEvents
  ) {
    let state = services[service]
    let roles = roles(of: service)
    let request = requests[slot]
    let handOff = handOffs[Int(slot)]
    let lapse = requests.lapse(of: slot)
    requests.remove(slot)
    let up = Ticks(state.pointee.roundTrip.count / 2)
    let (first, scheduled) = (handOff.past.firstToken, handOff.past.scheduled)
    var times = RequestTimes(
      sent: request.sent, network: state.pointee.roundTrip, queue: scheduled - request.sent - up,
      prefill: first - scheduled, decode: lastToken - first,
      outputTokens: request.outputTokens)
    if let lapse { times.count(lapse) }
    let way = roles.pointee.way(of: handOff, promptTokens: request.promptTokens)
    finish(
      service, request, times, preemptions: preemptions,
      cachedTokens: min(handOff.cachedTokens, request.promptTokens), &pending)
    guard let way else { return }
    if request.sent >= measuredFrom { state.pointee.tally.transfers?.record(way) }
    if options.keepsRequests { records[records.count - 1].handOff = way }
  }
}
