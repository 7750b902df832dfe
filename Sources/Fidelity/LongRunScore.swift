import DryRack

/// The pre-training of Llama 3 405B on 16,384 GPUs, simulated whole, beside what its report says.
struct LongRunScore {
  /// Of each run: hours from one unexpected stop to the next, and the share of the time that counts.
  private(set) var hoursBetweenStops: [Double] = []
  private(set) var effective: [Double] = []
  private(set) var stops: [Double] = []
  private(set) var days: [Double] = []

  /// 419 unexpected interruptions in 54 days; "higher than 90 % effective training time" (arXiv 2407.21783,
  /// section 3.3.4).
  static let published = (stops: 419.0, days: 54.0, effective: 0.9)
  static var publishedHours: Double { published.days * 24 / published.stops }

  /// `nil` where the scenario is not there or does not read.
  init?(scenario path: String, bytes: [UInt8]?) async {
    guard let bytes,
      let scenario = try? ScenarioReader.read(bytes: bytes, file: path, folder: "scenarios").get()
    else { return nil }
    let results = await Experiment.run(scenario, options: RunOptions())
    func values(_ metric: String, _ statistic: String) -> [Double] {
      results.rows.filter { $0.metric == metric && $0.statistic == statistic && $0.replication != nil }
        .compactMap(\.value)
    }
    stops = values("interruptions", "value")
    effective = values("training_goodput_ratio", "value")
    days = values("time_to_train_s", "mean").map { $0 / 86_400 }
    guard !stops.isEmpty, stops.count == days.count, stops.allSatisfy({ $0 > 0 }) else { return nil }
    hoursBetweenStops = zip(stops, days).map { $1 * 24 / $0 }
  }

  /// Of the mean over the runs.
  var interval: Interval? { studentInterval(hoursBetweenStops, confidence: 0.99) }
  /// What the published count is good for: one count of 419 is known to its root.
  static var publishedInterval: ClosedRange<Double> {
    let spread = 2.576 * published.stops.squareRoot()
    return published.days * 24 / (published.stops + spread)...published.days * 24 / (published.stops - spread)
  }
  var stopsHold: Bool {
    guard let interval else { return false }
    return interval.low <= Self.publishedInterval.upperBound
      && interval.high >= Self.publishedInterval.lowerBound
  }
  var effectiveHolds: Bool { effective.allSatisfy { $0 > Self.published.effective } }

  /// The section of the report.
  func text() -> String {
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
    func short(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
    let known = Self.publishedInterval
    return """
      ## A long training: Llama 3 405B

      `scenarios/llama-3-405b.yaml`, \(stops.count) runs on 16,384 GPUs with the failures of the published
      record, its spares and Daly's checkpoints. The report counts \(Int(Self.published.stops)) unexpected
      stops in \(Int(Self.published.days)) days, one in \(short(Self.publishedHours)) h (99 % interval of such
      a count: \(short(known.lowerBound))–\(short(known.upperBound)) h), and an effective time above 90 %.

      | figure | simulated | published | holds |
      |---|---|---|---|
      | hours between unexpected stops | \(short(mean(hoursBetweenStops))), 99 % interval \(
        short(interval?.low ?? 0))–\(short(interval?.high ?? 0)) | \(short(Self.publishedHours)) | \(
        stopsHold ? "✓" : "✗") |
      | unexpected stops | \(Int(mean(stops).rounded())) in \(short(mean(days))) days | \(
        Int(Self.published.stops)) in \(Int(Self.published.days)) days | |
      | effective time | \(Scoreboard.percent(mean(effective))) %, at least \(
        Scoreboard.percent(effective.min())) % | over 90 % | \(effectiveHolds ? "✓" : "✗") |

      The rate of failures is the report's own, so the first row says that they come at their rate for the
      whole run, restarts and lost work included. What follows from the model is the effective time.

      """
  }
}
