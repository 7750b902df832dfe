import Foundation
import Kernel
import Quantities
import Statistics

/// When requests are sent.
public enum ArrivalProcess: Sendable, Hashable {
  case poisson(rate: PerSecond)
  /// Gamma gaps with shape `burstiness` and mean 1/rate, as vLLM's benchmark client: 1 is Poisson, less
  /// is burstier.
  case gamma(rate: PerSecond, burstiness: Double)
  /// Weibull gaps with mean 1/rate.
  case weibull(rate: PerSecond, shape: Double)
  case constant(rate: PerSecond)
  /// Each user sends, waits for the answer, thinks and sends again; all start at once.
  case closedLoop(users: Int, thinkTime: Distribution)
  /// All at time 0.
  case burst(count: Int)
  /// A rate around `mean` that peaks at `peakToMean` (1 to `highestPeak`) times it, half a period in: up to 2
  /// a sinusoid, above that the exponential of one (`PeakedDay`), for a sinusoid of that height would have to
  /// be below zero at night.
  case diurnal(mean: PerSecond, peakToMean: Double, period: Seconds)
  /// Rates at points in time, linear between them, constant after the last.
  case schedule([SchedulePoint])

  /// A rate at a point in time.
  public struct SchedulePoint: Sendable, Hashable {
    public var time: Seconds
    public var rate: PerSecond
    public init(time: Seconds, rate: PerSecond) {
      self.time = time
      self.rate = rate
    }
  }

  /// Of a day, over its mean: what is higher is a burst, not a day.
  public static let highestPeak = 100.0

  /// Whether two replications can differ.
  public var isStochastic: Bool {
    switch self {
    case .constant, .burst: false
    case .closedLoop(_, let thinkTime): thinkTime.isStochastic
    default: true
    }
  }

  /// Long-run mean rate; `nil` when users or a schedule set the pace.
  public var meanRatePerSecond: Double? {
    switch self {
    case .poisson(let rate), .gamma(let rate, _), .weibull(let rate, _), .constant(let rate),
      .diurnal(let rate, _, _):
      rate.value
    case .closedLoop, .burst, .schedule: nil
    }
  }

  public var isClosedLoop: Bool {
    if case .closedLoop = self { true } else { false }
  }
}

/// The sending times of an open-loop process, one after the other.
public struct ArrivalTimes: Sendable {
  private let process: ArrivalProcess
  private var stream: RandomStream
  private var clock = 0.0
  private var sent = 0
  /// The shape of a day that no sinusoid has, and the part of a day that the clock is in, over all days.
  private let day: PeakedDay?
  private var part = 0

  public init(process: ArrivalProcess, stream: RandomStream) {
    self.process = process
    self.stream = stream
    if case .diurnal(_, let peakToMean, _) = process {
      day = PeakedDay(peakToMean: peakToMean)
    } else {
      day = nil
    }
  }

  /// 17 years [s]: what would come later comes then, past what any run simulates, within the clock's range.
  private static let latest = 5.4e8

  /// The next time, or `nil` when there is none.
  public mutating func next() -> Ticks? {
    defer { sent += 1 }
    switch process {
    case .poisson(let rate): clock += stream.exponential() / rate.value
    case .gamma(let rate, let shape):
      clock += Distribution(.gamma(shape: shape, scale: 1 / (rate.value * shape))).sample(&stream)
    case .weibull(let rate, let shape):
      let scale = 1 / (rate.value * tgamma(1 + 1 / shape))
      clock += Distribution(.weibull(shape: shape, scale: scale)).sample(&stream)
    case .constant(let rate): clock = Double(sent) / rate.value
    case .closedLoop: return nil
    case .burst(let count): return sent < count ? .zero : nil
    case .diurnal(let mean, let peakToMean, let period):
      // Thinning (Lewis and Shedler, 1979): candidates at the peak rate, kept in proportion to the rate.
      let peak = mean.value * peakToMean
      if let day {
        advance(along: day, mean: mean.value, peak: peak, period: period.value)
        break
      }
      repeat {
        clock += stream.exponential() / peak
      } while stream.uniform() * peak
        > mean.value * (1 - (peakToMean - 1) * cos(2 * .pi * clock / period.value))
    case .schedule(let points):
      guard let time = Self.advance(clock, by: stream.exponential(), along: points) else { return nil }
      clock = time
    }
    return Ticks(seconds: min(clock, Self.latest))
  }

  /// Thinning under a ceiling of steps: a night under a high peak would refuse candidates by the million.
  /// Where days are many for one request, their parts would be the many, and the peak alone is the ceiling.
  ///
  /// - Complexity: at most some hundred candidates and parts of a day for a request.
  private mutating func advance(along day: PeakedDay, mean: Double, peak: Double, period: Double) {
    if mean * period < 1 {
      repeat {
        clock += stream.exponential() / peak
      } while stream.uniform() > day.shareOfPeak(at: clock / period)
      return
    }
    while clock < Self.latest {
      let ceiling = day.ceilings[part % day.ceilings.count]
      let end = Double(part + 1) / Double(day.ceilings.count) * period
      let candidate = ceiling > 0 ? clock + stream.exponential() / (peak * ceiling) : .infinity
      if candidate >= end {
        (clock, part) = (max(clock, end), part + 1)
        continue
      }
      clock = candidate
      if stream.uniform() * ceiling <= day.shareOfPeak(at: clock / period) { return }
    }
  }

  /// The time at which the integrated rate has grown by `amount` since `start`; `nil` when it never does.
  private static func advance(
    _ start: Double, by amount: Double, along points: [ArrivalProcess.SchedulePoint]
  ) -> Double? {
    var left = amount
    var time = start
    for index in points.indices {
      let from = points[index]
      let isLast = index == points.count - 1
      let end = isLast ? Double.infinity : points[index + 1].time.value
      if time >= end { continue }
      time = max(time, from.time.value)
      let slope = isLast ? 0 : (points[index + 1].rate.value - from.rate.value) / (end - from.time.value)
      let rate = from.rate.value + slope * (time - from.time.value)
      let mass =
        isLast ? (rate > 0 ? .infinity : 0) : (end - time) * (rate + points[index + 1].rate.value) / 2
      if mass >= left && mass > 0 {
        if abs(slope) < 1e-12 { return time + left / rate }
        let root = (rate * rate + 2 * slope * left).squareRoot()
        return time + 2 * left / (rate + root)
      }
      left -= mass
      time = end
    }
    return nil
  }
}
