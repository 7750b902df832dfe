import Experiments
import Foundation
import Testing

@testable import Reports

/// Reads RFC 4180 back, quotes and all.
private func readCSV(_ text: String) -> [[String]] {
  var rows: [[String]] = [[""]]
  var quoted = false
  var iterator = text.makeIterator()
  var next = iterator.next()
  while let character = next {
    next = iterator.next()
    if quoted {
      if character == "\"", next == "\"" {
        rows[rows.count - 1][rows[rows.count - 1].count - 1] += "\""
        next = iterator.next()
      } else if character == "\"" {
        quoted = false
      } else {
        rows[rows.count - 1][rows[rows.count - 1].count - 1].append(character)
      }
    } else {
      switch character {
      case "\"": quoted = true
      case ",": rows[rows.count - 1].append("")
      case "\n": rows.append([""])
      default: rows[rows.count - 1][rows[rows.count - 1].count - 1].append(character)
      }
    }
  }
  rows.removeLast()
  return rows
}

@Suite("Result files")
struct ReportTests {
  private let run = SampleRun.make()

  @Test("every CSV has the same number of cells in every row, and ends in a line feed")
  func constantColumns() {
    for text in [run.metricsCSV(), run.seriesCSV(), run.costsCSV(), run.requestsCSV()] {
      let rows = readCSV(text)
      #expect(rows.count > 1)
      #expect(Set(rows.map(\.count)).count == 1)
      #expect(text.hasSuffix("\n") && !text.contains("\r"))
    }
  }

