import Kernel

/// What a replica is doing now: nothing, or a run of steps whose batch does not change.
///
/// The cost of decoding steps grows by a constant from one to the next (each sequence reads one more KV
/// entry), so the end of any of them is an arithmetic series away.
@usableFromInline struct StepRun {
  /// `mixed` is one step of prompts and decodes, `prompts` one of prompts alone, in which decoders stall.
  enum Kind: UInt8 { case idle, decode, mixed, prompts }

  var kind = Kind.idle
  /// Steps planned.
  var steps: Int64 = 0
  /// Cost of the first step [fine ticks], and what a later one costs more for each token that decoders were
  /// given since.
  var firstCost: Int64 = 0
  var costIncrease: Int64 = 0
  var base = StepCost(total: 0, compute: 0, memory: 0, network: 0)
  /// Steps that ran before it, and how many tokens each step gives.
  var start: Int64 = 0
  var rate = TokenRate.one

  var computesPrompts: Bool { kind == .mixed || kind == .prompts }

  /// Cost of the first `count` steps [fine ticks]. The planner keeps it inside 63 bits.
  @inline(__always) func cost(of count: Int64) -> Int64 {
    count &* firstCost &+ costIncrease &* rate.sumOfTotals(from: start, steps: count)
  }

  /// The fewest steps that cost at least `target` fine ticks; at least 1.
  func stepsCosting(atLeast target: Int64) -> Int64 {
    if target <= firstCost { return 1 }
    var count: Int64
    if costIncrease == 0 {
      count = (target + firstCost - 1) / firstCost
    } else {
      // Root of increase/2·n² + (first − increase/2)·n = target, then the exact integer beside it.
      let half = Double(costIncrease) / 2 * rate.mean
      let linear = Double(firstCost) - half
      let root = (linear * linear + 4 * half * Double(target)).squareRoot()
      count = Int64(max(1, ((root - linear) / (2 * half)).rounded(.up)))
    }
    while cost(of: count) < target { count += 1 }
    while count > 1 && cost(of: count - 1) >= target { count -= 1 }
    return count
  }

  /// The most steps up to `limit` whose total cost surely fits into 61 bits.
  func boundedSteps(_ limit: Int64) -> Int64 {
    let ceiling: Int64 = 1 << 61
    var bounded = min(limit, 1 << 20)
    while bounded > 1 {
      let last = costIncrease.multipliedReportingOverflow(by: bounded &* rate.most)
      let step = firstCost.addingReportingOverflow(last.partialValue)
      if !last.overflow && !step.overflow && step.partialValue < ceiling / bounded { break }
      bounded /= 2
    }
    return bounded
  }
}
