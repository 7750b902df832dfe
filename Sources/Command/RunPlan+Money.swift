import DryRack

/// The terms that money goes by, each with where its price comes from.
extension RunPlan {
  /// What a site charges beside energy; nothing where it is free.
  static func charges(of site: Site, currency: String) -> [Line] {
    let charges = site.charges
    return [
      ("  space", charges.spacePerKilowatt, "\(currency)/kW-month of full draw"),
      ("  demand charge", charges.demandPerKilowatt, "\(currency)/kW-month of the highest draw"),
      ("  egress", charges.egressPerGigabyte, "\(currency)/GB"),
    ].filter { $0.1 > .zero }.map {
      Line(name: $0.0, value: "\(PlanWords.number($0.1.units)) \($0.2)", source: "the scenario")
    }
  }

  /// What a pool's payment is made of, where it is more than one price.
  static func terms(of pool: Pool, _ scenario: Scenario) -> [Line] {
    pool.isOwned ? ownership(of: pool, scenario) : rent(of: pool, scenario)
  }

  private static func ownership(of pool: Pool, _ scenario: Scenario) -> [Line] {
    let (own, currency) = (pool.ownership, scenario.economics.currency)
    var lines: [Line] = []
    func add(_ name: String, _ value: String, source: String = "the scenario") {
      lines.append(Line(name: "  \(name)", value: value, source: source))
    }
    let percent = { (share: Double) in "\(PlanWords.number(share * 100)) %" }
    lines += deliveries(of: pool)
    if own.depreciation != .straightLine { add("written off", own.depreciation.rawValue) }
    if let every = own.refresh { add("replaced after", PlanWords.duration(every.value)) }
    if own.successorPrice != 1 { add("successor", "\(percent(own.successorPrice)) of the price") }
    if own.supportPerYear > 0 { add("support", "\(percent(own.supportPerYear)) of the price a year") }
    if own.runningPerHour > .zero {
      add("running", "\(PlanWords.number(own.runningPerHour.units)) \(currency) a node-hour in use")
    }
    if let loan = own.financing {
      add(
        "loan",
        "\(percent(1 - loan.deposit)) at \(percent(loan.yearlyRate)) a year over \(loan.months) months")
    }
    if let network = pool.network, !own.holdsFabric, pool.nodeCount > 1 {
      let name = network.fabric.name
      let source = citation(of: "switch-price", .fabrics, name, scenario.catalog)
      add("network", source.isEmpty ? "no price known: not charged" : "counted and bought", source: source)
    }
    return lines
  }

  private static func deliveries(of pool: Pool) -> [Line] {
    var lines = pool.deliveries.map { batch in
      Line(
        name: "  delivered after \(PlanWords.duration(batch.at.value))",
        value: "\(batch.nodes) nodes" + (batch.price.map { " at \($0) each" } ?? "")
          + (batch.demand.map { ", if demand is \(PlanWords.number($0)) times as high when ordered" } ?? ""),
        source: "the scenario")
    }
    if pool.acceptance > .zero {
      lines.append(
        Line(name: "  acceptance", value: PlanWords.duration(pool.acceptance.value), source: "the scenario"))
    }
    return lines
  }

  private static func rent(of pool: Pool, _ scenario: Scenario) -> [Line] {
    let currency = scenario.economics.currency
    var lines = deliveries(of: pool)
    for part in pool.rent where pool.rent.count > 1 || part.upfront > 0 || !part.isByUse {
      var words = "\(part.pricePerNodeHour) \(currency) a node-hour"
      if !part.isByUse { words += ", committed for \(PlanWords.duration(part.commitment.value))" }
      if part.upfront > 0 { words += ", \(PlanWords.number(part.upfront * 100)) % upfront" }
      let citation = Catalog.builtIn.source(part.source)?.citation ?? "the scenario"
      lines.append(
        Line(
          name: "  \(PlanWords.number(part.share * 100)) % \(part.term.rawValue)", value: words,
          source: part.date.isEmpty ? citation : "\(citation), \(part.date)"))
    }
    if let provisioning = pool.provisioning {
      lines.append(
        Line(
          name: "  provisioning",
          value: "\(PlanWords.duration(provisioning.delay.value)) an attempt, "
            + "\(PlanWords.number(provisioning.stockOut * 100)) % stock-outs", source: "the scenario"))
    }
    if pool.dailyUse < 1 {
      lines.append(
        Line(
          name: "  in use", value: "\(PlanWords.number(pool.dailyUse * 24)) h a day", source: "the scenario"))
    }
    return lines
  }

  /// Costs that belong to no machine.
  static func otherCosts(of design: Design, currency: String) -> [Line] {
    let storage = design.storageUse.filter(\.isUsed).map { use in
      Line(
        name: "data in \(use.name)", value: "\(PlanWords.number(use.kept.value / 1e9)) GB kept",
        source: Catalog.builtIn.source(use.source)?.citation ?? "the scenario")
    }
    return storage
      + design.otherCosts.map { cost in
        Line(
          name: cost.name,
          value: "\(PlanWords.number(cost.quantity)) × \(cost.amount) \(currency)"
            + (cost.period == .once ? " once" : "/month"),
          source: cost.source == "scenario" ? "the scenario" : cost.source)
      }
  }
}