  @Test("metrics.csv has the promised columns, one row a number, and empty cells for the unknown")
  func metrics() {
    let rows = readCSV(run.metricsCSV())
    #expect(
      rows[0].joined(separator: ",")
        == "run_id,design,workload,replication,metric,statistic,value,unit,ci_low,ci_high")
    #expect(rows.count == run.rows.count + 1)
    #expect(rows[1] == ["ab01ab01ab01-42", "onprem", "chat", "", "ttft_s", "p50", "0.25", "s", "0.2", "0.3"])
    #expect(rows[3][3] == "0")
    #expect(rows.contains { $0[4] == "mfu" && $0[6].isEmpty })
    #expect(rows.contains { $0[4] == "itl_s" && $0[6].isEmpty })
    for (row, cells) in zip(run.rows, rows.dropFirst()) {
      #expect(Double(cells[6]) == row.value || row.value?.isNaN ?? true)
    }
  }

  @Test("costs.csv has the columns FOCUS demands, guards formulas, and effective equals billed")
  func costs() throws {
    let rows = readCSV(run.costsCSV())
    let header = rows[0]
    for column in [
      "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodStart",
      "BillingPeriodEnd", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodStart",
      "ChargePeriodEnd", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost",
      "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName",
    ] {
      #expect(header.contains(column))
    }
    func sum(_ column: String) throws -> Decimal {
      let index = try #require(header.firstIndex(of: column))
      return try rows.dropFirst().reduce(Decimal(0)) { try $0 + #require(Decimal(string: $1[index])) }
    }
    #expect(try sum("BilledCost") == sum("EffectiveCost"))
    #expect(try sum("BilledCost") == Decimal(string: "9333.33333"))
    let description = try #require(header.firstIndex(of: "ChargeDescription"))
    #expect(rows[1][description] == "'=2 nodes, \"bought\"")
  }

  @Test("summary.json is valid, holds every row, and says whether the run is complete")
  func summary() throws {
    for complete in [true, false] {
      let run = SampleRun.make(complete: complete)
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(run.summaryJSON().utf8)) as? [String: Any])
      let manifest = try #require(object["manifest"] as? [String: Any])
      #expect(manifest["complete"] as? Bool == complete)
      #expect(manifest["seed"] as? String == "42")
      let results = try #require(object["results"] as? [[String: Any]])
      #expect(results.count == run.rows.count)
      for (row, result) in zip(run.rows, results) {
        #expect(result["metric"] as? String == row.metric)
        if let value = row.value, value.isFinite {
          #expect(result["value"] as? Double == value)
        } else {
          #expect(result["value"] is NSNull)
        }
      }
    }
  }

  @Test("any double is written so that it reads back the same")
  func roundTrip() throws {
    var state: UInt64 = 1
    for _ in 0..<2000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let value = Double(bitPattern: state)
      let text = JSONValue.number(value).text()
      #expect(value.isFinite ? Double(text) == value : text == "null")
    }
    #expect(JSONValue.number(-0.0).text() == "0")
    #expect(JSONValue.number(3).text() == "3")
  }

  @Test("any string survives JSON")
  func strings() throws {
    let odd = "a\"b\\c\n\t\r\u{1}\u{1b}é𝄞\u{2028}/"
    let read = try JSONSerialization.jsonObject(with: Data(JSONValue.array([.string(odd)]).text().utf8))
    #expect((read as? [String])?.first == odd)
  }

  @Test("requests.jsonl is one object a line with the columns of requests.csv")
  func requests() throws {
    let header = readCSV(run.requestsCSV())[0]
    let lines = run.requestsJSONLines().split(separator: "\n")
    #expect(lines.count == run.requests.count)
    for line in lines {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(Set(object.keys) == Set(header))
    }
  }

  @Test("timeline.json is Chrome trace events in microseconds, idle left out, every process named")
  func timeline() throws {
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(run.timelineJSON().utf8)) as? [String: Any])
    let events = try #require(object["traceEvents"] as? [[String: Any]])
    let slices = events.filter { $0["ph"] as? String == "X" }
    #expect(slices.count == 1)
    #expect(slices[0]["ts"] as? Double == 1 && slices[0]["dur"] as? Double == 1.5)
    let named = events.filter { $0["name"] as? String == "process_name" }.compactMap { $0["pid"] as? Int }
    #expect(Set(named) == Set(events.compactMap { $0["pid"] as? Int }))
  }

  @Test("metrics.prom keeps the OpenMetrics grammar and ends in EOF")
  func openMetrics() throws {
    let text = run.openMetrics()
    #expect(text.hasSuffix("# EOF\n"))
    // As text: the braces of a literal would read as code.
    let labelled = #"[a-zA-Z_:][a-zA-Z0-9_:]*\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+\} -?[0-9.e+-]+"#
    let sample = try Regex(labelled)
    var types: [Substring: Substring] = [:]
    for line in text.split(separator: "\n").dropLast() {
      if line.hasPrefix("# TYPE ") {
        let words = line.split(separator: " ")
        #expect(types.updateValue(words[3], forKey: words[2]) == nil, "\(words[2]) is declared once")
      } else if !line.hasPrefix("# UNIT ") {
        #expect(line.wholeMatch(of: sample) != nil, "\(line)")
      }
    }
    let labels = "design=\"onprem\",workload=\"chat\""
    #expect(text.contains("vllm:time_to_first_token_seconds{\(labels),quantile=\"0.999\"} 1.75"))
    #expect(text.contains("vllm:time_to_first_token_seconds_sum{\(labels)} 500"))
    #expect(text.contains("vllm:num_preemptions_total{\(labels)} 3"))
  }

  @Test("metrics.prom names the model, the load, and rates and sums as what they are")
  func openMetricsNames() {
    var run = run
    run.designs[0].workloads = [
      WorkloadBasis(workload: "chat", basis: "fitted", service: "answers", model: "llama-3.1-8b")
    ]
    for (index, value) in [2.0, 4, 9].enumerated() {
      for (metric, value) in [("running", value), ("queue_depth", value + 1)] {
        run.series.append(
          SeriesRow(
            design: "onprem", service: "answers", timeSeconds: Double(index), metric: metric, value: value))
      }
    }
    func row(_ workload: String, _ metric: String) -> MetricRow {
      MetricRow(
        design: "onprem", workload: workload, replication: nil, metric: metric, statistic: "value", value: 7,
        unit: "")
    }
    run.rows += [
      row("chat", "output_tokens_per_s"), row("chat/urgent", "total_tokens_per_s"), row("", "cost_npv"),
    ]
    let text = run.openMetrics()
    let labels = #"design="onprem",workload="chat",model_name="llama-3.1-8b""#
    #expect(text.contains("# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{\(labels)} 5\n"))
    #expect(text.contains("vllm:num_requests_waiting{\(labels)} 6\n"))
    #expect(text.contains("dryrack_output_tokens_per_second{\(labels)} 7\n"))
    let ofClass = labels.replacing("chat", with: "chat/urgent")
    #expect(text.contains("dryrack_total_tokens_per_second{\(ofClass)} 7\n"))
    #expect(text.contains(#"dryrack_cost_over_horizon{design="onprem"} "#))
    #expect(text.contains(#"dryrack_cost_npv{design="onprem"} 7"#))
    #expect(!text.contains("_value"))
  }

  @Test("junit.xml counts its cases and fails the incomplete run")
  func junit() throws {
    for complete in [true, false] {
      let text = SampleRun.make(complete: complete).junitXML()
      let cases = text.matches(of: /<testcase\s/).count
      #expect(text.contains("tests=\"\(cases)\""))
      #expect(text.contains("<error ") != complete)
      #expect(text.contains("p99(ttft_s) &lt; 2"))
    }
  }

  @Test("the table shows each design once, no escapes without colours, and names the cheapest")
  func table() {
    let text = run.table(style: TextStyle(colours: false))
    #expect(!text.contains("\u{1b}"))
    #expect(text.contains("250 ms ±50 ms"))
    #expect(text.contains("✓ 1.5"))
    #expect(text.contains("Cheapest design that holds every threshold: onprem, 20,000 USD a month."))
    #expect(!text.split(separator: "\n").contains { $0.hasSuffix(" ") })
    #expect(run.table(style: TextStyle(colours: true)).contains("\u{1b}[32m"))
  }

  @Test("a verdict compares what there is to compare, and says where the difference is too small")
  func closeCosts() throws {
    func verdict(_ cost: Double, high: Double? = nil, judged: Bool = true, designs: Int = 2) throws -> String
    {
      var run = run
      let index = try #require(
        run.rows.firstIndex { $0.design == "managed" && $0.metric == "cost_per_month" })
      run.rows[index].value = cost
      if let high { (run.rows[index].low, run.rows[index].high) = (cost - (high - cost), high) }
      if !judged { run.verdicts = [] }
      run.designs = Array(run.designs.prefix(designs))
      return run.verdict()
    }
    #expect(try verdict(20_340).contains("; managed within 1.7 %"))
    #expect(try verdict(22_000, high: 25_000).contains("; managed within 10.0 %"))
    #expect(try !verdict(22_000, high: 22_500).contains("within"))
    #expect(try verdict(20_000.25).contains("; managed costs the same"))
    for text in [try verdict(25_000, judged: false), try verdict(25_000, designs: 1)] {
      #expect(!text.contains("Cheapest") && text.contains("onprem, 20,000 USD a month"))
    }
  }

  @Test("an interval is shown from a thousandth of its value on")
  func intervals() {
    func text(_ half: Double) -> String {
      HumanNumber.text(
        .init(value: 769.9, unit: "USD/month", low: 769.9 - half, high: 769.9 + half))
    }
    #expect(text(0.0202) == "769.9 USD/month" && text(0.7) == "769.9 USD/month")
    #expect(text(0.8) == "769.9 USD/month ±0.8 USD/month")
  }

  @Test("when no design holds, the verdict says so")
  func noneHolds() {
    var failing = run
    for index in failing.verdicts.indices { failing.verdicts[index].holds = false }
    #expect(failing.verdict() == "No design holds every threshold.")
    var unjudged = run
    unjudged.verdicts.removeAll { $0.design == "onprem" }
    #expect(!unjudged.verdict().contains("onprem"), "what nothing judges holds nothing")
    #expect(SampleRun.make(complete: false).verdict().hasPrefix("Incomplete: time limit of 5 s"))
  }

  @Test("files land whole under the folder asked for, twice the same bytes, and nothing else remains")
  func writing() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dryrack-\(UUID())/deep")
    defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
    try run.write(to: folder.path)
    try run.write(to: folder.path)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(
      names == [
        "costs.csv", "junit.xml", "metrics.csv", "metrics.prom", "requests.csv", "requests.jsonl",
        "series.csv", "summary.json", "timeline.json",
      ])
    for file in run.files() {
      let path = folder.appendingPathComponent(file.name)
      #expect(try String(contentsOf: path, encoding: .utf8) == file.text)
    }
  }

  @Test("a set of files replaces another as a whole: what stands in the way of one leaves all as they were")
  func together() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dryrack-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for obstructed in run.files().map(\.name) {
      try? FileManager.default.removeItem(atPath: folder)
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for file in run.files() where file.name != obstructed {
        try AtomicFile.write("old \(file.name)", to: "\(folder)/\(file.name)")
      }
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(obstructed)", withIntermediateDirectories: true)
      #expect(throws: AtomicFile.Failure.self) { try run.write(to: folder) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == run.files().count)
      for file in run.files() where file.name != obstructed {
        #expect(try String(contentsOfFile: "\(folder)/\(file.name)", encoding: .utf8) == "old \(file.name)")
      }
    }
  }

  @Test("a device and a link stay what they are, and a disk that is full is a failure")
  func devices() throws {
    try AtomicFile.write("gone", to: "/dev/null")
    #expect(
      try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType
        == .typeCharacterSpecial)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dryrack-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try AtomicFile.makeFolder(folder)
    try AtomicFile.write("before", to: "\(folder)/file")
    try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "file")
    try AtomicFile.write("after", to: "\(folder)/link")
    #expect(try String(contentsOfFile: "\(folder)/file", encoding: .utf8) == "after")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/link") == "file")
    let full = try? FileManager.default.attributesOfItem(atPath: "/dev/full")[.type] as? FileAttributeType
    if full == .typeCharacterSpecial {
      #expect(throws: AtomicFile.Failure.self) { try AtomicFile.write("more", to: "/dev/full") }
    }
  }

  @Test("a folder that cannot be made is a failure in words")
  func unwritable() {
    #expect(throws: AtomicFile.Failure.self) { try run.write(to: "/dev/null/results") }
  }
}
