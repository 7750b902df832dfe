import Catalog
import Quantities

/// Time [s] of a model's matrix products, all-reduces and host work on one accelerator of a replica.
///
/// Every product is launch + ‖(arithmetic, traffic)‖ₚ with the coefficients of `Efficiencies`: the roofline
/// of Williams, Waterman and Patterson (CACM 2009) with a rounded knee.
struct LayerCost {
  /// Seconds by what bound them.
  struct Parts {
    var compute = 0.0
    var memory = 0.0
    var network = 0.0
    var host = 0.0
    static func += (left: inout Parts, right: Parts) {
      left.compute += right.compute
      left.memory += right.memory
      left.network += right.network
      left.host += right.host
    }
    static func * (left: Parts, times: Int) -> Parts {
      let factor = Double(times)
      return Parts(
        compute: left.compute * factor, memory: left.memory * factor, network: left.network * factor,
        host: left.host * factor)
    }
  }

  let model: ModelShape
  /// Of the experts, and of everything else.
  let weights: Precision
  let denseWeights: Precision
  let layout: ParallelLayout
  let engine: EnginePreset
  let rates: Efficiencies
  let peak: Double
  let densePeak: Double
  let widePeak: Double
  let bandwidth: Double
  let linkRate: Double
  /// Between nodes, one accelerator, one direction [B/s].
  let networkRate: Double
  /// Accelerators that the scale-up links join.
  let domain: Int

  var tensor: Double { Double(layout.tensor) }
  var pipeline: Int { layout.pipeline }
  var ratios: KernelRatios { engine.kernelRatios }

  /// Everything but attention over the cache, the routed experts and the output head, for `rankTokens`
  /// tokens of one data rank.
  func dense(rankTokens: Int) -> Parts {
    var sum = Parts(host: engine.stepOverhead.value + Double(model.layers) * engine.layerOverhead.value)
    if rankTokens == 0 { return sum }
    let m = Double(rankTokens)
    let hidden = Double(model.hidden)
    var attention = attentionProducts(m)
    attention += elementwise(m)
    sum += attention * model.layers
    let width = Double(model.intermediate) / tensor
    let dense = model.denseLayers
    if dense > 0 { sum += feedForward(m, width: width) * dense }
    if let experts = model.experts, model.expertLayers > 0 {
      var layer = product(m, Double(experts.count), hidden, bytes: 2, rates.wideProduct, peak: widePeak)
      layer.network += expertExchange(m, experts)
      if experts.shared > 0 { layer += feedForward(m, width: Double(experts.sharedIntermediate) / tensor) }
      sum += layer * model.expertLayers
    }
    if layout.tensor > 1 {
      // One after attention, one after the dense block; the experts' own stands in `expertExchange`.
      let reductions = Double(model.layers + model.denseLayers + (layout.data > 1 ? 0 : model.expertLayers))
      sum.network += reductions * allReduce(bytes: 2 * m * hidden) * ratios.communication
    }
    if pipeline > 1 {
      let rate = layout.accelerators > domain ? networkRate : linkRate
      let hop = rates.hopLatency + 2 * m * hidden / (rate * rates.hopBus)
      sum.network += Double(pipeline) * hop
    }
    return sum
  }

  /// The routed experts of all layers, for the tokens of all data ranks of a lane together.
  func routedExperts(laneTokens: Int) -> Parts {
    guard let experts = model.experts, laneTokens > 0 else { return Parts() }
    return routed(Double(laneTokens), experts) * model.expertLayers
  }

  /// Sending tokens to the ranks of their experts and back: every data rank's `m` tokens go to at most
  /// `perToken` other ranks, 8 bits an element there and 16 back (DeepEP's dispatch and combine).
  private func expertExchange(_ m: Double, _ experts: ModelShape.Experts) -> Double {
    guard layout.data > 1 else { return 0 }
    let ranks = Double(layout.tensor * layout.data)
    let copies = Swift.min(Double(experts.perToken), ranks - 1)
    let bytes = 3 * m / tensor * copies * Double(model.hidden)
    let rate = layout.tensor * layout.data > domain ? networkRate : linkRate
    return (2 * rates.allReduceLatency + bytes / (rate * rates.allReduceBus)) * ratios.communication
  }

  /// The output head, for the sequences that get a token.
  func head(sequences: Int) -> Parts {
    if sequences == 0 { return Parts() }
    let shard = Double(model.vocabulary) / tensor
    return product(
      Double(sequences), shard, Double(model.hidden), bytes: 2, rates.wideProduct, peak: widePeak)
  }

