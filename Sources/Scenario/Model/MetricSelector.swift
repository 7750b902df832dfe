/// One figure of the results, such as `p99(ttft_s{workload=chat})`, wherever it is reported.
public struct MetricSelector: Sendable, Hashable {
  /// As written.
  public var text: String
  public var metric: String
  /// `nil` for a metric that is a single number.
  public var statistic: String?
  /// In the order written; keys are `workload` and `design`.
  public var filters: [Threshold.Filter]

  public init(text: String, metric: String, statistic: String?, filters: [Threshold.Filter] = []) {
    self.text = text
    self.metric = metric
    self.statistic = statistic
    self.filters = filters
  }

  /// Of a distribution by its statistic, of a single number under `value`.
  public var rowStatistic: String {
    Metric.named(metric)?.kind == .distribution ? statistic ?? "" : "value"
  }

  /// The workload it is about; `nil` for all.
  public var workload: String? { filters.last { $0.key == "workload" }?.value }

  /// Whether it speaks of a design.
  public func covers(design: String) -> Bool {
    !filters.contains { $0.key == "design" && $0.value != design }
  }

  /// Whether it means rows of a workload: classes of requests are meant where they are named, and a metric of
  /// the whole design wherever a workload is.
  public func covers(workload: String) -> Bool {
    guard let named = self.workload else { return !workload.contains("/") }
    return workload == named || workload.isEmpty
  }
}

extension Threshold {
  /// The figure that it limits.
  public var selector: MetricSelector {
    MetricSelector(text: text, metric: metric, statistic: statistic, filters: filters)
  }
}

/// When enough replications have been run.
public struct StoppingRule: Sendable, Hashable {
  /// The figure whose interval must be narrow enough, on every design and workload it speaks of.
  public var figure: MetricSelector
  /// Half the width of its 95 % interval over its value, at most.
  public var relativeHalfWidth: Double
  /// Replications at most.
  public var maximumReplications: Int

  public init(figure: MetricSelector, relativeHalfWidth: Double, maximumReplications: Int) {
    self.figure = figure
    self.relativeHalfWidth = relativeHalfWidth
    self.maximumReplications = maximumReplications
  }

  /// How many replications to have before the next look, after a look at `count` of them: a quarter more, at
  /// least five. Looks depend on nothing but their number, so that jobs cannot move them; they are few, for
  /// each is a chance to stop on a spread that is small by luck.
  public func replications(after count: Int) -> Int {
    min(maximumReplications, count + max(5, count / 4))
  }

  /// The first look where the scenario says no number (Law, "Simulation Modeling and Analysis", section
  /// 9.4.1: a spread over fewer is little to go by).
  public static let usualFirstLook = 10
}
