import Kernel

/// One dimension of a Latin hypercube: every one of as many equal strata as there are points holds one point,
/// at a place drawn uniformly in it (McKay, Beckman, Conover, Technometrics 21, 1979).
///
/// The strata are assigned by a keyed permutation that is evaluated point by point, so that a column takes
/// the same memory whatever the number of points.
public struct LatinHypercubeColumn: Sendable {
  /// How many points and strata there are.
  public let points: Int
  private let places: RandomStream
  /// One family of words a round of the permutation.
  private let keys: [RandomStream]
  /// Bits of each half of the numbers that are permuted.
  private let halfBits: UInt64

  /// - Parameters:
  ///   - points: at least 1, at most 2⁴⁰.
  ///   - stream: the column's own; other columns have others.
  public init(points: Int, stream: RandomStream) {
    precondition((1...1 << 40).contains(points), "a hypercube has points")
    self.points = points
    keys = (0..<Self.rounds).map { stream.branch(UInt64($0)) }
    places = stream.branch(UInt64(Self.rounds))
    let bits = UInt64(64 - UInt64(points - 1 | 1).leadingZeroBitCount)
    halfBits = max(1, (bits + 1) / 2)
  }

  /// A coordinate, in the open interval from 0 to 1.
  ///
  /// - Parameter index: from 0, below `points`.
  /// - Complexity: O(1), some tens of nanoseconds.
  public func coordinate(ofPoint index: Int) -> Double {
    precondition((0..<points).contains(index), "a point that the hypercube was made for")
    var place = places.branch(UInt64(index))
    // The largest number below 1 where rounding would reach it.
    return min((Double(stratum(ofPoint: index)) + place.uniform()) / Double(points), 1 - 0x1p-53)
  }

  /// The stratum of a point: a permutation of 0 ..< `points`.
  ///
  /// A Feistel network permutes the numbers below the next power of four (Luby, Rackoff, SIAM J. Comput. 17,
  /// 1988); what falls outside goes through again until it falls inside, which keeps it a permutation and
  /// takes four rounds of it at most on average (Black, Rogaway, CT-RSA 2002).
  public func stratum(ofPoint index: Int) -> Int {
    let mask: UInt64 = (1 << halfBits) - 1
    var number = UInt64(index)
    repeat {
      var (left, right) = (number >> halfBits, number & mask)
      for key in keys {
        var round = key.branch(right)
        (left, right) = (right, left ^ (round.next() & mask))
      }
      number = left << halfBits | right
    } while number >= UInt64(points)
    return Int(number)
  }

  private static let rounds = 6
}
