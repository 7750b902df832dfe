import Economics
import Quantities

/// Nodes of a pool that are delivered together.
public struct Delivery: Sendable, Hashable {
  /// From the start of the horizon; they are ordered a lead time before.
  public var at: Seconds
  public var nodes: Int
  /// Of a node; `nil` for the pool's. Only of what is bought.
  public var price: Money?
  /// Demand that it is ordered for: it never comes where demand is below this multiple in the month of the
  /// order; `nil` for whatever demand is.
  public var demand: Double?

  public init(at: Seconds, nodes: Int, price: Money? = nil, demand: Double? = nil) {
    self.at = at
    self.nodes = nodes
    self.price = price
    self.demand = demand
  }
}

/// Nodes of a pool with the times that their money goes by.
public struct PoolBatch: Sendable, Hashable {
  public var nodes: Int
  /// Of all nodes of the pool, 0...1.
  public var share: Double
  public var ordered: Seconds
  /// The first day of use: delivered, come by and accepted.
  public var from: Seconds
  /// Of a node, where it is not the pool's.
  public var price: Money?
  /// The least demand that it is ordered at.
  public var demand: Double?

  /// Whether it is ordered, when demand goes like that.
  public func isOrdered(at demand: Demand, _ horizon: Horizon) -> Bool {
    guard let least = self.demand else { return true }
    return demand.level(ofMonth: horizon.month(of: ordered)) >= least * (1 - 1e-12)
  }
}

/// The nodes of each pool that are in use from a time on, in the order of the design's pools.
public struct CapacityStage: Sendable, Hashable {
  public var from: Seconds
  public var nodes: [Int]
}

extension Design {
  /// Whether some pool comes in batches.
  public var isPhased: Bool { pools.contains { !$0.deliveries.isEmpty } }

  /// The batches of a pool by their time; one where all of it comes together.
  public func batches(of pool: Pool) -> [PoolBatch] {
    let lead = sites[pool.siteIndex].leadTime
    let wait = (pool.provisioning?.meanTime ?? .zero) + pool.acceptance
    if pool.deliveries.isEmpty {
      return [PoolBatch(nodes: pool.nodeCount, share: 1, ordered: .zero, from: lead + wait)]
    }
    return pool.deliveries.map {
      PoolBatch(
        nodes: $0.nodes, share: Double($0.nodes) / Double(pool.nodeCount),
        ordered: max(.zero, $0.at - lead), from: $0.at + wait, price: $0.price, demand: $0.demand)
    }
  }

  /// How its capacity grows: the first stage begins at the start, with no nodes where all have to come.
  ///
  /// - Parameter isOrdered: which batches come.
  /// - Complexity: O(batches × pools).
  public func stages(where isOrdered: (PoolBatch) -> Bool = { _ in true }) -> [CapacityStage] {
    let batches = pools.map { self.batches(of: $0).filter(isOrdered) }
    let times = ([.zero] + batches.flatMap { $0.map(\.from) }).sorted()
    var stages: [CapacityStage] = []
    for time in times {
      let nodes = batches.map { $0.reduce(0) { $1.from <= time ? $0 + $1.nodes : $0 } }
      if stages.last?.nodes != nodes { stages.append(CapacityStage(from: time, nodes: nodes)) }
    }
    return stages
  }

  /// People by what they look after: nodes from their first day of use, endpoints from the start. Empty where
  /// the scenario says how many there are.
  ///
  /// - Parameter isOrdered: which batches come.
  public func peopleOverTime(where isOrdered: (PoolBatch) -> Bool) -> [(from: Seconds, people: Double)] {
    guard let staffing = staff?.staffing else { return [] }
    let endpoints = services.count { if case .endpoint = $0.placement { true } else { false } }
    return stages(where: isOrdered).map { stage in
      func nodes(_ isOwned: Bool) -> Int {
        zip(pools, stage.nodes).reduce(0) { $1.0.isOwned == isOwned ? $0 + $1.1 : $0 }
      }
      let people = staffing.people(ownedNodes: nodes(true), rentedNodes: nodes(false), endpoints: endpoints)
      return (stage.from, Double(people))
    }
  }

