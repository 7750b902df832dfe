import Kernel
import Statistics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// The elitist genetic search of Deb, Pratap, Agarwal and Meyarivan ("A Fast and Elitist Multiobjective
/// Genetic Algorithm: NSGA-II", IEEE Transactions on Evolutionary Computation 6, 2002), asked for points and
/// told how they fared.
///
/// Reals and whole numbers are crossed by simulated binary crossover and changed by polynomial mutation, both
/// kept in their bounds (Deb and Agrawal, Complex Systems 9, 1995; Deb and Goyal, Computer Science and
/// Informatics 26, 1996); whole numbers are varied as reals and rounded. Choices have no order: parents swap
/// them, and mutation draws a new one. No point is ever asked for twice. Equal seeds and answers give equal
/// points: nothing else is looked at.
public struct NSGA2 {
  /// The knobs of the search.
  public struct Settings: Sendable, Hashable {
    /// Members of a generation, even and at least 4.
    public var population = 40
    /// That a pair is crossed at all.
    public var crossoverProbability = 0.9
    /// How near children stay to their parents: larger is nearer. With the 15 and 20 that the authors use,
    /// some seeds lose a piece of ZDT3's front for good; with 10 and 10 none of 200 does (`bench search`).
    public var crossoverIndex = 10.0
    /// How small changes are: larger is smaller.
    public var mutationIndex = 10.0
    /// That a coordinate is changed; `nil` for one coordinate of a point on average.
    public var mutationProbability: Double?
    public init() {}
  }

  /// A point that was asked for.
  public struct Member: Sendable, Hashable {
    public var point: [Double]
    /// `nil` until it is told.
    public var standing: Standing?
  }

  public let space: SearchSpace
  public let settings: Settings
  /// Every point that was asked for, in that order.
  public private(set) var members: [Member] = []
  /// The members that breed, best first.
  public private(set) var parents: [Int] = []
  public private(set) var generation = 0

  private let seed: UInt64
  private var known: Set<[Double]> = []

  /// - Parameter seed: of all its draws.
  public init(_ space: SearchSpace, settings: Settings = Settings(), seed: UInt64) {
    precondition(settings.population >= 4 && settings.population % 2 == 0, "parents come in pairs")
    precondition(!space.variables.isEmpty, "a search varies something")
    self.space = space
    self.settings = settings
    self.seed = seed
  }

  // MARK: Ask and tell

  /// Points that nobody has tried, at most a generation of them; none when the space is used up. Indices
  /// into `members` count on from what was asked for before.
  ///
  /// - Complexity: O(population × variables).
  public mutating func ask(atMost limit: Int = .max) -> Range<Int> {
    precondition(
      members.allSatisfy { $0.standing != nil }, "every point is told before the next are asked for")
    let first = members.count
    let wanted = max(0, min(limit, settings.population))
    var stream = RandomStream(seed: seed, replication: generation, entity: "search", purpose: "variation")
    if generation == 0 {
      for point in latinHypercube(wanted, stream) { add(point) }
    } else if !parents.isEmpty {
      stepAside(upTo: first + wanted / 4)
      breed(first + wanted - members.count, &stream)
    }
    fill(upTo: first + wanted, &stream)
    generation += 1
    return first..<members.count
  }

  /// How a point fared. A later word on the same point replaces the earlier one, as more replications make it
  /// more certain.
  public mutating func tell(_ index: Int, _ standing: Standing) { members[index].standing = standing }

  /// Chooses who breeds next among parents and children, once all are told: front by front, the loneliest of
  /// the front that does not fit whole; and the best of every value of every choice, whoever beats them.
  ///
  /// Values of a choice have no neighbours to walk over: where another one's front must first be found before
  /// it is worth anything, a population that has settled on one value would never see it. So a third of the
  /// population is kept apart for the values, in equal parts, as far as it goes round.
  ///
  /// - Complexity: that of `Pareto.fronts` over two generations, for each choice once more.
  public mutating func select(children: Range<Int>) {
    let candidates = parents + Array(children)
    let standings = candidates.map { member -> Standing in
      guard let standing = members[member].standing else { preconditionFailure("an answer is missing") }
      return standing
    }
    let order = Self.order(standings)
    var kept = Set<Int>()
    for niche in niches(of: candidates) {
      let own = Self.order(niche.map { standings[$0] })
      kept.formUnion(own.prefix(quota).map { niche[$0] })
    }
    for candidate in order where kept.count < settings.population { kept.insert(candidate) }
    parents = order.filter(kept.contains).map { candidates[$0] }
  }

