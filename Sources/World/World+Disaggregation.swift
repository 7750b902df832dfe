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
  private func roles(of service: Int) -> UnsafeMutablePointer<DisaggregatedState> {
    services[service].pointee.disaggregation!
  }

  mutating func deliverToPrefill(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let state = services[service]
    let roles = roles(of: service)
    let request = requests[slot]
    state.pointee.tally.inFlight -= 1
    guard canServe(service, request) else {
      requests.remove(slot)
      return reject(service, request, &pending)
    }
    let replica = roles.pointee.choosePrefillReplica()
    requests[slot].replica = Int32(replica)
    while handOffs.count <= Int(slot) { handOffs.append(HandOff()) }
    handOffs[Int(slot)] = HandOff()
    let content = state.pointee.keepsCache ? state.pointee.source.content(of: request) : nil
    handOffs[Int(slot)].prefillTicket = state.pointee.replicas[replica].pointee.arrive(
      handle: slot, promptTokens: request.promptTokens, outputTokens: 1, content: content, at: now)
    reschedule(service, replica, &pending)
    if roles.pointee.links.settings.overlaps && request.outputTokens > 1 {
      roles.pointee.early += 1
      announce(service, slot, &pending)
    }
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
  private mutating func announce(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let state = services[service]
    let roles = roles(of: service)
    let request = requests[slot]
    let replica = roles.pointee.chooseDecodeReplica()
    handOffs[Int(slot)].decodeReplica = Int32(replica)
    handOffs[Int(slot)].ticket = state.pointee.replicas[replica].pointee.expect(
      handle: slot, promptTokens: request.promptTokens, outputTokens: request.outputTokens, at: now)
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
  }

  private mutating func endPrompt(_ service: Int, _ done: Completion, _ pending: inout PendingEvents) {
    let roles = roles(of: service)
    let slot = done.handle
    let request = requests[slot]
    roles.pointee.prefillLoads[Int(request.replica)] -= 1
    roles.pointee.promptTokens += Int64(request.promptTokens - done.cachedTokens)
    handOffs[Int(slot)].cachedTokens = done.cachedTokens
    handOffs[Int(slot)].scheduled = done.scheduled
    handOffs[Int(slot)].firstToken = now
    if request.outputTokens == 1 {
      release(service, slot, &pending)
      return close(service, slot, lastToken: now, preemptions: 0, &pending)
    }
    if !roles.pointee.links.settings.overlaps { return announce(service, slot, &pending) }
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

  // MARK: Transfers

  private mutating func beginTransfer(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let roles = roles(of: service)
    let request = requests[slot]
    let handOff = handOffs[Int(slot)]
    let decode = Int(handOff.decodeReplica) - roles.pointee.prefillCount
    if isShared(service, from: Int(request.replica), to: decode) {
      return sendShared(service, slot, &pending)
    }
    let (started, wake) = roles.pointee.links.begin(
      slot, tokens: request.promptTokens, from: Int(request.replica), to: decode,
      computedFrom: max(handOff.scheduled, handOff.reserved), at: now)
    if let started { schedule(service, started, &pending) }
    if let wake {
      pending.push(EventCode(.portFree, service: service, index: wake.port).payload, at: wake.time)
    }
  }

  /// Whether KV entries take a way that others use too.
  private func isShared(_ service: Int, from sender: Int, to receiver: Int) -> Bool {
    sharing.links.sharesTransfers[service]
      && !roles(of: service).pointee.links.settings.isWithinNode(sender, receiver)
  }

  mutating func takeNextTransfer(_ service: Int, port: Int, _ pending: inout PendingEvents) {
    let (started, wake) = roles(of: service).pointee.links.portIsFree(port, at: now)
    schedule(service, started, &pending)
    if let wake { pending.push(EventCode(.portFree, service: service, index: port).payload, at: wake) }
  }

  private mutating func schedule(
    _ service: Int, _ transfer: TransferLinks.Started, _ pending: inout PendingEvents
  ) {
    handOffs[Int(transfer.id)].left = now
    let code = EventCode(.transferEnd, service: service, index: Int(transfer.id))
    pending.push(code.payload, at: transfer.end)
  }

  mutating func endTransfer(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let state = services[service]
    let roles = roles(of: service)
    let request = requests[slot]
    let handOff = handOffs[Int(slot)]
    handOffs[Int(slot)].received = now
    let bytes = roles.pointee.links.settings.bytes(ofTokens: request.promptTokens)
    let decode = Int(handOff.decodeReplica)
    if isShared(service, from: Int(request.replica), to: decode - roles.pointee.prefillCount) {
      roles.pointee.links.countShared(bytes: bytes)
    }
    roles.pointee.bytesReceived += bytes
    let first = roles.pointee.links.settings.answersFromReceiver ? now : handOff.firstToken
    state.pointee.replicas[decode].pointee.receive(handOff.ticket, firstToken: first, at: now)
    reschedule(service, decode, &pending)
    release(service, slot, &pending)
  }

  /// Nobody needs the blocks on the prefill replica any more.
  private mutating func release(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let replica = Int(requests[slot].replica)
    let prefill = services[service].pointee.replicas[replica]
    prefill.pointee.release(handOffs[Int(slot)].prefillTicket, at: now)
    reschedule(service, replica, &pending)
  }

  // MARK: Ends

  private mutating func endAnswer(_ service: Int, _ done: Completion, _ pending: inout PendingEvents) {
    let state = services[service]
    let roles = roles(of: service)
    let decode = Int(handOffs[Int(done.handle)].decodeReplica)
    roles.pointee.decodeLoads[decode - roles.pointee.prefillCount] -= 1
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
    requests.remove(slot)
    let up = Ticks(state.pointee.roundTrip.count / 2)
    let isAnsweredThere = roles.pointee.links.settings.answersFromReceiver && handOff.received != .never
    let first = isAnsweredThere ? handOff.received : handOff.firstToken
    let times = RequestTimes(
      sent: request.sent, network: state.pointee.roundTrip, queue: handOff.scheduled - request.sent - up,
      prefill: first - handOff.scheduled, decode: lastToken - first,
      outputTokens: request.outputTokens)
    finish(
      service, request, times, preemptions: preemptions, cachedTokens: handOff.cachedTokens, &pending)
    if handOff.received == .never { return }
    let way = HandOffTimes(
      wait: handOff.left - handOff.firstToken, transfer: handOff.received - handOff.left,
      bytes: roles.pointee.links.settings.bytes(ofTokens: request.promptTokens),
      decodeReplica: handOff.decodeReplica)
    if request.sent >= measuredFrom { state.pointee.tally.transfers?.record(way) }
    if options.keepsRequests { records[records.count - 1].handOff = way }
  }

  /// What only a disaggregated service tells, after a check that nothing got lost in between.
  func disaggregatedOutcome(ofService index: Int) -> DisaggregatedOutcome? {
    let state = services[index]
    guard let roles = state.pointee.disaggregation?.pointee else { return nil }
    let count = state.pointee.replicas.count
    let inside = (0..<count).reduce(0) { $0 + state.pointee.replicas[$1].pointee.load }
    precondition(roles.bytesReceived <= roles.links.bytesSent, "no byte arrives that was not sent")
    if inside == 0 {
      precondition(
        (0..<count).allSatisfy { state.pointee.replicas[$0].pointee.heldBlocks == 0 },
        "a prompt's blocks are released when it has moved")
      precondition(
        roles.links.bytesAsked == roles.links.bytesSent && roles.links.bytesSent == roles.bytesReceived,
        "every KV byte asked for is sent and received")
      func computed(_ range: Range<Int>) -> Int64 {
        range.reduce(0) { $0 + state.pointee.replicas[$1].pointee.totals.computedTokens }
      }
      precondition(
        computed(0..<roles.prefillCount) == roles.promptTokens,
        "every prompt token is computed once or was cached")
      let answered = computed(roles.prefillCount..<count)
      precondition(
        state.pointee.tally.preemptions > 0
          ? answered >= roles.decodedTokens : answered == roles.decodedTokens,
        "a token comes from one step, unless its sequence is preempted")
    }
    return DisaggregatedOutcome(
      prefillReplicas: roles.prefillCount,
      blocksPerPrefillReplica: state.pointee.replicas[0].pointee.blockCount,
      blocksPerDecodeReplica: state.pointee.replicas[roles.prefillCount].pointee.blockCount,
      prefillSamples: sampler.roleSamples[index][0], decodeSamples: sampler.roleSamples[index][1],
      betweenRoles: state.pointee.betweenRoles)
  }
}
