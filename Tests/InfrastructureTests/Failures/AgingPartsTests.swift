import Foundation
import Infrastructure
import Kernel
import Quantities
import Statistics
import Testing

/// Parts that age, against renewal theory.
@Suite struct AgingPartsTests {
  static func classes(_ law: FailureLaw, count: Int = 50) -> [ComponentClass] {
    [ComponentClass(kind: .node, count: count, failure: law, repair: Distribution(.constant(0)))]
  }

  /// Failures of all parts up to an age.
  static func failures(_ law: FailureLaw, until end: Double, replication: Int) -> Int {
    var parts = AgingParts(classes(law), seed: 9, replication: replication, entity: "job")!
    var now = Ticks.zero
    var count = 0
    while let failure = parts.next(after: now), failure.time.seconds < end {
      now = failure.time
      count += 1
      parts.replaceFailed(at: now)
    }
    return count
  }

  @Test func withoutMemoryThereIsNothingToDo() {
    let law = FailureLaw.exponential(mean: Seconds(100))
    #expect(AgingParts(Self.classes(law), seed: 1, replication: 0, entity: "job") == nil)
    let plain = FailureLaw.weibull(shape: 1, scale: Seconds(100))
    #expect(AgingParts(Self.classes(plain), seed: 1, replication: 0, entity: "job") == nil)
  }

  /// Over many lifetimes the rate is 1 ÷ mean whatever the shape (the elementary renewal theorem).
  @Test(arguments: [0.6, 0.8, 1.5, 3]) func inTheLongRunTheMeanDecides(shape: Double) {
    let law = FailureLaw.weibull(shape: shape, mean: Seconds(1000))
    var summary = SampleSummary()
    for replication in 0..<40 {
      // A long way in: what is left of the beginning is (cv² − 1)/2 failures a part.
      let late = Self.failures(law, until: 120_000, replication: replication)
      let early = Self.failures(law, until: 20_000, replication: replication)
      summary.add(Double(late - early) / 50 / 100)
    }
    let interval = summary.interval(confidence: 0.999)!
    #expect(interval.low < 1 && 1 < interval.high, "\(interval)")
  }

  /// At first, few have failed twice: the share that has by t is about 1 − exp(−(t/scale)^shape), so parts
  /// that fail young fail more often than the mean says, and those that wear out less.
  @Test(arguments: [(0.7, true), (2.0, false)]) func youngPartsAreDifferent(shape: Double, isMore: Bool) {
    let law = FailureLaw.weibull(shape: shape, mean: Seconds(1000))
    guard case .weibull(_, let scale) = law else { return }
    var summary = SampleSummary()
    for replication in 0..<200 {
      summary.add(Double(Self.failures(law, until: 50, replication: replication)) / 50)
    }
    let once = 1 - exp(-pow(50 / scale.value, shape))
    let interval = summary.interval(confidence: 0.999)!
    #expect((interval.low > 0.05) == isMore && (interval.high < 0.05) != isMore)
    // The renewal function lies between F and F ÷ (1 − F).
    #expect(interval.high > once && interval.low < once / (1 - once))
  }
}
