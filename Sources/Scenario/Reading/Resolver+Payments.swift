import Catalog
import Economics
import Quantities

/// How pools are paid.
extension Resolver {
  private static let year = 365.25 * 86_400

  mutating func payment(
    _ value: Written, _ path: String, node: Node, site: Site, prices: String
  ) -> Payment? {
    guard let purchase = value["purchase"], !purchase.isNull else {
      return rent(value, path, node: node, site: site, prices: prices)
    }
    if let pricing = value["pricing"] {
      fault(pricing, "\(path).pricing", "a pool is bought or rented, not both")
      return nil
    }
    if let lease = purchase["lease"], !lease.isNull {
      return leased(lease, purchase, path, in: value, node: node)
    }
    guard let price = price(purchase, "\(path).purchase", node: node),
      let life = life(purchase["life"], or: 5 * Self.year, "\(path).purchase.life", as: "5y", in: purchase)
    else { return nil }
    return .purchase(
      price: price, life: life, residual: residual(purchase, "\(path).purchase"))
  }

  mutating func price(_ purchase: Written, _ path: String, node: Node) -> Money? {
    if let price = quantity(purchase["price"], .money).map({ Money($0) }) ?? node.price { return price }
    fault(purchase, path, "the catalogue knows no price of '\(node.name)'", help: "give `price`")
    return nil
  }

  mutating func residual(_ purchase: Written, _ path: String) -> Double {
    min(1, quantity(purchase["residual"], .ratio) ?? standing(0, at: "\(path).residual", as: "0%"))
  }

  /// A span of at least a day: what is replaced sooner is rent.
  mutating func life(
    _ value: Written?, or fallback: Double, _ path: String, as text: String, in owner: Written
  ) -> Seconds? {
    let life = quantity(value, .duration) ?? standing(fallback, at: path, as: text)
    if life >= Prepayment.leastLife.value { return Seconds(life) }
    fault(value ?? owner, path, "the time must be at least a day", help: "what is used for less is rented")
    return nil
  }

  private mutating func rent(_ value: Written, _ path: String, node: Node, site: Site, prices: String)
    -> Payment?
  {
    guard let pricing = value["pricing"] else {
      if site.kind == .onPrem || site.kind == .colocation, let price = node.price {
        defaults.append(
          AppliedDefault(
            path: "\(path).purchase", value: "\(price) \(exchange.currency) over 5y, of the catalogue"))
        return .purchase(price: price, life: Seconds(5 * Self.year), residual: 0)
      }
      fault(value, path, "the pool is neither bought nor rented", help: "give `purchase` or `pricing`")
      return nil
    }
    guard let parts = rentParts(pricing, path, node: node, site: site, prices: prices) else { return nil }
    noteSpot(parts, value, path)
    let price = parts.parts.reduce(Money.zero) { $0 + $1.pricePerNodeHour * $1.share }
    let binding = parts.parts.first { !$0.isByUse } ?? parts.parts[0]
    let isMixed = parts.parts.count > 1
    return .rent(
      pricePerNodeHour: price, term: binding.term, source: isMixed ? "scenario" : binding.source,
      date: isMixed ? "" : binding.date, region: parts.region)
  }

  private mutating func noteSpot(
    _ parts: (parts: [RentPart], region: String), _ value: Written, _ path: String
  ) {
    guard parts.parts.contains(where: { $0.term == .spot && $0.source != "scenario" }),
      value["market"] == nil
    else { return }
    notes.append("\(path): spot capacity without a `market` is priced and never lost; expect less of it")
  }

  /// The ways in which a pool's nodes are rented, and the region that their prices hold for.
  private mutating func rentParts(
    _ pricing: Written, _ path: String, node: Node, site: Site, prices: String
  ) -> (parts: [RentPart], region: String)? {
    let items = pricing.items ?? [pricing]
    var parts: [RentPart] = []
    var region = ""
    for (index, item) in items.enumerated() {
      let place = pricing.items == nil ? "\(path).pricing" : "\(path).pricing[\(index)]"
      let item = pricing.items == nil ? item : whole(item, place)
      guard let item, let part = rentPart(item, place, node: node, site: site, prices: prices) else {
        return nil
      }
      parts.append(part.part)
      if region.isEmpty { region = part.region }
    }
    let sum = parts.reduce(0) { $0 + $1.share }
    guard !parts.isEmpty, abs(sum - 1) < 1e-6 else {
      fault(
        pricing, "\(path).pricing", "the shares must add up to 100%", help: "they add up to \(sum * 100) %")
      return nil
    }
    return (parts, region)
  }

  /// An item of a list with its `plan` and `share`, for which `{ spot: 50% }` is short.
  private mutating func whole(_ item: Written, _ path: String) -> Written? {
    let members = item.members ?? []
    let short = members.filter { ScenarioShape.plans.contains($0.key) }
    guard let first = short.first else {
      if item["share"] != nil { return item }
      fault(
        item, path, "the key 'share' is missing", help: "such as { plan: spot, share: 50% } or { spot: 50% }")
      return nil
    }
    if short.count > 1 {
      fault(
        short[1].value, "\(path).\(short[1].key)", "an item of the list is about one plan",
        help: "write [ { \(first.key): … }, { \(short[1].key): … } ]")
      return nil
    }
    for key in ["plan", "share"] {
      guard let other = item[key] else { continue }
      fault(
        other, "\(path).\(key)", "`\(first.key): SHARE` says the plan and the share already",
        help: "leave `\(key)` out")
      return nil
    }
    var whole = item
    var plan = first
    plan.key = "plan"
    plan.value.content = .scalar(first.key)
    var share = first
    share.key = "share"
    whole.content = .map(members.filter { $0.key != first.key } + [plan, share])
    return whole
  }

