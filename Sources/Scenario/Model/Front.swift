import Kernel
import Quantities

/// Where the requests of a service on several members go: asked once for each of them, at the gateway.
public struct FrontSettings: Sendable, Hashable {
  /// Who gets a request.
  public enum Policy: String, Sendable, Hashable, CaseIterable {
    /// The first member whose queue is not above its `spillAt`; when all are, the shortest queue.
    case order
    /// The first that is expected to give the first token within the objective; else the soonest.
    case forecast
    /// The cheapest of those that are expected to; else the soonest.
    case cost
    /// Drawn by weight.
    case share
    /// As `order`, from the shortest way on.
    case nearest
  }

  /// Which requests of a member count as its queue.
  public enum Queue: String, Sendable, Hashable, CaseIterable {
    /// Those that do not run yet, on their way to it included.
    case waiting
    /// Those that run as well.
    case inHand = "in-hand"
  }

  /// A member that takes requests while another one is out.
  public enum Standby: String, Sendable, Hashable, CaseIterable {
    /// It is up.
    case warm
    /// It starts when it is needed.
    case cold
  }

  /// One of those that answer.
  public struct Member: Sendable, Hashable {
    /// Index in the design's `services`.
    public var service: Int
    /// Its pool's or its endpoint's.
    public var name: String
    /// Where it stands; `nil` for an endpoint.
    public var siteIndex: Int?
    /// Requests of its queue for each of its replicas, above which the next member is asked.
    public var spillAt: Double
    /// Weight of a draw, 0...1.
    public var share: Double
    /// `nil` for a member that always takes requests.
    public var standby: Standby?

    public init(service: Int, name: String, siteIndex: Int?, spillAt: Double, share: Double) {
      self.service = service
      self.name = name
      self.siteIndex = siteIndex
      self.spillAt = spillAt
      self.share = share
    }
  }

  public var policy: Policy
  public var queue: Queue
  /// In the order in which they are asked; the first one is the service that holds these settings.
  public var members: [Member]
  /// The site that requests come in at; `nil` where clients reach each member by themselves.
  public var entry: Int?
  /// What a token of a prompt or an answer takes on a wire.
  public var bytesPerToken: Double
  /// Of the objective for the first token, that forecasts are held against.
  public var factor = 1.0
  /// From the call of a cold standby to its first request.
  public var standbyStart = Ticks.zero

  public init(
    policy: Policy, queue: Queue, members: [Member], entry: Int?, bytesPerToken: Double
  ) {
    self.policy = policy
    self.queue = queue
    self.members = members
    self.entry = entry
    self.bytesPerToken = bytesPerToken
  }

  /// Whether it asks members when a first token would come.
  public var readsForecasts: Bool { policy == .forecast || policy == .cost }
}

/// A line from one site to another, one direction.
public struct SiteLink: Sendable, Hashable {
  public var from: Int
  public var to: Int
  public var bandwidth: BytesPerSecond
  /// One way.
  public var latency: Seconds

  public init(from: Int, to: Int, bandwidth: BytesPerSecond, latency: Seconds) {
    self.from = from
    self.to = to
    self.bandwidth = bandwidth
    self.latency = latency
  }

  /// Until the last of so many bytes has come, with nobody else on the line: size over bandwidth, and the
  /// latency.
  public func time(of bytes: Bytes) -> Seconds { bytes / bandwidth + latency }
}

/// Where a workload's data may go.
public struct Residency: Sendable, Hashable {
  /// Names of sites, regions, kinds of sites, providers or endpoints.
  public var places: [String]

  /// Requests answered elsewhere, as results call them.
  public static let violations = "residency_violations"

  public init(places: [String]) { self.places = places }

  public func allows(_ site: Site) -> Bool {
    [site.name, site.kind.rawValue, site.region, site.provider].contains { name in
      name.map(places.contains) ?? false
    }
  }

  public func allowsEndpoint(_ name: String, provider: String) -> Bool {
    places.contains(name) || places.contains(provider)
  }

  /// Whether all of a service, its endpoint or its pools, is where data may be.
  public func allows(_ service: Service, in design: Design) -> Bool {
    if case .endpoint(let preset) = service.placement {
      return allowsEndpoint(preset.name, provider: preset.provider)
    }
    return service.deployments.allSatisfy { allows(design.sites[design.pools[$0.poolIndex].siteIndex]) }
  }
}

extension Design {
  /// The line between two sites; `nil` where none is given.
  public func link(from: Int, to: Int) -> SiteLink? {
    links.first { $0.from == from && $0.to == to }
  }

  /// The services behind one that requests are sent to: itself, or its front's members in their order.
  public func members(ofService index: Int) -> [Int] {
    services[index].fronting?.members.map(\.service) ?? [index]
  }

  /// Whether replicas of a service keep what forecasts of first tokens need.
  public func forecasts(service index: Int) -> Bool {
    let service = services[index]
    let front = service.front.map { services[$0] }
    return (front ?? service).admission?.longestWait != nil || front?.fronting?.readsForecasts == true
  }
}

extension Service {
  /// Whether it answers requests that another service hands it.
  public var isBehindAnother: Bool { front != nil && fronting == nil }

  /// What its random streams are named by: the first member draws as the service would by itself.
  public var streamName: String {
    fronting == nil ? name : String(name.prefix { $0 != "/" })
  }
}

extension Service {
  /// Without the others that its front hands requests to.
  package var byItself: Service {
    var service = self
    service.front = nil
    service.fronting = nil
    return service
  }
}
