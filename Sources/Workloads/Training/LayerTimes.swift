import Catalog
import Quantities

/// Times of a layer's kernels on one rank for one microbatch.
///
/// A product takes ‖arithmetic, traffic‖₄ (the roofline of Williams, Waterman and Patterson, CACM 2009, with
/// a rounded knee); its arithmetic 2 (K + depth)(M N + ramp) at the sustained fraction of the peak. The
/// backward pass has the same product over N for its input's gradient, and over M for its weights'.
struct LayerTimes {
  let run: TrainingRun
  let preset: TrainingPreset
  /// Rates [FLOP/s, B/s] and output elements of a ramp.
  private let rate: Double
  private let wideRate: Double
  private let attentionRate: Double
  private let bandwidth: Double
  private let ramp: Double
  private let wideRamp: Double

  var model: ModelShape { run.model }
  var layout: TrainingLayout { run.layout }
  var tensor: Double { Double(layout.tensor) }
  /// Tokens of the products that tensor ranks share, and of what they split along the sequence.
  var tokens: Double { run.rankTokens }
  var splitTokens: Double { layout.sequenceParallel ? tokens / tensor : tokens }

  init(_ run: TrainingRun, preset: TrainingPreset, ramp: Double, wideRamp: Double) {
    self.run = run
    self.preset = preset
    let accelerator = run.accelerator
    let age = run.ageRatio(preset)
    let wide = accelerator.bf16Peak.value / age
    let own = run.precision.isNarrow ? accelerator.peak(of: run.precision) / age : nil
    wideRate = wide * preset.wideProduct / preset.arithmeticRatio
    rate = own.map { $0 * preset.product / preset.arithmeticRatio } ?? wideRate
    attentionRate = wide * preset.attention / preset.attentionRatio
    bandwidth = accelerator.memoryBandwidth.value * preset.memory / preset.elementwiseRatio
    self.ramp = own == nil ? wideRamp : ramp
    self.wideRamp = wideRamp
  }

  // MARK: Products

  /// Seconds of an M × N product over K.
  private func product(_ m: Double, _ n: Double, _ k: Double, wide: Bool, bytes: Double) -> Work {
    let arithmetic =
      2 * (k + preset.productDepth) * (m * n + (wide ? wideRamp : ramp)) / (wide ? wideRate : rate)
    let traffic = (bytes * k * (m + n) + 2 * m * n) / (run.accelerator.memoryBandwidth.value * preset.memory)
    let larger = max(arithmetic, traffic)
    guard larger > 0 else { return Work() }
    let ratio = min(arithmetic, traffic) / larger
    let fourth = ratio * ratio * ratio * ratio
    let time = larger * (1 + fourth).squareRoot().squareRoot()
    return arithmetic >= traffic ? Work(compute: time) : Work(memory: time)
  }

  /// The three products of a linear layer of `inputs` × `outputs` for `rows` rows, `times` of them.
  func linear(
    _ rows: Double, inputs: Double, outputs: Double, wide: Bool = false, trained: Bool? = nil,
    times: Double = 1
  ) -> Passes {
    guard rows > 0, inputs > 0, outputs > 0 else { return Passes() }
    let isWide = wide || !run.precision.isNarrow
    let bytes = isWide ? 2 : run.precision.savedInputBytes
    var passes = Passes(
      forward: product(rows, outputs, inputs, wide: isWide, bytes: bytes),
      inputGradient: product(rows, inputs, outputs, wide: isWide, bytes: bytes))
    if trained ?? run.trained.includesModel {
      passes.weightGradient = product(outputs, inputs, rows, wide: isWide, bytes: bytes)
    }
    if !isWide {
      // Read in 16 bits, written twice: as the product takes it and as the backward pass will.
      let width = 2 + 2 * run.precision.savedInputBytes
      passes.forward.memory += width * rows * inputs / bandwidth
      passes.inputGradient.memory += width * rows * outputs / bandwidth
    }
    return passes * times
  }

  /// Kernels that read and write `elements` of 16 bits in the forward pass, and one and a half times as many
  /// in the backward pass, which reads what was saved too.
  func elementwise(_ elements: Double) -> Passes {
    let time = 2 * elements / bandwidth
    return Passes(forward: Work(memory: time), inputGradient: Work(memory: 1.5 * time))
  }

  // MARK: Parts of a layer

  /// Both norms, the residual additions and the rotary embedding, read and written.
  func stream() -> Passes {
    let hidden = Double(model.hidden)
    let heads = Double(model.heads + model.keyValueHeads) * Double(model.headSize) / tensor
    return elementwise(10 * splitTokens * hidden + 2 * tokens * heads)
  }

  /// The projections of attention.
  func projections() -> Passes {
    let hidden = Double(model.hidden)
    let heads = max(1, Double(model.heads) / tensor)
    guard let latent = model.latentAttention else {
      let groups = max(1, Double(model.keyValueHeads) / tensor)
      let width = Double(model.headSize)
      var passes = linear(tokens, inputs: hidden, outputs: (heads + 2 * groups) * width)
      passes += linear(tokens, inputs: heads * width, outputs: hidden)
      passes += adapters(inputs: hidden, outputs: (heads + 2 * groups) * width)
      passes += adapters(inputs: heads * width, outputs: hidden)
      return passes
    }
    let rank = Double(latent.keyValueRank)
    let queryRank = Double(latent.queryRank)
    let queryWidth = heads * Double(latent.nopeHeadSize + latent.ropeHeadSize)
    // The projections to the ranks are not shared: every tensor rank has its part of the tokens.
    var passes = linear(
      splitTokens, inputs: hidden, outputs: queryRank + rank + Double(latent.ropeHeadSize))
    passes += linear(tokens, inputs: queryRank > 0 ? queryRank : hidden, outputs: queryWidth)
    passes += linear(
      tokens, inputs: rank, outputs: heads * Double(latent.nopeHeadSize + latent.valueHeadSize))
    passes += linear(tokens, inputs: heads * Double(latent.valueHeadSize), outputs: hidden)
    return passes
  }

