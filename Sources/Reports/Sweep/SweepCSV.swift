import Experiments

/// The results of a sweep as a tidy table, one number a row, point by point.
///
/// It has the columns of `metrics.csv` and one for each parameter, named by its path. Quantities are numbers
/// in the base unit of their measure (s, 1/s, B, B/s, W, USD …), so that plots take them as they stand.
public struct SweepCSV {
  private let manifest: SweepManifest

  public init(_ manifest: SweepManifest) { self.manifest = manifest }

  public var header: String {
    CSVText(
      header: SweepCSV.keys(manifest) + [
        "replication", "metric", "statistic", "value", "unit", "ci_low", "ci_high",
      ]
    ).text
  }

  /// The rows of one point; the last ones say of each design whether all its thresholds held.
  ///
  /// - Complexity: O(rows).
  public func rows(of result: SweepPointResult) -> String {
    var table = CSVText(columns: 10 + manifest.parameters.count + (manifest.hasMessages ? 1 : 0))
    for row in result.rows + result.thresholdRows {
      table.append(
        SweepCSV.cells(result, row.design, row.workload, row.messageBytes, manifest) + [
          .integer(row.replication), .text(row.metric), .text(row.statistic), .number(row.value),
          .text(row.unit), .number(row.low), .number(row.high),
        ])
    }
    return table.text
  }

  /// The columns that say what a row is of.
  static func keys(_ manifest: SweepManifest) -> [String] {
    ["run_id", "design", "workload"] + (manifest.hasMessages ? ["message_bytes"] : []) + manifest.parameters
  }

  static func cells(
    _ result: SweepPointResult, _ design: String, _ workload: String, _ message: Int64?,
    _ manifest: SweepManifest
  ) -> [CSVText.Cell] {
    [.text(result.runID), .text(design), .text(workload)]
      + (manifest.hasMessages ? [.integer(message.map { Int($0) })] : [])
      + result.values.map { value in
        switch value {
        case .number(let number): .number(number)
        case .text(let text): .text(text)
        }
      }
  }
}

extension SweepPointResult {
  /// The name that a plain run of the same scenario has.
  public var runID: String { Manifest.runID(scenarioHash: scenarioHash, seed: seed) }

  /// Whether all thresholds of a design held, as a row each.
  var thresholdRows: [MetricRow] {
    verdicts.map {
      MetricRow(
        design: $0.design, workload: "", replication: nil, metric: "thresholds_met", statistic: "value",
        value: $0.held == $0.judged ? 1 : 0, unit: "1")
    }
  }
}
