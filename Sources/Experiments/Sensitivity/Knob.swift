import Quantities
import Scenario

/// A number of a scenario that can be moved: where it stands, what it is, and how it is written.
struct Knob: Sendable, Hashable {
  let input: SensitivitySettings.Input
  /// What it is now.
  let base: Double
  let unit: String
  /// It changes amounts of money and nothing that happens in a run.
  let isMoney: Bool

  /// `nil` for an input that the scenario does not say and that is no price of the catalogue.
  init?(_ input: SensitivitySettings.Input, in scenario: Scenario) {
    self.input = input
    if let number = input.number {
      (base, unit) = (number, input.unit)
    } else if let price = Self.cataloguePrice(input.path, in: scenario) {
      (base, unit) = price
    } else {
      return nil
    }
    isMoney = Self.isMoney(input, in: scenario)
  }

  /// One whose value comes from a law: it needs no value of its own.
  init(drawn input: SensitivitySettings.Input, in scenario: Scenario) {
    self.input = input
    base = 1
    unit = input.unit
    isMoney = Self.isMoney(input, in: scenario)
  }

  func text(_ value: Double) -> String { PlainNumber.text(rounded(value)) + unit }

  /// Nine digits tell values apart; those behind are noise of binary fractions.
  func rounded(_ value: Double) -> Double {
    input.isWhole ? value.rounded() : SearchVariable.rounded(value, digits: 9)
  }

  /// The factor that is tried for one: whole numbers move by at least one, and to whole ones.
  func factor(near factor: Double) -> Double {
    guard input.isWhole, factor != 1 else { return factor }
    let value = (base * factor).rounded()
    return (factor > 1 ? max(value, base + 1) : min(value, base - 1)) / base
  }

  /// Between two factors, whole numbers to whole ones; one of the two where nothing lies between.
  func factor(between one: Double, and other: Double) -> Double {
    let middle = (one + other) / 2
    return input.isWhole ? (base * middle).rounded() / base : middle
  }

  /// As `--set` would write it; `nil` for what no path of the file holds.
  func override(_ value: Double) -> Override? {
    if endpoint != nil { return nil }
    if !input.points.isEmpty { return Override(path: input.path, value: schedule(times: value)) }
    let text = text(value)
    // A pool that is rented as the catalogue says has no place for a price yet.
    return Override(path: input.path, value: input.path.hasSuffix(".pricing") ? "{price: \(text)}" : text)
  }

  /// The points of a schedule with all rates so many times as high.
  private func schedule(times factor: Double) -> String {
    let points = input.points.map { point -> String in
      guard let rate = WrittenNumber(point[1]) else { return "[\(point.joined(separator: ", "))]" }
      return "[\(point[0]), \(PlainNumber.text(rate.number * rounded(factor)))\(rate.unit)]"
    }
    return "[\(points.joined(separator: ", "))]"
  }

  /// The endpoint whose prices it is.
  private var endpoint: String? {
    guard input.path.hasPrefix("endpoints."), input.path.hasSuffix(".price") else { return nil }
    return String(input.path.dropFirst(10).dropLast(6))
  }

  /// What no path of the file holds, changed in the scenario itself. Prompt tokens cost the same share of
  /// answers' tokens as before.
  func apply(_ value: Double, to scenario: inout Scenario) {
    guard let endpoint else { return }
    for design in scenario.designs.indices {
      for service in scenario.designs[design].services.indices {
        guard case .endpoint(var preset) = scenario.designs[design].services[service].placement,
          preset.name == endpoint
        else { continue }
        let output = preset.outputPricePerMillion.units
        preset.inputPricePerMillion = output > 0 ? preset.inputPricePerMillion * (value / output) : .zero
        preset.outputPricePerMillion = Money(value)
        scenario.designs[design].services[service].placement = .endpoint(preset)
      }
    }
  }

  // MARK: What is known of a path

  private static func cataloguePrice(_ path: String, in scenario: Scenario) -> (Double, String)? {
    if path.hasPrefix("endpoints.") {
      let name = path.dropFirst(10).dropLast(6)
      return scenario.endpoints.first { $0.name == name }.map {
        ($0.outputPricePerMillion.units, " \(scenario.economics.currency)")
      }
    }
    guard let pool = pool(of: path, in: scenario).first else { return nil }
    let currency = scenario.economics.currency
    switch pool.payment {
    case .purchase(let price, _, _) where path.hasSuffix(".purchase.price"):
      return (price.units, " \(currency)")
    case .rent(let price, _, _, _, _) where path.hasSuffix(".pricing"): return (price.units, " \(currency)/h")
    default: return nil
    }
  }

  /// The pools that a path `designs.D.pools.P.…` speaks of: first D's own, then those of the same name.
  private static func pool(of path: String, in scenario: Scenario) -> [Pool] {
    let keys = path.split(separator: ".").map(String.init)
    guard keys.count > 4, keys[0] == "designs", keys[2] == "pools" else { return [] }
    let own = scenario.designs.filter { $0.name == keys[1] }
    let others = scenario.designs.filter { $0.name != keys[1] }
    return (own + others).flatMap(\.pools).filter { $0.name == keys[3] }
  }

  /// Whether nothing but money can depend on an input, wherever it counts.
  private static func isMoney(_ input: SensitivitySettings.Input, in scenario: Scenario) -> Bool {
    let places = input.places.isEmpty ? [input.path] : input.places
    return places.allSatisfy { isMoney($0, in: scenario) }
  }

  /// Whether nothing but money can depend on a path. It is a list of those that are known to be so: what is
  /// not on it is simulated anew.
  static func isMoney(_ path: String, in scenario: Scenario) -> Bool {
    // A gateway that hands requests to the cheapest weighs prices while it runs.
    let weighsPrices = scenario.designs.contains { design in
      design.services.contains { $0.fronting?.policy == .cost }
    }
    if weighsPrices { return false }
    if path.hasPrefix("endpoints.") || path == "economics.discount-rate" { return true }
    let keys = path.split(separator: ".").map(String.init)
    guard keys.count >= 4, keys[0] == "designs" else { return false }
    switch keys[2] {
    case "staff": return keys.count == 4 && ["fte", "salary"].contains(keys[3])
    case "sites":
      // A site that caps its machines caps them by what it draws at the meter.
      let caps = scenario.designs.contains { $0.sites.contains { $0.facility.capsOnExceed } }
      let prices = ["electricity", "space", "demand-charge", "rack-price", "carbon"]
      return keys.count == 5 && (prices.contains(keys[4]) || keys[4] == "pue" && !caps)
    case "pools":
      // A policy on spot capacity weighs prices while it runs.
      if keys.count < 5 || pool(of: path, in: scenario).contains(where: { $0.market != nil }) { return false }
      let rest = keys[4...].joined(separator: ".")
      return [
        "purchase.price", "purchase.life", "purchase.residual", "pricing", "pricing.price", "embodied-carbon",
      ].contains(rest)
    default: return false
    }
  }
}
