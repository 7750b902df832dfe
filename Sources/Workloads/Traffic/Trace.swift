import Kernel

/// Recorded requests: immutable, shared by all runs, sorted by arrival, the first at time 0.
public final class Trace: Sendable {
  public let arrivals: [Ticks]
  public let promptTokens: [Int32]
  public let outputTokens: [Int32]
  /// The prefix blocks recorded with the requests; `nil` where there are none.
  public let chains: BlockChains?
  public var count: Int { arrivals.count }
  /// Tokens of the longest request, prompt and answer.
  public var longestRequest: Int {
    promptTokens.indices.map { Int(promptTokens[$0]) + Int(outputTokens[$0]) }.max() ?? 0
  }

  /// Sorts by arrival, stably, moves the first arrival to 0 and divides all times by `speed`.
  ///
  /// - Parameter blocks: recorded names of prefix blocks of `blockTokens` tokens, a list for each request.
  public init(
    arrivals: [Ticks], promptTokens: [Int32], outputTokens: [Int32], speed: Double = 1,
    blocks: [[UInt64]] = [], blockTokens: Int = 512
  ) {
    precondition(
      arrivals.count == promptTokens.count && arrivals.count == outputTokens.count, "one of each a request")
    // Recorded traffic mostly comes in order; asking is cheaper than sorting.
    let isSorted = zip(arrivals, arrivals.dropFirst()).allSatisfy { $0 <= $1 }
    let order =
      isSorted
      ? Array(arrivals.indices) : arrivals.indices.sorted { (arrivals[$0], $0) < (arrivals[$1], $1) }
    let first = order.first.map { arrivals[$0] } ?? .zero
    self.arrivals = order.map { index in
      let shifted = arrivals[index] - first
      return speed == 1 ? shifted : Ticks(seconds: shifted.seconds / speed)
    }
    self.promptTokens = order.map { promptTokens[$0] }
    self.outputTokens = order.map { outputTokens[$0] }
    precondition(blocks.isEmpty || blocks.count == arrivals.count, "blocks are recorded for all or none")
    chains =
      blocks.isEmpty ? nil : BlockChains(blockTokens: blockTokens, blocks: order.map { blocks[$0] })
  }

  fileprivate init(_ other: Trace, arrivals: [Ticks]) {
    self.arrivals = arrivals
    promptTokens = other.promptTokens
    outputTokens = other.outputTokens
    chains = other.chains
  }
}

extension Trace {
  /// The same requests, sent so many times faster; `factor` is positive.
  public func sent(timesFaster factor: Double) -> Trace {
    Trace(self, arrivals: arrivals.map { Ticks(seconds: $0.seconds / factor) })
  }
}

/// Something wrong in a trace, with its line.
public struct TraceFault: Error, Sendable, Hashable {
  public var line: Int
  public var message: String
}

/// The layouts that recorded traffic comes in.
public enum TraceFormat: String, Sendable, CaseIterable {
  /// `TIMESTAMP,ContextTokens,GeneratedTokens` (Azure public dataset).
  case azure
  /// `Timestamp,Model,Request tokens,Response tokens,…`
  case burstgpt
  /// A JSON object a line: `timestamp` in ms, `input_length`, `output_length`, and optionally `hash_ids`,
  /// the names of the prompt's blocks of 512 tokens.
  case mooncake
  /// `arrived_at,num_prefill_tokens,num_decode_tokens`.
  case vidur
  /// A JSON list of conversations; four characters are taken as a token, requests are sent a second apart
  /// unless
  /// the scenario gives arrivals.
  case sharegpt
  /// The result file of vLLM's benchmark client: `input_lens`, `output_lens` and `start_times`.
  case vllmBench = "vllm-bench"
  /// What vLLM records of each request, a JSON object a line: `arrival_time` in s, `input_toks`,
  /// `output_toks`.
  case vllmRequests = "vllm-requests"
}
