import Economics
import Kernel
import Quantities
import Scenario
import World

/// The bill of a design for one month at the load that was simulated.
struct DesignCost {
  /// Charges of a month in use.
  var monthly: [Charge] = []
  /// What is invoiced once, at the start.
  var invoices: [Charge] = []
  /// What is bought, all nodes of a pool together.
  private var assets: [Asset] = []
  /// What is paid once and is worth nothing afterwards.
  private var spentAtOnce = Money.zero
  /// Drawn at the meter in a month.
  var kilowattHoursPerMonth = 0.0

  /// False when there is something to pay by the token and nothing was measured: then no sum is known.
  private(set) var isKnown = true
  /// What a month's money buys, at the rates of the results; tokens that are paid for are those of the bill.
  /// `nil` when nothing was measured.
  private(set) var workPerMonth: (outputTokens: Double, good: Double)? = (0, 0)

  var effectivePerMonth: Money { monthly.reduce(.zero) { $0 + $1.effective } }
  var billedPerMonth: Money { monthly.reduce(.zero) { $0 + $1.billed } }

  /// All payments over the horizon, less what what is bought is worth at its end, discounted to the start.
  func presentValue(horizon: Seconds, yearlyRate: Double) -> Money {
    assets.reduce(
      spentAtOnce + Economics.presentValue(monthly: billedPerMonth, horizon: horizon, yearlyRate: yearlyRate)
    ) {
      $0 + $1.presentValue(horizon: horizon, yearlyRate: yearlyRate)
    }
  }

  /// - Parameter horizon: what is paid once is spread over it.
  init(design: Design, outcome: Outcome, horizon: Seconds) {
    for (index, pool) in design.pools.enumerated() where !design.isPaidByJobs(index) {
      add(pool, index, design, outcome)
    }
    addJobs(design, outcome, horizon: horizon)
    for (index, service) in design.services.enumerated() {
      addWork(of: service, outcome.services[index], measuredFrom: outcome.measuredFrom)
    }
    for service in design.services {
      for item in service.oneOffCosts {
        spentAtOnce += item.cost
        invoices.append(
          Charges.oneOffInvoice(
            of: item.name, service: service.name, cost: item.cost, acceleratorHours: item.acceleratorHours))
        monthly.append(
          Charges.oneOffShare(of: item.name, service: service.name, cost: item.cost, horizon: horizon))
      }
    }
    if let staff = design.staff {
      monthly.append(
        Charges.staff(fullTimeEquivalents: staff.fullTimeEquivalents, salaryPerYear: staff.salaryPerYear))
    }
  }

  /// Rent of nodes that jobs hold while they run: paid once, spread over the horizon as what is paid once is.
  private mutating func addJobs(_ design: Design, _ outcome: Outcome, horizon: Seconds) {
    for (job, result) in zip(design.trainingJobs.map(\.deployment), outcome.jobs)
    where design.isPaidByJobs(job.poolIndex) {
      let pool = design.pools[job.poolIndex]
      let site = design.sites[pool.siteIndex]
      let cost = JobCost(result, of: job, on: pool, site: site)
      let months = max(1, horizon.value / Calendar.secondsPerMonth)
      kilowattHoursPerMonth +=
        pool.node.power.value / 1000 * site.powerUsageEffectiveness * cost.nodeHours / months
      spentAtOnce += cost.total
      invoices.append(
        Charges.jobRent(
          of: pool.node.name, job: job.name, cost: cost.total, nodeHours: cost.nodeHours,
          provider: site.provider ?? pool.node.provider ?? "", region: site.region ?? ""))
      monthly.append(
        Charges.oneOffShare(
          of: "nodes held by \(job.name)", service: job.name, cost: cost.total, horizon: horizon))
    }
  }

