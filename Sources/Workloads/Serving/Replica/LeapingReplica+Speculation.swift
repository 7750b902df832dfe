import Kernel

/// What the replica does differently when steps check drafted tokens.
///
/// All decoders get the same number of tokens in a step (`TokenRate`), so that they stay in lockstep: the
/// count of tokens given so far takes the place of the count of steps in what is kept of their contexts. A
/// sequence that runs holds room for the tokens of a draft past its context; what a last step gives beyond a
/// sequence's answer is dropped.
extension LeapingReplica {
  /// Tokens that a decoder computes in a step.
  @inline(__always) var width: Int64 { lookahead + 1 }

  /// Blocks that decoders take over the next steps. O(block size).
  @inline(__always) func growth(steps: Int64) -> Int64 {
    if rate.isPlain { return ledger.growth(steps: steps, from: emitted) }
    return ledger.growth(steps: rate.total(after: step + steps) - emitted, from: emitted)
  }

  /// Steps that can run before the free blocks are spent.
  @inline(__always) func stepsBeforeExhaustion(upTo steps: Int64) -> Int64 {
    if rate.isPlain { return ledger.stepsBeforeExhaustion(upTo: steps, from: emitted) }
    let wanted = rate.total(after: step + steps) - emitted
    let reached = ledger.stepsBeforeExhaustion(upTo: wanted, from: emitted)
    return min(steps, rate.step(within: emitted + reached) - step)
  }
}
