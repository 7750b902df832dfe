import CGSL
import Kernel
import Statistics
import Testing

@Suite("Intervals")
struct IntervalTests {
  init() { GSL.initialize() }

  /// Whether a count of hits in 1,000 trials is likely, at level 1e-6, for the probability.
  private func isLikely(_ hits: Int, of trials: Int = 1_000, _ probability: Double) -> Bool {
    gsl_cdf_binomial_P(UInt32(hits), probability, UInt32(trials)) > 1e-6
      && gsl_cdf_binomial_Q(UInt32(max(0, hits - 1)), probability, UInt32(trials)) > 1e-6
  }

  @Test("Student's interval is GSL's, and that of the printed tables")
  func student() throws {
    let samples = [4.1, 5.3, 2.2, 7.7, 5.9, 6.1, 3.3, 4.8, 5.0, 6.6]
    let interval = try #require(studentInterval(samples))
    let mean = gsl_stats_mean(samples, 1, 10)
    let error = (gsl_stats_variance(samples, 1, 10) / 10).squareRoot()
    #expect(abs(interval.estimate - mean) < 1e-14)
    #expect(abs(interval.high - (mean + gsl_cdf_tdist_Pinv(0.975, 9) * error)) < 1e-12)
    // Two-sided points of the t table: degrees of freedom, confidence, point.
    for (degrees, confidence, point) in [
      (1, 0.95, 12.706), (9, 0.95, 2.262), (29, 0.99, 2.756), (4, 0.9, 2.132),
    ] {
      let summary = SampleSummary((0...degrees).map { Double($0 % 2 * 2 - 1) })
      let half = try #require(summary.interval(confidence: confidence)).halfWidth
      #expect(abs(half / summary.standardError! - point) < 5e-4)
    }
    #expect(studentInterval([]) == nil && studentInterval([1]) == nil)
    #expect(studentInterval([3, 3, 3]) == Interval(estimate: 3, low: 3, high: 3))
  }

  @Test("over 1,000 experiments the t interval covers as often as it says", arguments: [0.8, 0.95, 0.99])
  func studentCoverage(confidence: Double) {
    var numbers = stream("coverage")
    let hits = (0..<1_000).count { _ in
      let samples = (0..<8).map { _ in 3 + 2 * NormalLaw.quantile(numbers.uniform()) }
      return studentInterval(samples, confidence: confidence)!.contains(3)
    }
    #expect(isLikely(hits, confidence), "\(hits) of 1,000")
  }

  @Test("proportions: Wilson's and the exact interval have their published limits")
  func proportions() throws {
    let wilson = try #require(wilsonInterval(successes: 5, trials: 10))
    #expect(abs(wilson.low - 0.2366) < 1e-4 && abs(wilson.high - 0.7634) < 1e-4)
    let none = try #require(wilsonInterval(successes: 0, trials: 10))
    #expect(none.low == 0 && abs(none.high - 0.2775) < 1e-4)
    let exact = try #require(exactBinomialInterval(successes: 5, trials: 10))
    #expect(abs(exact.low - 0.1871) < 1e-4 && abs(exact.high - 0.8129) < 1e-4)
    for k: Int64 in 0...30 {
      let interval = try #require(exactBinomialInterval(successes: k, trials: 30, confidence: 0.9))
      if k > 0 { #expect(abs(gsl_cdf_binomial_Q(UInt32(k) - 1, interval.low, 30) - 0.05) < 1e-9) }
      if k < 30 { #expect(abs(gsl_cdf_binomial_P(UInt32(k), interval.high, 30) - 0.05) < 1e-9) }
    }
    #expect(
      wilsonInterval(successes: 0, trials: 0) == nil && exactBinomialInterval(successes: 0, trials: 0) == nil)
  }

  @Test("order-statistic ranks are the tightest that GSL's binomial law allows")
  func ranks() {
    for count in Array(1...70) + [500, 5_000] {
      for q in [0.1, 0.5, 0.9, 0.99] {
        let n = UInt32(count)
        // P(fewer than r values lie below the quantile).
        func below(_ r: Int) -> Double { r < 1 ? 0 : gsl_cdf_binomial_P(UInt32(r - 1), q, n) }
        func above(_ r: Int) -> Double { r > count ? 0 : gsl_cdf_binomial_Q(UInt32(r - 1), q, n) }
        let low = (0...count).last { below($0) <= 0.025 } ?? 0
        let high = (1...(count + 1)).first { above($0) <= 0.025 } ?? count + 1
        let ranks = quantileRanks(count: Int64(count), q: q)
        if low < 1 || high > count {
          #expect(ranks == nil, "\(count) values, \(q)")
        } else {
          #expect(ranks?.low == Int64(low) && ranks?.high == Int64(high), "\(count) values, \(q)")
        }
      }
    }
    #expect(quantileRanks(count: 100, q: 0.999) == nil)
    let many = quantileRanks(count: 100_000_000, q: 0.5)
    #expect(many.map { abs(Double($0.high - $0.low) - 19_600) < 3 } == true)
  }

  @Test("quantile intervals cover at least as often as they say")
  func quantileCoverage() {
    var numbers = stream("quantile coverage")
    let hits = (0..<1_000).count { _ in
      let samples = (0..<60).map { _ in numbers.uniform() }
      return quantileInterval(samples, q: 0.9)!.contains(0.9)
    }
    #expect(hits >= 950 - 35, "\(hits) of 1,000")
    #expect(quantileInterval([1, 2, 3], q: 0.99) == nil)
  }

  @Test("summaries merge to the summary of all, and agree with GSL")
  func summaries() {
    var numbers = stream("summaries")
    let all = (0..<500).map { _ in 1e6 + numbers.exponential() }
    var merged = SampleSummary(all[..<123])
    merged.merge(SampleSummary(all[123...]))
    merged.merge(SampleSummary())
    let whole = SampleSummary(all)
    #expect(merged.count == 500 && merged.min == all.min() && merged.max == all.max())
    for summary in [merged, whole] {
      #expect(abs(summary.mean! - gsl_stats_mean(all, 1, 500)) < 1e-8)
      #expect(abs(summary.variance! / gsl_stats_variance(all, 1, 500) - 1) < 1e-8)
    }
    #expect(SampleSummary().mean == nil && SampleSummary([1]).variance == nil)
  }
}
