import Catalog
import Infrastructure
import Quantities

/// Rooms, racks and power.
extension Resolver {
  /// What a site says of its room and its power.
  mutating func facility(_ value: Written, _ path: String, kind: Site.Kind) -> Facility {
    var facility = Facility()
    let written = ScenarioShape.facility.first { value[$0.name] != nil }
    if let written, kind == .cloud {
      fault(
        value[written.name] ?? value, "\(path).\(written.name)",
        "the racks and the power of a cloud are its provider's",
        help: "leave it out, or make the site `on-prem`, `colocation` or `edge`")
      return facility
    }
    let preset = value["rack"]?.text.flatMap(catalog.rack)
    if let named = value["rack"], preset == nil {
      fault(
        named, "\(path).rack", "the catalogue's rack '\(named.text ?? "")' does not state all it gives",
        help: "an overlay must state its `power`, `units`, `weight` and `cooling`")
    }
    if let power = quantity(value["rack-power"], .power) ?? preset?.power.value {
      if power <= 0 {
        fault(value["rack-power"] ?? value, "\(path).rack-power", "a rack without power holds nothing")
        return facility
      }
      let units =
        integer(value["rack-units"]) ?? preset?.units ?? standing(42, at: "\(path).rack-units", as: "42")
      let weight = quantity(value["rack-weight"], .mass) ?? preset?.weight.value
      facility.rack = RackLimits(power: Watts(power), units: units, weight: weight.map { Kilograms($0) })
    } else if let lonely = ["rack-units", "rack-weight", "rack-price"].first(where: { value[$0] != nil }) {
      fault(
        value[lonely] ?? value, "\(path).\(lonely)", "nothing says what power a rack gives",
        help: "give `rack-power: 15kW` or a `rack` of the catalogue")
    }
    facility.cooling = value["cooling"]?.text.flatMap(Cooling.init) ?? preset?.cooling
    facility.powerLimit = quantity(value["power-limit"], .power).map { Watts($0) }
    facility.capsOnExceed = value["on-exceed"]?.text == "cap"
    if let exceed = value["on-exceed"], facility.powerLimit == nil {
      fault(exceed, "\(path).on-exceed", "there is no `power-limit` to exceed")
    }
    facility.pricePerRack = Money(quantity(value["rack-price"], .moneyPerMonth) ?? 0)
    return facility
  }

  /// The cap that a pool writes.
  mutating func powerCap(_ value: Written?, _ path: String, of accelerator: Accelerator) -> PowerCap? {
    guard let value, let limit = quantity(value, .power) else { return nil }
    guard let cap = catalog.powerCap(of: accelerator, at: Watts(limit)) else {
      fault(value, path, "the catalogue does not know what \(accelerator.name) draws: it cannot be capped")
      return nil
    }
    if limit > cap.rated.value {
      fault(
        value, path,
        "\(accelerator.name) draws at most \(PowerWords.watts(cap.rated)): the cap lies above it",
        help: "write a lower one, or leave it out")
      return nil
    }
    if limit < cap.least.value {
      fault(
        value, path, "drivers take no cap of \(accelerator.name) below \(PowerWords.watts(cap.least))",
        help: "`catalog hosts power-cap` has the share; an overlay can change it")
      return nil
    }
    return cap
  }

  /// A node as a pool writes it out.
  mutating func housed(_ node: Node, _ value: Written, _ path: String) -> Node {
    var node = node
    if let power = quantity(value["power"], .power) {
      node.idlePower = node.power.value > 0 ? node.idlePower * (power / node.power.value) : .zero
      node.power = Watts(power)
    }
    if let written = value["idle-power"], let idle = quantity(written, .power) {
      node.idlePower = Watts(idle)
      if node.idlePower > node.power {
        fault(written, "\(path).idle-power", "an idle node draws no more than a busy one")
      }
    }
    node.housing.units = integer(value["rack-units"])
    node.housing.weight = quantity(value["weight"], .mass).map { Kilograms($0) }
    node.housing.cooling = value["cooling"]?.text.flatMap(Cooling.init)
    return node
  }

