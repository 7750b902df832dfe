import Kernel
import Quantities

/// Where a replica's accelerators meet the network.
public struct TransferSite: Sendable, Hashable {
  /// The node it runs on; two replicas of one node share it.
  public var node: Int
  /// Its network port: a node's links, or the part of them beside the replica's accelerators. Replicas may
  /// share a port.
  public var port: Int

  public init(node: Int, port: Int) {
    self.node = node
    self.port = port
  }
}

/// One side of the transfers: the replicas that send, or those that receive.
public struct TransferSide: Sendable, Hashable {
  /// One a replica.
  public var sites: [TransferSite]
  /// Of one port, one direction.
  public var portBandwidth: BytesPerSecond
  /// Of one replica to others of its node; `nil` when those too are reached over the ports.
  public var bandwidthWithinNode: BytesPerSecond?
  /// Where replicas may come to stand later; `nil` when they stay where `sites` has them.
  public var movesOver: Nodes?

  /// Equal nodes, and how replicas of one size meet the network there.
  public struct Nodes: Sendable, Hashable {
    public var count: Int
    public var packing: Packing

    public init(count: Int, packing: Packing) {
      self.count = count
      self.packing = packing
    }

    /// Every site that there is, ports in order.
    public var sites: [TransferSite] {
      let size = packing.accelerators
      return (0..<count).flatMap { node in
        (0..<packing.replicasPerNode).map { packing.site(node: node, accelerator: $0 * size) }
      }
    }
  }

  /// How replicas of one size share the links of a node.
  public struct Packing: Sendable, Hashable {
    /// Of one replica.
    public var accelerators: Int
    /// Accelerators of a node.
    public var perNode: Int
    /// Equal links of a node.
    public var links: Int
    /// The number of the pool's first node, so that nodes of two pools differ.
    public var numberedFrom: Int

    public init(accelerators: Int, perNode: Int, links: Int, numberedFrom: Int = 0) {
      precondition(accelerators > 0 && perNode > 0 && links > 0, "a side is made of something")
      self.accelerators = accelerators
      self.perNode = perNode
      self.links = links
      self.numberedFrom = numberedFrom
    }

    public var replicasPerNode: Int { max(1, perNode / accelerators) }
    public var portsPerNode: Int { min(links, replicasPerNode) }

    /// Where a replica meets the network whose first accelerator is that of a node of the pool.
    public func site(node: Int, accelerator: Int) -> TransferSite {
      let place = min(replicasPerNode - 1, accelerator / accelerators)
      return TransferSite(
        node: numberedFrom + node, port: node * portsPerNode + place * portsPerNode / replicasPerNode)
    }
  }

  /// Where its replicas stand now or may come to stand.
  public var possibleSites: [TransferSite] { movesOver?.sites ?? sites }

  /// Ports to the network, those that nobody uses included.
  public var portCount: Int {
    let fixed = (sites.map(\.port).max() ?? 0) + 1
    return max(fixed, movesOver.map { $0.count * $0.packing.portsPerNode } ?? 0)
  }

  public init(sites: [TransferSite], portBandwidth: BytesPerSecond, bandwidthWithinNode: BytesPerSecond?) {
    precondition(!sites.isEmpty && portBandwidth.value > 0, "a side has replicas and a way out")
    self.sites = sites
    self.portBandwidth = portBandwidth
    self.bandwidthWithinNode = bandwidthWithinNode
  }

  /// Packs replicas onto nodes, one after the other, and tells their ports.
  ///
  /// - Parameters:
  ///   - first: accelerators of the pool that other replicas hold before these.
  ///   - accelerators: of one replica.
  ///   - perNode: accelerators of a node.
  ///   - links: equal links of a node. A replica reaches those beside its own accelerators: with as many
  ///     links as replicas or more, each has a port of its own; with fewer, neighbours share one.
  ///   - nodeBandwidth: all links of a node together, one direction.
  ///   - numberedFrom: the number of the pool's first node, so that nodes of two pools differ.
  public static func packed(
    replicas: Int, after first: Int, accelerators: Int, perNode: Int, links: Int,
    nodeBandwidth: BytesPerSecond, bandwidthWithinNode: BytesPerSecond?, numberedFrom: Int = 0
  ) -> TransferSide {
    precondition(replicas > 0, "a side is made of something")
    let packing = Packing(
      accelerators: accelerators, perNode: perNode, links: links, numberedFrom: numberedFrom)
    let ports = packing.portsPerNode
    // A replica over several nodes has its share of all of them to itself.
    let share = accelerators > perNode ? Double(accelerators) / Double(perNode) : 1 / Double(ports)
    var next = first
    let sites = (0..<replicas).map { _ in
      // A replica that fits a node does not straddle two.
      let rest = perNode - next % perNode
      if accelerators <= perNode && accelerators > rest { next += rest }
      defer { next += accelerators }
      return packing.site(node: next / perNode, accelerator: next % perNode)
    }
    return TransferSide(
      sites: sites, portBandwidth: nodeBandwidth * share, bandwidthWithinNode: bandwidthWithinNode)
  }
}

/// How KV entries get from the replicas that prefill to those that decode.
public struct TransferSettings: Sendable, Hashable {
  /// KV entries of one token over all layers.
  public var bytesPerToken: Double
  /// Layers with KV entries; the last of them can leave only when the prompt is computed.
  public var layers: Int
  /// Of the network, from one node's memory to another's.
  public var latency: Ticks
  /// Whether layers leave while the prompt is still being computed.
  public var overlaps: Bool
  /// Whether the client's first token comes from the receiver, when it has all KV entries.
  public var answersFromReceiver = false
  public var senders: TransferSide
  public var receivers: TransferSide

  public init(
    bytesPerToken: Double, layers: Int, latency: Ticks, overlaps: Bool, senders: TransferSide,
    receivers: TransferSide
  ) {
    precondition(bytesPerToken >= 0 && layers > 0 && latency >= .zero, "a transfer moves something forward")
    self.bytesPerToken = bytesPerToken
    self.layers = layers
    self.latency = latency
    self.overlaps = overlaps
    self.senders = senders
    self.receivers = receivers
  }

  /// Whether a sender and a receiver share a node whose own links they use.
  public func isWithinNode(_ sender: Int, _ receiver: Int) -> Bool {
    senders.sites[sender].node == receivers.sites[receiver].node && senders.bandwidthWithinNode != nil
      && receivers.bandwidthWithinNode != nil
  }

  /// Bytes of a prompt's KV entries, to the nearest.
  public func bytes(ofTokens tokens: Int32) -> Int64 {
    Int64(min(0x1p62, (Double(tokens) * bytesPerToken).rounded()))
  }
}
