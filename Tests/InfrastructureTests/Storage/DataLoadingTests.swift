import Catalog
import Infrastructure
import Kernel
import Quantities
import Statistics
import TestSupport
import Testing

@Suite("Accelerators are kept as busy as their storage allows")
struct DataLoadingTests {
  /// Emulated accelerators of MLPerf Storage 1.0: compute time per batch, samples and bytes (its published
  /// workload definitions).
  struct Workload: Sendable {
    let compute: Double
    let batch: Double
    let sample: Double
    var bytes: Double { batch * sample }
  }

  /// One submitted result.
  struct Row: Sendable, CustomStringConvertible {
    let system: String
    let workload: String
    let accelerators: Int
    let clients: Int
    let rate: Double
    let busy: Double
    var description: String { "\(system), \(workload), \(accelerators)" }
    var kind: String { String(workload.prefix { $0 != " " }) }
  }

  static let workloads: [String: Workload] = [
    "unet3d emulated A100": Workload(compute: 0.636, batch: 7, sample: 146_600_628),
    "unet3d emulated H100": Workload(compute: 0.323, batch: 7, sample: 146_600_628),
    "resnet50 emulated A100": Workload(compute: 0.435, batch: 400, sample: 114_660.07),
    "resnet50 emulated H100": Workload(compute: 0.224, batch: 400, sample: 114_660.07),
    "cosmoflow emulated A100": Workload(compute: 0.00551, batch: 1, sample: 2_828_486),
    "cosmoflow emulated H100": Workload(compute: 0.0035, batch: 1, sample: 2_828_486),
  ]

  static let rows: [Row] = (SharedData.rows("infra/storage.csv") ?? []).compactMap { cells in
    guard cells.count == 17, cells[1].hasPrefix("mlperf-storage-v1"), cells[9] == "read_bandwidth_per_client",
      let accelerators = Int(cells[8]), let rate = Double(cells[10]), let busy = Double(cells[12])
    else { return nil }
    return Row(
      system: cells[3], workload: cells[7], accelerators: accelerators, clients: Int(cells[5]) ?? 1,
      rate: rate * 1e9, busy: busy / 100)
  }

  @Test("servers that open files bind as bandwidth does: at their rate ÷ what is opened a batch")
  func metadata() {
    var tier = StorageTier(name: "small files", readBandwidth: BytesPerSecond(1e15))
    var system = LoadingSystem(
      loading: DataLoading(
        computePerBatch: Seconds(0.01), bytesPerBatch: Bytes(64 * 1e5), workers: 4, prefetch: 8),
      acceleratorsPerClient: 8, clients: 16, networkPerClient: BytesPerSecond(.infinity))
    system.bytesPerFile = Bytes(1e5)
    #expect(system.utilization(from: tier, request: Bytes(1e5)) == 1)
    for rate in [1e3, 1e4, 1e5] {
      tier.metadataRate = PerSecond(rate)
      let expected = min(1, rate / (16 * 8 * 64) * 0.01)
      let busy = system.utilization(from: tier, request: Bytes(1e5))
      #expect(abs(busy / expected - 1) < 1e-9, "\(rate): \(busy)")
      let bound = system.bound(from: tier, request: Bytes(1e5))
      #expect(bound.storage == 1 - busy && bound.network == 0)
    }
    // Ten samples a file: a tenth of the files.
    tier.metadataRate = PerSecond(1e5)
    let single = system.utilization(from: tier, request: Bytes(1e5))
    system.bytesPerFile = Bytes(1e6)
    #expect(abs(system.utilization(from: tier, request: Bytes(1e5)) / single - min(1 / single, 10)) < 1e-9)
  }

