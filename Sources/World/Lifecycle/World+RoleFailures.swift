import Kernel
import Workloads

/// What becomes of requests whose prefill or decode replica falls.
///
/// A prefill replica takes along the prompts that wait there or are computed, and the KV entries of those
/// that have not moved yet; a decode replica, the KV entries of all whom it answers. Transfers from and to it
/// end. Who is lost goes back to a prefill replica, with what the client has of the answer behind the prompt:
/// the next decode replica goes on from there. That is how NVIDIA Dynamo migrates requests ("Request
/// Migration Architecture": tokens that came out are appended to the request's, and the rest of its budget is
/// asked for), retries limited by the service's `retry` in place of `--migration-limit`.
extension World {
  // MARK: Handing over again

  /// Prepares a request that a replica fell with for the next one.
  @inline(never)
  mutating func continueElsewhere(_ service: Int, _ slot: UInt32) {
    let (prompt, _) = tokensLeft(of: slot)
    // Where that is more than a prefill replica holds, the answer is computed from its first token on.
    if !services[service].pointee.replicas[0].pointee.canHold(promptTokens: prompt, outputTokens: 1) {
      handOffs[Int(slot)].past.answered = 0
    }
  }

  /// The router misses a request: nobody will fetch the KV entries that a prefill replica still has of it.
  @inline(never)
  mutating func endHandOff(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    handOffs[Int(slot)].isLost = false
    if handOffs[Int(slot)].isHeld { release(service, slot, &pending) }
  }

  /// Whether a request finds no decode replica that the router knows to be up. With its prompt computed it
  /// waits for one; before that it asks again when it is.
  @inline(never)
  mutating func isWithoutDecode(_ service: Int, _ slot: UInt32) -> Bool {
    let state = services[service]
    guard state.pointee.life!.roles[1].serving.isEmpty else { return false }
    if isEarly(service, slot) { return true }
    handOffs[Int(slot)].starvedSince = now
    state.pointee.life!.waitingForDecode.append(slot)
    return true
  }

  /// Whether a request was sent to a decode replica that is not there. With its prompt computed it is lost
  /// until the router notices; before that it asks again when it is.
  @inline(never)
  mutating func isUnheard(_ service: Int, _ slot: UInt32, at replica: Int) -> Bool {
    let state = services[service]
    if state.pointee.life!.replicas[replica].phase.isUp { return false }
    if isEarly(service, slot) {
      roles(of: service).pointee.forget(1, at: replica)
      handOffs[Int(slot)].decodeReplica = -1
      return true
    }
    lose(service, slot, at: replica)
    return true
  }

  /// Whether a request asks for a decode replica before its prompt is computed; it does so no longer.
  private mutating func isEarly(_ service: Int, _ slot: UInt32) -> Bool {
    guard handOffs[Int(slot)].firstToken == .never else { return false }
    roles(of: service).pointee.early -= 1
    return true
  }

  /// A decode replica takes requests again: whoever waited for one gets it.
  @inline(never)
  mutating func announceWaiting(_ service: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    let waiting = state.pointee.life!.waitingForDecode
    state.pointee.life!.waitingForDecode = []
    for slot in waiting {
      endStarving(slot)
      announce(service, slot, &pending)
    }
  }

  private mutating func endStarving(_ slot: UInt32) {
    handOffs[Int(slot)].past.starved += now - handOffs[Int(slot)].starvedSince
    handOffs[Int(slot)].starvedSince = .never
  }

  // MARK: Falling

  /// A replica of a role falls with all that is inside; they are in the order of `breakDown`.
  @inline(never)
  mutating func loseHandOffs(
    _ service: Int, _ index: Int, _ lost: [LostSequence], _ pending: inout PendingEvents
  ) {
    let isPrefill = index < roles(of: service).pointee.prefillCount
    for sequence in lost {
      if isPrefill {
        losePrompt(service, sequence.handle, at: index, &pending)
      } else {
        loseAnswer(service, sequence, at: index, &pending)
      }
    }
  }

