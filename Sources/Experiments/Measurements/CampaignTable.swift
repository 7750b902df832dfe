/// A table of measured runs, a figure a row, rows of one `run_id` together making a run. Columns: `run_id`,
/// `metric` (such as `ttft_mean_ms`, `output_tok_s`) and `value` at least; `engine`, `gpu`, `tp`, `model`,
/// `weight_precision`, `workload_kind` (`concurrency`, `rate`, `offline`, `single`), `isl_mean`, `osl_mean`,
/// `length_distribution`, `request_rate_per_s`, `concurrency` and `num_requests` where known.
enum CampaignTable {
  private struct Row {
    var line: Int
    var cells: [String]
    var columns: [String: Int]

    func text(_ column: String) -> String {
      guard let index = columns[column], index < cells.count else { return "" }
      return cells[index]
    }
  }

  static func runs(
    _ table: MeasurementTable, file: String, _ faults: inout ReportFaults
  ) -> [BenchmarkRun] {
    guard let header = table.rows.first?.cells else { return [] }
    let columns = Dictionary(zip(header, header.indices)) { first, _ in first }
    var order: [String] = []
    var groups: [String: [Row]] = [:]
    for row in table.rows.dropFirst() {
      guard row.cells.count == header.count else {
        faults.add(line: row.line, "expected \(header.count) cells, found \(row.cells.count)")
        continue
      }
      let own = Row(line: row.line, cells: row.cells, columns: columns)
      let id = own.text("run_id")
      if groups[id] == nil { order.append(id) }
      groups[id, default: []].append(own)
    }
    return order.compactMap { id in
      groups[id].flatMap { run($0, name: order.count == 1 ? file : "\(file), \(id)", &faults) }
    }
  }

  private static func run(
    _ rows: [Row], name: String, _ faults: inout ReportFaults
  ) -> BenchmarkRun? {
    var run = BenchmarkRun(name: name, format: .campaignTable)
    let first = rows[0]
    func known(_ column: String) -> String? { first.text(column).isEmpty ? nil : first.text(column) }
    run.system = BenchmarkSystem(
      model: known("model"), engine: known("engine"), accelerator: known("gpu"),
      weights: known("weight_precision"), tensor: number(first, "tp", &faults).flatMap { Int(exactly: $0) })
    run.date = known("date").flatMap(CivilDate.leading) ?? ""
    for row in rows { figure(row, &run, &faults) }
    run.requests = count(first, "num_requests", &faults)
    let law = first.text("length_distribution")
    run.promptTokens = length(number(first, "isl_mean", &faults), law, first, &faults)
    run.outputTokens = length(number(first, "osl_mean", &faults), law, first, &faults)
    load(first, &run, &faults)
    return run
  }

  // MARK: Cells

  private static func number(_ row: Row, _ column: String, _ faults: inout ReportFaults) -> Double? {
    let text = row.text(column)
    guard !text.isEmpty else { return nil }
    guard let value = ReportNode.number(text), value.isFinite, value >= 0 else {
      faults.add(line: row.line, "'\(text.prefix(40))' under '\(column)' is not a number of 0 or more")
      return nil
    }
    return value
  }

  private static func count(_ row: Row, _ column: String, _ faults: inout ReportFaults) -> Int? {
    guard let value = number(row, column, &faults) else { return nil }
    guard value >= 1, value <= 1e7 else {
      faults.add(line: row.line, "'\(column)' is not a number from 1 to 10 million")
      return nil
    }
    return Int(value)
  }

  private static func figure(_ row: Row, _ run: inout BenchmarkRun, _ faults: inout ReportFaults) {
    guard let value = number(row, "value", &faults) else {
      if row.text("value").isEmpty { faults.add(line: row.line, "the row has no value") }
      return
    }
    let name = row.text("metric")
    let rates = [
      "output_tok_s": "output_tokens_per_s", "total_tok_s": "total_tokens_per_s",
      "requests_per_s": "throughput_rps",
    ]
    if let metric = rates[name] { return run.add(metric, nil, value) }
    let parts = name.split(separator: "_").map(String.init)
    guard parts.count == 3, parts[2] == "ms", ["ttft", "tpot", "itl", "e2e"].contains(parts[0]),
      ["mean", "p50", "p90", "p95", "p99"].contains(parts[1])
    else { return }
    run.add("\(parts[0])_s", parts[1], value / 1000)
  }

  /// The InferenceX client draws uniformly from [0.8 L, L]; other clients send what they were told.
  private static func length(
    _ mean: Double?, _ law: String, _ row: Row, _ faults: inout ReportFaults
  ) -> BenchmarkLengths? {
    let constant = faults.lengths(mean, ReportNode(.null, line: row.line, column: 1))
    guard law.hasPrefix("InferenceX"), case .constant(let tokens)? = constant else { return constant }
    return .uniform(from: max(1, (0.8 * tokens).rounded()), to: tokens)
  }

  private static func load(_ row: Row, _ run: inout BenchmarkRun, _ faults: inout ReportFaults) {
    switch row.text("workload_kind") {
    case "concurrency":
      guard let users = count(row, "concurrency", &faults) else {
        return run.gap = "the table does not state its 'concurrency'"
      }
      run.load = .closedLoop(users: users)
      if run.requests == nil {
        run.requests = max(16, 10 * users)
        run.notes.append("ten requests a user")
      }
    case "rate":
      guard let rate = number(row, "request_rate_per_s", &faults), rate > 0, rate <= 1e7 else {
        return run.gap = "the table does not state its 'request_rate_per_s'"
      }
      run.load = .open(rate: rate, burstiness: 1)
    case "offline":
      run.load = .burst
      if run.requests == nil { run.gap = "the table does not state its 'num_requests'" }
    case "single": run.load = .closedLoop(users: 1)
    default: break
    }
  }
}
