import Catalog
import Economics
import Kernel
import Quantities
import Scenario
import World

/// What a design costs at the load that was simulated: what comes every month, and what is paid before it is
/// used. `ledger` spreads both over the months of the horizon.
struct DesignCost {
  /// What a monthly charge goes by.
  enum Driver: Sendable {
    /// Nothing: it is the same whatever is done.
    case always
    /// The hours in which machines are switched on.
    case hours
    /// Demand.
    case demand
  }
  /// A charge of a whole month in use.
  struct Item: Sendable {
    var charge: Charge
    var date = ""
    var driver: Driver
    /// When it begins.
    var from = Seconds.zero
    /// Whether it is the rent of accelerators.
    var isRent = false
    /// Of what a pool that comes in batches uses: found under this name at every capacity, and as large as
    /// was simulated there. Empty for everything else.
    var key = ""
    /// That pool; empty for everything else.
    var pool = ""
    /// The batch of nodes that it is for; it comes only if that does.
    var batch: PoolBatch?
    /// Whether it is an amount at the simulated demand that goes with it in proportion: at other levels it is
    /// not simulated anew.
    var isInProportion = false
    /// Whether it goes by the people that the nodes in use take.
    var isByPeople = false
  }
  /// What a month does, at the rates of the results; tokens that are paid for are those of the bill.
  struct Work: Sendable, Equatable {
    var outputTokens = 0.0
    var tokens = 0.0
    /// Requests that are answered well while others are sent.
    var goodInSpan = 0.0
    /// Requests that are sent, and those of them that are answered well, however late in the run.
    var offered = 0.0
    var goodOfOffered = 0.0
    /// By service, in the order of the design's.
    var services: [ServiceWork] = []
    var goodRatio: Double { offered > 0 ? goodOfOffered / offered : 0 }
    var tokensPerRequest: Double { offered > 0 ? outputTokens / offered : 0 }
  }
  /// Accelerator-hours of a month in a pool: those that are paid for, and those in which something is
  /// computed.
  struct PoolUse: Sendable, Equatable {
    var pool: String
    var paidHours: Double
    var usefulHours: Double
    var busyRatio: Double { paidHours > 0 ? min(1, usefulHours / paidHours) : 0 }
  }
  /// What a month sends to a service, and what of it is answered well.
  struct ServiceWork: Sendable, Equatable {
    var name: String
    var offered: Double
    var goodOfOffered: Double
  }

  var items: [Item] = []
  var prepayments: [Prepayment] = []
  /// The batches of nodes that some of them are for, by position.
  var batchOfPrepayment: [Int: PoolBatch] = [:]
  /// Drawn at the meter in a month.
  var kilowattHoursPerMonth = 0.0
  /// Emitted for it; `nil` where nobody says how much of that a part of it is.
  var carbonKilogramsPerMonth: Double? = 0
  /// CO2 equivalent of making the machines, spread over their life; `nil` where nobody states that of a part.
  var embodiedKilogramsPerMonth: Double? = 0
  /// Accelerator-hours of a month: of all pools, of those rented, and those in which something is computed.
  var acceleratorHours = 0.0
  var rentedAcceleratorHours = 0.0
  var usefulAcceleratorHours = 0.0
  /// Those that are paid for: switched off, a node that is rented by the hour is not.
  var paidAcceleratorHours = 0.0
  /// The same of each pool that is paid for whatever jobs hold of it.
  var useOfPools: [PoolUse] = []
  /// List price × hours, or price over life: what an estimate on the back of an envelope says of a month.
  var naivePerMonth = Money.zero
  /// Share of its hours in which the design is in use.
  var dailyUse = 1.0
  /// When all of it is there; of a design that comes in batches, when every service has its first replica:
  /// infinite where that is never ordered as demand is expected.
  var firstService = Seconds.zero
  /// People.
  var people = 0.0
  /// Of a month, by pool and by service: machines of the one, tokens and data that leaves for the other.
  var ofPools: [Money] = []
  var ofServices: [Money] = []
  /// Leaves sites in a month for services on several members.
  var egressGigabytes = 0.0
  /// Accelerators held on the mean, by pool and by service.
  var heldOfPools: [Double] = []
  var heldByServices: [Double] = []
  /// Whether demand stays as it is.
  let isSteady: Bool

  /// False when there is something to pay by the token and nothing was measured: then no sum is known.
  var isKnown = true
  /// `nil` when nothing was measured.
  var workPerMonth: Work? = Work()
  /// What the design's `events` do to it, once.
  let once: OneOffDemand

  let design: Design
  let horizon: Horizon
  let catalog: Catalog

  /// Share of the paid hours of a pool in which something is computed; 0 for one that is not there.
  func busyRatio(ofPool name: String) -> Double {
    useOfPools.first { $0.pool == name }?.busyRatio ?? 0
  }

