import DryRack
import Testing

@testable import Experiments

@Suite("What clients did, done again")
struct MeasurementReplayTests {
  private func workload(_ traffic: String? = nil) throws -> InferenceWorkload {
    let text = InventedBench.scenario(traffic: traffic)
    let scenario = try ScenarioReader.read(bytes: Array(text.utf8), file: "s.yaml", folder: ".").get()
    return scenario.workloads[0]
  }

  private func run(_ load: BenchmarkLoad, recorded: [RecordedRequest] = [], requests: Int? = nil)
    -> BenchmarkRun
  {
    var run = BenchmarkRun(name: "r", format: .vllmBench)
    (run.load, run.recorded, run.requests) = (load, recorded, requests)
    return run
  }

  private let rows = [
    RecordedRequest(start: 7, promptTokens: 30, outputTokens: 3),
    RecordedRequest(start: 7.5, promptTokens: 40, outputTokens: 4),
    RecordedRequest(start: 9, promptTokens: 50, outputTokens: 5),
  ]

  @Test("recorded requests of a closed loop keep their order and lose their times")
  func closedLoop() throws {
    let replay = MeasurementReplay(run(.closedLoop(users: 2), recorded: rows), workload: try workload())
    guard case .trace(let trace) = replay.traffic.traffic else {
      Issue.record("no trace")
      return
    }
    #expect(replay.traffic.users == 2 && replay.traffic.requests == 3)
    #expect(trace.promptTokens == [30, 40, 50] && trace.arrivals.allSatisfy { $0 == .zero })
  }

  @Test("recorded times are those of the trace, from the first one on")
  func times() throws {
    let replay = MeasurementReplay(run(.recorded, recorded: rows), workload: try workload())
    guard case .trace(let trace) = replay.traffic.traffic else {
      Issue.record("no trace")
      return
    }
    #expect(trace.arrivals.map(\.seconds) == [0, 0.5, 2] && replay.traffic.users == nil)
  }

  @Test("lengths and arrivals that a file does not state are the scenario's, and that is said")
  func silence() throws {
    let replay = MeasurementReplay(run(.unknown, requests: 12), workload: try workload())
    guard case .generated(.closedLoop(let users, _), let prompt, let output) = replay.traffic.traffic else {
      Issue.record("no closed loop")
      return
    }
    #expect(users == 4 && prompt == Distribution(.constant(300)) && output == Distribution(.constant(40)))
    #expect(replay.traffic.requests == 12)
    #expect(replay.notes == ["lengths as the scenario has them", "arrivals as the scenario has them"])
  }

  @Test(
    "every replay ends, whatever is left out",
    arguments: [
      BenchmarkLoad.unknown, .closedLoop(users: 3), .open(rate: 5, burstiness: 1),
      .open(rate: 5, burstiness: nil),
      .open(rate: 5, burstiness: 0.3), .burst, .recorded,
    ])
  func ends(load: BenchmarkLoad) throws {
    for recorded in [[], rows] {
      for endless in [
        nil,
        "    arrivals: { process: burst, count: 5 }\n    prompt-tokens: { distribution: constant, "
          + "value: 10 }\n    output-tokens: { distribution: constant, value: 3 }",
      ] {
        let text = InventedBench.scenario(traffic: endless)
        var simulation = CalibrationCase(text: text, name: "s", figures: [])
        simulation.replay =
          MeasurementReplay(
            run(load, recorded: recorded), workload: try workload(endless)
          ).traffic
        let figures = try simulation.simulate(catalog: .builtIn).get()
        #expect(try #require(figures.value("completed")) >= 3, "\(load)")
      }
    }
  }

  @Test("a trace with users is a closed loop: never more in flight than users")
  func traceUsers() throws {
    let requests = (0..<40).map { index in
      RecordedRequest(start: nil, promptTokens: 100 + Int32(index), outputTokens: 5 + Int32(index % 7))
    }
    var simulation = CalibrationCase(text: InventedBench.scenario(), name: "s", figures: [])
    simulation.replay =
      MeasurementReplay(
        run(.closedLoop(users: 6), recorded: requests), workload: try workload()
      ).traffic
    let figures = try simulation.simulate(catalog: .builtIn).get()
    #expect(figures.value("completed") == 40 && figures.reach.sequences <= 6)
    #expect(figures.reach.promptTokens == 139 && figures.value("e2e_s", "count") == 40)
  }

  @Test("a scenario says so too: users beside a trace")
  func traceUsersWritten() throws {
    func workload(_ users: String) throws -> InferenceWorkload {
      let traffic = "    trace: { file: vllm-bench.json, format: vllm-bench\(users) }"
      let text = InventedBench.scenario(traffic: traffic)
      return try ScenarioReader.read(
        bytes: Array(text.utf8), file: "s.yaml", folder: MeasurementFixture.folder
      ).get().workloads[0]
    }
    #expect(try workload(", users: 2").traceUsers == 2 && workload("").traceUsers == nil)
    #expect(throws: FaultReport.self) { try workload(", users: 0") }
    #expect(throws: FaultReport.self) { try workload(", user: 2") }
  }

  @Test("metrics are chosen by name, with or without a statistic")
  func selection() throws {
    let run = try InventedBench.runs.get()[3]
    let all = MetricSelection.usual.figures(of: run).map(\.name)
    #expect(all.contains("p99(ttft_s)") && all.contains("throughput_rps") && all.count == 14)
    let chosen = try MetricSelection.parse("ttft_s, p99(e2e_s),throughput_rps").get().figures(of: run)
    #expect(
      chosen.map(\.name).sorted() == [
        "mean(ttft_s)", "p50(ttft_s)", "p99(e2e_s)", "p99(ttft_s)", "throughput_rps",
      ])
    for bad in ["", "ttft", "p98(ttft_s)", "p99(throughput_rps)", "mfu", "p99(ttft_s", ",,"] {
      #expect(throws: MetricSelection.Problem.self, "\(bad)") { try MetricSelection.parse(bad).get() }
    }
  }

  @Test("rates of an open loop say nothing below saturation, all beyond")
  func rates() throws {
    var run = run(.open(rate: 10, burstiness: 1))
    run.add("throughput_rps", nil, 9.7)
    #expect(MetricSelection.usual.figures(of: run).isEmpty)
    run.figures = []
    run.add("throughput_rps", nil, 6)
    #expect(MetricSelection.usual.figures(of: run).map(\.name) == ["throughput_rps"])
  }
}
