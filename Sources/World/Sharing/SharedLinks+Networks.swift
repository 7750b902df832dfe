import Catalog
import Infrastructure
import Quantities
import Scenario
import Workloads

/// Which ports and fabrics are shared, and by whom.
extension SharedLinks {
  /// The KV entries of one disaggregated service: where they leave and arrive.
  private struct Traffic {
    var service: Int
    var senders: TransferSide
    var receivers: TransferSide
    /// By replica.
    var own: [Port]
    var other: [Port]
    /// The pool of both roles; `nil` where they have one each.
    var pool: Int?
    var crosses = false

    var ports: [Port] { own + other }
  }

  mutating func addNetworks(
    _ services: [DesignModel.Service], _ models: [JobModel], _ design: Design, _ catalog: Catalog
  ) {
    let users = services.indices.compactMap { Self.traffic(of: $0, services[$0], design, catalog) }
    for user in users { addTransfers(of: user, among: users, models, design, catalog) }
    for pool in design.pools.indices where fabrics[pool] == nil {
      let own = models.filter { $0.poolIndex == pool && $0.nodes > 1 }
      guard own.count > 1, let network = design.pools[pool].network, FabricLinks.isTight(network) else {
        continue
      }
      addFabric(of: pool, design, catalog)
    }
  }

  private static func traffic(
    of index: Int, _ service: DesignModel.Service, _ design: Design, _ catalog: Catalog
  ) -> Traffic? {
    guard case .disaggregated(let roles) = service.placement,
      case .disaggregated(let settings) = design.services[index].placement
    else { return nil }
    let (senders, receivers) = (roles.transfer.senders, roles.transfer.receivers)
    let (from, to) = (settings.prefill.poolIndex, settings.decode.poolIndex)
    var traffic = Traffic(
      service: index, senders: senders, receivers: receivers,
      own: places(settings.prefill, settings.transfer.senders, senders, design, isSending: true),
      other: places(settings.decode, settings.transfer.receivers, receivers, design, isSending: false))
    guard from == to else { return traffic }
    traffic.pool = from
    var scratch: [Double] = []
    if let fabric = FabricLinks(of: design.pools[from], catalog: catalog, capacities: &scratch) {
      traffic.crosses = traffic.own.contains { sender in
        traffic.other.contains {
          !fabric.path(from: sender.node, to: $0.node, accelerators: $0.accelerators).isEmpty
        }
      }
    }
    return traffic
  }

  private mutating func addTransfers(
    of user: Traffic, among users: [Traffic], _ models: [JobModel], _ design: Design, _ catalog: Catalog
  ) {
    let hosts = user.ports.filter { place in models.contains { $0.poolIndex == place.pool } }
    let others = users.filter { $0.service != user.service }
    let sharesPort =
      hosts.contains { user.senders.movesOver != nil || Self.hasFreeNeighbour(of: $0, in: design) }
      || user.ports.contains { port in others.contains { $0.ports.contains { port.isSame(as: $0) } } }
    let sharesFabric = user.crosses && isBound(user, design, catalog)
    guard sharesPort || sharesFabric else { return }
    if sharesFabric { addFabric(of: user.pool!, design, catalog) }
    var uses = Transfers()
    uses.fabricPool = sharesFabric ? user.pool : nil
    uses.senderBandwidth = user.senders.portBandwidth
    uses.receiverBandwidth = user.receivers.portBandwidth
    for (place, site) in zip(user.own, user.senders.possibleSites) where uses.senders[site.port] == nil {
      uses.senders[site.port] = addPort(place, user.senders.portBandwidth)
    }
    for (place, site) in zip(user.other, user.receivers.possibleSites) where uses.receivers[site.port] == nil
    {
      uses.receivers[site.port] = addPort(place, user.receivers.portBandwidth)
    }
    setTransfers(uses, of: user.service)
  }

  /// Whether its KV entries may ask for more than the fabric between its nodes carries: that does not hang on
  /// who else is there, so that whoever comes without traffic changes nothing.
  private func isBound(_ user: Traffic, _ design: Design, _ catalog: Catalog) -> Bool {
    guard let pool = user.pool, let network = design.pools[pool].network else { return false }
    if FabricLinks.isTight(network) { return true }
    // A service's links may be wider than its nodes' interfaces: it fills even a tree that blocks nobody.
    let own = design.pools[pool].nodeBandwidth(catalog: catalog).value * (1 + 1e-9)
    func sum(_ ports: [Port], _ each: BytesPerSecond) -> Double {
      let perNode = Set(ports.map(\.accelerators)).count
      return each.value * Double(perNode)
    }
    return sum(user.own, user.senders.portBandwidth) > own
      || sum(user.other, user.receivers.portBandwidth) > own
  }

  private mutating func addFabric(of pool: Int, _ design: Design, _ catalog: Catalog) {
    if fabrics[pool] != nil { return }
    setFabric(of: pool) { FabricLinks(of: design.pools[pool], catalog: catalog, capacities: &$0) }
  }

  /// The port of each replica, still without a link.
  private static func places(
    _ role: Deployment, _ links: KeyValueTransfer.NodeLinks, _ side: TransferSide, _ design: Design,
    isSending: Bool
  ) -> [Port] {
    let perNode = design.pools[role.poolIndex].node.accelerators
    let size = role.acceleratorsPerReplica
    let places = max(1, perNode / size)
    let count = min(links.count, places)
    return side.possibleSites.map { site in
      let node = site.node & (1 << 32 - 1)
      let own = (0..<places).filter { $0 * count / places == site.port - node * count }
      let first = (own.first ?? 0) * size
      let last = own.last == places - 1 || own.isEmpty ? perNode : (own.last! + 1) * size
      return Port(
        link: 0, pool: role.poolIndex, node: node, accelerators: first..<max(first, last),
        isSending: isSending)
    }
  }

  /// Whether a job could get an accelerator beside a replica's that uses the same port.
  private static func hasFreeNeighbour(of port: Port, in design: Design) -> Bool {
    let perNode = design.pools[port.pool].node.accelerators
    let held = design.acceleratorsHeldByServices(onPool: port.pool)
    return port.node * perNode + port.accelerators.upperBound > held
  }

  mutating func addTraffic(of index: Int, _ model: JobModel, _ design: Design, _ scenario: Scenario) {
    let pool = model.poolIndex
    guard fabrics[pool] != nil || ports.contains(where: { $0.pool == pool }) else { return }
    setTraffic(
      JobTraffic(
        model.job, accelerators: model.accelerators, on: design.pools[pool], catalog: scenario.catalog),
      of: index)
  }
}
