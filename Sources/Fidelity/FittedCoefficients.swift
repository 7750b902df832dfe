import DryRack

/// The coefficients that are fitted to measured runs: which, from where, and on what.
enum FittedCoefficients {
  static let engines = ["vllm", "tensorrt-llm", "tensorrt-llm@0", "sglang"]

  /// Every coefficient at its neutral value: what kernel tables and common sense say before any run.
  static let all: [CalibrationParameter] =
    engines.flatMap { engine in
      EngineCoefficient.all.map { $0.parameter(ofEngine: engine) }
    } + experts

  /// Expert kernels inside a served model over the same kernels alone, where runs tell.
  private static let experts: [CalibrationParameter] = [
    ("a100-sxm-80gb", ["bf16"]), ("h100-sxm", ["bf16", "fp8", "fp8-block", "mxfp4"]),
    ("h200-sxm", ["fp8", "fp8-block", "int4-weight-only"]),
    ("b200-sxm", ["bf16", "fp8", "nvfp4", "mxfp4", "int4-weight-only"]),
  ].flatMap { accelerator, precisions in
    precisions.map {
      CalibrationParameter(
        kind: .efficiencies, name: accelerator, key: "moe.\($0).served", start: 1, spread: 0.3)
    }
  }

  /// The overlay under which only kernel tables speak.
  static var neutral: [OverlayFact] {
    all.map {
      OverlayFact(
        kind: $0.kind,
        fact: Fact(
          name: $0.name, key: $0.key, value: "\($0.start)", unit: $0.unit, source: "", date: "", note: ""))
    }
  }

  /// Runs that the fit may learn from: the layout and the client are known.
  static func learnsFrom(_ run: MeasuredRun) -> Bool {
    switch run.campaign {
    case "blisA", "blisB", "trt06", "trt09": true
    // Which of these ran with multi-token prediction is known for one image only, and not what was accepted.
    case "infx": !run.text("model").hasSuffix("DeepSeek-R1")
    case "nvgap": run.text("gpu") != "GB200"
    default: false
    }
  }

  /// The figures that a fit looks at, and how far off each may be. Runs of one campaign share what is wrong
  /// with it, so that hundreds of them say hardly more than a few: each counts one part in 36.
  static func tolerance(_ metric: String, in run: MeasuredRun) -> Double { 6 * ownTolerance(metric, in: run) }

  private static func ownTolerance(_ metric: String, in run: MeasuredRun) -> Double {
    switch metric {
    case "tpot_mean_ms", "e2e_mean_ms": 0.1
    case "output_tok_s": 0.15
    // How a client opens and streams blurs these.
    case "ttft_mean_ms": run.campaign == "nvgap" ? 0.5 : 0.3
    default: 1e3
    }
  }

  /// Fits all coefficients to every fifth of the runs that there is something to learn from: neighbours
  /// differ in one setting and say the same.
  static func fit(_ runs: [ReplayedRun], catalog: Catalog) -> CalibrationFit? {
    let wanted = ["tpot_mean_ms", "output_tok_s", "ttft_mean_ms", "e2e_mean_ms"]
    let usable = runs.filter { learnsFrom($0.run) }
    let chosen = usable.enumerated().filter {
      $0.offset % 5 == 0 || $0.element.run.campaign.hasPrefix("blis")
    }
    let cases = chosen.map(\.element).map { item -> CalibrationCase in
      var simulation = item.simulation
      simulation.figures.removeAll { !wanted.contains($0.name) }
      return simulation
    }
    return Calibration.fit(cases, parameters: all, catalog: catalog)
  }
}
