import Foundation
import Kernel
import Quantities
import Statistics
import Testing

@testable import Infrastructure

@Suite("Caches before a store answer what a played cache does")
struct CachedReadsTests {
  /// Least-recently-used caches, one a node, over whole epochs in which each object is read once, in a new
  /// order and by a node drawn anew: hits over reads.
  private static func play(objects: Int, capacity: Int, caches: Int, epochs: Int, run: Int) -> Double {
    var stream = RandomStream(seed: 7, replication: run, entity: "epochs", purpose: "order")
    var order = Array(0..<objects)
    var caches = (0..<caches).map { _ in PlayedCache(capacity: capacity) }
    var hits = 0
    for _ in 0..<epochs {
      for index in stride(from: objects - 1, to: 0, by: -1) {
        order.swapAt(index, Int(stream.below(UInt32(index + 1))))
      }
      for object in order where caches[Int(stream.below(UInt32(caches.count)))].request(object) { hits += 1 }
    }
    return Double(hits) / Double(objects * epochs)
  }

  @Test(
    "epochs in random order: hits of played caches, inside 99.9 % and a hundredth",
    arguments: [(1, 0.5), (1, 0.9), (1, 0.2), (2, 0.5), (4, 0.25), (4, 0.8), (8, 0.4)])
  func epochs(caches: Int, share: Double) throws {
    let (objects, epochs) = (1500, 12)
    let found = (0..<6).map {
      Self.play(
        objects: objects, capacity: Int(share * Double(objects)), caches: caches, epochs: epochs, run: $0)
    }
    let mean = found.reduce(0, +) / 6
    let said = CachedReads.meanHitRatio(capacity: share, caches: caches, epochs: Double(epochs))
    // The formula is the limit of many objects.
    let interval = try #require(studentInterval(found, confidence: 0.999))
    #expect(abs(mean - said) < interval.halfWidth + 0.005, "\(caches) \(share): played \(mean), said \(said)")
  }

  @Test("one cache: c + (1 − c) ln(1 − c) of all but the first epoch, and all of them once everything fits")
  func oneCache() {
    for share in [0.1, 0.5, 0.99] {
      let said = CachedReads.meanHitRatio(capacity: share, caches: 1, epochs: 10)
      #expect(abs(said - 0.9 * (share + (1 - share) * log(1 - share))) < 1e-12)
    }
    #expect(abs(CachedReads.meanHitRatio(capacity: 1, caches: 1, epochs: 10) - 0.9) < 1e-12)
    #expect(CachedReads.meanHitRatio(capacity: 1, caches: 1, epochs: 1) == 0)
  }

