import Catalog
import Economics
import Kernel
import Scenario
import Statistics
import Workloads
import World

/// Brings the outcomes of all runs together into what is reported.
struct Summary {
  let scenario: Scenario
  let models: [DesignModel]
  /// Design by design, replication by replication; `nil` where a limit came first.
  let outcomes: [Outcome?]
  let replications: Int
  let options: RunOptions
  /// What kept the runs from their end, in words.
  let stoppedBy: String?
  let notes: [String]
  /// Other levels of demand that were simulated.
  var windows: [DemandWindow] = []

  func outcomes(of model: Int) -> [Outcome] {
    outcomes[model * replications..<(model + 1) * replications].compactMap { $0 }
  }

  func results() -> RunResults {
    var rows: [MetricRow] = []
    for index in models.indices { rows += metricRows(index) }
    rows += payBackRows(rows)
    let books = models.indices.map(books)
    rows += breakEvenRows(books)
    let manifest = Manifest(
      scenario: scenario.name, scenarioHash: scenario.contentHash, seed: scenario.seed,
      replications: replications,
      version: Experiment.version, catalogHash: Catalog.builtIn.contentHash, complete: stoppedBy == nil,
      stoppedBy: stoppedBy)
    var results = RunResults(
      manifest: manifest, designs: models.indices.map(designSummary), rows: rows, verdicts: verdicts(rows),
      series: models.indices.flatMap(seriesRows),
      costs: models.indices.flatMap { costRows($0, books[$0].first) },
      requests: options.keepRequests ? models.indices.flatMap(requestRows) : [],
      timeline: options.keepTimeline ? models.indices.flatMap(timelineSlices) : [],
      notes: notes + sampleNotes(rows) + payBackNotes(rows) + rangeNotes() + contextNotes() + moneyNotes()
        + breakEvenNotes(rows) + decisionNotes(books))
    results.factors = factors(rows, books)
    return results
  }

  // MARK: Rows

  private func metricRows(_ index: Int) -> [MetricRow] {
    let model = models[index]
    let outcomes = outcomes(of: index)
    let readings = outcomes.map {
      MetricReader(
        scenario: scenario, model: model, outcome: $0,
        windows: costWindows(index, replication: $0.replication)
      ).readings
    }
    guard let first = readings.first else { return [] }
    var rows: [MetricRow] = []
    for other in readings {
      // Replications are joined row by row.
      precondition(
        other.elementsEqual(first) {
          $0.workload == $1.workload && $0.metric == $1.metric && $0.statistic == $1.statistic
            && $0.message == $1.message
        }, "every outcome of a design gives the same readings in the same order")
    }
    for position in first.indices {
      let values = readings.compactMap { $0.indices.contains(position) ? $0[position].value : nil }
      let interval = studentInterval(values)
      let mean = values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
      rows.append(row(model, first[position], replication: nil, value: mean, interval: interval))
      if MetricReader.overReplications.contains(first[position].metric) {
        rows += overReplications(model, first[position], values)
      }
      guard replications > 1 else { continue }
      for (outcome, one) in zip(outcomes, readings) where one.indices.contains(position) {
        rows.append(
          row(
            model, one[position], replication: outcome.replication, value: one[position].value, interval: nil)
        )
      }
    }
    return rows
  }

  private func row(
    _ model: DesignModel, _ reading: Reading, replication: Int?, value: Double?, interval: Interval?
  ) -> MetricRow {
    var row = MetricRow(
      design: model.design.name, workload: reading.workload, replication: replication, metric: reading.metric,
      statistic: reading.statistic, value: value, unit: reading.unit, low: interval?.low, high: interval?.high
    )
    row.messageBytes = reading.message
    return row
  }

  /// Statistics of a metric that every run gives once. A run that did not come to its end is longer than any:
  /// quantiles that fall among such runs are unknown.
  private func overReplications(_ model: DesignModel, _ reading: Reading, _ values: [Double]) -> [MetricRow] {
    let sorted = values.sorted()
    func add(_ statistic: String, _ value: Double?, _ unit: String? = nil) -> MetricRow {
      var named = reading
      named.statistic = statistic
      named.unit = unit ?? reading.unit
      return row(model, named, replication: nil, value: value, interval: nil)
    }
    let unfinished = replications - values.count
    let quantiles = MetricReader.quantiles.map { name, q in
      let rank = Int((q * Double(replications)).rounded(.up)) - 1
      return add(name, sorted.indices.contains(max(0, rank)) ? sorted[max(0, rank)] : nil)
    }
    return quantiles + [
      add("min", sorted.first), add("max", unfinished == 0 ? sorted.last : nil),
      add("count", Double(values.count), "1"),
    ]
  }