  /// Low-rank adapters beside a projection: two thin products that read its input and add to its output.
  private func adapters(inputs: Double, outputs: Double) -> Passes {
    guard case .lowRank(let rank) = run.trained else { return Passes() }
    var passes = linear(tokens, inputs: inputs, outputs: Double(rank), wide: true, trained: true)
    passes += linear(tokens, inputs: Double(rank), outputs: outputs, wide: true, trained: true)
    passes += elementwise(3 * tokens * outputs)
    return passes
  }

  /// Fused attention (Dao, arXiv 2307.08691): the backward pass has five products where the forward pass has
  /// two. Mean over the layers.
  func attention() -> Passes {
    let heads = Double(model.heads) / tensor
    let pairs = tokens * run.contextLayers / Double(max(model.layers, 1))
    let flops = pairs * (run.pairFlops / tensor + preset.softmax * heads)
    let forward = flops / attentionRate
    var passes = Passes(forward: Work(compute: forward), inputGradient: Work(compute: 2.5 * forward))
    guard !run.hasFusedAttention else { return passes }
    // Scores of all pairs, masked or not: written, read and written by softmax and dropout, and read.
    let scores = tokens * Double(run.sequence) * heads * Double(model.keyValueLayers) / Double(model.layers)
    passes += elementwise(6 * scores)
    // Plain products have no recomputing in their backward pass.
    passes.inputGradient.compute = 2 * forward
    return passes
  }

  /// A dense feed-forward block of a width over all tensor ranks.
  func feedForward(width: Double) -> Passes {
    let hidden = Double(model.hidden)
    let own = width / tensor
    var passes = linear(tokens, inputs: hidden, outputs: own * (model.gated ? 2 : 1))
    passes += linear(tokens, inputs: own, outputs: hidden)
    passes += elementwise(tokens * own * (model.gated ? 3 : 2))
    return passes
  }

  /// The forward pass of the mean layer's last product.
  func lastProduct() -> Work {
    let hidden = Double(model.hidden)
    let share = Double(model.denseLayers) / Double(max(model.layers, 1))
    var work = linear(tokens, inputs: Double(model.intermediate) / tensor, outputs: hidden).forward * share
    if let experts = model.experts, model.expertLayers > 0 {
      let rows = tokens / tensor * Double(experts.perToken)
      let local = max(1, Double(experts.count) / Double(layout.expert))
      var last = linear(rows / local, inputs: Double(experts.intermediate), outputs: hidden, times: local)
      last.scale(compute: preset.expertRatio, memory: preset.expertTrafficRatio)
      work += last.forward * (1 - share)
    }
    return work
  }

  /// Router, permutations and routed experts, loads even; each rank computes as many rows as it sends.
  func experts(_ experts: ModelShape.Experts) -> Passes {
    let hidden = Double(model.hidden)
    let count = Double(experts.count)
    // Without sequence parallelism the tensor ranks still divide the tokens before they dispatch them.
    let rows = tokens / tensor * Double(experts.perToken)
    let local = max(1, count / Double(layout.expert))
    let width = Double(experts.intermediate)
    var passes = linear(rows / local, inputs: hidden, outputs: width * (model.gated ? 2 : 1), times: local)
    passes += linear(rows / local, inputs: width, outputs: hidden, times: local)
    passes += elementwise(rows * width * (model.gated ? 3 : 2))
    // Gathered by expert, and scattered back.
    passes += elementwise(4 * rows * hidden)
    passes.scale(compute: preset.expertRatio, memory: preset.expertTrafficRatio)
    passes += linear(splitTokens, inputs: hidden, outputs: count, wide: true)
    if experts.shared > 0 { passes += feedForward(width: Double(experts.sharedIntermediate)) }
    return passes
  }

  /// Output head and loss of the last stage, in 16 bits; the loss makes five passes over the logits.
  func head() -> Passes {
    let shard = Double(model.vocabulary) / tensor
    var passes = linear(tokens, inputs: Double(model.hidden), outputs: shard, wide: true)
    passes += elementwise(5 * tokens * shard)
    return passes
  }
}

extension Accelerator {
  /// Dense peak [FLOP/s] of a precision's unit; of the next wider one where it has none.
  func peak(of precision: TrainingPrecision) -> Double {
    func own(_ name: String) -> Double? {
      denseFlops(for: Precision(name: name, bytesPerWeight: 1, bytesPerActivation: 1, computeName: name))?
        .value
    }
    switch precision {
    case .nvfp4: return own("fp4") ?? own("fp8") ?? bf16Peak.value
    case .fp8, .mxfp8: return own("fp8") ?? bf16Peak.value
    case .bf16, .fp16: return bf16Peak.value
    }
  }
}
