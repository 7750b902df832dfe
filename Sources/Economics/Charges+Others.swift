import Quantities

/// Charges of one month beside machines, energy and tokens.
extension Charges {
  private static func usage(
    _ description: String, _ service: Charge.Service, name: String, provider: String, region: String,
    cost: Money, quantity: Double, unit: String, source: String = "scenario"
  ) -> Charge {
    Charge(
      description: description, category: .usage, service: service, serviceName: name, provider: provider,
      region: region, billed: cost, effective: cost, list: cost, quantity: quantity, unit: unit,
      source: source)
  }

  /// Leased nodes.
  public static func lease(of node: String, nodes: Int, payment: Money, site: String) -> Charge {
    usage(
      "lease of \(nodes) × \(node)", .compute, name: "leased \(node)", provider: "lessor", region: site,
      cost: payment * Double(nodes), quantity: Double(nodes) * Calendar.hoursPerMonth, unit: "Node-Hours")
  }

  /// A support contract: a share of the price a year, paid by the month.
  public static func support(of node: String, price: Money, shareOfYear: Double, site: String) -> Charge {
    usage(
      "support of \(node)", .compute, name: "support of \(node)", provider: "vendor", region: site,
      cost: price * (shareOfYear / Calendar.monthsPerYear), quantity: 1, unit: "Month")
  }

  /// What is paid by the kilowatt: space, or the highest draw of the month.
  public static func kilowatts(_ name: String, kilowatts: Double, price: Money, site: String) -> Charge {
    usage(
      name, .other, name: name, provider: "facility", region: site, cost: price * kilowatts,
      quantity: kilowatts, unit: "kW-Months")
  }

  /// Rent of racks.
  public static func racks(_ count: Int, price: Money, site: String) -> Charge {
    usage(
      "racks", .other, name: "racks", provider: "facility", region: site, cost: price * Double(count),
      quantity: Double(count), unit: "Rack-Months")
  }

  /// Provisioned throughput of a managed endpoint, all hours of the month.
  public static func provisioned(
    endpoint: String, provider: String, units: Int, pricePerUnitHour: Money
  ) -> Charge {
    let hours = Double(units) * Calendar.hoursPerMonth
    return usage(
      "provisioned throughput of \(units) × \(endpoint)", .artificialIntelligence, name: endpoint,
      provider: provider, region: "", cost: pricePerUnitHour * hours, quantity: hours, unit: "Unit-Hours")
  }

  /// Requests of a managed endpoint, beside their tokens.
  public static func requests(endpoint: String, provider: String, count: Double, price: Money) -> Charge {
    usage(
      "requests of \(endpoint)", .artificialIntelligence, name: endpoint, provider: provider, region: "",
      cost: price * count, quantity: count, unit: "Requests")
  }

  /// Data that leaves a site.
  public static func egress(gigabytes: Double, price: Money, provider: String, site: String) -> Charge {
    usage(
      "egress", .networking, name: "egress", provider: provider, region: site, cost: price * gigabytes,
      quantity: gigabytes, unit: "GB")
  }

  public static func storage(
    _ description: String, tier: String, cost: Money, quantity: Double, unit: String, provider: String,
    region: String, source: String
  ) -> Charge {
    usage(
      description, .storage, name: tier, provider: provider, region: region, cost: cost, quantity: quantity,
      unit: unit, source: source)
  }

  /// Tools that people work with.
  public static func software(people: Double, pricePerYear: Money) -> Charge {
    usage(
      "software of people", .other, name: "software", provider: "vendors", region: "",
      cost: pricePerYear * (people / Calendar.monthsPerYear), quantity: people, unit: "User-Months")
  }

  /// Whatever a scenario names.
  public static func other(
    _ name: String, amount: Money, quantity: Double, service: Charge.Service, source: String
  ) -> Charge {
    usage(
      name, service, name: name, provider: "others", region: "", cost: amount * quantity,
      quantity: quantity, unit: "Unit-Months", source: source)
  }
}
