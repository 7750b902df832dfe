import Kernel

/// A request without a complete answer, as a replica that broke leaves it.
public struct LostSequence: Sendable, Hashable {
  /// The caller's name for the request.
  public var handle: UInt32
  /// When it reached the replica.
  public var arrival: Ticks
  /// Tokens of its answer that had come out, one that another replica computed included.
  public var answered: Int32 = 0
  /// When the last of them came out; `.never` without one. After a step of prompts that decoders waited for
  /// (`prompts: first`), the end of that step.
  public var lastToken = Ticks.never
}

/// A replica that breaks, and the one that takes its place.
extension LeapingReplica {
  /// The replica breaks: all that it holds is lost. Whoever drives it takes a `successor` instead.
  ///
  /// Steps that ended before `now` have happened: their tokens were answered and their time counts, and so
  /// does the time of the step in flight. What ends on this very tick and was not taken yet is lost too.
  ///
  /// - Parameter now: not before its last change, and not after its `nextChange`.
  /// - Returns: the requests without a complete answer: those that run in the order of their admission; those
  ///   that hold blocks for KV entries on their way, to here or from here, in the order in which they got
  ///   them; then those that wait in their order.
  /// - Complexity: O(requests inside), and their logarithm for queues by rank.
  public mutating func breakDown(at now: Ticks) -> [LostSequence] {
    if run.kind != .idle && now > boundary { spend(until: now) }
    nextChange = .never
    var lost: [LostSequence] = []
    var slot = running.first
    while slot != noSequence {
      // The rest of a fixed batch pads it: it has its answer.
      if table[slot].state != .padding { lost.append(lostSequence(slot)) }
      slot = table[slot].next
    }
    if remote.receiving > 0 || remote.held > 0 {
      var holders: [(time: Ticks, slot: UInt32)] = []
      for slot in table.slots(in: .receiving) + table.slots(in: .held) {
        holders.append((table[slot].scheduled, slot))
      }
      holders.sort { $0 < $1 }
      for holder in holders { lost.append(lostSequence(holder.slot)) }
    }
    for slot in waiting.slots(in: table) { lost.append(lostSequence(slot)) }
    return lost
  }

  private func lostSequence(_ slot: UInt32) -> LostSequence {
    let sequence = table[slot]
    var lost = LostSequence(handle: sequence.handle, arrival: sequence.arrival)
    switch sequence.state {
    case .decoding:
      // What a last step of drafts gave beyond the answer is nobody's text.
      let given = sequence.base + emitted - Int64(sequence.promptTokens) + 1
      lost.answered = Int32(min(given, Int64(sequence.outputTokens) - 1))
      lost.lastToken = lost.answered == 1 ? sequence.firstToken : boundary
    case .waiting, .prefilling:
      lost.answered = sequence.generated
      if sequence.generated > 0 { lost.lastToken = sequence.lastToken }
    case .free, .padding, .expected, .receiving, .held, .released: break
    }
    return lost
  }

  /// Accounts for the run of steps in flight up to `now`, whose last step does not come to its end.
  private mutating func spend(until now: Ticks) {
    var done: Int64 = 0
    if run.kind == .decode {
      let elapsed = (now.count - boundary.count) &* fineTicksPerTick - fraction
      done = run.stepsCosting(atLeast: elapsed)
      if run.cost(of: done) > elapsed { done -= 1 }
      done = min(done, run.steps - 1)
      if done > 0 {
        let bunched = advanceDecoders(steps: done)
        if bunched > 0 { recordGapsWithinSteps(bunched) }
      }
    }
    let cost = run.cost(of: done + 1) - run.cost(of: done)
    let part = min(cost, (now.count - boundary.count) &* fineTicksPerTick - fraction)
    guard cost > 0, part > 0 else { return }
    func share(_ whole: Int64) -> Int128 { Int128(whole) * Int128(part) / Int128(cost) }
    totals.busy += Int128(part)
    totals.compute += share(run.base.compute)
    totals.memory += share(run.base.memory + (run.kind == .decode ? cost - run.base.total : 0))
    totals.network += share(run.base.network)
    totals.blockTime += Double(part) * Double(ledger.used)
  }

  /// An empty replica with the same settings and the totals so far. What lies on its own node is gone; a tier
  /// that all replicas share keeps what it has.
  public func successor() -> LeapingReplica {
    let places = zip(tiers, cache.below.tiers).map { settings, place in
      settings.kind == .remote ? place : CacheTier(settings, bytesPerBlock: bytesPerBlock)
    }
    var next = LeapingReplica(settings: settings, model: model, tiers: keepsCache ? places : nil)
    next.totals = finalTotals
    next.slices = slices
    next.interTokenGaps = interTokenGaps
    next.measuredFrom = measuredFrom
    next.isDraining = isDraining
    next.undescribed = undescribed
    return next
  }
}
