import Catalog

/// How a training run lies on its accelerators.
///
/// Ranks are numbered as Megatron-Core numbers them: tensor innermost, then context, data, and pipeline
/// outermost. Expert ranks fold into tensor · context · data (Liu et al., "MoE Parallel Folding",
/// arXiv 2504.14960), each with whole experts.
public struct TrainingLayout: Sendable, Hashable {
  /// The order in which a stage runs its microbatches.
  public enum Schedule: String, Sendable, Hashable, CaseIterable {
    /// One forward, one backward (PipeDream-Flush; Narayanan et al., arXiv 2104.04473, section 2.2.1).
    case oneForwardOneBackward = "1f1b"
    /// Several chunks of layers a stage (the same paper, section 2.2.2).
    case interleaved
    /// ZB-H1: weight gradients fill the drain (Qi et al., "Zero Bubble Pipeline Parallelism", ICLR 2024).
    case zeroBubble = "zero-bubble"
  }

  /// What of the activations is thrown away and computed again for the backward pass.
  public enum Recompute: String, Sendable, Hashable, CaseIterable {
    case none
    /// Attention alone (Korthikanti et al., arXiv 2205.05198, section 5); with fused attention, which keeps
    /// no scores anyway, also norms and activation functions, as Megatron-Core's recompute modules do.
    case selective
    /// Whole layers; only their inputs are kept.
    case full
  }

  /// Ranks that share each layer's matrices.
  public var tensor: Int
  /// Stages.
  public var pipeline: Int
  /// Chunks of layers on each stage; more than 1 only with the interleaved schedule.
  public var virtualPipeline: Int
  /// Ranks that share a sequence.
  public var context: Int
  /// Ranks that share a layer's experts; divides tensor · context · data.
  public var expert: Int
  /// Replicas of the model.
  public var data: Int
  /// Whether norms and residuals are split along the sequence among the tensor ranks.
  public var sequenceParallel: Bool
  /// Sequences that go through the pipeline together.
  public var microbatch: Int
  public var schedule: Schedule
  public var recompute: Recompute
  /// What the data ranks share of the model's state: 0 nothing, 1 optimizer state, 2 gradients too, 3 weights
  /// too (ZeRO: Rajbhandari et al., SC 2020; FSDP is 3).
  public var optimizerSharding: Int
  /// Ranks of data · context that share the state; more copies are kept beside them (hybrid sharding).
  /// `nil`: all of them.
  public var shardRanks: Int?

  public init(
    tensor: Int = 1, pipeline: Int = 1, virtualPipeline: Int = 1, context: Int = 1, expert: Int = 1,
    data: Int = 1, sequenceParallel: Bool? = nil, microbatch: Int = 1, schedule: Schedule? = nil,
    recompute: Recompute = .none, optimizerSharding: Int = 1, shardRanks: Int? = nil
  ) {
    self.tensor = tensor
    self.pipeline = pipeline
    self.virtualPipeline = virtualPipeline
    self.context = context
    self.expert = expert
    self.data = data
    self.sequenceParallel = sequenceParallel ?? (tensor > 1)
    self.microbatch = microbatch
    self.schedule = schedule ?? (virtualPipeline > 1 ? .interleaved : .oneForwardOneBackward)
    self.recompute = recompute
    self.optimizerSharding = optimizerSharding
    self.shardRanks = shardRanks
  }

  /// Accelerators it takes.
  public var accelerators: Int { tensor * pipeline * context * data }

  /// Ranks over which a weight outside the experts is copied.
  public var copies: Int { data * context }

  /// Ranks over which an expert's weight is copied.
  public var expertCopies: Int { max(1, tensor * context * data / expert) }

  /// Ranks among which the state of a weight outside the experts is divided.
  public var shards: Int { optimizerSharding == 0 ? 1 : min(shardRanks ?? copies, copies) }

  /// Ranks among which the state of an expert's weight is divided.
  public var expertShards: Int { optimizerSharding == 0 ? 1 : min(shardRanks ?? expertCopies, expertCopies) }

  /// Microbatches of one replica in a step; 0 when the batch does not divide.
  public func microbatches(globalBatch: Int) -> Int {
    let sequences = microbatch * data
    guard sequences > 0, globalBatch > 0, globalBatch % sequences == 0 else { return 0 }
    return globalBatch / sequences
  }
}