  /// What a service does in a month, and what is paid for it by the token.
  ///
  /// An endpoint bills the requests that are sent in the span of the rates, however late it answers them: a
  /// slow one is not cheaper.
  private mutating func addWork(of service: Service, _ outcome: ServiceOutcome, measuredFrom: Ticks) {
    let span = outcome.rateSpan(from: measuredFrom)
    guard let seconds = span.seconds else {
      workPerMonth = nil
      if case .endpoint = service.placement { isKnown = false }
      return
    }
    let months = Calendar.secondsPerMonth / seconds
    guard case .endpoint(let preset) = service.placement else {
      workPerMonth?.outputTokens += Double(span.answers.outputTokens) * months
      workPerMonth?.good += Double(span.answers.good) * months
      return
    }
    let tally = outcome.tally
    workPerMonth?.outputTokens += Double(tally.outputTokens) * months
    workPerMonth?.good += Double(tally.good) * months
    monthly.append(
      Charges.tokens(
        endpoint: preset.name, provider: preset.provider,
        inputPerMonth: Double(tally.promptTokens) * months,
        outputPerMonth: Double(tally.outputTokens) * months,
        inputPricePerMillion: preset.inputPricePerMillion,
        outputPricePerMillion: preset.outputPricePerMillion,
        source: preset.source))
  }

  private mutating func add(_ pool: Pool, _ index: Int, _ design: Design, _ outcome: Outcome) {
    let site = design.sites[pool.siteIndex]
    let power = Self.averagePower(of: pool, index: index, design: design, outcome: outcome)
    kilowattHoursPerMonth += power.value / 1000 * site.powerUsageEffectiveness * Calendar.hoursPerMonth
    switch pool.payment {
    case .purchase(let price, let life, let residual):
      assets.append(Asset(price: price * Double(pool.nodeCount), life: life, residual: residual))
      monthly.append(
        Charges.amortization(
          of: pool.node.name, nodes: pool.nodeCount, price: price, life: life, residual: residual,
          site: site.name))
      invoices.append(
        Charges.purchaseInvoice(of: pool.node.name, nodes: pool.nodeCount, price: price, site: site.name))
    case .rent(let price, let term, let source, _, let region):
      let isElsewhere = !region.isEmpty && site.region != nil && site.region != region
      monthly.append(
        Charges.rent(
          of: pool.node.name, nodes: pool.nodeCount, pricePerNodeHour: price,
          provider: site.provider ?? pool.node.provider ?? "", region: site.region ?? "",
          term: isElsewhere ? "\(term.rawValue), price of \(region)," : term.rawValue,
          source: source))
    }
    if site.electricityPerKilowattHour > .zero {
      monthly.append(
        Charges.electricity(
          averagePower: power, powerUsageEffectiveness: site.powerUsageEffectiveness,
          pricePerKilowattHour: site.electricityPerKilowattHour, site: site.name))
    }
  }

  /// Idle power plus the rest in proportion to the accelerators' busy time.
  static func averagePower(of pool: Pool, index: Int, design: Design, outcome: Outcome) -> Watts {
    var busy = 0.0
    for (service, result) in zip(design.services, outcome.services) {
      for (role, deployment) in service.deployments.enumerated() where deployment.poolIndex == index {
        busy +=
          Utilization.busySeconds(result.replicas(ofRole: role)) * Double(deployment.acceleratorsPerReplica)
      }
    }
    for (job, result) in zip(design.trainingJobs.map(\.deployment), outcome.jobs) where job.poolIndex == index
    {
      busy += (result.time.useful + result.time.lost).seconds * Double(job.accelerators)
    }
    let available = outcome.end.seconds * Double(pool.accelerators)
    let ratio = available > 0 ? min(1, busy / available) : 0
    let node = pool.node.idlePower + (pool.node.power - pool.node.idlePower) * ratio
    return node * Double(pool.nodeCount)
  }
}

extension Design {
  /// Whether the nodes of a pool are rented by the hour and held by training jobs alone.
  func isPaidByJobs(_ index: Int) -> Bool {
    guard pools[index].isPaidByUse,
      !services.flatMap(\.deployments).contains(where: { $0.poolIndex == index })
    else { return false }
    return trainingJobs.contains { $0.deployment.poolIndex == index }
  }
}
