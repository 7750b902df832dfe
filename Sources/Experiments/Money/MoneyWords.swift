/// Amounts in sentences.
enum MoneyWords {
  /// Three significant digits, thousands apart.
  static func number(_ value: Double) -> String {
    let size = abs(value)
    guard size > 0, size.isFinite else { return size == 0 ? "0" : "unknown" }
    if size >= 1e15 || size < 1e-6 { return "\(value)" }
    var unit = 0.001
    while unit < 1e15 && size >= unit * 1000 { unit *= 10 }
    let rounded = (value / unit).rounded() * unit
    if unit >= 1 { return whole(rounded) }
    let digits = String((rounded * 1000).rounded() / 1000)
    return digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits
  }

  static func amount(_ value: Double, _ currency: String) -> String {
    let size = abs(value)
    if size >= 1e9 { return "\(number(value / 1e9)) G\(currency)" }
    if size >= 1e6 { return "\(number(value / 1e6)) M\(currency)" }
    if size >= 1e4 { return "\(number(value / 1e3)) k\(currency)" }
    return "\(number(value)) \(currency)"
  }

  /// A whole number, thousands apart.
  static func whole(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "unknown" }
    let rounded = Int64(value.rounded())
    var digits = String(rounded.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits = String(digits.dropLast(3))
    }
    return (rounded < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
  }
}
