import DryRack

/// Rows of the report's tables.
enum MarkdownTable {
  static func header(_ columns: [String]) -> String {
    row(columns) + "|" + columns.map { _ in "---|" }.joined() + "\n"
  }

  static func row(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |\n" }

  /// Count, median and 90th percentile of the sizes, and the median error, in per cent.
  static func errors(_ errors: [Double]) -> [String] {
    let summary = ErrorStatistics(errors)
    return [
      "\(summary.count)", Scoreboard.percent(summary.median), Scoreboard.percent(summary.ninetieth),
      Scoreboard.percent(summary.bias, signed: true),
    ]
  }

  /// Median and 90th percentile of the sizes.
  static func pair(_ errors: [Double]) -> String {
    let summary = ErrorStatistics(errors)
    return "\(Scoreboard.percent(summary.median)) / \(Scoreboard.percent(summary.ninetieth))"
  }

  /// Rows of a count and its words, the most frequent first.
  static func counts(_ counts: [String: Int]) -> String {
    counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { row(["\($0.value)", $0.key]) }.joined()
  }
}