  /// Charges of a month in use, what was prepaid among them.
  var monthly: [Charge] { items.map(\.charge) + prepayments.map(\.use) }
  /// With the interest on what is bought on a loan.
  var effectivePerMonth: Money {
    prepayments.reduce(monthly.reduce(.zero) { $0 + $1.effective }) { $0 + $1.interestPerMonth }
  }
  /// What is due at once, before any month.
  var upfront: Money { prepayments.reduce(.zero) { $1.ordered == .zero ? $0 + $1.price : $0 } }
  /// The same with all the interest that is owed on it: what has to pay for itself.
  var invested: Money { prepayments.reduce(upfront) { $1.ordered == .zero ? $0 + $1.interest : $0 } }

  /// What of a month's cost goes by `driver`.
  func perMonth(_ driver: Driver) -> Money {
    let own = items.filter { $0.driver == driver }.reduce(Money.zero) { $0 + $1.charge.effective }
    return driver == .always
      ? prepayments.reduce(own) { $0 + $1.use.effective + $1.interestPerMonth } : own
  }

  /// Whether machines or time on them are paid before they are used; what is paid once is not.
  var buys: Bool { prepayments.contains(where: \.isRenewed) }

  /// The longest of the lives of what is bought at the start; `nil` where nothing is.
  var longestLife: Seconds? {
    prepayments.filter { $0.isRenewed && $0.ordered == .zero }.map(\.life).max()
  }

  /// What is paid every month beside what is prepaid.
  var billedPerMonth: Money { items.reduce(.zero) { $0 + $1.charge.billed } }

  init(design: Design, outcome run: Outcome, economics: EconomicsSettings, catalog: Catalog) {
    let outcome = run.ofMonths
    once = OneOffDemand(run, of: design)
    horizon = Horizon(economics.horizon)
    isSteady = economics.demand.isSteady
    heldOfPools = design.pools.enumerated().map {
      PoolHold($0.element, $0.offset, outcome).accelerators(of: $0.element)
    }
    heldByServices = design.services.enumerated().map { index, service in
      service.deployments.enumerated().reduce(0) { sum, entry in
        let replicas = outcome.replicasHeld(ofService: index, role: entry.offset, of: design)
        return sum + replicas * Double(entry.element.acceleratorsPerReplica)
      }
    }
    self.catalog = catalog
    self.design = design
    for (index, pool) in design.pools.enumerated() {
      firstService = max(firstService, design.firstService(of: pool))
      if design.isPaidByJobs(index) {
        ofPools.append(.zero)
        continue
      }
      let before = (items.count, prepayments.count)
      let start = effectivePerMonth
      add(pool, index, design, outcome)
      hold(.pool(pool.name), since: before)
      ofPools.append(effectivePerMonth - start)
    }
    if design.isPhased {
      let demand = economics.demand.with(design.drift)
      let first = design.stages { [horizon] in $0.isOrdered(at: demand, horizon) }.first {
        design.reduced(to: $0.nodes).services.count == design.services.count
      }
      firstService = first?.from ?? Seconds(.infinity)
    }
    settleUse(design)
    addJobs(design, outcome)
    addStores(ofJobs: design, outcome)
    for (index, service) in design.services.enumerated() {
      let before = (items.count, prepayments.count)
      let start = effectivePerMonth
      if let front = service.front {
        addWork(ofMember: index, of: front, design, outcome)
        // Nothing is answered before the last of the pools is there, so nothing is paid for answers.
        for item in before.0..<items.count { items[item].from = max(items[item].from, firstService) }
      } else {
        addWork(of: service, outcome.services[index], design, measuredFrom: outcome.measuredFrom)
      }
      hold(.work(service.name), since: before)
      ofServices.append(effectivePerMonth - start)
    }
    for service in design.services {
      let before = (items.count, prepayments.count)
      defer { hold(.work(service.name), since: before) }
      for item in service.oneOffCosts {
        addOnce(
          Charges.oneOffInvoice(
            of: item.name, service: service.name, cost: item.cost, acceleratorHours: item.acceleratorHours),
          Charges.oneOffShare(
            of: item.name, service: service.name, cost: item.cost, horizon: economics.horizon))
      }
    }
    addPlaces(design)
    addRacks(design)
    addPeople(design.staff)
    addOthers(design.otherCosts)
  }

  /// Says whom the charges are for that have come since then.
  mutating func hold(_ holder: Charge.Holder, since before: (items: Int, prepayments: Int)) {
    for index in before.items..<items.count { items[index].charge.holder = holder }
    for index in before.prepayments..<prepayments.count {
      prepayments[index].invoice.holder = holder
      prepayments[index].use.holder = holder
    }
  }

  /// The mean over the nodes of all pools.
  private mutating func settleUse(_ design: Design) {
    let nodes = design.pools.reduce(0.0) { $0 + Double($1.nodeCount) }
    if nodes > 0 {
      dailyUse = design.pools.reduce(0.0) { $0 + Double($1.nodeCount) * $1.dailyUse } / nodes
    }
  }

  /// Something paid once, written off over the horizon.
  mutating func addOnce(_ invoice: Charge, _ share: Charge) {
    var prepayment = Prepayment(
      invoice: invoice, use: share, price: invoice.billed, life: horizon.length)
    prepayment.isRenewed = false
    prepayments.append(prepayment)
  }

