import Catalog
import Infrastructure
import Quantities

/// The time of a training step, from the model's shape, the layout and the network.
///
/// A step is a pipeline schedule of microbatches (`PipelineSchedule`), whose stages take what their layers'
/// kernels take and what of their communication nothing hides; then the data ranks agree on gradients and
/// weights, and the optimizer steps. The step waits for the slowest node.
public struct TrainingStepModel: Sendable {
  public private(set) var run: TrainingRun
  public private(set) var preset: TrainingPreset
  private let collectives: any CollectiveModel
  private let ramp: Double
  private let wideRamp: Double

  /// - Parameters:
  ///   - framework: an entry of the catalogue's `training`; unknown ones take `default`.
  /// - Precondition: the run has no faults.
  public init(
    _ run: TrainingRun, framework: String = "default", collectives: any CollectiveModel,
    catalog: Catalog = .builtIn
  ) {
    let preset = catalog.training(
      framework: framework, accelerator: run.accelerator, format: run.precision.rawValue)
    let ramps = Self.ramps(run.accelerator, run.precision, catalog)
    self.init(run, preset: preset, ramps: ramps, collectives: collectives)
  }

  init(
    _ run: TrainingRun, preset: TrainingPreset, ramps: (own: Double, wide: Double),
    collectives: any CollectiveModel
  ) {
    self.run = run
    self.preset = preset
    self.collectives = collectives
    (ramp, wideRamp) = ramps
  }

  /// Output elements whose arithmetic a product loses, from the accelerator's kernel tables.
  static func ramps(_ accelerator: Accelerator, _ precision: TrainingPrecision, _ catalog: Catalog) -> (
    own: Double, wide: Double
  ) {
    let wide = Precision(name: "bf16", bytesPerWeight: 2, bytesPerActivation: 2, computeName: "bf16")
    let bytes = precision.savedInputBytes
    let own = Precision(
      name: precision.computeName, bytesPerWeight: bytes, bytesPerActivation: bytes,
      computeName: precision.computeName)
    let rates = Efficiencies(
      accelerator: accelerator, weights: own, denseWeights: precision.isNarrow ? own : wide, keyValue: wide,
      isLatent: false, tensor: 1, catalog: catalog)
    return (rates.product.ramp, rates.wideProduct.ramp)
  }

  /// The same run with other coefficients: fits ask thousands of times.
  public func rated(_ preset: TrainingPreset) -> TrainingStepModel {
    var model = self
    model.preset = preset
    return model
  }

  /// The same model, accelerator and precision in another layout, without another look into the catalogue.
  public func laidOut(_ layout: TrainingLayout) -> TrainingStepModel {
    var model = self
    model.run.layout = layout
    return model
  }

  /// Memory of the fullest accelerator.
  public var memory: TrainingMemory { TrainingMemory(run, preset: preset) }

  /// The step.
  /// - Complexity: O(1), some twenty collectives and products.
  public func step() -> TrainingStep {
    let layout = run.layout
    let communication = StepCommunication(run: run, collectives: collectives)
    let stages = stageTimes(communication)
    let microbatches = max(1, layout.microbatches(globalBatch: run.globalBatch))
    let schedule = PipelineSchedule(
      layout.schedule, stages: layout.pipeline, microbatches: microbatches, chunks: layout.virtualPipeline)
    let slowest = stages.slowest
    let pipelined = schedule.time(slowest: slowest.stageTime, others: stages.others.stageTime)
    let busy = Double(microbatches) * slowest.total
    var shares = TrainingStep.Shares(slowest, microbatches: microbatches)
    shares.bubble = Seconds(max(0, pipelined - busy))
    shares.data += Seconds(dataRanks(communication, slowest))
    shares.optimizer = Seconds(optimizer())
    shares.host += preset.stepOverhead
    let nodes = max(1, layout.accelerators / run.acceleratorsPerNode)
    shares.stragglers = shares.total * (preset.variation * TrainingStep.expectedLargest(of: nodes))
    return TrainingStep(
      time: shares.total, shares: shares, tokens: run.tokens, accelerators: layout.accelerators,
      modelFlops: run.modelFlopsPerToken * run.tokens, peak: run.ratedPeak ?? run.accelerator.bf16Peak,
      nodes: nodes,
      variation: preset.variation)
  }

