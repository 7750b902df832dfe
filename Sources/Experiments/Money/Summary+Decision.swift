import Economics
import Quantities
import Scenario

/// What decides between the designs, and where they change places.
extension Summary {
  func breakEvenNotes(_ rows: [MetricRow], _ books: [[Books]]) -> [String] {
    var notes: [String] = []
    for (index, model) in models.enumerated() {
      func row(_ metric: String) -> MetricRow? {
        rows.first { $0.design == model.design.name && $0.replication == nil && $0.metric == metric }
      }
      if let hours = row("break_even_hours") {
        let months = row("break_even_months")?.value
        notes.append(
          hours.value.map {
            "\(model.design.name): what is bought has paid for itself after "
              + "\(MoneyWords.whole($0)) hours of use, \(MoneyWords.number(months ?? 0)) months"
          } ?? neverPays(index, rows, books))
      }
      if let use = row("break_even_utilization") {
        notes.append(
          use.value.map {
            "\(model.design.name): cheaper than renting by the hour from "
              + "\(MoneyWords.number($0 * 100)) % of its hours on" + ($0 > 1 ? ", so never" : "")
          } ?? "\(model.design.name): never cheaper than renting by the hour")
      }
      if let tokens = row("break_even_tokens_per_day") {
        notes.append(
          tokens.value.map {
            "\(model.design.name): cheaper than paying by the token from "
              + "\(MoneyWords.number($0 / 1e6)) million tokens a day on" + multiple($0, ofDesign: index)
          } ?? "\(model.design.name): never cheaper than paying by the token")
      }
    }
    return notes
  }

  /// Of a design that has no point from which on what is bought is paid for.
  private func neverPays(_ index: Int, _ rows: [MetricRow], _ books: [[Books]]) -> String {
    let design = models[index].design
    if design.isPhased { return phasedPays(design.name, rows) }
    let never = "\(design.name): what is bought never pays for itself"
    guard let own = books[index].first?.cost, let life = own.longestLife,
      let other = usual(books, for: index).flatMap({ books[$0].first?.cost }),
      CostComparison(own: own, other: other).savesByTheMonth
    else { return never }
    return "\(design.name): what is bought does not pay for itself within its life of "
      + "\(MoneyWords.number(life.value / Calendar.secondsPerMonth)) months"
  }

  private func phasedPays(_ name: String, _ rows: [MetricRow]) -> String {
    let month = rows.first {
      $0.design == name && $0.replication == nil && $0.metric == "crossover_month"
    }?.value
    let crossing = month.map {
      ": its payments stay below the other's from month \(MoneyWords.number($0)) on"
    }
    return "\(name): hours of use until what is bought has paid for itself are not told where nodes come in "
      + "batches" + (crossing ?? "; its payments never fall below the other's")
  }

  /// Tokens a day over those that were simulated, in words. Whether machines can carry what they were never
  /// asked for is not known, and said.
  private func multiple(_ tokens: Double, ofDesign index: Int) -> String {
    guard let outcome = outcomes(of: index).first,
      let work = CostReader(scenario: scenario, model: models[index], outcome: outcome).cost.workPerMonth,
      work.tokens > 0
    else { return "" }
    let multiple = tokens * Calendar.hoursPerMonth / 24 / work.tokens
    let shown = costWindows(index, replication: outcome.replication).filter { $0.nodes == nil }.map(\.level)
    let words = ", \(MoneyWords.number(multiple)) times what is simulated"
    if multiple <= (shown + [1]).reduce(0, max) * (1 + 1e-9) { return words }
    let replicas = models[index].design.services.reduce(0) { sum, service in
      sum + max(service.deployments.reduce(0) { $0 + $1.replicas }, service.autoscale?.maximum ?? 0)
    }
    return words + ": more than its \(replicas == 1 ? "replica has" : "\(replicas) replicas have") shown here"
  }

