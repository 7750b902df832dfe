import Economics
import Quantities

/// When capacity comes, how demand may go, how often work is done again.
extension Resolver {
  /// Each is a capacity of its own that is simulated.
  private static let mostDeliveries = 60
  private static let mostGrowthPaths = 9

  /// Takes in when the nodes of a pool come.
  mutating func deliveries(_ value: Written, _ path: String, of pool: inout Pool, site: Site) {
    pool.acceptance = Seconds(quantity(value["acceptance"], .duration) ?? 0)
    guard let written = value["deliveries"], let items = written.items, !items.isEmpty else { return }
    let place = "\(path).deliveries"
    var batches: [Delivery] = []
    for (index, item) in items.enumerated() {
      guard let at = quantity(item["at"], .duration), let nodes = integer(item["count"]) else { continue }
      if at < site.leadTime.value * (1 - 1e-9) {
        fault(
          item["at"] ?? item, "\(place)[\(index)].at",
          "nothing comes before the site's lead time of \(days(site.leadTime)) after the start",
          help: "deliver it later, or shorten `lead-time` of the site '\(site.name)'")
      }
      let price = quantity(item["price"], .money).map { Money($0) }
      let isBought = if case .purchase = pool.payment { true } else { false }
      if let own = item["price"], !isBought {
        fault(own, "\(place)[\(index)].price", "only nodes that are bought have a price of their own")
      }
      batches.append(Delivery(at: Seconds(at), nodes: nodes, price: price, demand: number(item["if-demand"])))
    }
    if batches.count > Self.mostDeliveries {
      fault(written, place, "at most \(Self.mostDeliveries) deliveries are simulated")
      return
    }
    let sum = batches.reduce(0) { $0 + $1.nodes }
    if sum != pool.nodeCount && batches.count == items.count {
      fault(
        written, place, "the deliveries bring \(sum) nodes, `count` is \(pool.nodeCount)",
        help: "write `count: \(sum)`")
      return
    }
    pool.deliveries = Self.merged(batches)
  }

  /// In order of time; those of one time and price are one.
  private static func merged(_ batches: [Delivery]) -> [Delivery] {
    var merged: [Delivery] = []
    let sorted = batches.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
    for (_, batch) in sorted {
      if let last = merged.last, last.at == batch.at, last.price == batch.price, last.demand == batch.demand {
        merged[merged.count - 1].nodes += batch.nodes
      } else {
        merged.append(batch)
      }
    }
    return merged
  }

  private func days(_ time: Seconds) -> String {
    let days = (time.value / 8640).rounded() / 10
    return "\(days == days.rounded() ? String(Int(days)) : String(days)) days"
  }

  /// Jobs need their pool whole from the start.
  mutating func checkPhases(of design: Design, _ value: Written, _ path: String) {
    for job in design.jobs where !design.pools[job.poolIndex].deliveries.isEmpty {
      let pool = design.pools[job.poolIndex].name
      fault(
        value["jobs"]?[job.name] ?? value, "\(path).jobs.\(job.name)",
        "the pool '\(pool)' comes in batches: jobs are not simulated on a part of it",
        help: "give the job a pool without `deliveries`")
    }
  }

  // MARK: Demand

  mutating func demand(_ value: Written?) -> Demand {
    guard let value else { return .steady }
    var demand = path(value, or: Demand(most: 1000))
    if let base = value["scenarios"]?["base"] {
      if let growth = value["growth"] {
        fault(
          growth, "economics.demand.growth", "the scenario `base` says how demand grows",
          help: "leave `growth` out, or give the scenario another name")
      }
      demand = path(base, or: demand)
    }
    return demand
  }

  /// What a path does not say is as in `base`.
  private func path(_ value: Written, or base: Demand) -> Demand {
    var demand = base
    if let growth = quantity(value.members == nil ? value : value["growth"], .growth) {
      demand.monthlyGrowth = growth
    }
    if let items = value["launches"]?.items {
      demand.launches = items.map {
        Demand.Launch(at: Seconds(quantity($0["at"], .duration) ?? 0), factor: number($0["factor"]) ?? 1)
      }
    }
    if let items = value["seasons"]?.items { demand.seasons = items.compactMap { number($0) } }
    demand.most = number(value["most"]) ?? demand.most
    if let ramp = quantity(value["ramp"], .duration) { demand.ramp = Seconds(ramp) }
    return demand
  }

  /// The ways in which demand may go, in the order of the file.
  mutating func growthPaths(_ value: Written?, base: Demand) -> [GrowthPath] {
    let members = value?["scenarios"]?.members ?? []
    if members.count > Self.mostGrowthPaths, let written = value?["scenarios"] {
      fault(
        written, "economics.demand.scenarios", "at most \(Self.mostGrowthPaths) ways of demand are followed")
    }
    return members.map { GrowthPath(name: $0.key, demand: path($0.value, or: base)) }
  }

  mutating func unmetPrice(_ value: Written?) -> UnmetPrice? {
    guard let value else { return nil }
    let request = quantity(value["per-request"], .money).map { UnmetPrice.request(Money($0)) }
    let tokens = quantity(value["per-million-tokens"], .money).map { UnmetPrice.millionTokens(Money($0)) }
    if (request == nil) == (tokens == nil) {
      fault(
        value, "economics.unmet", "expected one of `per-request` and `per-million-tokens`",
        help: "such as { per-request: 0.01 USD }")
    }
    return request ?? tokens
  }

  func drift(_ value: Written?) -> Drift? {
    guard let value, let repeats = quantity(value["repeats"], .ratio) else { return nil }
    return Drift(
      monthly: min(1000, repeats), most: min(1000, quantity(value["most"], .ratio) ?? 1),
      retrained: quantity(value["retrained"], .duration).map { Seconds($0) })
  }

  mutating func jobRuns(_ value: Written?, _ path: String) -> JobRuns? {
    guard let value, let every = quantity(value["every"], .duration) else { return nil }
    if every < 60 {
      fault(value["every"] ?? value, "\(path).every", "runs are at least a minute apart")
      return nil
    }
    return JobRuns(every: Seconds(every), repeated: min(1, quantity(value["repeated"], .ratio) ?? 0))
  }
}
