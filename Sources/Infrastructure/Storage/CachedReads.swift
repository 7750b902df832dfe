import Quantities

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// A cache before a store, which drops what was read longest ago.
public struct StorageCache: Sendable, Hashable {
  /// Index of the store among those of its design.
  public var store: Int
  /// The catalogue's entry that prices it.
  public var kind: String
  /// How fast it is: of each node's own, or of the shared one.
  public var tier: StorageTier
  /// What each node's own holds, or the shared one.
  public var size: Bytes
  /// Whether all nodes read through one cache; else each has its own.
  public var isShared: Bool

  public init(store: Int, kind: String, tier: StorageTier, size: Bytes, isShared: Bool) {
    self.store = store
    self.kind = kind
    self.tier = tier
    self.size = size
    self.isShared = isShared
  }
}

/// In which order a job reads the objects of its data set.
public enum ReadOrder: Sendable, Hashable {
  /// Each once an epoch, in a new random order, dealt out anew among the nodes.
  case epochs
  /// Each read draws one by Zipf's law of this exponent, 0 or more.
  case zipf(Double)
}

/// The reads of one job from a data set through caches, all of its length.
public struct CachedReads: Sendable, Hashable {
  /// A part of the reads, and which share of them a cache answers.
  public struct Phase: Sendable, Hashable {
    /// Of all reads of the job; the shares of all phases sum to 1.
    public var share: Double
    public var hit: Double
  }

  public var dataset: Bytes
  /// What is kept or dropped as one.
  public var object: Bytes
  /// What the job reads in all.
  public var read: Bytes
  public var order: ReadOrder

  public init(dataset: Bytes, object: Bytes, read: Bytes, order: ReadOrder) {
    self.dataset = dataset
    self.object = object
    self.read = read
    self.order = order
  }

  /// Times that the data set is read.
  public var epochs: Double { dataset.value > 0 ? read.value / dataset.value : 0 }

  /// What of the reads comes from caches that are empty at the start: while they fill, and after.
  ///
  /// - Parameters:
  ///   - size: what each of them holds.
  ///   - caches: how many there are, each before an equal part of the readers.
  /// - Complexity: by Zipf's law O(2,000 · log) steps, else O(epochs in which an object can survive).
  public func phases(size: Bytes, caches: Int) -> [Phase] {
    guard read.value > 0, dataset.value > 0, size.value > 0 else { return [Phase(share: 1, hit: 0)] }
    switch order {
    case .epochs:
      let share = min(1, size.value / dataset.value)
      let mean = Self.meanHitRatio(capacity: share, caches: max(caches, 1), epochs: epochs)
      let first = min(1, 1 / epochs)
      if first >= 1 { return [Phase(share: 1, hit: 0)] }
      return [Phase(share: first, hit: 0), Phase(share: 1 - first, hit: min(1, mean / (1 - first)))]
    case .zipf(let exponent):
      return popular(exponent, size: size, caches: Double(max(caches, 1)))
    }
  }

  /// The mean hit ratio of least-recently-used caches over `epochs` in which each object is read once, in a
  /// new random order and by a node drawn anew; all caches are empty at the start.
  ///
  /// An object that a node reads at the position U of one epoch and next at V of the k-th after it has been
  /// pushed out unless the objects that the node did not read meanwhile are at least those that do not fit:
  /// (1 − (1 − U)/n)(1 − 1/n)^(k−1)(1 − V/n) ≥ 1 − capacity, in the limit of many objects. It is the same
  /// node after k epochs with probability (1 − 1/n)^(k−1)/n. With one cache that is c + (1 − c) ln(1 − c) of
  /// all later epochs: far less than c, for most objects come again only after more others than fit.
  ///
  /// - Parameters:
  ///   - capacity: of one cache, as a share of the data set, 0...1.
  ///   - epochs: above 0; a part of one counts as such.
  public static func meanHitRatio(capacity: Double, caches: Int, epochs: Double) -> Double {
    if capacity <= 0 || epochs <= 1 { return 0 }
    let count = Double(max(caches, 1))
    let stay = 1 - 1 / count
    var sum = 0.0
    var weight = 1 / count
    var unread = 1.0
    var epoch = 1.0
    while epoch < epochs && unread >= 1 - capacity && weight > 1e-15 {
      let needed = (1 - capacity) / unread
      sum += weight * (1 - epoch / epochs) * Self.isAbove(needed, least: stay, count: count)
      weight *= stay
      unread *= stay
      epoch += 1
    }
    return sum
  }

