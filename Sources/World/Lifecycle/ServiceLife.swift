import Kernel
import Scenario
import Workloads

/// Which replicas of one service are up, what the router knows of it, and the requests that nobody has.
struct ServiceLife {
  enum Phase: UInt8 {
    /// It holds no accelerators.
    case off
    /// It is to have accelerators as soon as there are some.
    case wanted
    /// Its node broke or is out.
    case down
    case starting, up
    /// It takes no more requests and ends with the last of those it has.
    case draining

    /// Whether it can compute.
    var isUp: Bool { self == .up || self == .draining }
    /// Whether it holds accelerators.
    var isHeld: Bool { self != .off && self != .wanted }
  }

  struct Replica {
    var phase = Phase.up
    /// Whether the router sends requests to it: it learns late that a replica is gone.
    var isServing = true
    /// Whether it has found other nodes and waits to start there, or waits for its accelerators to be made
    /// available.
    var isMoving = false
    /// Frees its pending start, and the router's pending discovery.
    var version = 0
    var watchVersion = 0
    /// Whether it comes up together with the service.
    var isFirstStart = false
    /// Whether it reads its weights from a store that others may use.
    var isReading = false
    /// Requests that were inside when it fell, and those sent to it since: the router does not know yet.
    var lost: [UInt32] = []
    /// Where it stands; `nil` while it is off.
    var place: Allocation?
    /// What the router's circuit breaker lets through.
    var circuit = CircuitState()
  }

  /// Replicas that do the same: all of a service, or those that prefill and those that decode.
  struct Role {
    /// Their numbers.
    let range: Range<Int>
    let pool: Int
    /// Accelerators of one replica.
    let accelerators: Int
    /// How long a start takes where no weights are read.
    let start: Ticks
    let autoscale: AutoscaleSettings?
    var memory = AutoscaleMemory()
    /// Replicas that the router sends requests to, by number.
    fileprivate(set) var serving: [Int32] = []
    /// Requests in `lost` of its replicas.
    fileprivate(set) var lostCount = 0
    fileprivate(set) var upCount = 0
    fileprivate(set) var heldCount = 0
    fileprivate(set) var mostUp = 0
    /// Times that a replica fell.
    var falls = 0

    // Integrals over time, up to `settled` [replica-ticks].
    fileprivate(set) var upTime: Int128 = 0
    fileprivate(set) var heldTime: Int128 = 0

    /// Whether the router may choose among all of them as if none could fall.
    var isWhole: Bool { serving.count == range.count && lostCount == 0 }
  }

  let care: ReplicaCare
  /// Least time between two requests that one front end hands over.
  let frontEndSpacing: Double
  /// Family of the streams of retries, one a request.
  let jitter: RandomStream
  /// All that the replicas' numbers are spread over: one, or prefill and decode.
  var roles: [Role]
  var replicas: [Replica]
  /// Requests that came while the router knew of no replica that takes them.
  var waiting: [UInt32] = []
  /// Requests whose prompt is computed while the router knows of no decode replica.
  var waitingForDecode: [UInt32] = []
  /// Requests that wait for their next attempt.
  var resting = 0
  private(set) var settled = Ticks.zero
  private(set) var mostUp = 0
  /// Times that the router's circuit breaker opened.
  var opens = 0

  init(
    care: ReplicaCare, roles: [Role], places: [[Allocation]], frontEndSpacing: Double, jitter: RandomStream,
    isStarting: Bool
  ) {
    self.care = care
    self.roles = roles
    self.frontEndSpacing = frontEndSpacing
    self.jitter = jitter
    replicas = zip(roles, places).flatMap { role, places in
      (0..<role.range.count).map { index in
        var replica = Replica()
        if index < places.count {
          replica.place = places[index]
          if isStarting { replica.phase = .starting }
          replica.isFirstStart = isStarting
        } else {
          replica.phase = .off
          replica.isServing = false
        }
        return replica
      }
    }
    recount()
  }

  /// Replicas that the router sends new requests to, by number.
  var serving: [Int32] { roles[0].serving }
  /// Requests that replicas took with them, and that the router does not miss yet.
  var lostCount: Int { roles.reduce(0) { $0 + $1.lostCount } }
  var upCount: Int { roles.reduce(0) { $0 + $1.upCount } }
  var falls: Int { roles.reduce(0) { $0 + $1.falls } }

  func role(of index: Int) -> Int { index < roles[0].range.upperBound ? 0 : 1 }

  /// Numbers of the replicas that stand on a pool.
  func indices(onPool pool: Int) -> [Int] {
    roles.filter { $0.pool == pool }.flatMap { Array($0.range) }
  }

  /// Replicas of a role that there are or are to be, those that leave not counted.
  func intended(_ role: Int) -> Int {
    replicas[roles[role].range].count { $0.phase != .off && $0.phase != .draining }
  }

  /// Whether the router may choose among all replicas as if none could fall.
  var isWhole: Bool { roles[0].isWhole }

  /// Adds up the time until now, or until the service had no more to do.
  mutating func settle(at time: Ticks) {
    guard time > settled else { return }
    let span = Int128((time - settled).count)
    for role in roles.indices {
      roles[role].upTime += Int128(roles[role].upCount) * span
      roles[role].heldTime += Int128(roles[role].heldCount) * span
    }
    settled = time
  }