  /// From the best to the worst: front by front, the loneliest of each first.
  private static func order(_ standings: [Standing]) -> [Int] {
    Pareto.fronts(standings).flatMap { front -> [Int] in
      let distances = Pareto.crowding(front, of: standings)
      let order = front.indices.sorted {
        distances[$0] != distances[$1] ? distances[$0] > distances[$1] : front[$0] < front[$1]
      }
      return order.map { front[$0] }
    }
  }

  /// How many of each value of each choice are kept whatever the others do.
  private var quota: Int {
    let values = space.variables.reduce(0) { sum, variable in
      if case .choice(let count) = variable, count > 1 { sum + count } else { sum }
    }
    return values == 0 ? 0 : settings.population / (3 * values)
  }

  /// The positions in a list of members that share a value of a choice, for every choice and value; none
  /// where there are more values than the population has room for.
  private func niches(of list: [Int]) -> [[Int]] {
    if quota == 0 { return [] }
    return space.variables.indices.flatMap { index -> [[Int]] in
      guard case .choice(let count) = space.variables[index], count > 1 else { return [] }
      var niches = [[Int]](repeating: [], count: count)
      for (position, member) in list.enumerated() {
        niches[Int(members[member].point[index])].append(position)
      }
      return niches
    }
  }

  // MARK: Variation

  private mutating func add(_ point: [Double]) {
    if known.insert(point).inserted { members.append(Member(point: point, standing: nil)) }
  }

  /// Points that spread over every variable's range: see `LatinHypercubeColumn`.
  private func latinHypercube(_ count: Int, _ stream: RandomStream) -> [[Double]] {
    if count == 0 { return [] }
    let columns = space.variables.indices.map {
      LatinHypercubeColumn(points: count, stream: stream.branch(UInt64($0)))
    }
    return (0..<count).map { point in
      zip(space.variables, columns).map { $0.value(at: $1.coordinate(ofPoint: point)) }
    }
  }

  /// Children of the chosen. Two shuffles give every parent two tournaments, as in the authors' program.
  private mutating func breed(_ wanted: Int, _ stream: inout RandomStream) {
    let target = members.count + wanted
    let (ranks, distances) = merits()
    // A small space soon has few points left: those that tournaments do not find are drawn.
    for _ in 0..<8 where members.count < target {
      let order = Self.permutation(parents.count, &stream) + Self.permutation(parents.count, &stream)
      var winners: [Int] = []
      for pair in stride(from: 0, to: order.count - 1, by: 2) {
        let (left, right) = (order[pair], order[pair + 1])
        let isLeft =
          ranks[left] != ranks[right]
          ? ranks[left] < ranks[right]
          : distances[left] != distances[right]
            ? distances[left] > distances[right] : stream.uniform() < 0.5
        winners.append(parents[isLeft ? left : right])
      }
      for pair in stride(from: 0, to: winners.count - 1, by: 2) where members.count < target {
        var (first, second) = crossed(
          members[winners[pair]].point, members[winners[pair + 1]].point, &stream)
        mutate(&first, &stream)
        mutate(&second, &stream)
        add(first)
        if members.count < target { add(second) }
      }
    }
  }

  /// The untried neighbours of the best, the loneliest of these first: whole numbers one off, other values of
  /// a choice. Crossover seldom turns one number by one and leaves the others, and what is left of a front in
  /// a discrete space is mostly there (a local search beside the genetic one, after Ishibuchi and Murata, "A
  /// Multi-Objective Genetic Local Search Algorithm", IEEE Transactions on Systems, Man, and Cybernetics C
  /// 28, 1998). Spaces of real numbers alone have none.
  private mutating func stepAside(upTo target: Int) {
    let standings = parents.compactMap { members[$0].standing }
    guard let front = Pareto.fronts(standings).first else { return }
    let distances = Pareto.crowding(front, of: standings)
    let order = front.indices.sorted {
      distances[$0] != distances[$1] ? distances[$0] > distances[$1] : front[$0] < front[$1]
    }
    for place in order {
      let point = members[parents[front[place]]].point
      for (index, variable) in space.variables.enumerated() {
        let others: [Double]
        switch variable {
        case .continuous: continue
        case .integer: others = [point[index] - 1, point[index] + 1]
        case .choice(let count): others = (0..<count).map(Double.init)
        }
        for other in others where members.count < target && variable.value(ofCoordinate: other) == other {
          var neighbour = point
          neighbour[index] = other
          add(neighbour)
        }
      }
    }
  }

