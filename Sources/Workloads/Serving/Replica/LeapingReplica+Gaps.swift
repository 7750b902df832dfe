import Kernel
import Statistics

/// Decoders whose last token is older than the last boundary, so that their next has a longer gap behind it.
struct LateDecoders {
  /// Those with a time of their own, `lastToken`: they joined from elsewhere, or since decoding stalled.
  var slots: [UInt32] = []
  /// How many they are: looked at in every change of every replica, so kept where no array need be visited.
  var count: Int64 = 0
  /// Since when, and for how long [fine ticks], the other decoders wait for steps of prompts alone.
  var stallStart = Ticks.zero
  var stall: Int64 = 0
}

/// Gaps between consecutive tokens of a request.
extension LeapingReplica {
  /// Records the gaps that end in a run of decoding steps, which has not been counted yet.
  mutating func recordGaps(steps: Int64) {
    if late.count == 0 && late.stall == 0 {
      if !rate.isPlain { return recordGaps(ofSteps: 0, upTo: steps) }
      interTokenGaps.recordProgression(
        first: run.firstCost, step: run.costIncrease, terms: steps, weight: answering)
      return
    }
    interTokenGaps.record(run.firstCost + late.stall, count: answering - late.count)
    let firstEnd = boundary + Ticks((fraction + run.firstCost) / fineTicksPerTick)
    for slot in late.slots {
      interTokenGaps.record(fineTicks(in: firstEnd - table[slot].lastToken))
    }
    recordGaps(ofSteps: 1, upTo: steps)
  }

  /// The gaps before the first token of each step: with drafts, steps a whole period of the rate apart form
  /// progressions.
  private mutating func recordGaps(ofSteps first: Int64, upTo steps: Int64) {
    let period = rate.isPlain ? 1 : TokenRate.denominator
    let increase = run.costIncrease * (rate.isPlain ? 1 : rate.tokensIn256Steps)
    for index in first..<max(first, min(period + first, steps)) {
      let given = rate.total(after: step + index) - rate.total(after: step)
      interTokenGaps.recordProgression(
        first: run.firstCost + run.costIncrease * given, step: increase,
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

  /// The decoders wait for a step of prompts alone that begins at `boundary`.
  mutating func stallDecoders(for cost: Int64) {
    if late.stall == 0 { late.stallStart = boundary }
    // A stall of hours need not be exact, but must not overflow.
    late.stall = min(late.stall, FineTicks.largest) + cost
  }

  /// The next gap of a decoder reaches back to its own `lastToken`.
  mutating func awaitToken(_ slot: UInt32) {
    late.slots.append(slot)
    late.count += 1
  }

  /// Every decoder has a token from the last boundary.
  mutating func forgetLateDecoders() {
    late.stall = 0
    if late.count == 0 { return }
    late.slots.removeAll(keepingCapacity: true)
    late.count = 0
  }

  /// When a decoder that goes got its last token: keeps that in its `lastToken`.
  mutating func keepLastToken(of slot: UInt32) {
    if late.count > 0, let position = late.slots.firstIndex(of: slot) {
      late.slots.remove(at: position)
      late.count -= 1
    } else {
      table[slot].lastToken = late.stall == 0 ? boundary : late.stallStart
    }
  }
}
