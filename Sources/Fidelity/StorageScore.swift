import DryRack
import Infrastructure

/// How near the model of data loading comes to results of MLPerf Storage 1.0: accelerators that a store keeps
/// busy.
struct StorageScore {
  /// An accelerator that the benchmark emulates: compute time of a batch, samples of a batch, bytes of a sample
  /// (mlcommons/storage, configuration of the workloads, version 1.0).
  private struct Workload {
    var compute: Seconds
    var batch: Double
    var sample: Bytes
  }

  /// One submitted result.
  struct Row {
    var id: String
    var system: String
    var workload: String
    var accelerators: Int
    var clients: Int
    /// What a client read.
    var rate: BytesPerSecond
    /// The share of the time that accelerators computed.
    var busy: Double

    /// What is trained, without the accelerator.
    var kind: String { String(workload.prefix { $0 != " " }) }
    var isAccelerated: Bool { StorageScore.workloads.contains { $0.name == workload } }

    /// Submissions that name their system for what ran on it are one system.
    var machine: String {
      let words = ["resnet50", "unet3d", "cosmoflow", "A100", "H100"]
      return system.split(separator: "_").filter { !words.contains(String($0)) }.joined(separator: "_")
        + ", \(clients) clients"
    }
  }

  private(set) var rows: [Row] = []
  private(set) var omissions: [String: Int] = [:]

  private static let workloads: [(name: String, shape: Workload)] = [
    ("unet3d emulated A100", Workload(compute: Seconds(0.636), batch: 7, sample: Bytes(146_600_628))),
    ("unet3d emulated H100", Workload(compute: Seconds(0.323), batch: 7, sample: Bytes(146_600_628))),
    ("resnet50 emulated A100", Workload(compute: Seconds(0.435), batch: 400, sample: Bytes(114_660.07))),
    ("resnet50 emulated H100", Workload(compute: Seconds(0.224), batch: 400, sample: Bytes(114_660.07))),
    ("cosmoflow emulated A100", Workload(compute: Seconds(0.00551), batch: 1, sample: Bytes(2_828_486))),
    ("cosmoflow emulated H100", Workload(compute: Seconds(0.0035), batch: 1, sample: Bytes(2_828_486))),
  ]

  /// - Parameter bytes: A table such as `infra/storage.csv`.
  init(_ bytes: [UInt8]) {
    NamedRows.forEach(in: bytes) { cells in
      let metric = cells["metric"] ?? ""
      guard (cells["campaign"] ?? "").hasPrefix("mlperf-storage-v1"), cells["kind"] == "dataloader" else {
        omissions["\(cells["kind"] ?? ""): no accelerators that wait for it", default: 0] += 1
        return
      }
      // The samples a second of the same result stand in a row of their own.
      guard metric == "read_bandwidth_per_client" else { return }
      guard let accelerators = Int(cells["accelerators"] ?? ""), let rate = Double(cells["value"] ?? ""),
        let busy = Double(cells["au_pct"] ?? "")
      else {
        omissions["a result without its accelerators or their utilisation", default: 0] += 1
        return
      }
      let row = Row(
        id: cells["id"] ?? "", system: cells["system"] ?? "", workload: cells["workload"] ?? "",
        accelerators: accelerators, clients: max(1, Int(cells["clients"] ?? "") ?? 1),
        rate: BytesPerSecond(rate * 1e9), busy: busy / 100)
      if row.isAccelerated { rows.append(row) } else { omissions["workload '\(row.workload)'", default: 0] += 1 }
    }
  }

  // MARK: Model

  /// The share of the time that the row's accelerators compute when a client reads at `rate` at the most.
  static func busy(_ row: Row, at rate: BytesPerSecond) -> Double {
    guard let shape = workloads.first(where: { $0.name == row.workload })?.shape else { return 0 }
    var tier = StorageTier(name: row.system, readBandwidth: rate * Double(row.clients))
    tier.clientBandwidth = rate
    // The benchmark's reader: 4 threads and 2 batches ahead of each unless a submission says otherwise.
    let loading = DataLoading(
      computePerBatch: shape.compute, bytesPerBatch: shape.sample * shape.batch, workers: 4, prefetch: 8)
    let system = LoadingSystem(
      loading: loading, acceleratorsPerClient: max(1, row.accelerators / row.clients), clients: row.clients,
      networkPerClient: BytesPerSecond(.infinity))
    return system.utilization(from: tier, request: shape.sample)
  }

  /// The fastest that the row's system read for a client with another workload; `nil` where it ran none.
  func rateElsewhere(_ row: Row, from kind: String? = nil) -> BytesPerSecond? {
    rows.filter { $0.machine == row.machine && $0.kind != row.kind && (kind == nil || $0.kind == kind) }
      .map(\.rate).max { $0.value < $1.value }
  }
}
