import Kernel
import Statistics

/// A model replica behind an iteration-level scheduler (Yu et al., "Orca", OSDI 2022) with chunked prefill
/// (Agrawal et al., "Sarathi-Serve", OSDI 2024) and paged KV blocks, as vLLM's v1 engine runs them.
///
/// The replica leaps: while the batch's composition stays the same it computes when the next change comes
/// and
/// does nothing in between. Whoever drives it calls `arrive` and, at `nextChange`, `advance`. A request
/// joins
/// the first step that starts strictly after its arrival, so ties between arrivals and step ends never
/// matter.
///
/// - Complexity: O(1) per change of the batch, plus O(block size) for the KV forecast. Memory follows the
///   requests inside the replica.
public struct LeapingReplica: ~Copyable {
  let settings: ReplicaSettings
  let model: any LatencyModel
  var table = SequenceTable()
  var waiting: WaitingQueue
  var running = SequenceList()
  var ring = FinishRing()
  var ledger: BlockLedger
  let keepsCache: Bool
  var cache: PrefixCache
  var holdings = HoldingTable()
  /// Requests so far whose content nobody described.
  var undescribed: Int64 = 0
  /// Sequences whose blocks are on their way from below.
  var loading = 0
  let keepsAdapters: Bool
  var adapters: AdapterSlots?
  /// By slot of the sequence table; empty while no adapters are served.
  var uses: [AdapterUse] = []
  /// Loads that the step being planned waits for.
  var pausedForLoads = Ticks.zero
  /// Whether the last pass over the queue ended at somebody who lacks KV blocks.
  var isStuck = false
  // What the settings say of the tiers, once for all.
  let tiers: [TierSettings]
  let loadsAlways: Bool
  let bytesPerBlock: Double
  /// When each tier's link is free again; what is asked of each; what lies where.
  var links: [Ticks] = []
  var asked: [Int64] = []
  var pieces: [TierPiece] = []
  /// Sequences of `running` still computing their prompt, in admission order.
  var prefilling: [UInt32] = []
  var finishing: [UInt32] = []
  /// Steps executed so far.
  var step: Int64 = 0
  /// Tokens that a sequence which decoded in all of them would have.
  var emitted: Int64 = 0
  let rate: TokenRate
  /// Tokens past its context that a running sequence holds room for.
  let lookahead: Int64
  var run = StepRun()
  /// End of the last finished step, and the part of it below a tick.
  var boundary = Ticks.zero
  var fraction: Int64 = 0
  /// When the scheduler last looked at new requests: those that arrived before may join the step that starts
  /// at `boundary`.
  var planned = Ticks.zero
  /// Steps without prompts since then.
  var unheard: Int64 = 0
  var late = LateDecoders()
  /// Decoders that still answer; in a fixed batch the others only pad it.
  var answering: Int64 = 0
  /// Sum over decoders of their KV entries.
  var context: Int64 = 0
  var admitted: Int64 = 0
  /// Requests that reached the queue so far.
  var enqueued: Int64 = 0
  /// Tokens that the waiting sequences will compute unless they are cached.
  var queuedTokens: Int64 = 0
  var isDraining = false
  var remote = RemotePrompts()
  var backlog: Backlog

  /// When `advance` must be called next; `.never` while there is nothing to do.
  public internal(set) var nextChange = Ticks.never
  /// Requests finished since the driver last cleared the list, in order of their finish.
  public var completions: [Completion] = []
  /// Expected sequences that got their blocks since the driver last cleared the list, in order.
  public var reservations: [Reservation] = []
  public internal(set) var totals = ReplicaTotals()
  public internal(set) var slices: [ReplicaSlice] = []
  /// Gaps between consecutive tokens, pooled over all requests [fine ticks].
  public internal(set) var interTokenGaps = LogHistogram()
  /// Requests that arrive before this time leave no trace in `interTokenGaps`.
  public var measuredFrom = Ticks.zero

