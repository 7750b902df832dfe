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
