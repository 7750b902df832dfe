import Scenario

/// The end of every search: makes sure of the cheapest, as far as the budget goes.
extension Optimizer {
  /// Points that are looked through for what the tried ones leave open.
  static let mostListed = 1 << 13

  /// Runs of a design that count against the budget: what is refused costs none.
  func spent(on design: String) -> Int {
    candidates.count { $0.design == design && $0.fault == nil }
  }

  /// Tries what may be cheaper than the cheapest that holds: points beside it, and what the trends of the
  /// tried ones leave open, until nothing is left or the budget is spent.
  mutating func certify(_ space: DesignSpace) async {
    while !isStopped {
      await settleBest(of: space.design)
      guard !isStopped, let next = doubtful(space) ?? open(space) else { return }
      await decide(add(space, next))
    }
  }

  /// Brings the best of a design to all its replications, and the next one where it falls back.
  private mutating func settleBest(of design: String) async {
    while !isStopped, let best = cheapest(design), candidates[best].replications < replications {
      await evaluate([best], upTo: replications)
    }
  }

  private func cheapest(_ design: String) -> Int? {
    requirement(design, candidates.indices.map(standing)).best
  }

  /// A point that breaks a threshold so far, is cheaper than the best, and may still hold with more
  /// replications: the one that is off least.
  private func doubtful(_ space: DesignSpace) -> [Double]? {
    let exclusion = exclusion(space)
    let open = candidates.indices.filter { index in
      let candidate = candidates[index]
      guard candidate.design == space.design, !candidate.rows.isEmpty, !isSettled(index) else { return false }
      return !standing(index).isFeasible && !exclusion.excludes(candidate.point)
    }
    return open.min { (standing($0).violation, $0) < (standing($1).violation, $1) }
      .map { candidates[$0].point }
  }

  /// A point to run that nobody has tried; `nil` when none is left or the budget is spent.
  private mutating func open(_ space: DesignSpace) -> [Double]? {
    let left = settings.budget - spent(on: space.design)
    guard left > 0 else { return nil }
    let exclusion = exclusion(space)
    let best = exclusion.best?.point
    let search = space.search
    let known = knownPoints(space)
    if let best {
      // What a step does to costs and thresholds is what the rest rests on.
      let steps = search.steps(from: best).filter { step in
        !exclusion.excludes(step)
          || step.indices.contains { step[$0] != best[$0] && exclusion.costs[$0] == .unknown }
      }
      if let next = firstRunnable(steps, known, space) { return next }
    }
    if let all = search.discretePoints(around: best, limit: Self.mostListed) {
      let isMixed = search.variables.indices.contains { search.isOrdered[$0] && exclusion.isMixed($0) }
      var open = all.filter { !known.contains($0) && !exclusion.excludes($0) }
      while !isMixed || open.count <= left, let next = exclusion.mostTelling(open) {
        if isRunnable(next, space) { return next }
        open.removeAll { $0 == next }
      }
    } else if let best, let next = firstRunnable(strides(from: best, search, exclusion), known, space) {
      return next
    }
    guard let best else { return nil }
    return firstRunnable(search.exchanges(from: best).filter { !exclusion.excludes($0) }, known, space)
  }

  /// Steps towards less along each whole number, halved from as far as it goes.
  private func strides(
    from best: [Double], _ search: SearchSpace, _ exclusion: MonotoneExclusion
  ) -> [[Double]] {
    var points: [[Double]] = []
    for (axis, variable) in search.variables.enumerated() {
      guard case .integer(let range) = variable else { continue }
      let isFalling = exclusion.costs[axis] == .falling
      var stride = isFalling ? range.upperBound - Int(best[axis]) : Int(best[axis]) - range.lowerBound
      while stride > 0 {
        if let point = search.moved(best, [(axis, isFalling ? Double(stride) : -Double(stride))]) {
          points.append(point)
        }
        stride /= 2
      }
    }
    return points.filter { !exclusion.excludes($0) }
  }

  // MARK: What is known

  private mutating func firstRunnable(
    _ points: [[Double]], _ known: Set<[Double]>, _ space: DesignSpace
  ) -> [Double]? {
    points.first { !known.contains($0) && isRunnable($0, space) }
  }

  /// Points of a design that were tried or refused.
  private func knownPoints(_ space: DesignSpace) -> Set<[Double]> {
    var known = refused[space.design] ?? []
    for candidate in candidates where candidate.design == space.design { known.insert(candidate.point) }
    return known
  }

  /// Whether the scenario can be read at a point; one that cannot is remembered, and is no trial.
  private mutating func isRunnable(_ point: [Double], _ space: DesignSpace) -> Bool {
    if case .success = runner.source(space.overrides(at: point)) { return true }
    refused[space.design, default: []].insert(point)
    return false
  }

  /// Whether more replications will not turn what it holds.
  private func isSettled(_ index: Int) -> Bool {
    if candidates[index].fault != nil || candidates[index].overrun != nil { return true }
    let known = candidates[index].replications
    return known >= replications || known >= enough && isSure(index)
  }

  private func tried(_ index: Int) -> MonotoneExclusion.Tried {
    let candidate = candidates[index]
    let isMaximized = goal.objectives[0].isMaximized
    var values: [Double] = []
    if let probe = candidate.probe(ofObjective: 0, isMaximized: isMaximized) {
      let known =
        candidate.probes[probe].joining == .mean ? candidate.values(probe) : [candidate.mean(probe)]
      values = known.prefix { $0?.isFinite ?? false }.compactMap { $0.map { isMaximized ? -$0 : $0 } }
    }
    return .init(
      point: candidate.point, values: values, holds: standing(index).isFeasible, isSettled: isSettled(index))
  }

  private func exclusion(_ space: DesignSpace) -> MonotoneExclusion {
    let own = candidates.indices.filter {
      candidates[$0].design == space.design && !candidates[$0].rows.isEmpty
    }
    return MonotoneExclusion(
      own.map(tried), isOrdered: space.search.isOrdered, best: cheapest(space.design).map(tried))
  }

  // MARK: What is proved

  /// How sure it is that nothing of the space is cheaper than the best of its design.
  func certainty(_ space: DesignSpace) -> OptimizeResults.Certainty? {
    let search = space.search
    if search.variables.isEmpty { return nil }
    let exclusion = exclusion(space)
    var done = refused[space.design] ?? []
    for (index, candidate) in candidates.enumerated() where candidate.design == space.design {
      let isDearer = exclusion.best.flatMap { tried(index).excess(over: $0) }.map { $0 >= 0 } ?? false
      let isKnown =
        !candidate.rows.isEmpty && (standing(index).isFeasible || isSettled(index) || isDearer)
      if candidate.fault != nil || isKnown { done.insert(candidate.point) }
    }
    let listed = search.count == nil ? nil : search.discretePoints(around: nil, limit: Self.mostListed)
    if let listed, listed.allSatisfy(done.contains) { return .everyPoint }
    let isConsistent = exclusion.isConsistent
    func isClosed(_ point: [Double]) -> Bool {
      done.contains(point) || isConsistent && exclusion.excludes(point)
    }
    if isConsistent, let listed, listed.allSatisfy(isClosed) { return .trends }
    guard let best = exclusion.best?.point else { return nil }
    let around = search.steps(from: best) + search.exchanges(from: best)
    return around.isEmpty ? nil : .neighbours(closed: around.count(where: isClosed), of: around.count)
  }
}
