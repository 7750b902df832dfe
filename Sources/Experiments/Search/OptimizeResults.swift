import Catalog
import Scenario

/// What a search found: every point it tried, and how they stand against each other.
public struct OptimizeResults: Sendable {
  /// How the points of a design were chosen.
  public struct MethodUsed: Sendable, Hashable {
    public var design: String
    /// Such as `bisection`.
    public var method: String
    public var points: Int
    /// Of these, how many could not be run and cost nothing.
    public var refused = 0
    /// `nil` for a continuum.
    public var possible: Int?
  }

  /// How sure it is that nothing of the space is cheaper and holds.
  public enum Certainty: Sendable, Hashable {
    /// All of them were tried.
    case everyPoint
    /// What was not tried costs no less or breaks a threshold, if costs and holding go on along each whole
    /// number as in the points that were tried; none of these contradict it.
    case trends
    /// Of the points beside it - a step of one or two whole numbers, or another choice - so many were tried,
    /// refused, or left out by the trends.
    case neighbours(closed: Int, of: Int)

    /// Whether it is more than a look at neighbours.
    public var isProof: Bool { if case .neighbours = self { false } else { true } }
  }

  /// A mean over replications, with its 95 % interval.
  public struct Estimate: Sendable, Hashable {
    public var value: Double?
    public var low: Double?
    public var high: Double?
    public var unit: String
  }

  /// One point of one design.
  public struct Trial: Sendable, Hashable {
    public enum Status: String, Sendable {
      /// Feasible, and nothing tried is better in all objectives.
      case front
      case dominated
      /// Breaks a threshold.
      case infeasible
      /// No scenario that can be run.
      case impossible
      /// A limit came first.
      case unfinished
    }

    /// From 1, in the order tried.
    public var number: Int
    public var design: String
    public var values: [Override]
    public var replications: Int
    /// Accelerators of all pools.
    public var accelerators: Int
    /// In the order of the objectives.
    public var objectives: [Estimate]
    public var thresholds: [ThresholdState]
    public var status: Status
    /// The number of a trial of the front that is better; `nil` on the front itself.
    public var dominatedBy: Int?
    /// Whether the paired interval of their common replications says so too; false where chance may have
    /// ranked them.
    public var isSurelyDominated = false
    /// Why it cannot be run, or a run could not come to its end.
    public var fault: String?

    /// The threshold with the least slack, relative to its limit; `nil` without thresholds or values.
    public var tightest: ThresholdState? {
      thresholds.filter { $0.slack != nil }.min { $0.slack! < $1.slack! }
    }
    /// What kept it from being feasible: the first threshold that is broken most.
    public var mostBroken: ThresholdState? {
      let broken = thresholds.filter { !$0.holds }
      return broken.first { $0.slack == nil } ?? broken.min { $0.slack! < $1.slack! }
    }
    /// It breaks thresholds by its means alone: chance may have broken every one of them.
    public var mayHold: Bool {
      let broken = thresholds.filter { !$0.holds }
      return status == .infeasible && fault == nil && !broken.isEmpty
        && broken.allSatisfy { !$0.isFirm }
    }
    public var isFeasible: Bool { status == .front || status == .dominated }
    /// It ran, and some objective has no value.
    public var isUnknown: Bool { replications > 0 && objectives.contains { $0.value == nil } }
  }

  /// Where it begins or ends to hold along one whole number.
  public struct Edge: Sendable, Hashable {
    /// Indices into `trials`: the last that holds, and what fails beside it; `nil` where all hold.
    public var holds: Int
    public var fails: Int?
    /// More holds.
    public var isLeast: Bool
    /// Nothing lies between the two.
    public var isSharp: Bool
  }

