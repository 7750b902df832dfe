import Catalog
import Quantities

/// Step costs from first principles: every matrix product and attention kernel of the model on a roofline
/// (Williams, Waterman, Patterson, "Roofline", CACM 2009) whose efficiencies come from measured kernels,
/// plus
/// all-reduces and host overheads.
///
/// Costs are tabulated once by token count; a look-up interpolates between knots in integers, so costs
/// grow with the
/// load and are the same on every machine. Pipeline stages are taken as lanes in lockstep: a step's
/// sequences
/// split into as many microbatches as there are stages, and the step takes the full model's time for one
/// of them.
public final class RooflineModel: LatencyModel {
  public let frontEndSeconds: Seconds
  public let floatingPointOperationsPerToken: Double
  public let weightBytesPerStep: Double
  public let keyValueBytesPerToken: Double
  public let basis: Basis

  private let pipeline: Int
  private let body: CostCurve
  private let head: CostCurve
  /// Fine ticks for each sequence, each KV entry read in decoding, each query–key pair of a prompt.
  private let perSequence: Int64
  private let perContextEntry: Int64
  private let perThousandProducts: Int64
  private let prefillLatency: Int64
  private let hop: Int64

  static let finePerSecond = 16e9 * 256.0

  public init(
    model: ModelShape, accelerator: Accelerator, weights: Precision, activations: Precision,
    keyValue: Precision,
    tensorParallelism tensor: Int, pipelineParallelism pipeline: Int, engine: EnginePreset,
    maximumBatchedTokens: Int, maximumSequences: Int
  ) {
    let compute = weights.isWeightOnly ? activations : weights
    let rates = Efficiencies(accelerator: accelerator, precision: compute)
    let layer = LayerCost(
      model: model, accelerator: accelerator, weights: weights, compute: compute, tensor: tensor,
      rates: rates,
      engine: engine)
    self.pipeline = pipeline
    frontEndSeconds = engine.frontEnd
    floatingPointOperationsPerToken = 2 * model.activeParameters
    weightBytesPerStep = (model.parameters - model.embeddingWeights) * weights.bytesPerWeight
    keyValueBytesPerToken = Double(model.keyValueElementsPerToken) * keyValue.bytesPerActivation
    basis = rates.basis
    let largest = max(maximumBatchedTokens, maximumSequences, 1024)
    body = CostCurve(upTo: largest) { layer.body(tokens: $0) }
    head = CostCurve(upTo: maximumSequences) { layer.head(sequences: $0) }
    let headShards = model.latentAttention == nil ? Double(min(tensor, model.keyValueHeads)) : 1
    let readRate = accelerator.memoryBandwidth.value * rates.decodeMemory * headShards
    perContextEntry = Self.fine(keyValueBytesPerToken / readRate)
    perSequence = Self.fine(engine.sequenceOverhead.value)
    let queryWidth =
      model.latentAttention.map { $0.nopeHeadSize + $0.ropeHeadSize + $0.valueHeadSize } ?? 2 * model.headSize
    let products = 2.0 * Double(model.heads * queryWidth * model.layers)
    let prefillRate = accelerator.peakFlops(for: activations.isWeightOnly ? weights : activations).value
    let bf16Rate = min(prefillRate, accelerator.bf16Peak.value) * rates.prefillCompute * Double(tensor)
    perThousandProducts = Self.fine(1000 * products / bf16Rate)
    prefillLatency = Self.fine(rates.prefillLatency * Double(model.layers))
    hop = pipeline > 1 ? Self.fine(2e-5) * Int64(pipeline - 1) : 0
  }

  static func fine(_ seconds: Double) -> Int64 {
    precondition(seconds >= 0 && seconds.isFinite, "a cost is a finite time")
    return Int64(min(seconds * finePerSecond, 0x1p58).rounded())
  }

  /// Steps that only decode `sequences` sequences. Complexity: O(1).
  public func decodeLine(sequences: Int) -> DecodeLine {
    DecodeLine(
      base: base(tokens: sequences, sampled: sequences, sequences: sequences, largest: 1),
      slope: perContextEntry)
  }

