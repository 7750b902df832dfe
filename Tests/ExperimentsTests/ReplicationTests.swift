import DryRack
import Foundation
import Testing

@Suite("Replications")
struct ReplicationTests {
  /// Three designs that differ in everything but what is asked of them.
  static let text = """
    version: 1
    name: replications
    seed: 7
    duration: 50s
    replications: 6
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: 4/s }
        prompt-tokens: { distribution: lognormal, mean: 600, cv: 1, max: 4096 }
        output-tokens: { distribution: gamma, mean: 120, cv: 1, max: 1024 }
        slo: { ttft: 500ms, tpot: 30ms }
    designs:
      one:
        sites: { dc: { kind: on-prem, electricity: 0.12 USD/kWh } }
        pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 280000 USD } } }
        services: { chat: { workload: chat, pool: gpu, replicas: 1 } }
      three:
        sites: { dc: { kind: on-prem, electricity: 0.12 USD/kWh } }
        pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 280000 USD } } }
        services: { chat: { workload: chat, pool: gpu, replicas: 3, router: power-of-two } }
      call:
        services: { chat: { workload: chat, endpoint: together-llama-3.1-8b } }
    thresholds: [ "p99(ttft_s) < 2", "goodput_ratio{design=one} > 0.5" ]
    """

  static func scenario(_ text: String = text, _ overrides: [(String, String)] = []) throws -> Scenario {
    try ScenarioReader.read(
      bytes: Array(text.utf8), file: "t", folder: ".",
      overrides: overrides.map { Override(path: $0.0, value: $0.1) }
    ).get()
  }

  @Test("every design meets the same requests, another set in each replication")
  func sameRequests() throws {
    let scenario = try Self.scenario()
    var options = WorldOptions()
    options.keepsRequests = true
    var earlier: [[Int]] = []
    for replication in 0..<3 {
      let asked = scenario.designs.indices.map { index in
        Simulation.run(
          DesignModel(scenario: scenario, designIndex: index), replication: replication, options: options
        ).records.sorted { $0.serial < $1.serial }
          .map { [Int($0.sent.count), $0.promptTokens, $0.outputTokens] }
      }
      #expect(asked[0].count > 100 && asked.allSatisfy { $0 == asked[0] })
      #expect(!earlier.contains(asked[0][5]))
      earlier.append(asked[0][5])
    }
  }

  @Test("designs differ by pairs: the ratio of the report is that of the rows")
  func differences() async throws {
    let results = await Experiment.run(try Self.scenario(), options: RunOptions())
    let figures = results.differences.map { "\($0.figure) \($0.design)" }
    #expect(
      figures == [
        "cost_per_month three", "cost_per_month call", "p99(ttft_s) three", "p99(ttft_s) call",
        "goodput_ratio three", "goodput_ratio call",
      ])
    for difference in results.differences {
      #expect(difference.base == "one" && difference.comparison.count == 6)
      func values(_ design: String) -> [Double] {
        results.rows.filter {
          $0.design == design && $0.workload == difference.workload && $0.metric == difference.metric
            && $0.statistic == difference.statistic && $0.replication != nil
        }.compactMap(\.value)
      }
      #expect(difference.comparison == SampleComparison(paired: values("one"), values(difference.design)))
      #expect(difference.adjustedPValue! >= difference.comparison.pValue!)
      let ratio = difference.comparison.ratio
      if difference.verdict == .notShown, let ratio { #expect(ratio.low < 1 && ratio.high > 1) }
      if difference.verdict == .lower { #expect(ratio!.high < 1) }
    }
    let text = results.table(style: TextStyle(colours: false))
    #expect(text.contains("differences from one, the first design (95 % intervals of 6 paired runs"))
    #expect(results.summaryJSON().contains("\"differences\""))
    let single = await Experiment.run(
      try Self.scenario(Self.text, [("replications", "1")]), options: RunOptions())
    #expect(
      single.differences.isEmpty && !single.table(style: TextStyle(colours: false)).contains("differences"))
  }

