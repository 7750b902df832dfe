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
/// direction of its KV entries; and what a pool's fabric has above its switches (`FabricLinks`).
struct SharedLinks: Sendable {
  /// A replica's port that the accelerators beside it use too.
  struct Port: Sendable {
    var link: UInt32
    var pool: Int
    var node: Int
    /// Accelerators of the node that reach the network through it.
    var accelerators: Range<Int>
    /// KV entries leave through it; else they arrive.
    var isSending: Bool

    /// Whether two replicas mean the same port by it, in the same direction.
    func isSame(as other: Port) -> Bool {
      pool == other.pool && node == other.node && accelerators == other.accelerators
        && isSending == other.isSending
    }
  }

  /// How a disaggregated service's KV entries use links.
  struct Transfers: Sendable {
    /// By the port's number among the service's own; looked up, never iterated.
    var senders: [Int: Port] = [:]
    var receivers: [Int: Port] = [:]
    /// Of one port of each side.
    var senderBandwidth = BytesPerSecond.zero
    var receiverBandwidth = BytesPerSecond.zero
    /// The pool whose fabric's links they cross; `nil` where those are nobody else's, or nothing is known of
    /// what lies between two pools.
    var fabricPool: Int?
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
  /// By pool; `nil` where the fabric's links are not shared.
  private(set) var fabrics: [FabricLinks?]
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
    fabrics = design.pools.map { _ in nil }
    transfers = services.map { _ in nil }
    sharesTransfers = services.map { _ in false }
    jobs = models.map { _ in Job() }
    loadings = design.services.map { _ in [] }
    stores = design.storage.map { _ in nil }
    addStores(design, models)
    addNetworks(services, models, design, scenario.catalog)
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
}

extension SharedLinks {
  /// The port's link: the one that it has already, where another service uses the same port.
  mutating func addPort(_ place: Port, _ bandwidth: BytesPerSecond) -> Port {
    if let known = ports.first(where: { $0.isSame(as: place) }) {
      capacities[Int(known.link)] = max(capacities[Int(known.link)], bandwidth.value)
      return known
    }
    var port = place
    port.link = link(bandwidth.value)
    ports.append(port)
    return port
  }

  mutating func setTransfers(_ uses: Transfers, of service: Int) {
    transfers[service] = uses
    sharesTransfers[service] = true
  }

  mutating func setFabric(of pool: Int, _ build: (inout [Double]) -> FabricLinks?) {
    fabrics[pool] = build(&capacities)
  }

  mutating func setTraffic(_ traffic: JobTraffic?, of job: Int) { jobs[job].traffic = traffic }

  /// What KV entries from one port to another cross of a fabric that others use.
  func crossing(_ sender: Int, _ receiver: Int, _ uses: Transfers) -> [LinkShare] {
    guard let pool = uses.fabricPool, let fabric = fabrics[pool], let from = uses.senders[sender],
      let to = uses.receivers[receiver]
    else { return [] }
    return fabric.path(from: from.node, to: to.node, accelerators: to.accelerators)
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
