import Kernel
import Scenario
import Workloads
import World

extension Outcome {
  /// What a service did with all of its members: its own counts, and everybody's replicas in order.
  func joined(service index: Int, of design: Design) -> ServiceOutcome {
    let members = design.members(ofService: index)
    var result = services[index]
    for member in members where member != index { result.replicas += services[member].replicas }
    if members.count > 1 { result.life = joinedLife(of: members) }
    return result
  }
}

extension Outcome {
  /// What became of all members' replicas; those of members that cannot fall were up all the time.
  private func joinedLife(of members: [Int]) -> LifeOutcome? {
    guard members.contains(where: { services[$0].life != nil }) else { return nil }
    let span = members.compactMap { services[$0].life?.span }.max() ?? 0
    var sum = LifeOutcome(span: span)
    for member in members {
      let count = services[member].replicas.count
      let steady = Double(count) * span
      let own = services[member].life
      sum.upSeconds += own?.upSeconds ?? steady
      sum.heldSeconds += own?.heldSeconds ?? steady
      sum.falls += own?.falls ?? 0
      sum.opens += own?.opens ?? 0
      sum.mostUp += own?.mostUp ?? count
    }
    return sum
  }
}

extension Utilization {
  /// Where the requests' time went; shares sum to 1. Work of members is split as their own replicas spent
  /// theirs; nothing is known of an endpoint's. `nil` when no request was answered.
  static func boundBy(_ outcome: Outcome, service index: Int, of design: Design)
    -> [(cause: String, share: Double)]?
  {
    let members = design.members(ofService: index)
    let own = outcome.services[index]
    if members.count == 1 { return boundBy(own) }
    let total = Double(own.tally.e2e.sum)
    guard total > 0 else { return nil }
    let queue = Double(own.tally.queue.sum)
    let travel = Double(own.tally.networkTicks)
    var (compute, memory, network) = (0.0, 0.0, 0.0)
    for member in members {
      let replicas = outcome.services[member].replicas
      let busy = replicas.reduce(0.0) { $0 + Double($1.busy) }
      if busy <= 0 { continue }
      let working = outcome.services[member].member?.workingSeconds ?? 0
      func part(_ path: KeyPath<ReplicaTotals, Int128>) -> Double {
        replicas.reduce(0.0) { $0 + Double($1[keyPath: path]) } / busy * working * 16e9
      }
      compute += part(\.compute)
      memory += part(\.memory)
      network += part(\.network)
    }
    let lost = Double(own.tally.lostQueueTicks)
    let host = max(0, total - queue - travel - compute - memory - network)
    let all = queue + travel + compute + memory + network + host
    return [
      ("compute", compute / all), ("memory", memory / all), ("network", (network + travel) / all),
      ("host", host / all), ("queue", (queue - lost) / all), ("failure", lost / all),
    ]
  }
}

extension MetricReader {
  /// How a service's requests were split among its members, and whether data stayed where it may be.
  mutating func readMembers(_ index: Int) {
    let design = model.design
    let workload = scenario.workloads[design.services[index].workloadIndex]
    if let settings = design.services[index].fronting {
      let given = settings.members.reduce(0) {
        $0 + (outcome.services[$1.service].member?.measuredRequests ?? 0)
      }
      func share(_ count: Int) -> Double? { given > 0 ? Double(count) / Double(given) : nil }
      let first = outcome.services[index].member?.measuredRequests ?? 0
      add(workload.name, "overflow_ratio", share(given - first), "ratio")
      let seconds = rateSpan(ofService: index).seconds
      let reader = CostReader(scenario: scenario, model: model, outcome: outcome)
      for member in settings.members {
        let tally = outcome.services[member.service].member ?? MemberTally()
        func add(_ metric: String, _ value: Double?, _ unit: String) {
          self.add(workload.name, metric, value, unit, statistic: member.name)
        }
        add("member_requests_ratio", share(tally.measuredRequests), "ratio")
        let sent = tally.measuredRequests
        add("member_goodput_ratio", sent > 0 ? Double(tally.good) / Double(sent) : nil, "ratio")
        add("member_output_tokens_per_s", seconds.map { Double(tally.outputTokens) / $0 }, "tokens/s")
        let use = Utilization.ofRoles(
          design: design, service: member.service, model: model, outcome: outcome)
        add("member_gpu_busy_ratio", use.first?.busy, "ratio")
        let cost = reader.cost.perMonth(ofMember: member.service, design).units
        add("member_cost_per_month", reader.cost.isKnown ? cost : nil, "\(scenario.economics.currency)/month")
      }
      add(
        workload.name, "egress_gb_per_month", seconds == nil ? nil : reader.cost.egressGigabytes, "GB/month")
    }
    if workload.residency != nil {
      let members = design.members(ofService: index)
      let violations = members.reduce(0) { $0 + outcome.violations(ofService: $1, design, workload) }
      precondition(
        violations == 0 || scenario.judgesResidency, "requests stay where their workload may be")
      add(workload.name, Residency.violations, Double(violations), "1")
    }
  }
}

extension Outcome {
  /// Requests answered where their workload must not be.
  fileprivate func violations(ofService index: Int, _ design: Design, _ workload: InferenceWorkload) -> Int {
    if let member = services[index].member { return member.violations }
    guard let residency = workload.residency else { return 0 }
    let isAllowed = residency.allows(design.services[index], in: design)
    return isAllowed ? 0 : services[index].tally.offered
  }
}
