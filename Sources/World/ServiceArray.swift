import Kernel
import Scenario
import Workloads

/// Makes the tiers of a service's replicas: each gets its own, but for those that all share.
private struct TierSet {
  private let settings: CacheSettings?
  private let shared: CacheTier?

  init(_ settings: CacheSettings?) {
    self.settings = settings
    shared = settings?.tiers.last { $0.kind == .remote }.map {
      CacheTier($0, bytesPerBlock: settings?.bytesPerBlock ?? 1)
    }
  }

  func forReplica() -> [CacheTier] {
    guard let settings else { return [] }
    return settings.tiers.map { tier in
      if tier.kind == .remote, let shared { return shared }
      return CacheTier(tier, bytesPerBlock: settings.bytesPerBlock)
    }
  }
}

/// The services of one World at stable addresses.
struct ServiceArray: ~Copyable {
  private let base: UnsafeMutablePointer<ServiceState>
  let count: Int

  init(model: DesignModel, replication: Int, options: WorldOptions, measuredFrom: Ticks) {
    count = model.services.count
    precondition(count < EventCode.serviceLimit, "a design has fewer than 4,096 services")
    base = .allocate(capacity: max(1, count))
    for index in 0..<count {
      (base + index).initialize(
        to: Self.state(
          of: model, service: index, replication: replication, options: options, measuredFrom: measuredFrom))
      let service = model.design.services[index]
      base[index].admission = service.admission.map(AdmissionState.init)
      base[index].join(model, service: index, replication: replication)
      let classes = model.scenario.workloads[service.workloadIndex].classes.count
      if options.keepsSections { base[index].tally.sections = LatencySections() }
      base[index].tally.classes = Array(repeating: ClassTally(), count: classes)
      if let deployment = service.deployments.first {
        if deployment.adapters.map({ $0.count > 0 }) == true { base[index].tally.adapters = AdapterTally() }
        // Every replica has a front end of its own.
        let spacing = deployment.engine.frontEndSpacing.value / Double(max(1, deployment.replicas))
        base[index].handOverSpacing = Ticks(seconds: spacing)
        base[index].life = ServiceLife(of: service, index, model, replication: replication)
      }
    }
  }

  deinit {
    base.deinitialize(count: count)
    base.deallocate()
  }

  subscript(index: Int) -> UnsafeMutablePointer<ServiceState> {
    precondition(index >= 0 && index < count, "a service exists")
    return base + index
  }

  private static func state(
    of model: DesignModel, service index: Int, replication: Int, options: WorldOptions, measuredFrom: Ticks
  ) -> ServiceState {
    let service = model.services[index]
    let scenario = model.scenario
    let source = RequestSource(
      workload: scenario.workloads[service.workloadIndex], duration: scenario.duration, seed: scenario.seed,
      replication: replication,
      warp: options.skipsEvents
        ? nil : DemandWarp(model.design.surges.filter { $0.workloadIndex == service.workloadIndex }))
    // Routing is the one draw that belongs to the design; it has a stream of its own.
    let routing = RandomStream(
      seed: scenario.seed, replication: replication,
      entity: "services/\(model.design.services[index].streamName)", purpose: "routing")
    switch service.placement {
    case .disaggregated(let roles):
      let decodeRouting = RandomStream(
        seed: scenario.seed, replication: replication,
        entity: "services/\(model.design.services[index].name)", purpose: "decode-routing")
      return disaggregated(
        roles, workloadIndex: service.workloadIndex, source: source, routing: routing,
        decodeRouting: decodeRouting, options: options, measuredFrom: measuredFrom)
    case .endpoint(let preset):
      return ServiceState(
        workloadIndex: service.workloadIndex, source: source,
        router: .byLoad(RouterSettings(.roundRobin), routing),
        upDelay: .zero, roundTrip: .zero, versions: [],
        pendingChange: [],
        replicas: ReplicaArray(count: 0) { preconditionFailure("an endpoint has no replicas") },
        keepsCache: false, endpoint: EndpointState(preset: preset))
    case .replicas(let settings, let latency, let count, let router, let upDelay, let roundTrip):
      let count = max(count, model.design.services[index].autoscale?.maximum ?? 0)
      var settings = settings
      let tiers = TierSet(settings.cache)
      settings.verifiesLeaps = options.verifiesLeaps
      settings.recordsTimeline = options.recordsTimeline
      return ServiceState(
        workloadIndex: service.workloadIndex, source: source,
        router: Router(settings: router, stream: routing, replicas: count, replica: settings),
        upDelay: upDelay, roundTrip: roundTrip, versions: Array(repeating: 0, count: count),
        pendingChange: Array(repeating: .never, count: count),
        replicas: ReplicaArray(count: count) {
          var replica = LeapingReplica(settings: settings, model: latency, tiers: tiers.forReplica())
          replica.measuredFrom = measuredFrom
          return replica
        },
        keepsCache: settings.cache != nil, endpoint: nil)
    }
  }
}

extension ServiceState {
  /// Makes it a member of the front that hands it requests, where there is one.
  fileprivate mutating func join(_ model: DesignModel, service index: Int, replication: Int) {
    guard let owner = model.design.services[index].front else { return }
    frontIndex = owner
    // Ways to members are the front's.
    upDelay = upDelay - Ticks(roundTrip.count / 2)
    roundTrip = .zero
    guard let members = model.fronts[index]?.members.count else { return }
    front = FrontState(
      draws: RandomStream(
        seed: model.scenario.seed, replication: replication,
        entity: "services/\(model.design.services[index].streamName)", purpose: "placement"),
      ready: Array(repeating: nil, count: members))
  }
}
