import Catalog
import Economics
import Quantities
import Scenario

/// The network between bought nodes, what leaves sites and what is kept.
extension DesignCost {
  // MARK: Fabric

  private func fabric(of pool: Pool) -> (parts: FabricParts, prices: FabricPrices)? {
    pool.isOwned && !pool.ownership.holdsFabric ? pool.networkParts(in: catalog) : nil
  }

  func fabricPower(of pool: Pool) -> Watts {
    fabric(of: pool).map { $0.prices.power(of: $0.parts) } ?? .zero
  }

  /// Switches and cables; interfaces are part of nodes that have them. A batch of nodes buys its share of the
  /// network of all.
  mutating func addFabric(of pool: Pool, _ batch: PoolBatch, life: Seconds, site: Site) {
    guard let (parts, prices) = fabric(of: pool) else { return }
    let price = prices.price(of: parts, withInterfaces: pool.node.nicBandwidth.value <= 0) * batch.share
    var invoice = Charges.purchaseInvoice(
      of: "\(pool.network?.fabric.name ?? "") network", nodes: 1, price: price, site: site.name)
    invoice.description =
      "network of \(pool.name): \(parts.switches) switches, \(parts.hostCables) cables to nodes, "
      + "\(parts.switchCables) between switches"
    if batch.share < 1 { invoice.description += ", \(MoneyWords.number(batch.share * 100)) % of it" }
    (invoice.service, invoice.unit, invoice.source) = (.networking, "Network", prices.source)
    var use = Charges.amortization(
      of: "network of \(pool.name)", nodes: 1, price: price, life: life, residual: 0, site: site.name)
    (use.service, use.unit, use.source) = (.networking, "Network-Hours", prices.source)
    (use.description, use.serviceName) = ("amortisation of the network of \(pool.name)", invoice.serviceName)
    var prepayment = Prepayment(invoice: invoice, use: use, price: price, life: life)
    prepayment.ordered = batch.ordered
    prepayment.lead = batch.from - batch.ordered
    prepayment.date = prices.date
    prepayments.append(prepayment)
  }

  // MARK: Places

  /// What leaves sites, and what is kept in storage.
  mutating func addPlaces(_ design: Design) {
    for site in design.sites {
      let volume = site.charges.egressPerMonth.value / 1e9
      if site.charges.egressPerGigabyte > .zero && volume > 0 {
        var item = Item(
          charge: Charges.egress(
            gigabytes: volume, price: site.charges.egressPerGigabyte, provider: site.provider ?? "own",
            site: site.name),
          driver: .demand)
        item.isInProportion = true
        items.append(item)
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
    }
    for charge in Storage.charges(use, tier, site: site) {
      items.append(Item(charge: charge, date: use.date, driver: .always))
    }
  }
}
