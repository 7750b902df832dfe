import Kernel
import Scenario
import Statistics
import Workloads

/// Hands out one workload's requests in the order of their sending.
///
/// Its streams are keyed by the workload, never by the design, so that all designs see the same requests.
struct RequestSource {
  private enum Origin {
    case trace(Trace)
    case open(ArrivalTimes)
    case closed(users: Int, thinkTime: Distribution)
  }

  private var origin: Origin
  private let prompt: Distribution?
  private let output: Distribution?
  /// Rows that users of a closed loop send in their order.
  private let rows: Trace?
  private let limit: Int
  private let end: Ticks
  private var sent = 0
  private var promptStream: RandomStream
  private var outputStream: RandomStream
  private var thinkStream: RandomStream
  /// When the next open-loop request is sent; `nil` when there is none.
  private(set) var nextArrival: Ticks?

  init(workload: InferenceWorkload, duration: Ticks?, seed: UInt64, replication: Int) {
    func stream(_ purpose: String) -> RandomStream {
      RandomStream(
        seed: seed, replication: replication, entity: "workloads/\(workload.name)", purpose: purpose)
    }
    promptStream = stream("prompt-tokens")
    outputStream = stream("output-tokens")
    thinkStream = stream("think-time")
    var limit = min(workload.requests ?? .max, Int(Int32.max))
    end = duration ?? .never
    switch workload.traffic {
    case .trace(let trace):
      let users = workload.traceUsers
      origin = users.map { .closed(users: $0, thinkTime: Distribution(.constant(0))) } ?? .trace(trace)
      rows = trace
      (prompt, output) = (nil, nil)
      limit = min(limit, trace.count)
    case .generated(let arrivals, let promptTokens, let outputTokens):
      (prompt, output) = (promptTokens, outputTokens)
      rows = nil
      if case .closedLoop(let users, let thinkTime) = arrivals {
        origin = .closed(users: users, thinkTime: thinkTime)
      } else {
        origin = .open(ArrivalTimes(process: arrivals, stream: stream("arrivals")))
      }
    }
    self.limit = limit
    nextArrival = findNext()
  }

  var isClosedLoop: Bool {
    if case .closed = origin { true } else { false }
  }

  /// Users of a closed loop.
  var users: Int {
    if case .closed(let users, _) = origin { users } else { 0 }
  }

  private mutating func findNext() -> Ticks? {
    if sent >= limit { return nil }
    let time: Ticks?
    switch origin {
    case .trace(let trace): time = sent < trace.count ? trace.arrivals[sent] : nil
    case .closed: time = nil
    case .open(var arrivals):
      time = arrivals.next()
      origin = .open(arrivals)
    }
    return time.flatMap { $0 < end ? $0 : nil }
  }

  /// The request at `nextArrival`; moves on to the one after.
  mutating func takeArrival() -> LiveRequest {
    let time = nextArrival!
    let request = make(at: time, user: -1)
    nextArrival = findNext()
    return request
  }

  /// The next request of a user, or `nil` when the run's requests are all sent.
  mutating func takeUserRequest(user: Int, at now: Ticks) -> LiveRequest? {
    if sent >= limit || now >= end { return nil }
    return make(at: now, user: Int32(user))
  }

  mutating func thinkTime() -> Ticks {
    guard case .closed(_, let law) = origin else { return .zero }
    return Ticks(seconds: max(0, law.sample(&thinkStream)))
  }

  private mutating func make(at time: Ticks, user: Int32) -> LiveRequest {
    defer { sent += 1 }
    if let rows {
      return LiveRequest(
        sent: time, promptTokens: rows.promptTokens[sent], outputTokens: rows.outputTokens[sent],
        serial: Int32(sent), user: user)
    }
    return LiveRequest(
      sent: time, promptTokens: Self.tokens(prompt!.sample(&promptStream)),
      outputTokens: Self.tokens(output!.sample(&outputStream)), serial: Int32(sent), user: user)
  }

  /// A count of tokens: rounded, at least 1.
  private static func tokens(_ value: Double) -> Int32 { Int32(min(max(1, value.rounded()), 1e9)) }
}
