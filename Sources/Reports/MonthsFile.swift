import Experiments

extension RunResults {
  /// `months.csv`: capacity, demand and money of each design by the month of the horizon, means over
  /// replications.
  ///
  /// - Complexity: O(months).
  public func monthsCSV() -> String {
    var table = CSVText(header: [
      "run_id", "design", "month", "demand_level", "nodes", "offered", "good", "unmet", "billed_cost",
      "effective_cost",
    ])
    for row in months {
      table.append([
        .text(manifest.runID), .text(row.design), .integer(row.month), .number(row.demandLevel),
        .number(row.nodes), .number(row.offered), .number(row.good), .number(row.unmet),
        .number(row.billed), .number(row.effective),
      ])
    }
    return table.text
  }
}
