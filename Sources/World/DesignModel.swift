import Catalog
import Kernel
import Quantities
import Scenario
import Workloads

/// What all runs of one design share: step-cost tables and constant delays. Built once, immutable.
public struct DesignModel: Sendable {
  enum Placement: Sendable {
    case replicas(
      ReplicaSettings, any LatencyModel, count: Int, router: RouterSettings, upDelay: Ticks, roundTrip: Ticks)
    case disaggregated(DisaggregatedModel)
    case endpoint(EndpointPreset)
  }
  struct Service: Sendable {
    var workloadIndex: Int
    var placement: Placement
  }

  private(set) var scenario: Scenario
  public let designIndex: Int
  let services: [Service]
  /// By service, of those that hand requests to members.
  let fronts: [FrontModel?]
  /// Training jobs, in the order of the design's.
  let jobs: [JobModel]
  /// What no chance changes, once somebody has worked it out; see `settleWhatIsFixed()`.
  public var fixed: FixedResults?
  /// Where jobs and services can slow each other.
  let sharedLinks: SharedLinks
  /// What can take replicas down.
  let lifecycle: LifecycleModel
  public var design: Design { scenario.designs[designIndex] }

  /// - Complexity: a few milliseconds for each distinct deployment: its step costs are tabulated here.
  public init(scenario: Scenario, designIndex: Int) {
    self.scenario = scenario
    self.designIndex = designIndex
    let design = scenario.designs[designIndex]
    let lifecycle = LifecycleModel(design)
    self.lifecycle = lifecycle
    jobs = design.trainingJobs.map { job in
      JobModel(job.deployment, job.training, workload: scenario.trainings[job.workload], design: design)
    }
    let services = design.services.enumerated().map { index, service in
      let served = service.model ?? scenario.workloads[service.workloadIndex].model
      switch service.placement {
      case .endpoint(let preset):
        return Service(workloadIndex: service.workloadIndex, placement: .endpoint(preset))
      case .disaggregated(let roles):
        let placement = DisaggregatedModel(
          roles, of: service, in: design, places: lifecycle.places[index], model: served,
          catalog: scenario.catalog)
        return Service(workloadIndex: service.workloadIndex, placement: .disaggregated(placement))
      case .pool(let deployment):
        let pool = design.pools[deployment.poolIndex]
        let model = Self.latencyModel(
          of: deployment, on: pool, model: served, catalog: scenario.catalog)
        var settings = Self.replicaSettings(of: deployment)
        settings.forecasts = design.forecasts(service: index)
        settings.adapters = deployment.adapters.flatMap {
          Self.adapterSettings($0, on: pool, layout: deployment.layout, model: served, scenario.catalog)
        }
        let roundTrip = Ticks(seconds: design.sites[pool.siteIndex].roundTrip.value)
        let frontEnd = Ticks(seconds: model.frontEndSeconds.value)
        return Service(
          workloadIndex: service.workloadIndex,
          placement: .replicas(
            settings, model, count: deployment.replicas, router: deployment.router,
            upDelay: Ticks(roundTrip.count / 2) + frontEnd, roundTrip: roundTrip))
      }
    }
    self.services = services
    fronts = services.indices.map {
      FrontModel(design, service: $0, model: services[$0], services: services, scenario: scenario)
    }
    sharedLinks = SharedLinks(design, services: services, jobs: jobs, scenario: scenario)
  }

  static func replicaSettings(of deployment: Deployment) -> ReplicaSettings {
    var settings = ReplicaSettings(
      batching: deployment.batching, maximumSequences: deployment.maximumSequences,
      maximumBatchedTokens: max(deployment.maximumBatchedTokens, deployment.maximumSequences),
      blockSize: deployment.engine.blockSize, blocks: deployment.memory.blocks,
      schedulesAhead: deployment.engine.schedulesAhead, cache: deployment.cache)
    settings.order = deployment.order
    settings.prompts = deployment.prompts
    settings.receiveInterval = Int64(deployment.receiveInterval)
    settings.speculation = deployment.speculation?.settings
    return settings
  }

  private static func adapterSettings(
    _ adapters: AdapterDeployment, on pool: Pool, layout: ParallelLayout, model: ModelShape,
    _ catalog: Catalog
  ) -> AdapterSettings? {
    if adapters.count == 0 { return nil }
    var settings = AdapterSettings(
      count: adapters.count, slots: adapters.slots, hostSlots: adapters.hostSlots,
      copyTime: Ticks(seconds: adapters.copyTime.value), fetchTime: Ticks(seconds: adapters.fetchTime.value),
      cost: AdapterCost(
        adapters.shape, model: model, accelerator: pool.sustained, layout: layout, catalog: catalog))
    settings.loading = adapters.loading
    return settings
  }

  static func latencyModel(
    of deployment: Deployment, on pool: Pool, model: ModelShape, catalog: Catalog
  ) -> any LatencyModel {
    guard let speculation = deployment.speculation else {
      return stepCosts(of: deployment, on: pool, model: model, catalog: catalog)
    }
    let drafted = speculation.settings.drafted
    let target = stepCosts(
      of: deployment, on: pool, model: model, tokensPerDecode: drafted + 1, catalog: catalog)
    switch speculation.draft {
    case .share(let share): return SpeculativeModel(target: target, draft: .share(share), drafted: drafted)
    case .model(let draft):
      let pass = stepCosts(of: deployment, on: pool, model: draft, catalog: catalog)
      return SpeculativeModel(target: target, draft: .model(pass), drafted: drafted)
    }
  }

  private static func stepCosts(
    of deployment: Deployment, on pool: Pool, model: ModelShape, tokensPerDecode: Int = 1, catalog: Catalog
  ) -> any LatencyModel {
    let estimate = RooflineModel(
      model: model, accelerator: pool.sustained, weights: deployment.weights,
      activations: deployment.activations, keyValue: deployment.keyValue, layout: deployment.layout,
      engine: deployment.engine, maximumBatchedTokens: deployment.maximumBatchedTokens,
      maximumSequences: deployment.maximumSequences * tokensPerDecode,
      networkBandwidth: pool.node.nicBandwidth * (1 / Double(pool.node.accelerators)),
      catalog: catalog)
    guard let measured = deployment.measuredTimes else { return estimate }
    return TableModel(
      table: measured.table, model: model, tensorParallelism: deployment.layout.tensor,
      pipelineParallelism: deployment.layout.pipeline, engine: deployment.engine, estimate: estimate,
      basis: measured.basis)
  }
}

extension DesignModel {
  /// The same machines and traffic in a scenario that differs in money alone: prices, energy, staff. What was
  /// simulated with this model holds for that one.
  package func priced(as other: Scenario) -> DesignModel {
    precondition(
      other.designs.map(\.name) == scenario.designs.map(\.name), "prices do not change what designs there are"
    )
    var model = self
    model.scenario = other
    return model
  }

  /// The step costs behind a service, in the order of its deployments; none for an endpoint.
  public func latencyModels(ofService index: Int) -> [any LatencyModel] {
    switch services[index].placement {
    case .replicas(_, let model, _, _, _, _): [model]
    case .disaggregated(let roles): [roles.prefill.latency, roles.decode.latency]
    case .endpoint: []
    }
  }
}
