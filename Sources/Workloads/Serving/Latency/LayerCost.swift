import Catalog
import Quantities

/// Time of the model's matrix products, all-reduces and host work by tokens in a step.
struct LayerCost {
  let model: ModelShape
  let weights: Precision
  let tensor: Double
  let engine: EnginePreset
  let rates: Efficiencies
  let computeRate: Double
  let memoryRate: Double
  let linkRate: Double

  init(
    model: ModelShape, accelerator: Accelerator, weights: Precision, compute: Precision, tensor: Int,
    rates: Efficiencies, engine: EnginePreset
  ) {
    self.model = model
    self.weights = weights
    self.tensor = Double(tensor)
    self.engine = engine
    self.rates = rates
    computeRate = accelerator.peakFlops(for: compute).value * rates.gemmCompute
    memoryRate = accelerator.memoryBandwidth.value * rates.gemmMemory
    linkRate = rates.allReduceBandwidth ?? accelerator.scaleUpBandwidth.value * 0.7
  }

  /// Everything but the output head, for `tokens` tokens.
  func body(tokens: Int) -> StepCost {
    var parts = Parts()
    if tokens == 0 { return StepCost(total: 0, compute: 0, memory: 0, network: 0) }
    let m = Double(tokens)
    let layers = Double(model.layers)
    // Query/key/value and output projections; latent attention has two more.
    let products = model.latentAttention == nil ? 2.0 : 4.0
    parts.add(
      gemm(tokens: m, weights: model.attentionWeightsPerLayer / tensor, count: products), times: layers)
    let dense = Double(model.layers - model.expertLayers)
    parts.add(gemm(tokens: m, weights: model.denseWeightsPerLayer / tensor, count: 2), times: dense)
    if let experts = model.experts {
      // Expected number of distinct experts that m tokens visit when each picks at random.
      let miss = 1 - Double(experts.perToken) / Double(experts.count)
      let visited = Double(experts.count) * (1 - power(miss, m))
      let routed = roofline(
        flops: 2 * m * Double(experts.perToken) * model.weightsPerExpert / tensor,
        bytes: visited * model.weightsPerExpert * weights.bytesPerWeight / tensor, launches: 4)
      parts.add(routed, times: Double(model.expertLayers))
      if experts.shared > 0 {
        parts.add(
          gemm(tokens: m, weights: model.sharedWeightsPerLayer / tensor, count: 2),
          times: Double(model.expertLayers))
      }
    }
    // Norms, rotary embedding and residual additions read and write the residual stream about ten times.
    let stream = 10 * 2 * m * Double(model.hidden) / memoryRate
    parts.memory += layers * (stream + rates.decodeLatency * 0.25)
    if tensor > 1 {
      let bytes = 2 * m * Double(model.hidden)
      let ring = 2 * (tensor - 1) / tensor * bytes / linkRate
      parts.network += layers * 2 * (rates.allReduceLatency + ring)
    }
    parts.host += engine.stepOverhead.value + layers * engine.layerOverhead.value
    return parts.cost
  }

  /// The output head and the sampler, for the sequences that get a token.
  func head(sequences: Int) -> StepCost {
    if sequences == 0 { return StepCost(total: 0, compute: 0, memory: 0, network: 0) }
    var parts = Parts()
    let bytes = max(2, weights.bytesPerWeight)
    parts.add(
      roofline(
        flops: 2 * Double(sequences) * model.embeddingWeights / tensor,
        bytes: model.embeddingWeights * bytes / tensor, launches: 2),
      times: 1)
    return parts.cost
  }

  private func gemm(tokens m: Double, weights count: Double, count products: Double) -> (Double, Double) {
    let moved = count * weights.bytesPerWeight + products * 2 * m * Double(model.hidden) / tensor
    return roofline(flops: 2 * m * count, bytes: moved, launches: products)
  }

  /// Seconds bound by compute and by memory: the rounded knee of the fourth norm, split by what dominates.
  private func roofline(flops: Double, bytes: Double, launches: Double) -> (Double, Double) {
    let compute = flops / computeRate
    let memory = bytes / memoryRate
    let larger = max(compute, memory)
    let ratio = larger == 0 ? 0 : min(compute, memory) / larger
    let squared = ratio * ratio
    let both = larger * (1 + squared * squared).squareRoot().squareRoot()
    return compute > memory ? (both, launches * rates.gemmLatency) : (0, both + launches * rates.gemmLatency)
  }

  /// `base` to a whole power, by squaring: the same bits on every machine.
  private func power(_ base: Double, _ exponent: Double) -> Double {
    var result = 1.0
    var square = base
    var left = Int(exponent)
    while left > 0 {
      if left & 1 == 1 { result *= square }
      square *= square
      left >>= 1
    }
    return result
  }

  private struct Parts {
    var compute = 0.0
    var memory = 0.0
    var network = 0.0
    var host = 0.0

    mutating func add(_ bound: (Double, Double), times: Double) {
      compute += bound.0 * times
      memory += bound.1 * times
    }

    var cost: StepCost {
      let parts = (RooflineModel.fine(compute), RooflineModel.fine(memory), RooflineModel.fine(network))
      return StepCost(
        total: parts.0 + parts.1 + parts.2 + RooflineModel.fine(host), compute: parts.0, memory: parts.1,
        network: parts.2)
    }
  }
}
