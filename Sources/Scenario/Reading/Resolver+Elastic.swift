import Catalog
import Infrastructure
import Kernel
import Quantities
import Workloads

/// Pools whose nodes come and go, and the services that make them do so.
extension Resolver {
  /// Takes in `count: { min, max }`.
  mutating func elastic(_ pool: inout Pool, _ value: Written, _ path: String) {
    guard let count = value["count"], count.members != nil else { return }
    let (least, most) = (integer(count["min"]) ?? 0, pool.nodeCount)
    if least > most {
      fault(
        count["min"] ?? count, "\(path).count.min", "the minimum \(least) is above the maximum \(most)")
    }
    pool.leastNodes = min(least, most)
    if pool.isOwned || !pool.rent.allSatisfy(\.isByUse) {
      fault(
        count, "\(path).count", "only nodes that are rented by the hour come and go",
        help: pool.isOwned
          ? "bought ones are there all the time: write a number"
          : "what is committed to is paid all the time: give it a pool of its own")
    }
    for key in ["daily-use", "deliveries", "market"] {
      guard let other = value[key] else { continue }
      fault(
        other, "\(path).\(key)", "`\(key)` and nodes that come and go are not simulated together",
        help: key == "daily-use" ? "hours are counted: leave it out" : "write a number as `count`")
    }
    if let spares = value["failures"]?["spares"], pool.failures?.spares ?? 0 > 0 {
      fault(
        spares, "\(path).failures.spares", "another node is taken in the place of one that breaks",
        help: "leave `spares` out")
    }
  }

  /// Somebody has to make an elastic pool grow, and nobody may stand on it who does not say when.
  mutating func checkElastic(_ design: Design, _ value: Written, _ path: String) {
    for (index, pool) in design.pools.enumerated() where pool.isElastic {
      let written = value["pools"]?[pool.name]?["count"] ?? value
      let scales = design.services.contains {
        $0.autoscale != nil && $0.deployments.contains { $0.poolIndex == index }
      }
      // A member that may not get anything scales nothing, and its pool stays at its minimum.
      if !scales && isForMembers(pool.name, of: path) { continue }
      if !scales {
        fault(
          written, "\(path).pools.\(pool.name).count", "no service on the pool scales, so it never grows",
          help: "give a service `autoscale`, or write a number")
      }
      for job in design.jobs where job.poolIndex == index {
        fault(
          value["jobs"]?[job.name]?["pool"] ?? written, "\(path).jobs.\(job.name).pool",
          "jobs and nodes that come and go are not simulated together by this version",
          help: "a pool that only jobs run on is paid for what they hold: write a number as its `count`")
      }
      for service in design.services {
        guard case .disaggregated(let roles) = service.placement,
          [roles.prefill.poolIndex, roles.decode.poolIndex].contains(index)
        else { continue }
        fault(
          written, "\(path).pools.\(pool.name).count",
          "prefill and decode replicas do not scale in this version, and '\(service.name)' stands there",
          help: "write a number")
      }
    }
  }

  /// Whether a member that is written scales on a pool; where its workload may not be there it is none.
  private func isForMembers(_ pool: String, of design: String) -> Bool {
    writtenMembers.contains { member in
      member.place.hasPrefix("\(design).services.") && member.value["pool"]?.text == pool
        && member.value["autoscale"] != nil
    }
  }

  /// What a member that scales cannot be at the same time.
  mutating func checkScaling(
    _ value: Written, _ path: String, of service: Service, _ settings: AutoscaleSettings, in design: Design
  ) {
    guard let front = service.front, let fronting = design.services[front].fronting,
      let member = fronting.members.first(where: { design.services[$0.service].name == service.name })
    else { return }
    if let standby = member.standby {
      fault(
        value, "\(path).autoscale",
        "a member on \(standby.rawValue) standby is up or down as a whole", help: "leave one of them out")
    }
    if fronting.policy == .share && settings.minimum == 0 {
      fault(
        value["min"] ?? value, "\(path).autoscale.min",
        "a member with a share of the requests is never without replicas", help: "`min: 1`, or another policy"
      )
    }
  }

  /// Weights of a service that says `cold-start: from-storage` and names no store: new machines in a cloud
  /// read them from its object store. Those that are there at the start have them.
  mutating func placeWeights(_ value: Written, _ path: String, of index: Int, in design: inout Design) {
    guard value["autoscale"]?["cold-start"]?.text == "from-storage",
      design.services[index].coldStart == nil, value["cold-start"]?["from"] == nil,
      case .pool(let deployment) = design.services[index].placement,
      design.sites[design.pools[deployment.poolIndex].siteIndex].kind == .cloud,
      var tier = StorageTier(Self.usualStore, in: catalog)
    else { return }
    tier.name = "weights of \(design.services[index].name)"
    design.storage.append(tier)
    var start = ColdStart(
      storage: design.storage.count - 1, start: .zero,
      engineStart: Seconds(quantity(value["cold-start"]?["engine-start"], .duration) ?? 0))
    start.startsUp = true
    design.services[index].coldStart = start
    defaults.append(AppliedDefault(path: "\(path).cold-start.from", value: Self.usualStore))
  }

  private static let usualStore = "s3-standard"

  /// When the router stops sending to a replica.
  mutating func breaker(_ value: Written?, _ path: String) -> CircuitBreaker? {
    guard let value, value.members != nil else { return nil }
    let errors = quantity(value["errors"], .ratio) ?? 0
    if errors <= 0 || errors > 1 {
      fault(
        value["errors"] ?? value, "\(path).errors", "the share of errors lies above 0 and is at most 100 %",
        help: "such as 50%")
    }
    let window = ticks(value["window"], default: 10, at: "\(path).window")
    let pause = ticks(value["cool-down"], default: 30, at: "\(path).cool-down")
    for (key, span) in [("window", window), ("cool-down", pause)] where span.seconds < 0.001 {
      fault(value[key] ?? value, "\(path).\(key)", "the time is at least 1 ms")
    }
    return CircuitBreaker(errors: errors, window: window, coolDown: pause)
  }

  /// Whether an endpoint among members says nothing of replicas, which it has none of.
  mutating func isPlain(_ item: Written, _ place: String) -> Bool {
    if let pool = item["pool"] {
      fault(pool, "\(place).pool", "a member has a pool or an endpoint, not both")
      return false
    }
    let known = ["endpoint", "pricing", "spill-at", "standby"]
    let others = (item.members ?? []).filter { !known.contains($0.key) }
    for other in others {
      fault(
        other.value, "\(place).\(other.key)", "a managed endpoint has no `\(other.key)`", help: "leave it out"
      )
    }
    return others.isEmpty
  }
}
