/// What the points that were tried say of those that were not, where every figure goes one way along every
/// variable with an order.
///
/// Two rules leave points out. What is nowhere more than a point that breaks a threshold breaks it too; and
/// what is nowhere less than a point that costs as much as the best costs no less. "More" is by the trend of
/// each variable, which pairs of tried points that differ in it alone tell, for costs and for holding apart;
/// a variable whose pairs contradict each other, and one without an order, must be equal instead. Without a
/// pair, more is taken to cost and to hold no less.
struct MonotoneExclusion: Sendable {
  /// Which way a figure goes along one variable.
  enum Trend: Sendable, Hashable { case unknown, rising, falling, mixed }

  /// A point that was run.
  struct Tried: Sendable {
    var point: [Double]
    /// The first objective, to be minimised, replication by replication; empty when unknown.
    var values: [Double]
    var holds: Bool
    /// More replications will not turn whether it holds.
    var isSettled: Bool

    /// How much dearer it is than another over the replications that both have, relative to the other;
    /// `nil` when unknown.
    func excess(over other: Tried) -> Double? {
      let common = min(values.count, other.values.count)
      if common == 0 { return nil }
      let own = values.prefix(common).reduce(0, +)
      let theirs = other.values.prefix(common).reduce(0, +)
      if own == theirs { return 0 }
      return (own - theirs) / max(abs(theirs), .leastNormalMagnitude)
    }
  }

  /// Differences of costs up to this share tell no trend: chance makes them.
  static let noise = 1e-3

  let tried: [Tried]
  let best: Tried?
  let costs: [Trend]
  let holding: [Trend]
  /// Points that break a threshold for good, those left out that lie at or below another one.
  private var breaking: [[Double]] = []
  /// Points that cost no less than the best, those left out that lie at or above another one.
  private var bounds: [[Double]] = []

  /// - Parameters:
  ///   - isOrdered: of each variable.
  ///   - best: whom others would have to be cheaper than; `nil` when nothing holds so far.
  /// - Complexity: O(tried × variables), times how many points lie in one line or on the edges of what the
  ///   rules leave out.
  init(_ tried: [Tried], isOrdered: [Bool], best: Tried?) {
    self.tried = tried
    self.best = best
    var costs = isOrdered.map { $0 ? Trend.unknown : .mixed }
    var holding = costs
    for axis in isOrdered.indices where isOrdered[axis] {
      // Points that differ in this variable alone.
      var lines: [[Double]: [Tried]] = [:]
      for one in tried {
        var line = one.point
        line[axis] = 0
        for other in lines[line] ?? [] where other.point[axis] != one.point[axis] {
          let (low, high) = one.point[axis] < other.point[axis] ? (one, other) : (other, one)
          if let excess = high.excess(over: low), abs(excess) > Self.noise {
            costs[axis].learn(excess > 0 ? .rising : .falling)
          }
          if low.isSettled, high.isSettled, low.holds != high.holds {
            holding[axis].learn(high.holds ? .rising : .falling)
          }
        }
        lines[line, default: []].append(one)
      }
    }
    (self.costs, self.holding) = (costs, holding)
    for one in tried where !one.holds && one.isSettled {
      if breaking.contains(where: { Self.isAtMost(one.point, $0, holding) }) { continue }
      breaking.removeAll { Self.isAtMost($0, one.point, holding) }
      breaking.append(one.point)
    }
    guard let best else { return }
    for one in tried {
      guard let excess = one.excess(over: best), excess >= 0 else { continue }
      if bounds.contains(where: { Self.isAtMost($0, one.point, costs) }) { continue }
      bounds.removeAll { Self.isAtMost(one.point, $0, costs) }
      bounds.append(one.point)
    }
  }

  /// Whether some ordered variable goes both ways.
  func isMixed(_ axis: Int) -> Bool { costs[axis] == .mixed || holding[axis] == .mixed }

  /// Whether it needs no run: it breaks a threshold or costs no less than the best, if the trends go on.
  ///
  /// - Complexity: O(points on the edges × variables).
  func excludes(_ point: [Double]) -> Bool {
    breaking.contains { Self.isAtMost(point, $0, holding) }
      || bounds.contains { Self.isAtMost($0, point, costs) }
  }

