import Kernel
import Workloads

/// What the caller wants kept beside the counts.
public struct WorldOptions: Sendable {
  public var keepsRequests = false
  public var recordsTimeline = false
  /// Keeps latencies in sections of the run, so that a single run tells how well its quantiles are known.
  public var keepsSections = false
  /// Walks every leap as well and stops on a difference. For tests.
  public var verifiesLeaps = false
  /// Leaves out the `events` of the design.
  public var skipsEvents = false
  /// Runs a design with `events` a second time without them: `Outcome.ofMonths`.
  public var findsMonths = false
  public var maximumEvents = Int.max
  /// Asked now and then while a run goes on; a run that is told to stop says what it has so far.
  public var mustStop: (@Sendable () -> Bool)?
  public init() {}
}

/// Why a run ended before all its requests were answered.
public enum EarlyEnd: Sendable, Hashable {
  /// `WorldOptions.maximumEvents` were handled.
  case events
  /// `WorldOptions.mustStop` said so.
  case asked
  /// Simulated time came near the end of the clock.
  case endOfTime
  /// More requests were alive at once than events can name.
  case liveRequests
}

/// One request, kept when rows are asked for.
public struct RequestRecord: Sendable {
  public enum Status: String, Sendable { case completed, rejected, failed, running, queued }
  public var service: Int
  public var serial: Int
  public var replica: Int?
  public var status: Status
  public var promptTokens: Int
  public var outputTokens: Int
  public var sent: Ticks
  var times: RequestTimes?
  public var preemptions: Int
  /// The part of `decode` in which KV entries were on their way; `nil` where none had to move.
  var handOff: HandOffTimes?
  /// Prompt tokens that were cached; `nil` where no cache is kept.
  public var cachedTokens: Int?
  /// The adapter that it asked for, numbered from 1, and the part of `queue` (of `prefill`, where loads
  /// block) in which that was loaded; `nil` where it asked for none.
  public var adapter: Int?
  public var adapterWait: Ticks?

  public var network: Ticks? { times?.network }
  public var queue: Ticks? { times?.queue }
  public var prefill: Ticks? { times?.prefill }
  public var decode: Ticks? { times?.decode }
  public var ttft: Ticks? { times?.ttft }
  public var e2e: Ticks? { times?.e2e }
  /// The replica that answered, where another one prefilled.
  public var decodeReplica: Int? { handOff.map { Int($0.decodeReplica) } }
  /// From the first token until KV entries left; `nil` where none had to move.
  public var transferWait: Ticks? { handOff?.wait }
  /// From then until all had come.
  public var transfer: Ticks? { handOff?.transfer }
}

/// What one service did in one run.
public struct ServiceOutcome: Sendable {
  public var tally: WorkloadTally
  /// One a replica; empty for an endpoint.
  public var replicas: [ReplicaTotals]
  /// Of a prefill replica where roles differ.
  public var blocksPerReplica: Int
  public var samples: [ServiceSample]
  public var slices: [[ReplicaSlice]]
  public var disaggregation: DisaggregatedOutcome?
  /// How long it took to come up; `nil` for one that was up from the start, or never came up.
  public var startup: Ticks?
  /// What it did of a front's requests; `nil` for a service that has its own.
  public var member: MemberTally?
  /// What became of its replicas; `nil` where all are up all the time.
  public var life: LifeOutcome?
  /// The same of prefill and of decode replicas; empty where there are no roles, or all are up all the time.
  public var roleLives: [LifeOutcome] = []
  /// Until when requests were being sent.
  public var sendingEnd = Ticks.zero
  /// What its replicas had done by the end of the warm-up; `nil` without one, or where nothing came after it.
  public var atStart: ServiceMark?
  /// The same by the end of the sending; `nil` where nothing came after that.
  public var atSendingEnd: ServiceMark?

  /// The replicas of one of the service's deployments: prefill 0 and decode 1 where there are roles, else
  /// all.
  public func replicas(ofRole role: Int) -> ArraySlice<ReplicaTotals> {
    guard let first = disaggregation?.prefillReplicas else { return replicas[...] }
    return role == 0 ? replicas[..<first] : replicas[first...]
  }

  /// KV blocks of a replica in that role.
  public func blocksPerReplica(ofRole role: Int) -> Int {
    role == 0 ? blocksPerReplica : disaggregation?.blocksPerDecodeReplica ?? blocksPerReplica
  }
}

/// What one design did under one replication's traffic. A value: merging outcomes needs no order.
public struct Outcome: Sendable {
  public var designIndex: Int
  public var replication: Int
  public var services: [ServiceOutcome]
  public var records: [RequestRecord]
  /// Training jobs, in the order of the design's.
  public var jobs: [TrainingOutcome] = []
  /// By pool: of those whose nodes come and go, what was held; `nil` for others. Empty where there is none.
  public var fleets: [FleetOutcome?] = []
  public var measuredFrom: Ticks
  /// Whether `warmup: auto` found no cut to trust: then nothing is cut off.
  public var isWarmupRefused = false
  /// When the last event was handled that changed a service.
  public var end: Ticks
  public var events: Int
  /// Why the run ended early; `nil` when it did not.
  public var earlyEnd: EarlyEnd?
  /// The same run without the design's `events`, which happen once and not in every month; empty where there
  /// are none, or nobody asked.
  public var withoutEvents: [Outcome] = []

  /// What months are made of.
  public var ofMonths: Outcome { withoutEvents.first ?? self }

  /// False when the run ended early.
  public var isComplete: Bool { earlyEnd == nil }

  /// From the end of the warm-up to the last answer: what benchmark clients take their rates over. See
  /// `RateSpan` for what the results do.
  public var measuredSeconds: Double { max(0, (end - measuredFrom).seconds) }
}
