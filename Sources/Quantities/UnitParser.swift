/// What a written quantity measures, and the units that fit it.
public enum Measure: String, Sendable, CaseIterable {
  case duration, rate, bytes, bandwidth, power, ratio, money, moneyPerHour, moneyPerKilowattHour, moneyPerYear
  case moneyPerMonth, moneyPerKilowattMonth, moneyPerGigabyte
  case mass
  /// Emissions of a unit of electricity.
  case carbonIntensity
  /// A share a year, without interest on it.
  case yearlyShare
  /// Growth that compounds, as that of a month.
  case growth

  /// Examples for error messages and the schema.
  public var examples: [String] {
    switch self {
    case .duration: ["250ms", "5m", "1h30m", "16w", "3y"]
    case .rate: ["12/s", "30/min", "3.5/h"]
    case .bytes: ["80GiB", "1.5TB"]
    case .bandwidth: ["400Gbps", "50GB/s"]
    case .power: ["700W", "40kW"]
    case .ratio: ["8%", "0.08"]
    case .money: ["280000 USD"]
    case .moneyPerHour: ["3.90 USD/h", "3.90 USD/gpu-hour"]
    case .moneyPerKilowattHour: ["0.09 USD/kWh"]
    case .moneyPerYear: ["200000 USD/y"]
    case .moneyPerMonth: ["500 USD/month"]
    case .moneyPerKilowattMonth: ["200 USD/kW-month"]
    case .moneyPerGigabyte: ["0.09 USD/GB"]
    case .mass: ["1000kg", "1.4t"]
    case .carbonIntensity: ["380 g/kWh", "0.38 kg/kWh"]
    case .yearlyShare: ["10%/y"]
    case .growth: ["5%/month", "60%/y"]
    }
  }
}

/// Reads quantities with units. Never traps: every text either parses to a finite number, which only growth
/// may have below zero, or is refused with a reason.
public enum UnitParser {
  public enum Failure: Error, Sendable, Hashable {
    /// Not a number with a unit of this measure.
    case malformed
    /// A number without the unit it needs.
    case missingUnit
    case unknownUnit(String)
    /// Money of a currency whose worth nobody says.
    case noRate(String)
    case negative
    case outOfRange
  }

  /// The number in the measure's base unit; of money, in the currency of `exchange`.
  public static func parse(
    _ text: String, as measure: Measure, in exchange: Exchange = .dollars
  ) -> Result<Double, Failure> {
    let trimmed = text.filter { $0 != "_" }
    if measure == .duration { return duration(trimmed) }
    guard let (number, unit) = split(trimmed[...]) else { return .failure(.malformed) }
    // What shrinks by all of itself is no demand.
    if number < 0 && (measure != .growth || number <= -100) { return .failure(.negative) }
    if unit.isEmpty && measure == .ratio { return checked(number) }
    if unit.isEmpty { return .failure(.missingUnit) }
    guard let factor = factor(of: unit, measure, exchange) else {
      let code = String(unit.prefix(3))
      let isMoney = Exchange.codes.contains(code) && exchange.rate(of: code) == nil
      if isMoney, factor(of: exchange.currency + unit.dropFirst(3), measure, exchange) != nil {
        return .failure(.noRate(code))
      }
      return .failure(.unknownUnit(unit))
    }
    // Twelve months of it make the year's.
    if measure == .growth && factor != 0.01 { return checked(twelfthRoot(1 + number * 0.01) - 1) }
    return checked(number * factor)
  }

  private static func checked(_ value: Double) -> Result<Double, Failure> {
    value.isFinite && value <= 1e21 ? .success(value) : .failure(.outOfRange)
  }

  /// The number whose twelfth power is `value`, which is positive, by Newton's method.
  private static func twelfthRoot(_ value: Double) -> Double {
    guard value.isFinite else { return .infinity }
    // The tangent at 1 lies above the root. From above every step comes nearer to it, and the last one no
    // more.
    var root = 1 + (value - 1) / 12
    while true {
      let square = root * root
      let fourth = square * square
      let next = (11 * root + value / (fourth * fourth * square * root)) / 12
      if next >= root { return root }
      root = next
    }
  }

