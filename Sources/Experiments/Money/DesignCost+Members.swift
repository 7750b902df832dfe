import Economics
import Kernel
import Quantities
import Scenario
import World

/// Money of services on several members, and of data that goes from site to site.
extension DesignCost {
  /// What a member does in a month: its endpoint's tokens, and what leaves sites for it. The work is the
  /// front's, counted with its first member.
  mutating func addWork(ofMember index: Int, of front: Int, _ design: Design, _ outcome: Outcome) {
    let service = design.services[index]
    let span = outcome.services[front].rateSpan(from: outcome.measuredFrom)
    guard let seconds = span.seconds, let member = outcome.services[index].member else {
      workPerMonth = nil
      if case .endpoint = service.placement { isKnown = false }
      return
    }
    let months = Calendar.secondsPerMonth / seconds * service.dailyUse
    if index == front {
      let tally = outcome.services[front].tally
      workPerMonth?.offered += Double(tally.measuredOffered) * months
      workPerMonth?.goodOfOffered += Double(tally.good) * months
      workPerMonth?.outputTokens += Double(span.answers.outputTokens) * months
      workPerMonth?.tokens += Double(span.answers.outputTokens + span.answers.promptTokens) * months
      workPerMonth?.goodInSpan += Double(span.answers.good) * months
    }
    if case .endpoint(let preset) = service.placement {
      addEndpoint(
        preset, service.endpointTerms ?? EndpointTerms(), input: Double(member.promptTokens) * months,
        output: Double(member.outputTokens) * months, requests: Double(member.answered) * months)
    }
    addEgress(ofMember: index, of: front, design, member, months: months)
  }

  /// Prompts leave the site that requests come in at, and answers that of the member.
  private mutating func addEgress(
    ofMember index: Int, of front: Int, _ design: Design, _ tally: MemberTally, months: Double
  ) {
    guard let settings = design.services[front].fronting, let entry = settings.entry,
      let member = settings.members.first(where: { $0.service == index }), member.siteIndex != entry
    else { return }
    let each = settings.bytesPerToken / 1e9 * months
    addEgress(
      Double(tally.promptTokensGiven) * each, from: design.sites[entry],
      "prompts of \(design.services[index].name)")
    if let site = member.siteIndex {
      addEgress(
        Double(tally.outputTokens) * each, from: design.sites[site],
        "answers of \(design.services[index].name)")
    }
  }

  private mutating func addEgress(_ gigabytes: Double, from site: Site, _ what: String) {
    egressGigabytes += gigabytes
    guard site.charges.egressPerGigabyte > .zero else { return }
    var charge = Charges.egress(
      gigabytes: gigabytes, price: site.charges.egressPerGigabyte, provider: site.provider ?? "own",
      site: site.name)
    charge.description = "egress of \(what)"
    items.append(Item(charge: charge, driver: .demand))
  }

  /// Data that jobs wait for, paid where it leaves: once, or by each run of a job that is run again, as every
  /// run waits for it.
  mutating func addStagedData(_ design: Design) {
    for (deployment, _, job) in design.trainingJobs {
      let cost = design.stageInCost(job)
      guard let stageIn = job.stageIn, cost > .zero else { continue }
      let site = design.sites[design.links[stageIn.link].from]
      var invoice = Charges.egress(
        gigabytes: stageIn.bytes.value / 1e9, price: site.charges.egressPerGigabyte,
        provider: site.provider ?? "own", site: site.name)
      invoice.description = "egress of the data of \(deployment.name)"
      invoice.holder = .work(deployment.name)
      if let runs = deployment.runs {
        let perMonth = 1 / runs.monthsPerRun
        (invoice.billed, invoice.quantity) = (invoice.billed * perMonth, invoice.quantity * perMonth)
        (invoice.effective, invoice.list) = (invoice.billed, invoice.billed)
        invoice.description += ", \(MoneyWords.number(perMonth)) runs a month"
        items.append(Item(charge: invoice, driver: .always))
        continue
      }
      invoice.effective = .zero
      var share = Charges.oneOffShare(
        of: invoice.description, service: deployment.name, cost: invoice.billed, horizon: horizon.length)
      (share.service, share.holder) = (.networking, invoice.holder)
      addOnce(invoice, share)
    }
  }

  /// A member's part of a month: its part of its pool's accelerators, its tokens, and data that leaves sites
  /// for it.
  func perMonth(ofMember index: Int, _ design: Design) -> Money {
    let own = ofServices.indices.contains(index) ? ofServices[index] : .zero
    return design.services[index].deployments.reduce(own) { sum, deployment in
      let (held, pool) = (heldByServices[index], deployment.poolIndex)
      let all = design.pools[pool].isElastic ? heldOfPools[pool] : max(1, heldOfPools[pool])
      return all > 0 ? sum + ofPools[pool] * min(1, held / all) : sum
    }
  }
}
