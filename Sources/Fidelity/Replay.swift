import DryRack

/// What the product says of one measured figure.
struct Comparison: Sendable {
  var run: MeasuredRun
  var metric: String
  var measured: Double
  var predicted: Double
  var basis: String
  var assumptions: [String]

  /// Relative error: 0.1 is ten per cent too much.
  var error: Double { predicted / measured - 1 }
}

/// Sends measured runs through the product: scenario in, result out.
enum Replay {
  /// A run that was left out, and why.
  struct Omission: Sendable {
    var run: MeasuredRun
    var reason: String
  }

  /// All figures of one run, or why there are none.
  static func compare(_ run: MeasuredRun, catalog: Catalog) async -> Result<[Comparison], Omission> {
    let replay: ReplayScenario
    do throws(ReplayScenario.Exclusion) {
      replay = try ReplayScenario(run)
    } catch {
      return .failure(Omission(run: run, reason: error.reason))
    }
    let read = ReplayScenario.read(replay, run: run, catalog: catalog)
    guard case .success(let scenario) = read else {
      if case .failure(let why) = read { return .failure(why) }
      preconditionFailure("a result is one of two")
    }
    let results = await Experiment.run(scenario, options: RunOptions())
    let basis = results.designs.first?.basis ?? ""
    let pairs = run.metrics.compactMap { metric -> Comparison? in
      guard metric.value > 0, let predicted = figure(metric.name, of: run, in: results) else { return nil }
      return Comparison(
        run: run, metric: metric.name, measured: metric.value, predicted: predicted, basis: basis,
        assumptions: replay.assumptions)
    }
    return .success(pairs)
  }

  /// The figure of a measured metric in the measured unit; `nil` for what is not simulated.
  private static func figure(_ name: String, of run: MeasuredRun, in results: RunResults) -> Double? {
    func value(_ metric: String, _ statistic: String = "value") -> Double? {
      results.row(design: "measured", workload: "load", metric: metric, statistic: statistic)?.value
    }
    let isSingle = run.text("workload_kind") == "single"
    switch name {
    case "output_tok_s":
      return isSingle ? value("tpot_s", "mean").map { 1 / $0 } : value("output_tokens_per_s")
    case "prefill_tok_s":
      guard let prompt = run.number("isl_mean") else { return nil }
      return value("ttft_s", "mean").map { prompt / $0 }
    case "total_tok_s": return value("total_tokens_per_s")
    case "requests_per_s": return value("throughput_rps")
    default: break
    }
    let parts = name.split(separator: "_").map(String.init)
    guard parts.count == 3, parts[2] == "ms", ["ttft", "tpot", "e2e", "itl"].contains(parts[0]) else { return nil }
    return value("\(parts[0])_s", parts[1]).map { $0 * 1000 }
  }

  /// All runs, two at a time, in the order given.
  static func compareAll(_ runs: [MeasuredRun], catalog: Catalog) async
    -> (comparisons: [Comparison], omissions: [Omission])
  {
    let results = await withTaskGroup(of: (Int, Result<[Comparison], Omission>).self) { group in
      var results = [Result<[Comparison], Omission>?](repeating: nil, count: runs.count)
      var next = 0
      func add() {
        let index = next
        next += 1
        group.addTask { (index, await compare(runs[index], catalog: catalog)) }
      }
      while next < Swift.min(2, runs.count) { add() }
      for await (index, result) in group {
        results[index] = result
        if next < runs.count { add() }
      }
      return results.compactMap { $0 }
    }
    var comparisons: [Comparison] = []
    var omissions: [Omission] = []
    for result in results {
      switch result {
      case .success(let pairs): comparisons += pairs
      case .failure(let omission): omissions.append(omission)
      }
    }
    return (comparisons, omissions)
  }
}

extension Replay.Omission: Error {}

extension ReplayScenario {
  /// Reads the scenario as the command would.
  static func read(
    _ replay: ReplayScenario, run: MeasuredRun, catalog: Catalog
  ) -> Result<Scenario, Replay.Omission> {
    ScenarioReader.read(
      bytes: Array(replay.text.utf8), file: run.id, folder: ".", catalog: catalog
    ).mapError { report in
      let first = report.faults.first?.message ?? "the scenario is refused"
      return Replay.Omission(run: run, reason: first.hasPrefix("does not fit") ? "does not fit" : first)
    }
  }
}
