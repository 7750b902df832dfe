import CGSL

/// A quantity of one system held against that of another: how far apart their means lie, and what share the
/// one is of the other, each with an interval.
///
/// Samples are paired when value `i` of both was taken under the same random numbers (common random numbers:
/// Law, "Simulation Modeling and Analysis", section 11.2), independent otherwise.
public struct SampleComparison: Sendable, Hashable {
  /// Whether the samples go together value by value.
  public enum Pairing: String, Sendable, Hashable { case paired, independent }

  /// How the samples go together.
  public var pairing: Pairing
  /// Pairs, or values of the smaller sample.
  public var count: Int
  /// The mean of what is held against.
  public var base: Double
  /// The mean of what is asked about.
  public var sample: Double
  /// `sample − base`: Student's t interval of the differences, or Welch's; `nil` for fewer than two values.
  public var difference: Interval?
  /// `sample ÷ base`, the ratio of the two means, by Fieller's theorem; `nil` for fewer than two values and
  /// where `base` is not told from zero, for then no bounded interval holds its confidence.
  ///
  /// It holds 1 exactly when `difference` holds 0: both tests are one.
  public var ratio: Interval?
  /// The probability of a difference at least as large, either way, between systems that are alike; `nil`
  /// for fewer than two values.
  public var pValue: Double?
  /// The variance of the difference if the samples had been drawn apart, over the one it has: how many times
  /// the runs that pairing saves. `nil` when unpaired or when a side never varies: then there is no luck to
  /// share. Infinite where the difference alone does not vary.
  public var varianceRatio: Double?

  /// Whether chance alone is ruled out at this level, such as 0.05; a difference of numbers that never vary
  /// is none of chance's.
  public func isShown(level: Double) -> Bool { pValue.map { $0 < level } ?? false }
}

extension SampleComparison {
  /// Pairs: the paired t interval, and Fieller's interval with the covariance of the pairs.
  ///
  /// `nil` without values or with one that is not finite. Both lists must be equally long.
  ///
  /// - Parameter confidence: between 0 and 1, such as 0.95.
  /// - Complexity: O(pairs).
  public init?(paired base: [Double], _ sample: [Double], confidence: Double = 0.95) {
    precondition(base.count == sample.count, "paired samples come in pairs")
    guard !base.isEmpty, base.allSatisfy(\.isFinite), sample.allSatisfy(\.isFinite) else { return nil }
    let (x, y) = (SampleSummary(sample), SampleSummary(base))
    pairing = .paired
    count = base.count
    self.base = y.mean ?? 0
    self.sample = x.mean ?? 0
    let differences = SampleSummary(zip(sample, base).map { $0 - $1 })
    guard count > 1, let error = differences.standardError, let spread = differences.variance else { return }
    let degrees = Double(count - 1)
    // Zero where all pairs are equal, though the means may differ in the last bit.
    let gap = sample == base ? 0 : differences.mean ?? 0
    difference = studentInterval(
      mean: gap, standardError: error, degrees: degrees, confidence: confidence)
    pValue = Self.pValue(gap, error, degrees)
    if let own = x.variance, let other = y.variance, own > 0, other > 0 {
      // What is left of equal differences is rounding, of money to a millionth as well.
      varianceRatio = spread > (own + other) * 1e-12 ? (own + other) / spread : .infinity
    }
    guard self.base != 0 else { return }
    let quotient = self.sample / self.base
    let rest = zip(sample, base).map { $0 - quotient * $1 }
    let shared = Self.covariance(rest, base)
    ratio = Self.fieller(
      quotient, base: self.base, degrees: degrees, confidence: confidence,
      moments: Moments(
        base: (y.variance ?? 0) / Double(count), rest: (SampleSummary(rest).variance ?? 0) / Double(count),
        shared: shared / Double(count)))
  }

