import Kernel
import Scenario
import Statistics
import Workloads

/// What a disaggregated service has beside its replicas: who chooses among them, and what lies between.
struct DisaggregatedState {
  /// The first of the service's replicas prefill, the rest decode.
  let prefillCount: Int
  var prefillRouter: Router
  var decodeRouter: Router
  var prefillLoads: LoadBoard
  var decodeLoads: LoadBoard
  var links: TransferLinks
  /// Requests that a decode replica expects already while their prompt is still to be computed.
  var early = 0
  /// Prompt tokens of all prompts computed, less those that were cached.
  var promptTokens: Int64 = 0
  /// Tokens answered by decode replicas.
  var decodedTokens: Int64 = 0
  var bytesReceived: Int64 = 0

  mutating func choosePrefillReplica() -> Int {
    let replica = prefillRouter.choose(among: prefillLoads)
    prefillLoads[replica] += 1
    return replica
  }

  /// - Returns: the place among all of the service's replicas.
  mutating func chooseDecodeReplica() -> Int {
    let replica = decodeRouter.choose(among: decodeLoads)
    decodeLoads[replica] += 1
    return prefillCount + replica
  }
}

/// Requests inside each replica, kept side by side so that a router reads a few cache lines instead of
/// visiting every replica.
struct LoadBoard: ReplicaLoads {
  private var loads: [Int32]

  init(replicas: Int) { loads = Array(repeating: 0, count: replicas) }

  var count: Int { loads.count }
  func load(of replica: Int) -> Int { Int(loads[replica]) }
  subscript(replica: Int) -> Int32 {
    get { loads[replica] }
    set { loads[replica] = newValue }
  }
}

/// A request between its delivery to a prefill replica and its last token.
struct HandOff {
  /// What the prefill replica takes to release the prompt's blocks, and the tokens it had cached.
  var prefillTicket: UInt32 = 0
  var cachedTokens: Int32 = 0
  /// Place among all of the service's replicas.
  var decodeReplica: Int32 = -1
  var ticket: UInt32 = 0
  /// When the prefill replica first gave it tokens, and when its prompt was computed.
  var scheduled = Ticks.never
  var firstToken = Ticks.never
  /// When the decode replica had blocks for it, when KV entries left, and when all had come.
  var reserved = Ticks.never
  var left = Ticks.never
  var received = Ticks.never
}

/// The time of one request in which KV entries were waiting or on their way.
struct HandOffTimes {
  /// From the first token until KV entries left: for room on the decode replica, and for the ports.
  var wait: Ticks
  /// From then until the last had come.
  var transfer: Ticks
  var bytes: Int64
  var decodeReplica: Int32
}

/// What moved between prefill and decode replicas, over requests sent after the warm-up.
public struct TransferTally: Sendable {
  public var wait = LogHistogram()
  public var transfer = LogHistogram()
  public var bytes: Int64 = 0

  public init() {}

  mutating func record(_ times: HandOffTimes) {
    wait.record(times.wait.count)
    transfer.record(times.transfer.count)
    bytes += times.bytes
  }
}

/// What only a disaggregated service tells.
public struct DisaggregatedOutcome: Sendable {
  /// The first of the service's replicas prefill, the rest decode.
  public var prefillReplicas: Int
  public var blocksPerPrefillReplica: Int
  public var blocksPerDecodeReplica: Int
  public var prefillSamples: [ServiceSample]
  public var decodeSamples: [ServiceSample]
  /// Requests left with blocks and without all of their KV entries, less those that a decode replica already
  /// expected while they were counted with a prefill replica.
  var betweenRoles: Int
}

extension ServiceArray {
  static func disaggregated(
    _ roles: DisaggregatedModel, workloadIndex: Int, source: RequestSource, routing: RandomStream,
    decodeRouting: RandomStream, options: WorldOptions, measuredFrom: Ticks
  ) -> ServiceState {
    let count = roles.prefill.count + roles.decode.count
    var index = 0
    let replicas = ReplicaArray(count: count) {
      let role = index < roles.prefill.count ? roles.prefill : roles.decode
      index += 1
      var settings = role.settings
      settings.verifiesLeaps = options.verifiesLeaps
      settings.recordsTimeline = options.recordsTimeline
      var replica = LeapingReplica(settings: settings, model: role.latency)
      replica.measuredFrom = measuredFrom
      return replica
    }
    let between = UnsafeMutablePointer<DisaggregatedState>.allocate(capacity: 1)
    between.initialize(
      to: DisaggregatedState(
        prefillCount: roles.prefill.count,
        prefillRouter: Router(kind: roles.prefill.router, stream: routing),
        decodeRouter: Router(kind: roles.decode.router, stream: decodeRouting),
        prefillLoads: LoadBoard(replicas: roles.prefill.count),
        decodeLoads: LoadBoard(replicas: roles.decode.count),
        links: TransferLinks(settings: roles.transfer)))
    var state = ServiceState(
      workloadIndex: workloadIndex, source: source, router: Router(kind: .roundRobin, stream: routing),
      upDelay: roles.upDelay, roundTrip: roles.roundTrip, versions: Array(repeating: 0, count: count),
      pendingChange: Array(repeating: .never, count: count), replicas: replicas,
      keepsCache: roles.prefill.settings.cache != nil, endpoint: nil, disaggregation: between)
    state.tally.transfers = TransferTally()
    return state
  }
}

extension ServiceState {
  /// Requests with blocks on a decode replica and without their KV entries, less those still counted with
  /// their prefill replica.
  var betweenRoles: Int {
    guard let roles = disaggregation?.pointee else { return 0 }
    return (roles.prefillCount..<replicas.count).reduce(-roles.early) { $0 + replicas[$1].pointee.receiving }
  }

  /// Readings of the two roles apart; `nil` for a service that is not disaggregated.
  func readRoles(at now: Ticks) -> (prefill: ServiceSample, decode: ServiceSample, betweenRoles: Int)? {
    guard let roles = disaggregation?.pointee else { return nil }
    func read(_ range: Range<Int>) -> ServiceSample {
      var reading = ServiceSample(time: now, queued: 0, running: 0, blocksInUse: 0, busy: 0)
      for index in range {
        let replica = replicas[index]
        reading.queued += replica.pointee.queued + replica.pointee.receiving
        reading.running += replica.pointee.active
        reading.blocksInUse += replica.pointee.blocksInUse(at: now)
        reading.busy += replica.pointee.totals.busy
      }
      return reading
    }
    return (read(0..<roles.prefillCount), read(roles.prefillCount..<replicas.count), betweenRoles)
  }
}
