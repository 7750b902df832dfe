import Experiments

extension RunResults {
  /// `metrics.csv`: one number a row, tidy. The row over all replications has an empty replication,
  /// an unknown value is an empty cell.
  ///
  /// - Complexity: O(rows).
  public func metricsCSV() -> String {
    // Collectives have a row a size.
    let hasMessages = rows.contains { $0.messageBytes != nil }
    var table = CSVText(
      header: ["run_id", "design", "workload"] + (hasMessages ? ["message_bytes"] : []) + [
        "replication", "metric", "statistic", "value", "unit", "ci_low", "ci_high",
      ])
    let run = manifest.runID
    for row in rows {
      var cells: [CSVText.Cell] = [.text(run), .text(row.design), .text(row.workload)]
      if hasMessages { cells.append(.integer(row.messageBytes.map { Int($0) })) }
      cells += [
        .integer(row.replication), .text(row.metric), .text(row.statistic), .number(row.value),
        .text(row.unit), .number(row.low), .number(row.high),
      ]
      table.append(cells)
    }
    return table.text
  }

  /// `series.csv`: samples over time, one a row.
  ///
  /// - Complexity: O(samples).
  public func seriesCSV() -> String {
    var table = CSVText(header: ["run_id", "design", "service", "time_s", "metric", "value"])
    let run = manifest.runID
    for row in series {
      table.append([
        .text(run), .text(row.design), .text(row.service), .number(row.timeSeconds), .text(row.metric),
        .number(row.value),
      ])
    }
    return table.text
  }
}
