import Catalog
import Kernel
import Quantities
import Workloads

/// Where data may go: told when the scenario is read. Nothing that runs may break it, but for a service that
/// is nowhere it may be, in a scenario that judges `residency_violations`.
extension Resolver {
  /// What a workload's `residency` and `data-class` allow, both where both are given; `nil` for anywhere.
  mutating func residency(_ value: Written, _ path: String) -> Residency? {
    var places: [String]?
    if let written = value["residency"] {
      let own = written.items?.compactMap(\.text) ?? written.text.map { [$0] } ?? []
      if own.isEmpty {
        fault(
          written, "\(path).residency", "nothing is allowed", help: "name sites, regions or kinds of sites")
      }
      places = own
    }
    guard let written = value["data-class"], let name = written.text else {
      return places.map(Residency.init)
    }
    let known = dataClasses?.members ?? []
    guard let found = known.last(where: { $0.key == name }) else {
      let near = nearestName(to: name, among: known.map(\.key)).map { "did you mean '\($0)'?" }
      let rest = known.isEmpty ? "write `data-classes: { \(name): [PLACE, …] }`" : nil
      fault(
        written, "\(path).data-class", "there is no data class '\(name)'",
        help: near ?? rest ?? "there are \(known.map(\.key).joined(separator: ", "))")
      return places.map(Residency.init)
    }
    let allowed = found.value.items?.compactMap(\.text) ?? []
    if allowed.isEmpty {
      fault(found.value, "data-classes.\(name)", "nothing is allowed", help: "name sites, regions or kinds")
    }
    guard let own = places else { return Residency(places: allowed) }
    let both = own.filter(allowed.contains)
    if both.isEmpty {
      fault(
        written, "\(path).data-class",
        "`residency` and the class '\(name)' have no place in common", help: "name the same places in both")
    }
    return Residency(places: both)
  }

  /// A service by itself stands where its workload may be.
  mutating func checkResidency(
    _ service: Service, _ written: Written, _ path: String, _ residency: Residency?, sites: [Site],
    pools: [Pool]
  ) {
    guard let residency else { return }
    if judgesResidency {
      let places = service.deployments.map { sites[pools[$0.poolIndex].siteIndex] }
      if case .endpoint(let preset) = service.placement {
        if !residency.allowsEndpoint(preset.name, provider: preset.provider) {
          noteViolation(path, residency)
        }
      } else if !places.allSatisfy(residency.allows) {
        noteViolation(path, residency)
      }
      return
    }
    if case .endpoint(let preset) = service.placement {
      if residency.allowsEndpoint(preset.name, provider: preset.provider) { return }
      return refuse(
        written["endpoint"] ?? written, "\(path).endpoint", "the endpoint '\(preset.name)'", residency, sites)
    }
    for deployment in service.deployments {
      let site = sites[pools[deployment.poolIndex].siteIndex]
      if !residency.allows(site) {
        refuse(
          written["pool"] ?? written, "\(path).pool",
          "the pool '\(pools[deployment.poolIndex].name)' at '\(site.name)'", residency, sites)
      }
    }
  }

  mutating func noteViolation(_ path: String, _ residency: Residency) {
    notes.append(
      "\(path): it is not where its workload may be (\(residency.places.joined(separator: ", "))); each of "
        + "its requests counts as one of the `\(Residency.violations)`")
  }

  mutating func refuse(
    _ written: Written, _ path: String, _ what: String, _ residency: Residency, _ sites: [Site]
  ) {
    let list = residency.places.joined(separator: ", ")
    let allowed = sites.filter(residency.allows).map(\.name)
    let known = sites.flatMap { [$0.name, $0.region, $0.provider].compactMap { $0 } }
    // Names of two letters are all alike: 'us' is no slip of 'eu'.
    let near = residency.places.compactMap { $0.count > 2 ? nearestName(to: $0, among: known) : nil }.first
    fault(
      written, path, "\(what) is not where the workload may be: \(list)",
      help: allowed.isEmpty
        ? near.map { "no site of the design is; did you mean '\($0)'?" }
          ?? "no site of the design is; its sites: \(sites.map(\.name).joined(separator: ", "))"
        : "the design has \(allowed.joined(separator: ", "))")
  }

