import Kernel

/// What a replica keeps to say how long a request would wait: sums over its queue, by bands that are served
/// one after the other, and the pace at which sequences leave.
struct Backlog {
  static let bands = 32
  /// Prompt tokens to be computed for those that wait, and their number.
  private var tokens: [Int64]
  private var requests: [Int64]
  /// Mean ticks between two sequences that leave, over about the last 64; 0 while unknown.
  private(set) var pace: Int64 = 0
  private var lastLeft = Ticks.never

  init(keeps: Bool) {
    tokens = keeps ? Array(repeating: 0, count: Self.bands) : []
    requests = tokens
  }

  mutating func add(_ count: Int32, band: Int) {
    tokens[band] += Int64(count)
    requests[band] += 1
  }

  mutating func remove(_ count: Int32, band: Int) {
    tokens[band] -= Int64(count)
    requests[band] -= 1
  }

  /// All that are served before somebody of this band who comes last in it.
  func ahead(ofBand band: Int) -> (tokens: Int64, requests: Int64) {
    var sum: (tokens: Int64, requests: Int64) = (0, 0)
    for index in 0...band {
      sum.tokens += tokens[index]
      sum.requests += requests[index]
    }
    return sum
  }

  mutating func leave(at now: Ticks) {
    if lastLeft != .never {
      let gap = (now - lastLeft).count
      pace = pace == 0 ? gap : pace + (gap - pace) / 64
    }
    lastLeft = now
  }
}

extension LeapingReplica {
  /// Who is served one after the other: ranks, or prompts by the power of two below their length.
  func band(promptTokens: Int32, place: UInt64) -> Int {
    switch settings.order {
    case .arrival: 0
    case .priority: min(Backlog.bands - 1, Int(place >> 32))
    case .shortestFirst: Int32.bitWidth - 1 - promptTokens.leadingZeroBitCount
    }
  }

  func band(of slot: UInt32) -> Int { band(promptTokens: table[slot].promptTokens, place: table[slot].place) }

  /// How long a request that came now would take to its first token: an estimate from what is queued and
  /// runs, for a door that turns requests away. For replicas whose settings say `forecasts`.
  ///
  /// The longer of two: computing every prompt ahead of it and its own, in full steps beside the sequences
  /// that decode now; and waiting, at the pace of the last departures, until enough sequences have left to
  /// give seats and KV blocks to all ahead of it, then computing its own prompt.
  ///
  /// - Complexity: O(prompts under way).
  public func forecastFirstToken(promptTokens: Int32, priority: Int32 = 0, at now: Ticks) -> Ticks {
    precondition(settings.forecasts, "a forecast needs a replica that keeps the sums for it")
    let place = WaitingQueue.place(rank: priority, number: 0)
    let ahead = backlog.ahead(ofBand: band(promptTokens: promptTokens, place: place))
    let own = Int64(promptTokens)
    var underWay: Int64 = 0
    for slot in prefilling { underWay += Int64(table[slot].target - table[slot].computed) }
    let all = computing(own + ahead.tokens + underWay)
    let leavers = self.leavers(before: ahead, own: own)
    let (pause, overflow) = backlog.pace.multipliedReportingOverflow(by: leavers)
    if overflow { return .never }
    let queued = leavers > 0 ? pause + computing(own) : 0
    let begun = run.computesPrompts && nextChange > now ? (nextChange - now).count : 0
    return Ticks(begun + max(all, queued))
  }

  /// Ticks that this many prompt tokens take, in full steps.
  private func computing(_ tokens: Int64) -> Int64 {
    let stalls = settings.prompts == .first
    let decoders = stalls ? 0 : Int(ledger.decoders)
    let room = max(1, promptBudget)
    let chunk = Int(min(room, tokens))
    let cost = model.stepCost(
      StepShape(
        decodeSequences: decoders, decodeContext: stalls ? 0 : Int(context) + decoders * Int(width),
        prefillSequences: 1,
        prefillTokens: chunk, sampledSequences: decoders + 1, attentionProducts: chunk * (chunk + 1) / 2,
        prefixTokens: 0, largestChunk: chunk)
    ).total
    let whole = Int128(cost) * Int128(tokens) / Int128(chunk) / Int128(fineTicksPerTick)
    return whole < 1 << 60 ? Int64(whole) : 1 << 60
  }

  /// Sequences that must leave before everybody ahead and the request itself have a seat and blocks.
  private func leavers(before ahead: (tokens: Int64, requests: Int64), own: Int64) -> Int64 {
    let seats = ahead.requests + 1 - Int64(settings.maximumSequences - seatsTaken)
    let lacking = ledger.blocks(for: ahead.tokens + own) - ledger.free
    let holders = Int64(running.count)
    let used = max(1, ledger.used)
    let blocks = lacking > 0 && holders > 0 ? (lacking * holders + used - 1) / used : 0
    return max(0, seats, blocks)
  }
}