  /// The cheapest trial of a design that holds every threshold, and what is next to it.
  public struct Requirement: Sendable, Hashable {
    public var design: String
    /// Best by the first objective, then the others; along one whole number, of those that the first
    /// objective cannot tell apart, the edge of what holds. `nil` when no trial of the design is feasible.
    public var best: Int?
    /// Along one whole number; `nil` where nothing holds or there are several edges.
    public var edge: Edge?
    /// What is as good as the best by the first objective and better by the others; `nil` for none.
    public var equal: Int?
    /// That nothing else is better by the first objective; `nil` where nothing is known of it.
    public var certainty: Certainty?
    public var second: Int?
    /// The feasible trial with the fewest accelerators, where that is another one.
    public var fewestAccelerators: Int?
  }

  public var manifest: Manifest
  public var variables: [String]
  public var objectives: [OptimizeSettings.Objective]
  public var methods: [MethodUsed]
  public var trials: [Trial]
  /// Indices into `trials`, by the first objective.
  public var front: [Int]
  public var requirements: [Requirement]
  /// What the front leaves behind it, up to `reference`; `nil` for one objective or no front.
  public var hypervolume: Double?
  /// The worst feasible value of each objective, and a tenth of the spread beyond it.
  public var reference: [Double]
  public var notes: [String]

  public var isFeasible: Bool { !front.isEmpty }
}

extension Optimizer {
  func results() -> OptimizeResults {
    let standings = candidates.indices.map(standing)
    let front = self.front.sorted {
      Pareto.precedes((standings[$0].objectives, $0), (standings[$1].objectives, $1))
    }
    let trials = candidates.indices.map { trial($0, standings, front) }
    let feasible = standings.indices.filter { standings[$0].isFeasible }
    let reference = goal.objectives.indices.map { objective -> Double in
      let values = feasible.map { standings[$0].objectives[objective] }
      guard let low = values.min(), let high = values.max() else { return 0 }
      return high + (high > low ? (high - low) / 10 : max(abs(high), 1) / 10)
    }
    let hasVolume = goal.objectives.count > 1 && !front.isEmpty
    let requirements = methods.map { method in
      var requirement = requirement(method.design, standings)
      requirement.certainty = certainty(DesignSpace(settings.variables, of: method.design))
      return requirement
    }
    let stoppedBy = isStopped ? runner.limits.reached ?? "a limit" : nil
    return OptimizeResults(
      manifest: Manifest(
        scenario: scenario.name, scenarioHash: scenario.contentHash, seed: scenario.seed,
        replications: replications, version: Experiment.version, catalogHash: Catalog.builtIn.contentHash,
        complete: stoppedBy == nil, stoppedBy: stoppedBy),
      variables: settings.variables.map(\.path), objectives: goal.objectives, methods: methods,
      trials: trials,
      front: front,
      requirements: requirements,
      hypervolume: hasVolume
        ? Hypervolume.volume(front.map { standings[$0].objectives }, reference: reference) : nil,
      // As they are read: what is maximised was turned.
      reference: zip(goal.objectives, reference).map { $0.isMaximized ? -$1 : $1 },
      notes: notes + chanceNotes(front, requirements))
  }

  func trial(_ index: Int, _ standings: [Standing], _ front: [Int]) -> OptimizeResults.Trial {
    let candidate = candidates[index]
    let estimates = goal.objectives.enumerated().map { number, objective -> OptimizeResults.Estimate in
      guard let probe = candidate.probe(ofObjective: number, isMaximized: objective.isMaximized) else {
        return .init(value: nil, low: nil, high: nil, unit: "")
      }
      let interval = candidate.interval(probe)
      return .init(
        value: candidate.mean(probe), low: interval?.low, high: interval?.high,
        unit: candidate.probes[probe].unit)
    }
    let dominator = front.first { standings[$0].dominates(standings[index]) }
    let status: OptimizeResults.Trial.Status
    if candidate.fault != nil {
      status = .impossible
    } else if candidate.rows.isEmpty {
      status = .unfinished
    } else if !standings[index].isFeasible {
      status = .infeasible
    } else {
      status = dominator == nil ? .front : .dominated
    }
    var trial = OptimizeResults.Trial(
      number: index + 1, design: candidate.design, values: candidate.overrides, replications: candidate.runs,
      accelerators: candidate.accelerators, objectives: estimates, thresholds: goal.states(candidate),
      status: status, fault: candidate.fault ?? candidate.overrun)
    if status == .dominated, let dominator {
      trial.dominatedBy = dominator + 1
      trial.isSurelyDominated = goal.isSurelyDominated(candidate, by: candidates[dominator], confidence: 0.95)
    }
    return trial
  }

