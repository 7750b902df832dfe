import Economics
import Scenario
import World

/// What a reader of the costs should know.
extension Summary {
  /// What a month is made of, and what no cost holds.
  func moneyNotes() -> [String] {
    let spans = models.indices.flatMap { index in
      outcomes(of: index).prefix(1).flatMap { outcome in
        zip(models[index].design.services, outcome.services).compactMap { service, result -> Double? in
          guard case .endpoint = service.placement else { return nil }
          return result.rateSpan(from: outcome.measuredFrom).seconds
        }
      }
    }
    var notes: [String] = []
    if let shortest = spans.min(), shortest < Calendar.secondsPerMonth {
      let times = Int((Calendar.secondsPerMonth / shortest).rounded())
      let minutes = (shortest / 6).rounded() / 10
      notes.append(
        "a month of tokens is the \(minutes) min measured, \(times) times over: a busy hour bills a month "
          + "of busy hours")
    }
    if models.contains(where: { model in model.design.pools.indices.contains { model.design.isPaidByJobs($0) }
    }) {
      notes.append(
        "what jobs rent is paid once and spread over the horizon in the month; bought and reserved nodes "
          + "cost the month whatever runs: compare the cost of a run")
    }
    if !models.isEmpty {
      notes.append(
        "costs hold tokens, machines or their rent and, where the scenario gives them, electricity, staff "
          + "and one-off costs; not space, storage, egress, support contracts or taxes")
    }
    return notes
  }
}
