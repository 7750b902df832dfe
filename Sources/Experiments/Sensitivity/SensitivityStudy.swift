import Kernel
import Scenario
import Statistics
import World

/// Moves the inputs of a scenario and sees which design wins.
///
/// What moves only money is reckoned from the runs that there are; anything else is simulated again, under
/// common random numbers. Results depend on the scenario, its seed and nothing else.
public struct SensitivityStudy {
  let scenario: Scenario
  let settings: SensitivitySettings
  let source: ScenarioSource
  let designs: [String]
  let jobs: Int
  let limits: RunLimits
  let replications: Int
  let report: @Sendable (String) -> Void
  let goal: SearchGoal

  /// Every design's runs of the scenario as it is written.
  var base: [DesignRuns] = []
  var isStopped = false
  var notes: [String] = []

  /// A design and what it did.
  struct DesignRuns: Sendable {
    var model: DesignModel
    var outcomes: [Outcome]
    var probes: [Probe]
    var rows: [[Double?]]
    /// What each probe reads, to find it among readings of money alone.
    var keys: [ReadingKey?]
  }

  struct ReadingKey: Sendable, Hashable {
    var workload: String
    var metric: String
    var statistic: String
  }

  /// A design under some values of the inputs.
  struct DesignState: Sendable, Hashable {
    var design: String
    /// The mean objective over replications; `nil` when unknown.
    var objective: Double?
    var holds: Bool
  }

  /// - Parameter options: its designs, jobs and limits hold for the study as a whole.
  public init(
    _ scenario: Scenario, settings: SensitivitySettings, source: @escaping ScenarioSource,
    options: RunOptions,
    report: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.scenario = scenario
    self.settings = settings
    self.source = source
    self.report = report
    designs = scenario.designs.map(\.name).filter { options.designs.isEmpty || options.designs.contains($0) }
    jobs = options.jobs
    limits = RunLimits(options)
    replications = scenario.isStochastic ? scenario.replications : 1
    goal = SearchGoal(objectives: [.init(settings.objective)], thresholds: scenario.thresholds)
  }

  // MARK: Evaluating

  /// The designs with the knobs turned so; `nil` when the scenario cannot be run with these values, or a
  /// limit came first.
  ///
  /// - Parameter replication: only this one; `nil` for all.
  mutating func evaluate(_ turns: [(knob: Knob, value: Double)], replication: Int? = nil) async
    -> [DesignState]?
  {
    guard let changed = changed(turns) else { return nil }
    if turns.allSatisfy(\.knob.isMoney) { return repriced(changed, replication: replication) }
    let range = replication.map { $0..<$0 + 1 } ?? 0..<replications
    guard let runs = await simulate(changed, range) else { return nil }
    return runs.map { state($0.model.design.name, $0.probes, $0.rows) }
  }

  /// The scenario with these values.
  func changed(_ turns: [(knob: Knob, value: Double)]) -> Scenario? {
    guard case .success(var scenario) = source(turns.compactMap { $0.knob.override($0.value) }) else {
      return nil
    }
    for turn in turns { turn.knob.apply(turn.value, to: &scenario) }
    return scenario
  }

  /// What the runs of the scenario as it is written cost at other prices.
  func repriced(_ other: Scenario, replication: Int?) -> [DesignState] {
    base.map { runs in
      let model = runs.model.priced(as: other)
      let chosen = replication.map { [$0 % runs.outcomes.count] } ?? Array(runs.outcomes.indices)
      let rows = chosen.map { index -> [Double?] in
        let money = MetricReader(moneyOf: other, model: model, outcome: runs.outcomes[index]).readings
        return runs.keys.enumerated().map { position, key in
          let found = key.flatMap { key in
            money.first {
              $0.workload == key.workload && $0.metric == key.metric && $0.statistic == key.statistic
            }
          }
          return found.map(\.value) ?? runs.rows[index][position]
        }
      }
      return state(model.design.name, runs.probes, rows)
    }
  }