  /// Says of a node that is written out that it draws less than its accelerators alone may.
  mutating func tellThinPower(of node: Node, _ accelerator: Accelerator, _ value: Written, _ path: String) {
    let least = accelerator.power * Double(node.accelerators)
    guard value["power"] != nil, node.power.value < least.value * (1 - 1e-9) else { return }
    notes.append(
      "\(path).power: the node draws \(PowerWords.watts(node.power)) at full load, less than its "
        + "\(node.accelerators) × \(accelerator.name) alone at their thermal design power "
        + "(\(PowerWords.watts(least))): its speed is not lowered for that, `power-cap` would")
  }

  /// Holds the pools against the racks and the power of their sites, and caps those of a site that asks for
  /// it.
  mutating func fit(_ pools: inout [Pool], at sites: [Site], _ value: Written, _ path: String) {
    for (index, site) in sites.enumerated() where site.facility.isStated {
      let here = pools.indices.filter { pools[$0].siteIndex == index }
      if here.isEmpty { continue }
      let place = "\(path).sites.\(site.name).power-limit"
      let written = value["sites"]?[site.name]?["power-limit"] ?? value
      if site.facility.capsOnExceed { cap(&pools, here, atSite: index, site, written, place) }
      for pool in here { fit(pools[pool], in: site, value["pools"]?[pools[pool].name], path) }
      checkPower(pools, here, atSite: index, site, written, place)
    }
  }

  // MARK: Racks

  private mutating func fit(_ pool: Pool, in site: Site, _ written: Written?, _ path: String) {
    guard let value = written?["node"] ?? written else { return }
    let (place, housing) = ("\(path).pools.\(pool.name).node", pool.node.housing)
    if housing.cooling == .liquid && site.facility.cooling == .air {
      fault(
        value, place, "'\(pool.node.name)' must be cooled with liquid, and '\(site.name)' cools with air",
        help: "give the site `cooling: liquid`, or take a node for air")
    }
    guard let rack = site.facility.rack else { return }
    tellMissing(pool, rack, site, path)
    let excess = pool.fullNodePower - rack.power
    if !RackPacking(pool.rackLoad, machines: 1, in: RackLimits(power: rack.power)).fits {
      fault(
        value, place,
        "'\(pool.node.name)' draws \(PowerWords.watts(pool.fullNodePower)) at full load, "
          + "\(PowerWords.watts(excess)) more than a rack of '\(site.name)' gives",
        help: Self.remedy(for: pool, excess: excess, catalog))
    }
    if let most = rack.units, let units = housing.units, units > most, !housing.isRack {
      fault(
        value, place,
        "'\(pool.node.name)' is \(units)U high, \(units - most)U more than a rack of '\(site.name)'",
        help: "racks of \(units)U would hold it")
    }
    if let most = rack.weight, let weight = housing.weight, weight > most {
      fault(
        value, place,
        "'\(pool.node.name)' weighs \(PowerWords.plain(weight.value)) kg, "
          + "\(PowerWords.plain((weight - most).value)) kg more than a rack of '\(site.name)' carries",
        help: "racks that carry \(PowerWords.plain(weight.value)) kg would hold it")
    }
  }

  /// What would bring a node under the power of a rack.
  private static func remedy(for pool: Pool, excess: Watts, _ catalog: Catalog) -> String {
    let racks = "racks of \(PowerWords.watts(pool.fullNodePower)) would hold it"
    let current = pool.powerCap?.limit ?? pool.accelerator.power
    let needed = ((current - excess / Double(max(1, pool.devicesPerNode))).value).rounded(.down)
    guard needed > 0, let cap = catalog.powerCap(of: pool.accelerator, at: Watts(needed)),
      cap.limit >= cap.least
    else { return racks + "; no power cap that drivers take is low enough" }
    return racks + ", or `power-cap: \(PowerWords.plain(needed))W` in the pool"
  }

  /// What racks are counted without, because nobody knows it.
  private mutating func tellMissing(_ pool: Pool, _ rack: RackLimits, _ site: Site, _ path: String) {
    var missing: [String] = []
    if rack.units != nil && pool.node.housing.units == nil && !pool.node.housing.isRack {
      missing.append("height")
    }
    if rack.weight != nil && pool.node.housing.weight == nil { missing.append("weight") }
    if missing.isEmpty { return }
    notes.append(
      "\(path).pools.\(pool.name): nobody states the \(missing.joined(separator: " and ")) of "
        + "'\(pool.node.name)': the racks of '\(site.name)' are counted without it")
  }

