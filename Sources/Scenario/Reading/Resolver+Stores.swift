import Catalog
import Economics
import Infrastructure
import Quantities
import Workloads

/// Caches before stores, and what jobs keep on stores.
extension Resolver {
  /// A cache before the store of that index; `nil` without one, and after a fault.
  mutating func cache(_ value: Written?, _ path: String, store: Int) -> StorageCache? {
    guard let value else { return nil }
    let kind = value["kind"]?.text ?? standing("nvme", at: "\(path).kind", as: "nvme")
    guard var tier = StorageTier(Self.storageKinds[kind] ?? kind, in: catalog) else {
      let known = catalog.writableNames(of: .storage) + Self.storageKinds.keys.sorted()
      let near = nearestName(to: kind, among: known).map { "did you mean '\($0)'?" }
      fault(
        value["kind"] ?? value, "\(path).kind", "the catalogue has no storage '\(kind)' with a bandwidth",
        help: near ?? "such as nvme")
      return nil
    }
    if let written = value["read-bandwidth"], let own = quantity(written, .bandwidth) {
      guard own > 0 else {
        fault(written, "\(path).read-bandwidth", "the bandwidth must be positive")
        return nil
      }
      tier.readBandwidth = BytesPerSecond(own)
    }
    if tier.retrievalDelay > .zero {
      fault(
        value["kind"] ?? value, "\(path).kind", "an archive answers after hours: it is no cache",
        help: "such as nvme")
      return nil
    }
    let size = quantity(value["size"], .bytes) ?? 0
    guard size >= 1 else {
      fault(value["size"] ?? value, "\(path).size", "a cache holds something", help: "such as 3TB")
      return nil
    }
    return StorageCache(
      store: store, kind: Self.storageKinds[kind] ?? kind, tier: tier, size: Bytes(size),
      isShared: value["shared"]?.text == "true")
  }

  /// What jobs do to stores: faults of what cannot be read, and what lies on them unless the scenario says
  /// so.
  mutating func settleStores(
    of design: inout Design, _ trainings: [TrainingWorkload], _ value: Written, _ path: String
  ) {
    for (deployment, workload, job) in design.trainingJobs {
      let place = "\(path).jobs.\(deployment.name)"
      let written = value["jobs"]?[deployment.name] ?? value
      if let store = job.dataStorage {
        checkReading(from: store, of: trainings[workload], design, written, place)
      }
      tellMissingPrices(of: job, design, place)
    }
    for cache in design.caches {
      let name = design.storage[cache.store].name
      if !design.trainingJobs.contains(where: { $0.training.dataStorage == cache.store }) {
        notes.append("\(path).storage.\(name).cache: no job reads samples from '\(name)': it answers nothing")
      }
    }
    settleKept(of: &design, trainings, path)
    addCaches(to: &design)
  }

  private mutating func checkReading(
    from store: Int, of workload: TrainingWorkload, _ design: Design, _ written: Written, _ path: String
  ) {
    let tier = design.storage[store]
    if tier.retrievalDelay > .zero {
      let tenths = Int(min((tier.retrievalDelay.value / 360).rounded(), 1e9))
      let hours = tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
      fault(
        written["data"] ?? written, "\(path).data",
        "'\(tier.name)' is an archive: what lies there must be restored for \(hours) h before it is read, so "
          + "no step can read its samples from it",
        help:
          "restore them to a store that answers at once, and let `data` name that; the archive's own cost "
          + "goes by `holds` and `retrieves`")
    }
    if design.caches.contains(where: { $0.store == store }), workload.data?.dataset == nil {
      fault(
        written["data"] ?? written, "\(path).data",
        "'\(tier.name)' has a cache, and nothing says how large the data set of '\(workload.name)' is",
        help: "give the workload's `data` a `dataset: 10TB`")
    }
  }

  /// Rented stores whose entry knows what keeping costs, but not what requests do.
  private mutating func tellMissingPrices(of job: TrainingJob, _ design: Design, _ path: String) {
    var told: [String] = []
    for store in [job.dataStorage, job.checkpoints.storage] {
      guard let store, let use = design.use(ofStore: store), use.purchasePerGigabyte == .zero,
        !told.contains(use.name)
      else { continue }
      told.append(use.name)
      let rows = catalog.rows(of: .storage, named: use.tier)
      if let provider = rows.first(where: { $0.key == "provider" })?.value, provider == "on-prem" {
        notes.append("\(path): the catalogue has no price of '\(use.tier)': what lies there costs nothing")
        continue
      }
      let missing = [
        ("monthly-price", "keeping"), ("get-price", "reads"), ("put-price", "writes"),
        ("retrieval-price", "reading back"),
      ].filter { key, _ in !rows.contains { $0.key == key } }.map(\.1)
      if missing.isEmpty { continue }
      notes.append(
        "\(path): the catalogue has no price of \(missing.joined(separator: ", ")) of '\(use.tier)': they "
          + "cost nothing")
    }
  }

  /// Data sets lie where they are read, all the time.
  private mutating func settleKept(of design: inout Design, _ trainings: [TrainingWorkload], _ path: String) {
    for index in design.storage.indices {
      guard
        let place = design.storageUse.firstIndex(where: { $0.name == design.storage[index].name }),
        !design.storageUse[place].isKeptWritten
      else { continue }
      var kept = 0.0
      var counted: [Int] = []
      for (_, workload, job) in design.trainingJobs {
        if job.dataStorage == index, !counted.contains(workload) {
          counted.append(workload)
          kept += trainings[workload].data?.dataset?.value ?? 0
        }
      }
      guard kept > 0 else { continue }
      design.storageUse[place].kept = Bytes(kept)
      let words = "\((kept / 1e8).rounded() / 10) GB"
      defaults.append(
        AppliedDefault(path: "\(path).storage.\(design.storage[index].name).holds", value: words))
    }
  }

  /// A shared cache is bought or rented by its size; nodes' own disks are part of the nodes.
  private mutating func addCaches(to design: inout Design) {
    for cache in design.caches where cache.isShared {
      guard let before = design.use(ofStore: cache.store) else { continue }
      let rows = catalog.rows(of: .storage, named: cache.kind)
      let bought = rows.first { $0.key == "purchase-price" }
      let priced = rows.first { $0.key == "monthly-price" } ?? bought
      design.storageUse.append(
        StorageUse(
          name: "cache of \(before.name)", tier: cache.kind, siteIndex: before.siteIndex, kept: cache.size,
          retrieved: .zero, leaving: .zero, readsPerMonth: 0, writesPerMonth: 0,
          purchasePerGigabyte: Money(bought?.number ?? 0), source: priced?.source ?? "scenario",
          date: priced?.date ?? ""))
    }
  }
}
