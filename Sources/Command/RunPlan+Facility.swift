import DryRack

/// Rooms, racks, caps and what electricity emits.
extension RunPlan {
  /// Emissions and prices by the hour; nothing where the scenario says nothing of them.
  static func hours(of site: Site) -> [Line] {
    func line(_ name: String, _ profile: HourlyProfile?, _ unit: String) -> [Line] {
      guard let profile else { return [] }
      let (least, most) = (profile.values.min() ?? 0, profile.values.max() ?? 0)
      let range =
        profile.isFlat ? "" : ", \(PlanWords.number(least)) to \(PlanWords.number(most)) by the hour"
      return [Line(name: "  \(name)", value: "\(PlanWords.number(profile.mean)) \(unit)\(range)")]
    }
    let profiles =
      line("emissions", site.carbon, "g/kWh") + line("energy by hour", site.electricityByHour, "a kWh")
    if profiles.isEmpty || [site.carbon, site.electricityByHour].allSatisfy({ $0?.isFlat ?? true }) {
      return profiles
    }
    let minutes = Int((site.startHour * 60).rounded())
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return profiles + [Line(name: "  the run starts at", value: "\(two(minutes / 60)):\(two(minutes % 60))")]
  }

  /// What a node needs of a rack, and how its accelerators are capped.
  static func housing(of pool: Pool, _ scenario: Scenario) -> [Line] {
    let housing = pool.node.housing
    var words: [String] = []
    if housing.isRack { words.append("a rack of its own") }
    if let units = housing.units { words.append("\(units)U") }
    if let weight = housing.weight { words.append("\(PlanWords.number(weight.value)) kg") }
    if let cooling = housing.cooling { words.append("cooled with \(cooling.rawValue)") }
    let source = ["rack-units", "weight", "cooling"].lazy.map {
      citation(of: $0, .nodes, pool.node.name, scenario.catalog)
    }.first { !$0.isEmpty }
    var lines =
      words.isEmpty
      ? []
      : [Line(name: "  stands as", value: words.joined(separator: ", "), source: source ?? "the scenario")]
    if let cap = pool.powerCap, cap.limit < cap.rated {
      lines.append(
        Line(
          name: "  power cap",
          value:
            "\(PlanWords.number(cap.limit.value)) of \(PlanWords.number(cap.rated.value)) W: arithmetic at "
            + "\(PlanWords.number((cap.computeSpeed * 1000).rounded() / 10)) %, memory at "
            + "\(PlanWords.number((cap.memorySpeed * 1000).rounded() / 10)) %",
          source: citation(of: "voltage-floor", .hosts, "power-cap", scenario.catalog)))
    }
    return lines
  }

  /// What a design takes of the rooms and the power that its sites state.
  static func facility(of design: Design, in scenario: Scenario) -> [Line] {
    design.facilityUses(catalog: scenario.catalog).flatMap { use -> [Line] in
      if use.pools.isEmpty { return [] }
      var lines = [Line(name: "room at \(use.site.name)", value: use.powerWords)]
      lines += use.rackWords.map { Line(name: "  racks", value: $0) }
      if use.site.facility.pricePerRack > .zero {
        lines.append(
          Line(
            name: "  rent of a rack",
            value: "\(use.site.facility.pricePerRack) \(scenario.economics.currency)/month",
            source: "the scenario"))
      }
      return lines
    }
  }
}
