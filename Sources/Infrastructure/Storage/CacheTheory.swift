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
    RankGroups(popularity).characteristicTime(capacity: Double(capacity))
  }

  /// Che's approximation of the hit ratio of least-recently-used replacement: Σpᵢ(1 − e^(−pᵢT)).
  public func leastRecentlyUsedHitRatio(capacity: Int) -> Double {
    let groups = RankGroups(popularity)
    return groups.hitRatio(after: groups.characteristicTime(capacity: Double(capacity)))
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
