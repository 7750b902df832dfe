import Kernel
import Quantities
import Scenario
import Workloads

extension FrontModel {
  /// What one more request costs at a member, in units of currency: tokens of an endpoint, energy of machines
  /// at the price of energy, data that leaves a site, and the hours of nodes that come and go, which it makes
  /// the member hold. Machines that are held anyway are paid for whatever is asked of them.
  struct Price: Sendable {
    var perPromptToken = 0.0
    var perOutputToken = 0.0
    var perRequest = 0.0
    /// Node-hours where nodes carry as much as they can.
    var nodesPerPromptToken = 0.0
    var nodesPerOutputToken = 0.0

    /// - Parameter emptiness: what nodes could carry over what they do: how often their hours count.
    func of(promptTokens prompt: Double, outputTokens output: Double, emptiness: Double) -> Double {
      let nodes = emptiness > 0 ? nodesPerPromptToken * prompt + nodesPerOutputToken * output : 0
      return perRequest + perPromptToken * prompt + perOutputToken * output + nodes * emptiness
    }
  }
}

extension FrontModel.Member {
  /// What the nodes that so many requests in hand make the member hold could carry, over those requests; 0
  /// where they stand on nodes that are held anyway. Nodes come whole: one that is held for a few requests
  /// costs each of them the more.
  func emptiness(inHand: Double) -> Double {
    let more = inHand - carriedAnyway
    return more > 0 ? (more / carriedByNode).rounded(.up) * carriedByNode / more : 0
  }
}

extension FrontModel.Price {
  init(
    of service: Service, _ model: DesignModel.Service, _ member: FrontSettings.Member,
    _ settings: FrontSettings, _ design: Design, _ workload: InferenceWorkload
  ) {
    if let entry = settings.entry, entry != member.siteIndex {
      let there = design.sites[entry].charges.egressPerGigabyte.units
      let back = member.siteIndex.map { design.sites[$0].charges.egressPerGigabyte.units } ?? 0
      perPromptToken += there * settings.bytesPerToken / 1e9
      perOutputToken += back * settings.bytesPerToken / 1e9
    }
    switch service.placement {
    case .endpoint(let preset):
      let terms = service.endpointTerms ?? EndpointTerms()
      perRequest += terms.perRequest.units
      if terms.provisionedUnits > 0 { return }
      perPromptToken += (terms.inputPricePerMillion ?? preset.inputPricePerMillion).units / 1e6
      perOutputToken += (terms.outputPricePerMillion ?? preset.outputPricePerMillion).units / 1e6
    case .pool(let deployment):
      guard case .replicas(_, let latency, _, _, _, _) = model.placement else { return }
      let work = ReplicaSeconds(of: service, deployment, latency, workload)
      let energy = design.energyPerSecond(ofReplica: deployment)
      perPromptToken += work.perPromptToken * energy
      perOutputToken += work.perOutputToken * energy
      let nodes = design.rentPerSecond(ofReplica: deployment)
      nodesPerPromptToken = work.perPromptToken * nodes
      nodesPerOutputToken = work.perOutputToken * nodes
    case .disaggregated: return
    }
  }

  /// Time of a replica that a token takes: a full prompt step's part, and the part of a decoding step with as
  /// many sequences as the replica carries when the next one is started.
  private struct ReplicaSeconds {
    var perPromptToken: Double
    var perOutputToken: Double

    init(
      of service: Service, _ deployment: Deployment, _ latency: any LatencyModel,
      _ workload: InferenceWorkload
    ) {
      let fine = 16e9 * 256.0
      let tokens = max(1, deployment.maximumBatchedTokens)
      let prefill = latency.stepCost(
        StepShape(
          decodeSequences: 0, decodeContext: 0, prefillSequences: 1, prefillTokens: tokens,
          sampledSequences: 1, attentionProducts: tokens * (tokens + 1) / 2, prefixTokens: 0,
          largestChunk: tokens))
      perPromptToken = Double(prefill.total) / fine / Double(tokens)
      let sequences = max(1, service.sequencesCarried(by: deployment))
      let line = latency.decodeLine(sequences: Int(sequences.rounded(.up)))
      let context = sequences * (workload.meanPromptTokens + workload.meanOutputTokens / 2)
      let step = Double(line.base.total) + Double(line.slope) * min(context, Double(line.limit))
      perOutputToken = max(0, step) / fine / sequences
    }
  }
}

extension Service {
  /// Sequences that a replica runs when there is enough to do for one: what its autoscaler aims at, or all
  /// that it may run.
  fileprivate func sequencesCarried(by deployment: Deployment) -> Double {
    let most = Double(max(1, deployment.maximumSequences))
    guard let autoscale, autoscale.measure == .running else { return most }
    return min(most, max(1, autoscale.target))
  }
}

extension Design {
  /// What a replica that computes draws beyond idle power, at the meter, at the price of energy.
  fileprivate func energyPerSecond(ofReplica deployment: Deployment) -> Double {
    let pool = pools[deployment.poolIndex]
    let site = sites[pool.siteIndex]
    let watts =
      (pool.fullNodePower.value - pool.node.idlePower.value)
      / Double(max(1, pool.node.accelerators))
      * Double(deployment.acceleratorsPerReplica) * site.powerUsageEffectiveness
    return max(0, watts) / 1000 / 3600 * site.electricityPerKilowattHour.units
  }

  /// The rent of a replica's part of its nodes; nothing of nodes that are there whatever is asked.
  fileprivate func rentPerSecond(ofReplica deployment: Deployment) -> Double {
    let pool = pools[deployment.poolIndex]
    guard pool.isElastic else { return 0 }
    let perNodeHour = pool.rent.reduce(0) { $0 + $1.pricePerNodeHour.units * $1.share }
    return perNodeHour / 3600 / pool.replicasPerNode(of: deployment)
  }

  /// Requests in hand that a member can have on nodes which are held anyway; all where its nodes do not come
  /// and go with it.
  func requestsCarriedAnyway(ofService index: Int) -> Double {
    let service = services[index]
    guard case .pool(let deployment) = service.placement, let autoscale = service.autoscale,
      let least = pools[deployment.poolIndex].leastNodes
    else { return .infinity }
    let each = pools[deployment.poolIndex].replicasPerNode(of: deployment)
    let isAlone = !services.indices.contains { other in
      other != index && services[other].deployments.contains { $0.poolIndex == deployment.poolIndex }
    }
    // What others may stand on as well is nobody's to fill.
    let nodes = max(isAlone ? Double(least) : 0, (Double(autoscale.minimum) / each).rounded(.up))
    return (nodes * each).rounded(.down) * service.sequencesCarried(by: deployment)
  }
}

extension Design {
  /// Requests in hand that a node carries, or the nodes of one replica that takes several.
  func requestsCarriedByNode(ofService index: Int) -> Double {
    guard case .pool(let deployment) = services[index].placement else { return 1 }
    let each = max(1, pools[deployment.poolIndex].replicasPerNode(of: deployment))
    return each * services[index].sequencesCarried(by: deployment)
  }
}

extension Pool {
  /// Replicas that stand on one node; less than 1 where one takes several.
  fileprivate func replicasPerNode(of deployment: Deployment) -> Double {
    let perNode = max(1, accelerators / max(1, nodeCount))
    let size = max(1, deployment.acceleratorsPerReplica)
    return size <= perNode ? Double(perNode / size) : 1 / Double((size + perNode - 1) / perNode)
  }
}