  private mutating func rentPart(
    _ value: Written, _ path: String, node: Node, site: Site, prices: String
  ) -> (part: RentPart, region: String)? {
    let named = (value.text ?? value["plan"]?.text).flatMap(PriceTerm.init)
    let provider = site.provider ?? node.provider ?? ""
    func listed(_ term: PriceTerm) -> PricedRate? {
      catalog.price(preset: prices, provider: provider, node: node, term: term, region: site.region)
    }
    var part = RentPart(
      share: quantity(value["share"], .ratio) ?? 1, pricePerNodeHour: .zero,
      listPrice: listed(.onDemand)?.perNodeHour, term: named ?? .onDemand, source: "scenario", date: "",
      commitment: .zero, upfront: 0)
    var region = ""
    if let own = value["price"], let price = quantity(own, .moneyPerHour) {
      let isPerAccelerator = own.text?.lowercased().contains("gpu") ?? false
      part.pricePerNodeHour = Money(price) * Double(isPerAccelerator ? node.accelerators : 1)
      part.term = named ?? .custom
      part.listPrice = part.pricePerNodeHour
    } else {
      guard let rate = listed(part.term) else {
        fault(
          value, path,
          "the price list '\(prices)' has no \(part.term.rawValue) price of '\(node.name)' at '\(provider)'",
          help: "write it as `pricing: { price: 3.90 USD/gpu-hour }`, or choose another list or provider")
        return nil
      }
      noteRegion(rate, path, site: site, prices: prices)
      (part.pricePerNodeHour, part.source, part.date) = (rate.perNodeHour, rate.source, rate.date)
      region = rate.region
    }
    part.pricePerNodeHour = part.pricePerNodeHour * (1 - min(1, quantity(value["discount"], .ratio) ?? 0))
    return commit(&part, value, path) ? (part, region) : nil
  }

  private mutating func noteRegion(_ rate: PricedRate, _ path: String, site: Site, prices: String) {
    guard let region = site.region, !rate.region.isEmpty, rate.region != region else { return }
    let pool = path.hasSuffix(".pricing") ? String(path.dropLast(8)) : path
    notes.append(
      "\(pool): the price list '\(prices)' has no price for the region '\(region)'; that of "
        + "\(rate.region) stands for it")
  }

  /// Takes in how long a part is paid for, and what of it at the start.
  private mutating func commit(_ part: inout RentPart, _ value: Written, _ path: String) -> Bool {
    let years = part.term == .reservedOneYear ? 1.0 : part.term == .reservedThreeYears ? 3 : 0
    part.commitment = Seconds(quantity(value["commitment"], .duration) ?? years * Self.year)
    part.upfront = min(1, quantity(value["upfront"], .ratio) ?? 0)
    if part.upfront > 0 && part.commitment < Prepayment.leastLife {
      fault(
        value["upfront"] ?? value, "\(path).upfront", "only what is committed to is paid upfront",
        help: "give a `commitment` of at least a day, or a reserved plan")
      return false
    }
    if part.commitment.value > 0 && part.commitment < Prepayment.leastLife {
      fault(value["commitment"] ?? value, "\(path).commitment", "a commitment lasts at least a day")
      return false
    }
    return true
  }

  /// What a pool's payment leaves open.
  mutating func terms(_ value: Written, _ path: String, of pool: inout Pool, site: Site, prices: String) {
    if let use = value["daily-use"], let seconds = quantity(use, .duration) {
      pool.dailyUse = min(1, seconds / 86_400)
    }
    if let written = value["provisioning"] {
      let chance = quantity(written["stock-out"], .ratio) ?? 0
      if chance >= 1 {
        fault(
          written["stock-out"] ?? written, "\(path).provisioning.stock-out",
          "capacity that is never there is no design", help: "less than 100%")
      }
      pool.provisioning = Provisioning(
        delay: Seconds(quantity(written["delay"], .duration) ?? 0), stockOut: min(1 - 1e-9, chance))
    }
    if let pricing = value["pricing"] {
      // Its faults and notes have been told.
      let told = (faults, notes)
      pool.rent = rentParts(pricing, path, node: pool.node, site: site, prices: prices)?.parts ?? []
      (faults, notes) = told
    }
    guard let purchase = value["purchase"], !purchase.isNull else { return }
    ownership(purchase, "\(path).purchase", of: &pool)
  }

  private mutating func ownership(_ value: Written, _ path: String, of pool: inout Pool) {
    var own = Ownership()
    own.depreciation = value["depreciation"]?.text.flatMap(Depreciation.init) ?? .straightLine
    if let refresh = value["refresh"] {
      if let every = refresh["every"] {
        own.refresh = life(every, or: 0, "\(path).refresh.every", as: "", in: refresh)
        if case .purchase(_, let life, _) = pool.payment, let refresh = own.refresh, refresh > life {
          fault(every, "\(path).refresh.every", "nodes are replaced at the end of their life at the latest")
        }
      }
      own.successorPrice = min(100, quantity(refresh["price"], .ratio) ?? 1)
    }
    own.supportPerYear = quantity(value["support"], .yearlyShare) ?? 0
    own.runningPerHour = Money(quantity(value["running"], .moneyPerHour) ?? 0)
    own.holdsFabric = value["fabric"]?.text == "included"
    if let loan = value["financing"] {
      let months = (quantity(loan["term"], .duration) ?? 0) / Calendar.secondsPerMonth
      own.financing = Financing(
        yearlyRate: quantity(loan["rate"], .ratio) ?? 0, months: max(1, Int(months.rounded())),
        deposit: min(1, quantity(loan["deposit"], .ratio) ?? 0))
    }
    pool.ownership = own
  }
}
