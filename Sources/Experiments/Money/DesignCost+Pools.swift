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
    for (item, result) in zip(design.trainingJobs, outcome.jobs)
    where design.isPaidByJobs(item.deployment.poolIndex) {
      let job = item.deployment
      let pool = design.pools[job.poolIndex]
      let site = design.sites[pool.siteIndex]
      let cost = JobCost(result, of: job, on: pool, site: site)
      let months = job.monthsPerRun(over: horizon)
      let energy =
        pool.fullNodePower.value / 1000 * site.powerUsageEffectiveness * cost.nodeHours / months
      kilowattHoursPerMonth += energy
      addCarbon(of: energy, byHour: nil, site: site)
      addEmbodied(cost.nodeHours / months / Calendar.hoursPerMonth, of: pool)
      let hours = cost.nodeHours * Double(pool.devicesPerNode) / months
      acceleratorHours += hours
      paidAcceleratorHours += hours
      rentedAcceleratorHours += hours
      usefulAcceleratorHours +=
        result.time.useful.seconds / 3600 * Double(job.accelerators) * pool.deviceShare / months
      naivePerMonth += cost.nodes * (1 / months)
      var rent = Charges.jobRent(
        of: pool.node.name, job: job.name, cost: cost.total, nodeHours: cost.nodeHours,
        provider: site.provider ?? pool.node.provider ?? "", region: site.region ?? "")
      rent.holder = .work(job.name)
      if job.runs != nil {
        let perMonth = 1 / months
        (rent.billed, rent.quantity) = (rent.billed * perMonth, rent.quantity * perMonth)
        (rent.effective, rent.list) = (rent.billed, rent.billed)
        rent.description += ", \(MoneyWords.number(perMonth)) runs a month"
        items.append(Item(charge: rent, driver: .always))
        continue
      }
      var spread = Charges.oneOffShare(
        of: "nodes held by \(job.name)", service: job.name, cost: cost.total, horizon: horizon.length)
      spread.holder = rent.holder
      addOnce(rent, spread)
    }
    addStagedData(design)
  }

  mutating func add(_ pool: Pool, _ index: Int, _ design: Design, _ outcome: Outcome) {
    let site = design.sites[pool.siteIndex]
    let batches = design.batches(of: pool)
    let draw = PoolDraw(pool, index: index, design: design, outcome: outcome, horizon: horizon)
    let hold = PoolHold(pool, index, outcome, floor: isSteady ? 0 : 1e-9)
    let hours = Double(pool.devices) * Calendar.hoursPerMonth * hold.share
    acceleratorHours += hours
    let isByUse = !pool.isOwned && pool.rent.allSatisfy(\.isByUse)
    let paid = isByUse ? pool.dailyUse : 1
    addEmbodied(Double(pool.nodeCount) * paid, of: pool)
    let use = PoolUse(
      pool: pool.name, paidHours: hours * paid, usefulHours: hours * draw.busy * pool.usedShare)
    usefulAcceleratorHours += use.usefulHours
    paidAcceleratorHours += use.paidHours
    useOfPools.append(use)
    let naive = naivePerMonth
    switch pool.payment {
    case .purchase(let price, let life, let residual):
      for batch in batches {
        let before = (items.count, prepayments.count)
        addOwned(pool, batch, price: batch.price ?? price, life: life, residual: residual, site: site)
        bind(to: batch, since: before)
      }
      addRunning(pool, site: site, from: batches[0].from)
    case .lease(let leased):
      for batch in batches {
        let before = (items.count, prepayments.count)
        addLeased(pool, batch, leased, site: site)
        bind(to: batch, since: before)
      }
      addRunning(pool, site: site, from: batches[0].from)
    case .rent(_, _, _, _, let region):
      rentedAcceleratorHours += hours * pool.dailyUse
      for batch in batches {
        let before = (items.count, prepayments.count)
        addRent(pool, batch, held: hold.share, site: site, region: region)
        bind(to: batch, since: before)
      }
    }
    if !pool.deliveries.isEmpty { naivePerMonth = naive + (naivePerMonth - naive) * presence(of: batches) }
    let fabric = fabricPower(of: pool)
    addEnergy(
      of: pool, averagePower: draw.average(of: pool) + fabric, byHour: draw.byHour?.map { $0 + fabric.value },
      site: site, from: batches[0].from)
    for batch in batches {
      let before = (items.count, prepayments.count)
      defer { bind(to: batch, since: before) }
      addKilowatts(
        peak: (draw.peak + fabric) * batch.share,
        contracted: (pool.fullNodePower * Double(pool.nodeCount) + fabric) * batch.share, site: site,
        from: batch.from)
    }
  }

  /// Says that charges come only if a batch does.
  private mutating func bind(to batch: PoolBatch, since before: (items: Int, prepayments: Int)) {
    if batch.demand == nil { return }
    for index in before.items..<items.count { items[index].batch = batch }
    for index in before.prepayments..<prepayments.count { batchOfPrepayment[index] = batch }
  }

  /// The part of the horizon for which the nodes of a pool have been ordered, on the mean.
  private func presence(of batches: [PoolBatch]) -> Double {
    let length = horizon.length.value
    if length <= 0 { return 0 }
    return batches.reduce(0) { $0 + $1.share * max(0, 1 - $1.ordered.value / length) }
  }

  private mutating func addOwned(
    _ pool: Pool, _ batch: PoolBatch, price: Money, life: Seconds, residual: Double, site: Site
  ) {
    naivePerMonth += price * (Double(batch.nodes) / (life.value / Calendar.secondsPerMonth))
    prepayments.append(
      prepayment(pool, batch, price: price, life: life, residual: residual, site: site))
    addFabric(of: pool, batch, life: life, site: site)
    addSupport(of: pool, batch, price: price, site: site)
  }

  private mutating func addLeased(_ pool: Pool, _ batch: PoolBatch, _ leased: LeasedNodes, site: Site) {
    let charge = Charges.lease(
      of: pool.node.name, nodes: batch.nodes, payment: leased.lease.payment, site: site.name)
    naivePerMonth += charge.effective
    items.append(Item(charge: charge, driver: .always, from: batch.from))
    addFabric(of: pool, batch, life: leased.networkLife, site: site)
    if let price = leased.price { addSupport(of: pool, batch, price: price, site: site) }
  }

  /// - Parameter price: of a node.
  private mutating func addSupport(of pool: Pool, _ batch: PoolBatch, price: Money, site: Site) {
    let share = pool.ownership.supportPerYear
    guard share > 0 else { return }
    let charge = Charges.support(
      of: pool.node.name, price: price * Double(batch.nodes), shareOfYear: share, site: site.name)
    items.append(Item(charge: charge, driver: .always, from: batch.from))
  }

  /// What an hour in use costs beside electricity.
  private mutating func addRunning(_ pool: Pool, site: Site, from: Seconds) {
    let own = pool.ownership
    if own.runningPerHour <= .zero { return }
    var charge = Charges.rent(
      of: pool.node.name, nodes: pool.nodeCount, pricePerNodeHour: own.runningPerHour * pool.dailyUse,
      provider: "own", region: site.name, term: "running", source: "scenario")
    charge.quantity *= pool.dailyUse
    items.append(
      Item(charge: charge, driver: .hours, from: from, key: "running of \(pool.name)", pool: pool.name))
  }

  /// The purchase of a batch of nodes: a month of its use is the mean one of its life.
  private func prepayment(
    _ pool: Pool, _ batch: PoolBatch, price: Money, life: Seconds, residual: Double, site: Site
  ) -> Prepayment {
    let own = pool.ownership
    let kept = min(life, own.refresh ?? life)
    let left = 1 - own.depreciation.share(at: kept, life: life, residual: residual)
    var prepayment = Prepayment(
      invoice: Charges.purchaseInvoice(
        of: pool.node.name, nodes: batch.nodes, price: price, site: site.name),
      use: Charges.amortization(
        of: pool.node.name, nodes: batch.nodes, price: price, life: kept, residual: left, site: site.name),
      price: price * Double(batch.nodes), life: kept)
    prepayment.writeOffLife = life
    prepayment.residual = residual
    prepayment.depreciation = own.depreciation
    prepayment.successorPrice = own.successorPrice
    prepayment.financing = own.financing
    prepayment.ordered = batch.ordered
    prepayment.lead = batch.from - batch.ordered
    return prepayment
  }

  /// - Parameter held: of the batch's nodes, on the mean.
  private mutating func addRent(
    _ pool: Pool, _ batch: PoolBatch, held: Double, site: Site, region: String
  ) {
    let isElsewhere = !region.isEmpty && site.region != nil && site.region != region
    let provider = site.provider ?? pool.node.provider ?? ""
    for part in pool.rent {
      let nodes = Double(batch.nodes) * part.share * held
      let term = isElsewhere ? "\(part.term.rawValue), price of \(region)," : part.term.rawValue
      var charge = Charges.rent(
        of: pool.node.name, nodes: 1, pricePerNodeHour: part.pricePerNodeHour * nodes, provider: provider,
        region: site.region ?? "", term: term, source: part.source)
      charge.description = "\(term) \(Self.count(nodes)) × \(pool.node.name)"
      if pool.isElastic { charge.description += ", held on the mean" }
      let use = part.isByUse ? pool.dailyUse : 1
      charge.quantity *= nodes * use
      charge.list = (part.listPrice ?? part.pricePerNodeHour) * charge.quantity
      naivePerMonth += charge.list
      if part.upfront > 0 { addUpfront(part, charge, batch) }
      charge.billed = charge.billed * (use * (1 - part.upfront))
      charge.effective = charge.billed
      if part.upfront < 1 {
        items.append(
          Item(
            charge: charge, date: part.date, driver: part.isByUse ? .hours : .always,
            from: batch.from, isRent: true))
      }
    }
  }

  /// The part of a commitment that is paid at its start.
  private mutating func addUpfront(_ part: RentPart, _ rent: Charge, _ batch: PoolBatch) {
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
    prepayment.ordered = batch.ordered
    prepayment.lead = batch.from - batch.ordered
    prepayment.date = part.date
    prepayments.append(prepayment)
  }

  private static func count(_ nodes: Double) -> String {
    nodes == nodes.rounded() ? String(Int(nodes)) : String((nodes * 100).rounded() / 100)
  }
}

extension JobRuns {
  /// Months from one run to the next, those that are made a second time among them.
  var monthsPerRun: Double { every.value / Calendar.secondsPerMonth / (1 + repeated) }
}
