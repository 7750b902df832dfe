import Catalog
import Kernel
import Quantities
import Workloads

/// A service whose prompts are prefilled by one set of replicas and answered by another.
public struct Disaggregation: Sendable {
  public var prefill: Deployment
  public var decode: Deployment
  public var transfer: KeyValueTransfer
  /// `nil` where the number of the role's replicas stays.
  public var prefillAutoscale: AutoscaleSettings?
  public var decodeAutoscale: AutoscaleSettings?

  public init(prefill: Deployment, decode: Deployment, transfer: KeyValueTransfer) {
    self.prefill = prefill
    self.decode = decode
    self.transfer = transfer
  }
}

/// How KV entries get from prefill replicas to decode replicas.
public struct KeyValueTransfer: Sendable, Hashable {
  /// The links of one node.
  public struct NodeLinks: Sendable, Hashable {
    /// All links together, one direction.
    public var bandwidth: BytesPerSecond
    /// Equal links that the node's replicas share.
    public var count: Int

    public init(bandwidth: BytesPerSecond, count: Int) {
      self.bandwidth = bandwidth
      self.count = count
    }
  }

  public var senders: NodeLinks
  public var receivers: NodeLinks
  /// From one node's memory to another's.
  public var latency: Seconds
  /// Whether layers leave while the prompt is being computed. Then the decode replica is chosen, and reserves
  /// its blocks, when the request arrives; otherwise when the prompt is computed.
  public var overlaps: Bool
  /// Whether replicas of one node use its scale-up links for what they send each other.
  public var usesScaleUp: Bool
  /// Whether the client gets the first token from the decode replica, once KV entries have come, or from the
  /// prefill replica.
  public var answersFromDecode: Bool

  public init(
    senders: NodeLinks, receivers: NodeLinks, latency: Seconds, overlaps: Bool, usesScaleUp: Bool,
    answersFromDecode: Bool
  ) {
    self.senders = senders
    self.receivers = receivers
    self.latency = latency
    self.overlaps = overlaps
    self.usesScaleUp = usesScaleUp
    self.answersFromDecode = answersFromDecode
  }
}

extension Service {
  /// What runs on pools, in a fixed order: nothing for an endpoint, one deployment for plain replicas,
  /// prefill before decode for disaggregated ones.
  public var deployments: [Deployment] {
    switch placement {
    case .endpoint: []
    case .pool(let deployment): [deployment]
    case .disaggregated(let roles): [roles.prefill, roles.decode]
    }
  }

  /// How many replicas each of `deployments` runs, in the same order; `nil` where their number stays.
  public var autoscales: [AutoscaleSettings?] {
    switch placement {
    case .endpoint: []
    case .pool: [autoscale]
    case .disaggregated(let roles): [roles.prefillAutoscale, roles.decodeAutoscale]
    }
  }

  /// Whether the number of replicas changes with what there is to do.
  public var scales: Bool { autoscales.contains { $0 != nil } }
}
