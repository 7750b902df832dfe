import Catalog

/// What is not simulated together by this version, and how much of everything is.
extension Resolver {
  /// Most pools, and most services, members counted one by one: events of a run number them in 12 bits.
  private static let mostOfKind = 4095

  mutating func checkCounts(_ pools: [Pool], _ services: [Service], _ value: Written, _ path: String) {
    for (key, count) in [("pools", pools.count), ("services", services.count)] where count > Self.mostOfKind {
      fault(
        value[key] ?? value, "\(path).\(key)",
        "a design has at most \(Self.mostOfKind) \(key), and here are \(count)",
        help: key == "services" ? "each member of a `placement` counts" : nil)
    }
  }

  /// Fleets that grow are simulated at each of their sizes; what is tied to certain nodes, or to all of them,
  /// has no smaller form.
  mutating func checkDeliveries(_ pools: [Pool], at sites: [Site], _ value: Written, _ path: String) {
    guard let phased = pools.first(where: { !$0.deliveries.isEmpty }) else { return }
    let words =
      "and pools that come in deliveries, as '\(phased.name)', are not simulated together by this version"
    if let events = value["events"] { fault(events, "\(path).events", "`events` \(words)") }
    for service in value["services"]?.members ?? [] {
      guard let placement = service.value["placement"] else { continue }
      fault(
        placement, "\(path).services.\(service.key).placement", "services on several members \(words)",
        help: "give the service one pool, or let all nodes come together")
    }
    for pool in pools where !pool.deliveries.isEmpty {
      let written = value["pools"]?[pool.name]
      if let failures = written?["failures"], pool.failures != nil {
        fault(failures, "\(path).pools.\(pool.name).failures", "failures of nodes \(words)")
      }
      if sites[pool.siteIndex].facility.pricePerRack > .zero {
        fault(
          written?["deliveries"] ?? value, "\(path).pools.\(pool.name).deliveries",
          "racks that are rented (`rack-price`) \(words)")
      }
    }
  }
}
