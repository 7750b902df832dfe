import Catalog
import Economics
import Kernel
import Quantities
import Scenario
import World

/// What machines cost, where they stand and what they draw.
extension DesignCost {
  /// Rent of nodes that jobs hold while they run: paid once, spread over the horizon as what is paid once is.
  mutating func addJobs(_ design: Design, _ outcome: Outcome) {
    for (job, result) in zip(design.trainingJobs.map(\.deployment), outcome.jobs)
    where design.isPaidByJobs(job.poolIndex) {
      let pool = design.pools[job.poolIndex]
      let site = design.sites[pool.siteIndex]
      let cost = JobCost(result, of: job, on: pool, site: site)
      let months = max(1, horizon.length.value / Calendar.secondsPerMonth)
      kilowattHoursPerMonth +=
        pool.node.power.value / 1000 * site.powerUsageEffectiveness * cost.nodeHours / months
      let hours = cost.nodeHours * Double(pool.node.accelerators) / months
      acceleratorHours += hours
      rentedAcceleratorHours += hours
      usefulAcceleratorHours += result.time.useful.seconds / 3600 * Double(job.accelerators) / months
      naivePerMonth += cost.nodes * (1 / months)
      addOnce(
        Charges.jobRent(
          of: pool.node.name, job: job.name, cost: cost.total, nodeHours: cost.nodeHours,
          provider: site.provider ?? pool.node.provider ?? "", region: site.region ?? ""),
        Charges.oneOffShare(
          of: "nodes held by \(job.name)", service: job.name, cost: cost.total, horizon: horizon.length))
    }
    addStagedData(design)
  }

  mutating func add(_ pool: Pool, _ index: Int, _ design: Design, _ outcome: Outcome) {
    let site = design.sites[pool.siteIndex]
    let from = design.firstService(of: pool)
    let draw = PoolDraw(pool, index: index, design: design, outcome: outcome)
    let hours = Double(pool.accelerators) * Calendar.hoursPerMonth
    acceleratorHours += hours
    usefulAcceleratorHours += hours * draw.busy * pool.dailyUse
    switch pool.payment {
    case .purchase(let price, let life, let residual):
      addOwned(pool, price: price, life: life, residual: residual, site: site, from: from)
    case .rent(_, _, _, _, let region):
      rentedAcceleratorHours += hours * pool.dailyUse
      addRent(pool, site: site, region: region, from: from)
    }
    let fabric = fabricPower(of: pool)
    let power = draw.average * pool.dailyUse + draw.idle * (1 - pool.dailyUse) + fabric
    addEnergy(
      averagePower: pool.isOwned ? power : draw.average * pool.dailyUse,
      peak: draw.peak + fabric, contracted: pool.node.power * Double(pool.nodeCount) + fabric, site: site,
      from: from)
  }