  /// Counts anew after a change; `settle` comes before the change.
  mutating func recount() {
    for role in roles.indices {
      roles[role].serving.removeAll(keepingCapacity: true)
      (roles[role].upCount, roles[role].heldCount) = (0, 0)
      for index in roles[role].range {
        if replicas[index].isServing && replicas[index].circuit.admits {
          roles[role].serving.append(Int32(index))
        }
        if replicas[index].phase.isUp { roles[role].upCount += 1 }
        if replicas[index].phase.isHeld { roles[role].heldCount += 1 }
      }
      roles[role].mostUp = max(roles[role].mostUp, roles[role].upCount)
    }
    mostUp = max(mostUp, upCount)
  }

  /// Least time between two requests that the front ends of the replicas hand over together.
  var handOverSpacing: Ticks { Ticks(seconds: frontEndSpacing / Double(max(1, serving.count))) }

  mutating func takeLost(of index: Int) -> [UInt32] {
    let lost = replicas[index].lost
    replicas[index].lost = []
    roles[role(of: index)].lostCount -= lost.count
    return lost
  }

  mutating func lose(_ slot: UInt32, at index: Int) {
    replicas[index].lost.append(slot)
    roles[role(of: index)].lostCount += 1
  }
}

extension ServiceLife.Role {
  init(
    _ range: Range<Int>, _ deployment: Deployment, start: Ticks, autoscale: AutoscaleSettings?
  ) {
    self.init(
      range: range, pool: deployment.poolIndex, accelerators: deployment.acceleratorsPerReplica,
      start: start, autoscale: autoscale)
  }

  func outcome(until settled: Ticks) -> LifeOutcome {
    LifeOutcome(
      upSeconds: Double(upTime) / Double(Ticks.perSecond),
      heldSeconds: Double(heldTime) / Double(Ticks.perSecond), span: settled.seconds, falls: falls,
      mostUp: mostUp)
  }
}

extension ServiceLife {
  /// What became of all replicas, and of those of each role where there are two.
  var outcome: (all: LifeOutcome, roles: [LifeOutcome]) {
    let up = roles.reduce(Int128(0)) { $0 + $1.upTime }
    let held = roles.reduce(Int128(0)) { $0 + $1.heldTime }
    let all = LifeOutcome(
      upSeconds: Double(up) / Double(Ticks.perSecond), heldSeconds: Double(held) / Double(Ticks.perSecond),
      span: settled.seconds, falls: falls, mostUp: mostUp)
    return (all, roles.count == 1 ? [] : roles.map { $0.outcome(until: settled) })
  }
}

/// What a router chooses among while some replicas are down: those that it believes to be up.
struct ServingReplicas: RoutedReplicas {
  private let base: UnsafeMutablePointer<LeapingReplica>
  private let places: [Int32]
  private let replicas: [ServiceLife.Replica]

  init(_ array: borrowing ReplicaArray, _ life: ServiceLife) {
    base = array[0]
    places = life.serving
    replicas = life.replicas
  }

  var count: Int { places.count }
  func index(of place: Int) -> Int { Int(places[place]) }
  /// What was sent to a dead replica still counts: nobody has answered it.
  func load(of place: Int) -> Int {
    let index = Int(places[place])
    return base[index].load + replicas[index].lost.count
  }
  subscript(place: Int) -> UnsafeMutablePointer<LeapingReplica> { base + Int(places[place]) }
}

/// What a router of one role chooses among while some replicas are down: those that it believes to be up.
struct ServingBoard: ReplicaLoads {
  let loads: LoadBoard
  let places: [Int32]
  /// The role's first replica.
  let first: Int

  var count: Int { places.count }
  /// What was sent to a dead replica still counts: nobody has answered it.
  func load(of place: Int) -> Int { Int(loads[Int(places[place]) - first]) }
}

/// What became of a service's replicas.
public struct LifeOutcome: Sendable, Hashable {
  /// Replica-seconds: up, and held at all (up, starting, down).
  public var upSeconds: Double
  public var heldSeconds: Double
  /// Until when that is counted, from the start of the run.
  public var span: Double
  /// Times that a replica fell.
  public var falls: Int
  /// Most replicas that were up at once.
  public var mostUp: Int
  /// Times that a circuit breaker opened.
  public var opens = 0

  /// Share of the replicas' time in which they were up; `nil` when nothing was held.
  public var availability: Double? { heldSeconds > 0 ? upSeconds / heldSeconds : nil }
}

extension ServiceLife {
  /// `nil` where the service's replicas stay up.
  init?(of service: Service, _ index: Int, _ model: DesignModel, replication: Int) {
    guard model.design.hasLifecycle(service), let deployment = service.deployments.first else { return nil }
    var roles: [Role] = []
    for (deployment, autoscale) in zip(service.deployments, service.autoscales) {
      let first = roles.last?.range.upperBound ?? 0
      let count = max(deployment.replicas, autoscale?.maximum ?? 0)
      roles.append(
        Role(
          first..<(first + count), deployment, start: autoscale?.start ?? service.restart,
          autoscale: autoscale))
    }
    self.init(
      care: service.care, roles: roles, places: model.lifecycle.places[index],
      frontEndSpacing: deployment.engine.frontEndSpacing.value,
      jitter: RandomStream(
        seed: model.scenario.seed, replication: replication, entity: "services/\(service.name)",
        purpose: "retries"),
      isStarting: service.coldStart.map { !$0.startsUp } ?? false)
  }
}
