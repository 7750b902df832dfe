import Economics
import Infrastructure
import Quantities
import Scenario
import World

/// What one run of a job costs at the stores that it reads and writes.
///
/// Requests, retrieval and data that leaves a site go by what the run did. Checkpoints are kept until they
/// are replaced, but are paid for the store's minimum retention. The data set is kept for as long as the run
/// takes: its share of what the design pays for all the time.
struct JobStores {
  /// Of the run alone; a design pays them once, or for each run.
  private(set) var charges: [(charge: Charge, date: String)] = []
  /// The data set's share, for which the design pays by the month.
  private(set) var keeping = Money.zero
  var total: Money { charges.reduce(keeping) { $0 + $1.charge.billed } }

  /// Years in which bought stores are written off.
  static let lifeOfHardware = Seconds(5 * Calendar.monthsPerYear * Calendar.secondsPerMonth)

  /// - Parameter workload: `nil` leaves the data set's share out.
  init(
    _ outcome: TrainingOutcome, _ job: TrainingJob, _ workload: TrainingWorkload?, on pool: Pool,
    of design: Design
  ) {
    for volume in outcome.stores where volume.bytesRead.value + volume.bytesWritten.value > 0 {
      guard let use = design.use(ofStore: volume.store) else { continue }
      add(volume, use, design.storage[volume.store], on: pool, of: design)
    }
    guard let store = job.dataStorage, let use = design.use(ofStore: store),
      let dataset = workload?.data?.dataset
    else { return }
    let span = Seconds(outcome.time.total.seconds)
    let tier = design.storage[store]
    keeping =
      use.purchasePerGigabyte > .zero
      ? use.purchasePerGigabyte * (dataset.value / 1e9 * (span / Self.lifeOfHardware))
      : Self.money(tier.prices.keeping(dataset, for: span, minimum: tier.minimumRetention))
  }

  private static func money(_ amount: Double) -> Money { Money(min(max(amount, 0), 1e12)) }

  private mutating func add(
    _ volume: StoreVolume, _ use: StorageUse, _ tier: StorageTier, on pool: Pool, of design: Design
  ) {
    let prices = tier.prices
    let what = volume.purpose == .samples ? "samples" : "checkpoints"
    let rows: [(String, Double, Double, String)] = [
      (
        "reads of \(what) from", prices.reading(.zero, requests: volume.reads, leaves: false), volume.reads,
        "Requests"
      ),
      (
        "retrieval of \(what) from", prices.reading(volume.bytesRead, requests: 0, leaves: false),
        volume.bytesRead.value / 1e9, "GB"
      ),
      ("writes of \(what) to", prices.writing(requests: volume.writes), volume.writes, "Requests"),
      kept(volume, use, tier),
    ]
    let site = use.siteIndex.map { design.sites[$0] }
    for (words, cost, quantity, unit) in rows where cost > 0 {
      charges.append(
        (
          Charges.storage(
            "\(words) \(use.name)", tier: use.tier, cost: Self.money(cost), quantity: quantity, unit: unit,
            provider: site?.provider ?? "own", region: site?.region ?? site?.name ?? "", source: use.source),
          use.date
        ))
    }
    guard let place = use.siteIndex, place != pool.siteIndex else { return }
    if !volume.isStaged {
      let own = Money(prices.perGigabyteEgress)
      addEgress(volume.bytesRead, what, from: design.sites[place], price: own)
    }
    addEgress(volume.bytesWritten, what, from: design.sites[pool.siteIndex], price: .zero)
  }

  /// What keeping its objects costs; of stores whose `holds` the scenario says, only what is paid for the
  /// time after objects were deleted.
  private func kept(
    _ volume: StoreVolume, _ use: StorageUse, _ tier: StorageTier
  ) -> (String, Double, Double, String) {
    func sum(atLeast minimum: Seconds) -> Double {
      volume.stays.reduce(0) {
        $0 + $1.count * tier.prices.keeping($1.bytes, for: $1.span, minimum: minimum)
      }
    }
    let whole = sum(atLeast: tier.minimumRetention)
    let cost = use.isKeptWritten ? whole - sum(atLeast: .zero) : whole
    let perGigabyte = tier.prices.perGigabyteMonth
    return ("checkpoints kept in", cost, perGigabyte > 0 ? cost / perGigabyte : 0, "GB-Months")
  }

  /// - Parameter price: the store's own; zero for the site's.
  private mutating func addEgress(_ bytes: Bytes, _ what: String, from site: Site, price: Money) {
    let price = price > .zero ? price : site.charges.egressPerGigabyte
    let gigabytes = bytes.value / 1e9
    guard price > .zero, gigabytes > 0 else { return }
    var charge = Charges.egress(
      gigabytes: min(gigabytes, 1e15 / max(1, price.units)), price: price, provider: site.provider ?? "own",
      site: site.name)
    charge.description = "egress of \(what)"
    charges.append((charge, ""))
  }
}

extension DesignCost {
  /// What jobs do to stores: paid once and spread over the horizon, or by each run of a job that is run
  /// again.
  mutating func addStores(ofJobs design: Design, _ outcome: Outcome) {
    for (item, result) in zip(design.trainingJobs, outcome.jobs) {
      let job = item.deployment
      let stores = JobStores(result, item.training, nil, on: design.pools[job.poolIndex], of: design)
      for (charge, date) in stores.charges {
        var charge = charge
        charge.holder = .work(job.name)
        charge.description += " for \(job.name)"
        if let runs = job.runs {
          let perMonth = 1 / runs.monthsPerRun
          (charge.billed, charge.quantity) = (charge.billed * perMonth, charge.quantity * perMonth)
          (charge.effective, charge.list) = (charge.billed, charge.billed)
          charge.description += ", \(MoneyWords.number(perMonth)) runs a month"
          items.append(Item(charge: charge, date: date, driver: .always))
          continue
        }
        charge.effective = .zero
        var share = Charges.oneOffShare(
          of: charge.description, service: job.name, cost: charge.billed, horizon: horizon.length)
        (share.service, share.holder, share.source) = (charge.service, charge.holder, charge.source)
        addOnce(charge, share)
      }
    }
  }
}
