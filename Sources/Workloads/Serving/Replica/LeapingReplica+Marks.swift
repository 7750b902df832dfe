import Kernel

/// What a replica has done up to a moment, so that its work in a span of time can be told.
extension LeapingReplica {
  /// The totals as of `now`: those of everything that has ended, and of the run of steps in flight the part
  /// that is over in time. Prompt tokens count with the end of their step.
  ///
  /// - Parameter now: not before its last change, and not after its `nextChange`.
  /// - Complexity: O(tiers).
  public func totals(at now: Ticks) -> ReplicaTotals {
    var all = finalTotals
    let part = partOver(at: now)
    if part == 0 { return all }
    let cost = run.cost(of: run.steps)
    let steps = run.steps
    func share(_ whole: Int64) -> Int128 { Int128(whole) * Int128(part) / Int128(cost) }
    all.busy += Int128(part)
    all.compute += share(run.base.compute &* steps)
    let longer = run.kind == .decode ? cost - run.base.total &* steps : 0
    all.memory += share(run.base.memory &* steps &+ longer)
    all.network += share(run.base.network &* steps)
    all.blockTime += Double(part) * Double(ledger.used)
    all.steps += Int64(share(steps))
    if run.kind != .prompts {
      let decoders = ledger.decoders
      all.computedTokens += Int64(share(decoders &* steps &* width))
      all.contextRead += Int64(share(steps &* (context &+ decoders &* width)))
    }
    return all
  }

  /// Fine ticks in which steps were computed up to `now`, those of the run of steps in flight among them.
  ///
  /// - Parameter now: as of `totals`.
  /// - Complexity: O(1).
  public func busy(at now: Ticks) -> Int128 { totals.busy + Int128(partOver(at: now)) }

  /// Fine ticks of the run of steps in flight that are over at `now`.
  private func partOver(at now: Ticks) -> Int64 {
    guard run.kind != .idle, nextChange != .never, now > boundary else { return 0 }
    let cost = run.cost(of: run.steps)
    return max(0, min(cost, (now.count - boundary.count) &* fineTicksPerTick - fraction))
  }
}

extension ReplicaTotals {
  /// What was done since `earlier`; the most of anything stays that of all the time.
  public func since(_ earlier: ReplicaTotals) -> ReplicaTotals {
    var rest = self
    rest.busy -= earlier.busy
    rest.compute -= earlier.compute
    rest.memory -= earlier.memory
    rest.network -= earlier.network
    rest.steps -= earlier.steps
    rest.computedTokens -= earlier.computedTokens
    rest.promptTokens -= earlier.promptTokens
    rest.contextRead -= earlier.contextRead
    rest.blockTime = max(0, blockTime - earlier.blockTime)
    for index in rest.tiers.indices where earlier.tiers.indices.contains(index) {
      rest.tiers[index].busy = max(.zero, rest.tiers[index].busy - earlier.tiers[index].busy)
    }
    return rest
  }
}
