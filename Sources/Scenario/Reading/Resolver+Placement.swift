import Catalog
import Kernel
import Quantities
import Workloads

/// Services whose requests go to several pools and endpoints.
extension Resolver {
  /// Waiting requests a replica that a gateway calls saturated: the queue depth at which the saturation
  /// detector of the Kubernetes Gateway API Inference Extension does so (`DefaultQueueDepthThreshold`).
  private static let usualSpill = 5.0
  /// English text takes some four bytes a token.
  private static let usualBytesPerToken = 4.0

  /// A member as it is read, before members know of each other.
  private struct Candidate {
    var name: String
    var written: Written
    var path: String
    var service: Service
    var siteIndex: Int?

    func isAllowed(by residency: Residency, _ sites: [Site]) -> Bool {
      if case .endpoint(let preset) = service.placement {
        return residency.allowsEndpoint(preset.name, provider: preset.provider)
      }
      return siteIndex.map { residency.allows(sites[$0]) } ?? false
    }
  }

  /// The members of one service, in the order in which they are asked; they take the places of the design's
  /// services from `first` on. None where something is wrong.
  mutating func placed(
    _ member: Written.Member, _ path: String, first: Int, sites: [Site], links: [SiteLink], pools: [Pool],
    poolsWritten: Written?, workloads: [InferenceWorkload]
  ) -> [Service] {
    let value = member.value
    for key in ["pool", "endpoint", "disaggregation"] {
      guard let other = value[key] else { continue }
      fault(
        other, "\(path).\(key)", "a service has `\(key)` or `placement`, not both",
        help: key == "disaggregation"
          ? "prefill and decode of members are not simulated by this version" : "make it a member")
      return []
    }
    guard
      index(value["workload"], "\(path).workload", among: workloadNames, what: "workload") != nil,
      let workload = workloads.first(where: { $0.name == value["workload"]?.text })
    else { return [] }
    guard let items = value["placement"]?.items, !items.isEmpty else {
      fault(
        value["placement"] ?? value, "\(path).placement", "nobody answers", help: "name a pool or an endpoint"
      )
      return []
    }
    var candidates: [Candidate] = []
    var isFaulty = false
    for (index, item) in items.enumerated() {
      guard
        let candidate = candidate(
          item, "\(path).placement[\(index)]", of: member, path, sites: sites, pools: pools,
          poolsWritten: poolsWritten, workloads: workloads)
      else {
        isFaulty = true
        continue
      }
      if candidates.contains(where: { $0.name == candidate.name }) {
        fault(
          item, "\(path).placement[\(index)]", "'\(candidate.name)' is a member already",
          help: "raise the `replicas` of the other one")
        isFaulty = true
        continue
      }
      candidates.append(candidate)
    }
    if isFaulty { return [] }
    order(&candidates, value, path)
    return joined(
      candidates, member, path, first: first, sites: sites, links: links, pools: pools, workload: workload)
  }

  private mutating func candidate(
    _ item: Written, _ place: String, of member: Written.Member, _ path: String, sites: [Site], pools: [Pool],
    poolsWritten: Written?, workloads: [InferenceWorkload]
  ) -> Candidate? {
    guard let name = item["pool"]?.text ?? item["endpoint"]?.text else {
      fault(item, place, "the member has neither a pool nor an endpoint")
      return nil
    }
    if item["endpoint"] != nil && !isPlain(item, place) { return nil }
    let ofFront = ["placement", "overflow", "enters", "bytes-per-token", "failover", "admission", "one-off"]
    let own = (item.members ?? []).map(\.key)
    let rest = (member.value.members ?? []).filter { !ofFront.contains($0.key) && !own.contains($0.key) }
    var merged = item
    merged.content = .map((item.members ?? []) + rest)
    let full = Written.Member(
      key: "\(member.key)/\(name)", keyLine: member.keyLine, keyColumn: member.keyColumn, value: merged,
      origin: member.origin)
    guard
      var service = self.service(full, place, pools: pools, poolsWritten: poolsWritten, workloads: workloads)
    else { return nil }
    queueing(merged, place, of: &service, workloads[service.workloadIndex])
    writtenMembers.append(WrittenMember(place: "\(path)/\(name)", value: merged, path: place))
    let siteIndex = service.deployments.first.map { pools[$0.poolIndex].siteIndex }
    return Candidate(name: name, written: merged, path: place, service: service, siteIndex: siteIndex)
  }