  /// A step with prompts in it. Complexity: O(1).
  public func stepCost(_ shape: StepShape) -> StepCost {
    let sequences = shape.decodeSequences + shape.prefillSequences
    var cost = base(
      tokens: shape.decodeSequences + shape.prefillTokens, sampled: shape.sampledSequences,
      sequences: sequences,
      largest: max(shape.largestChunk, 1))
    let reading = perContextEntry * Int64(shape.decodeContext + shape.prefixTokens)
    cost.memory += reading
    cost.total += reading
    if shape.prefillSequences > 0 {
      let products = Int128(perThousandProducts) * Int128(shape.attentionProducts) / 1000
      let attention = Int64(clamping: products) + prefillLatency
      cost.compute += attention
      cost.total += attention
    }
    return cost
  }

  private func base(tokens: Int, sampled: Int, sequences: Int, largest: Int) -> StepCost {
    let lanes = max(1, min(pipeline, sequences))
    let laneTokens = max((tokens + lanes - 1) / lanes, min(largest, tokens))
    var cost = body.cost(laneTokens)
    let output = head.cost(sampled)
    cost.total += output.total + perSequence * Int64(sequences) + hop
    cost.compute += output.compute
    cost.memory += output.memory
    cost.network += output.network + hop
    return cost
  }
}

extension Accelerator {
  /// Attention runs in 16 bits unless both operands are narrower.
  var bf16Peak: FlopsPerSecond {
    peakFlops(for: Catalog.builtIn.precision("bf16")!)
  }
}

/// Costs tabulated at knots, an eighth of an octave apart, and interpolated linearly in integers: never
/// smaller for
/// a larger argument.
struct CostCurve: Sendable {
  private var knots: [Int] = []
  private var costs: [StepCost] = []
  private var exact: [StepCost] = []

  init(upTo largest: Int, _ cost: (Int) -> StepCost) {
    var last = StepCost(total: 0, compute: 0, memory: 0, network: 0)
    // Every count that a decode batch is likely to have stands in the table itself.
    for count in 0...min(largest, 1024) {
      let next = Self.monotone(cost(count), after: last)
      exact.append(next)
      last = next
    }
    var knot = 1024
    while true {
      let next = Self.monotone(cost(knot), after: last)
      knots.append(knot)
      costs.append(next)
      last = next
      if knot >= largest { break }
      knot += max(1, knot / 8)
    }
  }

  private static func monotone(_ cost: StepCost, after last: StepCost) -> StepCost {
    var cost = cost
    if cost.total < last.total {
      cost.memory += last.total - cost.total
      cost.total = last.total
    }
    return cost
  }

  func cost(_ count: Int) -> StepCost {
    if count < exact.count { return exact[count] }
    if count >= knots[knots.count - 1] || knots.count == 1 { return extrapolate(count) }
    var low = 0
    var high = knots.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if knots[middle] <= count { low = middle } else { high = middle }
    }
    return blend(costs[low], costs[high], count - knots[low], knots[high] - knots[low])
  }

  private func extrapolate(_ count: Int) -> StepCost {
    let last = costs[costs.count - 1]
    let factor = Int64(count) / Int64(max(1, knots[knots.count - 1])) + 1
    return count == knots[knots.count - 1]
      ? last
      : StepCost(
        total: last.total * factor, compute: last.compute * factor, memory: last.memory * factor,
        network: last.network * factor)
  }

  private func blend(_ low: StepCost, _ high: StepCost, _ part: Int, _ whole: Int) -> StepCost {
    func mix(_ a: Int64, _ b: Int64) -> Int64 { a + (b - a) / Int64(whole) * Int64(part) }
    return StepCost(
      total: mix(low.total, high.total), compute: mix(low.compute, high.compute),
      memory: mix(low.memory, high.memory), network: mix(low.network, high.network))
  }
}
