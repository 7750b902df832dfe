import DryRack
import Infrastructure

/// How near the model of data loading comes to results of MLPerf Storage 1.0: accelerators that a store keeps
/// busy.
struct StorageScore {
  /// An accelerator that the benchmark emulates, as the table defines it.
  private struct Workload {
    var name: String
    var compute: Seconds
    var batch: Double
    var sample: Bytes
    /// Of a batch.
    var bytes: Bytes { sample * batch }
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

    /// Submissions that name their system for what ran on it are one system.
    var machine: String {
      let words = ["resnet50", "unet3d", "cosmoflow", "A100", "H100"]
      return system.split(separator: "_").filter { !words.contains(String($0)) }.joined(separator: "_")
        + ", \(clients) clients"
    }
  }

  private(set) var rows: [Row] = []
  private(set) var omissions: [String: Int] = [:]

  private var workloads: [Workload] = []

  /// - Parameter bytes: A table such as `infra/storage.csv`: results, and the workloads that they ran.
  init(_ bytes: [UInt8]) {
    NamedRows.forEach(in: bytes) { cells in
      if cells["kind"] == "workload constant", let workload = Self.workload(cells) {
        workloads.append(workload)
      }
    }
    NamedRows.forEach(in: bytes) { read($0) }
  }

  /// Its batch and its sample stand in the note: `batch 7, sample 146600628 bytes; …`.
  private static func workload(_ cells: [String: String]) -> Workload? {
    let words = (cells["note"] ?? "").split { " ,;".contains($0) }
    func number(behind word: Substring) -> Double? {
      words.firstIndex(of: word).flatMap { $0 + 1 < words.count ? Double(words[$0 + 1]) : nil }
    }
    guard let compute = Double(cells["value"] ?? ""), let batch = number(behind: "batch"),
      let sample = number(behind: "sample")
    else { return nil }
    let name = (cells["workload"] ?? "").replacing(" ", with: " emulated ")
    return Workload(name: name, compute: Seconds(compute), batch: batch, sample: Bytes(sample))
  }

  private mutating func read(_ cells: [String: String]) {
    let kind = cells["kind"] ?? ""
    guard (cells["campaign"] ?? "").hasPrefix("mlperf-storage-v1"), kind == "dataloader" else {
      // What defines a workload is used, if not judged.
      if kind != "workload constant" {
        omissions["\(kind): no accelerators that wait for it", default: 0] += 1
      }
      return
    }
    guard cells["metric"] == "read_bandwidth_per_client" else {
      omissions["\(cells["metric"] ?? ""): the same result in another unit", default: 0] += 1
      return
    }
    guard let accelerators = Int(cells["accelerators"] ?? ""), let rate = Double(cells["value"] ?? ""),
      let busy = Double(cells["au_pct"] ?? ""), let clients = Int(cells["clients"] ?? "1"), clients > 0
    else {
      omissions["a result without its accelerators or their utilisation", default: 0] += 1
      return
    }
    let row = Row(
      id: cells["id"] ?? "", system: cells["system"] ?? "", workload: cells["workload"] ?? "",
      accelerators: accelerators, clients: clients, rate: BytesPerSecond(rate * 1e9), busy: busy / 100)
    if workloads.contains(where: { $0.name == row.workload }) {
      rows.append(row)
    } else {
      omissions["workload '\(row.workload)' is not defined", default: 0] += 1
    }
  }

  // MARK: Model

  /// The share of the time that the row's accelerators compute when a client reads at `rate` at the most.
  func busy(_ row: Row, at rate: BytesPerSecond) -> Double {
    guard let shape = workloads.first(where: { $0.name == row.workload }) else { return 0 }
    var tier = StorageTier(name: row.system, readBandwidth: rate * Double(row.clients))
    tier.clientBandwidth = rate
    // The benchmark's reader: 4 threads and 2 batches ahead of each unless a submission says otherwise.
    let loading = DataLoading(
      computePerBatch: shape.compute, bytesPerBatch: shape.bytes, workers: 4, prefetch: 8)
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

  /// Errors of accelerators kept busy, each row by the rate of its own run.
  var ownErrors: [Double] { rows.map { busy($0, at: $0.rate) / $0.busy - 1 } }

  /// The same by the rate of another workload, where the row's system ran one.
  var crossErrors: [Double] { rows.compactMap { crossError($0) } }

  func crossError(_ row: Row, from kind: String? = nil) -> Double? {
    rateElsewhere(row, from: kind).map { busy(row, at: $0) / row.busy - 1 }
  }
}
