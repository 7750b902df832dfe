import Catalog
import Quantities

/// Where the memory of the fullest accelerator of a training run goes.
///
/// Activations of a layer follow Korthikanti et al., "Reducing Activation Recomputation in Large Transformer
/// Models", arXiv 2205.05198, equations 1 to 4, part by part, so that grouped queries, gates, experts and
/// narrow formats count as what they are. State follows ZeRO (Rajbhandari et al., SC 2020): 16-bit weights,
/// gradients, and 12 bytes of Adam's state a trained weight.
public struct TrainingMemory: Sendable, Hashable {
  /// All memory that the driver reports.
  public var deviceMemory: Bytes
  /// What a run can fill of it before fragments stop it.
  public var usable: Bytes
  /// Of the model as products read it; copies of a gathered layer included.
  public var weights: Bytes
  public var gradients: Bytes
  /// Master weights and both moments, in 32 bits.
  public var optimizer: Bytes
  /// Kept for the backward pass by all microbatches in flight.
  public var activations: Bytes
  /// Logits of one microbatch and their gradient; on the last stage.
  public var logits: Bytes
  /// Runtime, libraries, communication buffers.
  public var runtime: Bytes

  /// What the run needs of the fullest accelerator.
  public var total: Bytes { weights + gradients + optimizer + activations + logits + runtime }
  /// Whether it fits.
  public var fits: Bool { total <= usable }
  /// By how much it does not fit; zero when it does.
  public var shortfall: Bytes { max(.zero, total - usable) }

  /// - Parameters:
  ///   - dropout: whether the masks of three dropouts are kept, as in the paper's models.
  /// - Complexity: O(1).
  public init(_ run: TrainingRun, preset: TrainingPreset, dropout: Bool = false) {
    let layout = run.layout
    let stages = Double(layout.pipeline)
    let layers = Double(run.model.layers) / stages
    let microbatches = max(1, layout.microbatches(globalBatch: run.globalBatch))
    let schedule = PipelineSchedule(
      layout.schedule, stages: layout.pipeline, microbatches: microbatches, chunks: layout.virtualPipeline)
    let activation = ActivationBytes(run, dropout: dropout)
    let stage = layers.rounded(.up)
    // The first stage holds the most microbatches, the last the logits; with one they are the same.
    let single = layout.pipeline == 1
    let first = Parts(
      run, preset, layers: stage,
      embedding: run.model.embeddingWeights + (single ? run.model.outputWeights : 0),
      activations: activation, inFlight: schedule.peakInFlight, hasLogits: single)
    var fullest = first
    if !single {
      let last = Parts(
        run, preset, layers: stage, embedding: run.model.embeddingWeights, activations: activation,
        inFlight: schedule.chunks > 1 ? min(Double(microbatches), 1 + 1 / Double(schedule.chunks)) : 1,
        hasLogits: true)
      if last.total > first.total { fullest = last }
    }
    deviceMemory = run.accelerator.driverMemory
    usable = deviceMemory * preset.memoryShare
    weights = Bytes(fullest.weights)
    gradients = Bytes(fullest.gradients)
    optimizer = Bytes(fullest.optimizer)
    activations = Bytes(fullest.activations)
    logits = Bytes(fullest.logits)
    runtime = preset.runtimeMemory
  }

  /// Of one stage.
  private struct Parts {
    var weights = 0.0
    var gradients = 0.0
    var optimizer = 0.0
    var activations = 0.0
    var logits = 0.0
    var total: Double { weights + gradients + optimizer + activations + logits }

