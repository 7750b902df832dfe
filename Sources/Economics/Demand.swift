import Foundation
import Quantities

/// How demand changes over the horizon, as a multiple of what is simulated.
///
/// Growth compounds from the start; a launch multiplies all that comes after it.
public struct Demand: Sendable, Hashable {
  public struct Launch: Sendable, Hashable {
    public var at: Seconds
    public var factor: Double
    public init(at: Seconds, factor: Double) {
      self.at = at
      self.factor = factor
    }
  }
  /// Growth of a month: 0.05 for 5 %.
  public var monthlyGrowth: Double
  public var launches: [Launch]
  /// Growth stops at this multiple.
  public var most: Double
  /// Time in which demand rises evenly from nothing to its level, from the start; zero for at once.
  public var ramp: Seconds

  public init(
    monthlyGrowth: Double = 0, launches: [Launch] = [], most: Double = .infinity, ramp: Seconds = .zero
  ) {
    self.monthlyGrowth = monthlyGrowth
    self.launches = launches
    self.most = most
    self.ramp = ramp
  }

  /// What is simulated, all the time.
  public static let steady = Demand()
  public var isSteady: Bool { self == .steady }

  /// The multiple in the middle of a month, which stands for the month.
  public func level(ofMonth month: Int) -> Double {
    let middle = Double(month) + 0.5
    let time = Seconds(middle * Calendar.secondsPerMonth)
    var level = min(1e9, exp(middle * log1p(monthlyGrowth)))
    for launch in launches where launch.at <= time { level *= launch.factor }
    if ramp.value > 0 { level *= min(1, time / ramp) }
    return min(level, most)
  }

  /// Least and most of it over a horizon.
  public func range(_ horizon: Horizon) -> ClosedRange<Double> {
    let levels = (0..<horizon.months).map(level)
    return (levels.min() ?? 1)...(levels.max() ?? 1)
  }
}
