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
    case endpoint(EndpointPreset)
  }
  struct Service: Sendable {
    var workloadIndex: Int
    var placement: Placement
  }

  let scenario: Scenario
  public let designIndex: Int
  let services: [Service]
  public var design: Design { scenario.designs[designIndex] }

  /// - Complexity: a few milliseconds for each distinct deployment: its step costs are tabulated here.
  public init(scenario: Scenario, designIndex: Int) {
    self.scenario = scenario
    self.designIndex = designIndex
    let design = scenario.designs[designIndex]
    services = design.services.map { service in
      let workload = scenario.workloads[service.workloadIndex]
      switch service.placement {
      case .endpoint(let preset):
        return Service(workloadIndex: service.workloadIndex, placement: .endpoint(preset))
      case .pool(let deployment):
        let pool = design.pools[deployment.poolIndex]
        let model = Self.latencyModel(of: deployment, on: pool, model: workload.model)
        let settings = ReplicaSettings(
          batching: deployment.batching, maximumSequences: deployment.maximumSequences,
          maximumBatchedTokens: max(deployment.maximumBatchedTokens, deployment.maximumSequences),
          blockSize: deployment.engine.blockSize, blocks: deployment.memory.blocks,
          cache: deployment.cache)
        let roundTrip = Ticks(seconds: design.sites[pool.siteIndex].roundTrip.value)
        let frontEnd = Ticks(seconds: model.frontEndSeconds.value)
        return Service(
          workloadIndex: service.workloadIndex,
          placement: .replicas(
            settings, model, count: deployment.replicas, router: deployment.router,
            upDelay: Ticks(roundTrip.count / 2) + frontEnd, roundTrip: roundTrip))
      }
    }
  }

  static func latencyModel(of deployment: Deployment, on pool: Pool, model: ModelShape) -> any LatencyModel {
    RooflineModel(
      model: model, accelerator: pool.accelerator, weights: deployment.weights,
      activations: deployment.activations, keyValue: deployment.keyValue,
      tensorParallelism: deployment.tensorParallelism, pipelineParallelism: deployment.pipelineParallelism,
      engine: deployment.engine, maximumBatchedTokens: deployment.maximumBatchedTokens,
      maximumSequences: deployment.maximumSequences)
  }
}

extension DesignModel {
  /// The step costs behind a service; `nil` for an endpoint.
  public func latencyModel(ofService index: Int) -> (any LatencyModel)? {
    if case .replicas(_, let model, _, _, _, _) = services[index].placement { model } else { nil }
  }
}
