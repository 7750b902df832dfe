import DryRack

/// Where machines stand, who runs them and what an endpoint is taken to be, with what each costs.
extension RunPlan {
  /// A site in one line for each thing that the results hang on.
  static func lines(of site: Site, currency: String) -> [Line] {
    let place = [site.kind.rawValue, site.provider, site.region].compactMap { $0 }.joined(separator: ", ")
    let power = site.electricityPerKilowattHour
    return [
      Line(name: "site \(site.name)", value: place),
      Line(
        name: "  electricity",
        value: power > .zero
          ? "\(PlanWords.number(power.units)) \(currency)/kWh" : "none given: not charged"),
      Line(name: "  PUE", value: PlanWords.number(site.powerUsageEffectiveness)),
      Line(name: "  lead time", value: PlanWords.duration(site.leadTime.value)),
      Line(name: "  round trip", value: PlanWords.duration(site.roundTrip.value)),
    ] + charges(of: site, currency: currency) + hours(of: site)
  }

  static func lines(of pool: Pool, in design: Design, _ scenario: Scenario) -> [Line] {
    let site = design.sites[pool.siteIndex]
    let (idle, busy) = (pool.node.idlePower.value, pool.node.power.value)
    let power = "\(PlanWords.number(idle)) W idle, \(PlanWords.number(busy)) W busy"
    return [
      Line(
        name: "pool \(pool.name)",
        value: (pool.leastNodes.map { "\($0) to " } ?? "")
          + "\(pool.nodeCount) × \(pool.node.name) at \(site.name), \(pool.devices) accelerators"
          + (pool.partition.map { ", each cut into \($0.instances) × \($0.profile)" } ?? "")),
      Line(
        name: "  draw of a node", value: power,
        source: citation(of: "power", .nodes, pool.node.name, scenario.catalog)),
    ] + housing(of: pool, scenario) + [
      payment(pool, scenario)
    ] + terms(of: pool, scenario) + (pool.fabric.map { [Line(name: "  fabric", value: $0)] } ?? [])
  }

  static func staff(of design: Design, currency: String) -> [Line] {
    let others = otherCosts(of: design, currency: currency)
    guard let staff = design.staff else { return others }
    let month = staff.salaryPerYear * (staff.fullTimeEquivalents / Calendar.monthsPerYear)
    return [
      Line(
        name: "staff",
        value: "\(PlanWords.number(staff.fullTimeEquivalents)) at \(staff.salaryPerYear) \(currency)/y each, "
          + "\(month) \(currency)/month", source: "the scenario")
    ] + others
  }

  private static func payment(_ pool: Pool, _ scenario: Scenario) -> Line {
    let currency = scenario.economics.currency
    switch pool.payment {
    case .purchase(let price, let life, let residual):
      let ofCatalogue = citation(of: "price", .nodes, pool.node.name, scenario.catalog)
      return Line(
        name: "  bought",
        value: "\(price) \(currency) a node over \(PlanWords.duration(life.value)), "
          + "\(PlanWords.number(residual * 100)) % left",
        source: price == pool.node.price && !ofCatalogue.isEmpty ? ofCatalogue : "the scenario")
    case .lease(let leased):
      let base = leased.price.map { ", support by a price of \($0) \(currency)" }
      return Line(
        name: "  leased",
        value: "\(leased.lease.payment) \(currency)/month a node for "
          + PlanWords.duration(leased.lease.term.value)
          + (pool.ownership.supportPerYear > 0 ? base ?? "" : ""), source: "the scenario")
    case .rent(let price, let term, let source, let date, let region):
      let citation = Catalog.builtIn.source(source)?.citation ?? "the scenario"
      return Line(
        name: "  rented, \(term.rawValue)",
        value: "\(price) \(currency) a node-hour\(region.isEmpty ? "" : ", \(region)")",
        source: date.isEmpty ? citation : "\(citation), \(date)")
    }
  }

  /// Prices, limits and times of a managed endpoint: all of it data with a source.
  static func lines(of endpoint: EndpointPreset, _ scenario: Scenario) -> [Line] {
    func source(_ key: String) -> String { citation(of: key, .endpoints, endpoint.name, scenario.catalog) }
    func limit(_ name: String, _ value: Double?, _ key: String) -> Line {
      Line(
        name: "  \(name)",
        value: value.map { "at most \(PlanWords.number($0)) a minute" } ?? "no limit known",
        source: value == nil ? "" : source(key))
    }
    let slope = endpoint.secondsPerInputToken
    return [
      Line(name: "endpoint", value: "\(endpoint.name): \(endpoint.model) at \(endpoint.provider)"),
      Line(
        name: "  prompt tokens",
        value: "\(endpoint.inputPricePerMillion) \(scenario.economics.currency) a million",
        source: source("input-price")),
      Line(
        name: "  output tokens",
        value: "\(endpoint.outputPricePerMillion) \(scenario.economics.currency) a million",
        source: source("output-price")),
      limit("requests", endpoint.requestsPerMinute, "requests-per-minute"),
      limit("tokens", endpoint.tokensPerMinute, "tokens-per-minute"),
      Line(
        name: "  TTFT, assumed",
        value: PlanWords.duration(endpoint.ttftBaseSeconds)
          + (slope > 0 ? " and \(PlanWords.duration(slope)) a prompt token" : ""), source: source("ttft-base")
      ),
      Line(
        name: "  output rate, assumed",
        value: "\(PlanWords.number(endpoint.outputTokensPerSecond)) tokens/s of one answer",
        source: source("output-rate")),
    ]
  }

  /// Where a fact of the catalogue comes from and of when it is; empty where there is none.
  static func citation(of key: String, _ kind: Kind, _ name: String, _ catalog: Catalog) -> String {
    guard let fact = catalog.rows(of: kind, named: name).first(where: { $0.key == key }) else { return "" }
    return [catalog.source(fact.source)?.citation ?? fact.source, fact.date].filter { !$0.isEmpty }
      .joined(separator: ", ")
  }
}
