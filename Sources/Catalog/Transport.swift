import Quantities

/// How the ranks that a transport joins reach one another.
public enum TransportTopology: String, Sendable, Hashable, CaseIterable {
  /// Every rank has its full rate to any other, through a switch.
  case switched
  /// A link of its own to every other rank: a few ranks use a few of the links.
  case mesh
  /// Neighbours in a torus; messages to others travel over the links between.
  case torus
  /// A tree of host bridges that ranks share.
  case shared
  /// Interfaces and switches between nodes.
  case network
}

/// How one protocol of a transport answers within a scale-up domain.
///
/// A message that sends `w` bytes over the links of line rate `B` in `s` dependent steps among `n` ranks
/// takes `|(base + step s, w / B (1 / share + copy / (n - 1)) (min(n, 8) / 2)^crowd)|_p`, a p-norm with p the
/// `sharpness`: 1 adds latency and transfer, a large one takes the longer.
public struct TransportProtocol: Sendable, Hashable {
  /// Launch and first step.
  public var base: Seconds
  /// Each dependent step.
  public var step: Seconds
  /// Of the line rate, what a rank's links carry, 0...1.
  public var share: Double
  /// Copying a rank's own part, as a share of the time that the same bytes take over the line.
  public var copy: Double
  /// Order of the norm, over 0.
  public var sharpness: Double
  /// Largest message that the protocol carries among 2, 4 and 8 ranks.
  public var until: [Bytes]
}

/// Reduction in the switches of a scale-up domain (NVLS).
public struct SwitchReduction: Sendable, Hashable {
  /// Launch and both ways through the switch.
  public var base: Seconds
  /// Of the line rate, 0...1.
  public var share: Double
  /// Order of the norm that joins latency and transfer, over 0.
  public var sharpness: Double
  /// From how many ranks on it is used.
  public var ranks: Int
}

/// Curve of one collective within a domain.
public struct TransportCurve: Sendable, Hashable {
  /// From the smallest messages to the largest: LL, LL128, Simple, as NCCL calls them.
  public var protocols: [TransportProtocol]
  /// How much slower the links get for each doubling of the ranks from 2 to 8, as a power of the ratio.
  public var crowd: Double
  /// Reduction in the switch, where the domain has it and the operation reduces.
  public var reduction: SwitchReduction?
}

/// How one protocol answers between domains: hops of a network step each, and a share of the line rate.
public struct NetworkProtocol: Sendable, Hashable {
  /// From one domain's rank to another's, host and library included.
  public var hop: Seconds
  /// Of the node's line rate, 0...1.
  public var share: Double
  /// Largest message that the protocol carries; `nil` for the last.
  public var until: Bytes?
}

/// What carries collectives: the links within a scale-up domain, or the network between domains.
public struct Transport: Sendable, Hashable {
  /// Catalogue name, such as `nvlink4` or `efa`.
  public var name: String
  /// `nvlink`, `pcie`, `xgmi`, `infiniband`, …
  public var kind: String
  public var topology: TransportTopology
  /// Sides of the torus, where it is one: 2 or 3.
  public var dimensions: Int
  /// Line rate that its figures were measured at, all links of a rank together, one direction; zero for
  /// networks.
  public var lineBandwidth: BytesPerSecond
  /// Curves by operation, as nccl-tests name it (`all-reduce`, …); looked up, never iterated.
  public var curves: [String: TransportCurve]
  /// Protocols between domains, smallest messages first; empty for links within a domain.
  public var network: [NetworkProtocol]
  /// Order of the norm that joins the time within domains and the transfer between them.
  public var sharpness: Double
  /// Whether its switches can reduce (SHARP); an operator has to enable it.
  public var canReduce: Bool
}

extension Catalog {
  /// The transport of that name, or `nil` when there is none or it is not complete.
  /// - Complexity: O(rows of the entry), after the first use parsed the file.
  public func transport(_ name: String) -> Transport? {
    guard let entry = table(.transports).entry(name),
      let topology = entry.text("topology").flatMap(TransportTopology.init(rawValue:))
    else { return nil }
    var transport = Transport(
      name: name, kind: entry.text("kind") ?? "", topology: topology,
      dimensions: entry.integer("dimensions") ?? 1,
      lineBandwidth: BytesPerSecond(entry.number("line-bandwidth") ?? 0), curves: [:], network: [],
      sharpness: entry.number("sharpness") ?? 1, canReduce: entry.flag("in-network-reduction") ?? false)
    if topology == .network {
      transport.network = Self.protocolNames.compactMap { networkProtocol($0, of: entry) }
      return transport.network.count == Self.protocolNames.count ? transport : nil
    }
    for operation in Self.operationNames {
      transport.curves[operation] = curve(of: operation, on: entry, depth: 0)
    }
    return transport.curves["all-reduce"] == nil ? nil : transport
  }

