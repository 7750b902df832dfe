import Catalog
import Quantities

/// Step costs from a user's kernel or step table: sums of its kernels, straight lines between its rows.
///
/// Attention over the cache follows straight lines in the KV entries read, never a curve through logarithms
/// (9 to 14 % off). Between two measured contexts the line is one, so replicas leap from row to row. More
/// tokens or more context never cost less, and neither does another sequence of at least the mean context.
///
/// Several prompts of a step are priced as one that has as many query–key pairs behind the longest cached
/// prefix among them. Decoding sequences read their contexts in the prompts' kernel when there are any; that
/// kernel is slower for them on many devices, so the table may hold rows of both together. They are taken at
/// the shortest cached prefix that was measured and, less the time of the prompt alone, added to it.
/// Pipeline stages are lanes as in `RooflineModel`. Host overheads are the engine's; those of each layer
/// belong to launches, which whole steps contain.
public final class TableModel: LatencyModel {
  public let frontEndSeconds: Seconds
  public let floatingPointOperationsPerToken: Double
  public let weightReads: WeightReads
  public let keyValueBytesPerToken: Double
  public let basis: Basis

  private let pipeline: Int
  private let costs: TableCosts

  /// - Parameters:
  ///   - table: one that covers the model (`KernelTable.coverage`).
  ///   - engine: its host overheads are added.
  ///   - estimate: gives what the table cannot say: arithmetic and traffic of a token, and links that it
  ///     does not time.
  /// - Complexity: O(rows · log rows).
  public init(
    table: KernelTable, model: ModelShape, tensorParallelism: Int, pipelineParallelism: Int,
    engine: EnginePreset, estimate: any LatencyModel, basis: Basis
  ) {
    precondition(tensorParallelism > 0 && pipelineParallelism > 0, "a replica has at least one accelerator")
    pipeline = pipelineParallelism
    costs = TableCosts(
      TableSums(
        table: table, model: model, tensor: tensorParallelism, pipeline: pipelineParallelism,
        estimate: estimate), engine: engine)
    frontEndSeconds = engine.frontEnd
    floatingPointOperationsPerToken = estimate.floatingPointOperationsPerToken
    weightReads = estimate.weightReads
    keyValueBytesPerToken = estimate.keyValueBytesPerToken
    self.basis = basis
  }

  /// The line at the shortest contexts.
  public func decodeLine(sequences: Int) -> DecodeLine {
    decodeLine(sequences: sequences, context: sequences)
  }

  /// - Complexity: O(log rows).
  public func decodeLine(sequences: Int, context: Int) -> DecodeLine {
    let row = share(sequences, of: lanes(sequences))
    let line: TabulatedSurface.Line
    var base: StepCost
    if let steps = costs.decodeSteps {
      line = steps.line(row: row, sum: context, count: sequences)
      base = StepCost(total: 0, compute: 0, memory: 0, network: 0)
    } else {
      line = costs.decodeAttention.line(row: row, sum: context, count: sequences)
      base = costs.body.cost(row)
      base.add(costs.head.cost(row))
    }
    let start = line.cost - FineTicks.product(line.slope, Int64(line.at))
    base.memory += start
    base.total += start + host(sequences)
    return DecodeLine(base: base, slope: line.slope, limit: line.limit)
  }

  /// - Complexity: O(log rows).
  public func stepCost(_ shape: StepShape) -> StepCost {
    let decode = shape.decodeSequences
    guard shape.prefillSequences > 0 else {
      let line = decodeLine(sequences: decode, context: shape.decodeContext)
      var cost = line.base
      let reading = FineTicks.product(line.slope, Int64(shape.decodeContext))
      cost.memory += reading
      cost.total += reading
      return cost
    }
    let sequences = decode + shape.prefillSequences
    let lanes = lanes(sequences)
    let tokens = max(
      share(decode + shape.prefillTokens, of: lanes), min(shape.largestChunk, shape.prefillTokens))
    var cost = costs.body.cost(tokens)
    cost.add(costs.head.cost(share(shape.sampledSequences, of: lanes)))
    let prompts = costs.promptAttention(
      pairs: pairsInLane(shape, lanes: lanes), prefix: longestPrefix(shape))
    cost.compute += prompts
    cost.total += prompts
    if decode > 0 {
      let reading = costs.attentionBesidePrompts(
        of: prompts, promptTokens: tokens - share(decode, of: lanes), row: share(decode, of: lanes),
        context: shape.decodeContext, sequences: decode)
      cost.memory += reading
      cost.total += reading
      if let steps = costs.decodeSteps {
        // A prompt beside them never makes a step of decoding sequences shorter.
        let alone = steps.cost(row: share(decode, of: lanes), sum: shape.decodeContext, count: decode)
        cost.memory += max(0, alone - cost.total)
        cost.total = max(cost.total, alone)
      }
    }
    cost.total += host(sequences)
    return cost
  }

  private func host(_ sequences: Int) -> Int64 {
    costs.hostPerStep + FineTicks.product(costs.hostPerSequence, Int64(sequences))
  }

  private func lanes(_ sequences: Int) -> Int { max(1, min(pipeline, sequences)) }

  /// The fullest lane's.
  private func share(_ count: Int, of lanes: Int) -> Int { lanes == 1 ? count : (count + lanes - 1) / lanes }

  private func longestPrefix(_ shape: StepShape) -> Int {
    max(shape.longestPrefix, (shape.prefixTokens + shape.prefillSequences - 1) / shape.prefillSequences)
  }

  /// Pairs of the fullest lane: an equal share, or the largest chunk's where that is more.
  private func pairsInLane(_ shape: StepShape, lanes: Int) -> Int {
    if lanes == 1 { return shape.attentionProducts }
    let largest =
      Int128(shape.attentionProducts) * Int128(min(shape.largestChunk, shape.prefillTokens))
      / Int128(max(1, shape.prefillTokens))
    return Int(max(Int128(shape.attentionProducts / lanes), largest))
  }
}

extension StepCost {
  fileprivate mutating func add(_ other: StepCost) {
    total += other.total
    compute += other.compute
    memory += other.memory
    network += other.network
  }
}
