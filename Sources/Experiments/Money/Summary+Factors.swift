import Catalog
import Economics
import Quantities
import Scenario
import World

/// The designs by the seven factors that such decisions are made by.
extension Summary {
  /// Rows of the table; empty unless designs of different kinds are compared.
  func factors(_ rows: [MetricRow], _ books: [[Books]]) -> [FactorRow] {
    let kinds = models.map { Kind(of: $0.design) }
    guard let first = kinds.first, kinds.contains(where: { $0 != first }) else { return [] }
    func row(_ factor: String, _ words: (Int) -> String) -> FactorRow {
      FactorRow(factor: factor, values: models.indices.map(words))
    }
    func value(_ index: Int, _ metric: String, _ statistic: String = "value") -> Double? {
      rows.first {
        $0.design == models[index].design.name && $0.replication == nil && $0.metric == metric
          && $0.statistic == statistic
      }?.value
    }
    let currency = scenario.economics.currency
    return [
      row("upfront cost") { value($0, "cost_upfront").map { MoneyWords.amount($0, currency) } ?? "unknown" },
      row("availability of GPUs") { availability(of: models[$0].design) },
      row("latency") { index in
        value(index, "ttft_s", "p50").map { "TTFT p50 \(MoneyWords.number($0 * 1000)) ms" } ?? "–"
      },
      row("data sovereignty") { Self.places(of: models[$0].design) },
      row("operational burden") { index in
        let people = books[index].first?.cost.people ?? 0
        return people > 0 ? "\(MoneyWords.number(people)) people" : "nobody"
      },
      row("cost at scale") { index in
        let parts = [
          value(index, "cost_per_million_output_tokens").map {
            "\(MoneyWords.number($0)) \(currency) a million output tokens"
          },
          value(index, "cost_per_training_run").map { "\(MoneyWords.amount($0, currency)) a run" },
        ].compactMap { $0 }
        return parts.first ?? "–"
      },
      row("time to production") { index in
        guard let days = value(index, "first_service_day") else { return "never, as demand is expected" }
        return days <= 0 ? "at once" : "\(MoneyWords.number(days)) days"
      },
    ]
  }

  /// How a design is paid for.
  private struct Kind: Equatable {
    var owns: Bool
    var rents: Bool
    var calls: Bool
    /// Whether some of what is rented is paid for whatever is used, and whether some of it comes and goes.
    var commits: Bool
    var takesSpot: Bool

    init(of design: Design) {
      owns = design.pools.contains(where: \.isOwned)
      rents = design.pools.contains { !$0.isOwned }
      let rented = design.pools.filter { !$0.isOwned }
      commits = rented.contains { $0.rent.contains { !$0.isByUse } }
      takesSpot = rented.contains { $0.market != nil || $0.rent.contains { $0.term == .spot } }
      calls = design.services.contains { if case .endpoint = $0.placement { true } else { false } }
    }
  }

  private func availability(of design: Design) -> String {
    var words = design.pools.map { pool -> String in
      let count = "\(pool.devices) GPUs"
      if pool.isOwned { return "\(count), ours" }
      if pool.market != nil { return "\(count), come and go" }
      if let provisioning = pool.provisioning {
        let percent = MoneyWords.number(provisioning.stockOut * 100)
        return "\(count), \(percent) % stock-outs"
      }
      return pool.rent.contains { !$0.isByUse } ? "\(count), reserved" : "\(count), on demand"
    }
    for service in design.services {
      guard case .endpoint(let preset) = service.placement else { continue }
      words.append(limits(of: preset, service.endpointTerms))
    }
    return words.isEmpty ? "–" : words.joined(separator: "; ")
  }

  /// What an endpoint passes: by its units where those are paid for, else by what the catalogue knows.
  private func limits(of preset: EndpointPreset, _ terms: EndpointTerms?) -> String {
    if let terms, terms.provisionedUnits > 0, let each = terms.tokensPerMinuteOfUnit {
      return "\(terms.provisionedUnits) × \(MoneyWords.number(each)) tokens a minute"
    }
    if let most = preset.requestsPerMinute { return "\(MoneyWords.number(most)) requests a minute" }
    return preset.tokensPerMinute.map { "\(MoneyWords.number($0)) tokens a minute" } ?? "no known limit"
  }

  private static func places(of design: Design) -> String {
    var places = design.sites.map { site in
      switch site.kind {
      case .onPrem, .edge: return "own site \(site.name)"
      case .colocation: return "own machines at \(site.name)"
      case .cloud:
        let place = [site.provider, site.region].compactMap { $0 }.joined(separator: " ")
        return place.isEmpty ? "cloud \(site.name)" : place
      }
    }
    for service in design.services {
      if case .endpoint(let preset) = service.placement { places.append("sent to \(preset.provider)") }
    }
    var seen: [String] = []
    for place in places where !seen.contains(place) { seen.append(place) }
    return seen.joined(separator: "; ")
  }
}
