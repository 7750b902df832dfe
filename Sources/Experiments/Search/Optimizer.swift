import Scenario
import World

/// Searches a scenario for the designs that hold its thresholds at the least cost.
///
/// One design at a time, over the variables that change it; then all designs together stand on one front.
/// Every point starts with few replications, and only contenders get more (`race`), under common random
/// numbers. Results depend on the scenario, its seed and nothing else; `jobs` changes the time they take.
public struct Optimizer {
  /// What the caller of a search gets to see while it goes on.
  public struct Progress: Sendable {
    public var points: Int
    public var runs: Int
  }

  let goal: SearchGoal
  let settings: OptimizeSettings
  let scenario: Scenario
  let runner: PointRunner
  let pilot: Int
  /// How many runs a sure answer rests on at least: two that agree by luck have not seen a heavy tail.
  let enough: Int
  let replications: Int
  let report: @Sendable (Progress) -> Void

  var candidates: [Candidate] = []
  var notes: [String] = []
  var methods: [OptimizeResults.MethodUsed] = []
  /// Points, design by design, that were found refused without being a trial.
  var refused: [String: Set<[Double]>] = [:]
  /// A limit was reached: what there is is all there will be.
  var isStopped = false

  /// - Parameters:
  ///   - scenario: as it is written; its `optimize` says what to vary.
  ///   - source: gives the scenario at a point.
  ///   - options: its designs, jobs and limits hold for the search as a whole.
  public init(
    _ scenario: Scenario, settings: OptimizeSettings, source: @escaping ScenarioSource, options: RunOptions,
    report: @escaping @Sendable (Progress) -> Void = { _ in }
  ) {
    let objectives = settings.objectives.isEmpty ? Self.usualObjectives(of: scenario) : settings.objectives
    let goal = SearchGoal(objectives: objectives, thresholds: scenario.thresholds)
    self.goal = goal
    self.settings = settings
    self.scenario = scenario
    self.report = report
    let usual = scenario.isStochastic ? max(5, scenario.replications) : 1
    replications = settings.replications ?? usual
    pilot = min(2, replications)
    enough = min(usual, replications)
    runner = PointRunner(
      source: source, jobs: options.jobs, limits: RunLimits(options),
      wanted: { scenario, design in
        ProbeList(
          objectives: goal.objectives.map(\.metric), thresholds: scenario.thresholds, design: design.name)
      })
  }

  /// The cost of a month, and what the first threshold on something else is about.
  static func usualObjectives(of scenario: Scenario) -> [OptimizeSettings.Objective] {
    let costs = OptimizeSettings.Objective(.costPerMonth)
    guard let other = scenario.thresholds.first(where: { !$0.metric.hasPrefix("cost") }) else {
      return [costs]
    }
    let filters = other.filters.filter { $0.key == "workload" }
    let tags =
      filters.isEmpty ? "" : "{" + filters.map { "workload=\($0.value)" }.joined(separator: ",") + "}"
    let name = other.metric + tags
    let isMaximized = other.comparison == .greater || other.comparison == .greaterOrEqual
    let metric = MetricReference(
      text: other.statistic.map { "\($0)(\(name))" } ?? name, metric: other.metric,
      statistic: other.statistic,
      filters: filters)
    return [costs, .init(metric, isMaximized: isMaximized)]
  }

  /// Searches.
  ///
  /// - Parameter designs: empty for all.
  public mutating func search(designs: [String]) async -> OptimizeResults {
    for design in scenario.designs where designs.isEmpty || designs.contains(design.name) {
      if isStopped { break }
      await search(design.name)
    }
    await settle()
    return results()
  }

  private mutating func search(_ design: String) async {
    let space = DesignSpace(settings.variables, of: design)
    let first = candidates.count
    var used = await choose(space)
    used.points = candidates.count - first
    used.refused = candidates[first...].count { $0.fault != nil }
    methods.append(used)
  }

  private mutating func choose(_ space: DesignSpace) async -> OptimizeResults.MethodUsed {
    let count = space.search.count
    func used(_ method: String) -> OptimizeResults.MethodUsed {
      .init(design: space.design, method: method, points: 0, possible: count)
    }
    if space.variables.isEmpty {
      await evaluate([add(space, [])])
      return used("as written")
    }
    let isLine = space.variables.count == 1 && space.isWhole && !scenario.thresholds.isEmpty
    switch settings.method {
    case .bisection where isLine:
      await bisect(space)
      return used("bisection")
    case .bisection:
      notes.append(
        "\(space.design): bisection needs one variable of whole numbers and a threshold; "
          + "the method was chosen as by `auto`")
    case .nsga2:
      await evolve(space)
      return used("NSGA-II")
    case .auto where isLine && (count ?? 0) > 4:
      await bisect(space)
      return used("bisection")
    case .grid where (count ?? .max) > settings.budget:
      notes.append("\(space.design): the grid has more points than the budget; NSGA-II chose among them")
    default: break
    }
    if let count, count <= settings.budget {
      await evaluate(space.search.allPoints().map { add(space, $0) })
      await certify(space)
      return used("every point")
    }
    await evolve(space)
    return used("NSGA-II")
  }

  // MARK: Points

  /// The candidate at a point, which may be known.
  mutating func add(_ space: DesignSpace, _ point: [Double]) -> Int {
    if let known = candidates.firstIndex(where: { $0.design == space.design && $0.point == point }) {
      return known
    }
    candidates.append(
      Candidate(design: space.design, point: point, overrides: space.overrides(at: point)))
    return candidates.count - 1
  }

  /// Brings each to at least so many replications, the pilot's unless said otherwise.
  mutating func evaluate(_ members: [Int], upTo level: Int? = nil) async {
    let level = level ?? pilot
    let open = members.filter {
      candidates[$0].fault == nil && candidates[$0].overrun == nil && candidates[$0].replications < level
    }
    if open.isEmpty || isStopped { return }
    let orders = open.map {
      PointRunner.Order(
        overrides: candidates[$0].overrides, design: candidates[$0].design,
        replications: candidates[$0].runs..<level)
    }
    let runs = candidates.reduce(0) { $0 + $1.runs }
    let counter = RunCounter(points: candidates.count, runs: runs, report: report)
    let deliveries = await runner.run(orders) { counter.next() }
    for (member, delivery) in zip(open, deliveries) {
      if !candidates[member].take(delivery) { isStopped = true }
    }
  }

  func standing(_ member: Int) -> Standing {
    // What a limit kept from running stands behind everything.
    if candidates[member].rows.isEmpty && candidates[member].fault == nil {
      return Standing(objectives: goal.objectives.map { _ in 0 }, violation: 2e9)
    }
    return goal.standing(candidates[member])
  }
}
