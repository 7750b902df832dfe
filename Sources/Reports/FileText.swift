/// How numbers and money are written in result files: the same bytes on every machine.
enum FileText {
  /// The shortest decimal that reads back as the same number; empty for unknown, NaN and infinity.
  /// Whole numbers carry no `.0`.
  static func number(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "" }
    if value == 0 { return "0" }
    if value.magnitude < 1e15, value == value.rounded() { return String(Int64(value)) }
    return "\(value)"
  }

  /// Millionths of a currency unit as an exact decimal without superfluous zeros.
  static func money(micros: Int64) -> String {
    let whole = micros.magnitude / 1_000_000
    let fraction = micros.magnitude % 1_000_000
    let sign = micros < 0 ? "-" : ""
    if fraction == 0 { return "\(sign)\(whole)" }
    var digits = String(fraction)
    digits = String(repeating: "0", count: 6 - digits.count) + digits
    while digits.hasSuffix("0") { digits.removeLast() }
    return "\(sign)\(whole).\(digits)"
  }
}