  // MARK: Power

  /// Lowers the caps of all pools of a site together, as little as brings them under its limit: the same
  /// share of each accelerator's thermal design power, in whole watts.
  private mutating func cap(
    _ pools: inout [Pool], _ here: [Int], atSite index: Int, _ site: Site, _ value: Written, _ path: String
  ) {
    func capped(_ share: Double) -> [Pool]? {
      var changed = pools
      for pool in here {
        let rated = pools[pool].accelerator.power
        let limit = min((rated.value * share).rounded(.down), pools[pool].powerCap?.limit.value ?? .infinity)
        guard pools[pool].partition == nil,
          let cap = catalog.powerCap(of: pools[pool].accelerator, at: Watts(limit)), cap.limit >= cap.least
        else { return nil }
        changed[pool].powerCap = cap
      }
      return changed
    }
    func fits(_ pools: [Pool]) -> Bool {
      FacilityUse(pools, atSite: index, site, catalog: catalog).excess == nil
    }
    if fits(pools) { return }
    // The highest share that fits lies between one that does not and one that does, or that no driver takes.
    var (low, high) = (0.0, 1.0)
    var best: [Pool]?
    for _ in 0..<50 {
      let middle = (low + high) / 2
      guard let changed = capped(middle) else {
        low = middle
        continue
      }
      if fits(changed) {
        best = changed
        low = middle
      } else {
        high = middle
      }
    }
    guard let best else { return }
    pools = best
    for pool in here {
      guard let limit = pools[pool].powerCap?.limit else { continue }
      notes.append(
        "\(path): the accelerators of '\(pools[pool].name)' are capped at \(PowerWords.watts(limit)) of "
          + "\(PowerWords.watts(pools[pool].accelerator.power)), so that the site stays under its limit")
    }
  }

  private mutating func checkPower(
    _ pools: [Pool], _ here: [Int], atSite index: Int, _ site: Site, _ value: Written, _ path: String
  ) {
    let use = FacilityUse(pools, atSite: index, site, catalog: catalog)
    guard let excess = use.excess, let limit = site.facility.powerLimit else { return }
    let parts =
      "\(PowerWords.watts(use.nodePower)) of nodes"
      + (use.switches > 0
        ? " and \(PowerWords.watts(use.switchPower)) of \(use.switches) "
          + (use.switches == 1 ? "switch" : "switches") : "")
      + ", PUE \(PowerWords.plain(site.powerUsageEffectiveness))"
    let fitting = here.map { pool in
      let most = nodesThatFit(pools, pool, atSite: index, site)
      let others = here.count > 1 ? " beside the others" : ""
      return "\(most) of the \(pools[pool].nodeCount) nodes of '\(pools[pool].name)' fit\(others)"
    }
    let isCut = here.contains { pools[$0].partition != nil }
    let advice =
      isCut
      ? "accelerators that are cut are not simulated under a power cap by this version"
      : site.facility.capsOnExceed
        ? "no power cap that drivers take is low enough" : "`on-exceed: cap` slows them down instead"
    fault(
      value, path,
      "the machines of '\(site.name)' draw \(PowerWords.watts(use.meterPower)) at the meter at full load "
        + "(\(parts)), \(PowerWords.watts(excess)) more than its limit of \(PowerWords.watts(limit))",
      help: fitting.joined(separator: ", ") + "; \(advice)")
  }

  /// The most nodes of one pool with which a site stays under its limit, the others as they are.
  private func nodesThatFit(_ pools: [Pool], _ pool: Int, atSite index: Int, _ site: Site) -> Int {
    var (low, high) = (0, pools[pool].nodeCount)
    while low < high {
      let middle = (low + high + 1) / 2
      var fewer = pools
      fewer[pool].nodeCount = middle
      if FacilityUse(fewer, atSite: index, site, catalog: catalog).excess == nil {
        low = middle
      } else {
        high = middle - 1
      }
    }
    return low
  }
}