  /// A request is lost with its prefill replica.
  private mutating func losePrompt(
    _ service: Int, _ slot: UInt32, at index: Int, _ pending: inout PendingEvents
  ) {
    let roles = roles(of: service)
    let handOff = handOffs[Int(slot)]
    if handOff.isHeld {
      handOffs[Int(slot)].isHeld = false
      // Its decode replica fell before: it waits for the router to notice that.
      if handOff.isLost { return }
      if handOff.starvedSince != .never {
        services[service].pointee.life!.waitingForDecode.removeAll { $0 == slot }
        handOffs[Int(slot)].starvedSince = .never
      }
      // The router counts it here again.
      roles.pointee.forget(-1, at: index)
      if !roles.pointee.links.settings.answersFromReceiver {
        keepFirstToken(of: slot, at: handOff.firstToken)
      }
    } else if handOff.decodeReplica >= 0 {
      roles.pointee.early -= 1
    }
    if handOff.decodeReplica >= 0 { leaveDecode(service, slot, &pending) }
    lose(service, slot, at: index)
  }

  /// A request is lost with its decode replica, which may still wait for its KV entries.
  private mutating func loseAnswer(
    _ service: Int, _ sequence: LostSequence, at index: Int, _ pending: inout PendingEvents
  ) {
    let roles = roles(of: service)
    let slot = sequence.handle
    let handOff = handOffs[Int(slot)]
    if handOff.firstToken == .never {
      // Its prompt is still being computed: it will ask for another when it is.
      roles.pointee.early -= 1
      roles.pointee.forget(1, at: index)
      handOffs[Int(slot)].decodeReplica = -1
      handOffs[Int(slot)].reserved = .never
      return
    }
    cancelTransfer(service, slot, &pending)
    let answersThere = roles.pointee.links.settings.answersFromReceiver
    if sequence.answered > 0 {
      handOffs[Int(slot)].past.answered += sequence.answered
      handOffs[Int(slot)].past.lastToken = sequence.lastToken
    } else if !answersThere || handOff.received != .never {
      keepFirstToken(of: slot, at: answersThere ? handOff.received : handOff.firstToken)
    }
    // What it has moved so far, whatever it was moved for.
    let prompt = requests[slot].promptTokens
    handOffs[Int(slot)].past.way = roles.pointee.way(of: handOff, promptTokens: prompt)
    lose(service, slot, at: index)
  }

  private mutating func keepFirstToken(of slot: UInt32, at time: Ticks) {
    handOffs[Int(slot)].past.answered += 1
    handOffs[Int(slot)].past.lastToken = time
  }

  /// Nobody has a request until the router notices that a replica is gone.
  private mutating func lose(_ service: Int, _ slot: UInt32, at index: Int) {
    let state = services[service]
    handOffs[Int(slot)].isLost = true
    // Only what led to KV entries that arrived counts as a wait for a decode replica.
    handOffs[Int(slot)].past.starved = handOffs[Int(slot)].past.way?.starved ?? .zero
    state.pointee.tally.inFlight += 1
    state.pointee.life!.lose(slot, at: index)
    let handOff = handOffs[Int(slot)]
    // Work for what the client has was not in vain.
    requests.beginLapse(of: slot, at: handOff.past.firstToken == .never ? handOff.delivered : now)
  }

  /// A decode replica that is up is not to answer a request after all.
  private mutating func leaveDecode(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let handOff = handOffs[Int(slot)]
    let decode = Int(handOff.decodeReplica)
    cancelTransfer(service, slot, &pending)
    services[service].pointee.replicas[decode].pointee.withdraw(handOff.ticket, at: now)
    roles(of: service).pointee.forget(1, at: decode)
    handOffs[Int(slot)].decodeReplica = -1
    handOffs[Int(slot)].reserved = .never
    reschedule(service, decode, &pending)
    releaseIfDrained(service, decode, &pending)
  }

  /// KV entries that are on their way, or wait for a port, do not move any further.
  private mutating func cancelTransfer(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let handOff = handOffs[Int(slot)]
    let isMoving = handOff.reserved != .never && handOff.firstToken != .never && handOff.received == .never
    guard isMoving else { return }
    handOffs[Int(slot)].past.version &+= 1
    let cancelled = roles(of: service).pointee.links.cancel(slot, at: now)
    for other in cancelled.sooner { replanEnd(of: other, of: service, &pending) }
    if let port = cancelled.wake {
      pending.push(EventCode(.portFree, service: service, index: port).payload, at: now)
    }
    if sharing.links.sharesTransfers[service] { countTransfer(service, slot, by: -1, &pending) }
  }
}
