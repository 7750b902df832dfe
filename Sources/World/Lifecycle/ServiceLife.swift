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
    /// Requests that were inside when it fell, and those sent to it since: the router does not know yet.
    var lost: [UInt32] = []
    /// Where it stands; `nil` while it is off.
    var place: Allocation?
    /// What the router's circuit breaker lets through.
    var circuit = CircuitState()
  }

  let care: ReplicaCare
  /// How long a start takes where no weights are read.
  let start: Ticks
  /// Least time between two requests that one front end hands over.
  let frontEndSpacing: Double
  /// Family of the streams of retries, one a request.
  let jitter: RandomStream
  var replicas: [Replica]
  /// Replicas that the router sends requests to, by number.
  private(set) var serving: [Int32] = []
  /// Requests that came while there were none.
  var waiting: [UInt32] = []
  /// Requests in `lost` of all replicas.
  var lostCount = 0
  var autoscale = AutoscaleMemory()

  // Integrals over time, up to `settled` [replica-ticks].
  private(set) var upTime: Int128 = 0
  private(set) var heldTime: Int128 = 0
  private(set) var settled = Ticks.zero
  private(set) var upCount = 0
  private(set) var heldCount = 0
  private(set) var mostUp = 0
  /// Times that a replica fell.
  var falls = 0
  /// Times that the router's circuit breaker opened.
  var opens = 0

  init(
    care: ReplicaCare, start: Ticks, places: [Allocation], mostReplicas: Int, frontEndSpacing: Double,
    jitter: RandomStream, isStarting: Bool
  ) {
    self.care = care
    self.start = start
    self.frontEndSpacing = frontEndSpacing
    self.jitter = jitter
    replicas = (0..<max(places.count, mostReplicas)).map { index in
      var replica = Replica()
      if index < places.count {
        replica.place = places[index]
        if isStarting { replica.phase = .starting }
      } else {
        replica.phase = .off
        replica.isServing = false
      }
      return replica
    }
    recount()
  }

  /// Replicas that there are or are to be, those that leave not counted.
  var intended: Int { replicas.count { $0.phase != .off && $0.phase != .draining } }

  /// Whether the router may choose among all replicas as if none could fall.
  var isWhole: Bool { serving.count == replicas.count && lostCount == 0 }

  /// Adds up the time until now, or until the service had no more to do.
  mutating func settle(at time: Ticks) {
    guard time > settled else { return }
    let span = Int128((time - settled).count)
    upTime += Int128(upCount) * span
    heldTime += Int128(heldCount) * span
    settled = time
  }

  /// Counts anew after a change; `settle` comes before the change.
  mutating func recount() {
    serving.removeAll(keepingCapacity: true)
    (upCount, heldCount) = (0, 0)
    for index in replicas.indices {
      if replicas[index].isServing && replicas[index].circuit.admits { serving.append(Int32(index)) }
      if replicas[index].phase.isUp { upCount += 1 }
      if replicas[index].phase.isHeld { heldCount += 1 }
    }
    mostUp = max(mostUp, upCount)
  }

  /// Least time between two requests that the front ends of the replicas hand over together.
  var handOverSpacing: Ticks { Ticks(seconds: frontEndSpacing / Double(max(1, serving.count))) }

  mutating func takeLost(of index: Int) -> [UInt32] {
    let lost = replicas[index].lost
    replicas[index].lost = []
    lostCount -= lost.count
    return lost
  }

  mutating func lose(_ slot: UInt32, at index: Int) {
    replicas[index].lost.append(slot)
    lostCount += 1
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
    self.init(
      care: service.care, start: service.restart, places: model.lifecycle.places[index],
      mostReplicas: service.autoscale?.maximum ?? 0,
      frontEndSpacing: deployment.engine.frontEndSpacing.value,
      jitter: RandomStream(
        seed: model.scenario.seed, replication: replication, entity: "services/\(service.name)",
        purpose: "retries"),
      isStarting: service.coldStart.map { !$0.startsUp } ?? false)
  }
}
