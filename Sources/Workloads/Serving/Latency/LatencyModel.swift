import Quantities

/// The cost of one engine step in fine ticks (256 to a tick), split by what bound it.
/// What the parts leave over is host overhead.
@frozen public struct StepCost: Sendable, Equatable {
  public var total: Int64
  public var compute: Int64
  public var memory: Int64
  public var network: Int64
  /// Scheduling, sampling and launching on the host.
  @inlinable public var host: Int64 { total - compute - memory - network }
  @inlinable public init(total: Int64, compute: Int64, memory: Int64, network: Int64) {
    self.total = total
    self.compute = compute
    self.memory = memory
    self.network = network
  }
}

extension StepCost {
  /// The whole step's time.
  public var duration: Seconds { Seconds(Double(total) / FineTicks.perSecond) }
}

extension DecodeLine {
  /// The time of a step that reads so many KV entries.
  public func duration(context: Int) -> Seconds {
    Seconds(Double(base.total + FineTicks.product(slope, Int64(context))) / FineTicks.perSecond)
  }
}

/// Steps that only decode: one step costs `base.total + slope × (sum of contexts)`.
@frozen public struct DecodeLine: Sendable {
  /// Where a line starts at some context, its continuation to no context at all; then memory may be negative.
  public var base: StepCost
  /// Fine ticks for each KV entry read, attributed to memory.
  public var slope: Int64
  /// The largest sum of contexts that the line holds for.
  public var limit: Int64
  @inlinable public init(base: StepCost, slope: Int64, limit: Int64 = .max) {
    self.base = base
    self.slope = slope
    self.limit = limit
  }
}

/// What a step with prompts in it computes.
@frozen public struct StepShape: Sendable {
  public var decodeSequences: Int
  /// KV entries read by the decoding sequences.
  public var decodeContext: Int
  public var prefillSequences: Int
  /// Prompt tokens computed in this step.
  public var prefillTokens: Int
  /// Sequences that get a token at its end.
  public var sampledSequences: Int
  /// Query–key pairs of the prompts: Σ chunk × prefix + chunk × (chunk + 1) / 2.
  public var attentionProducts: Int
  /// KV entries of earlier chunks that the prompts read.
  public var prefixTokens: Int
  public var largestChunk: Int
  /// KV entries of earlier chunks that one prompt reads, at most.
  public var longestPrefix: Int
  /// Tokens that each decoding sequence computes: more than one where drafts are checked.
  public var tokensPerDecode = 1
  public init(
    decodeSequences: Int, decodeContext: Int, prefillSequences: Int, prefillTokens: Int,
    sampledSequences: Int, attentionProducts: Int, prefixTokens: Int, largestChunk: Int,
    longestPrefix: Int = 0
  ) {
    self.decodeSequences = decodeSequences
    self.decodeContext = decodeContext
    self.prefillSequences = prefillSequences
    self.prefillTokens = prefillTokens
    self.sampledSequences = sampledSequences
    self.attentionProducts = attentionProducts
    self.prefixTokens = prefixTokens
    self.largestChunk = largestChunk
    self.longestPrefix = longestPrefix
  }
}

/// How a figure was come by.
public enum Basis: String, Sendable, CaseIterable { case measured, fitted, estimated }

/// Tells how long an engine's steps take. Asked once per change of the batch, never per token.
public protocol LatencyModel: Sendable {
  /// The line of steps in which that many sequences decode and nothing else runs.
  /// - Complexity: a table look-up.
  func decodeLine(sequences: Int) -> DecodeLine
  /// The line that holds while those sequences together read `context` KV entries a step, or somewhat more.
  /// Models of one line for every context leave it to `decodeLine(sequences:)`.
  /// - Complexity: a table look-up.
  func decodeLine(sequences: Int, context: Int) -> DecodeLine
  /// The same with several tokens a sequence, checked together: attention reads each KV entry once for all.
  func decodeLine(sequences: Int, tokensEach: Int) -> DecodeLine
  /// Without prompts this equals the line of `decodeLine` exactly.
  func stepCost(_ shape: StepShape) -> StepCost
  /// From the server's receipt of a request to the scheduler's queue.
  var frontEndSeconds: Seconds { get }
  /// Of the whole replica, a token.
  var floatingPointOperationsPerToken: Double { get }
  var weightReads: WeightReads { get }
  var keyValueBytesPerToken: Double { get }
  var basis: Basis { get }
}

extension LatencyModel {
  /// One line for every context.
  public func decodeLine(sequences: Int, context: Int) -> DecodeLine { decodeLine(sequences: sequences) }
  /// Priced as so many more sequences, for models that know no better.
  public func decodeLine(sequences: Int, tokensEach: Int) -> DecodeLine {
    decodeLine(sequences: sequences * tokensEach)
  }
}
