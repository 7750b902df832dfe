import Economics
import Scenario
import World

/// What a reader of the costs should know.
extension Summary {
  /// What a month is made of, and what no cost holds.
  func moneyNotes() -> [String] {
    let spans = models.indices.flatMap { index in
      outcomes(of: index).prefix(1).flatMap { outcome in
        zip(models[index].design.services, outcome.services).compactMap { service, result -> Double? in
          guard case .endpoint = service.placement else { return nil }
          return result.rateSpan(from: outcome.measuredFrom).seconds
        }
      }
    }
    var notes: [String] = []
    if let shortest = spans.min(), shortest < Calendar.secondsPerMonth {
      let times = MoneyWords.whole(Calendar.secondsPerMonth / shortest)
      let minutes = (shortest / 6).rounded() / 10
      notes.append(
        "a month of tokens is the \(minutes) min measured, \(times) times over: a busy hour bills a month "
          + "of busy hours")
    }
    if models.contains(where: { model in model.design.pools.indices.contains { model.design.isPaidByJobs($0) }
    }) {
      let isRepeated = models.allSatisfy { $0.design.trainingJobs.allSatisfy { $0.deployment.runs != nil } }
      notes.append(
        "what jobs rent is paid by the run, and spread over the horizon in the month; bought and reserved "
          + "nodes cost the month whatever runs, "
          + (isRepeated
            ? "and a run its part of it, idle hours included"
            : "and a run without `runs: { every: … }` only the hours that it takes of them"))
    }
    notes += models.flatMap { useNotes($0.design) } + models.indices.flatMap(runNotes)
    notes += Self.networkNotes(models, scenario)
    if !models.isEmpty {
      notes.append(
        "costs hold tokens, machines or their rent, the network that bought pools name and, where the "
          + "scenario gives them, electricity, space, support, storage, egress, staff and one-off costs; "
          + "no taxes"
      )
    }
    for (index, model) in models.enumerated() where model.design.isPhased {
      guard let outcome = outcomes(of: index).first else { continue }
      let cost = CostReader(scenario: scenario, model: model, outcome: outcome).cost
      if cost.firstService.value.isFinite { continue }
      notes.append(
        "\(model.design.name): not all of its services are ever answered as demand is expected, for nodes "
          + "that wait for demand are not ordered; what they leave unanswered counts as unmet")
    }
    for (index, model) in models.enumerated() {
      guard let outcome = outcomes(of: index).first, !windows.isEmpty else { continue }
      let cost = CostReader(scenario: scenario, model: model, outcome: outcome).cost
      let others = costWindows(index, replication: outcome.replication)
      guard let error = cost.interpolationError(others) else { continue }
      let percent = { (share: Double) in "\((share * 1000).rounded() / 10) %" }
      let what = cost.design.isPhased ? "demand and capacity" : "demand"
      let levels = "\(model.design.name): \(others.count + 1) levels of \(what) are simulated"
      if scenario.economics.simulatesEveryMonth {
        // Nothing of what is expected lies between two levels: how far a line would miss is no matter.
        let rest =
          scenario.economics.growthPaths.isEmpty
          ? "" : "; those of other paths to within a twentieth"
        notes.append("\(levels), those of all months as demand is expected among them\(rest)")
        continue
      }
      notes.append(
        "\(levels) and months between them interpolated; a straight line past a level misses its cost by "
          + "\(percent(error.cost)) and the share of good requests by \(percent(error.good))")
    }
    return notes
  }

  /// The books of a design as rows, month by month.
  func costRows(_ index: Int, _ books: Books?) -> [CostRow] {
    guard let books, books.cost.isKnown else { return [] }
    let design = models[index].design.name
    return books.ledger.entries.sorted { ($0.month, $0.account) < ($1.month, $1.account) }.map { entry in
      let account = books.ledger.accounts[entry.account]
      var row = CostRow(
        design: design, chargeDescription: account.description, chargeCategory: entry.category.rawValue,
        serviceCategory: account.service.rawValue, serviceName: account.serviceName,
        providerName: account.provider, regionName: account.region, billedCostMicros: entry.billed.micros,
        effectiveCostMicros: entry.effective.micros, listCostMicros: entry.list.micros,
        pricingQuantity: entry.quantity, pricingUnit: account.unit, currency: scenario.economics.currency,
        source: account.source)
      row.month = entry.month
      row.priceDate = account.date
      row.replication = books.replication
      return row
    }
  }
}
