import Economics
import Scenario
import World

/// What the `events` of a design - planned outages, surges of demand - change of the requests of a run: the
/// run with them less the same one without. They happen once, so months are those of the latter, and this is
/// counted once over the horizon.
struct OneOffDemand: Sendable, Equatable {
  /// Requests that are sent more.
  var offered = 0.0
  /// Requests that are answered well more; below 0 where some are lost.
  var good = 0.0
  /// Those that are not met for it.
  var unmet: Double { offered - good }

  init(_ run: Outcome, of design: Design) {
    guard let rest = run.withoutEvents.first else { return }
    for (index, service) in design.services.enumerated() where !service.isBehindAnother {
      let (with, without) = (run.services[index].tally, rest.services[index].tally)
      offered += Double(with.measuredOffered - without.measuredOffered)
      good += Double(with.good - without.good)
    }
  }
}

extension Summary {
  /// What happens once, and what of it months hold.
  func eventNotes() -> [String] {
    let parts = models.indices.compactMap { index -> String? in
      let design = models[index].design
      let runs = outcomes(of: index).filter { !$0.withoutEvents.isEmpty }
      guard design.hasEvents, !runs.isEmpty else { return nil }
      let unmet = runs.reduce(0) { $0 + OneOffDemand($1, of: design).unmet } / Double(runs.count)
      return design.services.isEmpty
        ? design.name : "\(design.name) \(MoneyWords.whole(max(0, unmet))) requests"
    }
    if parts.isEmpty { return [] }
    return [
      "`events` happen once: months and their costs are those of the same runs without them, and what is not "
        + "met for them counts once over the horizon: " + parts.joined(separator: ", ")
    ]
  }
}
