import Oracles
import Testing

@testable import Experiments

@Suite("The genetic search")
struct NSGA2Tests {
  /// Runs the search to its end and gives it back.
  static func run(
    _ space: SearchSpace, population: Int, generations: Int, seed: UInt64,
    _ standing: ([Double]) -> Standing
  ) -> NSGA2 {
    var settings = NSGA2.Settings()
    settings.population = population
    var search = NSGA2(space, settings: settings, seed: seed)
    for _ in 0..<generations {
      let children = search.ask()
      if children.isEmpty { break }
      for index in children { search.tell(index, standing(search.members[index].point)) }
      search.select(children: children)
    }
    return search
  }

  @Test(
    "98 % of the known hypervolume on ZDT1, ZDT2 and ZDT3 with 30 variables", arguments: KnownFront.allCases)
  func knownFronts(problem: KnownFront) {
    let space = SearchSpace(
      [SearchVariable](repeating: .continuous(from: 0, to: 1), count: KnownFront.variables))
    for seed in [1, 2, 3] as [UInt64] {
      let search = Self.run(space, population: 100, generations: 250, seed: seed) {
        Standing(objectives: problem.objectives($0))
      }
      let points = search.parents.compactMap { search.members[$0].standing?.objectives }
      let share = Hypervolume.volume(points, reference: KnownFront.reference) / problem.volume
      #expect(share >= 0.98 && share <= 1, "ZDT\(problem.rawValue), seed \(seed): \(share)")
    }
  }

  @Test("constraints, whole numbers and choices: the front of an exhaustive grid is found, with every seed")
  func mixed() {
    let space = SearchSpace([
      .integer(MixedProblem.counts[0]), .integer(MixedProblem.counts[1]), .choice(MixedProblem.models),
      .continuous(from: 1, to: 2, digits: 2),
    ])
    func standing(_ x: [Double]) -> Standing {
      let answer = MixedProblem.answer(x)
      return Standing(objectives: answer.objectives, violation: answer.violation)
    }
    func volume(_ standings: [Standing]) -> Double {
      Hypervolume.volume(
        standings.filter(\.isFeasible).map(\.objectives), reference: MixedProblem.reference)
    }
    let whole = volume(MixedProblem.points.map(standing))
    for seed in 1...12 as ClosedRange<UInt64> {
      let search = Self.run(space, population: 40, generations: 40, seed: seed, standing)
      let share = volume(search.members.compactMap(\.standing)) / whole
      #expect(share >= 0.98 && share <= 1 + 1e-9, "seed \(seed): \(share)")
      for member in search.members {
        #expect(member.point[0] == member.point[0].rounded() && (1...20).contains(member.point[0]))
        #expect([0, 1, 2].contains(member.point[2]))
        #expect(SearchVariable.rounded(member.point[3], digits: 2) == member.point[3])
      }
    }
  }

  @Test("the best of every value of a choice lives on beside those that beat it")
  func niches() {
    // The second value is worse than the first everywhere.
    let space = SearchSpace([.integer(0...1000), .choice(2)])
    let search = Self.run(space, population: 12, generations: 6, seed: 4) {
      Standing(objectives: [$0[0] + 2000 * $0[1], $0[0] + 2000 * $0[1]])
    }
    let values = search.parents.map { search.members[$0].point }
    #expect(values.count == 12)
    let second = values.filter { $0[1] == 1 }
    // A third of twelve for two values.
    #expect(second.count >= 2)
    let best = search.members.map(\.point).filter { $0[1] == 1 }.map { $0[0] }.min()
    #expect(second.map { $0[0] }.min() == best)
    #expect(search.members[search.parents[0]].point[1] == 0)
  }

  @Test("no point is asked for twice; a small space is used up and then nothing is asked")
  func duplicates() {
    let space = SearchSpace([.integer(0...4), .choice(3), .integer(7...7)])
    let search = Self.run(space, population: 8, generations: 50, seed: 9) {
      Standing(objectives: [$0[0], -$0[1]])
    }
    #expect(search.members.count == 15)
    #expect(Set(search.members.map(\.point)).count == 15)
    #expect(Set(search.members.map(\.point)) == Set(space.allPoints()))
  }

