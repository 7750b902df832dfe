import DryRack

/// Services on several pools and endpoints, and lines between sites.
extension RunPlan {
  static func links(of design: Design) -> [Line] {
    design.links.map { link in
      let rate = PlanWords.number(link.bandwidth.value * 8 / 1e9)
      return Line(
        name: "line \(design.sites[link.from].name) to \(design.sites[link.to].name)",
        value: "\(rate) Gbit/s, \(PlanWords.duration(link.latency.value)) one way")
    }
  }

  /// Who is asked in what order; `nil` for a service that answers by itself.
  static func front(of service: Service, in design: Design, currency: String) -> Section? {
    guard let front = service.fronting else { return nil }
    var lines = [
      Line(name: "members", value: front.members.map(\.name).joined(separator: ", then ")),
      Line(name: "a request goes to", value: words(front)),
      Line(
        name: "requests come in at",
        value: front.entry.map { design.sites[$0].name } ?? "each member, from the clients"),
    ]
    for member in front.members {
      lines.append(Line(name: "  \(member.name)", value: way(to: member, front, design)))
      guard let standby = member.standby else { continue }
      let start =
        standby == .cold ? ", which takes \(PlanWords.duration(front.standbyStart)) to start" : ""
      lines.append(Line(name: "    \(standby.rawValue) standby", value: "while another one is out\(start)"))
    }
    return Section(title: "design \(design.name), service \(service.streamName)", lines: lines)
  }

  private static func words(_ front: FrontSettings) -> String {
    let queue = front.queue == .waiting ? "waiting" : "waiting or running"
    let limits = front.members.map { "\(PlanWords.number($0.spillAt))" }.joined(separator: ", ")
    switch front.policy {
    case .order, .nearest:
      let order = front.policy == .nearest ? "the nearest" : "the first"
      return "\(order) with at most \(limits) requests \(queue) a replica"
    case .forecast, .cost:
      let part = front.factor == 1 ? "" : "\(PlanWords.number(front.factor)) times "
      let who = front.policy == .cost ? "the cheapest" : "the first"
      return "\(who) that is expected to meet \(part)the SLO's TTFT"
    case .share:
      let shares = front.members.map { "\(PlanWords.number(($0.share * 1e4).rounded() / 100)) %" }
      return "a member drawn by weight: \(shares.joined(separator: ", "))"
    }
  }

  private static func way(
    to member: FrontSettings.Member, _ front: FrontSettings, _ design: Design
  ) -> String {
    guard let site = member.siteIndex else { return "an endpoint, its way is part of its TTFT" }
    guard let entry = front.entry else { return "at \(design.sites[site].name)" }
    if entry == site { return "at \(design.sites[site].name), no line" }
    let latency = [design.link(from: entry, to: site), design.link(from: site, to: entry)].reduce(0.0) {
      $0 + ($1?.latency.value ?? 0)
    }
    let price = design.sites[site].charges.egressPerGigabyte
    let answers = price > .zero ? ", answers pay \(price) a GB to leave" : ""
    return "at \(design.sites[site].name), \(PlanWords.duration(latency)) of round trip\(answers)"
  }
}