extension TrainingLayout {
  /// What is wrong with the layout for a model and a batch, one plain sentence each; empty when it can run.
  ///
  /// - Parameters:
  ///   - accelerators: how many there are; `nil` when the layout says itself.
  ///   - globalBatch: sequences of a step.
  ///   - sequence: tokens of a sequence.
  public func faults(model: ModelShape, accelerators count: Int? = nil, globalBatch: Int, sequence: Int)
    -> [String]
  {
    var faults = ranges(globalBatch: globalBatch, sequence: sequence)
    // Products below would be meaningless, and might overflow, on sizes that are out of range.
    guard faults.isEmpty, model.faults.isEmpty else { return faults + model.faults }
    func divides(_ part: Int, _ whole: Int, _ partName: String, _ wholeName: String) {
      if whole % part != 0 {
        faults.append("\(partName) is \(part), which does not divide \(wholeName) \(whole)")
      }
    }
    if let count, count != accelerators {
      faults.append(
        "tensor \(tensor) × pipeline \(pipeline) × context \(context) × data \(data) takes \(accelerators) "
          + "accelerators; there are \(count)")
    }
    divides(tensor, model.heads, "tensor", "the model's heads,")
    if context > 1 { divides(2 * context, sequence, "twice context", "the sequence of tokens,") }
    // Embedding and output head may stand for a layer each.
    if pipeline * virtualPipeline > model.layers + 2 {
      faults.append(
        "pipeline \(pipeline) × virtual pipeline \(virtualPipeline) is more than the \(model.layers) layers")
    }
    divides(microbatch * data, globalBatch, "microbatch × data", "the global batch,")
    faults += expertFaults(model)
    faults += scheduleFaults(microbatches: microbatches(globalBatch: globalBatch))
    if let shardRanks, !(1...copies).contains(shardRanks) || copies % shardRanks != 0 {
      faults.append("shard ranks is \(shardRanks), which does not divide data × context, \(copies)")
    }
    return faults
  }

  private func ranges(globalBatch: Int, sequence: Int) -> [String] {
    var faults: [String] = []
    func check(_ value: Int, _ name: String, _ range: ClosedRange<Int>) {
      if !range.contains(value) {
        faults.append("\(name) is \(value); it must lie between \(range.lowerBound) and \(range.upperBound)")
      }
    }
    check(tensor, "tensor", 1...1024)
    check(pipeline, "pipeline", 1...1024)
    check(virtualPipeline, "virtual pipeline", 1...1024)
    check(context, "context", 1...1024)
    check(expert, "expert", 1...100_000)
    check(data, "data", 1...1_000_000)
    check(microbatch, "microbatch", 1...1_000_000)
    check(optimizerSharding, "optimizer sharding", 0...3)
    check(globalBatch, "the global batch", 1...1_000_000_000)
    check(sequence, "the sequence of tokens", 1...1_000_000_000)
    return faults
  }

  private func expertFaults(_ model: ModelShape) -> [String] {
    guard expert > 1 else { return [] }
    guard let experts = model.experts else {
      return ["expert is \(expert), and \(model.name) has no experts"]
    }
    var faults: [String] = []
    if experts.count % expert != 0 {
      faults.append("expert is \(expert), which does not divide the model's \(experts.count) experts")
    }
    if (tensor * context * data) % expert != 0 {
      faults.append(
        "expert is \(expert), which does not divide tensor × context × data, \(tensor * context * data)")
    }
    return faults
  }

  private func scheduleFaults(microbatches: Int) -> [String] {
    if virtualPipeline > 1 && pipeline == 1 {
      return ["virtual pipeline is \(virtualPipeline), and there is one stage"]
    }
    if virtualPipeline > 1 && schedule != .interleaved {
      return [
        "virtual pipeline is \(virtualPipeline), which the schedule '\(schedule.rawValue)' has no use for"
      ]
    }
    if schedule == .interleaved && pipeline > 1 && microbatches % pipeline != 0 {
      return [
        "the interleaved schedule needs microbatches in multiples of pipeline, and there are \(microbatches)"
      ]
    }
    return []
  }
}
