import Economics
import Quantities
import Scenario

/// What decides between the designs, and where they change places.
extension Summary {
  func breakEvenNotes(_ rows: [MetricRow]) -> [String] {
    var notes: [String] = []
    for model in models {
      func row(_ metric: String) -> MetricRow? {
        rows.first { $0.design == model.design.name && $0.replication == nil && $0.metric == metric }
      }
      if let hours = row("break_even_hours") {
        let months = row("break_even_months")?.value
        notes.append(
          hours.value.map {
            "\(model.design.name): what is bought has paid for itself after "
              + "\(MoneyWords.whole($0)) hours of use, \(MoneyWords.number(months ?? 0)) months"
          } ?? neverPays(model.design.name, rows))
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
              + "\(MoneyWords.number($0 / 1e6)) million tokens a day on" + multiple($0, of: model.design.name)
          } ?? "\(model.design.name): never cheaper than paying by the token")
      }
    }
    return notes
  }

  /// Of a design that has no point from which on what is bought is paid for.
  private func neverPays(_ name: String, _ rows: [MetricRow]) -> String {
    let isPhased = models.contains { $0.design.name == name && $0.design.isPhased }
    guard isPhased else { return "\(name): what is bought never pays for itself" }
    let month = rows.first {
      $0.design == name && $0.replication == nil && $0.metric == "crossover_month"
    }?.value
    let crossing = month.map {
      ": its payments stay below the other's from month \(MoneyWords.number($0)) on"
    }
    return "\(name): hours of use until what is bought has paid for itself are not told where nodes come in "
      + "batches" + (crossing ?? "; its payments never fall below the other's")
  }

  /// Tokens a day over those that were simulated, in words.
  private func multiple(_ tokens: Double, of design: String) -> String {
    guard let index = models.firstIndex(where: { $0.design.name == design }),
      let outcome = outcomes(of: index).first,
      let work = CostReader(scenario: scenario, model: models[index], outcome: outcome).cost.workPerMonth,
      work.tokens > 0
    else { return "" }
    return
      ", \(MoneyWords.number(tokens * Calendar.hoursPerMonth / 24 / work.tokens)) times what is simulated"
  }

  /// One sentence on the two cheapest designs.
  func decisionNotes(_ books: [[Books]]) -> [String] {
    if stoppedBy != nil { return [] }
    // What answers nobody decides nothing.
    let unmet = models.indices.map { books[$0].first?.calendar.unmetRatio ?? 0 }
    let known = models.indices.filter { books[$0].first?.cost.isKnown == true && unmet[$0] < 0.9995 }
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
    case machines, tokens, energy = "energy and space", network = "network and egress", storage, people
    case others = "other costs"

    func holds(_ account: Account) -> Bool { Part(account) == self }

    private init(_ account: Account) {
      switch account.service {
      case .compute: self = .machines
      case .artificialIntelligence: self = account.unit == "1000 Tokens" ? .tokens : .others
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

extension MoneyWords {
  /// A whole number with its thousands apart.
  static func whole(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "unknown" }
    var digits = String(Int64(value.rounded()))
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits = String(digits.dropLast(3))
    }
    return ([digits] + groups).joined(separator: ",")
  }
}
