import Kernel
import Scenario

/// Nodes of a pool that are taken when replicas need them, and given back when none stands on them.
///
/// A node that is not held is out, as a broken one is: nothing is placed there and nothing breaks. Whoever
/// lacks accelerators asks for nodes; each attempt takes the pool's `provisioning` delay, and with the chance
/// of a stock-out nothing has come by then: the next attempt begins at the next look of an autoscaler on the
/// pool.
struct ElasticFleet {
  let least: Int
  let delay: Ticks
  let stockOut: Double
  /// By node: whether it is held.
  private(set) var isHeld: [Bool]
  private(set) var heldCount: Int
  /// Attempts under way.
  private(set) var coming = 0
  /// Whether an attempt has failed since the last look.
  var isRefused = false
  private(set) var attempts = 0
  private(set) var stockOuts = 0
  private(set) var mostHeld: Int
  /// Family of the attempts' streams.
  private let draws: RandomStream
  /// [node-ticks], up to `settled`.
  private var heldTime: Int128 = 0
  private var settled = Ticks.zero

  /// - Parameter needed: by node, whether somebody stands on it from the start.
  init(least: Int, provisioning: Provisioning?, needed: [Bool], draws: RandomStream) {
    self.least = least
    self.draws = draws
    delay = provisioning.map { Ticks(seconds: $0.delay.value) } ?? .zero
    stockOut = provisioning?.stockOut ?? 0
    isHeld = needed
    var left = least - needed.count { $0 }
    for node in needed.indices where left > 0 && !isHeld[node] {
      isHeld[node] = true
      left -= 1
    }
    heldCount = isHeld.count { $0 }
    mostHeld = heldCount
  }

  mutating func settle(at time: Ticks) {
    guard time > settled else { return }
    heldTime += Int128(heldCount) * Int128((time - settled).count)
    settled = time
  }

  /// `settle` comes before both.
  mutating func take(_ node: Int) {
    isHeld[node] = true
    heldCount += 1
    mostHeld = max(mostHeld, heldCount)
  }

  mutating func giveBack(_ node: Int) {
    isHeld[node] = false
    heldCount -= 1
  }

  /// - Returns: the number of the attempt.
  mutating func beginAttempt() -> Int {
    attempts += 1
    coming += 1
    return attempts
  }

  /// - Returns: whether there was a node.
  mutating func endAttempt(_ number: Int) -> Bool {
    coming -= 1
    if stockOut <= 0 { return true }
    var stream = draws.branch(UInt64(number))
    if stream.uniform() >= stockOut { return true }
    stockOuts += 1
    isRefused = true
    return false
  }

  var outcome: FleetOutcome {
    FleetOutcome(
      heldNodeSeconds: Double(heldTime) / Double(Ticks.perSecond), span: settled.seconds, mostHeld: mostHeld,
      attempts: attempts, stockOuts: stockOuts)
  }
}

/// What became of the nodes of an elastic pool.
public struct FleetOutcome: Sendable, Hashable {
  /// Node-seconds: what is paid for.
  public var heldNodeSeconds: Double
  /// Until when that is counted, from the start of the run.
  public var span: Double
  /// Most nodes that were held at once.
  public var mostHeld: Int
  /// Attempts to get a node, and those of them that got none.
  public var attempts: Int
  public var stockOuts: Int

  /// Nodes held on the mean; `nil` for a run without time.
  public var meanHeld: Double? { span > 0 ? heldNodeSeconds / span : nil }
}

extension World {
  /// Nodes that nobody needs at the start are not held.
  mutating func startFleets() {
    for pool in lifecycle.pools.indices {
      guard let fleet = lifecycle.pools[pool]?.fleet else { continue }
      for node in fleet.isHeld.indices where !fleet.isHeld[node] { hide(node, of: pool) }
    }
  }

  private mutating func hide(_ node: Int, of pool: Int) {
    _ = lifecycle.pools[pool]!.takeOut(node)
    jobs.pools[pool].cluster.setOut(node, true)
  }

  /// Brings an elastic pool in line with who stands on it and who would like to.
  mutating func adjustFleet(_ pool: Int, _ pending: inout PendingEvents) {
    guard let fleet = lifecycle.pools[pool]?.fleet else { return }
    let lacking = replicasWithoutPlace(pool)
    if lacking.isEmpty && fleet.heldCount > fleet.least { giveBackIdleNodes(pool) }
    if lacking.isEmpty || fleet.isRefused { return }
    let free = fleet.isHeld.indices.count { !fleet.isHeld[$0] && lifecycle.pools[pool]!.isOnlyHidden($0) }
    let wanted = min(nodes(for: lacking, of: pool), free) - fleet.coming
    for _ in 0..<max(0, wanted) {
      let number = lifecycle.pools[pool]!.fleet!.beginAttempt()
      let code = EventCode(.nodeCome, service: pool, index: number & (EventCode.indexLimit - 1))
      pending.push(code.payload, at: now + fleet.delay)
    }
  }

