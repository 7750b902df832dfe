import Kernel
import Scenario
import World

/// Resolves a scenario with some of its values changed, as `--set` changes them.
public typealias ScenarioSource = @Sendable ([Override]) -> Result<Scenario, FaultReport>

/// Runs designs at points of a scenario, some replications at a time, and keeps of each run only the readings
/// that are asked for.
///
/// Replication `r` of every point and design draws from the same streams (common random numbers), so that
/// differences between points are theirs and not chance's.
struct PointRunner: Sendable {
  let source: ScenarioSource
  let jobs: Int
  let limits: RunLimits
  /// What a reader of runs is asked for.
  let wanted: @Sendable (Scenario, Design) -> ProbeList

  /// Runs that are wanted of one design at one point.
  struct Order: Sendable {
    var overrides: [Override]
    var design: String
    var replications: Range<Int>
  }

  /// What came of an order.
  enum Delivery: Sendable {
    /// The scenario is not one that can be run, for this reason.
    case impossible(String)
    /// Rows are replications, columns probes. `isFixed`: nothing is random, and one row stands for all.
    case measured(Sample)
    /// A limit came first.
    case stopped
  }

  struct Sample: Sendable {
    var probes: [Probe]
    var rows: [[Double?]]
    var isFixed: Bool
    var accelerators: Int
    /// Why a run could not come to its end, in words.
    var overrun: String?
  }

  /// A scenario and a design, ready to run.
  private struct Prepared: Sendable {
    var scenario: Scenario
    var model: DesignModel
  }

  private enum Preparation: Sendable {
    case ready(Prepared)
    case refused(String)
    case stopped
  }

  /// In the order of `orders`, whatever finishes first.
  ///
  /// - Parameter progress: called after each run, from any task.
  func run(_ orders: [Order], progress: @escaping @Sendable () -> Void) async -> [Delivery] {
    var deliveries: [Delivery] = []
    // Models hold tables of step costs: only some of them are alive at a time.
    let most = max(16, 4 * jobs)
    for start in stride(from: 0, to: orders.count, by: most) {
      deliveries += await batch(Array(orders[start..<min(orders.count, start + most)]), progress)
    }
    return deliveries
  }

  private func batch(_ orders: [Order], _ progress: @escaping @Sendable () -> Void) async -> [Delivery] {
    let prepared = await inParallel(orders.count, jobs: jobs) { prepare(orders[$0]) }
    var runs: [PlannedRun] = []
    var ranges: [Range<Int>] = []
    for (index, order) in orders.enumerated() {
      let first = runs.count
      if case .ready(let ready) = prepared[index] {
        let all = ready.scenario.isStochastic ? order.replications : 0..<1
        runs += all.map { PlannedRun(model: ready.model, replication: $0) }
      }
      ranges.append(first..<runs.count)
    }
    let outcomes = await simulated(runs, jobs: jobs, limits: limits, progress: progress)
    return orders.indices.map { delivery(prepared[$0], Array(outcomes[ranges[$0]])) }
  }

  private func prepare(_ order: Order) -> Preparation {
    if limits.isReached { return .stopped }
    switch source(order.overrides) {
    case .failure(let report):
      return .refused(report.faults.first?.message ?? "the scenario is not valid")
    case .success(let scenario):
      guard let index = scenario.designs.firstIndex(where: { $0.name == order.design }) else {
        return .refused("there is no design '\(order.design)'")
      }
      var model = DesignModel(scenario: scenario, designIndex: index)
      model.settleWhatIsFixed()
      return .ready(Prepared(scenario: scenario, model: model))
    }
  }

  private func delivery(_ preparation: Preparation, _ outcomes: [Outcome?]) -> Delivery {
    switch preparation {
    case .refused(let words): return .impossible(words)
    case .stopped: return .stopped
    case .ready(let ready):
      let list = wanted(ready.scenario, ready.model.design)
      var sample = Sample(
        probes: [], rows: [], isFixed: !ready.scenario.isStochastic,
        accelerators: ready.model.design.pools.reduce(0) { $0 + $1.devices })
      for outcome in outcomes {
        guard let outcome else { return .stopped }
        if let end = outcome.earlyEnd {
          if end == .asked || end == .events { return .stopped }
          sample.overrun = limits.words(for: end)
        }
        let readings = MetricReader(scenario: ready.scenario, model: ready.model, outcome: outcome).readings
        if sample.probes.isEmpty { sample.probes = list.probes(in: readings) }
        sample.rows.append(sample.probes.map { $0.value(in: readings) })
      }
      return .measured(sample)
    }
  }
}

/// One run that is to be made.
struct PlannedRun: Sendable {
  var model: DesignModel
  var replication: Int
}

/// What came of runs, in their order; `nil` where a limit came before one began.
///
/// - Parameter progress: called after each run, from any task.
func simulated(
  _ runs: [PlannedRun], jobs: Int, limits: RunLimits, progress: @escaping @Sendable () -> Void = {}
) async -> [Outcome?] {
  await inParallel(runs.count, jobs: jobs) { index -> Outcome? in
    if limits.isReached { return nil }
    var world = WorldOptions()
    world.findsMonths = true
    world.maximumEvents = limits.eventsLeft
    world.mustStop = { limits.isReached }
    let outcome = Simulation.run(runs[index].model, replication: runs[index].replication, options: world)
    limits.spend(events: outcome.events)
    progress()
    return outcome
  }
}

/// The results of `body` for 0..<count in that order, at most `jobs` at a time.
func inParallel<Value: Sendable>(
  _ count: Int, jobs: Int, _ body: @escaping @Sendable (Int) -> Value
) async -> [Value] {
  await withTaskGroup(of: (Int, Value).self) { group in
    var values = [Value?](repeating: nil, count: count)
    var next = 0
    func add() {
      let index = next
      next += 1
      group.addTask { (index, body(index)) }
    }
    while next < min(count, max(1, jobs)) { add() }
    for await (index, value) in group {
      values[index] = value
      if next < count { add() }
    }
    return values.compactMap { $0 }
  }
}
