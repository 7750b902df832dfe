/// A named, counter-based stream of random numbers.
///
/// Word `i` of a stream is a pure function of the stream's key and `i` (SplitMix64: Steele, Lea,
/// Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014). The key is hashed from
/// the run's seed, the replication, an entity path and a purpose, so adding a replica or a draw
/// somewhere shifts no other stream, and two designs see the same arrivals (common random numbers).
@frozen public struct RandomStream: Sendable {
  @usableFromInline var state: UInt64

  /// - Parameters:
  ///   - entity: whose stream this is, such as `workloads/chat`. Leave design parameters out of it.
  ///   - purpose: what it is drawn for, such as `arrivals`.
  public init(seed: UInt64, replication: Int, entity: String, purpose: String) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func absorb(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    for byte in entity.utf8 { absorb(byte) }
    absorb(0)
    for byte in purpose.utf8 { absorb(byte) }
    absorb(0)
    state = Self.mix(Self.mix(seed ^ hash) &+ Self.mix(UInt64(bitPattern: Int64(replication)) &+ 0x9e37_79b9))
  }

  /// Member `index` of a family of independent streams: it is the same whatever the others have drawn, so
  /// that what one conversation says does not depend on when another one speaks.
  @inlinable public func branch(_ index: UInt64) -> RandomStream {
    var branch = self
    branch.state = Self.mix(state ^ Self.mix(index &+ 0x9e37_79b9_7f4a_7c15))
    return branch
  }

  /// The finaliser of SplitMix64: a bijection on 64 bits that passes avalanche tests.
  @inlinable static func mix(_ word: UInt64) -> UInt64 {
    var z = word
    z = (z ^ (z &>> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z &>> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z &>> 31)
  }

  /// 64 uniform bits. Complexity: O(1), about 2 ns.
  @inlinable public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return Self.mix(state)
  }

  /// A uniform number in the open interval (0, 1): never 0, so its logarithm is finite.
  @inlinable public mutating func uniform() -> Double {
    (Double(next() &>> 11) + 0.5) * 0x1p-53
  }

  /// A uniform integer in `0 ..< bound` without modulo bias (Lemire, "Fast Random Integer
  /// Generation in an Interval", ACM TOMACS 2019). `bound` must be positive.
  @inlinable public mutating func below(_ bound: UInt32) -> UInt32 {
    precondition(bound > 0, "an empty range has no members")
    var product = UInt64(next() &>> 32) &* UInt64(bound)
    if UInt32(truncatingIfNeeded: product) < bound {
      let threshold = (0 &- bound) % bound
      while UInt32(truncatingIfNeeded: product) < threshold {
        product = UInt64(next() &>> 32) &* UInt64(bound)
      }
    }
    return UInt32(truncatingIfNeeded: product &>> 32)
  }

  /// An exponential deviate with mean 1, by inversion.
  @inlinable public mutating func exponential() -> Double { -_log(uniform()) }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

@inlinable @inline(__always) func _log(_ x: Double) -> Double { log(x) }