  /// - Parameter tiers: the places below, one for each of the settings' tiers; `nil` for places of its own.
  public init(settings: ReplicaSettings, model: any LatencyModel, tiers: [CacheTier]? = nil) {
    let places = tiers ?? Self.ownTiers(settings)
    let below = settings.cache ?? CacheSettings()
    self.settings = settings
    self.model = model
    waiting = WaitingQueue(order: settings.order)
    backlog = Backlog(keeps: settings.forecasts)
    rate = settings.speculation?.rate ?? .one
    lookahead = Int64(settings.speculation?.drafted ?? 0)
    run.rate = rate
    ledger = BlockLedger(blockSize: settings.blockSize, total: settings.blocks)
    keepsCache = settings.cache != nil
    keepsAdapters = settings.adapters != nil
    adapters = settings.adapters.map(AdapterSlots.init)
    cache = PrefixCache(
      blockSize: settings.blockSize, blocks: settings.blocks, chains: Self.names(settings), tiers: places)
    self.tiers = below.tiers
    loadsAlways = below.loading == .always
    bytesPerBlock = below.bytesPerBlock
    links = Array(repeating: .zero, count: places.count)
    asked = Array(repeating: 0, count: places.count)
    totals.tiers = Array(repeating: TierTotals(), count: places.count)
    // Last: a closure that looks at a property before all are set makes the optimiser (Swift 6.3.1) destroy
    // noncopyable ones that do not exist yet.
    precondition(!keepsCache || settings.batching == .continuous, "request-level batches share no prefixes")
    precondition(
      !keepsAdapters || (settings.batching == .continuous && lookahead == 0 && !settings.isPrefillOnly),
      "adapters are served in continuous batches, one token a step, prompts and answers together")
    // A sequence whose blocks come from below computes nothing in the step that takes it in.
    precondition(
      tiers?.isEmpty ?? (settings.cache?.tiers.isEmpty ?? true) || settings.adapters?.loading != .blocking,
      "loads that block know no tiers")
    precondition(lookahead == 0 || settings.batching == .continuous, "request-level batches do not speculate")
    precondition(
      settings.prompts == .chunked || settings.batching == .continuous,
      "request-level batches compute their prompts in one pass")
    precondition(
      settings.maximumBatchedTokens >= settings.maximumSequences * Int(lookahead + 1),
      "every running sequence has its draft checked in a step")
  }

  private static func ownTiers(_ settings: ReplicaSettings) -> [CacheTier] {
    guard let cache = settings.cache else { return [] }
    return cache.tiers.map { CacheTier($0, bytesPerBlock: cache.bytesPerBlock) }
  }

  private static func names(_ settings: ReplicaSettings) -> BlockChains.Names {
    settings.cache?.chains?.pointer ?? .none
  }

  /// Tokens that a newcomer would share the replica with: KV entries in use, and prompts in the queue.
  public func tokensInHand(at now: Ticks) -> Int64 {
    blocksInUse(at: now) * ledger.blockSize + queuedTokens
  }

  /// Requests inside, queued or running.
  public var load: Int { waiting.count + seatsTaken }
  public var queued: Int { waiting.count }
  public var active: Int { running.count }
  /// Running requests whose answer is not complete; others may still pad a fixed batch.
  public var unanswered: Int { prefilling.count + Int(answering) }
  /// The totals, with what evictions wrote to each tier.
  public var finalTotals: ReplicaTotals {
    var all = totals
    for tier in all.tiers.indices { all.tiers[tier].blocksWritten += cache.below.written[tier] }
    if let adapters { all.adapters.add(adapters.totals) }
    return all
  }
  /// KV blocks there are.
  public var blockCount: Int { settings.blocks }

  /// Whether the KV cache could ever hold the request to its last token.
  public func canHold(promptTokens: Int32, outputTokens: Int32) -> Bool {
    ledger.blocks(for: Int64(promptTokens) + Int64(outputTokens) + 2 * lookahead) <= ledger.total
  }

  /// KV blocks in use at `now`, inside the run of steps in flight.
  public func blocksInUse(at now: Ticks) -> Int64 {
    guard run.kind == .decode, now > boundary else { return ledger.used }
    let elapsed = (now.count - boundary.count) &* fineTicksPerTick
    var done = run.stepsCosting(atLeast: elapsed - fraction)
    if run.cost(of: done) > elapsed - fraction { done -= 1 }
    return ledger.used + growth(steps: min(done, run.steps))
  }

  /// A request reaches the scheduler's queue. It must be one that `canHold` accepts.
  ///
  /// - Parameters:
  ///   - priority: not negative; in a queue by priority, lower ones are served first.
  ///   - content: what its tokens are; `nil` for what no other request says.
  ///   - adapter: whose adapter it asks for; −1 for none.
  /// - Returns: what `release` takes, where the replica computes prompts only.
  @discardableResult
  public mutating func arrive(
    handle: UInt32, promptTokens: Int32, outputTokens: Int32, priority: Int32 = 0,
    content: PromptContent? = nil, adapter: Int = -1, at now: Ticks
  ) -> UInt32 {
    enqueue(
      handle: handle, promptTokens: promptTokens, outputTokens: outputTokens, priority: priority,
      content: content, adapter: adapter, at: now)
  }

