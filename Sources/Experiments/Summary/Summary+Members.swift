import Scenario
import World

extension Summary {
  /// How traffic was split among members: of each design's first run.
  func memberNotes() -> [String] {
    models.indices.flatMap { index -> [String] in
      guard let outcome = outcomes(of: index).first else { return [] }
      let design = models[index].design
      return design.services.compactMap { service in
        service.fronting.flatMap { note(of: service, $0, models[index], outcome) }
      }
    }
  }

  private func note(
    of service: Service, _ settings: FrontSettings, _ model: DesignModel, _ outcome: Outcome
  ) -> String? {
    let design = model.design
    let tallies = settings.members.map { outcome.services[$0.service].member ?? MemberTally() }
    let requests = tallies.reduce(0) { $0 + $1.measuredRequests }
    let tokens = tallies.reduce(0) { $0 + $1.promptTokens + $1.outputTokens }
    guard requests > 0 else { return nil }
    let cost = CostReader(scenario: scenario, model: model, outcome: outcome).cost
    let parts = zip(settings.members, tallies).map { member, tally in
      let share = percent(tally.measuredRequests, of: requests)
      let work = percent(Int(tally.promptTokens + tally.outputTokens), of: Int(tokens))
      let money = MoneyWords.whole(cost.perMonth(ofMember: member.service, design).units)
      let price = cost.isKnown ? ", \(money) \(scenario.economics.currency)/month" : ""
      return "\(member.name) \(share) of requests, \(work) of tokens\(price)"
    }
    let name = scenario.workloads[service.workloadIndex].name
    return "\(design.name)/\(name): " + parts.joined(separator: "; ")
  }

  private func percent(_ part: Int, of whole: Int) -> String {
    guard whole > 0 else { return "none" }
    return "\((Double(part) / Double(whole) * 1000).rounded() / 10) %"
  }
}
