import Catalog
import Kernel

/// What a replica is told once.
public struct ReplicaSettings: Sendable {
  public var batching: Batching
  /// Of continuous batches.
  public var order = QueueOrder.arrival
  /// Of continuous batches.
  public var prompts = PromptScheduling.chunked
  /// Steps without prompts from one look at new requests to the next, at least 1; after a step with prompts
  /// it always looks. For continuous batching.
  public var receiveInterval: Int64 = 1
  /// Sequences that run at once.
  public var maximumSequences: Int
  /// Tokens that one step may compute, prompts and decodes together.
  public var maximumBatchedTokens: Int
  public var blockSize: Int
  public var blocks: Int
  /// Whether a step is planned while the one before it runs, so that the host's work is hidden: a request
  /// then waits one step longer. For continuous batching.
  public var schedulesAhead: Bool
  /// A prompt starts only when the blocks of all of it are free, and takes them at once. Where blocks are
  /// lent to sequences that do not run, it would else be stopped and begun again and again.
  public var takesWholePrompts = false
  /// Computes prompts for somebody else: they keep their blocks past their end, until `release`. What it
  /// caches are those blocks.
  public var isPrefillOnly = false
  /// How tokens are drafted and checked; `nil` when every step gives one. For continuous batching.
  public var speculation: SpeculationSettings?
  /// Keeps the sums that `forecastFirstToken` needs.
  public var forecasts = false
  /// How KV blocks are kept for later requests; `nil` when they are not.
  public var cache: CacheSettings?
  /// What is served of the model's adapters; `nil` when none are. For continuous batching, without drafts.
  public var adapters: AdapterSettings?
  /// Walks every leap step by step as well and stops the process when the two part. For tests.
  public var verifiesLeaps = false
  /// Keeps one slice per leap or mixed step for a timeline.
  public var recordsTimeline = false

  public init(
    batching: Batching, maximumSequences: Int, maximumBatchedTokens: Int, blockSize: Int, blocks: Int,
    schedulesAhead: Bool = false, cache: CacheSettings? = nil
  ) {
    precondition(maximumSequences > 0, "a replica runs at least one sequence")
    precondition(maximumBatchedTokens >= maximumSequences, "every running sequence gets its token in a step")
    self.batching = batching
    self.maximumSequences = maximumSequences
    self.maximumBatchedTokens = maximumBatchedTokens
    self.blockSize = blockSize
    self.blocks = blocks
    self.schedulesAhead = schedulesAhead
    self.cache = cache
  }
}

/// A request that got its last token.
public struct Completion: Sendable, Hashable {
  public var handle: UInt32
  public var promptTokens: Int32
  public var outputTokens: Int32
  public var preemptions: Int32
  public var arrival: Ticks
  /// When the scheduler first gave it tokens.
  public var scheduled: Ticks
  public var firstToken: Ticks
  public var lastToken: Ticks
  /// Prompt tokens that were not computed because their KV entries were cached.
  public var cachedTokens: Int32
  /// How long it waited for its adapter to be loaded; zero where the adapter was there, or none was asked
  /// for.
  public var adapterWait: Ticks

  public init(
    handle: UInt32, promptTokens: Int32, outputTokens: Int32, preemptions: Int32, arrival: Ticks,
    scheduled: Ticks, firstToken: Ticks, lastToken: Ticks, cachedTokens: Int32 = 0, adapterWait: Ticks = .zero
  ) {
    self.handle = handle
    self.promptTokens = promptTokens
    self.outputTokens = outputTokens
    self.preemptions = preemptions
    self.arrival = arrival
    self.scheduled = scheduled
    self.firstToken = firstToken
    self.lastToken = lastToken
    self.cachedTokens = cachedTokens
    self.adapterWait = adapterWait
  }
}

/// Totals of what a replica did. Times are in fine ticks: 256 to a tick. 63 bits of them end after 26 days of
/// work, less than a long run, so they are wider.
public struct ReplicaTotals: Sendable, Hashable {
  public var busy: Int128 = 0
  public var compute: Int128 = 0
  public var memory: Int128 = 0
  public var network: Int128 = 0
  public var steps: Int64 = 0
  /// Tokens whose forward pass was computed, recomputation included.
  public var computedTokens: Int64 = 0
  /// Those of them that were prompts'.
  public var promptTokens: Int64 = 0
  /// KV entries read by decoding steps.
  public var contextRead: Int64 = 0
  public var preemptions: Int64 = 0
  /// Changes of the batch's composition: the replica's events.
  public var changes: Int64 = 0
  /// KV blocks in use, integrated over busy fine ticks.
  public var blockTime: Double = 0
  public var peakBlocks: Int64 = 0
  /// Most sequences in one step.
  public var peakSequences: Int64 = 0
  /// Prompt tokens of admitted requests that were looked up in the prefix cache, and those found in it.
  public var promptTokensSought: Int64 = 0
  public var promptTokensFound: Int64 = 0
  /// What went through the tiers below, in order.
  public var tiers: [TierTotals] = []
  public var adapters = AdapterTotals()
}

/// A stretch of equal work, for the timeline.
public struct ReplicaSlice: Sendable, Hashable {
  public var start: Ticks
  public var end: Ticks
  public var sequences: Int
  public var isPrefill: Bool
}

/// Fine ticks to a tick. Step costs carry eight more bits than the clock so that the cost of one KV entry
/// (a few nanoseconds) is exact to a few parts in 100,000.
public let fineTicksPerTick: Int64 = 256

/// A span in fine ticks; one past their 63 bits (26 days) is clamped to them.
@inline(__always) func fineTicks(in span: Ticks) -> Int64 {
  let (count, overflow) = span.count.multipliedReportingOverflow(by: fineTicksPerTick)
  return overflow ? .max : count
}
