import Economics
import Quantities
import Scenario

/// Energy, the power it is fed with, and what it emits.
extension DesignCost {
  /// Energy at the meter.
  ///
  /// - Parameter byHour: draw at each hour of the day; `nil` where the mean of the day's prices and emissions
  ///   is taken.
  mutating func addEnergy(
    of pool: Pool, averagePower: Watts, byHour: [Double]?, site: Site, from: Seconds
  ) {
    let energy = averagePower.value / 1000 * site.powerUsageEffectiveness * Calendar.hoursPerMonth
    kilowattHoursPerMonth += energy
    addCarbon(of: energy, byHour: byHour, site: site)
    let price = site.electricityByHour.map { Money($0.mean(weights: byHour)) }
    let hourly = price ?? site.electricityPerKilowattHour
    if hourly > .zero {
      let charge = Charges.electricity(
        averagePower: averagePower, powerUsageEffectiveness: site.powerUsageEffectiveness,
        pricePerKilowattHour: hourly, site: site.name)
      items.append(
        Item(
          charge: charge, driver: .hours, from: from, key: "electricity of \(pool.name)", pool: pool.name))
    }
  }

  /// The highest draw at the meter, and the space that machines take.
  mutating func addKilowatts(peak: Watts, contracted: Watts, site: Site, from: Seconds) {
    for (name, price, kilowatts) in [
      ("demand charge", site.charges.demandPerKilowatt, peak.value / 1000 * site.powerUsageEffectiveness),
      ("space", site.charges.spacePerKilowatt, contracted.value / 1000),
    ] where price > .zero {
      items.append(
        Item(
          charge: Charges.kilowatts(name, kilowatts: kilowatts, price: price, site: site.name),
          driver: .always, from: from))
    }
  }

  /// Emissions of a month's energy; unknown once a part of them is.
  mutating func addCarbon(of kilowattHours: Double, byHour: [Double]?, site: Site) {
    guard let carbon = site.carbon else {
      carbonKilogramsPerMonth = nil
      return
    }
    carbonKilogramsPerMonth =
      carbonKilogramsPerMonth.map { $0 + kilowattHours * carbon.mean(weights: byHour) / 1000 }
  }

  /// Emissions of making nodes, spread over the time that they last; unknown once a part of them is.
  ///
  /// - Parameter nodes: on the mean of a month.
  mutating func addEmbodied(_ nodes: Double, of pool: Pool) {
    let life: Seconds?
    // What is leased or rented goes back, and on to somebody else.
    if case .purchase(_, let written, _) = pool.payment {
      life = min(written, pool.ownership.refresh ?? written)
    } else {
      life = catalog.serviceLife
    }
    guard let each = pool.node.embodiedCarbon, let life, life.value > 0 else {
      embodiedKilogramsPerMonth = nil
      return
    }
    let months = life.value / Calendar.secondsPerMonth
    embodiedKilogramsPerMonth = embodiedKilogramsPerMonth.map { $0 + each.value * nodes / months }
  }

  /// Rent of racks.
  mutating func addRacks(_ design: Design) {
    for use in design.facilityUses(catalog: catalog) where use.site.facility.pricePerRack > .zero {
      guard let racks = use.racks, racks > 0 else { continue }
      items.append(
        Item(
          charge: Charges.racks(racks, price: use.site.facility.pricePerRack, site: use.site.name),
          driver: .always, from: use.site.leadTime))
    }
  }
}
