import Quantities
import Scenario
import Workloads
import World

/// The different things that "utilisation" means, kept apart; each over the time in which the service's
/// requests were being sent.
struct Utilization {
  /// Accelerators held by replicas, over those of the pools.
  var allocated: Double?
  /// Time in which a held accelerator computes, over the time it is held.
  var busy: Double?
  /// Useful arithmetic over the peak of the held accelerators.
  var mfu: Double?
  /// Weights and KV entries read over the peak bandwidth of the held accelerators.
  var mbu: Double?
  /// KV blocks in use while busy, over those there are.
  var keyValue: Double?
  /// Replicas that held accelerators, on average.
  private var replicas = 0.0

  static func busySeconds(_ replicas: ArraySlice<ReplicaTotals>) -> Double {
    replicas.reduce(0.0) { $0 + Double($1.busy) } / (16e9 * 256)
  }

  /// Of all that a service holds on pools; nothing for an endpoint.
  static func of(design: Design, service index: Int, model: DesignModel, outcome: Outcome) -> Utilization {
    let members = design.members(ofService: index)
    if members.count > 1 {
      return ofMembers(members, design: design, model: model, outcome: outcome)
    }
    let roles = ofRoles(design: design, service: index, model: model, outcome: outcome)
    if roles.count == 2 {
      return Utilization(
        combining: roles, design.services[index].deployments, design.pools,
        replicas: roles.map(\.replicas))
    }
    return roles.first ?? Utilization()
  }

  private init() {}

  /// Of everything that a front's members hold on pools together.
  private static func ofMembers(
    _ members: [Int], design: Design, model: DesignModel, outcome: Outcome
  ) -> Utilization {
    let deployments = members.flatMap { design.services[$0].deployments }
    let all = members.flatMap { ofRoles(design: design, service: $0, model: model, outcome: outcome) }
    if deployments.isEmpty { return Utilization() }
    let held = design.pools.indices.map { PoolHold(design.pools[$0], $0, outcome).share }
    return Utilization(
      combining: all, deployments, design.pools, replicas: all.map(\.replicas), held: held)
  }

  /// Of prefill and decode replicas apart, or of all replicas where there are no roles.
  static func ofRoles(design: Design, service index: Int, model: DesignModel, outcome: Outcome)
    -> [Utilization]
  {
    let models = model.latencyModels(ofService: index)
    let service = outcome.services[index]
    let load = outcome.load(ofService: index, of: design)
    return design.services[index].deployments.enumerated().map { role, deployment in
      let pool = design.pools[deployment.poolIndex]
      var use = Utilization(
        deployment, on: pool, latency: models[role],
        replicas: load.replicas(ofRole: role, in: service), blocks: service.blocksPerReplica(ofRole: role),
        seconds: load.seconds, replicasHeld: load.held?[role])
      if pool.isElastic {
        let replicas = outcome.replicasHeld(ofService: index, role: role, of: design)
        let all = PoolHold(pool, deployment.poolIndex, outcome).accelerators(of: pool)
        let own = replicas * Double(deployment.acceleratorsPerReplica)
        use.allocated = all > 0 ? min(1, own / all) : nil
      }
      return use
    }
  }

  private init(
    _ deployment: Deployment, on pool: Pool, latency: any LatencyModel, replicas: ArraySlice<ReplicaTotals>,
    blocks: Int, seconds: Double, replicasHeld: Double?
  ) {
    let held = Double(deployment.acceleratorsPerReplica)
    // Replicas that come and go hold accelerators for part of the time.
    let number = replicasHeld ?? Double(deployment.replicas)
    self.replicas = number
    let time = seconds * number
    allocated = held * number / Double(pool.accelerators)
    guard time > 0 else { return }
    busy = Self.busySeconds(replicas) / time
    let tokens = replicas.reduce(0.0) { $0 + Double($1.computedTokens) }
    let steps = replicas.reduce(0.0) { $0 + Double($1.steps) }
    let entries = replicas.reduce(0.0) { $0 + Double($1.contextRead) }
    let peak = pool.accelerator.peakFlops(
      for: deployment.weights.isWeightOnly ? deployment.activations : deployment.weights)
    mfu = tokens * latency.floatingPointOperationsPerToken / (time * held * peak.value)
    // Steps with prompts visit more experts than those that only decode, and are few.
    let prompts = replicas.reduce(0.0) { $0 + Double($1.promptTokens) }
    let read = latency.weightReads.bytes(steps: steps, tokens: tokens > prompts ? tokens - prompts : prompts)
    let bytes = read + entries * latency.keyValueBytesPerToken
    mbu = bytes / (time * held * pool.accelerator.memoryBandwidth.value)
    let busyTime = replicas.reduce(0.0) { $0 + Double($1.busy) }
    let blockTime = replicas.reduce(0.0) { $0 + $1.blockTime }
    if busyTime > 0 && blocks > 0 {
      keyValue = blockTime / busyTime / Double(blocks)
    }
  }