  private func attentionProducts(_ m: Double) -> Parts {
    let hidden = Double(model.hidden)
    let heads = max(1, Double(model.heads) / tensor)
    guard let latent = model.latentAttention else {
      let groups = max(1, Double(model.keyValueHeads) / tensor)
      let head = Double(model.headSize)
      var sum = quantised(m, (heads + 2 * groups) * head, hidden)
      sum += quantised(m, hidden, heads * head)
      return sum
    }
    let rank = Double(latent.keyValueRank)
    let queryWidth = heads * Double(latent.nopeHeadSize + latent.ropeHeadSize)
    // The first projections of the queries and of the cache entry are one fused product.
    let queryRank = Double(latent.queryRank)
    var sum = quantised(m, queryRank + rank + Double(latent.ropeHeadSize), hidden)
    sum += quantised(m, queryWidth, queryRank > 0 ? queryRank : hidden)
    sum += quantised(m, heads * Double(latent.nopeHeadSize + latent.valueHeadSize), rank)
    sum += quantised(m, hidden, heads * Double(latent.valueHeadSize))
    return sum
  }

  private func feedForward(_ m: Double, width: Double) -> Parts {
    let hidden = Double(model.hidden)
    var sum = quantised(m, width * (model.gated ? 2 : 1), hidden)
    sum += quantised(m, hidden, width)
    // The activation function reads both halves and writes one.
    sum.memory += 2 * m * width * (model.gated ? 3 : 2) / (bandwidth * rates.product.memory)
    return sum
  }

  /// Norms, rotary embedding, cache write and residual additions: some ten passes over the residual stream.
  private func elementwise(_ m: Double) -> Parts {
    let stream = 10 * 2 * m * Double(model.hidden) / (bandwidth * rates.product.memory)
    return Parts(memory: stream + rates.wideProduct.launch)
  }

  /// The routed experts: m tokens that each pick `perToken` at random reach n (1 − (1 − k/n)^m) of n
  /// experts.
  private func routed(_ m: Double, _ experts: ModelShape.Experts) -> Parts {
    let c = rates.experts
    let count = Double(experts.count)
    let perToken = Double(min(experts.perToken, experts.count))
    let reached = count * (1 - Self.power(1 - perToken / count, m))
    let active = reached / Double(layout.expert)
    let width = Double(experts.intermediate) / Double(layout.expertTensor)
    let hidden = Double(model.hidden)
    // Everyone waits for the busiest group.
    let rows = layout.busiestGroupTokens(of: m * perToken)
    let compute =
      6 * hidden * width * (rows + c.ramp * active) / (peak * c.compute)
      + c.activation * rows * (hidden + width) / bandwidth
    let traffic = 3 * hidden * width * active * weights.bytesPerWeight / (bandwidth * c.memory)
    return bound(
      compute * ratios.expertArithmetic * c.served, traffic * ratios.expertReading * c.served, c)
  }

  private func quantised(_ m: Double, _ n: Double, _ k: Double) -> Parts {
    product(m, n, k, bytes: denseWeights.bytesPerWeight, rates.product, peak: densePeak)
  }

  private func product(
    _ m: Double, _ n: Double, _ k: Double, bytes: Double, _ c: Efficiencies.Product, peak: Double
  ) -> Parts {
    let compute = 2 * k * (m * n + c.ramp) / (peak * c.compute) + c.activation * m * (n + k) / bandwidth
    let traffic = (bytes * n * k + 2 * m * (n + k)) / (bandwidth * c.memory)
    return bound(compute * ratios.arithmetic * c.served, traffic * ratios.weightReading * c.served, c)
  }

  /// Launches count as memory: nothing is computed while they pass.
  private func bound(_ compute: Double, _ traffic: Double, _ c: Efficiencies.Product) -> Parts {
    let larger = max(compute, traffic)
    let ratio = larger > 0 ? min(compute, traffic) / larger : 0
    var powered = ratio
    var sharpness = 1
    while sharpness < c.sharpness {
      powered *= powered
      sharpness *= 2
    }
    var root = 1 + powered
    while sharpness > 1 {
      root = root.squareRoot()
      sharpness /= 2
    }
    return compute > traffic
      ? Parts(compute: larger * root, memory: c.launch) : Parts(memory: larger * root + c.launch)
  }

  /// Between measured sizes a straight line; beyond them the bandwidth of the largest.
  func allReduce(bytes: Double) -> Double {
    guard let first = rates.allReduce.first, let last = rates.allReduce.last else {
      return rates.allReduceLatency + 2 * (tensor - 1) / tensor * bytes / (linkRate * rates.allReduceBus)
    }
    if bytes <= first.bytes { return first.time }
    if bytes >= last.bytes { return last.time * bytes / last.bytes }
    var low = first
    for high in rates.allReduce {
      if bytes <= high.bytes {
        return low.time + (high.time - low.time) * (bytes - low.bytes) / max(1, high.bytes - low.bytes)
      }
      low = high
    }
    return last.time
  }

  /// `base` to a whole power, by squaring: the same bits on every machine.
  static func power(_ base: Double, _ exponent: Double) -> Double {
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
}
