/// Measured and predicted figures as a table for other tools.
enum Pairs {
  static func csv(_ comparisons: [Comparison]) -> String {
    let columns = [
      "engine", "engine_version", "gpu", "model", "weight_precision", "tp", "n_gpus", "isl_mean", "osl_mean",
      "concurrency", "request_rate_per_s", "workload_kind",
    ]
    var text = "run_id,campaign,\(columns.joined(separator: ",")),metric,measured,predicted\n"
    for pair in comparisons {
      let cells =
        [pair.run.id, pair.run.campaign] + columns.map(pair.run.text) + [
          pair.metric, "\(pair.measured)", "\(pair.predicted)",
        ]
      text += cells.map { $0.contains(",") ? "\"\($0)\"" : $0 }.joined(separator: ",") + "\n"
    }
    return text
  }
}