  /// Brings members into the order of the router's `fallback`; those that it leaves out come last.
  private mutating func order(_ candidates: inout [Candidate], _ value: Written, _ path: String) {
    guard let written = value["router"]?["fallback"] else { return }
    let names = candidates.map(\.name)
    var places: [Int] = []
    for (index, item) in (written.items ?? []).enumerated() {
      let place = "\(path).router.fallback[\(index)]"
      guard self.index(item, place, among: names, what: "member") != nil,
        let found = names.firstIndex(where: { $0 == item.text })
      else { continue }
      if places.contains(found) {
        fault(item, place, "'\(names[found])' is named twice")
        continue
      }
      places.append(found)
    }
    places += candidates.indices.filter { !places.contains($0) }
    candidates = places.map { candidates[$0] }
  }

  // MARK: The front

  private mutating func joined(
    _ all: [Candidate], _ member: Written.Member, _ path: String, first: Int, sites: [Site],
    links: [SiteLink], pools: [Pool], workload: InferenceWorkload
  ) -> [Service] {
    let value = member.value
    var candidates = resident(all, value, path, sites: sites, residency: workload.residency)
    if candidates.isEmpty { return [] }
    let (entry, isSaid) = entry(value, path, sites: sites, candidates, residency: workload.residency)
    let policy = policy(value["overflow"], path)
    if policy == .nearest {
      candidates = nearest(candidates, entry: entry, sites: sites, links: links)
    }
    let shares = shares(value["overflow"], "\(path).overflow", policy, all: all, candidates)
    guard let queue = FrontSettings.Queue(rawValue: value["overflow"]?["counts"]?.text ?? "waiting") else {
      return []
    }
    if candidates.count == 1 && (!isSaid || entry == candidates[0].siteIndex) {
      return [alone(candidates[0], member, path, workload)]
    }
    let bytes =
      number(value["bytes-per-token"])
      ?? standing(Self.usualBytesPerToken, at: "\(path).bytes-per-token", as: "4")
    let usual = number(value["overflow"]?["spill-at"])
    let members = candidates.enumerated().map { index, candidate in
      var member = FrontSettings.Member(
        service: first + index, name: candidate.name, siteIndex: candidate.siteIndex,
        spillAt: number(candidate.written["spill-at"]) ?? usual
          ?? standing(Self.usualSpill, at: "\(candidate.path).spill-at", as: "5"),
        share: shares.isEmpty ? 0 : shares[index])
      member.standby = candidate.written["standby"]?.text.flatMap(FrontSettings.Standby.init)
      return member
    }
    var settings = FrontSettings(
      policy: policy, queue: queue, members: members, entry: entry, bytesPerToken: bytes)
    settings.standbyStart = standbyStart(value, path, members, candidates.map(\.written))
    settings.factor = factor(value["overflow"], "\(path).overflow", settings)
    checkForecasts(settings, value, path, candidates, workload)
    noteLines(settings, path, sites: sites, links: links)
    var services = candidates.map(\.service)
    for index in services.indices { services[index].front = first }
    services[0].fronting = settings
    services[0].admission = door(value, path, candidates, workload)
    services[0].oneOffCosts = oneOffCosts(value["one-off"], "\(path).one-off")
    return services
  }

  /// One member is the service itself.
  private mutating func alone(
    _ candidate: Candidate, _ member: Written.Member, _ path: String, _ workload: InferenceWorkload
  ) -> Service {
    var service = candidate.service
    service.name = member.key
    writtenMembers.append(WrittenMember(place: path, value: candidate.written, path: candidate.path))
    if member.value["admission"] != nil {
      service.admission = admission(member.value["admission"], "\(path).admission", of: service, workload)
    }
    service.oneOffCosts = oneOffCosts(member.value["one-off"], "\(path).one-off")
    return service
  }

