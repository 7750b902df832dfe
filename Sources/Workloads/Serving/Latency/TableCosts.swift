import Catalog

/// What a table says of one model on one layout, in fine ticks and ready for look-ups.
struct TableCosts: Sendable {
  /// Everything that works on every token, with its all-reduces, by tokens.
  let body: TabulatedCost
  /// By sequences that get a token.
  let head: TabulatedCost
  /// Attention of decoding sequences, by sequences and their mean context.
  let decodeAttention: TabulatedSurface
  /// Whole decoding steps, where the table has them.
  let decodeSteps: TabulatedSurface?
  let hostPerStep: Int64
  let hostPerSequence: Int64

  /// Attention of a prompt's chunk behind a cached prefix; `nil` where only whole steps were timed.
  private let prompts: TabulatedSurface?
  /// Of 65,536 query–key pairs, where there is no such attention.
  private let perPairs: Int64
  /// What decoding sequences add to a prompt's kernel, by its tokens, ascending.
  private let chunks: [Int]
  private let mixed: [TabulatedSurface]

  init(_ sums: TableSums, engine: EnginePreset) {
    body = sums.body()
    head = sums.head()
    decodeAttention = sums.decodeAttention()
    decodeSteps = sums.decodeSteps()
    prompts = sums.promptAttention.map {
      TabulatedSurface(rows: $0.rows, columns: $0.columns, times: $0.times)
    }
    perPairs = FineTicks.rounded(sums.secondsPerPair * 65_536)
    (chunks, mixed) = sums.mixedAttention()
    let launches = sums.hasWholeSteps ? 0 : Double(sums.model.layers) * engine.layerOverhead.value
    hostPerStep = FineTicks.rounded(engine.stepOverhead.value + launches)
    hostPerSequence = FineTicks.rounded(engine.sequenceOverhead.value)
  }

  /// Attention of prompts with so many query–key pairs in all, none of them behind a longer prefix.
  func promptAttention(pairs: Int, prefix: Int) -> Int64 {
    guard let prompts else {
      let cost = (Int128(perPairs) * Int128(pairs)) >> 16
      return cost < Int128(FineTicks.largest) ? Int64(cost) : FineTicks.largest
    }
    let chunk = Self.chunk(pairs: pairs, prefix: prefix)
    let last = prompts.rows[prompts.rows.count - 1]
    if chunk <= last { return prompts.cost(row: chunk, sum: prefix, count: 1) }
    // Beyond the longest chunk measured, as many times its cost as it has pairs.
    let measured = Double(last) * (Double(prefix) + (Double(last) + 1) / 2)
    let times = Double(pairs) / measured
    let cost = Double(prompts.cost(row: last, sum: prefix, count: 1)) * max(1, times)
    return cost < Double(FineTicks.largest) ? Int64(cost) : FineTicks.largest
  }

  /// The tokens c of one prompt behind the prefix p that has as many pairs: c·p + c (c + 1) / 2.
  static func chunk(pairs: Int, prefix: Int) -> Int {
    let linear = 2 * Double(prefix) + 1
    let root = (linear * linear + 8 * Double(max(0, pairs))).squareRoot()
    return Int(min(1e9, max(1, ((root - linear) / 2).rounded(.up))))
  }

  /// What decoding sequences add to a step whose prompts' attention costs `prompts`.
  func attentionBesidePrompts(
    of prompts: Int64, promptTokens: Int, row: Int, context: Int, sequences: Int
  ) -> Int64 {
    if decodeSteps != nil && decodeAttention.isEmpty {
      // Whole steps only: what their contexts add to the shortest ones.
      let steps = decodeSteps!
      return steps.cost(row: row, sum: context, count: sequences)
        - steps.cost(row: row, sum: 0, count: sequences)
    }
    let alone = decodeAttention.cost(row: row, sum: context, count: sequences)
    guard let last = chunks.last else { return alone }
    let high = min(chunks.count - 1, chunks.firstIndex(atLeast: promptTokens))
    var cost = mixed[high].cost(row: row, sum: context, count: sequences)
    if high > 0 && promptTokens < last {
      let low = mixed[high - 1].cost(row: row, sum: context, count: sequences)
      cost = FineTicks.between(
        low, cost, promptTokens - chunks[high - 1], of: chunks[high] - chunks[high - 1])
    }
    // The kernel of both is never faster than that of the decoding sequences alone.
    return max(cost, alone - prompts, 0)
  }
}
