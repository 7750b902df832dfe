import Catalog
import Workloads

extension Resolver {
  /// Cuts the accelerators of a pool by the profile it names.
  mutating func cut(_ pool: inout Pool, _ written: Written?, _ path: String) {
    guard let written, let profile = written.text else { return }
    guard let partition = catalog.partition(profile, of: pool.accelerator) else {
      let names = catalog.partitions(of: pool.accelerator.name)
      let near = nearestName(to: profile, among: names).map { "did you mean '\($0)'?" }
      fault(
        written, path, "the catalogue knows no partition '\(profile)' of \(pool.accelerator.name)",
        help: names.isEmpty
          ? "it cannot be cut, or nobody has said how" : near ?? "there are \(names.joined(separator: ", "))")
      return
    }
    if pool.powerCap != nil {
      fault(written, path, "accelerators that are cut are not simulated under a power cap by this version")
      return
    }
    pool.partition = partition
    pool.accelerator = partition.instance(of: pool.accelerator)
    pool.node.accelerators *= partition.instances
  }

  /// Why a replica does not fit its accelerators, and what would help.
  mutating func tellShortage(
    _ value: Written, _ path: String, of memory: MemoryPlan, model: ModelShape, on pool: Pool,
    accelerators: Int
  ) {
    let cut = pool.partition.map { " cut by \($0.profile)" } ?? ""
    fault(
      value, path, "\(model.name) on \(accelerators) × \(pool.accelerator.name)\(cut) \(memory.shortage)",
      help: pool.partition == nil
        ? nil : "instances have no links: take a profile with more memory, or whole accelerators")
  }
}
