import Kernel
import Quantities

/// How flows choose among equal shortest paths.
public enum RoutingPolicy: Sendable, Hashable {
  /// Equal-cost multipath: one path per flow by a hash of the flow (RFC 2992). Hashes collide, so that a
  /// random permutation loses half its bandwidth on a tree that blocks nobody.
  case hashed
  /// Path number = target modulo the paths, as InfiniBand's deterministic D-mod-k (Zahavi, "Fat-Tree Routing
  /// and Node Ordering Providing Contention Free Traffic for MPI Global Collectives", 2012).
  case destinationModulo
  /// The path whose most loaded link has the least work put on it by this router, in flows per bandwidth:
  /// what adaptive routing strives for, with perfect knowledge.
  case leastLoaded
  /// The bytes of a flow evenly over all shortest paths: ideal packet spraying.
  case spray
  /// Packets cycle through so many entropy values, each hashed to a path as by `hashed` (EQDS: Olteanu et
  /// al., NSDI 2022; Ultra Ethernet): even on average, uneven by chance. 1 or more; `hashed` with 1.
  case hashedSpray(entropies: Int)
}

/// Gives flows their paths through a topology, around links that are out of service.
///
/// Choices depend on the stream that the router was made with and the key of the flow only, and with
/// `leastLoaded` also on the flows routed and not yet released before.
public struct FlowRouter: Sendable {
  public let topology: Topology
  public let policy: RoutingPolicy
  private let stream: RandomStream
  private var isOut: [Bool]
  private var linksOut = 0
  /// Flows on each link over its bandwidth, kept for `leastLoaded` only.
  private var loads: [Double] = []
  /// Where each link stands among the shares of a sprayed flow being written, counted from 1.
  private var places: [Int] = []
  private var path: [UInt32] = []
  private var best: [UInt32] = []
  private var usable: [Int] = []

  /// - Parameter stream: what hashes are drawn from, such as one with the purpose `routing`.
  public init(topology: Topology, policy: RoutingPolicy, stream: RandomStream) {
    self.topology = topology
    self.policy = policy
    self.stream = stream
    isOut = [Bool](repeating: false, count: topology.linkCount)
    switch policy {
    case .leastLoaded: loads = [Double](repeating: 0, count: topology.linkCount)
    case .spray, .hashedSpray: places = [Int](repeating: 0, count: topology.linkCount)
    case .hashed, .destinationModulo: break
    }
  }

  /// Takes a link out of service or back in, for flows routed from now on.
  public mutating func setInService(_ link: UInt32, _ isInService: Bool) {
    if isOut[Int(link)] == !isInService { return }
    isOut[Int(link)] = !isInService
    linksOut += isInService ? -1 : 1
  }

  /// Writes the path of a flow as shares of links, in the order of the path or, where it is sprayed, of first
  /// use.
  ///
  /// - Parameters:
  ///   - flow: the key that is hashed, such as a number of the flow.
  ///   - shares: what the flow puts on links; replaced.
  /// - Returns: the latency, the longest of all paths taken; `nil` when every path is out of service.
  /// - Complexity: O(links of a path), times all paths with `leastLoaded`, `spray`, or links out of service.
  public mutating func route(
    from source: Int, to target: Int, flow: UInt64, into shares: inout [LinkShare]
  ) -> Ticks? {
    shares.removeAll(keepingCapacity: true)
    if source == target { return .zero }
    var count = topology.pathCount(from: source, to: target)
    if linksOut > 0 {
      findUsable(count, source, target)
      if usable.isEmpty { return nil }
      count = usable.count
    }
    var draws = stream.branch(flow)
    switch policy {
    case .hashed:
      return take(Int(draws.below(UInt32(count))), source, target, weight: 1, &shares)
    case .destinationModulo:
      return take(target % count, source, target, weight: 1, &shares)
    case .leastLoaded:
      return takeLeastLoaded(count, Int(draws.below(UInt32(count))), source, target, &shares)
    case .spray:
      return takeSeveral(count, source, target, &shares) { $0 }
    case .hashedSpray(let entropies):
      precondition(entropies >= 1, "a flow has 1 entropy value or more")
      if count == 1 { return take(0, source, target, weight: 1, &shares) }
      return takeSeveral(entropies, source, target, &shares) { _ in Int(draws.below(UInt32(count))) }
    }
  }

  /// Forgets the load of a flow that has left, given the shares that `route` wrote. Only `leastLoaded` keeps
  /// any.
  public mutating func release(_ shares: [LinkShare]) {
    if loads.isEmpty { return }
    for share in shares { add(-share.weight, to: share.link) }
  }

  // MARK: Choices

  private mutating func findUsable(_ count: Int, _ source: Int, _ target: Int) {
    usable.removeAll(keepingCapacity: true)
    for choice in 0..<count {
      path.removeAll(keepingCapacity: true)
      topology.appendPath(choice, from: source, to: target, into: &path)
      if !path.contains(where: { isOut[Int($0)] }) { usable.append(choice) }
    }
  }

  private mutating func write(_ choice: Int, _ source: Int, _ target: Int) {
    path.removeAll(keepingCapacity: true)
    topology.appendPath(linksOut > 0 ? usable[choice] : choice, from: source, to: target, into: &path)
  }

  private mutating func take(
    _ choice: Int, _ source: Int, _ target: Int, weight: Double, _ shares: inout [LinkShare]
  ) -> Ticks {
    write(choice, source, target)
    return append(weight: weight, to: &shares)
  }

  private func append(weight: Double, to shares: inout [LinkShare]) -> Ticks {
    var latency: Int64 = 0
    for link in path {
      shares.append(LinkShare(link: link, weight: weight))
      latency += topology.latencies[Int(link)]
    }
    return Ticks(latency)
  }

  private mutating func takeLeastLoaded(
    _ count: Int, _ start: Int, _ source: Int, _ target: Int, _ shares: inout [LinkShare]
  ) -> Ticks {
    var least = (Double.infinity, Double.infinity)
    for offset in 0..<count {
      write((start + offset) % count, source, target)
      var highest = 0.0
      var sum = 0.0
      for link in path {
        highest = max(highest, loads[Int(link)])
        sum += loads[Int(link)]
      }
      if (highest, sum) < least {
        least = (highest, sum)
        best = path
      }
    }
    path = best
    let latency = append(weight: 1, to: &shares)
    for share in shares { add(share.weight, to: share.link) }
    return latency
  }

  private mutating func add(_ weight: Double, to link: UInt32) {
    // A flow weighs half on a link twice as wide. Rounding may leave a trace of flows that have left.
    loads[Int(link)] = max(0, loads[Int(link)] + weight / topology.bandwidths[Int(link)])
  }

  /// Spreads a flow over `number` paths, alike on each, and joins what meets on one link.
  private mutating func takeSeveral(
    _ number: Int, _ source: Int, _ target: Int, _ shares: inout [LinkShare], choice: (Int) -> Int
  ) -> Ticks {
    var latency = Ticks.zero
    for index in 0..<number {
      write(choice(index), source, target)
      var own: Int64 = 0
      for link in path {
        own += topology.latencies[Int(link)]
        if places[Int(link)] > 0 {
          shares[places[Int(link)] - 1].weight += 1
        } else {
          shares.append(LinkShare(link: link))
          places[Int(link)] = shares.count
        }
      }
      latency = max(latency, Ticks(own))
    }
    for index in shares.indices {
      shares[index].weight /= Double(number)
      places[Int(shares[index].link)] = 0
    }
    return latency
  }
}
