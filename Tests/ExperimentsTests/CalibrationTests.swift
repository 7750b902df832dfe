import DryRack
import Foundation
import Testing

@testable import Experiments

/// Benchmark runs that were never made: simulated under known coefficients, and calibrated as if measured.
enum InventedBench {
  /// An accelerator without kernel tables of its own: its figures are estimated until somebody measures.
  static func scenario(
    accelerator: String = "h100-sxm", model: String = "llama-3.1-8b", overlays: [String] = [],
    traffic: String? = nil
  ) -> String {
    """
    version: 1
    name: bench
    overlays: [\(overlays.joined(separator: ", "))]
    workloads:
      chat:
        kind: inference
        model: \(model)
    \(traffic ?? closed(users: 4, prompt: 300, output: 40))
    designs:
      lab:
        sites: { here: { kind: on-prem } }
        pools:
          gpu:
            site: here
            node: { accelerator: \(accelerator), accelerators: 1 }
            count: 1
            pricing: { price: 1 USD/h }
        services: { chat: { workload: chat, pool: gpu, engine: vllm, replicas: 1 } }
    """
  }

  static func closed(users: Int, prompt: Int, output: Int, requests: Int = 60) -> String {
    """
        arrivals: { process: closed-loop, users: \(users) }
        requests: \(requests)
        prompt-tokens: { distribution: constant, value: \(prompt) }
        output-tokens: { distribution: constant, value: \(output) }
    """
  }

  struct Load {
    var users: Int
    var prompt: Int
    var output: Int
    var requests = 60
  }
  static let loads = [
    Load(users: 1, prompt: 200, output: 40, requests: 12), Load(users: 8, prompt: 500, output: 60),
    Load(users: 24, prompt: 1500, output: 30, requests: 100),
    Load(users: 48, prompt: 100, output: 80, requests: 150),
    Load(users: 4, prompt: 3000, output: 20),
  ]

  /// The catalogue's own values, each off by a factor.
  static let truth: [String: Double] = {
    let factors = [
      "step-overhead-s": 2, "layer-overhead-s": 1.7, "sequence-overhead-s": 3, "front-end-s": 1.8,
      "weight-reading-time-ratio": 1.1, "arithmetic-time-ratio": 0.8, "decode-attention-time-ratio": 1.25,
      "prompt-attention-time-ratio": 1.2,
    ]
    let engine = Catalog.builtIn.engine("vllm")!
    return factors.reduce(into: [:]) { truth, factor in
      let coefficient = EngineCoefficient.all.first { $0.key == factor.key }!
      truth[factor.key] = coefficient.parameter(of: engine, in: .builtIn).start * factor.value
    }
  }()

  static var catalog: Catalog {
    Catalog.builtIn.overlaid(
      with: EngineCoefficient.all.compactMap { coefficient in
        truth[coefficient.key].map {
          OverlayFact(
            kind: .engines,
            fact: Fact(
              name: "vllm", key: coefficient.key, value: "\($0)", unit: coefficient.unit, source: "",
              date: "",
              note: ""))
        }
      })
  }

  static func simulate(_ load: Load, catalog: Catalog) throws -> SimulatedFigures {
    let text = scenario(
      traffic: closed(users: load.users, prompt: load.prompt, output: load.output, requests: load.requests))
    return try CalibrationCase(text: text, name: "bench", figures: []).simulate(catalog: catalog).get()
  }

  /// What a client would have written.
  static func run(_ load: Load) throws -> BenchmarkRun {
    let figures = try simulate(load, catalog: catalog)
    var run = BenchmarkRun(name: "\(load.users) users", format: .vllmBench)
    run.date = "2025-11-0\(1 + load.users % 9)"
    run.load = .closedLoop(users: load.users)
    run.requests = load.requests
    run.promptTokens = .constant(Double(load.prompt))
    run.outputTokens = .constant(Double(load.output))
    for metric in ["ttft_s", "tpot_s", "itl_s", "e2e_s"] {
      for statistic in ["mean", "p50", "p99"] { run.add(metric, statistic, figures.value(metric, statistic)) }
    }
    for metric in ["output_tokens_per_s", "throughput_rps"] { run.add(metric, nil, figures.value(metric)) }
    return run
  }

  static let runs = Result { try loads.map(run) }

  static func prepare(_ text: String? = nil, _ runs: [BenchmarkRun]? = nil) throws -> ServiceCalibration {
    try ServiceCalibration.prepare(
      try runs ?? Self.runs.get(), text: text ?? scenario(), folder: ".", source: .init(path: "bench.yaml")
    ).get()
  }