  /// Whether each training job of a design came to its end in some run: what one that did not costs is not
  /// known.
  private func endsItsJobs(_ index: Int) -> Bool {
    let runs = outcomes(of: index)
    return models[index].design.trainingJobs.indices.allSatisfy { job in
      runs.contains { $0.jobs.indices.contains(job) && $0.jobs[job].finish != nil }
    }
  }

  /// One sentence on the two cheapest designs.
  func decisionNotes(_ books: [[Books]]) -> [String] {
    if stoppedBy != nil { return [] }
    // What answers nobody decides nothing.
    let unmet = models.indices.map { books[$0].first?.calendar.unmetRatio ?? 0 }
    let known = models.indices.filter {
      books[$0].first?.cost.isKnown == true && unmet[$0] < 0.9995 && endsItsJobs($0)
    }
    let ranked = known.map { (index: $0, total: mean(books[$0])) }.sorted {
      ($0.total, $0.index) < ($1.total, $1.index)
    }
    guard ranked.count > 1, let best = ranked.first, ranked[1].total > 0 else { return [] }
    let next = ranked[1]
    let parts = Part.allCases.map { part -> (part: Part, saved: Double) in
      let saved = amount(part, books[next.index]) - amount(part, books[best.index])
      // Sums of the same amounts in another order differ by rounding: books know millionths.
      return (part, abs(saved) < max(1e-6, 1e-12 * next.total) ? 0 : saved)
    }
    guard let largest = parts.max(by: { abs($0.saved) < abs($1.saved) }), largest.saved != 0 else {
      return []
    }
    let currency = scenario.economics.currency
    let against = parts.filter { $0.part != largest.part && $0.saved * largest.saved < 0 }
      .max { abs($0.saved) < abs($1.saved) }
    let names = (models[best.index].design.name, models[next.index].design.name)
    let ratio = MoneyWords.number(best.total / next.total)
    let what =
      largest.saved > 0
      ? "\(largest.part.rawValue) for \(MoneyWords.amount(largest.saved, currency)) less"
      : "all but \(largest.part.rawValue), which cost \(MoneyWords.amount(-largest.saved, currency)) more"
    let but = against.map { other in
      let word = other.saved < 0 ? "more" : "less"
      return ", against \(MoneyWords.amount(abs(other.saved), currency)) \(word) for \(other.part.rawValue)"
    }
    let missed = (unmet[best.index], unmet[next.index])
    let short =
      abs(missed.0 - missed.1) < 0.01
      ? ""
      : "; it leaves \(MoneyWords.number(missed.0 * 100)) % of demand unmet, \(names.1) "
        + "\(MoneyWords.number(missed.1 * 100)) %"
    return [
      "what decides it: over the horizon \(names.0) costs \(ratio) × \(names.1) - \(what)\(but ?? "")\(short)"
    ]
  }

  /// What money goes into.
  private enum Part: String, CaseIterable {
    case machines, endpoints = "managed endpoints", energy = "energy and space", network =
      "network and egress", storage, people
    case others = "other costs"

    func holds(_ account: Account) -> Bool { Part(account) == self }

    private init(_ account: Account) {
      switch account.service {
      case .compute: self = .machines
      case .artificialIntelligence:
        self = ["1000 Tokens", "Requests", "Unit-Hours"].contains(account.unit) ? .endpoints : .others
      case .networking: self = .network
      case .storage: self = .storage
      case .databases: self = .others
      case .other:
        self =
          ["staff", "software"].contains(account.serviceName)
          ? .people
          : ["electricity", "demand charge", "space"].contains(account.serviceName) ? .energy : .others
      }
    }
  }

  private func amount(_ part: Part, _ books: [Books]) -> Double {
    let sums = books.map { one in
      one.ledger.entries.reduce(0.0) { sum, entry in
        part.holds(one.ledger.accounts[entry.account]) ? sum + entry.effective.units : sum
      }
    }
    return sums.isEmpty ? 0 : sums.reduce(0, +) / Double(sums.count)
  }

  private func mean(_ books: [Books]) -> Double {
    books.reduce(0.0) { $0 + $1.ledger.effective.units } / Double(max(1, books.count))
  }
}