  /// The links that join accelerators of that kind in a server or rack: those that name it, else those of the
  /// nearest line rate. Where accelerators have no links of their own, PCIe.
  /// - Complexity: O(rows of the transports).
  public func scaleUpTransport(of accelerator: Accelerator) -> Transport? {
    let entries = names(of: .transports).compactMap { table(.transports).entry($0) }
    if let named = entries.first(where: { names(accelerator.name, in: $0) }) { return transport(named.name) }
    let kind = accelerator.scaleUpDomain > 1 ? "nvlink" : "pcie"
    var nearest: (name: String, distance: Double)?
    for entry in entries where entry.text("kind") == kind {
      guard let line = entry.number("line-bandwidth"), line > 0 else { continue }
      let distance =
        max(line, accelerator.scaleUpBandwidth.value) / min(line, accelerator.scaleUpBandwidth.value)
      if nearest.map({ distance < $0.distance }) ?? true { nearest = (entry.name, distance) }
    }
    return nearest.flatMap { transport($0.name) }
  }

  /// What carries messages over a fabric: the transport of its name, else that of its kind.
  public func transport(over fabric: Fabric) -> Transport? {
    transport(fabric.name) ?? transport(fabric.kind)
  }

  private static let protocolNames = ["ll", "ll128", "simple"]
  private static let operationNames = [
    "all-reduce", "all-gather", "reduce-scatter", "all-to-all", "send-receive",
  ]

  private func names(_ accelerator: String, in entry: FactEntry) -> Bool {
    entry.text("accelerators")?.split(separator: " ").contains { $0 == accelerator } ?? false
  }

  private func networkProtocol(_ name: String, of entry: FactEntry) -> NetworkProtocol? {
    guard let hop = entry.number("\(name).hop"), let share = entry.number("\(name).share"), share > 0 else {
      return nil
    }
    return NetworkProtocol(
      hop: Seconds(hop), share: share, until: entry.number("\(name).until").map { Bytes($0) })
  }

  /// The curve that stands in the entry, else that of the entry it names as its like; `depth` ends a circle.
  private func curve(of operation: String, on entry: FactEntry, depth: Int) -> TransportCurve? {
    let protocols = Self.protocolNames.compactMap { transportProtocol("\(operation).\($0)", of: entry) }
    let own = reduction(of: operation, on: entry)
    if protocols.count == Self.protocolNames.count {
      return TransportCurve(
        protocols: protocols, crowd: entry.number("\(operation).crowd") ?? 0, reduction: own)
    }
    guard depth < 4, let like = entry.text("\(operation).like") ?? entry.text("like"),
      let relative = table(.transports).entry(like),
      var curve = curve(of: operation, on: relative, depth: depth + 1)
    else { return nil }
    // Switches that reduce belong to a link of the same kind.
    let isSameKind = entry.text("kind") == relative.text("kind")
    curve.reduction = own ?? (isSameKind ? curve.reduction : nil)
    let factor = entry.number("share-factor") ?? 1
    for index in curve.protocols.indices {
      curve.protocols[index].share *= factor
      curve.protocols[index].copy /= factor
    }
    return curve
  }

  private func transportProtocol(_ key: String, of entry: FactEntry) -> TransportProtocol? {
    guard let base = entry.number("\(key).base"), let step = entry.number("\(key).step"),
      let share = entry.number("\(key).share"), share > 0, let copy = entry.number("\(key).copy"),
      let sharpness = entry.number("\(key).sharpness"), sharpness > 0
    else { return nil }
    let until = [2, 4, 8].compactMap { entry.number("\(key).until-\($0)").map { Bytes($0) } }
    guard until.isEmpty || until.count == 3 else { return nil }
    return TransportProtocol(
      base: Seconds(base), step: Seconds(step), share: share, copy: copy, sharpness: sharpness, until: until)
  }

  private func reduction(of operation: String, on entry: FactEntry) -> SwitchReduction? {
    let key = "\(operation).switch"
    guard let base = entry.number("\(key).base"), let share = entry.number("\(key).share"), share > 0,
      let sharpness = entry.number("\(key).sharpness"), sharpness > 0
    else { return nil }
    return SwitchReduction(
      base: Seconds(base), share: share, sharpness: sharpness, ranks: entry.integer("\(key).ranks") ?? 2)
  }
}
