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

  /// The share of the time an accelerator computes when read times are exponential of mean `read` on each
  /// worker and compute times too: the closed loop's product form, a lower bound for steadier times
  /// (Lavenberg, "Computer Performance Modeling Handbook", section 3.5; machine repair with `workers` crews).
  /// - Complexity: O(prefetch).
  public func utilizationWithVaryingReads(meanRead read: Seconds) -> Double {
    // "Machines" are the slots, "up" is being read: the accelerator is the one crew that is busy with them.
    let ratio = computePerBatch / read
    var weight = 1.0
    var total = 1.0
    for waiting in 0..<prefetch {
      weight *= Double(min(workers, prefetch - waiting)) * ratio
      total += weight
    }
    // Idle only when no batch is ready.
    return total.isFinite ? 1 - 1 / total : 1
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
    let rate = min(storageRate(tier, request), networkPerClient.value) / Double(acceleratorsPerClient)
    let alone = tier.readShare(clients: clients, request: request, outstanding: 1)
    return loading.utilization(each: min(alone, networkPerClient), all: BytesPerSecond(rate))
  }

  /// What the store gives one client at the most: its data servers, or those that open files.
  private func storageRate(_ tier: StorageTier, _ request: Bytes) -> Double {
    min(
      tier.readShare(clients: clients, request: request, outstanding: loading.workers * acceleratorsPerClient)
        .value,
      tier.openShare(clients: clients, bytesPerFile: bytesPerFile).value)
  }

  /// Compute time counts as compute; waiting counts as storage or network, whichever gives less, in halves
  /// when they give the same.
  public func bound(from tier: StorageTier, request: Bytes) -> LoadingBound {
    let busy = utilization(from: tier, request: request)
    let storage = storageRate(tier, request)
    let waiting = 1 - busy
    if storage < networkPerClient.value { return LoadingBound(compute: busy, storage: waiting, network: 0) }
    if storage > networkPerClient.value { return LoadingBound(compute: busy, storage: 0, network: waiting) }
    return LoadingBound(compute: busy, storage: waiting / 2, network: waiting - waiting / 2)
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