  /// The probability that the product of two numbers, uniform between `least` = 1 − 1/`count` and 1, is at
  /// least `product`.
  private static func isAbove(_ product: Double, least: Double, count: Double) -> Double {
    if product <= least * least { return 1 }
    if product >= 1 { return 0 }
    let area = count * count
    let value =
      product >= least
      ? area * (1 - product + (product > 0 ? product * log(product) : 0))
      : 1 - area * (product * log(product / (least * least)) - product + least * least)
    return min(1, max(0, value))
  }

  /// Before the cache is full, what has been read before is there; after, Che's approximation holds.
  private func popular(_ exponent: Double, size: Bytes, caches: Double) -> [Phase] {
    let objects = max(1, (dataset.value / max(1, object.value)).rounded(.up))
    let capacity = (size.value / max(1, object.value)).rounded(.down)
    let requests = max(1, read.value / max(1, object.value) / caches)
    let law = RankGroups(zipf: exponent, objects: objects)
    let full = law.characteristicTime(capacity: capacity)
    let filling = min(full, requests)
    let early = filling > 0 ? max(0, 1 - law.distinct(after: filling) / filling) : 0
    let share = filling / requests
    if share >= 1 { return [Phase(share: 1, hit: early)] }
    return [Phase(share: share, hit: early), Phase(share: 1 - share, hit: law.hitRatio(after: full))]
  }
}

/// Zipf's law over any number of objects: the most popular ones each by itself, the others in groups of ranks
/// within a hundredth of each other, which share their mean.
struct RankGroups: Sendable {
  private var groups: [(popularity: Double, count: Double)] = []

  init(zipf exponent: Double, objects: Double) {
    let single = 1000.0
    var rank = 1.0
    var total = 0.0
    while rank <= objects {
      let count = rank <= single ? 1 : min(objects - rank + 1, max(1, (rank / 100).rounded(.down)))
      // The middle of the group stands for it: to its width squared, 1e-5 of itself.
      let popularity = pow(rank + (count - 1) / 2, -exponent)
      groups.append((popularity, count))
      total += popularity * count
      rank += count
    }
    for index in groups.indices { groups[index].popularity /= total }
  }

  /// Each object by itself.
  init(_ popularity: [Double]) { groups = popularity.map { ($0, 1) } }

  /// Different objects among so many requests, in the mean: Σ(1 − e^(−pᵢt)).
  func distinct(after requests: Double) -> Double {
    groups.reduce(0) { $0 - $1.count * expm1(-$1.popularity * requests) }
  }

  /// Che's hit ratio when objects stay for so many requests: Σpᵢ(1 − e^(−pᵢt)).
  func hitRatio(after requests: Double) -> Double {
    requests == .infinity
      ? 1 : groups.reduce(0) { $0 - $1.popularity * $1.count * expm1(-$1.popularity * requests) }
  }

  /// Che's characteristic time (`CacheTheory.characteristicTime`); infinite when everything fits. The sum is
  /// concave in it, so Newton's steps from the left never pass the root.
  func characteristicTime(capacity: Double) -> Double {
    if capacity <= 0 { return 0 }
    if capacity >= groups.reduce(0, { $0 + $1.count }) { return .infinity }
    var time = capacity
    for _ in 0..<200 {
      let slope = groups.reduce(0) { $0 + $1.popularity * $1.count * exp(-$1.popularity * time) }
      let next = time + (capacity - distinct(after: time)) / slope
      // Rounding alone is left, or nothing can be told apart any more.
      if !next.isFinite || abs(next - time) <= 1e-12 * time { return time }
      time = next
    }
    return time
  }
}
