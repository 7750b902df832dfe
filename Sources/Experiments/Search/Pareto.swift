/// How good a candidate is: what is to be made small, and how far it is from holding its constraints.
public struct Standing: Sendable, Hashable {
  /// Each to be minimised; what is to be maximised stands with its sign turned.
  public var objectives: [Double]
  /// 0 where every constraint holds; above, the sum of what each is broken by, relative to its limit.
  public var violation: Double

  /// - Parameters:
  ///   - objectives: finite numbers, as many for every candidate of a comparison.
  ///   - violation: at least 0.
  public init(objectives: [Double], violation: Double = 0) {
    precondition(objectives.allSatisfy { $0.isFinite }, "an unknown objective is a violation, not a number")
    precondition(violation >= 0, "a violation is not negative")
    self.objectives = objectives
    self.violation = violation
  }

  /// Whether every constraint holds.
  public var isFeasible: Bool { violation == 0 }

  /// Constrained domination (Deb et al., "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II", IEEE
  /// Transactions on Evolutionary Computation 6, 2002, definition 1): a feasible candidate dominates an
  /// infeasible one, the lesser violation the greater one, and among feasible ones Pareto's order decides.
  ///
  /// - Complexity: O(objectives).
  public func dominates(_ other: Standing) -> Bool {
    if violation != other.violation { return violation < other.violation }
    if !isFeasible { return false }
    return Standing.isBetter(objectives, other.objectives)
  }

  /// Pareto's order: nowhere larger and somewhere smaller.
  static func isBetter(_ left: [Double], _ right: [Double]) -> Bool {
    var isSmaller = false
    for index in left.indices {
      if left[index] > right[index] { return false }
      if left[index] < right[index] { isSmaller = true }
    }
    return isSmaller
  }
}

/// Sorting candidates by domination.
public enum Pareto {
  /// The indices of the candidates, front by front: no candidate is dominated by one of its own or a later
  /// front, and each of a later front is dominated by one of the front before. Within a front the order is
  /// that of the list.
  ///
  /// Feasible ones by efficient non-dominated sort (Zhang, Tian, Cheng and Jin, "An Efficient Approach to
  /// Nondominated Sorting for Evolutionary Multiobjective Optimization", IEEE Transactions on Evolutionary
  /// Computation 19, 2015): in lexicographic order a candidate can only be dominated by an earlier one.
  ///
  /// - Complexity: O(objectives × n²) at worst, O(n √n) when the fronts are about as many as their members.
  public static func fronts(_ standings: [Standing]) -> [[Int]] {
    let feasible = standings.indices.filter { standings[$0].isFeasible }.sorted {
      let (left, right) = (standings[$0].objectives, standings[$1].objectives)
      for index in left.indices where left[index] != right[index] { return left[index] < right[index] }
      return $0 < $1
    }
    var fronts: [[Int]] = []
    for candidate in feasible {
      let own = standings[candidate].objectives
      let place = fronts.firstIndex { front in
        !front.reversed().contains { Standing.isBetter(standings[$0].objectives, own) }
      }
      if let place { fronts[place].append(candidate) } else { fronts.append([candidate]) }
    }
    fronts = fronts.map { $0.sorted() }
    let infeasible = standings.indices.filter { !standings[$0].isFeasible }.sorted {
      (standings[$0].violation, $0) < (standings[$1].violation, $1)
    }
    var last: Double?
    for candidate in infeasible {
      if standings[candidate].violation == last {
        fronts[fronts.count - 1].append(candidate)
      } else {
        fronts.append([candidate])
      }
      last = standings[candidate].violation
    }
    return fronts
  }

  /// The lexicographic order of equally long lists, ties by a number.
  public static func precedes(_ left: (values: [Double], tie: Int), _ right: (values: [Double], tie: Int))
    -> Bool
  {
    for (a, b) in zip(left.values, right.values) where a != b { return a < b }
    return left.tie < right.tie
  }

  /// How lonely each member of a front is: the perimeter of the box between its neighbours, each objective by
  /// its spread in the front; infinite at the ends (section III-B of the paper on NSGA-II). In the order of
  /// `front`.
  ///
  /// - Complexity: O(objectives × n log n).
  static func crowding(_ front: [Int], of standings: [Standing]) -> [Double] {
    var distances = [Double](repeating: 0, count: front.count)
    guard let first = front.first else { return [] }
    for objective in standings[first].objectives.indices {
      func value(_ position: Int) -> Double { standings[front[position]].objectives[objective] }
      let order = front.indices.sorted { (value($0), $0) < (value($1), $1) }
      let spread = value(order[order.count - 1]) - value(order[0])
      distances[order[0]] = .infinity
      distances[order[order.count - 1]] = .infinity
      guard spread > 0, order.count > 2 else { continue }
      for place in 1..<order.count - 1 {
        distances[order[place]] += (value(order[place + 1]) - value(order[place - 1])) / spread
      }
    }
    return distances
  }
}
