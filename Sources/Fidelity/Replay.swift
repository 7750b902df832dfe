import DryRack

/// What the product says of one measured figure.
struct Comparison: Sendable {
  var run: MeasuredRun
  /// As in the table, such as `tpot_mean_ms`.
  var metric: String
  var measured: Double
  var predicted: Double
  var basis: String
  var assumptions: [String]

  /// Relative error: 0.1 is ten per cent too much.
  var error: Double { predicted / measured - 1 }
}

/// A measured run with the scenario that repeats it.
struct ReplayedRun: Sendable {
  var run: MeasuredRun
  var replay: ReplayScenario
  var simulation: CalibrationCase
}

/// A run that was left out, and why.
struct Omission: Sendable {
  var run: MeasuredRun
  var reason: String
}

/// Sends measured runs through the product: scenario in, result out.
enum Replay {
  /// The scenarios of all runs that can be repeated, in the order of the table, and the others.
  static func prepare(_ runs: [MeasuredRun]) -> (replayed: [ReplayedRun], omissions: [Omission]) {
    var replayed: [ReplayedRun] = []
    var omissions: [Omission] = []
    for run in runs {
      do throws(ReplayScenario.Exclusion) {
        let replay = try ReplayScenario(run)
        let simulation = CalibrationCase(
          text: replay.text, name: run.id, figures: figures(of: run), entries: replay.entries)
        let read = ScenarioReader.read(bytes: Array(replay.text.utf8), file: run.id, folder: ".")
        if case .failure(let report) = read {
          let message = report.faults.first?.message ?? "the scenario is refused"
          omissions.append(
            Omission(
              run: run, reason: message.contains("does not fit") ? "the memory plan does not fit" : message))
        } else {
          replayed.append(ReplayedRun(run: run, replay: replay, simulation: simulation))
        }
      } catch {
        omissions.append(Omission(run: run, reason: error.reason))
      }
    }
    return (replayed, omissions)
  }

  /// Every figure of the runs under one catalogue.
  static func compare(_ runs: [ReplayedRun], catalog: Catalog) -> [Comparison] {
    let simulated = Calibration.simulateAll(runs.map(\.simulation), catalog: catalog)
    return zip(runs, simulated).flatMap { item, result -> [Comparison] in
      guard let result else { return [] }
      return item.simulation.figures.compactMap { figure in
        figure.predict(result).map {
          Comparison(
            run: item.run, metric: figure.name, measured: figure.measured, predicted: $0, basis: result.basis,
            assumptions: item.replay.assumptions)
        }
      }
    }
  }

  private static func figures(of run: MeasuredRun) -> [MeasuredFigure] {
    run.metrics.compactMap { metric in
      guard metric.value > 0, let predict = prediction(of: metric.name, in: run) else { return nil }
      return MeasuredFigure(
        name: metric.name, measured: metric.value,
        tolerance: FittedCoefficients.tolerance(metric.name, in: run),
        predict: predict)
    }
  }

  /// The simulated figure in the measured unit; `nil` for a metric that is not simulated.
  private static func prediction(
    of name: String, in run: MeasuredRun
  ) -> (@Sendable (SimulatedFigures) -> Double?)? {
    let isSingle = run.text("workload_kind") == "single"
    switch name {
    case "output_tok_s":
      return { figures in
        isSingle ? figures.value("tpot_s", "mean").map { 1 / $0 } : figures.value("output_tokens_per_s")
      }
    case "prefill_tok_s":
      guard let prompt = run.number("isl_mean") else { return nil }
      return { $0.value("ttft_s", "mean").map { prompt / $0 } }
    case "total_tok_s": return { $0.value("total_tokens_per_s") }
    case "requests_per_s": return { $0.value("throughput_rps") }
    default: break
    }
    let parts = name.split(separator: "_").map(String.init)
    guard parts.count == 3, parts[2] == "ms", ["ttft", "tpot", "e2e", "itl"].contains(parts[0]) else {
      return nil
    }
    let (metric, statistic) = ("\(parts[0])_s", parts[1])
    let held = metric == "ttft_s" ? heldBackTokens(run) : 0
    return { figures in
      guard let value = figures.value(metric, statistic) else { return nil }
      return (value + held * (figures.value("tpot_s", "mean") ?? 0)) * 1000
    }
  }

  /// Tokens that the server holds back before the first chunk. The InferenceX settings of TensorRT-LLM for
  /// DeepSeek stream every 20th step: their time to first token is that of the twentieth.
  private static func heldBackTokens(_ run: MeasuredRun) -> Double {
    let isDeepSeek = ReplayScenario.model(of: run)?.hasPrefix("deepseek") ?? false
    return run.campaign == "infx" && run.text("engine") == "trtllm" && isDeepSeek ? 19 : 0
  }
}
