import Scenario
import Workloads
import World

/// How figures were come by, and whether a run left the range that they were calibrated on.
extension Summary {
  /// The basis of each service's figures, in the order of the services.
  func bases(_ index: Int) -> [Basis] {
    models[index].design.services.indices.map { models[index].latencyModel(ofService: $0)?.basis ?? .estimated }
  }

  /// The same by workload.
  func workloadBases(_ index: Int) -> [WorkloadBasis] {
    zip(models[index].design.services, bases(index)).map { service, basis in
      WorkloadBasis(workload: scenario.workloads[service.workloadIndex].name, basis: basis.rawValue)
    }
  }

  /// Says of every service with a calibrated engine where its runs went beyond what was measured.
  func rangeNotes() -> [String] {
    var notes: [String] = []
    for (index, model) in models.enumerated() {
      let design = model.design
      for (position, service) in design.services.enumerated() {
        guard case .pool(let deployment) = service.placement, let range = deployment.engine.calibration,
          let reach = reach(of: index, service: position)
        else { continue }
        let departures = range.departures(
          deployment, accelerator: design.pools[deployment.poolIndex].accelerator.name,
          model: scenario.workloads[service.workloadIndex].model.name, reach: reach)
        guard !departures.isEmpty else { continue }
        notes.append(
          "\(design.name)/\(service.name) leaves the range that \(deployment.engine.name) was calibrated on: "
            + departures.joined(separator: "; "))
      }
    }
    return notes
  }

  /// Over all replications; `nil` when none ran.
  private func reach(of index: Int, service: Int) -> ServiceReach? {
    var reach: ServiceReach?
    for outcome in outcomes(of: index) {
      let own = ServiceReach(outcome.services[service], seconds: outcome.measuredSeconds)
      reach?.widen(to: own)
      reach = reach ?? own
    }
    return reach
  }
}
