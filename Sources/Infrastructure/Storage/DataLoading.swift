import Quantities

/// What an accelerator waits for while it trains, as shares of the time that sum to 1.
public struct LoadingBound: Sendable, Hashable {
  public var compute: Double
  public var storage: Double
  public var network: Double

  /// Shares that sum to 1.
  public init(compute: Double, storage: Double, network: Double) {
    self.compute = compute
    self.storage = storage
    self.network = network
  }

  /// Of work whose parts, given as shares that sum to 1, are bound differently: the mean over the time, of
  /// which each part takes the longer the less it computes.
  public init(meanOf parts: [(work: Double, bound: LoadingBound)]) {
    self.init(compute: 0, storage: 0, network: 0)
    var whole = 0.0
    for (work, bound) in parts where work > 0 {
      let time = work / max(bound.compute, 1e-9)
      whole += time
      compute += time * bound.compute
      storage += time * bound.storage
      network += time * bound.network
    }
    if whole > 0 {
      (compute, storage, network) = (compute / whole, storage / whole, network / whole)
    } else {
      compute = 1
    }
  }
}

/// Feeding an accelerator with batches: readers fill a bounded buffer, the accelerator empties it.
///
/// Of `prefetch` batch slots each is being read, waiting, or being computed on: a closed loop of two stations
/// with as many customers as slots. Reads of several workers run side by side and share the client's rate.
public struct DataLoading: Sendable, Hashable {
  /// Of one batch on one accelerator, data at hand; above 0.
  public var computePerBatch: Seconds
  public var bytesPerBatch: Bytes
  /// Processes that read at the same time, each a batch, 1 or more.
  public var workers: Int
  /// Batches that are read ahead, the ones being read included; at least 1. With 1 nothing overlaps.
  public var prefetch: Int

  /// Counts are taken as at least 1.
  public init(computePerBatch: Seconds, bytesPerBatch: Bytes, workers: Int, prefetch: Int) {
    self.computePerBatch = computePerBatch
    self.bytesPerBatch = bytesPerBatch
    self.workers = max(workers, 1)
    self.prefetch = max(prefetch, 1)
  }

  /// What an accelerator takes when it never waits.
  public var demand: BytesPerSecond { bytesPerBatch / computePerBatch }

  /// The share of the time an accelerator computes when its reads go at the given rates: `each` is what one
  /// worker gets at the most, `all` what its workers get together.
  ///
  /// For times that do not vary a batch takes the longest of: its computing, its reading by the workers side
  /// by side, its bytes at the rate of all, and its way round divided by the slots, (compute + read) ÷
  /// prefetch.
  public func utilization(each: BytesPerSecond, all: BytesPerSecond) -> Double {
    let compute = computePerBatch.value
    let read = bytesPerBatch.value / min(each.value, all.value)
    let parallel = Double(min(workers, prefetch))
    let shared = bytesPerBatch.value / all.value
    return compute / max(compute, read / parallel, shared, (compute + read) / Double(prefetch))
  }
}

/// Accelerators of several clients that read one data set from one store.
public struct LoadingSystem: Sendable, Hashable {
  public var loading: DataLoading
  public var acceleratorsPerClient: Int
  public var clients: Int
  /// What a client can take in over its network, in all.
  public var networkPerClient: BytesPerSecond
  /// Bytes that are read for each file opened; zero where so few are opened that their rate never binds.
  public var bytesPerFile = Bytes.zero
  /// `nil` where all comes from the store.
  public var cache: CachedLoading?

  /// Counts are taken as at least 1.
  public init(
    loading: DataLoading, acceleratorsPerClient: Int, clients: Int, networkPerClient: BytesPerSecond
  ) {
    self.loading = loading
    self.acceleratorsPerClient = max(acceleratorsPerClient, 1)
    self.clients = max(clients, 1)
    self.networkPerClient = networkPerClient
  }

  /// The share of the time that accelerators compute; samples are read in requests of `request` bytes.
  public func utilization(from tier: StorageTier, request: Bytes) -> Double {
    let rate = min(sourceRate(tier, request), networkRate.value) / Double(acceleratorsPerClient)
    return loading.utilization(
      each: min(readerRate(tier, request), networkPerClient), all: BytesPerSecond(rate))
  }

  /// What the store gives one client at the most: its data servers, or those that open files.
  private func storageRate(_ tier: StorageTier, _ request: Bytes) -> Double {
    min(
      tier.readShare(clients: clients, request: request, outstanding: loading.workers * acceleratorsPerClient)
        .value,
      tier.openShare(clients: clients, bytesPerFile: bytesPerFile).value)
  }

  /// The same with the cache before it.
  private func sourceRate(_ tier: StorageTier, _ request: Bytes) -> Double {
    guard let cache, cache.hit > 0 else { return storageRate(tier, request) }
    let outstanding = loading.workers * acceleratorsPerClient
    let near = cache.tier.readShare(
      clients: cache.isShared ? clients : 1, request: request, outstanding: outstanding)
    return StorageTier.cachedRate(
      hit: cache.hit, cache: near, behind: BytesPerSecond(storageRate(tier, request))
    ).value
  }

  /// What one reader gets, one request after the other: from the cache for some, from the store for others.
  private func readerRate(_ tier: StorageTier, _ request: Bytes) -> BytesPerSecond {
    let alone = tier.readShare(clients: clients, request: request, outstanding: 1)
    guard let cache, cache.hit > 0 else { return alone }
    let near = cache.tier.readShare(clients: cache.isShared ? clients : 1, request: request, outstanding: 1)
    return BytesPerSecond(1 / (cache.hit / near.value + (1 - cache.hit) / alone.value))
  }

  /// What the network lets a client take in: hits in its own cache do not cross it.
  private var networkRate: BytesPerSecond {
    guard let cache, !cache.isShared else { return networkPerClient }
    return BytesPerSecond(cache.hit < 1 ? networkPerClient.value / (1 - cache.hit) : .infinity)
  }

  /// Compute time counts as compute; waiting counts as storage or network, whichever gives less, in halves
  /// when they give the same.
  public func bound(from tier: StorageTier, request: Bytes) -> LoadingBound {
    let busy = utilization(from: tier, request: request)
    let storage = sourceRate(tier, request)
    let waiting = 1 - busy
    if storage < networkRate.value { return LoadingBound(compute: busy, storage: waiting, network: 0) }
    if storage > networkRate.value { return LoadingBound(compute: busy, storage: 0, network: waiting) }
    return LoadingBound(compute: busy, storage: waiting / 2, network: waiting - waiting / 2)
  }
}

/// A cache before the store that clients read from.
public struct CachedLoading: Sendable, Hashable {
  /// Share of the bytes that it gives, 0...1.
  public var hit: Double
  /// How fast it is: of each client's own, or of the shared one.
  public var tier: StorageTier
  public var isShared: Bool

  /// `hit` is taken as within 0...1.
  public init(hit: Double, tier: StorageTier, isShared: Bool) {
    self.hit = min(max(hit, 0), 1)
    self.tier = tier
    self.isShared = isShared
  }
}

extension StorageTier {
  /// What a client reads at when a share `hit` of its bytes comes from a cache: neither side may be overrun,
  /// so the least of cache ÷ hit and tier ÷ (1 − hit).
  public static func cachedRate(
    hit: Double, cache: BytesPerSecond, behind: BytesPerSecond
  ) -> BytesPerSecond {
    let hit = min(max(hit, 0), 1)
    return BytesPerSecond(
      min(hit > 0 ? cache.value / hit : .infinity, hit < 1 ? behind.value / (1 - hit) : .infinity))
  }
}
