import CGSL
import Kernel
import Statistics
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A law with GSL's distribution function and its inverse.
struct LawCase: Sendable, CustomTestStringConvertible {
  let name: String
  let law: Distribution
  let cdf: @Sendable (Double) -> Double
  let inverse: @Sendable (Double) -> Double
  var testDescription: String { name }

  init(
    _ name: String, _ law: Distribution.Law, _ cdf: @escaping @Sendable (Double) -> Double,
    inverse: @escaping @Sendable (Double) -> Double
  ) {
    self.name = name
    self.law = Distribution(law)
    self.cdf = cdf
    self.inverse = inverse
  }

  static let continuous: [LawCase] = [
    LawCase(
      "uniform", .uniform(from: 2, to: 5), { gsl_cdf_flat_P($0, 2, 5) },
      inverse: { gsl_cdf_flat_Pinv($0, 2, 5) }),
    LawCase(
      "exponential", .exponential(mean: 3), { gsl_cdf_exponential_P($0, 3) },
      inverse: { gsl_cdf_exponential_Pinv($0, 3) }),
    LawCase(
      "gamma 0.4", .gamma(shape: 0.4, scale: 2), { gsl_cdf_gamma_P($0, 0.4, 2) },
      inverse: { gsl_cdf_gamma_Pinv($0, 0.4, 2) }),
    LawCase(
      "gamma 1", .gamma(shape: 1, scale: 2), { gsl_cdf_gamma_P($0, 1, 2) },
      inverse: { gsl_cdf_gamma_Pinv($0, 1, 2) }
    ),
    LawCase(
      "gamma 7.5", .gamma(shape: 7.5, scale: 0.5), { gsl_cdf_gamma_P($0, 7.5, 0.5) },
      inverse: { gsl_cdf_gamma_Pinv($0, 7.5, 0.5) }),
    LawCase(
      "weibull 0.8", .weibull(shape: 0.8, scale: 3), { gsl_cdf_weibull_P($0, 3, 0.8) },
      inverse: { gsl_cdf_weibull_Pinv($0, 3, 0.8) }),
    LawCase(
      "weibull 1.7", .weibull(shape: 1.7, scale: 2), { gsl_cdf_weibull_P($0, 2, 1.7) },
      inverse: { gsl_cdf_weibull_Pinv($0, 2, 1.7) }),
    LawCase(
      "lognormal", .lognormal(mu: 1, sigma: 0.8), { gsl_cdf_lognormal_P($0, 1, 0.8) },
      inverse: { gsl_cdf_lognormal_Pinv($0, 1, 0.8) }),
    LawCase(
      "pareto", .pareto(shape: 6, scale: 1.5), { gsl_cdf_pareto_P($0, 6, 1.5) },
      inverse: { gsl_cdf_pareto_Pinv($0, 6, 1.5) }),
  ]
}

func stream(_ purpose: String, seed: UInt64 = 5) -> RandomStream {
  RandomStream(seed: seed, replication: 0, entity: "statistics", purpose: purpose)
}

@Suite("Distributions")
struct DistributionTests {
  init() { GSL.initialize() }

  @Test(
    "draws follow GSL's distribution function (Kolmogorov and Smirnov, level 1e-4)",
    arguments: LawCase.continuous)
  func kolmogorovSmirnov(one: LawCase) {
    var numbers = stream(one.name)
    let count = 20_000
    let draws = (0..<count).map { _ in one.law.sample(&numbers) }.sorted()
    var distance = 0.0
    for (index, value) in draws.enumerated() {
      let expected = one.cdf(value)
      distance = max(
        distance, expected - Double(index) / Double(count), Double(index + 1) / Double(count) - expected)
    }
    // The asymptotic critical distance √(ln(2/α)/2n).
    #expect(distance < (log(2 / 1e-4) / 2 / Double(count)).squareRoot())
    let mean = draws.reduce(0, +) / Double(count)
    #expect(abs(mean - one.law.mean) < 4.9 * (one.law.variance / Double(count)).squareRoot())
  }

  @Test("the distribution function is GSL's", arguments: LawCase.continuous)
  func distributionFunction(one: LawCase) {
    for step in 0...200 {
      let x = Double(step) * 0.1
      #expect(abs(one.law.cdf(x) - one.cdf(x)) < 1e-12, "at \(x)")
    }
  }

  @Test(
    "mean and variance are the integrals of GSL's inverse distribution function",
    arguments: LawCase.continuous)
  func moments(one: LawCase) {
    var summary = SampleSummary()
    let cells = 20_000
    for cell in 0..<cells { summary.add(one.inverse((Double(cell) + 0.5) / Double(cells))) }
    #expect(abs(one.law.mean / summary.mean! - 1) < 0.001)
    #expect(abs(one.law.variance / summary.variance! - 1) < 0.01)
  }

  @Test("discrete and empirical draws pass a chi-square test at level 1e-4")
  func chiSquare() throws {
    let weights = [3.0, 0, 1, 0.25, 12, 5, 0.5]
    let table = Distribution.discrete(values: [7, 8, 1, 3, 2, 10, 4], weights: weights)
    let preprocessed = try #require(gsl_ran_discrete_preproc(weights.count, weights))
    defer { gsl_ran_discrete_free(preprocessed) }
    let probabilities = weights.indices.map { gsl_ran_discrete_pdf($0, preprocessed) }
    check(table, values: [7, 8, 1, 3, 2, 10, 4], probabilities: probabilities)
    let sample = Distribution(.empirical([5, 1, 5, 2, 9, 5, 2, 1]))
    check(sample, values: [1, 2, 5, 9], probabilities: [2.0 / 8, 2.0 / 8, 3.0 / 8, 1.0 / 8])
  }