  private func state(_ design: String, _ probes: [Probe], _ rows: [[Double?]]) -> DesignState {
    var candidate = Candidate(design: design, point: [], overrides: [])
    candidate.probes = probes
    candidate.rows = rows
    let probe = candidate.probe(ofObjective: 0, isMaximized: false)
    return DesignState(
      design: design, objective: probe.flatMap(candidate.mean),
      holds: goal.states(candidate).allSatisfy(\.holds))
  }

  /// Runs every design; `nil` when a limit came first.
  mutating func simulate(_ scenario: Scenario, _ range: Range<Int>) async -> [DesignRuns]? {
    let models = designs.map { name in
      var model = DesignModel(
        scenario: scenario, designIndex: scenario.designs.firstIndex { $0.name == name } ?? 0)
      model.settleWhatIsFixed()
      return model
    }
    let plan = models.flatMap { model in range.map { PlannedRun(model: model, replication: $0) } }
    let outcomes = await simulated(plan, jobs: jobs, limits: limits).compactMap { $0 }
    guard outcomes.count == plan.count,
      outcomes.allSatisfy({ $0.earlyEnd != .asked && $0.earlyEnd != .events })
    else {
      isStopped = true
      return nil
    }
    let count = range.count
    return models.indices.map { index in
      read(models[index], Array(outcomes[index * count..<(index + 1) * count]), scenario)
    }
  }

  private func read(_ model: DesignModel, _ outcomes: [Outcome], _ scenario: Scenario) -> DesignRuns {
    let list = ProbeList(
      objectives: [settings.objective], thresholds: scenario.thresholds, design: model.design.name)
    let readings = outcomes.map { MetricReader(scenario: scenario, model: model, outcome: $0).readings }
    let probes = list.probes(in: readings.first ?? [])
    let keys = probes.map { probe in
      probe.place.map { place -> ReadingKey in
        let reading = readings[0][place]
        return ReadingKey(
          workload: reading.workload, metric: reading.metric, statistic: reading.statistic)
      }
    }
    return DesignRuns(
      model: model, outcomes: outcomes, probes: probes,
      rows: readings.map { row in probes.map { $0.value(in: row) } }, keys: keys)
  }

  // MARK: Winning

  /// The design with the least objective among those that hold their thresholds; the first of equals.
  static func winner(_ states: [DesignState]) -> String? {
    let fit = states.filter { $0.holds && $0.objective != nil }
    return fit.min { $0.objective! < $1.objective! }?.design
  }

  /// The design with the least objective, whatever it holds.
  static func cheapest(_ states: [DesignState]) -> String? {
    states.filter { $0.objective != nil }.min { $0.objective! < $1.objective! }?.design
  }

  // MARK: The study

  /// Moves one input after the other, then draws the uncertain ones together.
  public mutating func run() async -> SensitivityResults {
    guard let runs = await simulate(scenario, 0..<replications) else { return results([], nil, []) }
    base = runs
    let states = repriced(scenario, replication: nil)
    var effects: [SensitivityResults.Effect] = []
    let inputs = settings.chosen.isEmpty ? settings.found + Self.endpointInputs(scenario) : settings.chosen
    let knobs = inputs.compactMap { Knob($0, in: scenario) }.filter { $0.base != 0 }
    for (index, knob) in knobs.enumerated() where !isStopped {
      report("\(index + 1) of \(knobs.count) inputs")
      if let effect = await effect(of: knob, states) { effects.append(effect) }
    }
    var outlook: SensitivityResults.Outlook?
    if !settings.uncertain.isEmpty && !isStopped { outlook = await draw() }
    return results(states, outlook, effects)
  }

  private static func endpointInputs(_ scenario: Scenario) -> [SensitivitySettings.Input] {
    scenario.endpoints.map { .init(path: "endpoints.\($0.name).price", number: nil, unit: "") }
  }
}
