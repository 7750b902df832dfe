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
  /// Factors of consecutive months from the start, over and over: twelve are the months of a year. They come
  /// on top of the growth, past its end too; empty for none.
  public var seasons: [Double] = []
  /// Requests that are asked again since answers got worse; `nil` for none.
  public var drift: Drift?

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

  /// The mean multiple of a month: that in the middle of each of its parts, between which a launch or the end
  /// of the ramp lies.
  public func level(ofMonth month: Int) -> Double {
    let (start, end) = (
      Double(month) * Calendar.secondsPerMonth, Double(month + 1) * Calendar.secondsPerMonth
    )
    let steps = (launches.map(\.at.value) + [ramp.value]).filter { $0 > start && $0 < end }.sorted()
    var (sum, from) = (0.0, start)
    for to in steps + [end] where to > from {
      sum += level(at: Seconds((from + to) / 2), month: month) * ((to - from) / Calendar.secondsPerMonth)
      from = to
    }
    return sum
  }

  private func level(at time: Seconds, month: Int) -> Double {
    var level = min(1e9, exp(time.value / Calendar.secondsPerMonth * log1p(monthlyGrowth)))
    for launch in launches where launch.at <= time { level *= launch.factor }
    if ramp.value > 0 { level *= min(1, time / ramp) }
    level = min(level, most)
    if !seasons.isEmpty { level *= seasons[month % seasons.count] }
    return drift.map { level * $0.factor(at: time) } ?? level
  }

  /// Least and most of it over a horizon.
  public func range(_ horizon: Horizon) -> ClosedRange<Double> {
    let levels = (0..<horizon.months).map(level)
    return (levels.min() ?? 1)...(levels.max() ?? 1)
  }
}

/// How a model that is left alone gets worse, told by the requests that are asked again.
///
/// What reality does to a model is no part of this: the pace is an assumption of whoever writes it. Repeated
/// requests are like the others, and answers do not get longer or slower.
public struct Drift: Sendable, Hashable {
  /// Repeated requests over the others, more with each month since the last training.
  public var monthly: Double
  /// It stays at this.
  public var most: Double
  /// From one training to the next, the first at the start; `nil` for never again.
  public var retrained: Seconds?

  public init(monthly: Double, most: Double, retrained: Seconds?) {
    self.monthly = monthly
    self.most = most
    self.retrained = retrained
  }

  /// All requests over those that are asked for the first time.
  public func factor(at time: Seconds) -> Double {
    var age = time.value
    if let period = retrained?.value, period > 0 { age -= (age / period).rounded(.down) * period }
    return 1 + min(most, monthly * age / Calendar.secondsPerMonth)
  }
}
