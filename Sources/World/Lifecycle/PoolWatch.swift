import Infrastructure
import Kernel
import Workloads

/// The nodes of one pool under whoever stands on them: which are out, and what breaks next.
///
/// The pool's parts fail whether or not anybody stands on them, as its own streams say, so that the same
/// nodes break whatever runs there.
struct PoolWatch {
  let model: LifecycleModel.Pool
  /// By node: reasons to be out. It is broken, or in so many outages.
  private(set) var reasons: [UInt16]
  private let mix: InterruptionMix
  private var aging: AgingParts?
  private var failsByAge = false
  private var drawn: UInt64 = 0
  private var failures: UInt64 = 0
  private var next: InterruptionMix.Interruption?
  /// Family of the repairs' streams, one a failure.
  private let repairs: RandomStream
  /// By node: the part whose repair it waits for, where age matters.
  private var failed: [Int: UInt32] = [:]
  /// Frees the pending failure when another may come before it.
  private(set) var version = 0
  /// Nodes that are in.
  private(set) var nodesIn: Int
  /// Which nodes are held; `nil` where all are, all the time.
  var fleet: ElasticFleet?

  init(_ model: LifecycleModel.Pool, seed: UInt64, replication: Int, entity: String) {
    self.model = model
    reasons = Array(repeating: 0, count: model.nodes)
    nodesIn = model.nodes
    mix = InterruptionMix(model.classes, seed: seed, replication: replication, entity: entity)
    aging = AgingParts(model.classes, seed: seed, replication: replication, entity: entity)
    repairs = RandomStream(seed: seed, replication: replication, entity: entity, purpose: "repairs")
    if let least = model.leastNodes {
      fleet = ElasticFleet(
        least: least, provisioning: model.provisioning, needed: model.needed,
        draws: RandomStream(seed: seed, replication: replication, entity: entity, purpose: "stock-outs"))
    }
  }

  /// When something breaks next; `nil` for never.
  mutating func drawFailure(after now: Ticks) -> Ticks? {
    let chance = mix.interruption(drawn, after: now)
    let age = aging?.next(after: now)
    failsByAge = age.map { aged in chance.map { aged.time <= $0.time } ?? true } ?? false
    // The draw that lost stands for nothing: without memory the next one is as good.
    drawn += 1
    version &+= 1
    next = failsByAge ? age : chance
    return next?.time
  }

  /// What has broken now: of which node, and how long its repair takes; `nil` seconds for a program.
  mutating func takeFailure(at now: Ticks) -> (node: Int, repair: Double?)? {
    guard let failure = next else { return nil }
    next = nil
    let parts = model.classes[failure.classIndex]
    let node = min(model.nodes - 1, failure.component * model.nodes / max(1, parts.count))
    failures += 1
    // A new part takes its place when the node is mended: until then it does not age.
    let part = failsByAge ? aging?.removeFailed() : nil
    guard failure.kind.losesNode, isIn(node) else {
      if let part { aging?.replace(part, at: now) }
      return (node, nil)
    }
    failed[node] = part
    var stream = repairs.branch(failures)
    return (node, max(0, parts.repair.sample(&stream)))
  }

  /// A node is whole again.
  /// - Returns: whether the next failure has to be drawn anew.
  mutating func mend(_ node: Int, at now: Ticks) -> Bool {
    guard let part = failed.removeValue(forKey: node) else { return false }
    aging?.replace(part, at: now)
    return true
  }

  func isIn(_ node: Int) -> Bool { reasons[node] == 0 }
  /// Whether a node would be in if it were held.
  func isOnlyHidden(_ node: Int) -> Bool { reasons[node] == 1 }
  func isIn(_ place: Allocation) -> Bool { place.grants.allSatisfy { isIn(Int($0.node)) } }

  /// - Returns: whether the node was in until now.
  mutating func takeOut(_ node: Int) -> Bool {
    reasons[node] += 1
    if reasons[node] == 1 { nodesIn -= 1 }
    return reasons[node] == 1
  }

  /// - Returns: whether it is in from now on.
  mutating func putBack(_ node: Int) -> Bool {
    reasons[node] -= 1
    if reasons[node] == 0 { nodesIn += 1 }
    return reasons[node] == 0
  }
}

/// What can befall replicas in one World.
struct LifecycleState {
  /// `nil` for pools that nothing here touches.
  var pools: [PoolWatch?]
  /// Failures since somebody was last answered, and how many had been by then.
  private var failuresWithoutAnswer = 0
  private var answered = -1
  /// Things break faster than anybody is served: the run ends with what is queued.
  private(set) var isGivenUp = false

  /// So many failures without one answer, and nothing more to be sent: nobody will ever be answered.
  private static let mostFailures = 10_000

  init(_ model: DesignModel, replication: Int) {
    pools = zip(model.lifecycle.pools, model.design.pools).map { watched, pool in
      watched.map {
        PoolWatch(
          $0, seed: model.scenario.seed, replication: replication, entity: "pools/\(pool.name)")
      }
    }
  }

  mutating func count(failureAfter answers: Int, isSending: Bool) {
    failuresWithoutAnswer = answers == answered ? failuresWithoutAnswer + 1 : 0
    answered = answers
    if failuresWithoutAnswer > Self.mostFailures && !isSending { isGivenUp = true }
  }
}
