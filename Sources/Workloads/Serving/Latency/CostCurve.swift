/// Step costs by a count: exact up to 1024, then knots a sixteenth of the count apart with straight lines
/// between, in integers. Never smaller for a larger count, and the same on every machine.
struct CostCurve: Sendable {
  private static let exactCounts = 1024
  private var exact: [StepCost] = []
  private var knots: [Int] = []
  private var costs: [StepCost] = []

  /// - Complexity: O(1024 + log largest) calls of `cost`.
  init(upTo largest: Int, _ cost: (Int) -> LayerCost.Parts) {
    var last = StepCost(total: 0, compute: 0, memory: 0, network: 0)
    func next(_ count: Int) -> StepCost {
      last = Self.rounded(cost(count), notBelow: last)
      return last
    }
    for count in 0...max(1, min(largest, Self.exactCounts)) { exact.append(next(count)) }
    knots = [exact.count - 1]
    costs = [last]
    var knot = exact.count - 1
    while knot < largest {
      knot = min(largest, knot + max(1, knot / 16))
      knots.append(knot)
      costs.append(next(knot))
    }
  }

  /// - Complexity: constant up to 1024, then logarithmic in the number of knots, some 80.
  func cost(_ count: Int) -> StepCost {
    if count < exact.count { return exact[max(0, count)] }
    var low = 0
    var high = knots.count - 1
    if count >= knots[high] { return beyond(count) }
    while high - low > 1 {
      let middle = (low + high) / 2
      if knots[middle] <= count { low = middle } else { high = middle }
    }
    let part = Int64(count - knots[low])
    let whole = Int64(knots[high] - knots[low])
    func between(_ from: Int64, _ to: Int64) -> Int64 {
      // Rounded down also on the way down, so that the parts never sum to more than the total.
      let product = Int128(to - from) * Int128(part)
      let quotient = product / Int128(whole)
      return from + Int64(quotient) - (product % Int128(whole) < 0 ? 1 : 0)
    }
    let (a, b) = (costs[low], costs[high])
    return StepCost(
      total: between(a.total, b.total), compute: between(a.compute, b.compute),
      memory: between(a.memory, b.memory), network: between(a.network, b.network))
  }

  /// Past the table the last cost is paid once for each time the table's end fits, whole or begun.
  private func beyond(_ count: Int) -> StepCost {
    let last = costs[costs.count - 1]
    let end = knots[knots.count - 1]
    let times = Int64((count - 1) / end + 1)
    let compute = FineTicks.product(last.compute, times)
    let memory = FineTicks.product(last.memory, times)
    let network = FineTicks.product(last.network, times)
    // The total is summed from saturated parts, so that none of them exceeds it.
    let total = compute + memory + network + FineTicks.product(last.host, times)
    return StepCost(total: total, compute: compute, memory: memory, network: network)
  }

  private static func rounded(_ parts: LayerCost.Parts, notBelow last: StepCost) -> StepCost {
    let compute = FineTicks.rounded(parts.compute)
    let network = FineTicks.rounded(parts.network)
    var memory = FineTicks.rounded(parts.memory)
    var total = compute + memory + network + FineTicks.rounded(parts.host)
    if total < last.total {
      memory += last.total - total
      total = last.total
    }
    return StepCost(total: total, compute: compute, memory: memory, network: network)
  }
}

/// Fine ticks: 256 to a tick of the clock, so that rounding a cost once loses nothing over a million steps.
enum FineTicks {
  static let perSecond = 16e9 * 256
  /// Four and a half hours: no term of a step costs more, whatever a scenario asks, so that sums stay in
  /// range.
  static let largest: Int64 = 1 << 56

  static func rounded(_ seconds: Double) -> Int64 {
    guard seconds > 0 else { return 0 }
    let scaled = (seconds * perSecond).rounded()
    // A NaN compares false and lands on the largest cost too.
    return scaled < 0x1p56 ? Int64(scaled) : largest
  }

  static func product(_ cost: Int64, _ times: Int64) -> Int64 {
    let (result, overflow) = cost.multipliedReportingOverflow(by: times)
    return overflow ? largest : min(result, largest)
  }
}
