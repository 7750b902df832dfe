import DryRack
import DryRackTesting
import Foundation
import Testing

@Suite("Comparisons of result sets")
struct ComparisonTests {
  /// A table of one figure over replications.
  static func table(
    _ values: [Double], seed: Int = 1, metric: String = "ttft_s", statistic: String = "p99",
    total: Bool = true, interval: (Double, Double)? = nil
  ) throws -> ResultSet {
    var text = "run_id,design,workload,replication,metric,statistic,value,unit,ci_low,ci_high\n"
    let mean = values.reduce(0, +) / Double(values.count)
    let limits = interval.map { "\($0.0),\($0.1)" } ?? ","
    if total { text += "abc-\(seed),a,chat,,\(metric),\(statistic),\(mean),s,\(limits)\n" }
    if values.count > 1 {
      for (index, value) in values.enumerated() {
        text += "abc-\(seed),a,chat,\(index),\(metric),\(statistic),\(value),s,,\n"
      }
    }
    return try ResultReader.read(bytes: Array(text.utf8), file: "t.csv").get()
  }

  static func verdict(
    _ before: ResultSet, _ after: ResultSet, noise: Double = 0.02
  ) throws -> (MetricChange.Verdict, MetricChange.Basis) {
    let comparison = ResultComparison(before: before, after: after, selection: .init(noise: noise))
    let change = try #require(comparison.changes.first)
    return (change.verdict, change.basis)
  }

  static let base = [1.0, 1.4, 0.8, 1.1, 1.3, 0.9, 1.2, 1.05]

  @Test("better, worse, noise, equal: the four outcomes on pairs")
  func outcomes() throws {
    let before = try Self.table(Self.base)
    #expect(try Self.verdict(before, before) == (.identical, .paired))
    let slower = try Self.table(Self.base.map { $0 * 1.1 })
    #expect(try Self.verdict(before, slower) == (.regressed, .paired))
    #expect(try Self.verdict(slower, before) == (.improved, .paired))
    // Surely above one, but the least that it may be is noise.
    let little = try Self.table(Self.base.map { $0 * 1.015 })
    #expect(try Self.verdict(before, little) == (.withinNoise, .paired))
    #expect(try Self.verdict(before, little, noise: 0.01) == (.regressed, .paired))
    let shuffled = try Self.table(Self.base.reversed().map { $0 * 1.01 })
    #expect(try Self.verdict(before, shuffled, noise: 0) == (.withinNoise, .paired))
  }

  @Test("one side has more replications of the seed: those that both have are compared")
  func unequal() throws {
    let many = try Self.table(Self.base)
    // What one run is, five are not: replication 0 alone decides.
    #expect(try Self.verdict(many, Self.table([Self.base[0]])) == (.identical, .values))
    #expect(try Self.verdict(Self.table([Self.base[0]]), many) == (.identical, .values))
    #expect(try Self.verdict(many, Self.table([Self.base[0] * 1.1])) == (.regressed, .values))
    #expect(try Self.verdict(many, Self.table(Array(Self.base.prefix(3)))) == (.identical, .paired))
    // The mean of three runs lies above that of all, and each of the three fell.
    let fewer = try Self.table(Self.base.prefix(3).map { $0 * 0.9 })
    let comparison = ResultComparison(before: many, after: fewer)
    let change = try #require(comparison.changes.first)
    #expect(change.verdict == .improved && change.replications == 3 && change.isOfCommonRuns)
    let mean = Self.base.prefix(3).reduce(0, +) / 3
    #expect(abs(try #require(change.before) - mean) < 1e-12)
    #expect(comparison.notes.contains { $0.contains("one set has more replications") })
    // Another seed has nothing in common.
    let other = try Self.table([Self.base[0]], seed: 2)
    #expect(ResultComparison(before: many, after: other).changes.allSatisfy { !$0.isOfCommonRuns })
  }

  @Test("rows that stand there twice are told")
  func repeated() throws {
    var twice = try Self.table(Self.base)
    twice.rows += twice.rows
    let notes = ResultComparison(before: try Self.table(Self.base), after: twice).notes
    #expect(notes.contains { $0.contains("9 rows stand there more than once") }, "\(notes)")
  }