  @Test(
    "`until` stops at the first look that is good enough, as a run of that many replications",
    arguments: [1, 4])
  func until(jobs: Int) async throws {
    var options = RunOptions()
    options.jobs = jobs
    let rule = "{ metric: 'p50(e2e_s{workload=chat})', relative-half-width: 6%, max-replications: 60 }"
    let scenario = try Self.scenario(Self.text, [("until", rule), ("replications", "4")])
    let results = await Experiment.run(scenario, options: options)
    let count = results.manifest.replications
    #expect(count > 4 && count < 60 && [9, 14, 19, 24, 30, 37, 46, 57].contains(count))
    #expect(results.notes.contains { $0.contains("after \(count) replications; asked for was 6.0 %") })
    func widest(_ rows: [MetricRow]) -> Double {
      rows.filter { $0.replication == nil && $0.metric == "e2e_s" && $0.statistic == "p50" }
        .map { ($0.high! - $0.low!) / 2 / $0.value! }.max()!
    }
    #expect(widest(results.rows) <= 0.06)
    let fixed = await Experiment.run(
      try Self.scenario(Self.text, [("replications", "\(count)")]), options: RunOptions())
    #expect(fixed.rows == results.rows && fixed.differences == results.differences)
    // One look earlier it was not good enough.
    let earlier = [4, 9, 14, 19, 24, 30, 37, 46].last { $0 < count }!
    let before = await Experiment.run(
      try Self.scenario(Self.text, [("replications", "\(earlier)")]), options: RunOptions())
    #expect(widest(before.rows) > 0.06)
  }

  @Test("on the main scenario, common random numbers save more than four of five runs")
  func savedRuns() async throws {
    let path = MetricTableTests.scenarios.appendingPathComponent("support-chat-forecast.yaml").path
    let scenario = try ScenarioReader.read(
      path: path, overrides: [Override(path: "replications", value: "10")]
    ).get()
    let results = await Experiment.run(scenario, options: RunOptions())
    let ratios = results.differences.filter { $0.unit == "s" }.compactMap(\.comparison.varianceRatio)
    // TTFT and E2E of three designs against the first.
    #expect(ratios.count == 6 && ratios.allSatisfy { $0 > 5 }, "\(ratios)")
  }

  @Test("`until` that is never met ends at its most, and says how well the figure is known")
  func untilTheMost() async throws {
    let rule = "{ metric: 'p99(ttft_s)', relative-half-width: 0.01%, max-replications: 8 }"
    let results = await Experiment.run(
      try Self.scenario(Self.text, [("until", rule), ("replications", "3")]), options: RunOptions())
    #expect(results.manifest.replications == 8 && results.manifest.complete)
    #expect(results.notes.contains { $0.contains("all that max-replications allows") })
    let odd = "{ metric: 'mean(step_time_s)', max-replications: 50 }"
    let unknown = await Experiment.run(
      try Self.scenario(Self.text, [("until", odd), ("replications", "3")]), options: RunOptions())
    #expect(unknown.manifest.replications == 3)
    #expect(unknown.notes.contains { $0.contains("no design reports") })
  }

  @Test("a limit that comes between two looks leaves an incomplete run")
  func limited() async throws {
    var options = RunOptions()
    options.maximumEvents = 20_000
    let rule = "{ metric: 'p99(ttft_s)', relative-half-width: 0.01% }"
    let results = await Experiment.run(
      try Self.scenario(Self.text, [("until", rule), ("replications", "2")]), options: options)
    #expect(!results.manifest.complete && results.manifest.stoppedBy == "the limit on events")
  }

  @Test(
    "what is wrong with `until` is told with its place",
    arguments: [
      ("{ metric: 'p99(ttft_x)' }", "unknown metric"), ("{ metric: ttft_s }", "needs a statistic"),
      ("{ metric: 'p99(ttft_s{workload=chta})' }", "there is no workload"),
      ("{ metric: 'p99(ttft_s)', relative-half-width: 0% }", "above 0 and below 100 %"),
      ("{ metric: 'p99(ttft_s)', relative-half-width: 100% }", "above 0 and below 100 %"),
      ("{ metric: 'p99(ttft_s)', max-replications: 5 }", "more than `until` allows"),
      ("{ metric: 'p99(ttft_s)', max-replications: 1 }", "2"), ("{ relative-half-width: 5% }", "missing"),
      ("{ metric: 'p99(ttft_s)', halfwidth: 5% }", "unknown key"),
    ])
  func untilFaults(rule: String, words: String) throws {
    let result = ScenarioReader.read(
      bytes: Array(Self.text.utf8), file: "t", folder: ".",
      overrides: [Override(path: "until", value: rule)])
    guard case .failure(let report) = result else {
      Issue.record("\(rule) is taken")
      return
    }
    #expect(report.description.contains(words) && report.faults.count == 1, "\(report)")
  }