  /// Thresholds are judged on the value over all replications, for each design and workload they speak of.
  private func verdicts(_ rows: [MetricRow]) -> [ThresholdVerdict] {
    var verdicts: [ThresholdVerdict] = []
    for threshold in scenario.thresholds {
      for model in models {
        let design = model.design.name
        if threshold.filters.contains(where: { $0.key == "design" && $0.value != design }) { continue }
        let named = threshold.filters.last { $0.key == "workload" }?.value
        let matching = rows.filter {
          $0.design == design && $0.replication == nil && $0.metric == threshold.metric
            && $0.statistic
              == (MetricName.distributions.contains($0.metric) ? threshold.statistic ?? "" : "value")
            // Classes of requests are judged where they are named.
            && (named == nil ? !$0.workload.contains("/") : $0.workload == named || $0.workload.isEmpty)
        }
        if matching.isEmpty {
          verdicts.append(
            ThresholdVerdict(
              threshold: threshold, design: design, workload: named ?? "", value: nil, holds: false))
        }
        for row in matching {
          let holds = row.value.map(threshold.holds) ?? false
          verdicts.append(
            ThresholdVerdict(
              threshold: threshold, design: design, workload: row.workload, value: row.value, holds: holds))
        }
      }
    }
    return verdicts
  }

  /// A 99th percentile of 200 requests rests on two of them.
  private func sampleNotes(_ rows: [MetricRow]) -> [String] {
    var notes: [String] = []
    for row in rows where row.metric == "ttft_s" && row.statistic == "count" && row.replication == nil {
      if row.value == 0 {
        notes.append(
          "\(row.design)/\(row.workload): nothing is measured, for no request sent after the warm-up was "
            + "answered; lengthen the run or shorten `warmup`")
      } else if let count = row.value, count * 0.01 < 10 {
        notes.append(
          "\(row.design)/\(row.workload): p99 rests on fewer than 10 of \(Int(count)) requests; "
            + "simulate more of them"
        )
      }
    }
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
            + "\(tally.rejected) requests rejected, \(why)"
        )
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
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
  }

  // MARK: Designs

  private func designSummary(_ index: Int) -> DesignSummary {
    let design = models[index].design
    var parts = design.pools.map { "\($0.nodeCount) × \($0.node.name)" }
    for service in design.services {
      switch service.placement {
      case .endpoint(let preset):
        parts.append(preset.name)
      case .pool(let deployment):
        parts.append(composition(of: deployment, "replicas") + ", " + deployment.engine.name)
      case .disaggregated(let roles):
        parts.append(
          composition(of: roles.prefill, "prefill") + " + " + composition(of: roles.decode, "decode") + ", "
            + roles.prefill.engine.name)
      }
    }
    for (job, _, training) in design.trainingJobs {
      parts.append("\(job.name) on \(job.accelerators): \(training.run.layout.words)")
    }
    // The order of `Basis` is from the firmest to the weakest.
    let bases = bases(index)
    let basis = Basis.allCases.last { bases.contains($0) } ?? .fitted
    var binding = ""
    if let shares = outcomes(of: index).first?.services.first.flatMap(Utilization.boundBy),
      let largest = shares.max(by: { $0.share < $1.share }), !design.pools.isEmpty
    {
      binding = "\(largest.cause) \(Int((largest.share * 100).rounded())) %"
    }
    if design.services.isEmpty { binding = trainingBinding(index) }
    return DesignSummary(
      name: design.name, composition: parts.joined(separator: ", "), basis: basis.rawValue,
      binding: binding, workloads: workloadBases(index))
  }

  /// What binds the first training of a design.
  private func trainingBinding(_ index: Int) -> String {
    guard let outcome = outcomes(of: index).first,
      let workload = models[index].design.trainingJobs.first.map({ scenario.trainings[$0.workload].name })
    else { return "" }
    let reader = MetricReader(scenario: scenario, model: models[index], outcome: outcome)
    let shares = reader.readings.filter { $0.metric == "bound_by" && $0.workload.hasPrefix(workload) }
    guard let largest = shares.max(by: { ($0.value ?? 0) < ($1.value ?? 0) }), let share = largest.value
    else {
      return ""
    }
    return "\(largest.statistic) \(Int((share * 100).rounded())) %"
  }

  private func composition(of deployment: Deployment, _ what: String) -> String {
    "\(deployment.replicas) \(what) × \(deployment.layout)"
  }
}
