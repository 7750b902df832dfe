#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// How often requests that do not depend on each other hit a cache of equal-sized objects.
public struct CacheTheory: Sendable {
  /// How likely each object is requested, descending or not; sums to 1.
  public let popularity: [Double]

  /// Zipf's law over `count` objects: the i-th in proportion to 1/i^exponent.
  public init(zipf exponent: Double, count: Int) {
    let weights = (1...max(count, 1)).map { pow(Double($0), -exponent) }
    let total = weights.reversed().reduce(0, +)
    popularity = weights.map { $0 / total }
  }

  /// The best that any cache of `capacity` objects can do that knows the popularities: their largest.
  public func perfectHitRatio(capacity: Int) -> Double {
    popularity.sorted(by: >).prefix(max(capacity, 0)).reversed().reduce(0, +)
  }

  /// Che's characteristic time, in requests: how long an object stays after its last request, from
  /// Σ(1 − e^(−pᵢT)) = capacity (Che, Tung, Wang, "Hierarchical Web Caching Systems", JSAC 20, 2002).
  /// Infinite when everything fits.
  /// - Complexity: O(objects), some ten times.
  public func characteristicTime(capacity: Int) -> Double {
    if capacity <= 0 { return 0 }
    if capacity >= popularity.count { return .infinity }
    let wanted = Double(capacity)
    // The sum is concave in T, so Newton's steps from the left never pass the root.
    var time = wanted
    for _ in 0..<200 {
      var sum = 0.0
      var slope = 0.0
      for p in popularity {
        let gone = exp(-p * time)
        sum -= expm1(-p * time)
        slope += p * gone
      }
      let next = time + (wanted - sum) / slope
      if abs(next - time) <= 1e-14 * time { return next }
      time = next
    }
    return time
  }

  /// Che's approximation of the hit ratio of least-recently-used replacement: Σpᵢ(1 − e^(−pᵢT)).
  public func leastRecentlyUsedHitRatio(capacity: Int) -> Double {
    let time = characteristicTime(capacity: capacity)
    return time == .infinity ? 1 : popularity.reduce(0) { $0 - $1 * expm1(-$1 * time) }
  }

  /// The exact hit ratio of least-recently-used replacement, by summing over all orders of the cached objects
  /// (King, "Analysis of demand paging algorithms", IFIP 1971); `nil` when there are more than ten million.
  public func exactLeastRecentlyUsedHitRatio(capacity: Int) -> Double? {
    if capacity <= 0 { return 0 }
    if capacity >= popularity.count { return 1 }
    guard pow(Double(popularity.count), Double(capacity)) <= 1e7 else { return nil }
    var isCached = [Bool](repeating: false, count: popularity.count)
    return sum(over: capacity, probability: 1, cached: 0, &isCached)
  }

  private func sum(over left: Int, probability: Double, cached: Double, _ isCached: inout [Bool]) -> Double {
    if left == 0 { return probability * cached }
    var total = 0.0
    for index in popularity.indices where !isCached[index] {
      isCached[index] = true
      let p = popularity[index]
      total += sum(
        over: left - 1, probability: probability * p / (1 - cached), cached: cached + p, &isCached)
      isCached[index] = false
    }
    return total
  }
}

/// A cache of equal-sized objects, numbered from 0, that replaces the one used longest ago.
///
/// A list through two arrays: a request costs O(1) and allocates nothing.
public struct RecencyCache: Sendable {
  private static let absent = Int32(-2)
  private static let end = Int32(-1)
  private var newer: [Int32]
  private var older: [Int32]
  private var newest = RecencyCache.end
  private var oldest = RecencyCache.end
  private let capacity: Int
  /// Objects that are cached.
  public private(set) var count = 0

  /// - Parameters:
  ///   - objects: how many there are, at most 2³¹ − 1.
  ///   - capacity: how many fit, 1 or more.
  public init(objects: Int, capacity: Int) {
    newer = [Int32](repeating: Self.absent, count: max(objects, 0))
    older = newer
    self.capacity = max(capacity, 1)
  }

  /// Whether an object is cached.
  public func contains(_ object: Int) -> Bool { newer[object] != Self.absent }

  /// A request; whether it was a hit. A miss fetches the object and may push out another.
  public mutating func request(_ object: Int) -> Bool {
    let isHit = contains(object)
    if isHit {
      unlink(object)
    } else if count == capacity {
      unlink(Int(oldest))
      count -= 1
    }
    link(object)
    if !isHit { count += 1 }
    return isHit
  }

  private mutating func unlink(_ object: Int) {
    let (next, previous) = (newer[object], older[object])
    if next == Self.end { newest = previous } else { older[Int(next)] = previous }
    if previous == Self.end { oldest = next } else { newer[Int(previous)] = next }
    newer[object] = Self.absent
  }

  private mutating func link(_ object: Int) {
    newer[object] = Self.end
    older[object] = newest
    if newest == Self.end { oldest = Int32(object) } else { newer[Int(newest)] = Int32(object) }
    newest = Int32(object)
  }
}