  /// Draws what breeding did not find; walks a finite space when draws keep hitting what is known.
  private mutating func fill(upTo target: Int, _ stream: inout RandomStream) {
    var misses = 0
    while members.count < target, misses < 32 {
      let before = members.count
      add(space.variables.map { $0.value(at: stream.uniform()) })
      misses = members.count == before ? misses + 1 : 0
    }
    guard members.count < target, let count = space.count, count <= 1 << 20 else { return }
    for point in space.allPoints() where members.count < target { add(point) }
  }

  /// Rank and loneliness of each parent. Where values of choices are kept apart, the better of its ranks
  /// among all and among its like counts, so that they do not only live on but breed.
  private func merits() -> (ranks: [Int], distances: [Double]) {
    let standings = parents.compactMap { members[$0].standing }
    var ranks = [Int](repeating: 0, count: parents.count)
    var distances = [Double](repeating: 0, count: parents.count)
    for (rank, front) in Pareto.fronts(standings).enumerated() {
      for (member, distance) in zip(front, Pareto.crowding(front, of: standings)) {
        ranks[member] = rank
        distances[member] = distance
      }
    }
    for niche in niches(of: parents) {
      for (rank, front) in Pareto.fronts(niche.map { standings[$0] }).enumerated() {
        for member in front { ranks[niche[member]] = min(ranks[niche[member]], rank) }
      }
    }
    return (ranks, distances)
  }

  private func crossed(_ left: [Double], _ right: [Double], _ stream: inout RandomStream) -> (
    [Double], [Double]
  ) {
    var (first, second) = (left, right)
    if stream.uniform() > settings.crossoverProbability { return (first, second) }
    for (index, variable) in space.variables.enumerated() {
      if stream.uniform() > 0.5 { continue }
      if case .choice = variable {
        (first[index], second[index]) = (right[index], left[index])
        continue
      }
      let (a, b) = (variable.coordinate(of: left[index]), variable.coordinate(of: right[index]))
      if abs(a - b) < 1e-14 { continue }
      let (low, high) = variable.bounds
      let (below, above) = children(min(a, b), max(a, b), low, high, stream.uniform())
      let swaps = stream.uniform() < 0.5
      first[index] = variable.value(ofCoordinate: swaps ? above : below)
      second[index] = variable.value(ofCoordinate: swaps ? below : above)
    }
    return (first, second)
  }

  /// Simulated binary crossover whose law is cut at the bounds.
  private func children(_ below: Double, _ above: Double, _ low: Double, _ high: Double, _ draw: Double)
    -> (Double, Double)
  {
    let power = settings.crossoverIndex + 1
    func spread(_ room: Double) -> Double {
      let beta = 1 + 2 * room / (above - below)
      let alpha = 2 - pow(beta, -power)
      return draw <= 1 / alpha ? pow(draw * alpha, 1 / power) : pow(1 / (2 - draw * alpha), 1 / power)
    }
    let (sum, gap) = (below + above, above - below)
    return (0.5 * (sum - spread(below - low) * gap), 0.5 * (sum + spread(high - above) * gap))
  }

  private func mutate(_ point: inout [Double], _ stream: inout RandomStream) {
    let probability = settings.mutationProbability ?? 1 / Double(space.variables.count)
    for (index, variable) in space.variables.enumerated() where stream.uniform() < probability {
      let draw = stream.uniform()
      if case .choice = variable {
        point[index] = variable.value(at: draw)
        continue
      }
      var (low, high) = variable.bounds
      // A whole number has half a unit on either side, so that its ends are reached as often as its middle.
      if case .integer = variable { (low, high) = (low - 0.499, high + 0.499) }
      if high <= low { continue }
      let value = variable.coordinate(of: point[index])
      let power = settings.mutationIndex + 1
      let room = (draw < 0.5 ? value - low : high - value) / (high - low)
      let edge = pow(1 - room, power)
      let step =
        draw < 0.5
        ? pow(2 * draw + (1 - 2 * draw) * edge, 1 / power) - 1
        : 1 - pow(2 * (1 - draw) + (2 * draw - 1) * edge, 1 / power)
      var changed = variable.value(ofCoordinate: value + step * (high - low))
      // A change that rounding undoes would be none: it is the next number in its direction.
      if case .integer = variable, changed == point[index] {
        changed = variable.value(ofCoordinate: value + (step < 0 ? -1 : 1))
      }
      point[index] = changed
    }
  }

  /// Fisher and Yates' shuffle of 0..<count.
  private static func permutation(_ count: Int, _ stream: inout RandomStream) -> [Int] {
    var order = Array(0..<count)
    for index in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(index, Int(stream.below(UInt32(index + 1))))
    }
    return order
  }
}