  @Test("a warm-up that MSER-5 refuses is told in words")
  func refusedWarmup() async throws {
    // Twice the load that one GPU carries: latencies grow to the end, and no part of the run is steady.
    let results = await Experiment.run(
      try Self.scenario(
        Self.text,
        [("warmup", "auto"), ("workloads.chat.arrivals.rate", "90/s"), ("replications", "2")]),
      options: RunOptions())
    #expect(results.notes.contains { $0.hasPrefix("one: `warmup: auto` cut nothing off in 2 of 2 runs") })
    #expect(!results.notes.contains { $0.hasPrefix("call: `warmup: auto`") })
  }

  @Test("thin quantiles are told for what thresholds ask")
  func thinQuantiles() async throws {
    let results = await Experiment.run(
      try Self.scenario(Self.text, [("thresholds", "[ 'p99.9(e2e_s) < 9', 'p50(e2e_s) < 9' ]")]),
      options: RunOptions())
    let thin = results.notes.filter { $0.contains("rests on fewer than 10") }
    #expect(thin.contains { $0.hasPrefix("one/chat: p99 rests") })
    #expect(thin.contains { $0.hasPrefix("one/chat: p99.9(e2e_s) rests") })
    #expect(!thin.contains { $0.contains("p50") })
  }

  @Test("a single run says how well it knows its quantiles; several leave that to their spread")
  func sections() async throws {
    let long = [("duration", "30m"), ("workloads.chat.arrivals.rate", "8/s"), ("replications", "1")]
    let asked = ("thresholds", "[ 'p90(e2e_s) < 9' ]")
    let single = await Experiment.run(try Self.scenario(Self.text, long + [asked]), options: RunOptions())
    let notes = single.notes.filter { $0.hasPrefix("one run knows") }
    #expect(notes.count == 2 && notes[0].hasPrefix("one run knows p99(ttft_s) to this"))
    let row = try #require(single.row(design: "three", metric: "e2e_s", statistic: "p90")?.value)
    let words = try #require(notes[1].firstMatch(of: /three\/chat ([0-9.]+) to ([0-9.]+) s/))
    let (low, high) = (try #require(Double(words.1)), try #require(Double(words.2)))
    #expect(low < row && row < high && high / low < 1.2)
    let several = await Experiment.run(
      try Self.scenario(Self.text, [("replications", "2"), asked]), options: RunOptions())
    #expect(!several.notes.contains { $0.hasPrefix("one run knows") })
  }

  @Test("quantiles over replications carry the interval of their order statistics")
  func orderStatistics() async throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("scenarios")
    let scenario = try ScenarioReader.read(
      path: folder.appendingPathComponent("spot-training.yaml").path,
      overrides: [Override(path: "replications", value: "20")]
    ).get()
    let results = await Experiment.run(scenario, options: RunOptions())
    let rows = results.rows.filter { $0.metric == "time_to_train_s" && $0.statistic == "p50" }
    #expect(!rows.isEmpty)
    for row in rows {
      let single = results.rows.filter {
        $0.metric == "time_to_train_s" && $0.design == row.design && $0.workload == row.workload
          && $0.replication != nil
      }.compactMap(\.value).sorted()
      guard single.count == 20 else { continue }
      // Of 20 values the 6th and the 15th enclose the median with 95 %.
      #expect(row.low == single[5] && row.high == single[14] && row.value == single[9])
    }
    for row in results.rows where row.metric == "time_to_train_s" && row.statistic == "p99" {
      #expect(row.high == nil, "20 runs do not enclose a 99th percentile")
    }
  }
}
