import Catalog
import Infrastructure
import Quantities

/// Times of the collectives of a step, and the groups that run them.
struct StepCommunication {
  let run: TrainingRun
  let collectives: any CollectiveModel

  private var layout: TrainingLayout { run.layout }
  private var all: Int { layout.accelerators }

  /// Ranks that lie `stride` apart: as many share a domain as fit into it, and the domain's other
  /// accelerators form groups of the same kind.
  func group(ranks: Int, stride: Int) -> CollectiveGroup {
    let domain = max(1, min(run.domain, all))
    let together = min(ranks, max(1, domain / max(1, stride)))
    return CollectiveGroup(
      ranks: ranks, ranksPerDomain: together, concurrentPerDomain: max(1, min(domain, all) / together))
  }

  var tensor: CollectiveGroup { group(ranks: layout.tensor, stride: 1) }
  var context: CollectiveGroup { group(ranks: layout.context, stride: layout.tensor) }
  var expert: CollectiveGroup { group(ranks: layout.expert, stride: 1) }
  /// Those that share the state of a weight outside the experts, and of an expert's.
  var shards: CollectiveGroup { group(ranks: layout.shards, stride: layout.tensor) }
  var expertShards: CollectiveGroup { group(ranks: layout.expertShards, stride: layout.expert) }
  /// Those among which whole copies of a shard are kept equal.
  var replicas: CollectiveGroup {
    group(ranks: max(1, layout.copies / layout.shards), stride: layout.tensor * layout.shards)
  }
  var expertReplicas: CollectiveGroup {
    group(
      ranks: max(1, layout.expertCopies / layout.expertShards), stride: layout.expert * layout.expertShards)
  }
  var neighbours: CollectiveGroup {
    group(ranks: layout.pipeline > 1 ? 2 : 1, stride: layout.tensor * layout.copies)
  }

  func time(_ operation: CollectiveOperation, _ bytes: Double, _ group: CollectiveGroup) -> Double {
    guard group.ranks > 1, bytes > 0 else { return 0 }
    return max(0, collectives.time(of: operation, bytes: Bytes(bytes), among: group).value)
  }

  /// Of one pass over a layer's two blocks: with sequence parallelism a gather before and a scatter after
  /// each, else an all-reduce after each (Korthikanti et al., arXiv 2205.05198, section 4.2.2).
  func tensorPass(blocks: Double) -> Double {
    let bytes = 2 * run.rankTokens * Double(run.model.hidden)
    if layout.sequenceParallel {
      return blocks * (time(.allGather, bytes, tensor) + time(.reduceScatter, bytes, tensor))
    }
    return blocks * time(.allReduce, bytes, tensor)
  }

  /// Keys and values of the whole sequence, gathered for a layer (Llama 3, arXiv 2407.21783, section 3.3.2).
  func contextPass() -> Double {
    let model = run.model
    let width =
      model.latentAttention.map { Double($0.keyValueRank + $0.ropeHeadSize) }
      ?? 2 * max(1, Double(model.keyValueHeads) / Double(layout.tensor)) * Double(model.headSize)
    return time(.allGather, 2 * run.rankTokens * Double(layout.context) * width, context)
  }

  /// Sending tokens to their experts, or back: once to each domain that has one of a token's experts, and
  /// there once to each rank, n (1 − (1 − 1/n)ᵏ) of n places in the mean; both ways at once (DeepSeek-V3,
  /// arXiv 2412.19437, section 3.2.2).
  func expertPass(_ experts: ModelShape.Experts) -> Double {
    guard layout.expert > 1 else { return 0 }
    let token = 2 * Double(run.model.hidden)
    let tokens = run.rankTokens / Double(layout.tensor)
    func places(_ count: Int) -> Double {
      Double(count) * (1 - LayerCost.power(1 - 1 / Double(count), Double(min(experts.perToken, 4096))))
    }
    let group = expert
    let inside = CollectiveGroup(
      ranks: group.ranksPerDomain, ranksPerDomain: group.ranksPerDomain,
      concurrentPerDomain: group.concurrentPerDomain)
    let domains = (group.ranks + group.ranksPerDomain - 1) / group.ranksPerDomain
    let outside = CollectiveGroup(
      ranks: domains, ranksPerDomain: 1,
      concurrentPerDomain: group.ranksPerDomain * group.concurrentPerDomain)
    // What the domain's other ranks received for this rank passes on inside it: as much as it sent.
    let near = time(.allToAll, token * tokens * places(group.ranks), inside)
    return max(near, time(.allToAll, token * tokens * places(domains), outside))
  }

  /// Activations of a microbatch from one stage to the next.
  func hop() -> Double {
    let share = layout.sequenceParallel ? Double(layout.tensor) : 1
    return time(.sendReceive, 2 * run.rankTokens * Double(run.model.hidden) / share, neighbours)
  }
}
