import Catalog
import Quantities

/// Step costs from first principles: every matrix product and attention kernel of the model on a roofline
/// whose efficiencies come from measured kernels, plus all-reduces and host overheads.
///
/// Attention over the cache is linear in the KV entries read (a log-space fit is 9 to 14 % off). Pipeline
/// stages are lanes in lockstep: a step's sequences split into as many microbatches as there are stages,
/// and the step takes the full model's time for one of them and one hop a stage. At a fixed number of
/// sequences more tokens or more context never cost less.
public final class RooflineModel: LatencyModel {
  public let frontEndSeconds: Seconds
  public let floatingPointOperationsPerToken: Double
  public let weightReads: WeightReads
  public let keyValueBytesPerToken: Double
  public let basis: Basis

  private let pipeline: Int
  private let data: Int
  /// By the tokens of one data rank; without data ranks the routed experts are in it.
  private let body: CostCurve
  /// The routed experts by the tokens of all data ranks, which meet there; only with several ranks.
  private let routedExperts: CostCurve?
  private let head: CostCurve
  /// Fine ticks; the slopes by the number of lanes less one.
  private let perSequence: Int64
  private let slopes: [Int64]
  private let decodeLatency: Int64
  private let decodePerSequence: Int64
  private let prefillLatency: Int64
  /// Of 65,536 query–key pairs.
  private let perPairs: Int64
  private let prefillRamp: Int64

  /// - Parameters:
  ///   - weights: decides the arithmetic too, unless it is weight-only: then products run in 16 bits.
  ///   - layout: how the replica is spread over accelerators.
  ///   - networkBandwidth: between nodes, one accelerator; used where the layout outgrows a node.
  ///   - maximumBatchedTokens: end of the tables; larger steps are priced as several.
  /// - Complexity: about 1,100 evaluations of a layer; a millisecond.
  public init(
    model: ModelShape, accelerator: Accelerator, weights: Precision, activations: Precision,
    keyValue: Precision, layout: ParallelLayout, engine: EnginePreset, maximumBatchedTokens: Int,
    maximumSequences: Int, networkBandwidth: BytesPerSecond = BytesPerSecond(50e9),
    catalog: Catalog = .builtIn
  ) {
    let isLatent = model.latentAttention != nil
    let denseWeights = weights.outsideExperts(of: model)
    let rates = Efficiencies(
      accelerator: accelerator, weights: weights, denseWeights: denseWeights, keyValue: keyValue,
      isLatent: isLatent,
      tensor: layout.tensor, catalog: catalog)
    let wide = Precision(name: "bf16", bytesPerWeight: 2, bytesPerActivation: 2, computeName: "bf16")
    let widePeak = accelerator.peakFlops(for: wide).value
    func peak(_ format: Precision) -> Double {
      format.isWeightOnly ? widePeak : accelerator.peakFlops(for: format).value
    }
    let layer = LayerCost(
      model: model, weights: weights, denseWeights: denseWeights, layout: layout, engine: engine,
      rates: rates,
      peak: peak(weights), densePeak: peak(denseWeights), widePeak: widePeak,
      bandwidth: accelerator.memoryBandwidth.value, linkRate: max(1, accelerator.scaleUpBandwidth.value),
      networkRate: max(1, networkBandwidth.value), domain: accelerator.scaleUpDomain)
    pipeline = layout.pipeline
    data = layout.data
    frontEndSeconds = engine.frontEnd
    floatingPointOperationsPerToken = 2 * model.activeParameters
    let routed = Double(model.expertLayers) * Double(model.experts?.count ?? 0) * model.weightsPerExpert
    // Every data rank has dense layers of its own.
    weightReads = WeightReads(
      dense: (model.parameters - model.embeddingWeights - routed) * denseWeights.bytesPerWeight
        * Double(layout.data),
      routed: routed * weights.bytesPerWeight,
      visited: model.experts.map { Double($0.perToken) / Double(max(1, $0.count)) } ?? 1)
    keyValueBytesPerToken = Double(model.keyValueElementsPerToken) * keyValue.bytesPerActivation
    // Coefficients of the whole carry over to an instance, but nobody measured that they do.
    let isWhole = accelerator.partition == nil
    basis =
      !isWhole ? .estimated : engine.calibration?.accelerator == accelerator.name ? .fitted : rates.basis
    let longest = max(maximumBatchedTokens, maximumSequences, 1)
    if layout.data > 1 {
      body = CostCurve(upTo: longest) { layer.dense(rankTokens: $0) }
      routedExperts = CostCurve(upTo: longest) { layer.routedExperts(laneTokens: $0) }
    } else {
      body = CostCurve(upTo: longest) { tokens in
        var sum = layer.dense(rankTokens: tokens)
        sum += layer.routedExperts(laneTokens: tokens)
        return sum
      }
      routedExperts = nil
    }
    head = CostCurve(upTo: max(maximumSequences, 1)) { layer.head(sequences: $0) }
    let attention = AttentionCost(layer: layer, keyValue: keyValue)
    perSequence = FineTicks.rounded(engine.sequenceOverhead.value)
    slopes = (1...Self.slopeCount(layout)).map { FineTicks.rounded(attention.perContextEntry / Double($0)) }
    decodeLatency = FineTicks.rounded(attention.decodeLatency)
    decodePerSequence = FineTicks.rounded(attention.decodePerSequence)
    prefillLatency = FineTicks.rounded(attention.prefillLatency)
    perPairs = FineTicks.rounded(attention.perPair * 65536)
    prefillRamp = Int64(min(1e6, rates.prefillRamp))
  }

