import Scenario

extension Optimizer {
  // MARK: NSGA-II

  /// NSGA-II with three quarters of the budget, then what makes sure of the cheapest; what that leaves goes
  /// to more generations, unless the cheapest is all that is asked for and it is proved.
  mutating func evolve(_ space: DesignSpace) async {
    var genetic = NSGA2.Settings()
    // A budget for less than four generations is better spent on smaller ones.
    let fitting = max(4, min(settings.population, settings.budget / 4))
    genetic.population = fitting - fitting % 2
    var search = NSGA2(space.search, settings: genetic, seed: scenario.seed)
    var members: [Int] = []
    await evolve(space, &search, &members, upTo: settings.budget - settings.budget / 4)
    await certify(space)
    if goal.objectives.count == 1, certainty(space)?.isProof ?? false { return }
    await evolve(space, &search, &members, upTo: settings.budget)
    await certify(space)
  }

  /// - Parameters:
  ///   - members: the candidate of each member of the search.
  ///   - limit: of runs of this design.
  private mutating func evolve(
    _ space: DesignSpace, _ search: inout NSGA2, _ members: inout [Int], upTo limit: Int
  ) async {
    // What cannot be run costs no run, but a space of little else must not be searched for ever.
    while spent(on: space.design) < limit, members.count < 4 * settings.budget,
      search.generation < settings.generations ?? .max, !isStopped
    {
      let children = search.ask(atMost: limit - spent(on: space.design))
      if children.isEmpty { break }
      for child in children { members.append(add(space, search.members[child].point)) }
      await evaluate(children.map { members[$0] })
      for child in children { search.tell(child, standing(members[child])) }
      search.select(children: children)
      // Those that would breed as the best by luck alone are found out before they do.
      let standings = search.parents.map { standing(members[$0]) }
      let front = Pareto.fronts(standings).first ?? []
      await race(front.map { members[search.parents[$0]] })
      for parent in search.parents { search.tell(parent, standing(members[parent])) }
      search.select(children: 0..<0)
    }
  }

  // MARK: Bisection

  /// Finds the edge of what holds, decided by as many replications as it takes.
  mutating func bisect(_ space: DesignSpace) async {
    guard case .integer(let all) = space.search.variables[0] else { return }
    let range = buildable(space, all)
    var search = MonotoneSearch(range)
    while !search.next.isEmpty, !isStopped {
      let numbers = Array(search.next.prefix(settings.budget - search.answers.count))
      if numbers.isEmpty {
        notes.append(
          "\(space.design): the budget of \(settings.budget) points ended the bisection; values between "
            + "those tried are not known")
        return
      }
      let members = numbers.map { add(space, [Double($0)]) }
      for member in members { await decide(member) }
      for (number, member) in zip(numbers, members) {
        search.tell(number, holds: standing(member).isFeasible)
      }
    }
    if search.finding == .never, range.count > 2, search.answers.count < settings.budget, !isStopped {
      let middle = add(space, [Double(range.lowerBound + range.count / 2)])
      await decide(middle)
      search.tell(range.lowerBound + range.count / 2, holds: standing(middle).isFeasible)
    }
    await check(search.finding, space, range)
  }

  /// Gives a candidate replications until its thresholds are decided, or it has them all.
  mutating func decide(_ member: Int) async {
    var level = pilot
    await evaluate([member], upTo: level)
    while level < replications, !isStopped, goal.isUndecided(candidates[member]) {
      level = min(replications, 2 * level)
      await evaluate([member], upTo: level)
    }
  }

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

  // MARK: Racing

  /// Doubles the replications of the contenders until they have all of them; who is beyond chance dominated
  /// by another contender, or beyond chance breaks a threshold, drops out (sequential elimination after
  /// Maron and Moore, "The Racing Algorithm", Artificial Intelligence Review 11, 1997, with paired t
  /// intervals of 99 %).
  mutating func race(_ members: [Int]) async {
    var contenders = members
    var level = pilot
    await evaluate(contenders, upTo: level)
    while level < replications, !isStopped {
      let field = contenders
      let feasible = field.filter { standing($0).isFeasible }
      contenders = field.filter { one in
        !goal.isSurelyInfeasible(candidates[one])
          && !feasible.contains {
            $0 != one && goal.isSurelyDominated(candidates[one], by: candidates[$0])
          }
      }
      if contenders.isEmpty { return }
      level = min(replications, 2 * level)
      await evaluate(contenders, upTo: level)
    }
  }

  /// Brings the front of all designs, and the best of each, to full replications. One that falls back may
  /// let another one forward, which then races too.
  mutating func settle() async {
    while !isStopped {
      let standings = candidates.indices.map(standing)
      let bests = methods.compactMap { requirement($0.design, standings).best }
      let behind = Set(front + bests).sorted().filter { candidates[$0].replications < replications }
      if behind.isEmpty { return }
      await evaluate(behind, upTo: replications)
    }
  }

  /// Who is feasible and dominated by nobody, by the means of what is known.
  var front: [Int] {
    let standings = candidates.indices.map(standing)
    return (Pareto.fronts(standings).first ?? []).filter { standings[$0].isFeasible }
  }
}
