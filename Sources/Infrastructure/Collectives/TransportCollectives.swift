import Catalog
import Quantities

/// Collectives over measured transports: the links within scale-up domains and the network between them.
///
/// Within a domain the curves are `DomainLinks`'. Between D domains of g ranks a collective takes
/// `|(time within a domain, bytes that leave it / network rate)|_4` and a network hop for each dependent
/// step: pieces of the message are under way everywhere at once, so the slowest part decides. The bytes that
/// leave a domain follow from the algorithm: 2 (n - 1) / n S for a ring, 1, 1.5 or 2 S for NCCL's double
/// binary tree among 2, 3 or more domains, S where the switches reduce. Coefficients and their errors stand
/// in the catalogue's transports; `tools/distil-fabric.py` fits them.
///
/// The network is idle otherwise; who shares it beyond `CollectiveGroup.concurrentPerDomain` is the
/// flow-level fabric's business. All answers take constant time.
public struct TransportCollectives: CollectiveModel {
  /// The links within a domain.
  public let scaleUp: Transport
  /// The network between domains; `nil` where there is none: then a group that leaves its domain uses the
  /// links within as though they reached.
  public let network: Transport?
  /// All links of one rank within its domain, one direction.
  public let linkBandwidth: BytesPerSecond
  /// How many ranks a domain holds.
  public let domainSize: Int
  /// How many of them the links join.
  public let linkedRanks: Int
  /// All network interfaces of a domain together, one direction.
  public let domainBandwidth: BytesPerSecond
  /// What one rank can move to the interfaces, one direction.
  public let rankBandwidth: BytesPerSecond
  /// Whether the switches between domains reduce (SHARP), where they can.
  public let reducesInNetwork: Bool
  /// How it is done; `automatic` takes the fastest.
  public let algorithm: CollectiveAlgorithm
  private let links: DomainLinks
  /// What joins more ranks of a server than the links do, such as PCIe between bridged pairs.
  private let hostLinks: DomainLinks?

  /// - Parameters:
  ///   - scaleUp: As `Catalog.scaleUpTransport(of:)` gives it.
  ///   - network: As `Catalog.transport(over:)` gives it.
  ///   - linkBandwidth: One rank's links within its domain, all together, one direction; above 0.
  ///   - domainSize: How many ranks a domain holds at most, 1 or more.
  ///   - domainBandwidth: All interfaces of a domain, one direction.
  ///   - linkedRanks: How many of them the links join; `nil`: all.
  ///   - hostLinks: What joins more of them than the links do, and its rate for one rank: bridged pairs in
  ///     one server reach the other pairs over PCIe.
  ///   - rankBandwidth: What one rank can move to the interfaces; `nil` sets no bound.
  ///   - reducesInNetwork: Only networks whose transport can reduce do. Off unless asked: the switches'
  ///     licence and the library's plug-in are the operator's choice.
  public init(
    scaleUp: Transport, network: Transport?, linkBandwidth: BytesPerSecond, domainSize: Int,
    linkedRanks: Int? = nil, hostLinks: (transport: Transport, bandwidth: BytesPerSecond)? = nil,
    domainBandwidth: BytesPerSecond,
    rankBandwidth: BytesPerSecond? = nil, reducesInNetwork: Bool = false,
    algorithm: CollectiveAlgorithm = .automatic
  ) {
    self.scaleUp = scaleUp
    self.network = network
    self.linkBandwidth = linkBandwidth
    self.domainSize = max(domainSize, 1)
    self.linkedRanks = max(linkedRanks ?? domainSize, 1)
    self.domainBandwidth = domainBandwidth
    self.rankBandwidth = rankBandwidth ?? BytesPerSecond(.infinity)
    self.reducesInNetwork = reducesInNetwork
    self.algorithm = algorithm
    links = DomainLinks(transport: scaleUp, line: linkBandwidth, domain: self.linkedRanks)
    self.hostLinks = hostLinks.map {
      DomainLinks(transport: $0.transport, line: $0.bandwidth, domain: domainSize)
    }
  }

  /// Whether an algorithm can carry out the operation among such a group; `automatic` always can.
  public func applies(
    _ algorithm: CollectiveAlgorithm, to operation: CollectiveOperation, among group: CollectiveGroup
  ) -> Bool {
    algorithm == .automatic || raw(operation, Bytes(1), group, by: algorithm) != nil
  }

  /// - Note: Where the named algorithm does not apply to the operation, the fastest one that does is taken.
  public func time(of operation: CollectiveOperation, bytes: Bytes, among group: CollectiveGroup) -> Seconds {
    guard group.ranks > 1 else { return .zero }
    let bytes = bytes.value > 0 ? bytes : .zero
    let time = settled(operation, bytes, group)
    // An all-reduce leaves every rank with what a reduce-scatter leaves it with, so it is never the faster
    // one.
    return operation == .allReduce ? max(time, settled(.reduceScatter, bytes, group)) : time
  }

  /// Bus bandwidth as nccl-tests define it; zero for one rank.
  public func busBandwidth(
    of operation: CollectiveOperation, bytes: Bytes, among group: CollectiveGroup
  ) -> BytesPerSecond {
    AlphaBeta.busBandwidth(
      of: operation, ranks: group.ranks, bytes: bytes, time: time(of: operation, bytes: bytes, among: group))
  }

  /// By the named algorithm where it applies, else by the fastest.
  private func settled(_ operation: CollectiveOperation, _ bytes: Bytes, _ group: CollectiveGroup) -> Seconds
  {
    raw(operation, bytes, group, by: algorithm) ?? raw(operation, bytes, group, by: .automatic) ?? .zero
  }

  private func raw(
    _ operation: CollectiveOperation, _ bytes: Bytes, _ group: CollectiveGroup,
    by algorithm: CollectiveAlgorithm
  ) -> Seconds? {
    let within = group.ranksPerDomain > linkedRanks ? hostLinks ?? links : links
    guard group.crossesDomains, let network else {
      return within.time(of: operation, bytes: bytes, ranks: group.ranks, algorithm: algorithm)
    }
    let crossing = Crossing(
      links: within, network: network, group: group, rate: rate(of: group),
      reduces: reducesInNetwork && network.canReduce)
    return crossing.time(of: operation, bytes: bytes, by: algorithm)
  }

  /// What the interfaces of a domain leave to one of its concurrent groups.
  private func rate(of group: CollectiveGroup) -> BytesPerSecond {
    min(domainBandwidth / Double(group.concurrentPerDomain), rankBandwidth * Double(group.ranksPerDomain))
  }
}
