import CGSL
import Foundation
import Kernel
import Statistics
import Testing

@Suite struct StatisticsTests {
  static func stream(_ purpose: String) -> RandomStream {
    RandomStream(seed: 5, replication: 0, entity: "statistics", purpose: purpose)
  }

  /// Kolmogorov's distance between draws and GSL's distribution function, at the 1e-4 level.
  func expect(_ law: Distribution, follows cdf: (Double) -> Double, _ name: String) {
    var stream = Self.stream(name)
    let count = 20_000
    let draws = (0..<count).map { _ in law.sample(&stream) }.sorted()
    var distance = 0.0
    for (index, value) in draws.enumerated() {
      let expected = cdf(value)
      distance = max(
        distance, abs(expected - Double(index) / Double(count)),
        abs(expected - Double(index + 1) / Double(count)))
    }
    #expect(distance < 2.23 / Double(count).squareRoot(), "\(name)")
  }

  @Test func drawsFollowTheirLaws() {
    expect(Distribution(.exponential(mean: 3)), follows: { gsl_cdf_exponential_P($0, 3) }, "exponential")
    expect(
      Distribution(.gamma(shape: 0.4, scale: 2)), follows: { gsl_cdf_gamma_P($0, 0.4, 2) }, "gamma below 1")
    expect(Distribution(.gamma(shape: 7, scale: 0.5)), follows: { gsl_cdf_gamma_P($0, 7, 0.5) }, "gamma")
    expect(
      Distribution(.weibull(shape: 1.7, scale: 2)), follows: { gsl_cdf_weibull_P($0, 2, 1.7) }, "weibull")
    expect(
      Distribution(.lognormal(mu: 1, sigma: 0.8)), follows: { gsl_cdf_lognormal_P($0, 1, 0.8) }, "lognormal")
    expect(Distribution(.uniform(from: 2, to: 5)), follows: { gsl_cdf_flat_P($0, 2, 5) }, "uniform")
  }

  @Test func meansAreThoseOfTheLaws() {
    #expect(abs(Distribution.lognormal(mean: 1020, cv: 1.1).mean - 1020) < 1e-9)
    #expect(abs(Distribution.gamma(mean: 150, cv: 0.7).mean - 150) < 1e-9)
    #expect(abs(Distribution.discrete(values: [1, 10], weights: [3, 1]).mean - 3.25) < 1e-12)
  }

  @Test func aProgressionEqualsItsTermsOneByOne() {
    var stream = Self.stream("progression")
    for _ in 0..<200 {
      let first = Int64(stream.below(1 << 20))
      let step = Int64(stream.below([1, 2, 100, 100_000][Int(stream.below(4))]))
      let terms = Int64(1 + stream.below(300))
      let weight = Int64(1 + stream.below(5))
      var whole = LogHistogram()
      whole.recordProgression(first: first, step: step, terms: terms, weight: weight)
      var single = LogHistogram()
      for index in 0..<terms { single.record(first + step * index, count: weight) }
      #expect(whole == single)
    }
  }

  @Test func mergingCommutesAndEqualsRecordingAll() {
    var stream = Self.stream("merge")
    var (left, right, all) = (LogHistogram(), LogHistogram(), LogHistogram())
    for index in 0..<5_000 {
      let value = Int64(stream.next() >> UInt64(stream.below(60) + 1))
      if index % 3 == 0 { left.record(value) } else { right.record(value) }
      all.record(value)
    }
    var forward = left
    forward.merge(right)
    var backward = right
    backward.merge(left)
    #expect(forward == all && backward == all)
  }

  @Test func quantilesAreOffByAtMostTheirBucket() {
    var stream = Self.stream("quantile")
    var histogram = LogHistogram()
    let values = (0..<9_999).map { _ in Int64(1e9 * stream.exponential()) }
    for value in values { histogram.record(value) }
    let sorted = values.sorted()
    for q in [0.01, 0.5, 0.9, 0.99, 0.999, 1] {
      let exact = Double(sorted[max(0, Int((q * 9_999).rounded(.up)) - 1)])
      #expect(abs(histogram.quantile(q)! - exact) <= exact / 250)
    }
  }

  @Test func theIntervalCoversAsOftenAsItSays() {
    var stream = Self.stream("coverage")
    var covered = 0
    for _ in 0..<1_000 {
      let samples = (0..<10).map { _ in Distribution(.uniform(from: 0, to: 1)).sample(&stream) }
      let interval = studentInterval(samples)!
      if interval.low <= 0.5 && 0.5 <= interval.high { covered += 1 }
    }
    #expect((925...972).contains(covered), "\(covered) of 1,000")
  }

  @Test func warmupIsCutWhereTheTransientEnds() {
    var stream = Self.stream("warmup")
    let series = (0..<1_000).map { ($0 < 150 ? 5 - Double($0) / 30 : 0) + stream.uniform() }
    let cut = mser5(series).cut
    #expect(cut.map { (90...220).contains($0) } == true)
    let drifting = (0..<1_000).map { -Double($0 * $0) }
    #expect(mser5(drifting).cut == nil)
  }
}
