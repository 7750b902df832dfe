import Foundation

/// Values between two ends that share a unit.
public struct SweepRange: Sendable, Hashable {
  public let from: Double
  public let to: Double
  /// As written behind the number, blank included: `/s`, ` USD/h`, or nothing.
  public let unit: String
  public let isLogarithmic: Bool
  /// Whether only whole numbers make sense.
  public let isInteger: Bool
  let line: Int
  let column: Int

  /// The value at `coordinate`, which lies in 0 ..< 1: every whole number is as likely as its share of the
  /// range where only those make sense.
  func value(at coordinate: Double) -> SweepValue {
    guard isInteger else { return value(interpolated(coordinate, from, to)) }
    let (low, high) = (min(from, to), max(from, to))
    let number =
      isLogarithmic
      ? interpolated(coordinate, max(low - 0.5, 0.5), high + 0.5).rounded()
      : (low + coordinate * (high - low + 1)).rounded(.down)
    return value(min(high, max(low, number)))
  }

  /// `steps` values, both ends among them; equal neighbours, which rounding to whole numbers can give, once.
  func levels(steps: Int) -> [SweepValue] {
    var levels: [SweepValue] = []
    for step in 0..<max(1, steps) {
      let share = steps > 1 ? Double(step) / Double(steps - 1) : 0
      // The ends as they were written, not as the exponential of their logarithm.
      let number = step == 0 ? from : step == steps - 1 ? to : interpolated(share, from, to)
      let level = value(isInteger ? number.rounded() : number)
      if level != levels.last { levels.append(level) }
    }
    return levels
  }

  /// The first end and every `by` from it up to the other; `nil` for more of them than a parameter
  /// may have.
  func levels(by step: Double) -> [SweepValue]? {
    let intervals = ((to - from).magnitude / step + 1e-9).rounded(.down)
    guard intervals < Double(ScenarioShape.levels.upperBound) else { return nil }
    let direction = to < from ? -step : step
    return (0...Int(intervals)).map { value(from + Double($0) * direction) }
  }

  private func interpolated(_ share: Double, _ from: Double, _ to: Double) -> Double {
    isLogarithmic ? from * pow(to / from, share) : from + (to - from) * share
  }

  private func value(_ number: Double) -> SweepValue {
    SweepValue(text: PlainNumber.text(number) + unit, line: line, column: column)
  }

  /// The number at the front of a quantity and the unit behind it, blank included; `nil` where no finite
  /// number stands there, or more than one, as in `1h30m`.
  static func split(_ text: String) -> (number: Double, unit: String)? {
    let plain = text.filter { $0 != "_" }
    guard let match = plain.wholeMatch(of: /\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(\s*[^\d\s]*.*)/)
    else { return nil }
    let unit = String(match.2)
    guard let number = Double(match.1), number.isFinite, !unit.contains(/\d/) else { return nil }
    return (number, unit)
  }
}
