import Foundation

/// Numbers as a person would write them in a scenario.
public enum PlainNumber {
  /// Without an exponent, for not every unit takes one; whole numbers without a point.
  ///
  /// Twelve digits: what lies behind them is rounding of whatever the number was worked out by.
  public static func text(_ number: Double) -> String {
    let rounded = Double(String(format: "%.11e", number)) ?? number
    if rounded == rounded.rounded(), rounded.magnitude < 1e15 { return String(Int64(rounded)) }
    if rounded.magnitude >= 1e-4, rounded.magnitude < 1e15 { return "\(rounded)" }
    var text = String(format: "%.24f", rounded)
    while text.hasSuffix("0") { text.removeLast() }
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }
}