  /// Calibrated once for all tests that look at the outcome.
  static let report = Result { try #require(try prepare().report()) }
}

@Suite("Calibration against runs whose coefficients are known")
struct CalibrationTests {
  @Test("means and rates come within 2 % of what was measured, quantiles 3 %, left-out runs 4 %")
  func recovery() throws {
    let report = try InventedBench.report.get()
    #expect(report.errors.count == 14)
    for row in report.errors {
      let worst = try #require(row.after.ninetieth)
      // A quantile is one of few steps of an engine, and the histograms' buckets are 0.8 % wide.
      let isQuantile = row.figure.hasPrefix("p")
      #expect(worst < (isQuantile ? 0.03 : 0.02), "\(row.figure): \(worst)")
      #expect(try #require(row.leftOut?.median) < 0.04, "\(row.figure)")
    }
    let tpot = try #require(report.errors.first { $0.figure == "mean(tpot_s)" })
    #expect(try #require(tpot.before.median) > 0.05, "the start is off, or nothing was learnt")
  }

  @Test("the intervals hold the coefficients that made the runs")
  func coverage() throws {
    for estimate in try InventedBench.report.get().parameters {
      let truth = try #require(InventedBench.truth[estimate.parameter.key])
      let (low, high) = estimate.interval
      #expect(low <= truth && truth <= high, "\(estimate.parameter.key): \(truth) in \(low) … \(high)")
      #expect(!estimate.isAtBound)
    }
  }

  @Test("the overlay is the same whatever the number of jobs")
  func determinism() throws {
    let calibration = try InventedBench.prepare(nil, Array(try InventedBench.runs.get().prefix(2)))
    let one = try #require(calibration.report(jobs: 1))
    let two = try #require(calibration.report(jobs: 2))
    #expect(OverlayFile.text(of: one.overlay) == OverlayFile.text(of: two.overlay))
    #expect(one.json() == two.json() && one.table(style: TextStyle(colours: false)).contains("before"))
  }

  @Test("what runs of one user cannot tell is said to be undetermined, and stays near the catalogue")
  func undetermined() throws {
    let alone = try InventedBench.prepare(nil, [try InventedBench.runs.get()[0]])
    let report = try #require(alone.report())
    let sequence = try #require(report.parameters.first { $0.parameter.key == "sequence-overhead-s" })
    #expect(!sequence.isDetermined && abs(sequence.distance) < 0.5)
    #expect(report.notes.contains { $0.contains("do not determine") && $0.contains("sequence-overhead-s") })
    #expect(report.notes.contains { $0.contains("fewer than 4 runs") })
    #expect(report.errors.allSatisfy { $0.leftOut == nil })
    let fact = try #require(report.overlay.first { $0.fact.key == "sequence-overhead-s" })
    #expect(fact.fact.note.hasPrefix("not determined") && fact.fact.source == "calibration")
  }

  @Test("a run that no coefficient explains leaves them at their bounds, and that is said")
  func impossible() throws {
    var run = try InventedBench.runs.get()[0]
    run.figures = run.figures.map {
      BenchmarkFigure(metric: $0.metric, statistic: $0.statistic, value: $0.value * 1e7)
    }
    let report = try #require(try InventedBench.prepare(nil, [run]).report())
    #expect(report.notes.contains { $0.contains("bound") || $0.contains("more than three") })
    #expect(report.notes.contains { $0.contains("still off") })
  }

  @Test("the facts of a version go to that version's entry, and are read from there")
  func versions() throws {
    let text = InventedBench.scenario()
      .replacing("engine: vllm", with: "engine: tensorrt-llm, engine-version: 0.20")
    let old = try InventedBench.prepare(text)
    #expect(old.parameters.allSatisfy { $0.name == "tensorrt-llm@0" })
    let new = try InventedBench.prepare(text.replacing("0.20", with: "1.2"))
    #expect(new.parameters.allSatisfy { $0.name == "tensorrt-llm" })
    #expect(old.parameters.map(\.start) != new.parameters.map(\.start))
  }

  @Test("experts and several accelerators bring coefficients of their own")
  func scopes() throws {
    let dense = try InventedBench.prepare()
    #expect(dense.parameters.count == 8)
    let experts = try InventedBench.prepare(InventedBench.scenario(model: "qwen3-30b-a3b"))
    #expect(experts.parameters.map(\.key).filter { $0.hasPrefix("expert") }.count == 2)
    #expect(experts.runs.allSatisfy { $0.notes.isEmpty }, "an invented run names no model")
  }
}
