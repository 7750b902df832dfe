/// Repairs measurements that scatter: more work must never cost less.
enum NeverFalling {
  /// Midway between the least values that never fall and lie nowhere below the given ones, and the greatest
  /// that lie nowhere above them. Values that never fall stay as they are.
  ///
  /// - Parameters:
  ///   - values: of a grid, the last index fastest.
  ///   - shape: its lengths; values must not fall along any of its axes.
  /// - Complexity: O(values × axes).
  static func repaired(_ values: [Double], shape: [Int]) -> [Double] {
    precondition(values.count == shape.reduce(1, *), "a grid is full")
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    var above = values
    var below = values
    for index in values.indices {
      for axis in shape.indices where index / strides[axis] % shape[axis] > 0 {
        above[index] = max(above[index], above[index - strides[axis]])
      }
    }
    for index in values.indices.reversed() {
      for axis in shape.indices where index / strides[axis] % shape[axis] < shape[axis] - 1 {
        below[index] = min(below[index], below[index + strides[axis]])
      }
    }
    return values.indices.map { (above[$0] + below[$0]) / 2 }
  }
}

/// Measured times [s] by one count: straight lines between the measured counts, and never less for more.
///
/// It passes through every point where the points never fall; elsewhere see `NeverFalling`.
struct MeasuredCurve {
  let knots: [Int]
  let times: [Double]

  /// - Parameter points: counts that differ, in any order; at least one.
  init(_ points: [(count: Int, time: Double)]) {
    precondition(!points.isEmpty, "a curve has a point")
    let sorted = points.sorted { $0.count < $1.count }
    knots = sorted.map(\.count)
    times = NeverFalling.repaired(sorted.map(\.time), shape: [sorted.count])
  }

  /// The first time below the first count; beyond the last, in proportion to the count.
  func time(_ count: Int) -> Double {
    let last = knots.count - 1
    if count <= knots[0] { return times[0] }
    if count >= knots[last] { return times[last] * Double(count) / Double(knots[last]) }
    let high = knots.firstIndex(atLeast: count)
    let (a, b) = (knots[high - 1], knots[high])
    return times[high - 1] + (times[high] - times[high - 1]) * Double(count - a) / Double(b - a)
  }
}

/// Step costs in fine ticks by a count, tabulated at the counts that were measured.
///
/// Matrix units work in tiles of at least sixteen rows, so a count costs what the next multiple of sixteen
/// costs, or the next measured count where that is nearer; between such counts costs lie on straight lines.
struct TabulatedCost: Sendable {
  /// Seconds by what bound them.
  struct Parts {
    var compute = 0.0
    var memory = 0.0
    var network = 0.0

    var sum: Double { compute + memory + network }

    func scaled(_ factor: Double) -> Parts {
      Parts(compute: compute * factor, memory: memory * factor, network: network * factor)
    }
  }

  private static let tile = 16
  private let knots: [Int]
  private let costs: [StepCost]

  static let nothing = TabulatedCost(knots: []) { _ in Parts() }

  /// - Parameters:
  ///   - knots: ascending; none for something that costs nothing.
  ///   - parts: their sum never falls.
  init(knots: [Int], _ parts: (Int) -> Parts) {
    self.knots = knots
    var costs: [StepCost] = []
    for knot in knots {
      let part = parts(knot)
      var cost = StepCost(
        total: 0, compute: FineTicks.rounded(part.compute), memory: FineTicks.rounded(part.memory),
        network: FineTicks.rounded(part.network))
      cost.total = cost.compute + cost.memory + cost.network
      if let last = costs.last, last.total > cost.total {
        cost.memory += last.total - cost.total
        cost.total = last.total
      }
      costs.append(cost)
    }
    self.costs = costs
  }

  /// Nothing for none; beyond the last knot, in proportion to the count.
  /// - Complexity: O(log knots).
  func cost(_ count: Int) -> StepCost {
    guard count > 0, let last = knots.last else {
      return StepCost(total: 0, compute: 0, memory: 0, network: 0)
    }
    if count >= last { return costs[costs.count - 1].scaled(count, last) }
    let high = knots.firstIndex(atLeast: count)
    if high == 0 || knots[high] == count { return costs[high] }
    let (from, to) = (knots[high - 1], knots[high])
    let padded = min(to, (count + Self.tile - 1) / Self.tile * Self.tile)
    return costs[high - 1].interpolated(to: costs[high], padded - from, of: to - from)
  }
}

extension StepCost {
  /// Rounded down part by part, so that the parts never sum to more than the total.
  fileprivate func interpolated(to other: StepCost, _ part: Int, of whole: Int) -> StepCost {
    func between(_ a: Int64, _ b: Int64) -> Int64 { FineTicks.between(a, b, part, of: whole) }
    return StepCost(
      total: between(total, other.total), compute: between(compute, other.compute),
      memory: between(memory, other.memory), network: between(network, other.network))
  }

  fileprivate func scaled(_ count: Int, _ whole: Int) -> StepCost {
    func scale(_ value: Int64) -> Int64 { FineTicks.scaled(value, count, whole) }
    let (compute, memory, network) = (scale(compute), scale(memory), scale(network))
    return StepCost(total: compute + memory + network, compute: compute, memory: memory, network: network)
  }
}

extension FineTicks {
  /// On the straight line from `a` to `b`, rounded down.
  static func between(_ a: Int64, _ b: Int64, _ part: Int, of whole: Int) -> Int64 {
    let product = (Int128(b) - Int128(a)) * Int128(part)
    let quotient = product / Int128(whole)
    return Int64(Int128(a) + quotient - (product % Int128(whole) < 0 ? 1 : 0))
  }

  /// `value` × `numerator` ÷ `denominator`, at most the largest cost.
  static func scaled(_ value: Int64, _ numerator: Int, _ denominator: Int) -> Int64 {
    let result = Int128(value) * Int128(numerator) / Int128(denominator)
    return result < Int128(largest) ? Int64(result) : largest
  }
}

extension [Int] {
  /// The first position of an ascending list whose value is at least `value`; its count when there is none.
  func firstIndex(atLeast value: Int) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