  private mutating func addPeople(_ staff: Staff?) {
    guard let staff else { return }
    people = staff.fullTimeEquivalents
    var charges = [Charges.staff(fullTimeEquivalents: people, salaryPerYear: staff.salaryPerYear)]
    if staff.softwarePerYear > .zero {
      charges.append(Charges.software(people: people, pricePerYear: staff.softwarePerYear))
    }
    for charge in charges {
      var item = Item(charge: charge, driver: .always)
      item.isByPeople = staff.staffing != nil
      items.append(item)
    }
  }

  private mutating func addOthers(_ costs: [OtherCost]) {
    for cost in costs {
      let charge = Charges.other(
        cost.name, amount: cost.amount, quantity: cost.quantity, service: cost.service, source: cost.source)
      if cost.period == .once {
        var invoice = charge
        (invoice.category, invoice.effective, invoice.unit) = (.purchase, .zero, "Unit")
        var share = Charges.oneOffShare(
          of: cost.name, service: cost.name, cost: invoice.billed, horizon: horizon.length)
        (share.service, share.source) = (cost.service, cost.source)
        addOnce(invoice, share)
      } else {
        var item = Item(charge: charge, driver: cost.followsDemand ? .demand : .always)
        item.isInProportion = cost.followsDemand
        items.append(item)
      }
    }
  }

  /// What a service does in a month, and what is paid for it by the token.
  ///
  /// An endpoint bills the requests that are sent in the span of the rates, however late it answers them: a
  /// slow one is not cheaper.
  ///
  /// Requests come in the hours of their workload; those that come while machines are switched off are not
  /// answered.
  private mutating func addWork(
    of service: Service, _ outcome: ServiceOutcome, _ design: Design, measuredFrom: Ticks
  ) {
    let span = outcome.rateSpan(from: measuredFrom)
    guard let seconds = span.seconds else {
      workPerMonth = nil
      if case .endpoint = service.placement { isKnown = false }
      return
    }
    let tally = outcome.tally
    let sent = Calendar.secondsPerMonth / seconds * service.dailyUse
    // Both roles of a service must be on.
    let hours = service.deployments.map { service.hours(on: design.pools[$0.poolIndex]) }.min()
    let months = Calendar.secondsPerMonth / seconds * (hours ?? service.dailyUse)
    workPerMonth?.offered += Double(tally.measuredOffered) * sent
    workPerMonth?.goodOfOffered += Double(tally.good) * months
    workPerMonth?.services.append(
      ServiceWork(
        name: service.name, offered: Double(tally.measuredOffered) * sent,
        goodOfOffered: Double(tally.good) * months)
    )
    guard case .endpoint(let preset) = service.placement else {
      workPerMonth?.outputTokens += Double(span.answers.outputTokens) * months
      workPerMonth?.tokens += Double(span.answers.outputTokens + span.answers.promptTokens) * months
      workPerMonth?.goodInSpan += Double(span.answers.good) * months
      return
    }
    workPerMonth?.outputTokens += Double(tally.outputTokens) * months
    workPerMonth?.tokens += Double(tally.outputTokens + tally.promptTokens) * months
    workPerMonth?.goodInSpan += Double(tally.good) * months
    addEndpoint(
      preset, service.endpointTerms ?? EndpointTerms(), input: Double(tally.promptTokens) * months,
      output: Double(tally.outputTokens) * months, requests: Double(tally.measured) * months)
  }

  mutating func addEndpoint(
    _ preset: EndpointPreset, _ terms: EndpointTerms, input: Double, output: Double, requests: Double
  ) {
    let isOwnPrice = terms.inputPricePerMillion != nil || terms.outputPricePerMillion != nil
    if terms.provisionedUnits > 0 {
      let charge = Charges.provisioned(
        endpoint: preset.name, provider: preset.provider, units: terms.provisionedUnits,
        pricePerUnitHour: terms.provisionedPerHour)
      items.append(Item(charge: charge, driver: .always))
      naivePerMonth += charge.effective
    } else {
      let charge = Charges.tokens(
        endpoint: preset.name, provider: preset.provider, inputPerMonth: input, outputPerMonth: output,
        inputPricePerMillion: terms.inputPricePerMillion ?? preset.inputPricePerMillion,
        outputPricePerMillion: terms.outputPricePerMillion ?? preset.outputPricePerMillion,
        source: isOwnPrice ? "scenario" : preset.source)
      items.append(Item(charge: charge, date: isOwnPrice ? "" : preset.date, driver: .demand))
      naivePerMonth += charge.effective
    }
    if terms.perRequest > .zero {
      let charge = Charges.requests(
        endpoint: preset.name, provider: preset.provider, count: requests, price: terms.perRequest)
      items.append(Item(charge: charge, driver: .demand))
      naivePerMonth += charge.effective
    }
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

  /// From the start until the first nodes of a pool are in use: the site's lead time, the time it takes to
  /// get capacity, and acceptance.
  func firstService(of pool: Pool) -> Seconds { batches(of: pool)[0].from }
}
