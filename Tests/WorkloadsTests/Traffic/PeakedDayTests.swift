import CGSL
import Foundation
import Quantities
import Testing

@testable import Workloads

/// Days whose peak is more than twice their mean.
@Suite("Days with a high peak")
struct PeakedDayTests {
  static let peaks = [2.000001, 2.6, 3, 5, 12, 40, ArrivalProcess.highestPeak]

  @Test("up to twice the mean a day is a sinusoid")
  func none() {
    for peak in [1, 1.5, 2] { #expect(PeakedDay(peakToMean: peak) == nil) }
    #expect(PeakedDay(peakToMean: .infinity) == nil && PeakedDay(peakToMean: .nan) == nil)
  }

  @Test(
    "the mean over the peak is exp(-k) I0(k), as GSL has it", arguments: [0, 0.1, 1, 3.7, 40, 1600, 9000])
  func bessel(concentration: Double) {
    let own = PeakedDay.meanOverPeak(concentration)
    #expect(abs(own / gsl_sf_bessel_I0_scaled(concentration) - 1) < 1e-12)
  }

  @Test("a day's peak is the one asked for, half a day in, and its mean is 1", arguments: peaks)
  func shape(peak: Double) throws {
    let day = try #require(PeakedDay(peakToMean: peak))
    #expect(abs(1 / PeakedDay.meanOverPeak(day.concentration) / peak - 1) < 1e-12)
    #expect(abs(day.shareOfPeak(at: 0.5) - 1) < 1e-12 && day.shareOfPeak(at: 0) <= day.shareOfPeak(at: 0.25))
    // By symmetry half of it comes in half a day.
    for (days, count) in [(0.0, 0.0), (0.5, 0.5), (1, 1), (3.5, 3.5), (7, 7)] {
      #expect(abs(day.integral(until: days) - count) < 1e-9, "\(days)")
    }
    var last = 0.0
    for step in 1...400 {
      let next = day.integral(until: Double(step) / 200)
      #expect(next >= last - 1e-12)
      last = next
    }
  }

  @Test("no part of a day has a higher rate than its ceiling, and ceilings are near", arguments: peaks)
  func ceilings(peak: Double) throws {
    let day = try #require(PeakedDay(peakToMean: peak))
    let count = day.ceilings.count
    for step in 0...(count * 16) {
      let days = Double(step) / Double(count * 16)
      let ceiling = day.ceilings[min(count - 1, step / 16)]
      #expect(day.shareOfPeak(at: days) <= ceiling * (1 + 1e-9), "\(days)")
    }
    #expect(day.ceilings.reduce(0, +) / Double(count) < 1.3 / peak, "candidates over requests")
  }

  @Test("a night before a high peak is passed at once, whatever the rate", arguments: [1e-6, 0.02, 1e5])
  func night(rate: Double) {
    let process = ArrivalProcess.diurnal(
      mean: PerSecond(rate), peakToMean: ArrivalProcess.highestPeak, period: Seconds(86_400))
    // All of a day comes within two hours of its peak.
    let times = ArrivalTests.times(process, count: 50)
    #expect(times.count == 50 && zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(times.allSatisfy { abs($0.truncatingRemainder(dividingBy: 86_400) - 43_200) < 7200 })
  }

  @Test("what is sent follows the rate", arguments: [2.6, 7])
  func traffic(peak: Double) throws {
    let process = ArrivalProcess.diurnal(mean: PerSecond(30), peakToMean: peak, period: Seconds(120))
    let day = try #require(PeakedDay(peakToMean: peak))
    ArrivalTests.expect(process, count: 20_000) { time in 30 * 120 * day.integral(until: time / 120) }
    let times = ArrivalTests.times(process, count: 200_000).filter { $0 < 120 * 50 }
    // A Poisson number of 180,000.
    #expect(abs(Double(times.count) - 180_000) < 4 * 180_000.0.squareRoot())
    let atPeak = times.filter { abs($0.truncatingRemainder(dividingBy: 120) - 60) < 1 }.count
    let expected = 50 * 120 * 30 * (day.integral(until: 61.0 / 120) - day.integral(until: 59.0 / 120))
    #expect(abs(Double(atPeak) - expected) < 4 * expected.squareRoot())
    #expect(abs(expected / (50 * 2 * 30 * peak) - 1) < 0.01, "two seconds are nearly the peak")
  }
}
