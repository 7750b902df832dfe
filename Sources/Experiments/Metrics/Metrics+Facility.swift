import Quantities
import Scenario

extension Scenario {
  /// Whether a design says something of the room or the power of a site.
  var countsRacks: Bool { designs.contains { $0.sites.contains(where: \.facility.isStated) } }
  /// Whether a design says what electricity emits.
  var countsCarbon: Bool { designs.contains { $0.sites.contains { $0.carbon != nil } } }
}

/// Racks, power and emissions, where the scenario speaks of them.
extension MetricReader {
  mutating func readFacility(_ cost: DesignCost) {
    let design = model.design
    if scenario.countsRacks {
      let uses = design.facilityUses(catalog: scenario.catalog)
      let racks = uses.compactMap(\.racks)
      let count = racks.isEmpty ? nil : Double(racks.reduce(0, +))
      let stranded = uses.compactMap(\.stranded)
      add("", "racks", count, "1")
      add(
        "", "stranded_kw",
        stranded.isEmpty ? nil : stranded.reduce(Watts.zero, +).value / 1000, "kW")
      add(
        "", "site_power_kw",
        uses.isEmpty ? nil : uses.reduce(Watts.zero) { $0 + $1.meterPower }.value / 1000, "kW")
      let perRack = count.flatMap { $0 > 0 && cost.isKnown ? cost.effectivePerMonth.units / $0 : nil }
      add("", "cost_per_rack", perRack, "\(scenario.economics.currency)/month")
    }
    if scenario.countsCarbon {
      // What an API emits nobody says.
      let callsOthers = design.services.contains { if case .endpoint = $0.placement { true } else { false } }
      let known = design.pools.isEmpty || callsOthers ? nil : cost.carbonKilogramsPerMonth
      add("", "carbon_kg", known, "kg/month")
      add(
        "", "carbon_embodied_kg",
        design.pools.isEmpty || callsOthers ? nil : cost.embodiedKilogramsPerMonth, "kg/month")
    }
  }
}