  @inline(__always)
  mutating func enqueue(
    handle: UInt32, promptTokens: Int32, outputTokens: Int32, priority: Int32 = 0, content: PromptContent?,
    adapter: Int = -1, at now: Ticks
  ) -> UInt32 {
    precondition(canHold(promptTokens: promptTokens, outputTokens: outputTokens), "admitted requests fit")
    precondition(promptTokens > 0 && outputTokens > 0, "a request has a prompt and an answer")
    let slot = table.insert()
    table[slot].handle = handle
    table[slot].promptTokens = promptTokens
    table[slot].outputTokens = outputTokens
    table[slot].target = promptTokens
    table[slot].arrival = now
    table[slot].state = .waiting
    if keepsCache {
      undescribed += content == nil ? 1 : 0
      holdings.start(slot, content ?? PromptContent(undescribed: undescribed))
    }
    if !waiting.isOrderedByArrival {
      let rank = settings.order == .priority ? priority : promptTokens
      table[slot].place = WaitingQueue.place(rank: rank, number: enqueued)
    }
    enqueued += 1
    if settings.forecasts { backlog.add(promptTokens, band: band(of: slot)) }
    if keepsAdapters { enqueue(slot, adapter: adapter) }
    let goesFirst = waiting.isOvertaken(by: slot, in: table)
    waiting.append(slot, in: table)
    queuedTokens += Int64(promptTokens)
    switch run.kind {
    case .mixed, .prompts: break
    case .decode: if goesFirst || (keepsAdapters && mayPass(slot, at: now)) { shortenRun(after: now) }
    case .idle: nextChange = min(nextChange, admissionTime(after: now))
    }
    return slot
  }

  /// No request will arrive after `now`: an incomplete batch need not wait for more.
  public mutating func drain(at now: Ticks) {
    isDraining = true
    if run.kind == .idle && waiting.count > 0 { nextChange = min(nextChange, now + Ticks(1)) }
  }

  /// Brings the replica to its `nextChange`.
  public mutating func advance(to now: Ticks) {
    precondition(now == nextChange, "a replica advances from change to change")
    totals.changes += 1
    switch run.kind {
    case .idle:
      boundary = now
      planned = now
      unheard = 0
      fraction = 0
    case .decode: finishDecodeRun()
    case .mixed: finishMixedStep()
    case .prompts: finishPromptStep()
    }
    planNext()
  }

  /// Lets a request that arrived at `now` join at the first step boundary strictly after it, or one step
  /// later where the next step is planned already.
  private mutating func shortenRun(after now: Ticks) {
    guard settings.batching == .continuous, seatsTaken < settings.maximumSequences else { return }
    guard now < runEnd else { return }
    let seen = steps(endingAfter: now) + (settings.schedulesAhead ? 1 : 0)
    shortenRun(to: seen + stepsUntilLook(after: seen))
  }

  /// Steps without prompts from the end of the run's first `steps` to the next look at new requests.
  @inline(__always) func stepsUntilLook(after steps: Int64) -> Int64 {
    let interval = settings.receiveInterval
    if interval == 1 { return 0 }
    let since = (unheard + steps) % interval
    return since == 0 ? 0 : interval - since
  }

  /// Ends the run of decoding steps at the first step boundary strictly after `time`, if it goes on longer.
  mutating func endRun(after time: Ticks) {
    // Loads may come long after the run: their time in fine ticks need not fit.
    if time < runEnd { shortenRun(to: steps(endingAfter: time)) }
  }

  private func steps(endingAfter time: Ticks) -> Int64 {
    run.stepsCosting(atLeast: (time.count - boundary.count + 1) &* fineTicksPerTick - fraction)
  }

  private mutating func shortenRun(to steps: Int64) {
    if steps < run.steps {
      run.steps = steps
      nextChange = runEnd
    }
  }

  var runEnd: Ticks {
    boundary + Ticks((fraction + run.cost(of: run.steps)) / fineTicksPerTick)
  }

  /// When an idle replica may start on what waits.
  func admissionTime(after now: Ticks) -> Ticks {
    switch settings.batching {
    case .continuous: return now + Ticks(1)
    case .fixed(let size, let patience), .dynamicWindow(let size, let patience):
      if waiting.count >= size || isDraining { return now + Ticks(1) }
      return max(now, table[waiting.first].arrival + patience) + Ticks(1)
    }
  }
}
