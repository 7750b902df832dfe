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
  /// Recorded requests, sent at their own times or by the users of a closed loop in their order.
  private let rows: Trace?
  private let prefix: SharedPrefix?
  private let conversations: Conversations?
  private let warp: DemandWarp?
  private let limit: Int
  private let end: Ticks
  private var sent = 0
  private var promptStream: RandomStream
  private var outputStream: RandomStream
  private var thinkStream: RandomStream
  private var groupStream: RandomStream
  private var classStream: RandomStream
  /// Draws the class of a request; `nil` when all are alike.
  private let classes: Distribution?
  private let adapters: AdapterTraffic?
  /// Family of streams, one a request: what one asks for moves no other.
  private let adapterStream: RandomStream
  /// Family of the conversations' streams.
  private let turnStream: RandomStream
  private var sessions = SessionTable()
  /// When the next open-loop request is sent; `nil` when there is none.
  private(set) var nextArrival: Ticks?

  init(
    workload: InferenceWorkload, duration: Ticks?, seed: UInt64, replication: Int, warp: DemandWarp? = nil
  ) {
    self.warp = warp
    func stream(_ purpose: String) -> RandomStream {
      RandomStream(
        seed: seed, replication: replication, entity: "workloads/\(workload.name)", purpose: purpose)
    }
    promptStream = stream("prompt-tokens")
    outputStream = stream("output-tokens")
    thinkStream = stream("think-time")
    groupStream = stream("prefix-group")
    turnStream = stream("turns")
    classStream = stream("priorities")
    adapterStream = stream("adapters")
    adapters = workload.adapters
    let shares = workload.classes.map(\.share)
    classes = AliasTable(values: shares.indices.map(Double.init), weights: shares)
      .map { Distribution(.discrete($0)) }
    var limit = min(workload.requests ?? .max, Int(Int32.max))
    end = duration ?? .never
    prefix = workload.prefix
    conversations = workload.conversations
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

  /// Whether all requests that a trace or a number of requests allows are sent.
  var isSpent: Bool { sent >= limit }

  /// Whether no further request can come of itself: neither an arrival nor a turn of a conversation.
  var isExhausted: Bool { nextArrival == nil && sessions.live == 0 }

  private mutating func findNext() -> Ticks? {
    if sent >= limit { return nil }
    let time: Ticks?
    switch origin {
    case .trace(let trace): time = sent < trace.count ? trace.arrivals[sent] : nil
    case .closed: time = nil
    case .open(var arrivals):
      time = warp == nil ? arrivals.next() : warped(arrivals.next())
      origin = .open(arrivals)
    }
    return time.flatMap { $0 < end ? $0 : nil }
  }

  @inline(never)
  private func warped(_ time: Ticks?) -> Ticks? { time.flatMap { warp?.time(of: $0) } }

  /// The request at `nextArrival`; moves on to the one after. `nil` when conversations have sent the last of
  /// the run's requests in the meantime.
  mutating func takeArrival() -> LiveRequest? {
    let time = nextArrival!
    let request = sent < limit ? make(at: time, user: -1) : nil
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
    return Self.pause(law.sample(&thinkStream))
  }

  /// Drawn pauses end after a year at the latest: the clock ends some time after that.
  private static func pause(_ seconds: Double) -> Ticks { Ticks(seconds: min(max(0, seconds), 3.2e7)) }

  private mutating func make(at time: Ticks, user: Int32) -> LiveRequest {
    if conversations != nil { return beginSession(at: time, user: user) }
    defer { sent += 1 }
    let group = prefix?.popularity.map { UInt32($0.sample(&groupStream)) } ?? 0
    let kind = classes.map { UInt8($0.sample(&classStream)) } ?? 0
    let adapter = adapters == nil ? 0 : drawAdapter(adapterStream.branch(UInt64(sent)))
    if let rows {
      return LiveRequest(
        sent: time, promptTokens: rows.promptTokens[sent], outputTokens: rows.outputTokens[sent],
        serial: Int32(sent), user: user, group: group, adapter: adapter, kind: kind)
    }
    return LiveRequest(
      sent: time, promptTokens: Self.tokens(prompt!.sample(&promptStream)),
      outputTokens: Self.tokens(output!.sample(&outputStream)), serial: Int32(sent), user: user, group: group,
      adapter: adapter, kind: kind)
  }

  private func drawAdapter(_ stream: RandomStream) -> UInt16 {
    var own = stream
    return adapters!.draw(&own)
  }

  /// A count of tokens: rounded, at least 1.
  private static func tokens(_ value: Double) -> Int32 { Int32(min(max(1, value.rounded()), 1e9)) }

  // MARK: Content

  /// What the tokens of a live request are.
  func content(of request: LiveRequest) -> PromptContent {
    if let chains = rows?.chains {
      return chains.content(ofRequest: Int(request.serial), promptTokens: request.promptTokens)
    }
    var content = PromptContent(request: UInt32(request.serial))
    if request.session >= 0 {
      let session = sessions[request.session]
      if session.sharedTokens > 0 {
        content.setShared(group: session.group, adapter: session.adapter, tokens: session.sharedTokens)
      }
      // What the next turn repeats word for word belongs to the conversation, the answer too.
      let repeatsAnswer = conversations!.answerCarried >= 1
      content.setCarried(session: session.number, tokens: repeatsAnswer ? .max : request.promptTokens)
    } else if let prefix {
      content.setShared(
        group: request.group, adapter: request.adapter,
        tokens: prefix.tokens(ofPrompt: request.promptTokens))
    }
    return content
  }

  // MARK: Conversations

  /// The number of the conversation that a request is a turn of, in the order of their beginnings.
  func conversation(of request: LiveRequest) -> UInt64 { UInt64(sessions[request.session].number) }

  /// No prompt grows past this, whatever is carried over.
  private static let longestPrompt: Int64 = 10_000_000

  private mutating func beginSession(at time: Ticks, user: Int32) -> LiveRequest {
    let family = turnStream.branch(UInt64(sessions.begun))
    var session = Session(
      number: sessions.begun, turnsLeft: 0, user: user, prompts: family.branch(0), outputs: family.branch(1),
      thinking: family.branch(2))
    var own = family.branch(3)
    session.turnsLeft = Self.tokens(conversations!.turns.sample(&own))
    session.group = prefix?.popularity.map { UInt32($0.sample(&own)) } ?? 0
    session.kind = classes.map { UInt8($0.sample(&own)) } ?? 0
    session.adapter = adapters == nil ? 0 : drawAdapter(family.branch(4))
    let added = prompt!.sample(&session.prompts)
    let slot = sessions.begin(session)
    return turn(&session, in: slot, added: added, at: time)
  }

  private mutating func turn(
    _ session: inout Session, in slot: Int32, added: Double, at time: Ticks
  ) -> LiveRequest {
    defer { sent += 1 }
    let tokens = Int64(session.context) + Int64(Self.tokens(added))
    let request = LiveRequest(
      sent: time, promptTokens: Int32(min(tokens, Self.longestPrompt)),
      outputTokens: Self.tokens(output!.sample(&session.outputs)), serial: Int32(sent), user: session.user,
      session: slot, adapter: session.adapter, kind: session.kind)
    if session.context == 0, let prefix {
      session.sharedTokens = prefix.tokens(ofPrompt: request.promptTokens)
    }
    session.turnsLeft -= 1
    if slot >= 0 { sessions[slot] = session }
    return request
  }

  /// A turn was answered.
  ///
  /// - Returns: how long the user thinks before the next one; `nil` when it was the last.
  mutating func endTurn(_ request: LiveRequest) -> Ticks? {
    guard let conversations else { return nil }
    var session = sessions[request.session]
    let carried = (Double(request.outputTokens) * conversations.answerCarried).rounded(.up)
    let context = Int64(request.promptTokens) + Int64(carried)
    let longest = min(Int64(conversations.maximumContext), Self.longestPrompt)
    if session.turnsLeft <= 0 || context >= longest { return nil }
    session.context = Int32(context)
    let think = Self.pause(conversations.thinkTime.sample(&session.thinking))
    sessions[request.session] = session
    return think
  }

  /// The next turn of a conversation, or `nil` when it would come too late or grow too long.
  mutating func takeTurn(session slot: Int, at now: Ticks) -> LiveRequest? {
    if sent >= limit || now >= end { return nil }
    var session = sessions[Int32(slot)]
    let law = conversations!.followUpTokens ?? prompt!
    let added = law.sample(&session.prompts)
    let longest = min(Int64(conversations!.maximumContext), Self.longestPrompt)
    if Int64(session.context) + Int64(Self.tokens(added)) > longest { return nil }
    return turn(&session, in: Int32(slot), added: added, at: now)
  }

  /// The conversation is over.
  /// - Returns: the closed-loop user who led it, or −1.
  mutating func endSession(_ slot: Int32) -> Int32 {
    sessions.end(slot)
    return sessions[slot].user
  }
}
