import Economics
import Quantities

extension Exchange {
  /// As a scenario's `economics` write it; what is no rate is left out, and the check of shapes tells it.
  init(economics: Written?) {
    var rates: [String: Double] = [:]
    for member in economics?["exchange"]?.members ?? [] where Exchange.codes.contains(member.key) {
      if let rate = member.value.text.flatMap(Double.init), rate.isFinite, rate > 0 {
        rates[member.key] = rate
      }
    }
    self.init(currency: economics?["currency"]?.text ?? "USD", rates: rates)
  }
}

extension ScenarioShape {
  /// The price preset of a scenario that names none.
  static let usualPrices = "list-2026-07"

  static let exchange = Key(
    "exchange",
    .object(
      Exchange.codes.map { Key($0, .number(1e-6...1e6), "One unit of it in `currency`.") } + [
        Key("date", .text, "Of the rates."), Key("source", .text, "Of the rates.", fallback: "scenario"),
      ]), "What other currencies are worth in `currency`; the catalogue's prices are in USD.")
}

extension Resolver {
  /// Most that the nodes of a pool may cost: books hold 9.2 trillion of any currency, renewals included.
  private static let mostPurchase = 2e12

  /// Refuses purchases that the books could not hold: rates make large numbers of moderate prices.
  mutating func checkPurchases(_ pools: [Pool], _ value: Written, _ path: String) {
    for pool in pools {
      let price: Money
      switch pool.payment {
      case .purchase(let each, _, _): price = each
      case .lease(let leased):
        let payments = leased.lease.payment * (leased.lease.term.value / Calendar.secondsPerMonth)
        price = max(payments, leased.price ?? .zero)
      case .rent: continue
      }
      let batches = pool.deliveries.map { ($0.price ?? price).units * Double($0.nodes) }
      let together =
        batches.isEmpty ? price.units * Double(pool.nodeCount) : batches.reduce(0, +)
      guard together > Self.mostPurchase else { continue }
      let written = value["pools"]?[pool.name]
      fault(
        written?["purchase"] ?? written ?? value, "\(path).pools.\(pool.name).purchase",
        "the nodes of '\(pool.name)' cost more than 2 trillion \(exchange.currency) together",
        help: "books hold no more; fewer nodes, a lower price, or a currency with larger units")
    }
  }

  /// Faults of the rates that a currency needs.
  mutating func checkExchange(_ economics: Written?) {
    guard let economics else { return }
    if exchange.currency != "USD" && exchange.rates["USD"] == nil {
      fault(
        economics["currency"] ?? economics, "economics.currency",
        "the catalogue's prices are in USD, and nothing says what a dollar is worth in \(exchange.currency)",
        help: "such as exchange: { USD: 0.92, date: 2026-11-01, source: ECB }")
    }
    guard let written = economics["exchange"], !written.isNull else { return }
    if let own = written[exchange.currency], own.text.flatMap(Double.init) != 1 {
      fault(
        own, "economics.exchange.\(exchange.currency)",
        "\(exchange.currency) is the scenario's own currency: one of it is worth 1")
    }
    checkDate(of: written, priceList: economics["prices"]?.text ?? ScenarioShape.usualPrices)
  }

  /// Rates age, and those of a day after the prices convert prices of another day.
  private mutating func checkDate(of written: Written, priceList: String) {
    guard let date = written["date"], let day = date.text, !day.isEmpty else {
      notes.append("economics.exchange: the rates have no date; exchange rates age")
      return
    }
    guard CalendarDay.isValid(day) else {
      fault(
        date, "economics.exchange.date", "'\(day.prefix(20))' is no day", help: "such as 2026-11-01")
      return
    }
    let last = catalog.rows(of: .prices, named: priceList).map(\.date).max() ?? ""
    if !last.isEmpty && day > last {
      notes.append(
        "economics.exchange: the rates are of \(day), the latest price of '\(priceList)' of \(last): they "
          + "convert prices of another day")
    }
  }
}
