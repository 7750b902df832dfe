import Catalog
import Kernel
import Quantities
import Scenario
import Workloads

/// What all runs of one disaggregated service share.
struct DisaggregatedModel: Sendable {
  struct Role: Sendable {
    var settings: ReplicaSettings
    var latency: any LatencyModel
    /// Replicas that there may be at most.
    var count: Int
    var router: RouterSettings
  }

  var prefill: Role
  var decode: Role
  var transfer: TransferSettings
  var upDelay: Ticks
  var roundTrip: Ticks

  /// - Parameter places: where the replicas of each role stand at the start; empty where they stay up.
  init(
    _ roles: Disaggregation, of service: Service, in design: Design, places: [[Allocation]],
    model: ModelShape, catalog: Catalog
  ) {
    prefill = Self.role(roles.prefill, in: design, model: model, catalog: catalog)
    prefill.settings.isPrefillOnly = true
    prefill.count = max(prefill.count, roles.prefillAutoscale?.maximum ?? 0)
    decode = Self.role(roles.decode, in: design, model: model, catalog: catalog)
    decode.count = max(decode.count, roles.decodeAutoscale?.maximum ?? 0)
    roundTrip = Ticks(
      seconds: design.sites[design.pools[roles.prefill.poolIndex].siteIndex].roundTrip.value)
    upDelay = Ticks(roundTrip.count / 2) + Ticks(seconds: prefill.latency.frontEndSeconds.value)
    let sides = Self.sides(roles, of: service, in: design)
    transfer = TransferSettings(
      bytesPerToken: roles.prefill.memory.keyValueBytesPerToken.value,
      layers: max(1, model.keyValueLayers), latency: Ticks(seconds: roles.transfer.latency.value),
      overlaps: roles.transfer.overlaps, senders: sides.senders, receivers: sides.receivers)
    transfer.answersFromReceiver = roles.transfer.answersFromDecode
    guard places.count == 2 else { return }
    let isOnePool = roles.prefill.poolIndex == roles.decode.poolIndex
    transfer.senders.follow(
      places[0], most: prefill.count, of: roles.prefill, links: roles.transfer.senders, in: design,
      isOnePool: isOnePool)
    transfer.receivers.follow(
      places[1], most: decode.count, of: roles.decode, links: roles.transfer.receivers, in: design,
      isOnePool: isOnePool)
  }

  private static func role(
    _ deployment: Deployment, in design: Design, model: ModelShape, catalog: Catalog
  ) -> Role {
    var settings = DesignModel.replicaSettings(of: deployment)
    settings.takesWholePrompts = true
    return Role(
      settings: settings,
      latency: DesignModel.latencyModel(
        of: deployment, on: design.pools[deployment.poolIndex], model: model, catalog: catalog),
      count: deployment.replicas, router: deployment.router)
  }

  /// Nodes of different pools are different nodes.
  fileprivate static func firstNode(of deployment: Deployment, isOnePool: Bool) -> Int {
    isOnePool ? 0 : deployment.poolIndex << 32
  }

  /// Replicas fill their pool in the order of the file: services one after the other, prefill before decode.
  private static func sides(_ roles: Disaggregation, of service: Service, in design: Design)
    -> (senders: TransferSide, receivers: TransferSide)
  {
    func held(_ deployment: Deployment) -> Int { deployment.replicas * deployment.acceleratorsPerReplica }
    func before(_ pool: Int) -> Int {
      design.services.prefix { $0.name != service.name }.flatMap(\.deployments)
        .filter { $0.poolIndex == pool }.reduce(0) { $0 + held($1) }
    }
    let samePool = roles.prefill.poolIndex == roles.decode.poolIndex
    func side(_ deployment: Deployment, _ links: KeyValueTransfer.NodeLinks, after first: Int) -> TransferSide
    {
      let pool = design.pools[deployment.poolIndex]
      let perAccelerator = pool.accelerator.scaleUpBandwidth
      let within = perAccelerator * Double(deployment.acceleratorsPerReplica)
      return .packed(
        replicas: deployment.replicas, after: first, accelerators: deployment.acceleratorsPerReplica,
        perNode: pool.node.accelerators, links: links.count, nodeBandwidth: links.bandwidth,
        bandwidthWithinNode: roles.transfer.usesScaleUp && within.value > 0 ? within : nil,
        numberedFrom: Self.firstNode(of: deployment, isOnePool: samePool))
    }
    let first = before(roles.prefill.poolIndex)
    let second = samePool ? first + held(roles.prefill) : before(roles.decode.poolIndex)
    return (
      side(roles.prefill, roles.transfer.senders, after: first),
      side(roles.decode, roles.transfer.receivers, after: second)
    )
  }
}

extension TransferSide {
  /// Lets replicas stand on any node of their pool: where they do at the start, and where they go later.
  fileprivate mutating func follow(
    _ places: [Allocation], most: Int, of deployment: Deployment, links: KeyValueTransfer.NodeLinks,
    in design: Design, isOnePool: Bool
  ) {
    let pool = design.pools[deployment.poolIndex]
    let packing = Packing(
      accelerators: deployment.acceleratorsPerReplica, perNode: pool.node.accelerators, links: links.count,
      numberedFrom: DisaggregatedModel.firstNode(of: deployment, isOnePool: isOnePool))
    movesOver = Nodes(count: pool.nodeCount, packing: packing)
    // Those that hold nothing yet get their place with their accelerators.
    sites = (0..<most).map { index in
      index < places.count ? packing.site(of: places[index]) : packing.site(node: 0, accelerator: 0)
    }
  }
}

extension TransferSide.Packing {
  /// Where a replica meets the network that holds these accelerators; one over several nodes, that of the
  /// first.
  func site(of place: Allocation) -> TransferSite {
    guard let first = place.grants.first else { return site(node: 0, accelerator: 0) }
    return site(node: Int(first.node), accelerator: Int(first.device) % perNode)
  }
}
