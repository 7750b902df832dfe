import Kernel
import Scenario
import Workloads
import World

/// How figures were come by, and whether a run left the range that they were calibrated on.
extension Summary {
  /// The basis of each service's figures, the weakest of its models', in the order of the services.
  func bases(_ index: Int) -> [Basis] {
    models[index].design.services.enumerated().map { position, service in
      var own = models[index].latencyModels(ofService: position).map(\.basis)
      // What adapters add to a step is estimated, whatever the steps themselves are.
      if service.deployments.contains(where: { $0.adapters != nil }) { own.append(.estimated) }
      // The order of `Basis` is from the firmest to the weakest.
      return Basis.allCases.last { own.contains($0) } ?? .estimated
    }
  }

  /// The same by workload.
  func workloadBases(_ index: Int) -> [WorkloadBasis] {
    zip(models[index].design.services, bases(index)).map { service, basis in
      let workload = scenario.workloads[service.workloadIndex]
      return WorkloadBasis(
        workload: workload.name, basis: basis.rawValue, service: service.name,
        model: (service.model ?? workload.model).name)
    }
  }

  /// Says of every service with a calibrated engine where its runs went beyond what was measured.
  func rangeNotes() -> [String] {
    var notes: [String] = []
    for (index, model) in models.enumerated() {
      for (position, service) in model.design.services.enumerated() {
        for (role, deployment) in service.deployments.enumerated() {
          guard let range = deployment.engine.calibration,
            let reach = reach(of: index, service: position, role: role)
          else { continue }
          let departures = range.departures(
            deployment, accelerator: model.design.pools[deployment.poolIndex].accelerator.name,
            model: scenario.workloads[service.workloadIndex].model.name, reach: reach)
          if departures.isEmpty { continue }
          let note =
            "\(model.design.name)/\(service.name) leaves the range that \(deployment.engine.name) was "
            + "calibrated on: " + departures.joined(separator: "; ")
          if !notes.contains(note) { notes.append(note) }
        }
      }
    }
    return notes
  }

  /// Says where requests grew past the context of the model that answers them: an engine refuses those.
  func contextNotes() -> [String] {
    var notes: [String] = []
    for (index, model) in models.enumerated() {
      for (position, service) in model.design.services.enumerated() {
        let served = service.model ?? scenario.workloads[service.workloadIndex].model
        let longest = outcomes(of: index).map { $0.services[position].tally.longestContext }.max() ?? 0
        // An inline shape says nothing of its context.
        if served.name == "inline" || longest <= Int64(served.maximumContext) { continue }
        notes.append(
          "\(model.design.name)/\(service.name): requests take up to \(longest) tokens of prompt and "
            + "answer; the context of \(served.name) ends at \(served.maximumContext), and engines refuse "
            + "what is longer")
      }
    }
    return notes
  }

  /// Over all replications; `nil` when none ran.
  private func reach(of index: Int, service: Int, role: Int) -> ServiceReach? {
    var reach: ServiceReach?
    for outcome in outcomes(of: index) {
      let result = outcome.services[service]
      // To the last answer, as benchmark clients do.
      let end = max(result.sendingEnd, result.tally.lastCompletion)
      let own = ServiceReach(result, role: role, seconds: max(0, (end - outcome.measuredFrom).seconds))
      reach?.widen(to: own)
      reach = reach ?? own
    }
    return reach
  }
}
