import Catalog
import Quantities

extension TransportCollectives {
  /// Collectives among the accelerators of a pool's nodes, by what the catalogue knows of their links and
  /// fabric.
  ///
  /// A domain is what the accelerators' own links join (a rack of nodes, where they leave the node), else the
  /// node. `domainBandwidth` is all interfaces of its nodes. One rank moves to the interfaces what its PCIe
  /// link does, or its part of the node's interfaces where that is more, since nodes are built so.
  /// - Parameters:
  ///   - fabric: Between nodes; `nil` where a pool has none.
  ///   - nodeBandwidth: All interfaces of a node, one direction; `nil` takes `nodeBandwidth(of:over:)`.
  ///   - addedLatency: What each hop between nodes takes longer than measured; below 0 for shorter.
  /// - Returns: `nil` where the catalogue lacks the accelerator or a transport for it.
  public init?(
    node: Node, fabric: Fabric?, nodeBandwidth: BytesPerSecond? = nil, in catalog: Catalog = .builtIn,
    reducesInNetwork: Bool = false, algorithm: CollectiveAlgorithm = .automatic,
    addedLatency: Seconds = .zero
  ) {
    guard let accelerator = catalog.accelerator(node.accelerator),
      let links = catalog.scaleUpTransport(of: accelerator)
    else { return nil }
    let inNode = max(node.accelerators, 1)
    let joined = max(accelerator.scaleUpDomain, 1)
    let isBridged = joined > 1 && joined < inNode
    let bus = isBridged ? catalog.busTransport(rate: accelerator.pcieBandwidth) : nil
    let own = nodeBandwidth ?? Self.nodeBandwidth(of: node, over: fabric)
    let nodes = Double(max(1, joined / inNode))
    let ownBus = accelerator.pcieBandwidth * catalog.pcieShare
    var network = fabric.flatMap(catalog.transport(over:))
    if var slower = network, addedLatency != .zero {
      for index in slower.network.indices {
        slower.network[index].hop = max(.zero, slower.network[index].hop + addedLatency)
      }
      network = slower
    }
    self.init(
      scaleUp: links, network: network,
      linkBandwidth: accelerator.scaleUpBandwidth, domainSize: max(joined, inNode),
      linkedRanks: isBridged ? joined : nil, hostLinks: bus.map { ($0, accelerator.pcieBandwidth) },
      domainBandwidth: own * nodes, rankBandwidth: min(own, max(ownBus, own / Double(inNode))),
      reducesInNetwork: reducesInNetwork, algorithm: algorithm)
  }

  /// What a node's interfaces come to: remote memory access comes with a link an accelerator, plain networks
  /// and EFA with one a node; without a fabric, the node's own.
  public static func nodeBandwidth(of node: Node, over fabric: Fabric?) -> BytesPerSecond {
    guard let fabric else { return node.nicBandwidth }
    let isRail = fabric.kind == "infiniband" || fabric.kind == "roce"
    return fabric.linkBandwidth * Double(isRail ? max(node.accelerators, 1) : 1)
  }

  /// The group of `ranks` accelerators placed densely: full domains first.
  /// - Parameters:
  ///   - stride: Distance of one rank to the next in accelerators: 1 for neighbours, the tensor width for
  ///     data-parallel groups. The ranks between form groups of the same kind at the same time.
  ///   - placedPerDomain: Accelerators of a domain that the job holds; `nil` for all of it.
  public func group(ranks: Int, stride: Int = 1, placedPerDomain: Int? = nil) -> CollectiveGroup {
    let ranks = max(ranks, 1)
    let stride = max(stride, 1)
    let held = max(placedPerDomain ?? domainSize, 1)
    let inside = min(ranks, max(held / stride, 1))
    return CollectiveGroup(
      ranks: ranks, ranksPerDomain: inside, concurrentPerDomain: max(1, min(stride, held)))
  }
}

extension Catalog {
  /// The PCIe transport of the nearest line rate.
  func busTransport(rate: BytesPerSecond) -> Transport? {
    var nearest: (transport: Transport, distance: Double)?
    for name in names(of: .transports) where name.hasPrefix("pcie-") {
      guard let transport = transport(name), rate.value > 0, transport.lineBandwidth.value > 0 else {
        continue
      }
      let ratio = transport.lineBandwidth / rate
      let distance = max(ratio, 1 / ratio)
      if nearest.map({ distance < $0.distance }) ?? true { nearest = (transport, distance) }
    }
    return nearest?.transport
  }
}