  private func check(_ law: Distribution, values: [Double], probabilities: [Double]) {
    var numbers = stream("discrete")
    var counts = [Int](repeating: 0, count: values.count)
    let draws = 40_000
    for _ in 0..<draws { counts[values.firstIndex(of: law.sample(&numbers))!] += 1 }
    var distance = 0.0
    for (count, probability) in zip(counts, probabilities) {
      if probability == 0 {
        #expect(count == 0)
        continue
      }
      let expected = probability * Double(draws)
      distance += (Double(count) - expected) * (Double(count) - expected) / expected
    }
    let degrees = Double(probabilities.count { $0 > 0 } - 1)
    #expect(gsl_cdf_chisq_Q(distance, degrees) > 1e-4)
    let mean = zip(values, probabilities).reduce(0) { $0 + $1.0 * $1.1 }
    let variance = zip(values, probabilities).reduce(0) { $0 + $1.0 * $1.0 * $1.1 } - mean * mean
    #expect(abs(law.mean - mean) < 1e-12 * mean && abs(law.variance - variance) < 1e-9)
    for x in [0.5, 1, 2, 4.5, 9, 20] {
      let expected = zip(values, probabilities).reduce(0) { $1.0 <= x ? $0 + $1.1 : $0 }
      #expect(abs(law.cdf(x) - expected) < 1e-12)
    }
  }

  @Test("a law by mean and coefficient of variation has them")
  func meanAndVariation() {
    for law in [Distribution.lognormal(mean: 1020, cv: 1.1), .gamma(mean: 1020, cv: 1.1)] {
      #expect(abs(law.mean - 1020) < 1e-9)
      #expect(abs(law.variance.squareRoot() / 1020 - 1.1) < 1e-12)
    }
    #expect(Distribution.gamma(mean: 7, cv: 0) == Distribution(.constant(7)))
    #expect(!Distribution.lognormal(mean: 7, cv: 0).isStochastic)
  }

  @Test("bounds clamp, and their distribution function jumps there")
  func clamping() {
    let free = Distribution.lognormal(mean: 200, cv: 1)
    var bounded = free
    bounded.minimum = 100
    bounded.maximum = 400
    var (left, right) = (stream("clamp"), stream("clamp"))
    for _ in 0..<2_000 {
      #expect(bounded.sample(&left) == min(400, max(100, free.sample(&right))))
    }
    #expect(bounded.cdf(99.9) == 0 && bounded.cdf(100) == free.cdf(100) && bounded.cdf(400) == 1)
    #expect(bounded.cdf(399.9) == free.cdf(399.9))
  }

  @Test("normal quantiles are GSL's to the last digits, and their own inverse")
  func normalQuantiles() {
    for exponent in stride(from: -300.0, through: -1, by: 0.37) {
      let p = pow(10, exponent)
      #expect(abs(NormalLaw.quantile(p) / gsl_cdf_ugaussian_Pinv(p) - 1) < 4e-15)
    }
    for step in 1..<1_000 {
      let p = Double(step) / 1_000
      #expect(abs(NormalLaw.quantile(p) - gsl_cdf_ugaussian_Pinv(p)) < 4e-15)
      #expect(abs(NormalLaw.cdf(NormalLaw.quantile(p)) - p) < 1e-15)
    }
    #expect(NormalLaw.quantile(0) == -.infinity && NormalLaw.quantile(1) == .infinity)
    #expect(NormalLaw.quantile(-0.1).isNaN && NormalLaw.quantile(1.1).isNaN && NormalLaw.quantile(.nan).isNaN)
  }

  @Test("faulty parameters are named, and a draw from them ends")
  func faultyParameters() {
    let faulty: [Distribution] = [
      Distribution(.gamma(shape: 0, scale: 1)), Distribution(.gamma(shape: .nan, scale: 1)),
      Distribution(.gamma(shape: .infinity, scale: 1)), Distribution(.gamma(shape: -2, scale: 1)),
      Distribution(.exponential(mean: -1)), Distribution(.uniform(from: 2, to: 1)),
      Distribution(.weibull(shape: 0, scale: 1)), Distribution(.pareto(shape: 1, scale: .infinity)),
      Distribution(.constant(1), minimum: 2, maximum: 1), .lognormal(mean: 0, cv: 1),
    ]
    for law in faulty {
      #expect(law.parameterFault != nil, "\(law)")
      var numbers = stream("faulty")
      for _ in 0..<100 { _ = law.sample(&numbers) }
    }
    #expect(LawCase.continuous.allSatisfy { $0.law.parameterFault == nil })
    #expect(EmpiricalSample([]) == nil && EmpiricalSample([1, .nan]) == nil)
    #expect(AliasTable(values: [1], weights: [0]) == nil && AliasTable(values: [], weights: []) == nil)
    #expect(AliasTable(values: [1, 2], weights: [1]) == nil && AliasTable(values: [1], weights: [-1]) == nil)
  }
}