  @Test("equal seeds give equal searches, other seeds other ones; a revised answer is used")
  func determinism() {
    let space = SearchSpace([
      .continuous(from: 1, to: 1000, isLogarithmic: true, digits: 4), .integer(1...50),
    ])
    func standing(_ x: [Double]) -> Standing { Standing(objectives: [x[0] / x[1], x[1]]) }
    let first = Self.run(space, population: 12, generations: 9, seed: 1, standing)
    let second = Self.run(space, population: 12, generations: 9, seed: 1, standing)
    let third = Self.run(space, population: 12, generations: 9, seed: 2, standing)
    #expect(first.members == second.members && first.parents == second.parents)
    #expect(first.members != third.members)
    var search = NSGA2(space, seed: 3)
    let children = search.ask(atMost: 6)
    #expect(children.count == 6)
    for index in children { search.tell(index, Standing(objectives: [Double(index), 0])) }
    search.tell(5, Standing(objectives: [-1, -1]))
    search.select(children: children)
    #expect(search.parents.first == 5)
  }

  @Test("values keep their bounds and digits at the ends of every kind of variable")
  func bounds() {
    let variables: [SearchVariable] = [
      .continuous(from: 0.3, to: 0.7, digits: 1), .continuous(from: 1e-9, to: 1e12, isLogarithmic: true),
      .integer(-3...3), .choice(4), .continuous(from: -5, to: -1), .integer(Int.max - 1...Int.max),
    ]
    for variable in variables {
      for share in [0, 0.25, 0.5, 0.999_999_999] {
        let value = variable.value(at: share)
        let (low, high) = (variable.value(ofCoordinate: -1e300), variable.value(ofCoordinate: 1e300))
        #expect(value >= low && value <= high)
      }
    }
    #expect(variables[0].value(at: 0.5) == 0.5)
    #expect(SearchVariable.rounded(123_456, digits: 3) == 123_000)
    #expect(SearchVariable.rounded(0.001_234_56, digits: 3) == 0.00123)
    #expect(SearchVariable.integer(Int.min...Int.max).count == .max)
    #expect(SearchSpace([.integer(0...Int.max), .integer(0...3)]).count == nil)
  }
}

@Suite("The edge of what holds")
struct MonotoneSearchTests {
  private func searched(_ range: ClosedRange<Int>, _ holds: (Int) -> Bool) -> MonotoneSearch {
    var search = MonotoneSearch(range)
    while !search.next.isEmpty {
      for number in search.next { search.tell(number, holds: holds(number)) }
    }
    return search
  }

  @Test("every edge of every small range is found, from both directions")
  func edges() {
    for high in 1...20 {
      for edge in 2...21 where edge <= high {
        #expect(searched(1...high) { $0 >= edge }.finding == .least(edge))
        #expect(searched(1...high) { $0 < edge }.finding == .most(edge - 1))
      }
      #expect(searched(1...high) { _ in true }.finding == .always)
      #expect(searched(1...high) { _ in false }.finding == .never)
    }
  }

  @Test("the neighbours of the edge are tried, in few tries")
  func neighbours() {
    let search = searched(1...1_000_000) { $0 >= 777 }
    #expect(search.finding == .least(777))
    for near in [775, 776, 777, 778] { #expect(search.answers.contains { $0.number == near }) }
    #expect(search.answers.count <= 24)
  }

  @Test("a hole beside the edge is told")
  func hole() {
    let finding = searched(1...64) { $0 >= 20 && $0 != 21 }.finding
    guard case .notMonotone(let numbers) = finding else {
      Issue.record("\(finding)")
      return
    }
    #expect(numbers.contains(20) && numbers.contains(21) && numbers.count == 3)
  }
}