  /// The design with so many nodes in each pool.
  ///
  /// Each service keeps its replicas in proportion, rounded down; accelerators that this leaves free take
  /// services that would have none, then those that lost most. A service that has no replica left is not
  /// answered and not among the services; the jobs of pools that are not whole do not run. Pools without
  /// nodes are taken out.
  ///
  /// - Parameter nodes: one count a pool, none above its `nodeCount`.
  public func reduced(to nodes: [Int]) -> Design {
    precondition(nodes.count == pools.count, "every pool has a count")
    var reduced = self
    var replicas = services.map { $0.deployments.map(\.replicas) }
    for (index, pool) in pools.enumerated() where nodes[index] < pool.nodeCount {
      keepReplicas(&replicas, onPool: index, nodes: nodes[index])
      reduced.pools[index].nodeCount = nodes[index]
      // Only jobs meet failures, and none of them runs here.
      reduced.pools[index].failures = nil
    }
    for index in pools.indices { reduced.pools[index].deliveries = [] }
    reduced.services = zip(services, replicas).compactMap { $0.with(replicas: $1) }
    reduced.jobs.removeAll { nodes[$0.poolIndex] < pools[$0.poolIndex].nodeCount }
    reduced.dropEmptyPools()
    return reduced
  }

  /// Writes the replicas that so many nodes of a pool hold.
  private func keepReplicas(_ replicas: inout [[Int]], onPool index: Int, nodes: Int) {
    let pool = pools[index]
    var free = nodes * pool.node.accelerators
    var kept: [(service: Int, role: Int, whole: Int, size: Int, lost: Int)] = []
    for (service, deployments) in services.map(\.deployments).enumerated() {
      for (role, deployment) in deployments.enumerated() where deployment.poolIndex == index {
        let (count, lost) = (deployment.replicas * nodes).quotientAndRemainder(dividingBy: pool.nodeCount)
        replicas[service][role] = count
        free -= count * deployment.acceleratorsPerReplica
        kept.append((service, role, deployment.replicas, deployment.acceleratorsPerReplica, lost))
      }
    }
    let empty = kept.filter { replicas[$0.service][$0.role] == 0 }
    let rest = kept.filter { replicas[$0.service][$0.role] > 0 && $0.lost > 0 }
      .sorted { ($1.lost, $0.service, $0.role) < ($0.lost, $1.service, $1.role) }
    for part in empty + rest where part.size <= free && replicas[part.service][part.role] < part.whole {
      replicas[part.service][part.role] += 1
      free -= part.size
    }
  }

  private mutating func dropEmptyPools() {
    let left = pools.indices.filter { pools[$0].nodeCount > 0 }
    if left.count == pools.count { return }
    let position = { (index: Int) in left.firstIndex(of: index) ?? 0 }
    for index in services.indices { services[index].movePools(position) }
    for index in jobs.indices { jobs[index].poolIndex = position(jobs[index].poolIndex) }
    pools = left.map { pools[$0] }
  }
}

extension Service {
  /// With other numbers of replicas, by role; `nil` where one is none.
  fileprivate func with(replicas: [Int]) -> Service? {
    if replicas.contains(0) { return nil }
    var service = self
    switch placement {
    case .endpoint: break
    case .pool(var deployment):
      deployment.replicas = replicas[0]
      service.placement = .pool(deployment)
    case .disaggregated(var roles):
      (roles.prefill.replicas, roles.decode.replicas) = (replicas[0], replicas[1])
      service.placement = .disaggregated(roles)
    }
    return service
  }

  fileprivate mutating func movePools(_ position: (Int) -> Int) {
    switch placement {
    case .endpoint: break
    case .pool(var deployment):
      deployment.poolIndex = position(deployment.poolIndex)
      placement = .pool(deployment)
    case .disaggregated(var roles):
      roles.prefill.poolIndex = position(roles.prefill.poolIndex)
      roles.decode.poolIndex = position(roles.decode.poolIndex)
      placement = .disaggregated(roles)
    }
  }
}
