import Foundation
import Statistics
import Testing

@Suite("Least squares")
struct LeastSquaresTests {
  /// Misra1a of NIST's reference datasets for nonlinear regression: y = b₁ (1 − exp(−b₂ x)), with certified
  /// parameters, standard deviations and residual sum of squares.
  static let misra: [(y: Double, x: Double)] = [
    (10.07, 77.6), (14.73, 114.9), (17.94, 141.1), (23.93, 190.8), (29.61, 239.9), (35.18, 289),
    (40.02, 332.8),
    (44.82, 378.4), (50.76, 434.8), (55.05, 477.3), (61.01, 536.8), (66.4, 593.1), (75.47, 689.1),
    (81.78, 760),
  ]

  @Test("the certified fit of NIST's Misra1a is found, with its standard deviations")
  func certified() throws {
    let scale = [238.94212918, 5.5015643181e-4]
    // From NIST's second start, in units of the certified values.
    let fit = try #require(
      leastSquares(
        start: [250 / scale[0], 5e-4 / scale[1]], count: Self.misra.count, step: 1e-6, maximumIterations: 100,
        tolerance: 1e-12
      ) { position in
        let (height, rate) = (scale[0] * position[0], scale[1] * position[1])
        return Self.misra.map { point -> Double in
          height * (1 - exp(-rate * point.x)) - point.y
        }
      })
    for (index, deviation) in [2.7070075241, 7.2668688436e-6].enumerated() {
      #expect(abs(fit.parameters[index] - 1) < 1e-5)
      #expect(abs(fit.standardErrors[index] * scale[index] / deviation - 1) < 1e-3)
    }
    #expect(abs(2 * fit.endCost / 1.2455138894e-1 - 1) < 1e-6 && fit.endCost < fit.startCost)
  }

  @Test("a straight line is met, and what cannot be computed is only far off")
  func line() throws {
    let fit = try #require(
      leastSquares(start: [1, 1], count: 4, maximumIterations: 50, tolerance: 1e-12) { at in
        (0..<4).map { index -> Double in
          let x = Double(index)
          return at[0] - 3 + (at[1] + 2) * x
        }
      })
    #expect(abs(fit.parameters[0] - 3) < 1e-6 && abs(fit.parameters[1] + 2) < 1e-6)
    let hopeless = leastSquares(start: [1], count: 2) { _ in [.nan, .infinity] }
    #expect(hopeless.map { $0.endCost == $0.startCost } ?? true)
  }
}