  /// A job runs, and reads and keeps its data, where its workload may be.
  mutating func checkResidency(
    ofJob value: Written, _ path: String, _ residency: Residency?, pool: Pool, design: Design,
    storageWritten: Written?
  ) {
    guard let residency else { return }
    let site = design.sites[pool.siteIndex]
    if !residency.allows(site) {
      refuse(
        value["pool"] ?? value, "\(path).pool", "the pool '\(pool.name)' at '\(site.name)'", residency,
        design.sites)
    }
    let stores: [(Written?, String)] = [
      (value["data"], "data"), (value["checkpoint"]?["to"], "checkpoint.to"),
    ]
    for (written, key) in stores {
      guard let written, let name = written.text, let place = storageWritten?[name]?["site"]?.text,
        let site = design.sites.first(where: { $0.name == place }), !residency.allows(site)
      else { continue }
      refuse(
        written, "\(path).\(key)", "the storage '\(name)' at '\(site.name)'", residency, design.sites)
    }
    if let written = value["stage-in"]?["from"],
      let from = design.sites.first(where: { $0.name == written.text }), !residency.allows(from)
    {
      refuse(
        written, "\(path).stage-in.from", "the data at '\(from.name)'", residency, design.sites)
    }
  }

  // MARK: Lines between sites

  /// A line that one site gives holds in both directions, unless the other site gives its own.
  mutating func siteLinks(_ value: Written?, _ path: String, sites: [Site]) -> [SiteLink] {
    var links: [SiteLink] = []
    let names = sites.map(\.name)
    for (from, member) in (value?.members ?? []).enumerated() where from < sites.count {
      let place = "\(path).\(member.key).links"
      for link in member.value["links"]?.members ?? [] {
        guard let to = names.firstIndex(of: link.key) else {
          let near = nearestName(to: link.key, among: names).map { "did you mean '\($0)'?" }
          fault(
            link.value, "\(place).\(link.key)", "there is no site '\(link.key)'",
            help: near ?? "there are \(names.joined(separator: ", "))")
          continue
        }
        if to == from {
          fault(link.value, "\(place).\(link.key)", "a line leads to another site")
          continue
        }
        let bandwidth = quantity(link.value["bandwidth"], .bandwidth) ?? 0
        guard (1e3...1e15).contains(bandwidth) else {
          fault(
            link.value["bandwidth"] ?? link.value, "\(place).\(link.key).bandwidth",
            "the bandwidth must lie between 1 kB/s and 1 PB/s", help: "such as 10Gbps")
          continue
        }
        links.append(
          SiteLink(
            from: from, to: to, bandwidth: BytesPerSecond(bandwidth),
            latency: Seconds(quantity(link.value["latency"], .duration) ?? 0)))
      }
    }
    let written = links
    for link in written where !written.contains(where: { $0.from == link.to && $0.to == link.from }) {
      links.append(
        SiteLink(from: link.to, to: link.from, bandwidth: link.bandwidth, latency: link.latency))
    }
    return links
  }

  /// What a job's data takes to come to it: what is written, else a dataset that lies at another site with a
  /// line to the job's.
  mutating func stageIn(
    _ value: Written, _ path: String, pool: Pool, design: Design, workload: TrainingWorkload,
    storageWritten: Written?
  ) -> StageIn? {
    func link(from: Int) -> Int? {
      design.links.firstIndex { $0.from == from && $0.to == pool.siteIndex }
    }
    if let written = value["stage-in"] {
      let names = design.sites.map(\.name)
      guard index(written["from"], "\(path).stage-in.from", among: names, what: "site") != nil,
        let from = names.firstIndex(where: { $0 == written["from"]?.text })
      else { return nil }
      guard from != pool.siteIndex else {
        fault(written["from"] ?? written, "\(path).stage-in.from", "the data is at the job's site already")
        return nil
      }
      guard let found = link(from: from) else {
        fault(
          written["from"] ?? written, "\(path).stage-in.from",
          "there is no line from '\(names[from])' to '\(names[pool.siteIndex])'",
          help: "give the site `links: { \(names[pool.siteIndex]): { bandwidth: 10Gbps, latency: 20ms } }`")
        return nil
      }
      return StageIn(bytes: Bytes(quantity(written["size"], .bytes) ?? 0), link: found)
    }
    guard let data = workload.data, let name = value["data"]?.text ?? data.storage,
      let place = storageWritten?[name]?["site"]?.text,
      let from = design.sites.firstIndex(where: { $0.name == place }), from != pool.siteIndex,
      let found = link(from: from)
    else { return nil }
    guard let dataset = data.dataset else {
      fault(
        value["data"] ?? value, "\(path).data",
        "the samples of '\(workload.name)' lie at '\(place)', and nothing says how many bytes come over the "
          + "line", help: "give the workload's `data` a `dataset: 10TB`")
      return nil
    }
    return StageIn(bytes: dataset, link: found)
  }
}
