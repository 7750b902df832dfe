import Infrastructure
import Kernel
import Statistics
import TestSupport
import Testing

@testable import Workloads

@Suite("Caches hit as often as theory says")
struct CacheTests {
  static let rows = ExactAnswer.rows("Zipf+LRU (Che)") + ExactAnswer.rows("LRU exact (King)")

  @Test("the shared table has the rows this suite reads", .enabled(if: SharedData.folder != nil))
  func present() { #expect(Self.rows.count == 13) }

  private static func shape(_ row: ExactAnswer) -> (theory: CacheTheory, objects: Int, capacity: Int) {
    let objects = Int(row.number("N") ?? 0)
    return (
      CacheTheory(zipf: row.number("alpha") ?? 0, count: objects), objects, Int(row.number("C") ?? 0)
    )
  }

  @Test(
    "every row of the shared table to 1e-9", .enabled(if: SharedData.folder != nil), arguments: rows)
  func formulas(row: ExactAnswer) throws {
    let (theory, _, capacity) = Self.shape(row)
    let computed: Double? =
      switch row.quantity {
      case "T_C": theory.characteristicTime(capacity: capacity)
      case "hit_ratio_perfect_LFU": theory.perfectHitRatio(capacity: capacity)
      default:
        row.name.contains("King")
          ? theory.exactLeastRecentlyUsedHitRatio(capacity: capacity)
          : theory.leastRecentlyUsedHitRatio(capacity: capacity)
      }
    let value = try #require(computed)
    #expect(abs(value - row.value) <= 1e-9 * row.value, "\(value) against \(row.value)")
  }

  /// Hit ratios of independent runs, after the cache has filled and turned over several times.
  static func hitRatios(_ theory: CacheTheory, capacity: Int, warmup: Int, requests: Int, runs: Int)
    -> [Double]
  {
    let count = theory.popularity.count
    let law = Distribution.discrete(values: (0..<count).map(Double.init), weights: theory.popularity)
    return (0..<runs).map { run in
      var stream = RandomStream(seed: 12, replication: run, entity: "cache", purpose: "requests")
      var cache = LeastRecentlyUsed(objects: count, capacity: capacity)
      var hits = 0
      for index in 0..<(warmup + requests) {
        let isHit = cache.request(Int(law.sample(&stream)))
        if isHit && index >= warmup { hits += 1 }
      }
      return Double(hits) / Double(requests)
    }
  }

  @Test(
    "a simulated cache agrees with the rows of its replacement inside a 99 % interval",
    .enabled(if: SharedData.folder != nil), arguments: rows.filter { $0.quantity == "hit_ratio_LRU" })
  func simulation(row: ExactAnswer) throws {
    let (theory, objects, capacity) = Self.shape(row)
    let warmup = capacity >= objects ? 0 : 8 * Int(theory.characteristicTime(capacity: capacity)) + 1000
    let ratios = Self.hitRatios(theory, capacity: capacity, warmup: warmup, requests: 40_000, runs: 12)
    let found = try #require(studentInterval(ratios, confidence: 0.99))
    #expect(found.contains(row.value), "\(row.value) outside of \(found)")
    #expect(found.halfWidth < 0.01)
    #expect(row.value <= theory.perfectHitRatio(capacity: capacity) + 1e-12)
  }

  @Test("more room never hits less, and Che comes near the exact ratio of small caches")
  func shape() throws {
    let theory = CacheTheory(zipf: 0.7, count: 60)
    var last = 0.0
    for capacity in 0...60 {
      let ratio = theory.leastRecentlyUsedHitRatio(capacity: capacity)
      #expect(ratio >= last && ratio <= theory.perfectHitRatio(capacity: capacity) + 1e-12)
      last = ratio
    }
    #expect(last == 1)
    for capacity in 1...3 {
      let exact = try #require(theory.exactLeastRecentlyUsedHitRatio(capacity: capacity))
      #expect(abs(theory.leastRecentlyUsedHitRatio(capacity: capacity) - exact) < 0.01)
    }
    #expect(theory.exactLeastRecentlyUsedHitRatio(capacity: 30) == nil)
  }
}

/// A cache that replaces the object unused the longest, over the product's own list.
private struct LeastRecentlyUsed {
  private var order: RecencyList
  private var count = 0
  private let capacity: Int

  init(objects: Int, capacity: Int) {
    order = RecencyList(size: objects)
    self.capacity = capacity
  }

  /// Whether it was there; it is afterwards.
  mutating func request(_ object: Int) -> Bool {
    let isHit = order.contains(object)
    if !isHit && count == capacity, let oldest = order.first {
      order.remove(oldest)
      count -= 1
    }
    order.touch(object)
    if !isHit { count += 1 }
    return isHit
  }
}
