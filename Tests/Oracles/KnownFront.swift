#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// Problems of two objectives, both minimised, whose front is known: the test problems of Zitzler, Deb and
/// Thiele ("Comparison of Multiobjective Evolutionary Algorithms: Empirical Results", Evolutionary
/// Computation 8, 2000) with their 30 variables from 0 to 1.
public enum KnownFront: Int, Sendable, CaseIterable {
  /// ZDT1, ZDT2 and ZDT3.
  case convex = 1, concave, disconnected

  public static let variables = 30

  /// - Parameter x: as many as `variables`.
  public func objectives(_ x: [Double]) -> [Double] {
    let g = 1 + 9 * x.dropFirst().reduce(0, +) / Double(x.count - 1)
    return [x[0], g * height(x[0] / g, x[0])]
  }

  private func height(_ ratio: Double, _ first: Double) -> Double {
    switch self {
    case .convex: 1 - ratio.squareRoot()
    case .concave: 1 - ratio * ratio
    case .disconnected: 1 - ratio.squareRoot() - ratio * sin(10 * .pi * first)
    }
  }

  /// What hypervolumes are taken against.
  public static let reference = [1.1, 1.1]

  /// Hypervolume of the true front: 0.21 + ∫(1 − h), where h is lowered to what is best so far; by midpoints
  /// for ZDT3, to a millionth.
  public var volume: Double {
    switch self {
    case .convex: return 0.21 + 2.0 / 3
    case .concave: return 0.21 + 1.0 / 3
    case .disconnected:
      let steps = 200_000
      var (best, sum) = (Double.infinity, 0.0)
      for step in 0..<steps {
        let x = (Double(step) + 0.5) / Double(steps)
        best = min(best, height(x, x))
        sum += max(0, 1.1 - best) / Double(steps)
      }
      return sum + 0.1 * (1.1 - best)
    }
  }
}

/// A problem of whole numbers, a choice and a rate, small enough to try every point: machines of two kinds,
/// one of three models and a clock. The cheap ones break the constraint, and the cheapest front lies where
/// one model's neighbours are all worse than another model's.
public enum MixedProblem {
  private static let speeds = [2.0, 5, 3]
  private static let prices = [1.0, 4, 1.7]
  /// Of the two counts, both ends included.
  public static let counts = [1...20, 0...12]
  public static let models = 3
  /// 1.0 to 2.0 in two digits.
  public static let clocks = (10...20).map { Double($0) / 10 }
  public static let reference = [60.0, 6.0]

  /// Cost, and time for a piece of work; and how far capacity falls short.
  ///
  /// - Parameter x: two counts, a model, a clock.
  public static func answer(_ x: [Double]) -> (objectives: [Double], violation: Double) {
    let model = Int(x[2])
    let capacity = (x[0] + 0.4 * x[1]) * speeds[model] * x[3]
    let cost = x[0] * prices[model] + 0.7 * x[1] + 3 * x[3] * x[3]
    return ([cost, 100 / capacity], max(0, 20 - capacity) / 20)
  }

  /// All of its 8,580 points.
  public static var points: [[Double]] {
    counts[0].flatMap { first in
      counts[1].flatMap { second in
        (0..<models).flatMap { model in
          clocks.map { [Double(first), Double(second), Double(model), $0] }
        }
      }
    }
  }
}
