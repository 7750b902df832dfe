import Scenario
import Statistics
import World

/// What a reader of the figures should know of the runs behind them.
extension Summary {
  /// A 99th percentile of 200 requests rests on two of them.
  func sampleNotes(_ rows: [MetricRow]) -> [String] {
    var notes: [String] = []
    for row in rows where row.metric == "ttft_s" && row.statistic == "count" && row.replication == nil {
      if row.value == 0 {
        notes.append(
          "\(row.design)/\(row.workload): nothing is measured, for no request sent after the warm-up was "
            + "answered; lengthen the run or shorten `warmup`")
      }
    }
    notes += thinQuantileNotes(rows)
    for row in rows where row.metric == "tier_hit_ratio" && row.statistic != "gpu" && row.replication == nil {
      if let ratio = row.value, ratio < 0.01 {
        let percent = (ratio * 1000).rounded() / 10
        notes.append(
          "\(row.design)/\(row.workload): the \(row.statistic) tier gave \(percent) % of the prompt tokens; "
            + "it would hardly be missed")
      }
    }
    for row in rows where row.metric == "finished_ratio" && row.replication == nil {
      if let ratio = row.value, ratio < 1 {
        let missing = Int(((1 - ratio) * Double(replications)).rounded())
        notes.append(
          "\(row.design)/\(row.workload): \(missing) of \(replications) runs had not come to "
            + "their end at the horizon; their time and cost are unknown, and means are over the others")
      }
    }
    for (index, model) in models.enumerated() {
      for (service, result) in (outcomes(of: index).first?.services ?? []).enumerated()
      where result.tally.rejected > 0 {
        let tally = result.tally
        let why = reasons(tally, of: model.design.services[service])
        notes.append(
          "\(model.design.name)/\(model.design.services[service].name): "
            + "\(MoneyWords.whole(Double(tally.rejected))) requests rejected, \(why)"
        )
      }
    }
    return notes
  }

  /// How well a single run knows the quantiles that the table and the thresholds ask for, by its own
  /// sections.
  func sectionNotes() -> [String] {
    guard replications == 1 else { return [] }
    return latencyQuantiles.compactMap { figure, q in
      let places = models.indices.flatMap { index in
        (outcomes(of: index).first?.services ?? []).enumerated().compactMap { position, result in
          place(figure, q, result.tally, of: models[index], service: position)
        }
      }
      if places.isEmpty { return nil }
      return "one run knows \(figure.statistic ?? "")(\(figure.metric)) to this, by its own sections (95 %): "
        + places.joined(separator: ", ")
    }
  }

  /// Quantiles of latencies that are kept in sections.
  private var latencyQuantiles: [(MetricSelector, Double)] {
    var figures = [MetricSelector(text: "p99", metric: "ttft_s", statistic: "p99")]
    for figure in scenario.thresholds.map(\.selector)
    where !figures.contains(where: { $0.metric == figure.metric && $0.statistic == figure.statistic }) {
      figures.append(figure)
    }
    return figures.compactMap { figure in
      MetricReader.quantiles.first { $0.name == figure.statistic }.map { (figure, $0.q) }
    }
  }

  /// Such as `buy/chat 0.27 to 0.33 s`; `nil` where the run is too short to tell.
  private func place(
    _ figure: MetricSelector, _ q: Double, _ tally: WorkloadTally, of model: DesignModel, service: Int
  ) -> String? {
    let kept: (LogHistogram, SectionedHistogram?)
    switch figure.metric {
    case "ttft_s": kept = (tally.ttft, tally.sections?.ttft)
    case "tpot_s": kept = (tally.tpot, tally.sections?.tpot)
    case "e2e_s": kept = (tally.e2e, tally.sections?.e2e)
    default: return nil
    }
    guard let whole = kept.0.quantile(q), let interval = kept.1?.quantileInterval(q, of: whole) else {
      return nil
    }
    let workload = scenario.workloads[model.design.services[service].workloadIndex].name
    func seconds(_ ticks: Double) -> Double { (max(0, ticks) / 16e9 * 1e4).rounded() / 1e4 }
    return "\(model.design.name)/\(workload) \(seconds(interval.low)) to \(seconds(interval.high)) s"
  }

  /// A quantile that fewer than ten values lie beyond says little, whatever its interval: the 99th percentile
  /// of TTFT and what thresholds and `until` ask of are looked at.
  private func thinQuantileNotes(_ rows: [MetricRow]) -> [String] {
    let usual = MetricSelector(text: "p99", metric: "ttft_s", statistic: "p99")
    var figures = [usual]
    for figure in scenario.thresholds.map(\.selector) + (scenario.until.map { [$0.figure] } ?? [])
    where !figures.contains(where: { $0.metric == figure.metric && $0.statistic == figure.statistic }) {
      figures.append(figure)
    }
    var notes: [String] = []
    for figure in figures {
      // Counted over replications, not over requests.
      if MetricReader.overReplications.contains(figure.metric) { continue }
      guard let q = MetricReader.quantiles.first(where: { $0.name == figure.statistic })?.q else { continue }
      let name = figure == usual ? "p99" : "\(figure.statistic ?? "")(\(figure.metric))"
      for row in rows where row.metric == figure.metric && row.statistic == "count" && row.replication == nil
      {
        guard let count = row.value, count > 0, count * (1 - q) < 10 * (1 - 1e-12) else { continue }
        notes.append(
          "\(row.design)/\(row.workload): \(name) rests on fewer than 10 of "
            + "\(MoneyWords.whole(count)) requests; simulate more of them")
      }
    }
    return notes
  }

  /// Why requests were turned away.
  private func reasons(_ tally: WorkloadTally, of service: Service) -> String {
    guard service.admission != nil else {
      return tally.throttled > 0
        ? "\(tally.throttled) past the endpoint's rate limits" : "too long for the KV cache of a replica"
    }
    let rest = tally.rejected - tally.throttled - tally.shed
    return [
      (tally.throttled, "past the rate limit"), (tally.shed, "predicted to get their first token too late"),
      (rest, "too long for the KV cache of a replica"),
    ].filter { $0.0 > 0 }.map { "\(MoneyWords.whole(Double($0.0))) \($0.1)" }.joined(separator: ", ")
  }

  /// Services whose availability rests on a time in which they are not asked any more. All else that goes by
  /// time is of the time in which requests are sent (`LoadSpan`).
  func tailNotes() -> [String] {
    models.indices.flatMap { index -> [String] in
      guard let outcome = outcomes(of: index).first else { return [] }
      let services = models[index].design.services
      return services.enumerated().compactMap { position, service in
        let owner = outcome.services[service.front ?? position]
        let span = owner.rateSpan(from: outcome.measuredFrom)
        guard let life = outcome.services[position].life, span.seconds != nil, !span.holdsTail else {
          return nil
        }
        let tail = life.span - owner.sendingEnd.seconds
        if tail < 0.1 * life.span || tail <= 0 { return nil }
        return "\(models[index].design.name)/\(service.name): answers go on for \(MoneyWords.number(tail)) s "
          + "after the last request, \(MoneyWords.number(tail / life.span * 100)) % of its time; "
          + "availability is a mean over all of it; lengthen the run"
      }
    }
  }
}
