import CGSL
import Kernel
import Statistics
import Testing

@Suite("Comparisons of two samples")
struct SampleComparisonTests {
  init() { GSL.initialize() }

  /// Hours of sleep gained under two drugs by the same ten patients (Student, "The Probable Error of a Mean",
  /// Biometrika 6, 1908), the example of R's `t.test`.
  static let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
  static let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]

  private func normals(_ stream: inout RandomStream, _ count: Int) -> [Double] {
    (0..<count).map { _ in NormalLaw.quantile(stream.uniform()) }
  }

  private func stream(_ purpose: String) -> RandomStream {
    RandomStream(seed: 5, replication: 0, entity: "comparisons", purpose: purpose)
  }

  @Test("Student's sleep data, paired and not, as R prints it")
  func sleep() throws {
    let paired = try #require(SampleComparison(paired: Self.second, Self.first))
    let difference = try #require(paired.difference)
    #expect(abs(difference.low + 2.4598858) < 1e-6 && abs(difference.high + 0.7001142) < 1e-6)
    #expect(abs(paired.pValue! - 0.002833) < 1e-6 && paired.isShown(level: 0.05))
    let apart = try #require(SampleComparison(independent: Self.second, Self.first))
    let welch = try #require(apart.difference)
    #expect(abs(welch.low + 3.3654832) < 1e-6 && abs(welch.high - 0.2054832) < 1e-6)
    #expect(abs(apart.pValue! - 0.07939) < 1e-5 && !apart.isShown(level: 0.05))
    #expect(apart.varianceRatio == nil && paired.varianceRatio! > 4)
  }

  @Test("the ends of the ratio's interval are where the t test turns, for pairs and for samples apart")
  func turningPoints() throws {
    var numbers = stream("turning")
    for round in 0..<300 {
      let size = 2 + round % 20
      let base = normals(&numbers, size).map { 10 + $0 }
      let noise = normals(&numbers, size)
      let sample = zip(base, noise).map { 0.3 * $0 + 4 + Double(round % 7) * 0.3 * $1 }
      let comparison = try #require(SampleComparison(paired: base, sample))
      guard let ratio = comparison.ratio else { continue }
      let t = gsl_cdf_tdist_Qinv(0.025, Double(size - 1))
      for (end, sign) in [(ratio.low, 1.0), (ratio.high, -1.0)] {
        let rest = SampleSummary(zip(sample, base).map { $0 - end * $1 })
        #expect(abs(rest.mean! / rest.standardError! * sign - t) < 1e-6 * max(1, t))
      }
      #expect(ratio.contains(ratio.estimate))
      #expect(ratio.contains(1) == comparison.difference!.contains(0))
      #expect(ratio.contains(1) == !comparison.isShown(level: 0.05))
      let apart = try #require(SampleComparison(independent: base, sample))
      if let ratio = apart.ratio { #expect(ratio.contains(1) == apart.difference!.contains(0)) }
    }
  }

  @Test("the ratio turned over is that of the samples turned over, and no unit changes it")
  func symmetry() throws {
    var numbers = stream("symmetry")
    let base = normals(&numbers, 12).map { 50 + 3 * $0 }
    let sample = zip(base, normals(&numbers, 12)).map { 0.5 * $0 + $1 + 7 }
    for make in [{ SampleComparison(paired: $0, $1) }, { SampleComparison(independent: $0, $1) }]
      as [([Double], [Double]) -> SampleComparison?]
    {
      let ratio = try #require(make(base, sample)?.ratio)
      let turned = try #require(make(sample, base)?.ratio)
      let scaled = try #require(make(base.map { $0 * 1e9 }, sample.map { $0 * 1e9 })?.ratio)
      #expect(abs(scaled.low - ratio.low) < 1e-12 && abs(scaled.high - ratio.high) < 1e-12)
      // Degrees of freedom by Satterthwaite are the same either way.
      #expect(abs(turned.low * ratio.high - 1) < 1e-9 && abs(turned.high * ratio.low - 1) < 1e-9)
    }
  }

  @Test("what never varies has intervals of no width; what is no number, none at all")
  func degenerate() throws {
    let constant = try #require(SampleComparison(paired: [100, 100, 100], [81, 81, 81]))
    #expect(constant.ratio == Interval(estimate: 0.81, low: 0.81, high: 0.81))
    #expect(constant.difference == Interval(estimate: -19, low: -19, high: -19))
    #expect(constant.pValue == 0 && constant.varianceRatio == nil)
    let equal = try #require(SampleComparison(paired: [11, 12, 14], [11, 12, 14]))
    #expect(equal.ratio == Interval(estimate: 1, low: 1, high: 1) && equal.pValue == 1)
    #expect(equal.varianceRatio == .infinity)
    let single = try #require(SampleComparison(paired: [2], [3]))
    #expect(single.difference == nil && single.ratio == nil && single.pValue == nil)
    // A mean of zero, and one not told from it.
    #expect(SampleComparison(paired: [0, 0], [1, 1])?.ratio == nil)
    #expect(SampleComparison(paired: [-1, 1, 2, -2.1], [1, 1, 2, 3])?.ratio == nil)
    #expect(SampleComparison(paired: [], []) == nil && SampleComparison(paired: [.nan], [1]) == nil)
    #expect(SampleComparison(independent: [1], []) == nil)
    #expect(SampleComparison(independent: [1, 2], [.infinity]) == nil)
    #expect(SampleComparison(independent: [1, 2], [3])?.difference == nil)
  }

  @Test("over 4,000 experiments the interval of the ratio covers as often as it says", arguments: [5, 30])
  func ratioCoverage(size: Int) {
    var numbers = stream("coverage \(size)")
    var hits = (paired: 0, apart: 0)
    for _ in 0..<4_000 {
      let base = normals(&numbers, size).map { 20 + 2 * $0 }
      let sample = zip(base, normals(&numbers, size)).map { 0.7 * $0 + $1 }
      if SampleComparison(paired: base, sample)!.ratio!.contains(0.7) { hits.paired += 1 }
      let other = normals(&numbers, size).map { 14 + 0.5 * $0 }
      if SampleComparison(independent: base, other)!.ratio!.contains(0.7) { hits.apart += 1 }
    }
    // Fieller's interval is exact for normal pairs: four standard errors of a share of 4,000.
    #expect(abs(Double(hits.paired) / 4_000 - 0.95) < 0.0138, "\(hits.paired)")
    // Welch's degrees of freedom are an approximation.
    #expect(abs(Double(hits.apart) / 4_000 - 0.95) < 0.02, "\(hits.apart)")
  }

  @Test("Holm's correction: the textbook example, monotone, never below the p-value")
  func holm() {
    let adjusted = holmAdjusted([0.01, 0.04, 0.03, 0.005])
    for (value, expected) in zip(adjusted, [0.03, 0.06, 0.06, 0.02]) {
      #expect(abs(value - expected) < 1e-15)
    }
    #expect(holmAdjusted([]) == [] && holmAdjusted([0.2]) == [0.2] && holmAdjusted([0.9, 0.8]) == [1, 1])
  }
}