  // MARK: Stages

  /// The slowest stage, and the mean of the others.
  private func stageTimes(_ communication: StepCommunication) -> (slowest: Passes, others: Passes) {
    let times = LayerTimes(run, preset: preset, ramp: ramp, wideRamp: wideRamp)
    let layer = layerTimes(times, communication)
    let head = times.head()
    let layers = run.model.layers
    let stages = run.layout.pipeline
    func stage(_ count: Int, _ hasHead: Bool) -> Passes {
      var passes = layer * Double(count)
      if hasHead { passes += head }
      passes.forward.host += preset.microbatchOverhead.value
      passes.forward.pipeline += hops(communication)
      passes.inputGradient.pipeline += hops(communication)
      shardedWeights(communication, layers: Double(count), &passes)
      return passes
    }
    guard stages > 1 else { return (stage(layers, true), Passes()) }
    // Where layers do not divide, recipes give the last stage, which has the output head, the fewest.
    let most = (layers + stages - 1) / stages
    let rest = layers - (stages - 1) * most
    let inner = stage(most, false)
    let last = stage(rest > 0 ? rest : layers / stages, true)
    let whole = layer * Double(layers)
    let slowest = last.total > inner.total ? last : inner
    // What is left of the layers passes through the other stages once more.
    var others = whole
    others += head
    others += slowest * -1
    others = others * (1 / Double(stages - 1))
    return (slowest, others.total > 0 ? others : inner)
  }

  /// Exposed time of a microbatch's activations between chunks, one pass.
  private func hops(_ communication: StepCommunication) -> Double {
    guard run.layout.pipeline > 1 else { return 0 }
    return communication.hop() * preset.pipelineExposed * Double(run.layout.virtualPipeline)
  }

  /// The mean layer, with what is computed again.
  private func layerTimes(_ times: LayerTimes, _ communication: StepCommunication) -> Passes {
    let model = run.model
    let layers = Double(model.layers)
    let expertShare = Double(model.expertLayers) / layers
    let stream = times.stream()
    let attention = times.attention()
    var layer = stream
    layer += attention
    layer += times.projections()
    if model.denseLayers > 0 {
      layer += times.feedForward(width: Double(model.intermediate)) * (1 - expertShare)
    }
    var blocks = 2.0
    if let experts = model.experts {
      layer += times.experts(experts) * expertShare
      if experts.shared == 0 { blocks -= expertShare }
      let pass = 2 * communication.expertPass(experts) * preset.expertExposed * expertShare
      layer.forward.expert += pass
      layer.inputGradient.expert += pass
    }
    let reduction = communication.tensorPass(blocks: blocks) * preset.tensorExposed
    let keys = communication.contextPass() * preset.contextExposed
    layer.forward.tensor += reduction
    layer.forward.context += keys
    layer.inputGradient.tensor += reduction
    layer.inputGradient.context += 2 * keys
    switch run.layout.recompute {
    case .none: break
    case .selective:
      layer.inputGradient += attention.forward
      layer.inputGradient += stream.forward
    case .full:
      layer.inputGradient += layer.forward
      if !preset.recomputesWhole { layer.inputGradient += times.lastProduct() * -1 }
    }
    let launches = preset.layerOverhead.value + expertShare * preset.expertLayerOverhead.value
    layer.wait(forHost: launches * (run.isCaptured ? preset.capturedShare : 1))
    return layer
  }

  // MARK: Data ranks

  /// What of a communication nothing hides: its exposed share, and what outlasts the computing beside it.
  private func exposed(_ time: Double, beside window: Double, share: Double) -> Double {
    time * share + max(0, time * (1 - share) - window)
  }

