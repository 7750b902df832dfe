import Quantities

/// Power and what goes with it in sentences.
enum PowerWords {
  /// Such as `10.2 kW`.
  static func watts(_ power: Watts) -> String {
    let value = power.value
    if value >= 1e6 { return "\(plain(value / 1e6)) MW" }
    return value >= 1e3 ? "\(plain(value / 1e3)) kW" : "\(plain(value)) W"
  }

  /// At most three decimals.
  static func plain(_ value: Double) -> String {
    let text = "\((value * 1000).rounded() / 1000)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
