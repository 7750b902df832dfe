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

  /// - Parameter life: which replicas the router believes to be up, one of them at least; `nil` for all.
  mutating func choosePrefillReplica(_ life: ServiceLife.Role?) -> Int {
    let replica: Int
    if let life {
      let board = ServingBoard(loads: prefillLoads, places: life.serving, first: 0)
      replica = Int(life.serving[prefillRouter.choose(among: board)])
    } else {
      replica = prefillRouter.choose(among: prefillLoads)
    }
    prefillLoads[replica] += 1
    return replica
  }

  /// - Returns: the place among all of the service's replicas.
  mutating func chooseDecodeReplica(_ life: ServiceLife.Role?) -> Int {
    let place: Int
    if let life {
      let board = ServingBoard(loads: decodeLoads, places: life.serving, first: prefillCount)
      place = Int(life.serving[decodeRouter.choose(among: board)]) - prefillCount
    } else {
      place = decodeRouter.choose(among: decodeLoads)
    }
    decodeLoads[place] += 1
    return prefillCount + place
  }

  /// What moved for a request so far; `nil` where its KV entries never reached a decode replica.
  func way(of handOff: HandOff, promptTokens: Int32) -> HandOffTimes? {
    guard handOff.received != .never else { return handOff.past.way }
    var way = HandOffTimes(
      wait: handOff.left - handOff.firstToken, transfer: handOff.received - handOff.left,
      bytes: links.settings.bytes(ofTokens: promptTokens + handOff.past.answered),
      decodeReplica: handOff.decodeReplica)
    if let past = handOff.past.way {
      way.wait += past.wait
      way.transfer += past.transfer
      way.bytes += past.bytes
    }
    way.starved = handOff.past.starved
    return way
  }

  /// Takes requests off the board that the router counted with a replica.
  mutating func forget(_ count: Int, at replica: Int) {
    if replica < prefillCount {
      prefillLoads[replica] -= Int32(count)
    } else {
      decodeLoads[replica - prefillCount] -= Int32(count)
    }
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

/// A request between its delivery to a prefill replica and its last token, or until a replica falls with it.
///
/// What it has by then is in `past`, and the next prefill replica begins a new one.
struct HandOff {
  var past = PastHandOffs()
  /// When a prefill replica got it.
  var delivered = Ticks.never
  /// Whether its prompt is computed and holds blocks on the prefill replica.
  var isHeld = false
  /// Whether a replica took it along, or it was sent to one that is not there: the router does not know yet.
  var isLost = false
  /// Since when it waits for a decode replica with its prompt computed; `.never` while it does not.
  var starvedSince = Ticks.never
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

/// What lasts of a request when a replica falls with it.
struct PastHandOffs {
  /// Tokens of the answer that the client has: whoever goes on computes them with the prompt.
  var answered: Int32 = 0
  /// When the last of them came out.
  var lastToken = Ticks.never
  /// When the client got its first token, and when the prompt was first given tokens that led to it.
  var firstToken = Ticks.never
  var scheduled = Ticks.never
  /// Of KV entries that had moved to replicas that fell.
  var way: HandOffTimes?
  /// With a computed prompt, until a decode replica was there.
  var starved = Ticks.zero
  /// Tells ends of transfers apart from those of cancelled ones.
  var version = 0
}

/// The time of one request in which KV entries were waiting or on their way.
struct HandOffTimes {
  /// From the first token until KV entries left: for room on the decode replica, and for the ports.
  var wait: Ticks
  /// From then until the last had come.
  var transfer: Ticks
  var bytes: Int64
  var decodeReplica: Int32
  /// Of `wait`, while no decode replica was known to be up.
  var starved = Ticks.zero
}

/// What moved between prefill and decode replicas, over requests sent after the warm-up.
public struct TransferTally: Sendable {
  public var wait = LogHistogram()
  public var transfer = LogHistogram()
  public var bytes: Int64 = 0
  /// Of `wait`, while no decode replica was known to be up.
  public var starvedTicks: Int128 = 0

  public init() {}

  mutating func record(_ times: HandOffTimes) {
    starvedTicks += Int128(times.starved.count)
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
  /// Requests left without all of their KV entries that have blocks on a decode replica or find none, less
  /// those that a decode replica already expected while they were counted with a prefill replica.
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
        prefillRouter: .byLoad(roles.prefill.router, routing),
        decodeRouter: .byLoad(roles.decode.router, decodeRouting),
        prefillLoads: LoadBoard(replicas: roles.prefill.count),
        decodeLoads: LoadBoard(replicas: roles.decode.count),
        links: TransferLinks(settings: roles.transfer)))
    var state = ServiceState(
      workloadIndex: workloadIndex, source: source, router: .byLoad(RouterSettings(.roundRobin), routing),
      upDelay: roles.upDelay, roundTrip: roles.roundTrip, versions: Array(repeating: 0, count: count),
      pendingChange: Array(repeating: .never, count: count), replicas: replicas,
      keepsCache: roles.prefill.settings.cache != nil, endpoint: nil, disaggregation: between)
    state.tally.transfers = TransferTally()
    return state
  }
}

extension ServiceState {
  /// Requests with blocks on a decode replica and without their KV entries, less those still counted with
  /// their prefill replica, and those that find no decode replica.
  var betweenRoles: Int {
    guard let roles = disaggregation?.pointee else { return 0 }
    let starving = life?.waitingForDecode.count ?? 0
    return (roles.prefillCount..<replicas.count).reduce(starving - roles.early) {
      $0 + replicas[$1].pointee.receiving
    }
  }

  /// Readings of the two roles apart; `nil` for a service that is not disaggregated.
  func readRoles(at now: Ticks) -> (prefill: ServiceSample, decode: ServiceSample, betweenRoles: Int)? {
    guard let roles = disaggregation?.pointee else { return nil }
    func read(_ role: Int, _ range: Range<Int>, waiting: Int) -> ServiceSample {
      var reading = ServiceSample(time: now, queued: 0, running: 0, blocksInUse: 0, busy: 0)
      for index in range {
        let replica = replicas[index]
        reading.queued += replica.pointee.queued + replica.pointee.receiving
        reading.running += replica.pointee.active
        reading.blocksInUse += replica.pointee.blocksInUse(at: now)
        reading.busy += replica.pointee.busy(at: now)
      }
      if let life {
        reading.queued += waiting + life.roles[role].lostCount
        reading.up = life.roles[role].upCount
      }
      return reading
    }
    return (
      read(0, 0..<roles.prefillCount, waiting: life?.waiting.count ?? 0),
      read(1, roles.prefillCount..<replicas.count, waiting: life?.waitingForDecode.count ?? 0), betweenRoles
    )
  }
}
