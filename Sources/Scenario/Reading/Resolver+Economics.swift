import Catalog
import Economics
import Quantities

/// Money that no pool is paid with.
extension Resolver {
  /// The name of a design that is there.
  mutating func against(_ value: Written?, among designs: [Design]) -> String? {
    let found = index(value, "economics.against", among: designs.map(\.name), what: "design")
    return found.map { designs[$0].name }
  }

  func siteCharges(_ value: Written) -> SiteCharges {
    var charges = SiteCharges()
    charges.spacePerKilowatt = Money(quantity(value["space"], .moneyPerKilowattMonth) ?? 0)
    charges.demandPerKilowatt = Money(quantity(value["demand-charge"], .moneyPerKilowattMonth) ?? 0)
    charges.egressPerGigabyte = Money(quantity(value["egress"], .moneyPerGigabyte) ?? 0)
    charges.egressPerMonth = Bytes(quantity(value["egress-volume"], .bytes) ?? 0)
    return charges
  }

  mutating func endpointTerms(_ value: Written?, _ path: String) -> EndpointTerms? {
    guard let value else { return nil }
    var terms = EndpointTerms()
    terms.inputPricePerMillion = quantity(value["input"], .money).map { Money($0) }
    terms.outputPricePerMillion = quantity(value["output"], .money).map { Money($0) }
    terms.perRequest = Money(quantity(value["per-request"], .money) ?? 0)
    if let price = quantity(value["provisioned"], .moneyPerHour) {
      terms.provisionedPerHour = Money(price)
      terms.provisionedUnits = integer(value["units"]) ?? 1
      terms.tokensPerMinuteOfUnit = number(value["tokens-per-minute"])
      for key in ["input", "output"] {
        guard let written = value[key], !written.isNull else { continue }
        fault(
          written, "\(path).\(key)", "tokens are part of provisioned throughput",
          help: "give `provisioned`, or what tokens cost")
      }
      if terms.tokensPerMinuteOfUnit == nil {
        notes.append(
          "\(path): nobody says what a unit passes: the limits of the endpoint without units stand, and more "
            + "units cost more and pass no more; give `tokens-per-minute`")
      }
    } else {
      for key in ["units", "tokens-per-minute"] {
        guard let written = value[key] else { continue }
        fault(
          written, "\(path).\(key)", "only provisioned throughput has units",
          help: "give `provisioned`, the price of an hour of one")
      }
    }
    return terms
  }

  /// People as they are written, or as many as the fleet needs.
  mutating func staff(_ value: Written?, _ path: String, pools: [Pool], services: [Service]) -> Staff? {
    guard let value else { return nil }
    let staffing = Staffing(
      ownedNodesPerPerson: number(value["owned-nodes-per-person"]),
      rentedNodesPerPerson: number(value["rented-nodes-per-person"]),
      endpointsPerPerson: number(value["endpoints-per-person"]),
      minimum: integer(value["minimum"]) ?? 0)
    let isByFleet = staffing != Staffing()
    guard (value["fte"] != nil) != isByFleet else {
      fault(
        value, path,
        isByFleet ? "people are given by `fte` or by what they look after, not both" : "nobody is counted",
        help: "give `fte`, or `owned-nodes-per-person` and the like")
      return nil
    }
    func nodes(_ isOwned: Bool) -> Int {
      pools.filter { ($0.isOwned) == isOwned }.reduce(0) { $0 + $1.nodeCount }
    }
    let endpoints = services.filter { if case .endpoint = $0.placement { true } else { false } }.count
    let people = staffing.people(ownedNodes: nodes(true), rentedNodes: nodes(false), endpoints: endpoints)
    var staff = Staff(
      fullTimeEquivalents: number(value["fte"]) ?? Double(people),
      salaryPerYear: Money(quantity(value["salary"], .moneyPerYear) ?? 0))
    staff.softwarePerYear = Money(quantity(value["software"], .moneyPerYear) ?? 0)
    staff.staffing = isByFleet ? staffing : nil
    return staff
  }

