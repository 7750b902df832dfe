import Catalog
import Infrastructure
import Quantities

extension Pool {
  /// Accelerators that its scale-up links join: no more than a node holds, unless the links leave it.
  public var scaleUpDomain: Int {
    max(1, min(accelerator.scaleUpDomain, max(node.accelerators, accelerator.scaleUpDomain > 16 ? accelerators : 1)))
  }

  /// Whether something can interrupt a job on it.
  public var interrupts: Bool {
    market != nil || failures?.classes.contains { $0.systemMean.value.isFinite } == true
  }

  /// How long collectives take among its accelerators.
  public func collectives(catalog: Catalog, algorithm: String = "auto") -> any CollectiveModel {
    PlainCollectives(pool: self)
  }
}

/// INTERIM
struct PlainCollectives: CollectiveModel {
  let inner: Double
  let outer: Double
  init(pool: Pool) {
    inner = pool.accelerator.scaleUpBandwidth.value
    outer = pool.node.nicBandwidth.value / Double(pool.node.accelerators)
  }
  func time(of operation: CollectiveOperation, bytes: Bytes, among group: CollectiveGroup) -> Seconds {
    let rate = group.crossesDomains ? outer : inner
    return group.ranks <= 1 ? .zero : Seconds(2e-5 + operation.busFactor(ranks: group.ranks) * bytes.value / rate)
  }
}
