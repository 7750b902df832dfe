import Catalog
import Kernel
import Statistics
import Workloads

/// One service while it runs: its replicas or endpoint, its traffic, its counts.
struct ServiceState: ~Copyable {
  let workloadIndex: Int
  var source: RequestSource
  var tally = WorkloadTally()
  var router: Router
  var upDelay: Ticks
  /// Least time between two requests that the front ends of all replicas hand over together.
  var handOverSpacing = Ticks.zero
  var nextHandOver = Ticks.zero
  var roundTrip: Ticks
  /// Frees the replicas' event slots when they plan anew: one counter a replica.
  var versions: [Int]
  /// The `nextChange` for which each replica has an event pending.
  var pendingChange: [Ticks]
  let replicas: ReplicaArray
  /// Whether the replicas keep KV blocks for later requests.
  let keepsCache: Bool
  var endpoint: EndpointState?
  /// Who is let in; `nil` for everybody.
  var admission: AdmissionState?
  /// Whether the workload's requests matter differently.
  var hasClasses: Bool { !tally.classes.isEmpty }
  /// Set when the first of the replicas prefill and the rest decode; it belongs to the service.
  var disaggregation: UnsafeMutablePointer<DisaggregatedState>?
  /// Set once no further request can come.
  var isDrained = false
  /// Whether its replicas are not up yet; requests wait then.
  var isStarting = false
  var waitingForStart: [UInt32] = []
  /// Whether its replicas have begun to read their weights.
  var isReadingWeights = false
  /// Replicas that come up with it and still read their weights.
  var loading = 0
  /// Index of the service that hands it requests, −1 where it has its own.
  var frontIndex = -1
  /// Set where it hands requests to members, itself among them.
  var front: FrontState?
  var member = MemberTally()
  /// How long it took to come up; `nil` for one that was up from the start, or is not up yet.
  var startup: Ticks?
  /// Which of its replicas are up; `nil` where all of them are, all the time.
  var life: ServiceLife?
  /// What its replicas had done by the end of the warm-up, and of the sending.
  var atStart: ServiceMark?
  var atSendingEnd: ServiceMark?

  /// Whose traffic its requests are.
  func owner(_ own: Int) -> Int { frontIndex < 0 ? own : frontIndex }

  /// When a request reaches the scheduler: past the network and the front end, which takes one at a time.
  mutating func handOver(sent: Ticks) -> Ticks {
    let time = max(sent + upDelay, nextHandOver)
    nextHandOver = time + handOverSpacing
    return time
  }

  deinit {
    disaggregation?.deinitialize(count: 1)
    disaggregation?.deallocate()
  }
}

/// A fixed number of replicas at stable addresses: a noncopyable element cannot live in an `Array`.
struct ReplicaArray: ~Copyable {
  private let base: UnsafeMutablePointer<LeapingReplica>
  let count: Int

  init(count: Int, _ make: () -> LeapingReplica) {
    self.count = count
    base = .allocate(capacity: count)
    for index in 0..<count { (base + index).initialize(to: make()) }
  }

  deinit {
    base.deinitialize(count: count)
    base.deallocate()
  }

  subscript(index: Int) -> UnsafeMutablePointer<LeapingReplica> {
    precondition(index >= 0 && index < count, "a replica exists")
    return base + index
  }
}

/// What a router looks at: requests queued or running on each replica.
protocol ReplicaLoads: ~Copyable {
  var count: Int { get }
  func load(of replica: Int) -> Int
}

/// What a router that reads requests looks at: replicas by their place among those that it may choose.
protocol RoutedReplicas: ReplicaLoads, ~Copyable {
  subscript(place: Int) -> UnsafeMutablePointer<LeapingReplica> { get }
  /// Which of all of the service's replicas stands in a place.
  func index(of place: Int) -> Int
}

extension ReplicaArray: RoutedReplicas {
  func load(of replica: Int) -> Int { self[replica].pointee.load }
  func index(of place: Int) -> Int { place }
}

/// A managed endpoint: a latency law and two token buckets that refill by the minute.
struct EndpointState {
  let preset: EndpointPreset
  private var requests: TokenBucket?
  private var tokens: TokenBucket?

  init(preset: EndpointPreset) {
    self.preset = preset
    requests = preset.requestsPerMinute.map { TokenBucket(perMinute: $0) }
    tokens = preset.tokensPerMinute.map { TokenBucket(perMinute: $0) }
  }

  /// Whether the rate limits let a request of this size pass now.
  mutating func admits(tokens size: Int64, at now: Ticks) -> Bool {
    guard hasRoom(tokens: size, at: now) else { return false }
    take(tokens: size, at: now)
    return true
  }

  func hasRoom(tokens size: Int64, at now: Ticks) -> Bool {
    if let available = requests?.level(at: now), available < 1 { return false }
    if let available = tokens?.level(at: now), available < Double(size) { return false }
    return true
  }

  mutating func take(tokens size: Int64, at now: Ticks) {
    requests?.take(1, at: now)
    tokens?.take(Double(size), at: now)
  }

  /// Time from sending to the first token, network included.
  func ttft(promptTokens: Int32) -> Ticks {
    Ticks(seconds: preset.ttftBaseSeconds + preset.secondsPerInputToken * Double(promptTokens))
  }

  func decode(outputTokens: Int32) -> Ticks {
    Ticks(seconds: Double(outputTokens - 1) / preset.outputTokensPerSecond)
  }
}

/// A bucket that holds one minute's allowance and refills evenly: admitted ≤ rate × time + burst.
struct TokenBucket {
  private let perMinute: Double
  private var held: Double
  private var updated = Ticks.zero

  init(perMinute: Double) {
    self.perMinute = perMinute
    held = perMinute
  }

  func level(at now: Ticks) -> Double {
    min(perMinute, held + perMinute * (now - updated).seconds / 60)
  }

  mutating func take(_ amount: Double, at now: Ticks) {
    held = level(at: now) - amount
    updated = now
  }
}