  /// Those where the workload may be; the others get none of its requests.
  private mutating func resident(
    _ candidates: [Candidate], _ value: Written, _ path: String, sites: [Site], residency: Residency?
  ) -> [Candidate] {
    guard let residency else { return candidates }
    let allowed = candidates.filter { $0.isAllowed(by: residency, sites) }
    if allowed.isEmpty && judgesResidency {
      noteViolation(path, residency)
      return candidates
    }
    if allowed.isEmpty {
      refuse(
        value["placement"] ?? value, "\(path).placement",
        "the placement (\(candidates.map(\.name).joined(separator: ", ")))", residency, sites)
    }
    for candidate in candidates where !allowed.contains(where: { $0.name == candidate.name }) {
      notes.append(
        "\(path): '\(candidate.name)' gets no request, for the workload may be at "
          + "\(residency.places.joined(separator: ", ")) alone")
    }
    return allowed
  }

  private mutating func entry(
    _ value: Written, _ path: String, sites: [Site], _ candidates: [Candidate], residency: Residency?
  ) -> (site: Int?, isSaid: Bool) {
    guard let written = value["enters"] else { return (candidates[0].siteIndex, false) }
    let names = sites.map(\.name)
    guard index(written, "\(path).enters", among: names, what: "site") != nil,
      let found = names.firstIndex(where: { $0 == written.text })
    else { return (nil, true) }
    if let residency, !residency.allows(sites[found]),
      !judgesResidency || candidates.contains(where: { $0.isAllowed(by: residency, sites) })
    {
      refuse(written, "\(path).enters", "the site '\(sites[found].name)'", residency, sites)
    }
    return (found, true)
  }

  private func policy(_ value: Written?, _ path: String) -> FrontSettings.Policy {
    if let name = value?.text ?? value?["policy"]?.text, let policy = FrontSettings.Policy(rawValue: name) {
      return policy
    }
    return value?["share"] == nil ? .order : .share
  }

  /// By round trip, equal ones in the order they were in; endpoints, whose way is not known, come last.
  private func nearest(
    _ candidates: [Candidate], entry: Int?, sites: [Site], links: [SiteLink]
  ) -> [Candidate] {
    func way(_ candidate: Candidate) -> Double {
      guard let site = candidate.siteIndex else { return .infinity }
      guard let entry else { return sites[site].roundTrip.value }
      if entry == site { return 0 }
      func latency(_ from: Int, _ to: Int) -> Double {
        links.first { $0.from == from && $0.to == to }?.latency.value ?? 0
      }
      return latency(entry, site) + latency(site, entry)
    }
    return candidates.enumerated().sorted { (way($0.element), $0.offset) < (way($1.element), $1.offset) }
      .map(\.element)
  }

  /// Weights of the members that are left, scaled to sum to 1; none for other policies.
  private mutating func shares(
    _ value: Written?, _ path: String, _ policy: FrontSettings.Policy, all: [Candidate],
    _ candidates: [Candidate]
  ) -> [Double] {
    guard let written = value?["share"] else {
      if policy == .share, let value {
        fault(value, path, "nothing says who gets which share", help: "such as `share: { POOL: 80%, … }`")
      }
      return []
    }
    if policy != .share {
      fault(written, "\(path).share", "shares are for `policy: share`", help: "leave one of them out")
      return []
    }
    var sum = 0.0
    for member in written.members ?? [] {
      let name = Written(content: .scalar(member.key), line: member.keyLine, column: member.keyColumn)
      _ = index(name, "\(path).share.\(member.key)", among: all.map(\.name), what: "member")
      sum += quantity(member.value, .ratio) ?? 0
    }
    if abs(sum - 1) > 1e-6 {
      let percent = (sum * 1e4).rounded() / 100
      fault(written, "\(path).share", "the shares sum to \(percent) %, not to 100 %")
    }
    let own = candidates.map { quantity(written[$0.name], .ratio) ?? 0 }
    let left = own.reduce(0, +)
    return own.map { left > 0 ? $0 / left : 1 / Double(own.count) }
  }