  @Test("the shared table has the rows this suite reads", .enabled(if: SharedData.folder != nil))
  func present() { #expect(Self.rows.count == 73) }

  /// The store whose clients read as fast as one measurement says.
  static func tier(_ row: Row) -> StorageTier {
    var tier = StorageTier(name: row.system, readBandwidth: BytesPerSecond(row.rate * Double(row.clients)))
    tier.clientBandwidth = BytesPerSecond(row.rate)
    return tier
  }

  static func predicted(_ row: Row, from tier: StorageTier) throws -> Double {
    let shape = try #require(workloads[row.workload])
    // The benchmark's reader: 4 threads and 2 batches ahead of each unless a submission says otherwise.
    let loading = DataLoading(
      computePerBatch: Seconds(shape.compute), bytesPerBatch: Bytes(shape.bytes), workers: 4, prefetch: 8)
    let system = LoadingSystem(
      loading: loading, acceleratorsPerClient: row.accelerators / row.clients, clients: row.clients,
      networkPerClient: BytesPerSecond(.infinity))
    return system.utilization(from: tier, request: Bytes(shape.sample))
  }

  /// The one result whose reported rate and reported utilisation do not fit each other to 10 %: its rate
  /// feeds 75 % of its eight accelerators, while it reports 90 %. Why is not told.
  static func isAtOdds(_ row: Row) -> Bool {
    row.system.hasSuffix("Micron_9550_Gen5_Performance_NVMe") && row.workload == "unet3d emulated A100"
  }

  @Test(
    "accelerators are busy within 10 % of what was measured", .enabled(if: SharedData.folder != nil),
    arguments: rows)
  func measured(row: Row) throws {
    let busy = try Self.predicted(row, from: Self.tier(row))
    withKnownIssue("its rate and its utilisation are at odds by 17 %", isIntermittent: false) {
      #expect(abs(busy / row.busy - 1) <= 0.1, "\(busy) against \(row.busy)")
    } when: {
      Self.isAtOdds(row)
    }
  }

  @Test("shares sum to one, and the slower of store and network is blamed")
  func shares() {
    var stream = RandomStream(seed: 2, replication: 0, entity: "loading", purpose: "shapes")
    for _ in 0..<500 {
      let loading = DataLoading(
        computePerBatch: Seconds(stream.exponential()), bytesPerBatch: Bytes(1e9 * stream.exponential()),
        workers: Int(stream.below(8)), prefetch: Int(stream.below(16)))
      var system = LoadingSystem(
        loading: loading, acceleratorsPerClient: 1 + Int(stream.below(8)), clients: 1 + Int(stream.below(8)),
        networkPerClient: BytesPerSecond(5e9 * stream.exponential()))
      var tier = StorageTier(name: "t", readBandwidth: BytesPerSecond(50e9 * stream.exponential()))
      tier.latency = Seconds(0.01 * stream.exponential())
      let bound = system.bound(from: tier, request: Bytes(1e6))
      #expect(abs(bound.compute + bound.storage + bound.network - 1) < 1e-12)
      #expect(bound.compute > 0 && bound.compute <= 1 && bound.storage >= 0 && bound.network >= 0)
      #expect(bound.storage == 0 || bound.network == 0)
      let before = bound.compute
      system.networkPerClient = system.networkPerClient * 2
      tier.readBandwidth = tier.readBandwidth * 2
      #expect(system.utilization(from: tier, request: Bytes(1e6)) >= before - 1e-12)
    }
  }

  /// A loop of `prefetch` slots walked batch by batch; reads and computations as long as asked.
  private static func simulate(
    workers: Int, prefetch: Int, batches: Int, read: () -> Double, compute: () -> Double
  ) -> Double {
    var workerFree = [Double](repeating: 0, count: workers)
    var slotFree = [Double](repeating: 0, count: prefetch)
    var done = 0.0
    var (busy, start) = (0.0, 0.0)
    var ready: [Double] = []
    // Slots are freed in the order of computation; a batch is computed in the order in which it is read.
    for batch in 0..<batches {
      // The first batches fill the buffer and do not count.
      if batch == batches / 10 { (busy, start) = (0, done) }
      while !slotFree.isEmpty {
        let worker = workerFree.indices.min { workerFree[$0] < workerFree[$1] } ?? 0
        let end = max(workerFree[worker], slotFree.removeFirst()) + read()
        workerFree[worker] = end
        ready.append(end)
      }
      let next = ready.indices.min { ready[$0] < ready[$1] } ?? 0
      let time = compute()
      done = max(done, ready.remove(at: next)) + time
      busy += time
      slotFree.append(done)
    }
    return busy / (done - start)
  }

  @Test("the closed forms are what a walk from batch to batch gives")
  func walk() throws {
    for (workers, prefetch) in [(1, 1), (1, 2), (2, 4), (4, 8), (3, 3)] {
      for read in [0.1, 0.9, 1, 2.5, 7] {
        let loading = DataLoading(
          computePerBatch: Seconds(1), bytesPerBatch: Bytes(1), workers: workers, prefetch: prefetch)
        let steady = Self.simulate(
          workers: workers, prefetch: prefetch, batches: 2000, read: { read }, compute: { 1 })
        let formula = loading.utilization(each: BytesPerSecond(1 / read), all: BytesPerSecond(.infinity))
        #expect(abs(steady - formula) < 0.005, "\(workers) \(prefetch) \(read): \(steady), \(formula)")
      }
    }
  }

  @Test("a cache in front gives what neither side is overrun by")
  func cache() {
    let (fast, slow) = (BytesPerSecond(10), BytesPerSecond(2))
    #expect(StorageTier.cachedRate(hit: 0, cache: fast, behind: slow) == slow)
    #expect(StorageTier.cachedRate(hit: 1, cache: fast, behind: slow) == fast)
    #expect(StorageTier.cachedRate(hit: 0.5, cache: fast, behind: slow) == BytesPerSecond(4))
  }

  @Test("every tier of the catalogue is a tier; archives cost their delay and their early deletion")
  func catalogue() throws {
    for name in Catalog.builtIn.names(of: .storage) {
      let tier = try #require(StorageTier(name), "\(name)")
      #expect(tier.readTime(Bytes(1e9), clients: 4, request: Bytes(1e6)).value > 0)
      #expect(tier.writeTime(Bytes(1e9), clients: 4).value.isFinite)
    }
    let archive = try #require(StorageTier("s3-glacier-flexible"))
    #expect(archive.restoreTime(Bytes(1e9), clients: 1).value > 4 * 3600)
    let early = archive.prices.keeping(Bytes(1e12), for: Seconds(86_400), minimum: archive.minimumRetention)
    #expect(abs(early - 0.0036 * 1000 * 90 * 24 / 730) < 1e-9)
    #expect(StorageTier("no-such") == nil)
    let store = try #require(StorageTier("s3-standard"))
    // 5500 requests a second of 4 KiB each are far below the bandwidth.
    #expect(store.readShare(clients: 1, request: Bytes(4096), outstanding: 1_000_000).value <= 5500 * 4096)
    #expect(store.prices.reading(Bytes(1e9), requests: 1000, leaves: false) == 0.0004)
  }
}
