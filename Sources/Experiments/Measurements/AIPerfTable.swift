/// AIPerf's `profile_export_aiperf.csv`, as `metrics_csv_exporter.py` of AIPerf commit 309c4e8 writes it: a
/// section of metrics with statistics, one of single values, and perhaps one of devices, which is left aside.
/// The table does not say how requests were sent; its predecessor GenAI-Perf wrote the same.
enum AIPerfTable {
  static func runs(
    _ table: MeasurementTable, file: String, _ faults: inout ReportFaults
  ) -> [BenchmarkRun] {
    var run = BenchmarkRun(name: file, format: .aiperfTable)
    var columns: [String] = []
    for row in table.rows {
      if row.cells.first == "Metric" {
        columns = row.cells
      } else if row.cells.contains("Metric") {
        // The devices' section, the last.
        break
      } else {
        take(row, columns, &run, &faults)
      }
    }
    if run.figures.isEmpty && faults.faults.isEmpty {
      faults.add(line: 1, "the table holds none of the metrics that are compared")
    }
    guard faults.faults.isEmpty else { return [] }
    run.notes.append("the table does not say how requests were sent: they are sent as the scenario says")
    return [run]
  }

  private static func take(
    _ row: MeasurementTable.Row, _ columns: [String], _ run: inout BenchmarkRun, _ faults: inout ReportFaults
  ) {
    let (name, unit) = split(row.cells[0].lowercased())
    let times = [
      "time to first token": "ttft_s", "inter token latency": "tpot_s", "inter chunk latency": "itl_s",
      "request latency": "e2e_s",
    ]
    let rates = [
      "output token throughput": "output_tokens_per_s", "request throughput": "throughput_rps",
      "total token throughput": "total_tokens_per_s",
    ]
    func cell(_ column: String) -> Double? { number(row, columns, column, &faults) }
    if let metric = times[name] {
      guard let scale = TimeUnit.seconds(unit) else {
        return faults.add(line: row.line, "the unit '\(unit)' is not a time")
      }
      for (column, statistic) in [
        ("avg", "mean"), ("p50", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"),
      ] {
        run.add(metric, statistic, cell(column).map { $0 * scale })
      }
    } else if let metric = rates[name] {
      run.add(metric, nil, cell("Value"))
    } else if name == "input sequence length" {
      run.promptTokens = length(cell("avg"), row, &faults)
    } else if name == "output sequence length" {
      run.outputTokens = length(cell("avg"), row, &faults)
    } else if name == "request count", let count = cell("Value") {
      guard count >= 1, count <= 1e7 else {
        return faults.add(line: row.line, "expected a request count from 1 to 10 million")
      }
      run.requests = Int(count)
    }
  }

  /// `request latency (ms)` in its name and its unit.
  private static func split(_ name: String) -> (name: String, unit: String) {
    guard name.hasSuffix(")"), let open = name.lastIndex(of: "(") else { return (name, "") }
    let unit = name[name.index(after: open)...].dropLast()
    return (String(name[..<open].drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()), String(unit))
  }

  /// The cell of a column; numbers of a thousand and more may be grouped by commas.
  private static func number(
    _ row: MeasurementTable.Row, _ columns: [String], _ column: String, _ faults: inout ReportFaults
  ) -> Double? {
    guard let index = columns.firstIndex(of: column), index < row.cells.count, !row.cells[index].isEmpty
    else { return nil }
    guard let value = ReportNode.number(row.cells[index].filter { $0 != "," }), value.isFinite, value >= 0
    else {
      faults.add(line: row.line, "'\(row.cells[index].prefix(40))' under '\(column)' is not a number")
      return nil
    }
    return value
  }

  private static func length(
    _ tokens: Double?, _ row: MeasurementTable.Row, _ faults: inout ReportFaults
  ) -> BenchmarkLengths? {
    faults.lengths(tokens, ReportNode(.null, line: row.line, column: 1))
  }
}
