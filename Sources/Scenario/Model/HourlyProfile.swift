/// A number for each hour of the day, such as the price or the emissions of electricity.
public struct HourlyProfile: Sendable, Hashable {
  public static let hours = 24
  /// From midnight, local time; 24 of them.
  public let values: [Double]

  /// - Precondition: there are 24 values.
  public init(_ values: [Double]) {
    precondition(values.count == Self.hours, "a day has 24 hours")
    self.values = values
  }

  /// The same at every hour.
  public init(constant value: Double) { values = Array(repeating: value, count: Self.hours) }

  public var isFlat: Bool { values.allSatisfy { $0 == values[0] } }

  /// The plain mean of the day.
  public var mean: Double {
    isFlat ? values[0] : values.reduce(0, +) / Double(Self.hours)
  }

  /// The mean by what each hour weighs, which need not add up to 1; the plain mean without weights.
  public func mean(weights: [Double]?) -> Double {
    guard let weights, weights.count == Self.hours, !isFlat else { return mean }
    let total = weights.reduce(0, +)
    guard total > 0 else { return mean }
    return zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 } / total
  }
}
