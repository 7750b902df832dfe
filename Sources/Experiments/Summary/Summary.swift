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
    let regrets = regrets(books)
    rows += regrets.rows + models.indices.flatMap { workloadCostRows($0, books[$0]) }
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
      notes: notes + warmupNotes() + sampleNotes(rows) + sectionNotes() + tailNotes()
        + payBackNotes(rows) + rangeNotes()
        + contextNotes() + memberNotes() + fleetNotes() + moneyNotes() + eventNotes() + facilityNotes()
        + breakEvenNotes(rows, books)
        + decisionNotes(books) + regrets.notes)
    results.differences = differences(rows)
    results.factors = factors(rows, books)
    results.growth = regrets.table
    results.changesOverTime = models.indices.contains { index in
      let horizon = Horizon(scenario.economics.horizon)
      let demand = demand(ofModel: index)
      return models[index].design.isPhased
        || (0..<horizon.months).contains { abs(demand.level(ofMonth: $0) - 1) > 1e-9 }
    }
    results.months = models.indices.flatMap { monthRows($0, books[$0]) }
    return results
  }

  // MARK: Rows

  func metricRows(_ index: Int) -> [MetricRow] {
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

  func row(
    _ model: DesignModel, _ reading: Reading, replication: Int?, value: Double?, interval: Interval?
  ) -> MetricRow {
    var row = MetricRow(
      design: model.design.name, workload: reading.workload, replication: replication, metric: reading.metric,
      statistic: reading.statistic, value: value, unit: reading.unit, low: interval?.low, high: interval?.high
    )
    row.messageBytes = reading.message
    return row
  }

  /// Thresholds are judged on the value over all replications, for each design and workload they speak of.
  private func verdicts(_ rows: [MetricRow]) -> [ThresholdVerdict] {
    var verdicts: [ThresholdVerdict] = []
    for threshold in scenario.thresholds {
      for model in models {
        let design = model.design.name
        if !threshold.selector.covers(design: design) { continue }
        let selector = threshold.selector
        let matching = rows.filter { $0.design == design && $0.replication == nil && $0.is(selector) }
        if matching.isEmpty {
          verdicts.append(
            ThresholdVerdict(
              threshold: threshold, design: design, workload: selector.workload ?? "", value: nil,
              holds: false))
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

  // MARK: Designs

  private func designSummary(_ index: Int) -> DesignSummary {
    let design = models[index].design
    var parts = design.pools.map { pool in
      let cut = pool.partition.map { " cut by \($0.profile)" } ?? ""
      let batches = pool.deliveries.isEmpty ? "" : " in \(pool.deliveries.count) deliveries"
      let count = pool.leastNodes.map { "\($0) to \(pool.nodeCount)" } ?? "\(pool.nodeCount)"
      return "\(count) × \(pool.node.name)\(cut)\(batches)"
    }
    for service in design.services {
      switch service.placement {
      case .endpoint(let preset):
        parts.append(preset.name)
      case .pool(let deployment):
        let scale = service.front == nil ? nil : service.autoscale
        let words =
          scale.map { "\($0.minimum) to \($0.maximum) replicas × \(deployment.layout)" }
          ?? composition(of: deployment, "replicas")
        parts.append(words + ", " + deployment.engine.name)
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
    if !design.services.isEmpty,
      let shares = outcomes(of: index).first.flatMap({ Utilization.boundBy($0, service: 0, of: design) }),
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
    let word = deployment.replicas == 1 && what == "replicas" ? "replica" : what
    return "\(deployment.replicas) \(word) × \(deployment.layout)"
  }
}
