import Quantities

/// Charges of one month in steady use.
public enum Charges {
  /// Bought nodes: the amortisation of one month. The invoice itself is `purchaseInvoice`, in month 0.
  ///
  /// - Parameters:
  ///   - life: time over which the price is written off, linearly, down to `residual` of it.
  public static func amortization(
    of name: String, nodes: Int, price: Money, life: Seconds, residual: Double, site: String
  ) -> Charge {
    let months = life.value / Calendar.secondsPerMonth
    let whole = price * Double(nodes)
    return Charge(
      description: "amortisation of \(nodes) × \(name)", category: .usage, service: .compute,
      serviceName: "on-prem \(name)", provider: "own", region: site, billed: .zero,
      effective: whole * ((1 - residual) / months), list: whole * ((1 - residual) / months),
      quantity: Double(nodes) * Calendar.hoursPerMonth, unit: "Node-Hours", source: "scenario")
  }

  /// The invoice for bought nodes.
  public static func purchaseInvoice(of name: String, nodes: Int, price: Money, site: String) -> Charge {
    Charge(
      description: "purchase of \(nodes) × \(name)", category: .purchase, service: .compute,
      serviceName: "on-prem \(name)", provider: "own", region: site, billed: price * Double(nodes),
      effective: .zero, list: price * Double(nodes), quantity: Double(nodes), unit: "Node", source: "scenario"
    )
  }

  /// Electricity at the meter: what the machines draw times the site's power usage effectiveness.
  public static func electricity(
    averagePower: Watts, powerUsageEffectiveness: Double, pricePerKilowattHour: Money, site: String
  ) -> Charge {
    let kilowattHours = averagePower.value / 1000 * powerUsageEffectiveness * Calendar.hoursPerMonth
    let cost = pricePerKilowattHour * kilowattHours
    return Charge(
      description: "electricity", category: .usage, service: .other, serviceName: "electricity",
      provider: "utility", region: site, billed: cost, effective: cost, list: cost, quantity: kilowattHours,
      unit: "kWh", source: "scenario")
  }

  /// Rented nodes, all hours of the month.
  public static func rent(
    of name: String, nodes: Int, pricePerNodeHour: Money, provider: String, region: String, term: String,
    source: String
  ) -> Charge {
    let hours = Double(nodes) * Calendar.hoursPerMonth
    let cost = pricePerNodeHour * hours
    return Charge(
      description: "\(term) \(nodes) × \(name)", category: .usage, service: .compute, serviceName: name,
      provider: provider, region: region, billed: cost, effective: cost, list: cost, quantity: hours,
      unit: "Node-Hours", source: source)
  }

  /// Tokens of a managed endpoint.
  public static func tokens(
    endpoint: String, provider: String, inputPerMonth: Double, outputPerMonth: Double,
    inputPricePerMillion: Money, outputPricePerMillion: Money, source: String
  ) -> Charge {
    let cost =
      inputPricePerMillion * (inputPerMonth / 1e6) + outputPricePerMillion * (outputPerMonth / 1e6)
    return Charge(
      description: "tokens of \(endpoint)", category: .usage, service: .artificialIntelligence,
      serviceName: endpoint, provider: provider, region: "", billed: cost, effective: cost, list: cost,
      quantity: (inputPerMonth + outputPerMonth) / 1000, unit: "1000 Tokens", source: source)
  }

  /// Something paid once, written off evenly over the horizon: the share of one month.
  public static func oneOffShare(of name: String, service: String, cost: Money, horizon: Seconds) -> Charge {
    let share = cost * (Calendar.secondsPerMonth / max(horizon.value, Calendar.secondsPerMonth))
    return Charge(
      description: "share of \(name)", category: .usage, service: .artificialIntelligence,
      serviceName: service, provider: "own", region: "", billed: .zero, effective: share, list: share,
      quantity: 1, unit: "Month", source: "scenario")
  }

  /// The invoice for it.
  ///
  /// - Parameter acceleratorHours: what it was reckoned from; 0 for a price.
  public static func oneOffInvoice(
    of name: String, service: String, cost: Money, acceleratorHours: Double
  ) -> Charge {
    Charge(
      description: name, category: .purchase, service: .artificialIntelligence, serviceName: service,
      provider: "own", region: "", billed: cost, effective: .zero, list: cost,
      quantity: acceleratorHours > 0 ? acceleratorHours : 1,
      unit: acceleratorHours > 0 ? "GPU-Hours" : "Unit", source: "scenario")
  }

  /// Rent of the nodes that a job held.
  public static func jobRent(
    of node: String, job: String, cost: Money, nodeHours: Double, provider: String, region: String
  ) -> Charge {
    Charge(
      description: "\(node) held by \(job)", category: .usage, service: .compute, serviceName: node,
      provider: provider, region: region, billed: cost, effective: .zero, list: cost, quantity: nodeHours,
      unit: "Node-Hours", source: "scenario")
  }

  /// People.
  public static func staff(fullTimeEquivalents: Double, salaryPerYear: Money) -> Charge {
    let cost = salaryPerYear * (fullTimeEquivalents / Calendar.monthsPerYear)
    return Charge(
      description: "staff", category: .usage, service: .other, serviceName: "staff", provider: "own",
      region: "",
      billed: cost, effective: cost, list: cost, quantity: fullTimeEquivalents, unit: "FTE-Months",
      source: "scenario")
  }
}
