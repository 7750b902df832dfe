import Economics
import Quantities
import Scenario
import World

/// What one run of a job costs: the nodes that it held, for as long as it held them.
///
/// Rented nodes cost their rent; bought and reserved ones their share of what is paid for them anyway, and
/// electricity where the site says what it costs.
struct JobCost {
  var nodes = Money.zero
  var electricity = Money.zero
  /// Node-hours of any kind.
  var nodeHours: Double
  var total: Money { nodes + electricity }

  init(_ outcome: TrainingOutcome, of job: JobDeployment, on pool: Pool, site: Site) {
    let hours = { (seconds: Double) in seconds / 3600 }
    nodeHours = hours(outcome.heldNodeSeconds + outcome.spotNodeSeconds + outcome.fallbackNodeSeconds)
    switch pool.payment {
    case .rent(let price, _, _, _, _):
      nodes = price * hours(outcome.heldNodeSeconds)
      nodes += outcome.spotCost.map { Money($0) } ?? price * hours(outcome.spotNodeSeconds)
      if let market = pool.market {
        nodes += Money(market.onDemandPrice * hours(outcome.fallbackNodeSeconds))
      }
    case .lease(let leased): nodes = leased.lease.payment * (nodeHours / Calendar.hoursPerMonth)
    case .purchase(let price, let life, let residual):
      nodes = price * ((1 - residual) * nodeHours / hours(life.value))
    }
    if site.electricityPerKilowattHour > .zero {
      // Steps keep the accelerators busy nearly all the time.
      let kilowattHours =
        pool.fullNodePower.value / 1000 * site.powerUsageEffectiveness * nodeHours
      electricity = site.electricityPerKilowattHour * kilowattHours
    }
  }
}

extension Pool {
  /// Whether a job pays for its nodes only while it holds them.
  var isPaidByUse: Bool {
    if case .rent(_, let term, _, _, _) = payment {
      return (term == .onDemand || term == .spot || term == .custom) && rent.allSatisfy(\.isByUse)
    }
    return false
  }
}