  /// Sizes of replicas that wait for accelerators; those whose own pause is not over wait for themselves.
  private func replicasWithoutPlace(_ pool: Int) -> [Int] {
    var sizes: [Int] = []
    for service in lifecycle.pools[pool]!.model.services {
      let size = model.design.services[service].deployments[0].acceleratorsPerReplica
      for replica in services[service].pointee.life!.replicas
      where replica.phase == .wanted || (replica.phase == .down && !replica.isMoving) {
        sizes.append(size)
      }
    }
    return sizes
  }

  /// Nodes that so many replicas fill, one after the other.
  private func nodes(for sizes: [Int], of pool: Int) -> Int {
    let perNode = max(1, lifecycle.pools[pool]!.model.perNode)
    var (count, rest) = (0, 0)
    for size in sizes {
      if size <= rest {
        rest -= size
        continue
      }
      let own = (size + perNode - 1) / perNode
      count += own
      rest = own * perNode - size
    }
    return count
  }

  /// Nodes on which nothing stands go, the last first.
  private mutating func giveBackIdleNodes(_ pool: Int) {
    let watch = lifecycle.pools[pool]!
    var isUsed = [Bool](repeating: false, count: watch.model.nodes)
    for grant in watch.model.fixed.flatMap(\.grants) { isUsed[Int(grant.node)] = true }
    for service in watch.model.services {
      for replica in services[service].pointee.life!.replicas {
        for grant in replica.place?.grants ?? [] { isUsed[Int(grant.node)] = true }
      }
    }
    settleFleet(pool)
    for node in isUsed.indices.reversed() where !isUsed[node] {
      guard let fleet = lifecycle.pools[pool]!.fleet, fleet.heldCount > fleet.least else { return }
      if !fleet.isHeld[node] { continue }
      lifecycle.pools[pool]!.fleet!.giveBack(node)
      hide(node, of: pool)
    }
  }

  /// An attempt to get a node has ended.
  mutating func takeNode(_ pool: Int, attempt: Int, _ pending: inout PendingEvents) {
    settleFleet(pool)
    guard lifecycle.pools[pool]!.fleet!.endAttempt(attempt) else { return }
    let fleet = lifecycle.pools[pool]!.fleet!
    let node =
      fleet.isHeld.indices.first { !fleet.isHeld[$0] && lifecycle.pools[pool]!.isOnlyHidden($0) }
      ?? fleet.isHeld.indices.first { !fleet.isHeld[$0] }
    guard let node else { return }
    lifecycle.pools[pool]!.fleet!.take(node)
    if lifecycle.pools[pool]!.putBack(node) { jobs.pools[pool].cluster.setOut(node, false) }
    startWaiting(pool, &pending)
    verifyPlaces(pool)
  }

  /// An autoscaler on the pool has looked: what was refused is tried again.
  mutating func retryNodes(_ pool: Int, _ pending: inout PendingEvents) {
    guard lifecycle.pools[pool]?.fleet != nil else { return }
    lifecycle.pools[pool]!.fleet!.isRefused = false
    adjustFleet(pool, &pending)
  }

  private mutating func settleFleet(_ pool: Int) {
    let end = hasWork(pool: pool) ? now : min(now, fleetEnd(pool))
    lifecycle.pools[pool]!.fleet!.settle(at: end)
  }

  /// When the services of a pool had no more to do.
  private func fleetEnd(_ pool: Int) -> Ticks {
    lifecycle.pools[pool]!.model.services.reduce(.zero) { max($0, lifeEnd(of: $1)) }
  }

  /// What became of the pools' nodes; `nil` for pools whose nodes stay.
  mutating func fleetOutcomes(isCutShort: Bool) -> [FleetOutcome?] {
    lifecycle.pools.indices.map { pool in
      guard lifecycle.pools[pool]?.fleet != nil else { return nil }
      lifecycle.pools[pool]!.fleet!.settle(at: isCutShort ? now : fleetEnd(pool))
      return lifecycle.pools[pool]!.fleet!.outcome
    }
  }
}