  /// Energy at the meter, its highest draw, and the space that machines take.
  private mutating func addEnergy(
    averagePower: Watts, peak: Watts, contracted: Watts, site: Site, from: Seconds
  ) {
    kilowattHoursPerMonth +=
      averagePower.value / 1000 * site.powerUsageEffectiveness * Calendar.hoursPerMonth
    if site.electricityPerKilowattHour > .zero {
      let charge = Charges.electricity(
        averagePower: averagePower, powerUsageEffectiveness: site.powerUsageEffectiveness,
        pricePerKilowattHour: site.electricityPerKilowattHour, site: site.name)
      items.append(Item(charge: charge, driver: .hours, from: from))
    }
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

  private mutating func addOwned(
    _ pool: Pool, price: Money, life: Seconds, residual: Double, site: Site, from: Seconds
  ) {
    let own = pool.ownership
    let nodes = Double(pool.nodeCount)
    naivePerMonth += price * (nodes / (life.value / Calendar.secondsPerMonth))
    if let lease = own.lease {
      let charge = Charges.lease(
        of: pool.node.name, nodes: pool.nodeCount, payment: lease.payment, site: site.name)
      items.append(Item(charge: charge, driver: .always, from: from))
    } else {
      prepayments.append(
        prepayment(pool, price: price, life: life, residual: residual, site: site, from: from))
    }
    addFabric(of: pool, life: life, site: site, from: from)
    if own.supportPerYear > 0 {
      let charge = Charges.support(
        of: pool.node.name, price: price * nodes, shareOfYear: own.supportPerYear, site: site.name)
      items.append(Item(charge: charge, driver: .always, from: from))
    }
    if own.runningPerHour > .zero {
      var charge = Charges.rent(
        of: pool.node.name, nodes: pool.nodeCount, pricePerNodeHour: own.runningPerHour * pool.dailyUse,
        provider: "own", region: site.name, term: "running", source: "scenario")
      charge.quantity *= pool.dailyUse
      items.append(Item(charge: charge, driver: .hours, from: from))
    }
  }

  /// The purchase of a pool's nodes: a month of its use is the mean one of its life.
  private func prepayment(
    _ pool: Pool, price: Money, life: Seconds, residual: Double, site: Site, from: Seconds
  ) -> Prepayment {
    let own = pool.ownership
    let kept = min(life, own.refresh ?? life)
    let left = 1 - own.depreciation.share(at: kept, life: life, residual: residual)
    var prepayment = Prepayment(
      invoice: Charges.purchaseInvoice(
        of: pool.node.name, nodes: pool.nodeCount, price: price, site: site.name),
      use: Charges.amortization(
        of: pool.node.name, nodes: pool.nodeCount, price: price, life: kept, residual: left, site: site.name),
      price: price * Double(pool.nodeCount), life: kept)
    prepayment.writeOffLife = life
    prepayment.residual = residual
    prepayment.depreciation = own.depreciation
    prepayment.successorPrice = own.successorPrice
    prepayment.financing = own.financing
    prepayment.lead = from
    return prepayment
  }

  private mutating func addRent(_ pool: Pool, site: Site, region: String, from: Seconds) {
    let isElsewhere = !region.isEmpty && site.region != nil && site.region != region
    let provider = site.provider ?? pool.node.provider ?? ""
    for part in pool.rent {
      let nodes = Double(pool.nodeCount) * part.share
      let term = isElsewhere ? "\(part.term.rawValue), price of \(region)," : part.term.rawValue
      naivePerMonth += (part.listPrice ?? part.pricePerNodeHour) * (nodes * Calendar.hoursPerMonth)
      var charge = Charges.rent(
        of: pool.node.name, nodes: 1, pricePerNodeHour: part.pricePerNodeHour * nodes, provider: provider,
        region: site.region ?? "", term: term, source: part.source)
      charge.description = "\(term) \(Self.count(nodes)) × \(pool.node.name)"
      let use = part.isByUse ? pool.dailyUse : 1
      charge.quantity *= nodes * use
      charge.list = (part.listPrice ?? part.pricePerNodeHour) * charge.quantity
      if part.upfront > 0 { addUpfront(part, charge, from: from) }
      charge.billed = charge.billed * (use * (1 - part.upfront))
      charge.effective = charge.billed
      if part.upfront < 1 {
        items.append(
          Item(
            charge: charge, date: part.date, driver: part.isByUse ? .hours : .always, from: from,
            isRent: true))
      }
    }
  }

  /// The part of a commitment that is paid at its start.
  private mutating func addUpfront(_ part: RentPart, _ rent: Charge, from: Seconds) {
    let months = part.commitment.value / Calendar.secondsPerMonth
    var use = rent
    use.description = "upfront part of \(rent.description)"
    use.effective = rent.billed * part.upfront
    use.billed = .zero
    use.list = use.effective
    // Hours are counted with what is paid by the month, where something is.
    if part.upfront < 1 { use.quantity = 0 }
    var invoice = use
    invoice.category = .purchase
    invoice.billed = use.effective * months
    invoice.effective = .zero
    invoice.list = invoice.billed
    (invoice.quantity, invoice.unit) = (1, "Commitment")
    var prepayment = Prepayment(
      invoice: invoice, use: use, price: invoice.billed, life: part.commitment)
    prepayment.lead = from
    prepayment.date = part.date
    prepayments.append(prepayment)
  }

  private static func count(_ nodes: Double) -> String {
    nodes == nodes.rounded() ? String(Int(nodes)) : String((nodes * 100).rounded() / 100)
  }

  // MARK: Fabric

  private func fabric(of pool: Pool) -> (parts: FabricParts, prices: FabricPrices)? {
    guard let network = pool.network, pool.isOwned, !pool.ownership.holdsFabric, pool.nodeCount > 1,
      let prices = FabricPrices(network.fabric.name, in: catalog)
    else { return nil }
    let each =
      network.nodeBandwidth.map { bandwidth -> Int in
        let ratio = (bandwidth / network.fabric.linkBandwidth).rounded()
        return ratio >= 1 ? Int(min(1024, ratio)) : 1
      } ?? pool.node.accelerators
    let parts = FabricParts.tree(
      interfaces: min(each, 1024) * pool.nodeCount, ports: prices.ports,
      oversubscription: network.oversubscription,
      planes: network.topology == .railOptimised ? min(each, 1024) : 1)
    return (parts, prices)
  }

  private func fabricPower(of pool: Pool) -> Watts {
    fabric(of: pool).map { $0.prices.power(of: $0.parts) } ?? .zero
  }

  /// Switches and cables; interfaces are part of nodes that have them.
  private mutating func addFabric(of pool: Pool, life: Seconds, site: Site, from: Seconds) {
    guard let (parts, prices) = fabric(of: pool) else { return }
    let price = prices.price(of: parts, withInterfaces: pool.node.nicBandwidth.value <= 0)
    var invoice = Charges.purchaseInvoice(
      of: "\(pool.network?.fabric.name ?? "") network", nodes: 1, price: price, site: site.name)
    invoice.description =
      "network of \(pool.name): \(parts.switches) switches, \(parts.hostCables) cables to nodes, "
      + "\(parts.switchCables) between switches"
    (invoice.service, invoice.unit, invoice.source) = (.networking, "Network", prices.source)
    var use = Charges.amortization(
      of: "network of \(pool.name)", nodes: 1, price: price, life: life, residual: 0, site: site.name)
    (use.service, use.unit, use.source) = (.networking, "Network-Hours", prices.source)
    (use.description, use.serviceName) = ("amortisation of the network of \(pool.name)", invoice.serviceName)
    var prepayment = Prepayment(invoice: invoice, use: use, price: price, life: life)
    prepayment.lead = from
    prepayment.date = prices.date
    prepayments.append(prepayment)
  }

  // MARK: Places

  /// What leaves sites, and what is kept in storage.
  mutating func addPlaces(_ design: Design) {
    for site in design.sites {
      let volume = site.charges.egressPerMonth.value / 1e9
      if site.charges.egressPerGigabyte > .zero && volume > 0 {
        items.append(
          Item(
            charge: Charges.egress(
              gigabytes: volume, price: site.charges.egressPerGigabyte, provider: site.provider ?? "own",
              site: site.name),
            driver: .demand))
      }
    }
    for use in design.storageUse { add(use, design) }
  }

  private mutating func add(_ use: StorageUse, _ design: Design) {
    let site = use.siteIndex.map { design.sites[$0] }
    guard let tier = Storage.tier(use.tier, catalog) else { return }
    if use.purchasePerGigabyte > .zero && use.kept.value > 0 {
      let price = use.purchasePerGigabyte * (use.kept.value / 1e9)
      let life = Seconds(5 * Calendar.monthsPerYear * Calendar.secondsPerMonth)
      var invoice = Charges.purchaseInvoice(of: use.tier, nodes: 1, price: price, site: site?.name ?? "")
      (invoice.description, invoice.service) = ("purchase of storage \(use.name)", .storage)
      (invoice.quantity, invoice.unit, invoice.source) = (use.kept.value / 1e9, "GB", use.source)
      var share = Charges.amortization(
        of: use.tier, nodes: 1, price: price, life: life, residual: 0, site: site?.name ?? "")
      (share.description, share.service) = ("amortisation of storage \(use.name)", .storage)
      (share.unit, share.source) = ("Hours", use.source)
      var prepayment = Prepayment(invoice: invoice, use: share, price: price, life: life)
      prepayment.date = use.date
      prepayments.append(prepayment)
      return
    }
    for charge in Storage.charges(use, tier, site: site) {
      items.append(Item(charge: charge, date: use.date, driver: .always))
    }
  }
}