  /// Roles or members as one: each ratio over all that both hold of its denominator.
  ///
  /// - Parameters:
  ///   - replicas: on the mean, of each.
  ///   - held: share of each pool's nodes that are held on the mean; empty for all.
  private init(
    combining roles: [Utilization], _ deployments: [Deployment], _ pools: [Pool], replicas: [Double],
    held: [Double] = []
  ) {
    func mean(_ path: KeyPath<Utilization, Double?>, _ weight: (Int) -> Double) -> Double? {
      let known = roles.indices.filter { roles[$0][keyPath: path] != nil }
      let total = known.reduce(0.0) { $0 + weight($1) }
      return total > 0 ? known.reduce(0.0) { $0 + roles[$1][keyPath: path]! * weight($1) } / total : nil
    }
    func accelerators(_ role: Int) -> Double {
      replicas[role] * Double(deployments[role].acceleratorsPerReplica)
    }
    func peak(_ role: Int) -> Double {
      let deployment = deployments[role]
      return pools[deployment.poolIndex].accelerator.peakFlops(
        for: deployment.weights.isWeightOnly ? deployment.activations : deployment.weights
      )
      .value
    }
    func bandwidth(_ role: Int) -> Double {
      pools[deployments[role].poolIndex].accelerator.memoryBandwidth.value
    }
    let used = pools.indices.filter { index in deployments.contains { $0.poolIndex == index } }
    let available = used.reduce(0.0) {
      $0 + Double(pools[$1].accelerators) * (held.isEmpty ? 1 : held[$1])
    }
    allocated =
      available > 0 ? deployments.indices.reduce(0.0) { $0 + accelerators($1) } / available : nil
    busy = mean(\.busy, accelerators)
    mfu = mean(\.mfu) { accelerators($0) * peak($0) }
    mbu = mean(\.mbu) { accelerators($0) * bandwidth($0) }
    keyValue = mean(\.keyValue) { replicas[$0] * Double(deployments[$0].memory.blocks) }
  }

  /// In the order of `boundBy`. The last stands where replicas of a scenario can fall.
  static let causes = ["compute", "memory", "network", "host", "queue", "failure"]

  /// Where the requests' time went; shares sum to 1. `nil` when no request was answered.
  static func boundBy(_ outcome: ServiceOutcome) -> [(cause: String, share: Double)]? {
    let tally = outcome.tally
    let total = Double(tally.e2e.sum)
    guard total > 0 else { return nil }
    let queue = Double(tally.queue.sum)
    // While nobody worked on requests because their replica fell or none was up.
    let lost = Double(tally.lostQueueTicks)
    let travel = Double(tally.networkTicks)
    if outcome.disaggregation != nil { return boundByRoles(outcome) }
    let working = max(0, total - queue - travel)
    let busy = outcome.replicas.reduce(0.0) { $0 + Double($1.busy) }
    func part(_ path: KeyPath<ReplicaTotals, Int128>) -> Double {
      busy > 0 ? outcome.replicas.reduce(0.0) { $0 + Double($1[keyPath: path]) } / busy * working : 0
    }
    let (compute, memory, network) = (part(\.compute), part(\.memory), part(\.network))
    let host = working - compute - memory - network
    return [
      ("compute", compute / total), ("memory", memory / total), ("network", (network + travel) / total),
      ("host", host / total), ("queue", (queue - lost) / total), ("failure", lost / total),
    ]
  }

  /// The same where prompts and answers have replicas of their own: the time of each is split as its own
  /// replicas spent theirs; KV entries wait in a queue and travel over a network.
  private static func boundByRoles(_ outcome: ServiceOutcome) -> [(cause: String, share: Double)] {
    let tally = outcome.tally
    let total = Double(tally.e2e.sum)
    let waiting = Double(tally.transfers?.wait.sum ?? 0)
    let moving = Double(tally.transfers?.transfer.sum ?? 0)
    let lost = [Double(tally.lostQueueTicks), Double(tally.lostDecodeTicks)]
    let starved = Double(tally.transfers?.starvedTicks ?? 0)
    var working = [Double(tally.prefill.sum), Double(tally.decode.sum) - lost[1] - waiting - moving]
    // KV entries that move before the first token is out take their time from that of prompts.
    if working[1] < 0 { working = [max(0, working[0] + working[1]), 0] }
    func part(_ path: KeyPath<ReplicaTotals, Int128>) -> Double {
      working.enumerated().reduce(0.0) { sum, role in
        let replicas = outcome.replicas(ofRole: role.offset)
        let busy = replicas.reduce(0.0) { $0 + Double($1.busy) }
        let spent = replicas.reduce(0.0) { $0 + Double($1[keyPath: path]) }
        return busy > 0 ? sum + spent / busy * role.element : sum
      }
    }
    let (compute, memory, network) = (part(\.compute), part(\.memory), part(\.network))
    let host = working[0] + working[1] - compute - memory - network
    return [
      ("compute", compute / total), ("memory", memory / total),
      ("network", (network + Double(tally.networkTicks) + moving) / total), ("host", host / total),
      ("queue", (Double(tally.queue.sum) - lost[0] + waiting - starved) / total),
      ("failure", (lost[0] + lost[1] + starved) / total),
    ]
  }
}
