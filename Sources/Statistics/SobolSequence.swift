import CGSL

/// The low-discrepancy sequence of Sobol, each point on its own: `coordinate(ofPoint:dimension:)` needs no
/// point before it.
///
/// Point `n` is the exclusive or of those direction numbers whose bits are set in the Gray code of `n + 1`
/// (Antonov, Saleev, "An economic method of computing LPτ-sequences", USSR Comput. Math. Math. Phys. 19,
/// 1979). The direction numbers are those of GSL's `gsl_qrng_sobol` (Bratley, Fox, ACM TOMS 14, 1988), so
/// that the points are GSL's; the origin, which GSL leaves out too, is no point.
public struct SobolSequence: Sendable {
  /// Dimensions that GSL knows direction numbers for.
  public static let mostDimensions = 40

  public let dimensions: Int
  /// How many points may be asked for.
  public let points: Int
  /// By dimension, then by bit; numerators over 2³⁰.
  private let directions: [[UInt32]]
  private static let denominator = 0x1p30

  /// - Returns: `nil` for no dimension or more than 40, and for no point or 2³⁰ and more.
  /// - Complexity: O(`points` × `dimensions`), some nanoseconds each.
  public init?(dimensions: Int, points: Int) {
    guard (1...Self.mostDimensions).contains(dimensions), (1..<1 << 30).contains(points) else { return nil }
    GSL.initialize()
    guard let generator = gsl_qrng_alloc(dryrack_qrng_sobol(), UInt32(dimensions)) else { return nil }
    defer { gsl_qrng_free(generator) }
    self.dimensions = dimensions
    self.points = points
    // The Gray code of 2ᵏ has the bits k and k − 1 alone, so the points before powers of two give the
    // direction numbers away.
    var directions = [[UInt32]](repeating: [], count: dimensions)
    var point = [Double](repeating: 0, count: dimensions)
    for number in 1...points {
      gsl_qrng_get(generator, &point)
      guard number & (number - 1) == 0 else { continue }
      for dimension in 0..<dimensions {
        let numerator = UInt32(point[dimension] * Self.denominator)
        directions[dimension].append(numerator ^ (directions[dimension].last ?? 0))
      }
    }
    self.directions = directions
  }

  /// A coordinate, from 0 to 1, the end left out.
  ///
  /// - Parameters:
  ///   - index: from 0, below `points`.
  ///   - dimension: from 0, below `dimensions`.
  /// - Complexity: O(log `index`).
  public func coordinate(ofPoint index: Int, dimension: Int) -> Double {
    precondition((0..<points).contains(index), "a point that the sequence was made for")
    var code = UInt32(index + 1) ^ UInt32(index + 1) >> 1
    var numerator: UInt32 = 0
    while code != 0 {
      numerator ^= directions[dimension][code.trailingZeroBitCount]
      code &= code - 1
    }
    return Double(numerator) / Self.denominator
  }
}
