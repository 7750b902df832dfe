import Catalog
import Economics
import Kernel
import Scenario
import Statistics
import World

/// Runs a scenario: every design in every replication, merged in the order of the file whatever finishes
/// first.
public enum Experiment {
  /// Version of the program; part of every result's identity.
  public static let version = "0.1.0"

  /// - Parameters:
  ///   - progress: called as runs finish, from any task.
  /// - Returns: rows, verdicts and series. The same scenario, seed and version give the same value,
  ///   whatever `jobs`.
  public static func run(
    _ scenario: Scenario, options: RunOptions, progress: @escaping @Sendable (RunProgress) -> Void = { _ in }
  ) async -> RunResults {
    let chosen = scenario.designs.indices.filter { index in
      options.designs.isEmpty || options.designs.contains(scenario.designs[index].name)
    }
    let models = chosen.map { index in
      var model = DesignModel(scenario: scenario, designIndex: index)
      model.settleWhatIsFixed()
      return model
    }
    // Without chance all replications are one: it is run once, and its intervals stay empty.
    var replications = scenario.isStochastic ? scenario.replications : 1
    let limits = RunLimits(options)
    var outcomes = [[Outcome?]](repeating: [], count: models.count)
    var look: PrecisionLook?
    while true {
      let done = outcomes.first?.count ?? 0
      let runs = models.indices.flatMap { model in
        (done..<replications).map { Run(model: model, replication: $0) }
      }
      let before = done * models.count
      let more = await execute(runs, models: models, options: options, limits: limits) {
        progress(RunProgress(finished: before + $0.finished, total: before + $0.total))
      }
      for (run, outcome) in zip(runs, more) { outcomes[run.model].append(outcome) }
      guard let rule = scenario.until, scenario.isStochastic, stop(of: more, limits) == nil else { break }
      look = Summary(
        scenario: scenario, models: models, outcomes: outcomes.flatMap { $0 }, replications: replications,
        options: options, stoppedBy: nil, notes: []
      ).look(at: rule)
      let next = rule.replications(after: replications)
      if look!.isReached || next == replications { break }
      replications = next
    }
    let windows = await simulateWindows(
      scenario, chosen: chosen, replications: replications, options: options, limits: limits)
    var notes = scenario.notes
    if replications < scenario.replications {
      notes.append(
        "nothing in this scenario is random: "
          + "\(scenario.replications) replications would be the same, one was run"
      )
    }
    if let rule = scenario.until, let look { notes.append(look.words(rule)) }
    let merged = outcomes.flatMap { $0 }
    return Summary(
      scenario: scenario, models: models, outcomes: merged, replications: replications, options: options,
      stoppedBy: stop(of: merged + windows.flatMap(\.outcomes), limits), notes: notes, windows: windows
    ).results()
  }

  /// Designs at other levels of demand, and with the nodes that are there by then.
  private static func simulateWindows(
    _ scenario: Scenario, chosen: [Int], replications: Int, options: RunOptions, limits: RunLimits
  ) async -> [DemandWindow] {
    let settings = chosen.enumerated().flatMap { position, index in
      scenario.windows(ofDesign: index).map { (position: position, index: index, setting: $0) }
    }
    let models = settings.map { scenario.model(ofDesign: $0.index, $0.setting) }
    let runs = models.indices.flatMap { model in
      (0..<replications).map { Run(model: model, replication: $0) }
    }
    var plain = options
    (plain.keepRequests, plain.keepTimeline) = (false, false)
    let outcomes = await execute(
      runs, models: models, options: plain, limits: limits, ofMonths: true, progress: { _ in })
    return models.indices.map { index in
      DemandWindow(
        design: settings[index].position, setting: settings[index].setting, model: models[index],
        outcomes: Array(outcomes[index * replications..<(index + 1) * replications]))
    }
  }

  struct Run: Sendable {
    var model: Int
    var replication: Int
  }

  /// What kept the runs from their end, in words; `nil` when nothing did.
  private static func stop(of outcomes: [Outcome?], _ limits: RunLimits) -> String? {
    if let early = outcomes.lazy.compactMap({ $0?.earlyEnd }).first { return limits.words(for: early) }
    return outcomes.contains { $0 == nil } ? limits.reached ?? "a limit" : nil
  }

  /// Outcomes in the order of `runs`; `nil` for runs that a limit left undone.
  ///
  /// - Parameter ofMonths: whether they tell of months alone, in which no `events` of a design happen.
  private static func execute(
    _ runs: [Run], models: [DesignModel], options: RunOptions, limits: RunLimits, ofMonths: Bool = false,
    progress: @escaping @Sendable (RunProgress) -> Void
  ) async -> [Outcome?] {
    let isSingle = runs.allSatisfy { $0.replication == 0 }
    return await withTaskGroup(of: (Int, Outcome?).self) { group in
      var results = [Outcome?](repeating: nil, count: runs.count)
      var next = 0
      func add() {
        let index = next
        let run = runs[index]
        next += 1
        group.addTask {
          if limits.isReached { return (index, nil) }
          var world = WorldOptions()
          world.findsMonths = !ofMonths
          world.skipsEvents = ofMonths
          world.keepsRequests = options.keepRequests && run.replication == 0
          world.recordsTimeline = options.keepTimeline && run.replication == 0
          // Several runs tell by their spread.
          world.keepsSections = isSingle
          world.maximumEvents = limits.eventsLeft
          world.mustStop = { limits.isReached }
          let outcome = Simulation.run(models[run.model], replication: run.replication, options: world)
          limits.spend(events: outcome.events)
          return (index, outcome)
        }
      }
      while next < min(runs.count, max(1, options.jobs)) { add() }
      var finished = 0
      for await (index, outcome) in group {
        results[index] = outcome
        finished += 1
        progress(RunProgress(finished: finished, total: runs.count))
        if next < runs.count { add() }
      }
      return results
    }
  }
}
