import Kernel
import Scenario
import Statistics
import Workloads

/// Everything counted about the requests of one service. Integer sums only, so that two tallies merge in
/// any order.
public struct WorkloadTally: Sendable {
  public var offered = 0
  public var completed = 0
  /// Turned away: by a rate limit, or because no KV cache could ever hold them.
  public var rejected = 0
  /// Of those, past a rate limit.
  public var throttled = 0
  /// Of those, predicted to get their first token too late.
  public var shed = 0
  /// Given up after as many retries as are allowed.
  public var failed = 0
  /// Handed over again because their replica fell; a request may count more than once.
  public var retried = 0
  /// Left inside when a limit stopped the run.
  public var running = 0
  public var queued = 0
  public var preemptions: Int64 = 0
  /// On their way to a replica.
  var inFlight = 0

  // The rest counts requests sent after the warm-up.
  public var measuredOffered = 0
  public var measured = 0
  public var good = 0
  public var promptTokens: Int64 = 0
  public var outputTokens: Int64 = 0
  /// Prompt tokens that need not be computed.
  public var cachedTokens: Int64 = 0
  public var ttft = LogHistogram()
  public var tpot = LogHistogram()
  public var e2e = LogHistogram()
  public var queue = LogHistogram()
  public var prefill = LogHistogram()
  public var decode = LogHistogram()
  /// In fine ticks, unlike the others.
  public var interTokenGaps = LogHistogram()
  public var networkTicks: Int128 = 0
  /// Of `queue` and `decode`: while nobody worked on requests because their replica fell or none was up.
  public var lostQueueTicks: Int128 = 0
  public var lostDecodeTicks: Int128 = 0
  /// Tokens of the longest prompt, and of the longest prompt with its answer.
  public var longestPrompt: Int32 = 0
  public var longestContext: Int64 = 0
  /// What moved between prefill and decode replicas; `nil` for a service that is not disaggregated.
  public var transfers: TransferTally?
  /// Requests that asked for adapters; `nil` for a service that keeps none.
  public var adapters: AdapterTally?
  /// One a class of the workload's requests; empty when all are alike.
  public var classes: [ClassTally] = []
  /// Latencies in the order of the answers; `nil` unless asked for.
  public var sections: LatencySections?
  /// When the last request was answered.
  public var lastCompletion = Ticks.zero
  /// What was answered after the warm-up while requests were being sent, whenever those were sent.
  public var answered = AnswerTally()
  /// The same at the last sending so far, and when that was.
  var answeredAtLastSending = AnswerTally()
  var lastSending = Ticks.zero

  public init() {}

  /// Requests in = completed + rejected + failed + running + queued: none is lost.
  public var isConserved: Bool { offered == completed + rejected + failed + running + queued }
}

/// What is counted of answered requests that asked for adapters, over those sent after the warm-up.
public struct AdapterTally: Sendable {
  public var requests = 0
  /// Whose adapter was in a slot when they reached the replica.
  public var hits = 0
  /// How long each waited for a load.
  public var wait = LogHistogram()

  public init() {}

  mutating func record(_ waited: Ticks) {
    requests += 1
    if waited == .zero { hits += 1 }
    wait.record(waited.count)
  }
}

/// Latencies of one run in the order of its answers.
public struct LatencySections: Sendable {
  public var ttft = SectionedHistogram()
  public var tpot = SectionedHistogram()
  public var e2e = SectionedHistogram()

  init() {}

  mutating func record(_ times: RequestTimes) {
    ttft.record(times.ttft.count)
    e2e.record(times.e2e.count)
    if times.outputTokens > 1 { tpot.record(times.decode.count / Int64(times.outputTokens - 1)) }
  }
}

/// The times of one answered request, seen from the client.
struct RequestTimes {
  var sent: Ticks
  var network: Ticks
  var queue: Ticks
  var prefill: Ticks
  var decode: Ticks
  var outputTokens: Int32
  /// Of `queue` and `decode`, what failures took.
  var lostInQueue = Ticks.zero
  var lostInDecode = Ticks.zero

  /// Notes what failures took of it.
  mutating func count(_ lapse: Lapse) {
    lostInQueue = min(lapse.beforeFirstToken, queue)
    lostInDecode = min(lapse.afterFirstToken, decode)
  }

  var ttft: Ticks { network + queue + prefill }
  var e2e: Ticks { ttft + decode }

  func meets(_ objectives: ServiceObjectives) -> Bool {
    if let limit = objectives.ttft, ttft > limit { return false }
    if let limit = objectives.e2e, e2e > limit { return false }
    if let limit = objectives.tpot, outputTokens > 1 {
      let (product, overflow) = limit.count.multipliedReportingOverflow(by: Int64(outputTokens - 1))
      if !overflow && decode.count > product { return false }
    }
    return true
  }
}

extension WorkloadTally {
  /// A request was sent.
  mutating func send(at time: Ticks) {
    lastSending = time
    answeredAtLastSending = answered
    for index in classes.indices { classes[index].answeredAtLastSending = classes[index].answered }
  }

  /// The last request was sent before its time: only what was answered until then counts.
  mutating func endAnswersAtLastSending() {
    answered = answeredAtLastSending
    for index in classes.indices { classes[index].answered = classes[index].answeredAtLastSending }
  }

  /// A request was answered after the warm-up, while requests were being sent.
  mutating func recordAnswer(
    promptTokens prompt: Int32, outputTokens output: Int32, isGood: Bool, kind: UInt8
  ) {
    answered.record(promptTokens: prompt, outputTokens: output, isGood: isGood)
    if !classes.isEmpty { classes[Int(kind)].answered += 1 }
  }

  mutating func record(
    _ times: RequestTimes, promptTokens prompt: Int32, cachedTokens cached: Int32, isGood: Bool, kind: UInt8
  ) {
    measured += 1
    if isGood { good += 1 }
    if !classes.isEmpty { classes[Int(kind)].record(times, isGood: isGood) }
    sections?.record(times)
    promptTokens += Int64(prompt)
    outputTokens += Int64(times.outputTokens)
    longestPrompt = max(longestPrompt, prompt)
    longestContext = max(longestContext, Int64(prompt) + Int64(times.outputTokens))
    cachedTokens += Int64(cached)
    ttft.record(times.ttft.count)
    e2e.record(times.e2e.count)
    queue.record(times.queue.count)
    prefill.record(times.prefill.count)
    decode.record(times.decode.count)
    if times.outputTokens > 1 { tpot.record(times.decode.count / Int64(times.outputTokens - 1)) }
    networkTicks += Int128(times.network.count)
    lostQueueTicks += Int128(times.lostInQueue.count)
    lostDecodeTicks += Int128(times.lostInDecode.count)
  }
}
