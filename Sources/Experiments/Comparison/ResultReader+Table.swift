import Catalog

extension ResultReader {
  /// A tidy table: one number a row, as `metrics.csv` and the long form of a sweep.
  static func table(_ bytes: [UInt8], _ file: String, _ faults: inout ReportFaults) -> ResultSet {
    var set = ResultSet(name: file, pointColumns: [], rows: [])
    let table = MeasurementTable(bytes)
    guard let header = table.rows.first else { return set }
    guard let columns = Columns(header, &faults) else { return set }
    set.pointColumns = columns.points.map { header.cells[$0] }
    for row in table.rows.dropFirst() {
      guard row.cells.count == header.cells.count else {
        faults.add(
          line: row.line, "\(row.cells.count) cells under \(header.cells.count) columns",
          help: "was the file cut off?")
        continue
      }
      if let row = columns.row(row, &faults) { set.rows.append(row) }
    }
    return set
  }

  /// Where the columns of a table stand.
  private struct Columns {
    var design: Int
    var metric: Int
    var statistic: Int
    var value: Int
    var run: Int?
    var workload: Int?
    var replication: Int?
    var unit: Int?
    var low: Int?
    var high: Int?
    var points: [Int] = []

    init?(_ header: MeasurementTable.Row, _ faults: inout ReportFaults) {
      let names = header.cells
      for (index, name) in names.enumerated() where names[..<index].contains(name) {
        faults.add(line: header.line, "the column '\(name)' comes twice")
        return nil
      }
      let missing = ["design", "metric", "statistic", "value"].filter { !names.contains($0) }
      if let first = missing.first {
        let near = Catalog.nearest(to: first, among: names).map { "did you mean '\($0)'?" }
        faults.add(
          line: header.line, "the column '\(first)' is missing",
          help: near
            ?? "results are read in their long form, one number a row: metrics.csv, or a sweep without --wide"
        )
        return nil
      }
      func at(_ name: String) -> Int? { names.firstIndex(of: name) }
      (design, metric) = (at("design") ?? 0, at("metric") ?? 0)
      (statistic, value) = (at("statistic") ?? 0, at("value") ?? 0)
      (run, workload, replication, unit) = (at("run_id"), at("workload"), at("replication"), at("unit"))
      (low, high) = (at("ci_low"), at("ci_high"))
      points = names.indices.filter { !ResultReader.columns.contains(names[$0]) }
    }

    func row(_ row: MeasurementTable.Row, _ faults: inout ReportFaults) -> ResultSet.Row? {
      func text(_ index: Int?) -> String { index.map { unguarded(row.cells[$0]) } ?? "" }
      func number(_ index: Int?, _ name: String) -> Double? {
        guard let index, !row.cells[index].isEmpty else { return nil }
        guard let value = ReportNode.number(row.cells[index]), value.isFinite else {
          faults.add(line: row.line, "'\(row.cells[index].prefix(40))' is no number for \(name)")
          return nil
        }
        return value
      }
      var replicate: Int?
      if let index = replication, !row.cells[index].isEmpty {
        // Tables that went through pandas say 0.0.
        let count = ReportNode.number(row.cells[index]).flatMap { Int(exactly: $0) }
        guard let count, count >= 0 else {
          faults.add(line: row.line, "'\(row.cells[index].prefix(40))' is no number of a replication")
          return nil
        }
        replicate = count
      }
      if row.cells[metric].isEmpty || row.cells[statistic].isEmpty {
        faults.add(line: row.line, "a row names its metric and its statistic")
        return nil
      }
      return ResultSet.Row(
        run: text(run), design: text(design), workload: text(workload), point: points.map { text($0) },
        replication: replicate, metric: row.cells[metric], statistic: row.cells[statistic],
        value: number(value, "value"), unit: text(unit), low: number(low, "ci_low"),
        high: number(high, "ci_high"))
    }

    /// Without the apostrophe that keeps spreadsheets from running a cell.
    private func unguarded(_ cell: String) -> String {
      guard cell.first == "'", let second = cell.dropFirst().first, "=+-@\t\r".contains(second) else {
        return cell
      }
      return String(cell.dropFirst())
    }
  }
}