  private static func slopeCount(_ layout: ParallelLayout) -> Int {
    min(layout.pipeline * layout.data, 65_536)
  }

  /// Steps that only decode `sequences` sequences. Complexity: O(1).
  public func decodeLine(sequences: Int) -> DecodeLine { decodeLine(sequences: sequences, tokensEach: 1) }

  /// Attention reads each KV entry once for all tokens of its sequence; its arithmetic hides behind that.
  /// Complexity: O(1).
  public func decodeLine(sequences: Int, tokensEach: Int) -> DecodeLine {
    DecodeLine(
      base: base(
        decode: sequences, prefill: 0, tokens: sequences * tokensEach, sampled: sequences * tokensEach,
        largestChunk: tokensEach),
      slope: slope(sequences))
  }

  /// A step with prompts in it. Complexity: O(1).
  public func stepCost(_ shape: StepShape) -> StepCost {
    let sequences = shape.decodeSequences + shape.prefillSequences
    var cost = base(
      decode: shape.decodeSequences, prefill: shape.prefillSequences,
      tokens: shape.decodeSequences * shape.tokensPerDecode + shape.prefillTokens,
      sampled: shape.sampledSequences, largestChunk: max(shape.largestChunk, shape.tokensPerDecode))
    let reading = FineTicks.product(slope(sequences), Int64(shape.decodeContext + shape.prefixTokens))
    cost.memory += reading
    cost.total += reading
    if shape.prefillSequences > 0 {
      let attention = promptAttention(shape, lanes: parts(sequences)) + prefillLatency
      cost.compute += attention
      cost.total += attention
    }
    return cost
  }

  /// The pairs of the fullest lane: an equal share, or the largest chunk's where that is more.
  private func promptAttention(_ shape: StepShape, lanes: Int) -> Int64 {
    // Past 2^62 pairs every cost is the largest anyway, and products stay in range.
    let pairs = min(
      1 << 62, Int128(shape.attentionProducts) + Int128(prefillRamp) * Int128(shape.prefillTokens))
    let tokens = Int128(max(1, shape.prefillTokens))
    let even = pairs / Int128(lanes)
    let largest = pairs * Int128(min(shape.largestChunk, max(1, shape.prefillTokens))) / tokens
    let inLane = lanes > 1 ? max(even, largest) : pairs
    let cost = (Int128(perPairs) * inLane) >> 16
    return cost < Int128(FineTicks.largest) ? Int64(cost) : FineTicks.largest
  }

