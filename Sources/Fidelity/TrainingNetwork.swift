import DryRack
import Infrastructure

/// What carries the collectives of a measured run: the product's own model of collectives, over the node
/// and the fabric of the catalogue that its row names.
struct TrainingNetwork: Sendable {
  var collectives: any CollectiveModel
  /// Links within a domain and network between domains, as the catalogue names them.
  var name: String
  /// What was taken where the row does not name its fabric.
  var assumption: String?

  /// - Parameters:
  ///   - run: Its layout, domain and server size are already settled.
  ///   - words: What the row says of its fabric.
  init(of run: TrainingRun, words: String, catalog: Catalog = .builtIn) {
    let accelerator = run.accelerator
    let stays = run.layout.accelerators <= run.domain
    let stated = Self.stated(words.lowercased())
    assumption = stays || stated != nil ? nil : Self.rule
    let uplink = stated ?? Self.usual(accelerator)
    let fabric = stays ? nil : catalog.fabric(uplink.fabric)
    let links = catalog.scaleUpTransport(of: accelerator)?.name ?? "links"
    name = fabric.map { "\(links), \($0.name)" } ?? links
    let node = Self.node(of: run, in: catalog)
    let interfaces = fabric.flatMap { fabric in
      node.map { Self.bandwidth(uplink, fabric, node: $0, run: run) }
    }
    let hasTransport = fabric.map { catalog.transport(over: $0) != nil } ?? true
    if let node, hasTransport,
      let model = TransportCollectives(node: node, fabric: fabric, nodeBandwidth: interfaces, in: catalog)
    {
      collectives = model
    } else {
      name = "latency and bandwidth alone"
      collectives = PlainNetwork(
        scaleUp: accelerator.scaleUpBandwidth.value,
        scaleOut: (interfaces?.value ?? 0) / Double(run.acceleratorsPerNode))
    }
  }

  // MARK: Hardware

  /// A fabric of the catalogue, and its links a node where that is not the fabric's usual.
  private struct Uplink {
    var fabric: String
    var links: Int?
  }

  /// The first rule whose words a row has; `nil` where it names no network between servers, or only that of
  /// their management.
  private static func stated(_ words: String) -> Uplink? {
    let rules: [([String], Uplink)] = [
      (["not stated"], Uplink(fabric: "")),
      (["efa", "4x100g"], Uplink(fabric: "efa-400g")), (["efa"], Uplink(fabric: "efa-3200g")),
      (["roce", "1600 gbps/node"], Uplink(fabric: "roce-200g")),
      (["2xbf3 400gbps"], Uplink(fabric: "roce-400g", links: 2)),
      (["hdr"], Uplink(fabric: "infiniband-hdr")), (["ndr"], Uplink(fabric: "infiniband-ndr")),
      (["infiniband (400gb/s)"], Uplink(fabric: "infiniband-ndr")),
    ]
    let rule = rules.first { $0.0.allSatisfy { words.contains($0) } }?.1
    return rule.flatMap { $0.fabric.isEmpty ? nil : $0 }
  }

  private static let rule =
    "fabric not stated: InfiniBand, a link for each accelerator, of 200 Gb/s to an A100, 800 to a B300 or "
    + "GB300, else 400; between TPU pods Ethernet of 100 Gb/s a chip; one of 10 Gb/s at desktop cards"

  private static func usual(_ accelerator: Accelerator) -> Uplink {
    let name = accelerator.name
    if accelerator.kind == .tpu { return Uplink(fabric: "ethernet-100g", links: 8) }
    if name.hasPrefix("a100") { return Uplink(fabric: "infiniband-hdr") }
    if name.hasPrefix("b300") || name.hasPrefix("gb300") { return Uplink(fabric: "infiniband-xdr") }
    if name.hasPrefix("rtx") { return Uplink(fabric: "ethernet-10g") }
    return Uplink(fabric: "infiniband-ndr")
  }

  /// The catalogue's server of that many accelerators, else one by its hosts' rules.
  private static func node(of run: TrainingRun, in catalog: Catalog) -> Node? {
    let own = catalog.names(of: .nodes).compactMap { catalog.node($0) }
    return own.first {
      $0.accelerator == run.accelerator.name && $0.accelerators == run.acceleratorsPerNode
        && $0.provider == nil
    } ?? catalog.node(of: run.accelerator, count: run.acceleratorsPerNode)
  }

  /// All interfaces of a server. Of a rack that a job uses in part, the idle accelerators' interfaces idle
  /// too.
  private static func bandwidth(
    _ uplink: Uplink, _ fabric: Fabric, node: Node, run: TrainingRun
  ) -> BytesPerSecond {
    let all =
      uplink.links.map { fabric.linkBandwidth * Double($0) }
      ?? TransportCollectives.nodeBandwidth(of: node, over: fabric)
    let domain = max(run.accelerator.scaleUpDomain, node.accelerators)
    return all * min(1, Double(run.domain) / Double(domain))
  }
}

/// Latency and bandwidth, no more: for links or fabrics that the catalogue has no transport of.
///
/// Times of rings as nccl-tests count them (doc/PERFORMANCE.md): bytes · bus factor over the slowest link,
/// and a latency that grows with the logarithm of the ranks, as trees have it.
struct PlainNetwork: CollectiveModel {
  /// One accelerator, one direction [B/s].
  var scaleUp: Double
  var scaleOut: Double
  /// What of a link large messages reach.
  var share = 0.8
  var latencyInside = 5e-6
  var latencyOutside = 12e-6

  func time(of operation: CollectiveOperation, bytes: Bytes, among group: CollectiveGroup) -> Seconds {
    guard group.ranks > 1 else { return .zero }
    let ranks = Double(group.ranks)
    let together = Double(group.ranksPerDomain)
    let steps = Double(Int.bitWidth - (group.ranks - 1).leadingZeroBitCount)
    let latency = (group.crossesDomains ? latencyOutside : latencyInside) * (1 + steps)
    switch operation {
    case .allToAll, .sendReceive:
      let outside = operation == .allToAll ? (ranks - together) / ranks : group.crossesDomains ? 1 : 0
      let inside = operation == .allToAll ? (together - 1) / ranks : 1 - outside
      let time = max(bytes.value * outside / scaleOut, bytes.value * inside / scaleUp) / share
      return Seconds(latency + time)
    default:
      // A domain's interfaces carry the ring of each group that its accelerators are in.
      let link = group.crossesDomains ? min(scaleUp, scaleOut * together) : scaleUp
      return Seconds(latency + bytes.value * operation.busFactor(ranks: group.ranks) / (link * share))
    }
  }
}
