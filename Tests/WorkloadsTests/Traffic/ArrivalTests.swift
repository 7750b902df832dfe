import CGSL
import Foundation
import Kernel
import Quantities
import Statistics
import Testing
import Workloads

/// Every arrival process against its law.
@Suite("Arrivals")
struct ArrivalTests {
  static func times(_ process: ArrivalProcess, count: Int, seed: UInt64 = 1) -> [Double] {
    let stream = RandomStream(seed: seed, replication: 0, entity: "test", purpose: "arrivals")
    var arrivals = ArrivalTimes(process: process, stream: stream)
    var times: [Double] = []
    while times.count < count, let time = arrivals.next() { times.append(time.seconds) }
    return times
  }

  static func gaps(_ times: [Double]) -> [Double] { zip(times, [0] + times).map { $0 - $1 } }

  /// Whether the samples follow a distribution function: Kolmogorov and Smirnov at level 1e-4, by the
  /// asymptotic critical distance √(ln(2/α)/2n).
  static func expect(
    _ samples: [Double], follow cdf: (Double) -> Double, _ name: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let count = Double(samples.count)
    var distance = 0.0
    for (index, value) in samples.sorted().enumerated() {
      let expected = cdf(value)
      distance = max(distance, expected - Double(index) / count, Double(index + 1) / count - expected)
    }
    #expect(distance < (log(2 / 1e-4) / 2 / count).squareRoot(), name, sourceLocation: sourceLocation)
  }

  /// Mean of the samples within 4.9 of its standard errors, which is level 1e-6.
  static func expect(_ samples: [Double], mean: Double, variance: Double, _ name: Comment? = nil) {
    let average = samples.reduce(0, +) / Double(samples.count)
    #expect(abs(average - mean) < 4.9 * (variance / Double(samples.count)).squareRoot(), name)
  }

  @Test("gaps of Poisson arrivals are exponential", arguments: [0.01, 3, 40_000])
  func poisson(rate: Double) {
    let gaps = Self.gaps(Self.times(.poisson(rate: PerSecond(rate)), count: 20_000))
    Self.expect(gaps, follow: { gsl_cdf_exponential_P($0, 1 / rate) })
    Self.expect(gaps, mean: 1 / rate, variance: 1 / rate / rate)
  }

  @Test("gamma gaps have the shape that is called burstiness, and the mean 1/rate", arguments: [0.2, 1, 4])
  func gamma(shape: Double) {
    let gaps = Self.gaps(Self.times(.gamma(rate: PerSecond(5), burstiness: shape), count: 20_000))
    Self.expect(gaps, follow: { gsl_cdf_gamma_P($0, shape, 1 / (5 * shape)) })
    Self.expect(gaps, mean: 0.2, variance: 0.04 / shape)
  }

  @Test("Weibull gaps have their shape and the mean 1/rate", arguments: [0.6, 1, 2.5])
  func weibull(shape: Double) {
    let gaps = Self.gaps(Self.times(.weibull(rate: PerSecond(5), shape: shape), count: 20_000))
    let scale = 0.2 / tgamma(1 + 1 / shape)
    Self.expect(gaps, follow: { gsl_cdf_weibull_P($0, scale, shape) })
    Self.expect(gaps, mean: 0.2, variance: scale * scale * tgamma(1 + 2 / shape) - 0.04)
  }

  @Test("constant arrivals are evenly spaced from 0, without drift")
  func constant() {
    let times = Self.times(.constant(rate: PerSecond(7)), count: 50_000)
    for (index, time) in times.enumerated() {
      #expect(abs(time - Double(index) / 7) <= 0.04e-9, "to the nearest tick")
    }
  }

  @Test("a burst is all at time 0, a closed loop sends nothing of its own")
  func burst() {
    #expect(Self.times(.burst(count: 9), count: 100) == Array(repeating: 0, count: 9))
    let loop = ArrivalProcess.closedLoop(users: 3, thinkTime: Distribution(.constant(1)))
    #expect(Self.times(loop, count: 100).isEmpty)
  }

  /// Under the integral of its rate a Poisson process of varying rate becomes one of rate 1 (the
  /// time-rescaling theorem; Brown et al., Neural Computation 14, 2002).
  static func expect(_ process: ArrivalProcess, count: Int, integral: (Double) -> Double) {
    let rescaled = gaps(times(process, count: count).map(integral))
    expect(rescaled, follow: { gsl_cdf_exponential_P($0, 1) }, "\(process)")
    expect(rescaled, mean: 1, variance: 1, "\(process)")
    for time in [0.5, 17, 130, 333.3, 450, 10_000] {
      let expected = process.expectedCount(in: Seconds(time))
      #expect(abs(expected! / integral(time) - 1) < 1e-12, "\(process)")
    }
  }

  @Test(
    "a diurnal rate is a sinusoid around its mean, with its peak half a period in", arguments: [1, 1.6, 2])
  func diurnal(peakToMean: Double) {
    let process = ArrivalProcess.diurnal(mean: PerSecond(30), peakToMean: peakToMean, period: Seconds(120))
    let frequency = 2 * Double.pi / 120
    Self.expect(process, count: 20_000) { time in
      30 * (time - (peakToMean - 1) * sin(frequency * time) / frequency)
    }
    let first = Self.times(process, count: 20_000).filter { $0 < 120 }
    let middle = first.filter { (30..<90).contains($0) }.count
    #expect(peakToMean == 1 || middle > first.count - middle, "the peak is in the middle")
  }

  @Test("a schedule's rate is linear between its points and constant after them")
  func schedule() {
    let points = [(0.0, 2.0), (100, 20), (200, 20), (200, 5), (400, 0), (500, 0), (600, 10)].map {
      ArrivalProcess.SchedulePoint(time: Seconds($0.0), rate: PerSecond($0.1))
    }
    Self.expect(.schedule(points), count: 20_000) { time in
      zip(points, points.dropFirst()).reduce(10 * max(0, time - 600)) { sum, segment in
        let (from, to) = (segment.0.time.value, segment.1.time.value)
        let inside = min(max(time - from, 0), to - from)
        let slope = to > from ? (segment.1.rate.value - segment.0.rate.value) / (to - from) : 0
        return sum + inside * (segment.0.rate.value + slope * inside / 2)
      }
    }
  }

  @Test("a schedule that ends at rate 0 ends")
  func endOfSchedule() {
    let points = [(5.0, 0.0), (10, 100), (20, 0)].map {
      ArrivalProcess.SchedulePoint(time: Seconds($0.0), rate: PerSecond($0.1))
    }
    let counts = (0..<UInt64(200)).map { seed in
      let times = Self.times(.schedule(points), count: 100_000, seed: seed)
      #expect(times.allSatisfy { $0 >= 5 && $0 <= 20 })
      return Double(times.count)
    }
    // A Poisson number with the integral of the rate, 750, as mean and variance.
    Self.expect(counts, mean: 750, variance: 750)
    Self.expect(counts, follow: { gsl_cdf_poisson_P(UInt32($0), 750) })
  }

  @Test("times never go back")
  func order() {
    for process: ArrivalProcess in [
      .poisson(rate: PerSecond(1e7)), .gamma(rate: PerSecond(9), burstiness: 0.01),
      .weibull(rate: PerSecond(9), shape: 0.1),
      .diurnal(mean: PerSecond(9), peakToMean: 2, period: Seconds(1)),
    ] {
      let times = Self.times(process, count: 5_000)
      #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 }, "\(process)")
    }
  }
}