    init(
      _ run: TrainingRun, _ preset: TrainingPreset, layers: Double, embedding: Double,
      activations bytes: ActivationBytes, inFlight: Double, hasLogits: Bool
    ) {
      let layout = run.layout
      let held = RankWeights(run, layers: layers, embedding: embedding)
      let shards = Double(layout.shards)
      let expertShards = Double(layout.expertShards)
      func divided(_ from: Int) -> Double {
        layout.optimizerSharding >= from ? held.wide / shards + held.expert / expertShards : held.total
      }
      let includesModel = run.trained.includesModel
      // Frozen narrow weights need no copy in 16 bits; trained ones keep it beside those of the products.
      let frozen = run.precision.isNarrow ? run.precision.savedInputBytes : 2
      weights = divided(3) * (includesModel ? 2 : frozen) + 2 * held.adapters
      if layout.optimizerSharding == 3 {
        // The layer that computes and the one that is fetched are whole.
        weights += 2 * 2 * (held.dense + held.expert) / max(1, layers)
      }
      let trained = includesModel ? 1.0 : 0
      gradients = preset.gradientBytes * (trained * divided(2) + held.adapters)
      optimizer = 12 * (trained * divided(1) + held.adapters)
      activations = bytes.kept * layers * inFlight + bytes.working
      let rows = run.rankTokens * Double(run.model.vocabulary) / Double(layout.tensor)
      // Once in 32 bits for the loss, once in 16.
      if hasLogits { logits = 6 * rows }
    }
  }
}

/// Bytes that one layer's forward pass leaves for its backward pass, for one microbatch on one rank.
struct ActivationBytes {
  /// As the layout's recompute keeps them.
  var kept: Double
  /// What the layer that is computed again holds beside them.
  var working: Double

  /// - Complexity: O(1).
  init(_ run: TrainingRun, dropout: Bool) {
    let model = run.model
    let layout = run.layout
    let tensor = Double(layout.tensor)
    let whole = run.rankTokens
    let split = layout.sequenceParallel ? whole / tensor : whole
    let hidden = Double(model.hidden)
    let input = run.precision.savedInputBytes
    let mask = dropout ? 1.0 : 0
    // Norm inputs stay in 16 bits; a product's input is kept as the product takes it.
    let norms = 2 * 2 * split * hidden
    let productInputs = 2 * input * split * hidden
    let masks = 2 * mask * split * hidden
    let queries = Double(model.heads) * Self.headWidth(model) / tensor
    let keys =
      model.latentAttention.map { Double($0.keyValueRank + $0.ropeHeadSize + $0.queryRank) }
      ?? 2 * Double(model.keyValueHeads) * Double(model.headSize) / tensor
    let attention = whole * (2 * queries + 2 * keys + input * queries)
    var scores = 0.0
    if !run.hasFusedAttention {
      let pairs = whole * Double(run.sequence) * Double(model.heads) / tensor
      scores = (4 + mask) * pairs
    }
    let (up, down) = Self.feedForward(run)
    let all = norms + productInputs + masks + attention + scores + up + down
    let inputs = 2 * split * hidden
    switch layout.recompute {
    case .none:
      (kept, working) = (all, 0)
    case .selective:
      let again = run.hasFusedAttention ? productInputs + down : scores
      (kept, working) = (all - again, again)
    case .full:
      (kept, working) = (inputs, max(0, all - inputs))
    }
  }

  private static func headWidth(_ model: ModelShape) -> Double {
    model.latentAttention.map { Double($0.nopeHeadSize + $0.ropeHeadSize) } ?? Double(model.headSize)
  }

  /// What the feed-forward part keeps, the mean over layers with experts and without: the output of the first
  /// product, and the input of the second. Routed rows keep their gathered inputs too.
  private static func feedForward(_ run: TrainingRun) -> (up: Double, down: Double) {
    let model = run.model
    let tensor = Double(run.layout.tensor)
    let input = run.precision.savedInputBytes
    let gates = model.gated ? 2.0 : 1.0
    let denseShare = Double(model.denseLayers) / Double(max(model.layers, 1))
    let width = run.rankTokens * Double(model.intermediate) / tensor
    var up = 2 * gates * width * denseShare
    var down = input * width * denseShare
    if let experts = model.experts {
      let share = 1 - denseShare
      let rows = run.rankTokens / tensor * Double(experts.perToken)
      let shared = run.rankTokens * Double(experts.sharedIntermediate) / tensor
      let wide = rows * Double(experts.intermediate) + shared
      up += share * (2 * gates * wide + input * rows * Double(model.hidden))
      down += share * input * wide
    }
    return (up, down)
  }
}