  /// A standby stands by for somebody, and a cold one says how long it takes to start.
  private mutating func standbyStart(
    _ value: Written, _ path: String, _ members: [FrontSettings.Member], _ written: [Written]
  ) -> Ticks {
    if !members.isEmpty && members.allSatisfy({ $0.standby != nil }) {
      fault(value["placement"] ?? value, "\(path).placement", "all members stand by, and nobody answers")
    }
    for (member, item) in zip(members, written) where member.standby == .cold && member.siteIndex == nil {
      fault(
        item["standby"] ?? item, "\(path).placement", "an endpoint is always up", help: "`standby: warm`")
    }
    let start = value["failover"]?["start"]
    let isCold = members.contains { $0.standby == .cold }
    if isCold && start == nil {
      fault(
        value, path, "nothing says how long a cold standby takes to start", help: "`failover: { start: 90s }`"
      )
    }
    if !isCold, let failover = value["failover"] {
      fault(failover, "\(path).failover", "no member is a cold standby", help: "give one `standby: cold`")
    }
    return start == nil ? .zero : ticks(start, default: 0, at: "\(path).failover.start")
  }

  private mutating func factor(_ value: Written?, _ path: String, _ settings: FrontSettings) -> Double {
    if let written = value?["factor"] {
      if !settings.readsForecasts {
        fault(written, "\(path).factor", "a factor needs `policy: forecast` or `policy: cost`")
      }
      return number(written) ?? 1
    }
    return settings.readsForecasts ? standing(1, at: "\(path).factor", as: "1") : 1
  }

  private mutating func checkForecasts(
    _ settings: FrontSettings, _ value: Written, _ path: String, _ candidates: [Candidate],
    _ workload: InferenceWorkload
  ) {
    guard settings.readsForecasts, let written = value["overflow"] else { return }
    if workload.objectives.ttft == nil {
      fault(
        written, "\(path).overflow", "the workload '\(workload.name)' has no SLO for the first token",
        help: "give it `slo: { ttft: 2s }`")
    }
    for candidate in candidates {
      guard case .pool(let deployment) = candidate.service.placement, deployment.batching != .continuous
      else { continue }
      fault(
        candidate.written["batching"] ?? candidate.written, "\(candidate.path).batching",
        "first tokens are predicted for continuous batches only", help: "use `overflow: order`")
    }
  }

  /// A line that nobody gives takes no time: whoever reads the plan should know.
  private mutating func noteLines(
    _ settings: FrontSettings, _ path: String, sites: [Site], links: [SiteLink]
  ) {
    guard let entry = settings.entry else { return }
    for member in settings.members {
      guard let site = member.siteIndex, site != entry,
        !links.contains(where: { $0.from == entry && $0.to == site })
      else { continue }
      _ = standing(
        0, at: "\(path), line from '\(sites[entry].name)' to '\(sites[site].name)'",
        as: "none given: no time")
    }
  }

  /// Who is let in, before anybody is chosen.
  private mutating func door(
    _ value: Written, _ path: String, _ candidates: [Candidate], _ workload: InferenceWorkload
  ) -> AdmissionSettings? {
    guard let written = value["admission"] else { return nil }
    let onPools = candidates.filter { !$0.service.deployments.isEmpty }
    guard let first = onPools.first else {
      fault(written, "\(path).admission", "a managed endpoint has limits of its own")
      return nil
    }
    let settings = admission(written, "\(path).admission", of: first.service, workload)
    if settings?.longestWait != nil {
      for candidate in onPools.dropFirst() {
        guard case .pool(let deployment) = candidate.service.placement, deployment.batching != .continuous
        else { continue }
        fault(
          written["policy"] ?? written, "\(path).admission.policy",
          "first tokens are predicted for continuous batches only, not on '\(candidate.name)'",
          help: "give a `rate-limit` instead")
      }
    }
    return settings
  }
}

/// A member's keys over those of its service, and where it stands.
struct WrittenMember {
  /// Path of the design's service, as `designs.d.services.chat/base`.
  var place: String
  var value: Written
  /// Where it is written.
  var path: String
}

extension Resolver {
  /// Keys that say something of members alone.
  mutating func checkFrontKeys(_ value: Written, _ path: String) {
    for key in ["overflow", "enters", "bytes-per-token", "failover"] {
      if let written = value[key] {
        fault(written, "\(path).\(key)", "`\(key)` is for services with `placement`")
      }
    }
    if let written = value["router"]?["fallback"] {
      fault(written, "\(path).router.fallback", "`fallback` is for services with `placement`")
    }
  }
}
