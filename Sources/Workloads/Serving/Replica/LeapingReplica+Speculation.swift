import Kernel
import Statistics

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

  /// The gaps before the first token of each step: steps a whole period of the rate apart form progressions.
  mutating func recordGapsBetweenSteps(_ steps: Int64) {
    let period = TokenRate.denominator
    for index in 0..<min(period, steps) {
      let given = rate.total(after: step + index) - rate.total(after: step)
      interTokenGaps.recordProgression(
        first: run.firstCost + run.costIncrease * given, step: run.costIncrease * rate.tokensIn256Steps,
        terms: (steps - index + period - 1) / period, weight: answering)
    }
  }

  /// The other tokens of a step come with its first: gaps of nothing, `bunched` of them if none were dropped.
  mutating func recordGapsWithinSteps(_ bunched: Int64) {
    var count = bunched
    for slot in finishing {
      count -=
        table[slot].base + emitted - Int64(table[slot].promptTokens) + 1 - Int64(table[slot].outputTokens)
    }
    interTokenGaps.record(0, count: count)
  }
}
