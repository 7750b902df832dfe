import Scenario
import Statistics
import World

extension MetricRow {
  /// Whether a figure means this row, whatever its replication.
  func `is`(_ figure: MetricSelector) -> Bool {
    metric == figure.metric && statistic == figure.rowStatistic && figure.covers(design: design)
      && figure.covers(workload: workload)
  }
}

/// How well a figure is known after some replications.
struct PrecisionLook {
  var replications: Int
  /// The widest of the relative half-widths, and where; `nil` where one is not known.
  var widest: (place: String, value: Double)?
  /// Where the figure has no interval yet.
  var unknown: [String] = []
  /// Whether any design reports the figure.
  var isReported = false
  var isReached = false

  /// What came of the rule, in a sentence.
  func words(_ rule: StoppingRule) -> String {
    let figure = rule.figure.text
    func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
    guard isReported else {
      return "until: no design reports \(figure); \(replications) replications were run"
    }
    let asked = "asked for was \(percent(rule.relativeHalfWidth))"
    if let place = unknown.first {
      return "until: \(figure) of \(place) is not known in enough of \(replications) replications; \(asked)"
    }
    let reached = widest.map { "±\(percent($0.value)) on \($0.place)" } ?? "exactly"
    let end = isReached ? "" : ", all that max-replications allows"
    return "until: \(figure) is known to \(reached) after \(replications) replications\(end); \(asked)"
  }
}

extension Summary {
  /// Looks whether a figure is known as well as asked for, on every design and workload it speaks of.
  func look(at rule: StoppingRule) -> PrecisionLook {
    var look = PrecisionLook(replications: replications)
    for index in models.indices {
      for row in metricRows(index) where row.replication == nil && row.is(rule.figure) {
        look.isReported = true
        let place = row.workload.isEmpty ? row.design : "\(row.design)/\(row.workload)"
        guard let value = row.value, let low = row.low, let high = row.high else {
          look.unknown.append(place)
          continue
        }
        let half = (high - low) / 2
        // A figure of zero is never known to a share of itself, unless it never varies.
        let relative = half == 0 ? 0 : value == 0 ? .infinity : half / value.magnitude
        if relative >= look.widest?.value ?? 0 { look.widest = (place, relative) }
      }
    }
    let isNarrow = look.unknown.isEmpty && (look.widest?.value ?? 0) <= rule.relativeHalfWidth
    // Runs that cannot tell are not repeated for it.
    look.isReached = isNarrow || !look.isReported
    return look
  }

  /// Statistics of a metric that every run gives once, quantiles with the interval of their order statistics.
  /// A run that did not come to its end is longer than any: quantiles, and limits, that fall among such runs
  /// are unknown.
  func overReplications(_ model: DesignModel, _ reading: Reading, _ values: [Double]) -> [MetricRow] {
    let sorted = values.sorted()
    func at(_ rank: Int64?) -> Double? {
      rank.flatMap { sorted.indices.contains(Int($0) - 1) ? sorted[Int($0) - 1] : nil }
    }
    func add(
      _ statistic: String, _ value: Double?, _ unit: String? = nil,
      ranks: (low: Int64, high: Int64)? = nil
    ) -> MetricRow {
      var named = reading
      named.statistic = statistic
      named.unit = unit ?? reading.unit
      var row = row(model, named, replication: nil, value: value, interval: nil)
      (row.low, row.high) = (at(ranks?.low), at(ranks?.high))
      return row
    }
    let unfinished = replications - values.count
    let quantiles = MetricReader.quantiles.map { name, q in
      let rank = Int((q * Double(replications)).rounded(.up)) - 1
      return add(
        name, sorted.indices.contains(max(0, rank)) ? sorted[max(0, rank)] : nil,
        ranks: replications > 1 ? quantileRanks(count: Int64(replications), q: q) : nil)
    }
    return quantiles + [
      add("min", sorted.first), add("max", unfinished == 0 ? sorted.last : nil),
      add("count", Double(values.count), "1"),
    ]
  }

  /// Says where MSER-5 refused to cut a warm-up off: its figures hold the start of the run.
  func warmupNotes() -> [String] {
    models.indices.compactMap { index in
      let runs = outcomes(of: index)
      let refused = runs.count { $0.isWarmupRefused }
      if refused == 0 { return nil }
      return "\(models[index].design.name): `warmup: auto` cut nothing off in \(refused) of \(runs.count) "
        + "\(runs.count == 1 ? "run" : "runs"): MSER-5 wants to cut more than half of the run, or the run is "
        + "too short to tell, so its end is no steady state; run longer or give `warmup` a time"
    }
  }
}
