import Foundation
import Quantities

extension ArrivalProcess {
  /// Requests that are sent in the first `span` of a run, on average; `nil` for a closed loop, whose answers
  /// set the pace. Exact but for the first gap of gamma and Weibull arrivals; days with a high peak to 1e-9.
  ///
  /// - Complexity: O(points of a schedule).
  public func expectedCount(in span: Seconds) -> Double? {
    let time = span.value
    switch self {
    case .poisson(let rate), .gamma(let rate, _), .weibull(let rate, _), .constant(let rate):
      return rate.value * time
    case .closedLoop: return nil
    case .burst(let count): return Double(count)
    case .diurnal(let mean, let peakToMean, let period):
      if let day = PeakedDay(peakToMean: peakToMean) {
        return mean.value * period.value * day.integral(until: time / period.value)
      }
      let frequency = 2 * Double.pi / period.value
      return mean.value * (time - (peakToMean - 1) * sin(frequency * time) / frequency)
    case .schedule(let points): return Self.integral(of: points, until: time)
    }
  }

  private static func integral(of points: [SchedulePoint], until time: Double) -> Double {
    guard let last = points.last else { return 0 }
    var sum = last.rate.value * max(0, time - last.time.value)
    for (from, to) in zip(points, points.dropFirst()) {
      let length = to.time.value - from.time.value
      let inside = min(max(time - from.time.value, 0), length)
      let slope = length > 0 ? (to.rate.value - from.rate.value) / length : 0
      sum += inside * (from.rate.value + slope * inside / 2)
    }
    return sum
  }
}