  @Test("the direction is the metric's: more goodput is better, more load is neither")
  func directions() throws {
    let more = Self.base.map { $0 * 1.1 }
    func judged(_ metric: String) throws -> MetricChange.Verdict {
      try Self.verdict(
        Self.table(Self.base, metric: metric, statistic: "value"),
        Self.table(more, metric: metric, statistic: "value")
      ).0
    }
    #expect(try judged("goodput_rps") == .improved && judged("cost_per_month") == .regressed)
    #expect(try judged("offered") == .changed && judged("of_our_own") == .changed)
  }

  @Test(
    "pairs of one seed show what runs drawn apart do not; intervals and single values go as far as they do")
  func bases() throws {
    let before = try Self.table(Self.base)
    let slower = Self.base.map { $0 * 1.1 }
    #expect(try Self.verdict(before, Self.table(slower, seed: 2)) == (.withinNoise, .independent))
    let one = try Self.table([1], interval: (0.9, 1.1))
    #expect(try Self.verdict(one, Self.table([1.12], interval: (1.0, 1.24))) == (.withinNoise, .intervals))
    #expect(try Self.verdict(one, Self.table([1.4], interval: (1.3, 1.5))) == (.regressed, .intervals))
    #expect(try Self.verdict(Self.table([1]), Self.table([1.03])) == (.regressed, .values))
    #expect(try Self.verdict(Self.table([1]), Self.table([1.01])) == (.withinNoise, .values))
    #expect(try Self.verdict(Self.table([0]), Self.table([1e-9])) == (.regressed, .values))
    #expect(try Self.verdict(Self.table([0]), Self.table([0])) == (.identical, .values))
    // Rows of single replications alone are enough.
    #expect(
      try Self.verdict(Self.table(Self.base, total: false), Self.table(slower, total: false))
        == (.regressed, .paired))
  }

  @Test("points of a sweep pair by their columns, in whatever order these stand")
  func points() throws {
    func set(_ text: String) throws -> ResultSet {
      try ResultReader.read(bytes: Array(text.utf8), file: "sweep.csv").get()
    }
    let before = try set(
      "design,rate,count,metric,statistic,value\na,2/s,1,mfu,value,1\na,4/s,1,mfu,value,2\n")
    let after = try set(
      "count,design,metric,rate,statistic,value\n1,a,mfu,4/s,value,3\n1,a,mfu,2/s,value,1\n"
        + "2,a,mfu,2/s,value,1\n"
    )
    let comparison = ResultComparison(before: before, after: after)
    #expect(comparison.changes.map(\.verdict) == [.identical, .changed, .incomparable])
    #expect(comparison.changes[1].point == ["count=1", "rate=4/s"] && !comparison.isEmpty)
    #expect(comparison.changes[1].place == "a, count=1, rate=4/s: mfu")
  }

  @Test("a run compared with itself is identical, through JSON and CSV alike")
  func roundTrip() async throws {
    let results = await Experiment.run(try ReplicationTests.scenario(), options: RunOptions())
    let own = ResultSet(results, run: results.manifest.runID)
    let json = try ResultReader.read(bytes: Array(results.summaryJSON().utf8), file: "s.json").get()
    let csv = try ResultReader.read(bytes: Array(results.metricsCSV().utf8), file: "m.csv").get()
    let again = try ResultReader.read(bytes: Array(csv.csv().utf8), file: "again.csv").get()
    #expect(own.rows == json.rows && own.rows == csv.rows && own.rows == again.rows)
    #expect(json.isComplete == true && csv.isComplete == nil)
    let selection = ResultComparison.Selection(noise: 0)
    for set in [json, csv, again] {
      let comparison = ResultComparison(before: own, after: set, selection: selection)
      #expect(comparison.count(.identical) == comparison.changes.count && comparison.changes.count > 50)
    }
    let designs = ResultComparison(
      before: own.design("one", as: "x"), after: own.design("three", as: "x"), selection: selection)
    let cost = try #require(designs.changes.first { $0.metric == "cost_per_month" })
    let difference = try #require(results.differences.first { $0.metric == "cost_per_month" })
    #expect(cost.ratio == difference.comparison.ratio && cost.basis == .paired)
  }

  @Test(
    "broken files are told with their lines and never trap",
    arguments: [
      ("", "no row"), ("design,metric,value\na,b,1\n", "'statistic' is missing"),
      ("design,metric,statistic,value,value\n", "comes twice"),
      ("design,metric,statistic,value\na,m,value\n", "3 cells under 4 columns"),
      ("design,metric,statistic,value\na,m,value,1e400\n", "is no number"),
      ("design,metric,statistic,value\na,m,value,0x10\n", "is no number"),
      ("design,metric,statistic,value,replication\na,m,value,1,1.5\n", "no number of a replication"),
      ("design,metric,statistic,value,replication\na,m,value,1,-1\n", "no number of a replication"),
      ("design,metric,statistic,value\na,,value,1\n", "names its metric"),
      ("{\"results\":[{\"design\":1}]}", "names its design"), ("{\"results\":", "too early"),
      ("{\"rows\":[]}", "`results` is missing"),
      (
        "{\"results\":[{\"design\":\"a\",\"metric\":\"m\",\"statistic\":\"value\",\"value\":\"x\"}]}",
        "number"
      ),
      (
        "{\"results\":[{\"design\":\"a\",\"metric\":\"m\",\"statistic\":\"value\",\"replication\":1e300}]}",
        "whole"
      ),
    ])
  func faults(text: String, words: String) {
    guard case .failure(let report) = ResultReader.read(bytes: Array(text.utf8), file: "r") else {
      Issue.record("'\(text)' is taken")
      return
    }
    #expect(report.description.contains(words), "\(report)")
  }

  @Test("cut anywhere or changed in any byte, files end in rows or faults")
  func mutations() async throws {
    let results = await Experiment.run(
      try ReplicationTests.scenario(ReplicationTests.text, [("duration", "5s")]), options: RunOptions())
    var numbers = RandomStream(seed: 3, replication: 0, entity: "tests", purpose: "mutations")
    for text in [results.metricsCSV(), results.summaryJSON()] {
      let bytes = Array(text.utf8)
      for _ in 0..<150 {
        var broken = Array(bytes.prefix(Int(numbers.below(UInt32(bytes.count)))))
        if !broken.isEmpty && numbers.below(2) == 1 {
          broken[Int(numbers.below(UInt32(broken.count)))] = UInt8(numbers.below(256))
        }
        switch ResultReader.read(bytes: broken, file: "r") {
        case .success(let set): #expect(!set.rows.isEmpty)
        case .failure(let report): #expect(!report.faults.isEmpty)
        }
      }
    }
  }

  @Test("a capacity test keeps a baseline and tells what got worse")
  func baseline() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("dryrack-baseline-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let scenario = folder.appendingPathComponent("s.yaml").path
    try ReplicationTests.text.write(toFile: scenario, atomically: true, encoding: .utf8)
    let file = folder.appendingPathComponent("baseline.csv").path
    let run = try await CapacityRun(scenarioAt: scenario)
    #expect(throws: CapacityRun.Failure.self) { try run.regressions(since: file, environment: [:]) }
    let update = ["DRYRACK_UPDATE_BASELINES": "1"]
    #expect(try run.regressions(since: file, environment: update).isEmpty)
    #expect(
      try run.comparison(with: file, noise: 0, environment: [:]).changes.allSatisfy {
        $0.verdict == .identical
      })
    let busier = try await CapacityRun(
      scenarioAt: scenario, overrides: [Override(path: "workloads.chat.arrivals.rate", value: "12/s")])
    let worse = try busier.regressions(since: file, figures: ["mean(ttft_s)"], environment: [:])
    #expect(worse.contains { $0.hasPrefix("one, chat: mean(ttft_s) regressed, ") })
    #expect(throws: CapacityRun.Failure.self) {
      try busier.regressions(since: file, figures: ["p99(ttft)"], environment: [:])
    }
  }
}
