/// One run of a benchmark client: what it sent, and what it saw, in this program's terms and base units.
public struct BenchmarkRun: Sendable {
  /// Tells it from others: the file, and the run's place in it where there are several.
  public var name: String
  public var format: MeasurementFormat
  /// Day of the run, `YYYY-MM-DD`; empty where the file does not say.
  public var date = ""
  public var system = BenchmarkSystem()
  public var load = BenchmarkLoad.unknown
  /// Requests that the figures are about; `nil` where the file does not say.
  public var requests: Int?
  public var promptTokens: BenchmarkLengths?
  public var outputTokens: BenchmarkLengths?
  /// The requests themselves, in the order of their sending; empty where only summaries were kept.
  public var recorded: [RecordedRequest] = []
  /// In the order of the file.
  public var figures: [BenchmarkFigure] = []
  /// What the reader should know: what was taken for granted, or left aside.
  public var notes: [String] = []
  /// Why the run cannot be repeated: something that its file does not state; `nil` when it can.
  public var gap: String?

  public init(name: String, format: MeasurementFormat) {
    self.name = name
    self.format = format
  }

  /// Adds a figure that the file states; one of 0 stands for none.
  mutating func add(_ metric: String, _ statistic: String?, _ value: Double?) {
    guard let value, value > 0, value.isFinite else { return }
    figures.append(BenchmarkFigure(metric: metric, statistic: statistic, value: value))
  }

  /// Adds mean and quantiles of values that were kept one by one.
  mutating func add(_ metric: String, of values: [Double]) {
    let sorted = values.filter(\.isFinite).sorted()
    guard !sorted.isEmpty else { return }
    add(metric, "mean", sorted.reduce(0, +) / Double(sorted.count))
    for (name, q) in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)] {
      add(metric, name, ErrorStatistics.quantile(sorted, q))
    }
  }

  func has(_ metric: String) -> Bool { figures.contains { $0.metric == metric } }

  func value(_ metric: String, _ statistic: String? = nil) -> Double? {
    figures.first { $0.metric == metric && $0.statistic == statistic }?.value
  }
}

/// The files that are known, each by what tells it from others.
public enum MeasurementFormat: String, Sendable, CaseIterable {
  case vllmBench = "the result file of vLLM's benchmark client (JSON)"
  case aiperfRecords = "AIPerf's profile_export.jsonl"
  case aiperfTable = "AIPerf's profile_export_aiperf.csv"
  case guidellm = "guidellm's benchmarks.json"
  case llmdReport = "an llm-d Benchmark Report of version 0.2 (YAML or JSON)"
  case campaignTable = "a CSV table with the columns run_id, metric and value"
}

/// One number that a client reports.
public struct BenchmarkFigure: Sendable, Hashable {
  /// As in `metrics.csv`: `ttft_s`, `tpot_s`, `itl_s`, `e2e_s`, `output_tokens_per_s`,
  /// `total_tokens_per_s` or `throughput_rps`.
  public var metric: String
  /// `mean`, `p50`, `p90`, `p95` or `p99`; `nil` for a metric that is a single number.
  public var statistic: String?
  /// More than 0, in seconds or a second.
  public var value: Double

  /// As thresholds write it: `p99(ttft_s)`.
  public var name: String { statistic.map { "\($0)(\(metric))" } ?? metric }
}

/// When a client sends its requests.
public enum BenchmarkLoad: Sendable, Hashable {
  /// The file does not say.
  case unknown
  /// So many users, each waiting for its answer before it sends again; all start at once.
  case closedLoop(users: Int)
  /// Requests a second, gamma-distributed gaps of that shape (1 is Poisson); `nil` for even spacing.
  case open(rate: Double, burstiness: Double?)
  /// All at once.
  case burst
  /// At the times of the recorded requests.
  case recorded
}

/// How long prompts or answers are.
public enum BenchmarkLengths: Sendable, Hashable {
  case constant(Double)
  case uniform(from: Double, to: Double)
}

/// One request that a client kept.
public struct RecordedRequest: Sendable, Hashable {
  /// Seconds from any origin; `nil` where only the order is known.
  public var start: Double?
  public var promptTokens: Int32
  public var outputTokens: Int32
}

/// What a file says of the system that was measured, as it says it; `nil` where it is silent.
public struct BenchmarkSystem: Sendable, Hashable {
  public var model: String?
  public var engine: String?
  public var accelerator: String?
  public var weights: String?
  public var tensor: Int?
}
