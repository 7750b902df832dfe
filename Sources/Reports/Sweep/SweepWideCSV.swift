import Experiments

/// The results of a sweep with a row for each design, workload and point, and a column for each statistic of
/// each metric, such as `p99(ttft_s)` or `goodput_ratio`.
///
/// Which columns there are, only all results tell: designs have different metrics. They stand in the order in
/// which the points name them first, so the table takes two passes.
public struct SweepWideCSV {
  private let manifest: SweepManifest
  private var columns: [String] = []
  private var positions: [String: Int] = [:]

  public init(_ manifest: SweepManifest) { self.manifest = manifest }

  /// Takes note of a point's columns; every point before the first row is written.
  public mutating func note(_ result: SweepPointResult) {
    for row in result.rows + result.thresholdRows where row.replication == nil {
      let name = Self.name(of: row)
      if positions[name] != nil { continue }
      positions[name] = columns.count
      columns.append(name)
    }
  }

  public var header: String { CSVText(header: SweepCSV.keys(manifest) + columns).text }

  /// The rows of one point.
  public func rows(of result: SweepPointResult) -> String {
    var table = CSVText(columns: SweepCSV.keys(manifest).count + columns.count)
    var subjects: [Subject] = []
    var cells: [Subject: [Double?]] = [:]
    for row in result.rows + result.thresholdRows where row.replication == nil {
      guard let position = positions[Self.name(of: row)] else { continue }
      let subject = Subject(design: row.design, workload: row.workload, message: row.messageBytes)
      if cells[subject] == nil {
        subjects.append(subject)
        cells[subject] = Array(repeating: nil, count: columns.count)
      }
      cells[subject]![position] = row.value
    }
    for subject in subjects {
      table.append(
        SweepCSV.cells(result, subject.design, subject.workload, subject.message, manifest)
          + cells[subject]!.map { .number($0) })
    }
    return table.text
  }

  private struct Subject: Hashable {
    var design: String
    var workload: String
    var message: Int64?
  }

  private static func name(of row: MetricRow) -> String {
    row.statistic == "value" ? row.metric : "\(row.statistic)(\(row.metric))"
  }
}

extension SweepMerge {
  /// Writes the results that there are; as `PATH.partial` while points are missing.
  ///
  /// - Parameter visit: sees each result once, in order.
  /// - Returns: where they lie.
  public func writeCSV(to path: String, wide: Bool, visit: (SweepPointResult) -> Void = { _ in }) throws
    -> String
  {
    let file = try StreamedFile(path)
    if wide {
      var table = SweepWideCSV(manifest)
      try forEachResult { table.note($0) }
      try file.write(table.header)
      try forEachResult {
        visit($0)
        try file.write(table.rows(of: $0))
      }
    } else {
      let table = SweepCSV(manifest)
      try file.write(table.header)
      try forEachResult {
        visit($0)
        try file.write(table.rows(of: $0))
      }
    }
    if !missing.isEmpty {
      try file.flush()
      return file.partialPath
    }
    try file.finish()
    return path
  }
}
