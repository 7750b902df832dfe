import Catalog
import Kernel
import Quantities
import Scenario
import Workloads

/// What all runs of one front share: ways to its members and what a request costs at each.
struct FrontModel: Sendable {
  struct Member: Sendable {
    var service: Int
    /// Where replicas of the member begin in a numbering of all of the front's.
    var firstReplica: Int
    var spillAt: Double
    var standby: FrontSettings.Standby?
    /// Sum of the shares up to this member's own.
    var shareEnd: Double
    /// Whether the workload may be here, asked of the scenario once more.
    var isAllowed: Bool
    /// The line from the entry, `nil` for the same site and for endpoints; no time where none is given.
    var line: Line?
    /// Price of a request that more or less of them changes.
    var price: Price
    /// Requests in hand that stand on nodes which are held whatever comes.
    var carriedAnyway: Double
    /// Requests in hand that one more node carries, or as many nodes as one replica takes.
    var carriedByNode: Double
  }

  /// A way to another site and back.
  struct Line: Sendable {
    /// One way.
    var there: Ticks
    var back: Ticks
    /// Ports of the World, a direction each; `nil` where the line takes bytes at once.
    var portThere: Int?
    var portBack: Int?
  }

  let policy: FrontSettings.Policy
  let queue: FrontSettings.Queue
  let members: [Member]
  /// Between clients and the entry.
  let roundTrip: Ticks
  let bytesPerToken: Double
  /// From the call of a cold standby to its first request.
  let standbyStart: Ticks
  /// For the first token; `.never` without one.
  let objective: Ticks
  /// Of the workload's answers, which a router does not know beforehand, and of its prompts.
  let meanOutputTokens: Double
  let meanPromptTokens: Double

  var up: Ticks { Ticks(roundTrip.count / 2) }
  var down: Ticks { roundTrip - up }

  init?(
    _ design: Design, service index: Int, model: DesignModel.Service, services: [DesignModel.Service],
    scenario: Scenario
  ) {
    guard let settings = design.services[index].fronting else { return nil }
    let workload = scenario.workloads[design.services[index].workloadIndex]
    policy = settings.policy
    queue = settings.queue
    bytesPerToken = settings.bytesPerToken
    standbyStart = settings.standbyStart
    objective =
      workload.objectives.ttft.map { Ticks(seconds: min($0.seconds * settings.factor, 4e8)) } ?? .never
    meanOutputTokens = workload.meanOutputTokens
    meanPromptTokens = workload.meanPromptTokens
    roundTrip = settings.entry.map { Ticks(seconds: design.sites[$0].roundTrip.value) } ?? .zero
    var members: [Member] = []
    var (share, replicas) = (0.0, 0)
    for member in settings.members {
      share += member.share
      let service = design.services[member.service]
      members.append(
        Member(
          service: member.service, firstReplica: replicas, spillAt: member.spillAt, standby: member.standby,
          shareEnd: share,
          isAllowed: workload.residency?.allows(service, in: design) ?? true,
          line: Self.line(to: member, of: settings, design),
          price: Price(of: service, services[member.service], member, settings, design, workload),
          carriedAnyway: design.requestsCarriedAnyway(ofService: member.service),
          carriedByNode: design.requestsCarriedByNode(ofService: member.service)))
      replicas += service.deployments.isEmpty ? 0 : service.mostReplicas
    }
    self.members = members
  }

  /// Clients reach a member by themselves where nothing says where requests come in.
  private static func line(
    to member: FrontSettings.Member, of settings: FrontSettings, _ design: Design
  ) -> Line? {
    guard let site = member.siteIndex else { return nil }
    guard let entry = settings.entry else {
      let trip = Ticks(seconds: design.sites[site].roundTrip.value)
      return trip == .zero ? nil : Line(there: Ticks(trip.count / 2), back: trip - Ticks(trip.count / 2))
    }
    if site == entry { return nil }
    func port(_ from: Int, _ to: Int) -> Int? {
      design.links.firstIndex { $0.from == from && $0.to == to }
    }
    func latency(_ port: Int?) -> Ticks {
      port.map { Ticks(seconds: design.links[$0].latency.value) } ?? .zero
    }
    let (there, back) = (port(entry, site), port(site, entry))
    return Line(there: latency(there), back: latency(back), portThere: there, portBack: back)
  }
}

extension InferenceWorkload {
  /// Tokens of a mean answer.
  var meanOutputTokens: Double {
    switch traffic {
    case .generated(_, _, let output): output.mean
    case .trace(let trace): Self.mean(trace.outputTokens)
    }
  }

  /// Tokens of a mean prompt; 0 where conversations make them.
  var meanPromptTokens: Double {
    switch traffic {
    case .generated(_, let prompt, _): prompt.mean
    case .trace(let trace): Self.mean(trace.promptTokens)
    }
  }

  private static func mean(_ tokens: [Int32]) -> Double {
    tokens.isEmpty ? 0 : tokens.reduce(0.0) { $0 + Double($1) } / Double(tokens.count)
  }
}
