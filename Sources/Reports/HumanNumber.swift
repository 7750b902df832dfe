/// Numbers as a person reads them: three or four significant digits, a unit that fits the size.
enum HumanNumber {
  static func text(_ value: Double, unit: String) -> String {
    switch unit {
    case "s": return seconds(value)
    case "ratio": return "\(fixed(value * 100, decimals: 1)) %"
    case "", "1", "count": return plain(value)
    default: return "\(plain(value)) \(unit)"
    }
  }

  /// With the 95 % interval as its half-width, when that is a thousandth of the value at least.
  static func text(_ row: MetricRowView) -> String {
    let text = text(row.value, unit: row.unit)
    guard let low = row.low, let high = row.high, high > low,
      (high - low) / 2 >= row.value.magnitude / 1000
    else { return text }
    return "\(text) ±\(HumanNumber.text((high - low) / 2, unit: row.unit))"
  }

  /// What a row shows; the caller has made sure that the value is known.
  struct MetricRowView {
    var value: Double
    var unit: String
    var low: Double?
    var high: Double?
  }

  private static func seconds(_ value: Double) -> String {
    switch value.magnitude {
    case 0: "0 s"
    case ..<1e-3: "\(plain(value * 1e6)) µs"
    case ..<1: "\(plain(value * 1e3)) ms"
    case ..<7200: "\(plain(value)) s"
    case ..<360_000: "\(plain(value / 3600)) h"
    default: "\(plain(value / 86_400)) d"
    }
  }

  /// Four significant digits below 1,000, whole numbers with separators above.
  static func plain(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    let size = value.magnitude
    if size == 0 { return "0" }
    if size >= 1e15 || size < 1e-4 { return "\(significant(value))" }
    if size == size.rounded(), size < 1_000 { return String(Int64(value)) }
    if size >= 1_000 { return fixed(value, decimals: 0) }
    var text = fixed(value, decimals: size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  private static func significant(_ value: Double) -> Double {
    var scale = 1.0
    while (value * scale).magnitude < 1_000 { scale *= 10 }
    return (value * scale).rounded() / scale
  }

  /// A fixed number of decimals and thousands separators.
  static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return value.isFinite ? "\(value)" : "–" }
    var scale: Int64 = 1
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int64((value.magnitude * Double(scale)).rounded())
    var whole = ""
    for (index, digit) in String(scaled / scale).reversed().enumerated() {
      if index > 0, index % 3 == 0 { whole.append(",") }
      whole.append(digit)
    }
    let sign = value < 0 && scaled > 0 ? "-" : ""
    if decimals == 0 { return sign + String(whole.reversed()) }
    let fraction = String(scaled % scale)
    let zeros = String(repeating: "0", count: decimals - fraction.count)
    return "\(sign)\(String(whole.reversed())).\(zeros)\(fraction)"
  }
}