  private func lanes(_ sequences: Int) -> Int { max(1, min(pipeline, sequences)) }

  /// Parts of the batch whose attention runs at the same time: lanes of the pipeline times data ranks.
  private func parts(_ sequences: Int) -> Int { max(1, min(pipeline * data, sequences)) }

  private func slope(_ sequences: Int) -> Int64 { slopes[min(parts(sequences), slopes.count) - 1] }

  private func base(
    decode: Int, prefill: Int, tokens: Int, sampled: Int, largestChunk: Int
  ) -> StepCost {
    let sequences = decode + prefill
    let lanes = lanes(sequences)
    let parts = parts(sequences)
    func share(_ count: Int, of parts: Int) -> Int { parts == 1 ? count : (count + parts - 1) / parts }
    // A chunk is computed by one rank: a rank's share is at least as large as the largest chunk.
    let laneTokens = max(share(tokens, of: lanes), min(largestChunk, tokens))
    var cost = body.cost(max(share(laneTokens, of: data), min(largestChunk, tokens)))
    if let routedExperts { cost = cost + routedExperts.cost(laneTokens) }
    let output = head.cost(share(sampled, of: parts))
    cost.compute += output.compute
    cost.memory += output.memory
    cost.total += output.total + FineTicks.product(perSequence, Int64(sequences))
    if decode > 0 {
      let reading = decodeLatency + FineTicks.product(decodePerSequence, Int64(share(decode, of: parts)))
      cost.memory += reading
      cost.total += reading
    }
    return cost
  }
}

/// Time [s] of attention over the cache, all layers together.
struct AttentionCost {
  var perContextEntry: Double
  var decodeLatency: Double
  var decodePerSequence: Double
  var prefillLatency: Double
  var perPair: Double

  /// Windows up to this long are nearly always full: their layers cost the same at every context.
  private static let shortWindow = 1024

  init(layer: LayerCost, keyValue: Precision) {
    let model = layer.model
    let rates = layer.rates
    let heads = max(1, Double(model.heads) / layer.tensor)
    let layers = Double(model.keyValueLayers)
    let rate = layer.bandwidth * rates.decodeMemory
    var perEntry: Double
    var pairFlops: Double
    if let latent = model.latentAttention {
      let width = Double(latent.keyValueRank + latent.ropeHeadSize)
      // Absorbed form: every head multiplies with the compressed entry itself (arXiv 2405.04434, section
      // 2.1).
      let flops = 2 * (width + Double(latent.keyValueRank)) * heads
      perEntry = width * keyValue.bytesPerActivation / rate + flops / (layer.widePeak * rates.latentCompute)
      pairFlops = 2 * heads * Double(latent.nopeHeadSize + latent.ropeHeadSize + latent.valueHeadSize)
    } else {
      let groups = max(1, Double(model.keyValueHeads) / layer.tensor)
      perEntry = 2 * groups * Double(model.headSize) * keyValue.bytesPerActivation / rate
      pairFlops = 4 * heads * Double(model.headSize)
    }
    let window = model.slidingWindow ?? .max
    let short =
      window <= Self.shortWindow ? Double(min(model.slidingWindowLayers, model.keyValueLayers)) : 0
    let ratios = layer.ratios
    perEntry *= ratios.decodeAttention
    perContextEntry = perEntry * (layers - short)
    decodeLatency = rates.decodeLatency * layers
    decodePerSequence =
      rates.decodePerSequence * layers + (short > 0 ? perEntry * short * Double(window) : 0)
    prefillLatency = rates.prefillLatency * layers
    perPair =
      pairFlops * (layers - short) * ratios.promptAttention / (layer.widePeak * rates.prefillCompute)
  }
}