  @Test(
    "more room or more epochs never hit less, and shares sum to 1; in the long run own caches near their size"
  )
  func order() {
    for order in [ReadOrder.epochs, .zipf(0), .zipf(0.8), .zipf(1.3)] {
      for caches in [1, 5] {
        var last = -1.0
        for size in [0, 1e9, 1e11, 5e11, 9.9e11, 1e12, 2e12] {
          let reads = CachedReads(dataset: Bytes(1e12), object: Bytes(2e9), read: Bytes(7e12), order: order)
          let phases = reads.phases(size: Bytes(size), caches: caches)
          #expect(abs(phases.reduce(0) { $0 + $1.share } - 1) < 1e-12)
          let hit = phases.reduce(0) { $0 + $1.share * $1.hit }
          #expect(phases.allSatisfy { (0...1).contains($0.hit) } && hit >= last - 1e-9, "\(order) \(size)")
          last = hit
          let once = CachedReads(dataset: Bytes(1e12), object: Bytes(2e9), read: Bytes(1e12), order: order)
          let early = once.phases(size: Bytes(size), caches: caches).reduce(0) { $0 + $1.share * $1.hit }
          #expect(early <= hit + 1e-9)
        }
      }
    }
    // Nodes that read whatever comes to them hit as often as they hold, given epochs enough.
    let counts = [1, 2, 5, 20, 1000].map { CachedReads.meanHitRatio(capacity: 0.6, caches: $0, epochs: 1e7) }
    #expect(
      zip(counts, counts.dropFirst()).allSatisfy { $0 < $1 } && abs(counts[4] - 0.6) < 1e-3, "\(counts)")
  }

  @Test("Zipf's law: hits of a cache that starts empty, over all of its requests", arguments: [0.6, 1, 1.2])
  func zipf(exponent: Double) throws {
    let (objects, capacity, requests) = (3000, 300, 9000)
    let weights = (1...objects).map { pow(Double($0), -exponent) }
    let law = Distribution.discrete(values: (0..<objects).map(Double.init), weights: weights)
    let found = (0..<8).map { run in
      var stream = RandomStream(seed: 3, replication: run, entity: "zipf", purpose: "requests")
      var cache = PlayedCache(capacity: capacity)
      let hits = (0..<requests).reduce(0) { sum, _ in sum + (cache.request(Int(law.sample(&stream))) ? 1 : 0)
      }
      return Double(hits) / Double(requests)
    }
    let reads = CachedReads(
      dataset: Bytes(Double(objects)), object: Bytes(1), read: Bytes(Double(requests)), order: .zipf(exponent)
    )
    let said = reads.phases(size: Bytes(Double(capacity)), caches: 1).reduce(0) { $0 + $1.share * $1.hit }
    let interval = try #require(studentInterval(found, confidence: 0.999))
    let mean = found.reduce(0, +) / 8
    #expect(abs(mean - said) < interval.halfWidth + 0.01, "played \(mean), said \(said)")
  }

  @Test("ranks in groups say what each rank by itself does")
  func groups() {
    for exponent in [0.3, 0.9, 1.4] {
      let each = CacheTheory(zipf: exponent, count: 200_000)
      let grouped = RankGroups(zipf: exponent, objects: 200_000)
      for capacity in [10, 1000, 50_000, 150_000] {
        let time = each.characteristicTime(capacity: capacity)
        let other = grouped.characteristicTime(capacity: Double(capacity))
        #expect(abs(other / time - 1) < 1e-3, "\(exponent) \(capacity)")
        #expect(
          abs(grouped.hitRatio(after: other) - each.leastRecentlyUsedHitRatio(capacity: capacity)) < 1e-4)
      }
    }
  }

  @Test("of parts that are bound differently, the mean goes by the time that each takes")
  func meanBound() {
    let free = LoadingBound(compute: 1, storage: 0, network: 0)
    let half = LoadingBound(compute: 0.5, storage: 0.5, network: 0)
    let mean = LoadingBound(meanOf: [(0.5, free), (0.5, half)])
    // Half of the work takes 0.5, the other half 1.
    #expect(abs(mean.compute - 1 / 1.5) < 1e-12 && abs(mean.storage - 0.5 / 1.5) < 1e-12)
    #expect(LoadingBound(meanOf: [(1, half)]) == half)
  }

  @Test("a cache never makes a store slower than it is, and an own one spares the network")
  func system() {
    var system = LoadingSystem(
      loading: DataLoading(
        computePerBatch: Seconds(0.1), bytesPerBatch: Bytes(1e9), workers: 4, prefetch: 8),
      acceleratorsPerClient: 8, clients: 4, networkPerClient: BytesPerSecond(20e9))
    let store = StorageTier(name: "store", readBandwidth: BytesPerSecond(40e9))
    let disk = StorageTier(name: "disk", readBandwidth: BytesPerSecond(200e9))
    var last = system.utilization(from: store, request: Bytes(1e6))
    for hit in [0, 0.2, 0.5, 0.8, 1.0] {
      system.cache = CachedLoading(hit: hit, tier: disk, isShared: false)
      let own = system.utilization(from: store, request: Bytes(1e6))
      let bound = system.bound(from: store, request: Bytes(1e6))
      #expect(own >= last - 1e-12)
      #expect(abs(bound.compute + bound.storage + bound.network - 1) < 1e-12)
      last = own
      system.cache = CachedLoading(hit: hit, tier: disk, isShared: true)
      #expect(system.utilization(from: store, request: Bytes(1e6)) <= own + 1e-12)
    }
    #expect(last == 1)
  }
}

/// A cache that drops what was requested longest ago: by counting, slow and plain.
private struct PlayedCache {
  let capacity: Int
  private var clock = 0
  private var lastUse: [Int: Int] = [:]
  private var byUse: [Int: Int] = [:]
  private var oldest = 0

  init(capacity: Int) { self.capacity = capacity }

  mutating func request(_ object: Int) -> Bool {
    clock += 1
    let isHit = lastUse[object] != nil
    if let before = lastUse[object] { byUse[before] = nil }
    lastUse[object] = clock
    byUse[clock] = object
    if lastUse.count > capacity {
      while byUse[oldest] == nil { oldest += 1 }
      if let gone = byUse.removeValue(forKey: oldest) { lastUse[gone] = nil }
    }
    return isHit
  }
}