  /// Samples drawn apart: Welch's interval ("The Generalization of Student's Problem when Several Different
  /// Population Variances are Involved", Biometrika 34, 1947), its degrees of freedom by Satterthwaite, and
  /// Fieller's interval with the same degrees and no covariance.
  ///
  /// `nil` when a list is empty or has a value that is not finite.
  ///
  /// - Parameter confidence: between 0 and 1, such as 0.95.
  /// - Complexity: O(values).
  public init?(independent base: [Double], _ sample: [Double], confidence: Double = 0.95) {
    guard !base.isEmpty, !sample.isEmpty, base.allSatisfy(\.isFinite), sample.allSatisfy(\.isFinite) else {
      return nil
    }
    let (x, y) = (SampleSummary(sample), SampleSummary(base))
    pairing = .independent
    count = min(base.count, sample.count)
    self.base = y.mean ?? 0
    self.sample = x.mean ?? 0
    guard let ours = x.variance, let theirs = y.variance else { return }
    let (own, other) = (ours / Double(sample.count), theirs / Double(base.count))
    let sum = own + other
    let parts = own * own / Double(sample.count - 1) + other * other / Double(base.count - 1)
    let degrees = parts > 0 ? sum * sum / parts : Double(sample.count + base.count - 2)
    let gap = self.sample - self.base
    difference = studentInterval(
      mean: gap, standardError: sum.squareRoot(), degrees: degrees, confidence: confidence)
    pValue = Self.pValue(gap, sum.squareRoot(), degrees)
    guard self.base != 0 else { return }
    let quotient = self.sample / self.base
    ratio = Self.fieller(
      quotient, base: self.base, degrees: degrees, confidence: confidence,
      moments: Moments(base: other, rest: own + quotient * quotient * other, shared: -quotient * other))
  }

  /// Variances of means: of the base, of what is left of the sample once the base's share `ratio × base` is
  /// taken off it, and their covariance.
  private struct Moments {
    var base: Double
    var rest: Double
    var shared: Double
  }

  /// Fieller's interval for a ratio of means ("Some Problems in Interval Estimation", JRSS B 16, 1954): all
  /// ratios θ for which the mean of `sample − θ × base` is not told from zero. With the remainder of the
  /// estimate in place of the sample, the roots of its quadratic need no differences of nearly equal numbers.
  private static func fieller(
    _ quotient: Double, base: Double, degrees: Double, confidence: Double, moments: Moments
  ) -> Interval? {
    GSL.initialize()
    let t = gsl_cdf_tdist_Qinv((1 - confidence) / 2, degrees)
    let square = t * t
    // θ = quotient + d with leading × d² + 2 × middle × d − square × rest ≤ 0.
    let leading = base * base - square * moments.base
    guard leading > 0, leading.isFinite else { return nil }
    let middle = square * moments.shared
    let discriminant = max(0, middle * middle + leading * square * moments.rest)
    let root = discriminant.squareRoot()
    guard root.isFinite else { return nil }
    return Interval(
      estimate: quotient, low: quotient + (-middle - root) / leading,
      high: quotient + (-middle + root) / leading)
  }

  private static func covariance(_ left: [Double], _ right: [Double]) -> Double {
    let (first, second) = (SampleSummary(left).mean ?? 0, SampleSummary(right).mean ?? 0)
    let sum = zip(left, right).reduce(0) { $0 + ($1.0 - first) * ($1.1 - second) }
    return sum / Double(left.count - 1)
  }

  private static func pValue(_ gap: Double, _ error: Double, _ degrees: Double) -> Double {
    if gap == 0 { return 1 }
    if error == 0 { return 0 }
    GSL.initialize()
    return min(1, 2 * gsl_cdf_tdist_Q(abs(gap / error), degrees))
  }
}

/// The p-values of several tests, each raised so that to call those below a level different is wrong anywhere
/// with at most that probability, whatever the tests share (Holm, "A Simple Sequentially Rejective Multiple
/// Test Procedure", Scandinavian Journal of Statistics 6, 1979). In the order given.
///
/// - Complexity: O(n log n).
public func holmAdjusted(_ pValues: [Double]) -> [Double] {
  let order = pValues.indices.sorted { (pValues[$0], $0) < (pValues[$1], $1) }
  var adjusted = pValues
  var largest = 0.0
  for (rank, index) in order.enumerated() {
    largest = max(largest, min(1, Double(pValues.count - rank) * pValues[index]))
    adjusted[index] = largest
  }
  return adjusted
}
