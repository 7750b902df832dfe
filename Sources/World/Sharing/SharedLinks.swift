import Infrastructure
import Kernel
import Quantities
import Scenario
import Workloads

/// The links and stores of a design that more than one of its jobs and services may use, and how each uses
/// them.
///
/// Only there can they slow each other: a job or a service all of whose links are its own is not in here, and
/// runs to the tick as it would by itself. Links are a store; a replica's port to the network, in the
/// direction of its KV entries; and what joins a leaf switch of a fat tree to the others, in each direction.
struct SharedLinks: Sendable {
  /// A replica's port that the accelerators beside it use too.
  struct Port: Sendable {
    var link: UInt32
    var pool: Int
    var node: Int
    /// Accelerators of the node that reach the network through it.
    var accelerators: Range<Int>
  }

  /// The links above one leaf switch.
  struct Leaf: Sendable {
    var up: UInt32
    var down: UInt32
  }

  /// How a disaggregated service's KV entries use links.
  struct Transfers: Sendable {
    /// By the port's number among the service's own.
    var senders: [Int: UInt32] = [:]
    var receivers: [Int: UInt32] = [:]
    var rateCap = BytesPerSecond.zero
    /// The pool whose leaves' links they cross; `nil` where those are nobody else's, or nothing is known of
    /// what lies between two pools.
    var leafPool: Int?
  }

  /// How a job uses a store: what one of its nodes moves when nobody else is there.
  struct StoreUse: Sendable {
    var link: UInt32
    var rate: BytesPerSecond
    /// Of the link, for each byte read or written.
    var weight: Double
  }

  struct Job: Sendable {
    var traffic: JobTraffic?
    var samples: StoreUse?
    var save: StoreUse?
    var restore: StoreUse?
    var isAny: Bool { traffic != nil || samples != nil || save != nil }
  }

  /// How the replicas of one deployment read their weights.
  struct Loading: Sendable {
    var replicas: Int
    var nodes: Int
    var bytesPerNode: Bytes
    var rateCap: BytesPerSecond
  }

  private(set) var capacities: [Double] = []
  private(set) var ports: [Port] = []
  /// By pool, then leaf; empty where no leaf's links are shared.
  private(set) var leaves: [[Leaf]]
  private(set) var nodesPerLeaf: [Int]
  /// By service; `nil` where its transfers have their ports for themselves.
  private(set) var transfers: [Transfers?]
  /// The same in short, asked for each transfer.
  private(set) var sharesTransfers: [Bool]
  private(set) var jobs: [Job]
  /// By service; empty where weights are in place.
  private(set) var loadings: [[Loading]]
  /// By store; `nil` where at most one uses it.
  private(set) var stores: [UInt32?]

  /// Whether anything is shared at all.
  var isEmpty: Bool { capacities.isEmpty }

  init(_ design: Design, services: [DesignModel.Service], jobs models: [JobModel], scenario: Scenario) {
    leaves = design.pools.map { _ in [] }
    nodesPerLeaf = design.pools.map { max(1, $0.network?.nodesPerLeaf ?? $0.nodeCount) }
    transfers = services.map { _ in nil }
    sharesTransfers = services.map { _ in false }
    jobs = models.map { _ in Job() }
    loadings = design.services.map { _ in [] }
    stores = design.storage.map { _ in nil }
    addStores(design, models)
    for index in services.indices { addTransfers(of: index, services[index], design, models) }
    for index in models.indices { addTraffic(of: index, models[index], design, scenario) }
  }

  private mutating func link(_ capacity: Double) -> UInt32 {
    capacities.append(capacity)
    return UInt32(capacities.count - 1)
  }

  // MARK: Stores

  private mutating func addStores(_ design: Design, _ models: [JobModel]) {
    for (index, tier) in design.storage.enumerated() {
      let readers = models.filter { $0.samples != nil && $0.job.dataStorage == index }.count
      let savers = models.filter { $0.save != nil && $0.job.checkpoints.storage == index }.count
      let starts = design.services.contains { $0.coldStart?.storage == index }
      guard starts || readers + savers > 1, tier.readBandwidth.value > 0, tier.writeBandwidth.value > 0 else {
        continue
      }
      let link = link(tier.readBandwidth.value)
      stores[index] = link
      for (place, model) in models.enumerated() {
        if model.job.dataStorage == index, let rate = model.samples {
          jobs[place].samples = StoreUse(link: link, rate: rate, weight: 1)
        }
        if model.job.checkpoints.storage == index, let save = model.save {
          // A byte written takes more of a store that reads faster than it writes.
          let weight = tier.readBandwidth / tier.writeBandwidth
          jobs[place].save = StoreUse(link: link, rate: save.write, weight: weight)
          jobs[place].restore = StoreUse(link: link, rate: save.read, weight: 1)
        }
      }
    }
    for (index, service) in design.services.enumerated() {
      guard let start = service.coldStart else { continue }
      loadings[index] = service.deployments.map {
        Loading($0, on: design.pools[$0.poolIndex], from: design.storage[start.storage])
      }
    }
  }

  // MARK: Ports and leaves

