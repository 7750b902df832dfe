import Scenario

extension Optimizer {
  /// Finds the edge of what holds, and makes sure of it.
  ///
  /// What the edge rests on gets all replications: where these turn an answer, the search goes on from there,
  /// so that a tail that the first runs did not show costs more runs, not a wrong answer.
  mutating func bisect(_ space: DesignSpace) async {
    guard case .integer(let all) = space.search.variables[0] else { return }
    let range = buildable(space, all)
    var search = MonotoneSearch(range)
    func left() -> Int { max(0, settings.budget - search.answers.count) }
    while !isStopped {
      if search.next.isEmpty { await confirm(&search, space) }
      if search.next.isEmpty { break }
      let numbers = Array(search.next.prefix(left()))
      if numbers.isEmpty {
        notes.append(
          "\(space.design): the budget of \(settings.budget) points ended the bisection; values between "
            + "those tried are not known")
        return await certify(space)
      }
      for number in numbers { await answer(number, &search, space) }
      let middle = range.lowerBound + range.count / 2
      if search.next.isEmpty, search.answers.count == 2, range.count > 2, left() > 0 {
        // Where nothing holds at the ends, the middle may; where all does, what is next to the least is the
        // second best.
        let isNever = search.finding == .never
        await answer(isNever ? middle : range.lowerBound + 1, &search, space)
      }
    }
    await check(search.finding, space, range)
    await certify(space)
  }

  private mutating func answer(_ number: Int, _ search: inout MonotoneSearch, _ space: DesignSpace) async {
    let member = add(space, [Double(number)])
    await decide(member)
    search.tell(number, holds: standing(member).isFeasible)
  }

  /// Brings the numbers that the finding rests on to all replications, and tells the search what they say
  /// then; the next ones where that moves the edge.
  private mutating func confirm(_ search: inout MonotoneSearch, _ space: DesignSpace) async {
    while !isStopped {
      let behind = search.deciding.map { add(space, [Double($0)]) }.filter {
        candidates[$0].fault == nil && candidates[$0].overrun == nil
          && candidates[$0].replications < replications
      }
      if behind.isEmpty { return }
      await evaluate(behind, upTo: replications)
      for member in behind {
        search.tell(Int(candidates[member].point[0]), holds: standing(member).isFeasible)
      }
    }
  }

  /// Gives a candidate replications until its thresholds are decided, or it has them all.
  mutating func decide(_ member: Int) async {
    var level = enough
    await evaluate([member], upTo: level)
    while level < replications, !isStopped, !isSure(member) {
      level = min(replications, 2 * level)
      await evaluate([member], upTo: level)
    }
  }

  /// Whether the intervals of the runs so far leave no threshold open.
  func isSure(_ member: Int) -> Bool { !goal.isUndecided(candidates[member]) }

  /// Says where the assumption behind bisection failed, and tries every number then if the budget allows.
  private mutating func check(
    _ finding: MonotoneSearch.Finding, _ space: DesignSpace, _ range: ClosedRange<Int>
  ) async {
    func words(_ number: Int) -> String { space.overrides(at: [Double(number)])[0].value }
    let path = space.variables[0].path
    var reason: String?
    switch finding {
    case .notMonotone(let numbers):
      reason =
        "what holds is no interval: it changes at \(path) = "
        + numbers.map(words).joined(separator: ", ")
    case .least(let edge), .most(let edge):
      let own = standing(add(space, [Double(edge)]))
      let isLeast = finding == .least(edge)
      let beyond = isLeast ? edge + 1 : edge - 1
      if range.contains(beyond), standing(add(space, [Double(beyond)])).objectives[0] < own.objectives[0],
        goal.objectives[0].metric.metric.hasPrefix("cost")
      {
        reason = "the edge at \(path) = \(words(edge)) is not the cheapest: \(words(beyond)) costs less"
      }
    default: break
    }
    guard let reason, !isStopped else { return }
    if range.count <= settings.budget {
      notes.append("\(space.design): \(reason); every value was tried")
      await evaluate(range.map { add(space, [Double($0)]) })
    } else {
      notes.append("\(space.design): \(reason); values between those tried are not known")
    }
  }

  /// The part of the range whose scenarios can be run at all: more replicas than the machines hold are
  /// refused where the scenario is read, and cost no run.
  private mutating func buildable(_ space: DesignSpace, _ range: ClosedRange<Int>) -> ClosedRange<Int> {
    func isValid(_ number: Int) -> Bool {
      if case .success = runner.source(space.overrides(at: [Double(number)])) { true } else { false }
    }
    let (low, high) = (isValid(range.lowerBound), isValid(range.upperBound))
    if low == high { return range }
    var (below, above) = (range.lowerBound, range.upperBound)
    while above - below > 1 {
      let middle = below + (above - below) / 2
      if isValid(middle) == low { below = middle } else { above = middle }
    }
    // The first that cannot be built is kept, to say why.
    if case .failure(let report) = runner.source(space.overrides(at: [Double(low ? above : below)])) {
      candidates[add(space, [Double(low ? above : below)])].fault = report.faults.first?.message
    }
    return low ? range.lowerBound...below : above...range.upperBound
  }
}