  func requirement(_ design: String, _ standings: [Standing]) -> OptimizeResults.Requirement {
    let own = candidates.indices.filter { candidates[$0].design == design && standings[$0].isFeasible }
    let sorted = own.sorted {
      Pareto.precedes((standings[$0].objectives, $0), (standings[$1].objectives, $1))
    }
    let edge = edge(design, standings)
    var best = sorted.first
    var equal: Int?
    if let edge = edge?.holds, let first = best, first != edge {
      let (least, own) = (standings[first].objectives[0], standings[edge].objectives[0])
      // Means over other numbers of replications differ in their last bits.
      if abs(own - least) <= 1e-9 * abs(least) {
        best = edge
        if standings[first].objectives.dropFirst() != standings[edge].objectives.dropFirst() { equal = first }
      }
    }
    let fewest = sorted.min {
      (candidates[$0].accelerators, standings[$0].objectives[0])
        < (candidates[$1].accelerators, standings[$1].objectives[0])
    }
    func machines(_ index: Int?) -> Int { index.map { candidates[$0].accelerators } ?? 0 }
    return .init(
      design: design, best: best, edge: edge, equal: equal,
      second: sorted.first { $0 != best && $0 != equal },
      fewestAccelerators: machines(fewest) < machines(best) ? fewest : nil)
  }

  private func edge(_ design: String, _ standings: [Standing]) -> OptimizeResults.Edge? {
    let space = DesignSpace(settings.variables, of: design)
    guard space.isWhole else { return nil }
    let low = space.search.variables[0].bounds.low
    let own = candidates.indices.filter { candidates[$0].design == design && !candidates[$0].rows.isEmpty }
      .sorted { candidates[$0].point[0] < candidates[$1].point[0] }
    let changes = zip(own, own.dropFirst()).filter { standings[$0].isFeasible != standings[$1].isFeasible }
    if let first = own.first, changes.isEmpty, standings[first].isFeasible {
      return .init(holds: first, fails: nil, isLeast: true, isSharp: candidates[first].point[0] == low)
    }
    guard changes.count == 1, let (below, above) = changes.first else { return nil }
    let isLeast = standings[above].isFeasible
    return .init(
      holds: isLeast ? above : below, fails: isLeast ? below : above, isLeast: isLeast,
      isSharp: candidates[above].point[0] - candidates[below].point[0] == 1)
  }

  /// Where the number of replications leaves an answer open: of the front, of the best of each design, and of
  /// what fails beside it.
  private func chanceNotes(_ front: [Int], _ requirements: [OptimizeResults.Requirement]) -> [String] {
    let bests = requirements.compactMap(\.best).filter { !front.contains($0) }
    let holding = (front + bests).flatMap { index in
      goal.states(candidates[index]).compactMap { state -> String? in
        guard !candidates[index].isFixed, state.low != nil, !(state.isCertain && state.isFirm) else {
          return nil
        }
        let share = state.isCertain ? "99.9" : "95"
        return
          "trial \(index + 1) holds '\(state.threshold.text)' on average; the \(share) % interval of its "
          + "\(candidates[index].runs) replications crosses the limit"
      }
    }
    let failing = requirements.compactMap { requirement -> String? in
      guard let index = requirement.edge?.fails, mayHold(index) else { return nil }
      return "trial \(index + 1), beside the edge of \(requirement.design), fails on average; the 99.9 % "
        + "interval of its \(candidates[index].runs) replications crosses the limit, so that it may hold"
    }
    return holding + failing
  }

  private func mayHold(_ index: Int) -> Bool {
    trial(index, candidates.indices.map(standing), []).mayHold
  }
}