  private static func duration(_ text: String) -> Result<Double, Failure> {
    var rest = text[...]
    // Of ISO 8601 only times of day: months and minutes share a letter elsewhere.
    if rest.hasPrefix("PT") { rest = rest.dropFirst(2).lowercased()[...] }
    if rest.isEmpty { return .failure(.malformed) }
    var total = 0.0
    while !rest.isEmpty {
      let number = rest.prefix { $0.isNumber || ".+-eE".contains($0) && ($0 != "e" && $0 != "E") }
      rest = rest.dropFirst(number.count)
      let unit = rest.prefix { $0.isLetter }
      rest = rest.dropFirst(unit.count)
      guard let value = Double(number), value.isFinite else { return .failure(.malformed) }
      if value < 0 { return .failure(.negative) }
      if unit.isEmpty { return .failure(rest.isEmpty ? .missingUnit : .malformed) }
      guard let factor = durations[String(unit)] else { return .failure(.unknownUnit(String(unit))) }
      total += value * factor
    }
    return total <= 5e8 * 1.2 ? .success(total) : .failure(.outOfRange)
  }

  /// A number at the front and the unit behind it, blanks between them ignored.
  private static func split(_ text: Substring) -> (Double, String)? {
    var end = text.startIndex
    while end < text.endIndex {
      let character = text[end]
      if character.isASCII && (character.isNumber || ".+-".contains(character)) {
        end = text.index(after: end)
      } else if "eE".contains(character), let next = text.index(end, offsetBy: 1, limitedBy: text.endIndex),
        next < text.endIndex, text[next].isNumber || "+-".contains(text[next])
      {
        end = next
      } else {
        break
      }
    }
    guard let number = Double(text[..<end]), number.isFinite else { return nil }
    return (number, text[end...].drop { $0 == " " }.filter { $0 != " " })
  }

  private static let durations: [String: Double] = [
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400,
    "w": 604_800,
    "mo": 730.5 * 3600, "y": 365.25 * 86_400,
  ]
  private static let decimal: [String: Double] = [
    "": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
  ]
  private static let binary: [String: Double] = [
    "Ki": 0x1p10, "Mi": 0x1p20, "Gi": 0x1p30, "Ti": 0x1p40, "Pi": 0x1p50,
  ]

  private static func factor(of unit: String, _ measure: Measure, _ exchange: Exchange) -> Double? {
    switch measure {
    case .duration: return durations[unit]
    case .rate:
      let per = ["/s": 1.0, "/min": 1 / 60.0, "/m": 1 / 60.0, "/h": 1 / 3600.0, "/d": 1 / 86_400.0]
      return per[unit]
    case .bytes: return bytes(unit)
    case .bandwidth:
      if unit.hasSuffix("bps") { return decimal[String(unit.dropLast(3))].map { $0 / 8 } }
      if unit.hasSuffix("bit/s") { return decimal[String(unit.dropLast(5))].map { $0 / 8 } }
      return unit.hasSuffix("/s") ? bytes(String(unit.dropLast(2))) : nil
    case .power: return unit.hasSuffix("W") ? decimal[String(unit.dropLast())] : nil
    case .ratio: return unit == "%" ? 0.01 : nil
    case .money: return currency(unit, per: [""], exchange)
    case .moneyPerHour:
      return currency(unit, per: ["/h", "/hour", "/gpu-hour", "/gpu-h", "/GPU-h", "/node-hour"], exchange)
    case .moneyPerKilowattHour: return currency(unit, per: ["/kWh"], exchange)
    case .moneyPerYear: return currency(unit, per: ["/y", "/year"], exchange)
    case .moneyPerMonth: return currency(unit, per: ["/month", "/mo"], exchange)
    case .moneyPerKilowattMonth: return currency(unit, per: ["/kW-month", "/kW-mo"], exchange)
    case .moneyPerGigabyte: return currency(unit, per: ["/GB"], exchange)
    case .mass: return ["kg": 1, "g": 0.001, "t": 1000, "lb": 0.453_592_37][unit]
    case .carbonIntensity:
      return ["g/kWh": 1, "gCO2/kWh": 1, "gCO2e/kWh": 1, "kg/kWh": 1000, "kg/MWh": 1, "t/MWh": 1000][unit]
    case .yearlyShare: return ["%/y": 0.01, "%/year": 0.01, "%/month": 0.12, "%/mo": 0.12][unit]
    case .growth: return ["%/month": 0.01, "%/mo": 0.01, "%/y": 0.01 / 12, "%/year": 0.01 / 12][unit]
    }
  }

  private static func bytes(_ unit: String) -> Double? {
    if let factor = binary[unit] { return factor }
    guard unit.hasSuffix("B") else { return nil }
    let prefix = String(unit.dropLast())
    return binary[prefix] ?? decimal[prefix]
  }

  /// One currency must not pass as another: only those of known worth are read.
  private static func currency(_ unit: String, per: [String], _ exchange: Exchange) -> Double? {
    guard per.contains(String(unit.dropFirst(3))) else { return nil }
    return exchange.rate(of: String(unit.prefix(3)))
  }
}
