import Kernel

/// A replica that breaks, and the one that takes its place.
extension LeapingReplica {
  /// The replica breaks: all that it holds is lost. Whoever drives it takes a `successor` instead.
  ///
  /// Steps that ended before `now` have happened: their tokens were answered and their time counts, and so
  /// does the time of the step in flight. What ends on this very tick and was not taken yet is lost too.
  ///
  /// - Parameter now: not before its last change, and not after its `nextChange`.
  /// - Returns: handles of the requests without a complete answer: those that run in the order of their
  ///   admission, then those that wait in their order.
  /// - Complexity: O(requests inside), and their logarithm for queues by rank.
  public mutating func breakDown(at now: Ticks) -> [UInt32] {
    if run.kind != .idle && now > boundary { spend(until: now) }
    nextChange = .never
    var handles: [UInt32] = []
    var slot = running.first
    while slot != noSequence {
      // The rest of a fixed batch pads it: it has its answer.
      if table[slot].state != .padding { handles.append(table[slot].handle) }
      slot = table[slot].next
    }
    for slot in waiting.slots(in: table) { handles.append(table[slot].handle) }
    return handles
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
