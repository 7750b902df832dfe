import Infrastructure
import Scenario
import Workloads

/// Where the replicas of a design stand, and what can take them down. Built once, immutable.
struct LifecycleModel: Sendable {
  /// A pool whose nodes break or are taken out under whoever stands on them.
  struct Pool: Sendable {
    /// What breaks in it, all nodes together.
    var classes: [ComponentClass]
    var nodes: Int
    /// Accelerators of a node.
    var perNode: Int
    /// Services whose replicas can fall.
    var services: [Int]
    /// Accelerators of services that nothing here touches.
    var fixed: [Allocation]
    /// Nodes held at least where they come and go; `nil` where they stay.
    var leastNodes: Int?
    var provisioning: Provisioning?
    /// By node of an elastic pool: whether somebody stands on it from the start.
    var needed: [Bool] = []
  }

  /// `nil` for pools that nothing here touches: their jobs fail by themselves.
  let pools: [Pool?]
  /// By service, its deployments, then replica: where it stands at the start. Empty for services whose
  /// replicas stay up.
  let places: [[[Allocation]]]

  var isEmpty: Bool { pools.allSatisfy { $0 == nil } }

  init(_ design: Design) {
    var places: [[[Allocation]]] = design.services.map { service in
      design.hasLifecycle(service) ? service.deployments.map { _ in [] } : []
    }
    pools = design.pools.indices.map { index in
      let pool = design.pools[index]
      let own = design.services.indices.filter { place in
        let service = design.services[place]
        return service.deployments.contains { $0.poolIndex == index } && design.hasLifecycle(service)
      }
      let isOut = design.outages.contains { $0.parts.contains { $0.poolIndex == index } }
      guard !own.isEmpty || isOut else { return nil }
      let layout = Self.layout(design, pool: index)
      var fixed: [Allocation] = []
      for (service, role, allocation) in layout {
        if own.contains(service) {
          places[service][role].append(allocation)
        } else {
          fixed.append(allocation)
        }
      }
      // A pool without a word of it fails as soon as a job runs on it.
      let hasJobs = design.trainingJobs.contains { $0.deployment.poolIndex == index }
      let fails = pool.failures.map { $0.isWritten || hasJobs } ?? false
      var watched = Pool(
        classes: fails ? pool.failures!.classes : [], nodes: pool.nodeCount,
        perNode: pool.node.accelerators, services: own, fixed: fixed)
      watched.leastNodes = pool.leastNodes
      watched.provisioning = pool.provisioning
      watched.needed = Array(repeating: false, count: pool.isElastic ? pool.nodeCount : 0)
      if pool.isElastic {
        for grant in layout.flatMap(\.2.grants) { watched.needed[Int(grant.node)] = true }
      }
      return watched
    }
    self.places = places
  }

  /// Replicas fill their pool in the order of the file, services one after the other, prefill before decode.
  /// One that fits a node does not straddle two, unless they would not all fit.
  private static func layout(
    _ design: Design, pool index: Int
  ) -> [(service: Int, role: Int, Allocation)] {
    let perNode = max(1, design.pools[index].node.accelerators)
    func filled(straddling: Bool) -> (layout: [(service: Int, role: Int, Allocation)], end: Int) {
      var layout: [(service: Int, role: Int, Allocation)] = []
      var next = 0
      for (service, one) in design.services.enumerated() {
        for (role, deployment) in one.deployments.enumerated() where deployment.poolIndex == index {
          let size = deployment.acceleratorsPerReplica
          for _ in 0..<deployment.replicas {
            let rest = perNode - next % perNode
            if !straddling && size <= perNode && size > rest { next += rest }
            layout.append((service, role, .whole(devices: next..<(next + size), perNode: perNode)))
            next += size
          }
        }
      }
      return (layout, next)
    }
    let whole = filled(straddling: false)
    return whole.end <= design.pools[index].accelerators ? whole.layout : filled(straddling: true).layout
  }
}