  private mutating func addTransfers(
    of index: Int, _ service: DesignModel.Service, _ design: Design, _ models: [JobModel]
  ) {
    guard case .disaggregated(let roles) = service.placement,
      case .disaggregated(let settings) = design.services[index].placement
    else { return }
    let pools = (settings.prefill.poolIndex, settings.decode.poolIndex)
    let (senders, receivers) = (roles.transfer.senders, roles.transfer.receivers)
    let own = Self.places(settings.prefill, settings.transfer.senders, senders, design)
    let other = Self.places(settings.decode, settings.transfer.receivers, receivers, design)
    let hosts = (own + other).filter { place in models.contains { $0.poolIndex == place.pool } }
    let sharesPort = hosts.contains { Self.hasFreeNeighbour(of: $0, in: design) }
    let crosses = pools.0 == pools.1 && crossesLeaves(senders, receivers, of: design.pools[pools.0], pools.0)
    let sharesLeaf = crosses && models.contains { $0.poolIndex == pools.0 }
    guard sharesPort || sharesLeaf else { return }
    if sharesLeaf && leaves[pools.0].isEmpty { addLeaves(of: pools.0, design) }
    var uses = Transfers()
    uses.leafPool = sharesLeaf ? pools.0 : nil
    uses.rateCap = min(senders.portBandwidth, receivers.portBandwidth)
    for (place, site) in zip(own, senders.sites) where uses.senders[site.port] == nil {
      uses.senders[site.port] = addPort(place, senders.portBandwidth)
    }
    for (place, site) in zip(other, receivers.sites) where uses.receivers[site.port] == nil {
      uses.receivers[site.port] = addPort(place, receivers.portBandwidth)
    }
    transfers[index] = uses
    sharesTransfers[index] = true
  }

  private mutating func addPort(_ place: Port, _ bandwidth: BytesPerSecond) -> UInt32 {
    var port = place
    port.link = link(bandwidth.value)
    ports.append(port)
    return port.link
  }

  /// The port of each replica, still without a link.
  private static func places(
    _ role: Deployment, _ links: KeyValueTransfer.NodeLinks, _ side: TransferSide, _ design: Design
  ) -> [Port] {
    let perNode = design.pools[role.poolIndex].node.accelerators
    let size = role.acceleratorsPerReplica
    let places = max(1, perNode / size)
    let count = min(links.count, places)
    return side.sites.map { site in
      let node = site.node & (1 << 32 - 1)
      let own = (0..<places).filter { $0 * count / places == site.port - node * count }
      let first = (own.first ?? 0) * size
      let last = own.last == places - 1 || own.isEmpty ? perNode : (own.last! + 1) * size
      return Port(link: 0, pool: role.poolIndex, node: node, accelerators: first..<max(first, last))
    }
  }

  /// Whether a job could get an accelerator beside a replica's that uses the same port.
  private static func hasFreeNeighbour(of port: Port, in design: Design) -> Bool {
    let perNode = design.pools[port.pool].node.accelerators
    let held = design.acceleratorsHeldByServices(onPool: port.pool)
    return port.node * perNode + port.accelerators.upperBound > held
  }

  private func crossesLeaves(
    _ senders: TransferSide, _ receivers: TransferSide, of pool: Pool, _ index: Int
  ) -> Bool {
    guard let network = pool.network, network.topology == .fatTree, pool.nodeCount > network.nodesPerLeaf
    else { return false }
    return senders.sites.contains { from in
      receivers.sites.contains { leaf(of: from.node, index) != leaf(of: $0.node, index) }
    }
  }

  private mutating func addLeaves(of index: Int, _ design: Design) {
    let pool = design.pools[index]
    guard let network = pool.network else { return }
    let own = network.nodeBandwidth ?? pool.node.nicBandwidth
    let capacity = own.value * Double(nodesPerLeaf[index]) / network.oversubscription
    let count = (pool.nodeCount + nodesPerLeaf[index] - 1) / nodesPerLeaf[index]
    leaves[index] = (0..<count).map { _ in Leaf(up: link(capacity), down: link(capacity)) }
  }

  func leaf(of node: Int, _ pool: Int) -> Int { (node & (1 << 32 - 1)) / nodesPerLeaf[pool] }

  private mutating func addTraffic(of index: Int, _ model: JobModel, _ design: Design, _ scenario: Scenario) {
    let pool = model.poolIndex
    guard !leaves[pool].isEmpty || ports.contains(where: { $0.pool == pool }) else { return }
    jobs[index].traffic = JobTraffic(
      model.job, accelerators: model.accelerators, on: design.pools[pool], catalog: scenario.catalog)
  }
}

extension SharedLinks.Loading {
  /// Every replica reads all of its weights; those of one node share what the node takes.
  init(_ deployment: Deployment, on pool: Pool, from tier: StorageTier) {
    let perNode = pool.node.accelerators
    let size = deployment.acceleratorsPerReplica
    replicas = deployment.replicas
    nodes = (size + perNode - 1) / perNode
    let onNode = min(size, perNode)
    bytesPerNode = deployment.memory.weights * Double(onNode)
    let neighbours = Double(min(max(1, deployment.replicas), max(1, perNode / size)))
    let seen = tier.seen(throughConnections: onNode)
    let bus = pool.accelerator.pcieBandwidth.value * Double(onNode)
    var cap = seen.clientBandwidth.value / neighbours
    if pool.node.nicBandwidth.value > 0 { cap = min(cap, pool.node.nicBandwidth.value / neighbours) }
    if bus > 0 { cap = min(cap, bus) }
    rateCap = BytesPerSecond(min(cap, tier.readBandwidth.value))
  }
}
