import Infrastructure
import Quantities
import Scenario
import Workloads

/// One collective that was timed.
public struct CollectiveOutcome: Sendable {
  /// Of the rows.
  public var name: String
  public var operation: CollectiveOperation
  public var ranks: Int
  public var bytes: Bytes
  public var time: Seconds
}

extension DesignModel {
  /// Times a collective at each of its sizes.
  func time(_ job: JobDeployment, named name: String, _ index: Int) -> [CollectiveOutcome] {
    let workload = scenario.collectives[index]
    let pool = design.pools[job.poolIndex]
    guard
      let network = pool.collectives(
        ranks: job.accelerators, catalog: scenario.catalog, algorithm: workload.algorithm)
    else { return [] }
    let group = network.group(ranks: job.accelerators)
    return workload.sizes.map { size in
      CollectiveOutcome(
        name: name, operation: workload.operation, ranks: job.accelerators, bytes: size,
        time: network.time(of: workload.operation, bytes: size, among: group))
    }
  }
}