  /// With weights sharded, each microbatch gathers them twice and scatters their gradients (FSDP: Zhao et
  /// al., arXiv 2304.11277); with gradients sharded, it scatters those.
  private func shardedWeights(_ communication: StepCommunication, layers: Double, _ passes: inout Passes) {
    let sharding = run.layout.optimizerSharding
    guard sharding >= 2 else { return }
    let held = RankWeights(run, layers: layers, embedding: run.model.embeddingWeights)
    let bytes = run.precision.isNarrow ? run.precision.savedInputBytes : 2
    func whole(_ operation: CollectiveOperation, _ bytes: Double) -> Double {
      communication.time(operation, held.wide * bytes, communication.shards)
        + communication.time(operation, held.expert * bytes, communication.expertShards)
    }
    let gather = sharding == 3 ? whole(.allGather, bytes) : 0
    let scatter = run.trained.includesModel ? whole(.reduceScatter, min(2, preset.gradientBytes)) : 0
    passes.forward.data += exposed(gather, beside: passes.forward.device, share: preset.shardExposed)
    let window = passes.inputGradient.device + passes.weightGradient.device
    passes.inputGradient.data += exposed(gather + scatter, beside: window, share: preset.shardExposed)
  }

  /// Once a step: gradients are summed behind the last backward pass, and weights gathered before the first
  /// forward pass (Megatron-Core's distributed optimizer, ZeRO 1), or gradients all-reduced (sharding 0).
  private func dataRanks(_ communication: StepCommunication, _ slowest: Passes) -> Double {
    let layout = run.layout
    let layers = Double(run.model.layers) / Double(layout.pipeline)
    let held = RankWeights(run, layers: layers, embedding: run.model.embeddingWeights)
    let trained = run.trained.includesModel
    let wide = trained ? held.wide : held.adapters
    let expert = trained ? held.expert : 0
    let gradient = preset.gradientBytes
    func both(_ operation: CollectiveOperation, _ bytes: Double) -> Double {
      communication.time(operation, wide * bytes, communication.shards)
        + communication.time(operation, expert * bytes, communication.expertShards)
    }
    let sums = layout.optimizerSharding == 1 ? both(.reduceScatter, gradient) : 0
    let weights = (1...2).contains(layout.optimizerSharding) ? both(.allGather, 2) : 0
    // Copies of a shard are kept equal; without sharding a shard is everything.
    let copies =
      communication.time(.allReduce, wide * gradient / Double(layout.shards), communication.replicas)
      + communication.time(
        .allReduce, expert * gradient / Double(layout.expertShards), communication.expertReplicas)
    // Gradients that are scattered for each microbatch have taken the time beside the backward pass.
    let backward = slowest.inputGradient.device + slowest.weightGradient.device
    let window = layout.optimizerSharding >= 2 ? 0 : backward
    return exposed(sums + copies, beside: window, share: preset.dataExposed)
      + exposed(weights, beside: slowest.forward.device, share: preset.dataExposed)
  }

  /// Adam reads and writes master weights and both moments in 32 bits, reads the gradient twice (its norm
  /// clips it) and writes the 16-bit weight: memory traffic alone.
  private func optimizer() -> Double {
    let layout = run.layout
    let layers = Double(run.model.layers) / Double(layout.pipeline)
    let held = RankWeights(run, layers: layers, embedding: run.model.embeddingWeights)
    let own =
      run.trained.includesModel
      ? held.wide / Double(layout.shards) + held.expert / Double(layout.expertShards)
      : held.adapters / Double(layout.shards)
    let bytes = own * (26 + 2 * preset.gradientBytes)
    return bytes / (run.accelerator.memoryBandwidth.value * preset.memory)
  }
}

extension Passes {
  var stageTime: PipelineSchedule.StageTime {
    PipelineSchedule.StageTime(
      forward: forward.total, inputGradient: inputGradient.total, weightGradient: weightGradient.total)
  }
}

extension TrainingStep.Shares {
  init(_ stage: Passes, microbatches: Int) {
    var sum = stage.forward
    sum += stage.inputGradient
    sum += stage.weightGradient
    let all = sum * Double(microbatches)
    compute = Seconds(all.compute)
    memory = Seconds(all.memory)
    tensor = Seconds(all.tensor)
    context = Seconds(all.context)
    expert = Seconds(all.expert)
    pipeline = Seconds(all.pipeline)
    data = Seconds(all.data)
    host = Seconds(all.host)
  }
}