  /// The endpoint as far as units of it that are paid for pass requests.
  func provisioned(_ preset: EndpointPreset, _ terms: EndpointTerms?) -> EndpointPreset {
    guard let terms, terms.provisionedUnits > 0, let each = terms.tokensPerMinuteOfUnit else { return preset }
    var limited = preset
    limited.requestsPerMinute = nil
    limited.tokensPerMinute = each * Double(terms.provisionedUnits)
    return limited
  }

  mutating func otherCosts(_ value: Written?, _ path: String) -> [OtherCost] {
    (value?.members ?? []).compactMap { member in
      let item = member.value
      let written = [
        quantity(item["once"], .money).map { (Money($0), OtherCost.Period.once) },
        quantity(item["monthly"], .moneyPerMonth).map { (Money($0), .month) },
        quantity(item["yearly"], .moneyPerYear).map { (Money($0 / Calendar.monthsPerYear), .month) },
      ].compactMap { $0 }
      guard written.count == 1, let (amount, period) = written.first else {
        fault(
          item, "\(path).\(member.key)", "expected one of `once`, `monthly` and `yearly`",
          help: "such as { monthly: 3000 USD/month }")
        return nil
      }
      let quantity = number(item["quantity"]) ?? 1
      if amount.units * quantity > 1e10 {
        fault(item, "\(path).\(member.key)", "a cost is at most 10 billion")
        return nil
      }
      return OtherCost(
        name: member.key, amount: amount, quantity: quantity, period: period,
        service: item["category"]?.text.flatMap(Charge.Service.init) ?? .other,
        source: item["source"]?.text ?? "scenario", followsDemand: item["follows-demand"]?.text == "true")
    }
  }

  /// What is kept in and read from storage, with the catalogue's prices of it.
  mutating func storageUse(_ value: Written?, _ path: String, sites: [Site]) -> [StorageUse] {
    (value?.members ?? []).map { member in
      let item = member.value
      func bytes(_ key: String) -> Bytes { Bytes(quantity(item[key], .bytes) ?? 0) }
      let kind = item["kind"]?.text ?? ""
      let tier = item["price"]?.text ?? Self.storageKinds[kind] ?? kind
      let rows = catalog.rows(of: .storage, named: tier)
      let bought = rows.first { $0.key == "purchase-price" }
      let priced = rows.first { $0.key == "monthly-price" } ?? bought
      var use = StorageUse(
        name: member.key, tier: tier, siteIndex: sites.firstIndex { $0.name == item["site"]?.text },
        kept: bytes("holds"), retrieved: bytes("retrieves"), leaving: bytes("leaves"),
        readsPerMonth: number(item["reads"]) ?? 0, writesPerMonth: number(item["writes"]) ?? 0,
        purchasePerGigabyte: Money(bought?.number ?? 0), source: priced?.source ?? "scenario",
        date: priced?.date ?? "")
      use.isKeptWritten = item["holds"] != nil
      let isUsed = use.kept.value + use.retrieved.value + use.leaving.value + use.readsPerMonth > 0
      if isUsed && priced == nil {
        notes.append("\(path).\(member.key): the catalogue has no price of '\(tier)': its data costs nothing")
      }
      for (key, amount, price, what) in [
        ("retrieves", use.retrieved.value, "retrieval-price", "reading back from"),
        ("reads", use.readsPerMonth, "get-price", "requests that read from"),
        ("writes", use.writesPerMonth, "put-price", "requests that write to"),
      ] where amount > 0 && priced != nil && !rows.contains(where: { $0.key == price }) {
        notes.append(
          "\(path).\(member.key): the catalogue has no price of \(what) '\(tier)': `\(key)` costs nothing")
      }
      return use
    }
  }
}

extension Pool {
  /// Whether its nodes are bought or leased.
  public var isOwned: Bool { if case .rent = payment { false } else { true } }
}