  /// Whether no two tried points contradict the trends: only then do they prove anything.
  ///
  /// - Complexity: O(tried² × variables).
  var isConsistent: Bool {
    !tried.contains { low in
      tried.contains { high in
        if low.holds, !high.holds, high.isSettled, Self.isAtMost(low.point, high.point, holding) {
          return true
        }
        guard let excess = low.excess(over: high), excess > Self.noise else { return false }
        return Self.isAtMost(low.point, high.point, costs)
      }
    }
  }

  /// The point of a list whose answer leaves the fewest others open at worst, of 64 spread over the list.
  ///
  /// - Complexity: O(points × variables).
  func mostTelling(_ points: [[Double]]) -> [Double]? {
    let stride = max(1, points.count / 64)
    var best: (point: [Double], count: Int)?
    for start in Swift.stride(from: stride / 2, to: points.count, by: stride) {
      let pivot = points[start]
      let below = points.count { Self.isAtMost($0, pivot, holding) }
      let above = points.count { Self.isAtMost(pivot, $0, costs) }
      let count = min(below, above)
      if best == nil || count > best!.count { best = (pivot, count) }
    }
    return best?.point
  }

  private static func isAtMost(_ low: [Double], _ high: [Double], _ trends: [Trend]) -> Bool {
    for (axis, trend) in trends.enumerated() {
      switch trend {
      case .rising, .unknown: if low[axis] > high[axis] { return false }
      case .falling: if low[axis] < high[axis] { return false }
      case .mixed: if low[axis] != high[axis] { return false }
      }
    }
    return true
  }
}

extension MonotoneExclusion.Trend {
  fileprivate mutating func learn(_ other: MonotoneExclusion.Trend) {
    if self == .unknown { self = other } else if self != other { self = .mixed }
  }
}

extension SearchSpace {
  /// Which variables are whole numbers or reals, whose values have an order.
  var isOrdered: [Bool] {
    variables.map { if case .choice = $0 { false } else { true } }
  }

  /// A step of one whole number up or down.
  func steps(from point: [Double]) -> [[Double]] {
    variables.indices.flatMap { axis in
      [-1.0, 1].compactMap { moved(point, [(axis, $0)]) }
    }
  }

  /// Another value of one choice, and steps of two whole numbers at once: such as fewer machines with fewer
  /// replicas on them.
  func exchanges(from point: [Double]) -> [[Double]] {
    var points: [[Double]] = []
    for (axis, variable) in variables.enumerated() {
      guard case .choice(let count) = variable else { continue }
      for value in 0..<count where Double(value) != point[axis] {
        var other = point
        other[axis] = Double(value)
        points.append(other)
      }
    }
    for first in variables.indices {
      for second in variables.indices.dropFirst(first + 1) {
        for (one, two) in [(-1.0, -1.0), (-1, 1), (1, -1), (1, 1)] {
          if let other = moved(point, [(first, one), (second, two)]) { points.append(other) }
        }
      }
    }
    return points
  }

  /// A point with whole numbers moved so far; `nil` outside the space or where another variable was meant.
  func moved(_ point: [Double], _ steps: [(axis: Int, by: Double)]) -> [Double]? {
    var point = point
    for step in steps {
      guard case .integer(let range) = variables[step.axis] else { return nil }
      point[step.axis] += step.by
      guard point[step.axis] >= Double(range.lowerBound), point[step.axis] <= Double(range.upperBound) else {
        return nil
      }
    }
    return point
  }

  /// All points that differ from this one in whole numbers and choices alone; `nil` for more than `limit`.
  func discretePoints(around point: [Double]?, limit: Int) -> [[Double]]? {
    var fixed = self
    for (axis, variable) in variables.enumerated() where variable.count == nil {
      guard let point else { return nil }
      fixed.variables[axis] = .continuous(from: point[axis], to: point[axis])
    }
    guard let count = fixed.count, count <= limit else { return nil }
    return fixed.allPoints()
  }
}
