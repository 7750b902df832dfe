/// The metrics and statistics that a calibration compares.
public struct MetricSelection: Sendable, Hashable {
  /// Metrics that benchmark clients report, as `metrics.csv` names them.
  public static let metrics = [
    "ttft_s", "tpot_s", "itl_s", "e2e_s", "output_tokens_per_s", "throughput_rps", "total_tokens_per_s",
  ]
  static let statistics = ["mean", "p50", "p90", "p95", "p99"]

  /// Names of figures, such as `p99(ttft_s)`.
  private var names: Set<String>

  /// Means, medians and 99th percentiles of all times, and rates of requests and output tokens.
  public static let usual = MetricSelection(
    names: Set(
      ["ttft_s", "tpot_s", "itl_s", "e2e_s"].flatMap(times) + ["output_tokens_per_s", "throughput_rps"]))

  private static func times(_ metric: String) -> [String] {
    ["mean", "p50", "p99"].map { "\($0)(\(metric))" }
  }

  private init(names: Set<String>) { self.names = names }

  /// Why a list of metrics is not understood.
  public struct Problem: Error, Sendable {
    public var message: String
  }

  /// Reads `ttft_s,p90(tpot_s),throughput_rps`; a time without a statistic stands for its mean, median and
  /// 99th percentile.
  public static func parse(_ text: String) -> Result<MetricSelection, Problem> {
    var names: Set<String> = []
    for item in text.split(separator: ",") {
      let word = item.filter { $0 != " " }
      var (statistic, metric): (String?, String) = (nil, word)
      if word.hasSuffix(")"), let open = word.firstIndex(of: "(") {
        statistic = String(word[..<open])
        metric = String(word[word.index(after: open)...].dropLast())
      }
      guard metrics.contains(metric) else {
        return .failure(
          Problem(
            message: "no metric '\(metric)' is compared; there are "
              + metrics.joined(separator: ", ")))
      }
      switch (statistic, metric.hasSuffix("_s") && !metric.hasSuffix("per_s")) {
      case (nil, true): names.formUnion(times(metric))
      case (nil, false): names.insert(metric)
      case (let statistic?, true) where statistics.contains(statistic):
        names.insert("\(statistic)(\(metric))")
      case (_, true):
        return .failure(
          Problem(message: "a time has the statistics \(statistics.joined(separator: ", "))"))
      case (_, false): return .failure(Problem(message: "'\(metric)' is a single number"))
      }
    }
    guard !names.isEmpty else { return .failure(Problem(message: "no metric is named")) }
    return .success(MetricSelection(names: names))
  }

  /// The figures to compare, in their order: those selected, as far as they say something.
  func figures(of run: BenchmarkRun) -> [MeasuredFigure] {
    run.figures.compactMap { value in
      guard names.contains(value.name), says(value, in: run) else { return nil }
      let (metric, statistic) = (value.metric, value.statistic)
      return MeasuredFigure(
        name: value.name, measured: value.value, tolerance: Self.tolerance(metric, statistic)
      ) { $0.value(metric, statistic ?? "value") }
    }
  }

  private func says(_ value: BenchmarkFigure, in run: BenchmarkRun) -> Bool {
    // The 99th percentile of fewer than 100 requests is their maximum.
    if value.statistic == "p99", value.metric != "itl_s", let requests = run.requests, requests < 100 {
      return false
    }
    guard value.statistic == nil else { return true }
    // Below saturation an open loop's rates are the client's own.
    switch run.load {
    case .closedLoop, .burst: return true
    case .open(let rate, _): return (run.value("throughput_rps") ?? rate) < 0.9 * rate
    case .recorded, .unknown: return false
    }
  }

  /// Relative error that counts as one standard deviation.
  private static func tolerance(_ metric: String, _ statistic: String?) -> Double {
    let own = metric == "ttft_s" ? 0.15 : 0.05
    switch statistic {
    case "p99", "p95": return 3 * own
    case "p90": return 2 * own
    default: return own
    }
  }
}
