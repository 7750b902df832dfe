import Catalog
import Quantities

/// Where the memory of one accelerator goes, and how many KV blocks are left: an engine decides both once,
/// at start.
///
/// blocks = ⌊(utilisation × device memory as its driver reports it − weights − activation peak − graph,
/// communication and runtime buffers − slots for adapters) ÷ bytes of a block⌋, after vLLM's profiling of its
/// own memory (Kwon et al., "PagedAttention", SOSP 2023).
public struct MemoryPlan: Sendable, Hashable {
  /// All memory that the driver reports.
  public var deviceMemory: Bytes
  /// Share of it that the engine takes, 0...1.
  public var utilization: Double
  /// Per accelerator, as are the buffers that follow; those of a draft model included.
  public var weights: Bytes
  /// Of those, the draft model's.
  public var draftWeights = Bytes.zero
  /// Of the largest step: residual stream, the widest intermediate of one layer, and the logits.
  public var activationPeak: Bytes
  public var graphBuffers: Bytes
  public var communicationBuffers: Bytes
  public var runtime: Bytes
  /// Slots for adapters.
  public var adapters: Bytes
  /// One token's KV entries over the whole replica, each head counted once.
  public var keyValueBytesPerToken: Bytes
  /// One token's KV entries on one accelerator.
  public var keyValueBytesPerTokenPerAccelerator: Bytes
  /// One block on one accelerator.
  public var blockBytes: Bytes
  /// Tokens in a block.
  public var blockSize: Int
  /// Blocks of the replica: every accelerator holds its share of each.
  public var blocks: Int
  /// Whether the scenario set `kv-blocks` itself.
  public var isOverridden: Bool

  /// - Parameters:
  ///   - weightFormat: of the layers; embeddings and output head stay in 16 bits when it is narrower.
  ///   - layout: KV heads are replicated where `tensor` is more than there are of them; the fullest
  ///     pipeline group decides.
  ///   - draft: a model that runs beside it in the same formats and layout, with KV entries of its own.
  ///   - override: the block count to take instead of the computed one.
  ///   - maximumSequences: sequences whose logits are held at once; `nil` for the engine's most.
  ///   - adapters: all slots for adapters on one accelerator.
  public init(
    model: ModelShape, accelerator: Accelerator, weights weightFormat: Precision, keyValue: Precision,
    layout: ParallelLayout, engine: EnginePreset, utilization: Double, maximumBatchedTokens: Int,
    maximumSequences: Int? = nil,
    blocks override: Int? = nil, draft: ModelShape? = nil, adapters: Bytes = .zero
  ) {
    let (tensor, pipeline) = (layout.tensor, layout.pipeline)
    if let draft { draftWeights = Self.weights(of: draft, format: weightFormat, layout: layout) }
    weights = Self.weights(of: model, format: weightFormat, layout: layout) + draftWeights
    deviceMemory = accelerator.driverMemory
    self.utilization = utilization
    activationPeak = Self.activationPeak(
      of: model, tensor: tensor, tokens: maximumBatchedTokens,
      sequences: maximumSequences ?? engine.maximumSequences)
    graphBuffers = engine.graphMemory
    communicationBuffers = layout.accelerators > 1 ? engine.communicationMemory : .zero
    runtime = engine.runtimeMemory
    self.adapters = adapters
    let models = [model] + (draft.map { [$0] } ?? [])
    let entries = models.map {
      Self.keyValueBytes(of: $0, format: keyValue, tensor: tensor, pipeline: pipeline)
    }
    keyValueBytesPerToken = entries.reduce(.zero) { $0 + $1.whole }
    keyValueBytesPerTokenPerAccelerator = entries.reduce(.zero) { $0 + $1.perAccelerator }
    blockSize = engine.blockSize
    blockBytes = keyValueBytesPerTokenPerAccelerator * Double(engine.blockSize)
    isOverridden = override != nil
    blocks = 0
    blocks = override ?? Self.count(room.value / blockBytes.value) * layout.data
  }

  /// One token's KV entries, on all accelerators and on one.
  private static func keyValueBytes(of model: ModelShape, format: Precision, tensor: Int, pipeline: Int)
    -> (whole: Bytes, perAccelerator: Bytes)
  {
    let perToken = Double(model.keyValueElementsPerToken) * format.bytesPerActivation
    // Heads split evenly or not at all; latent attention keeps one entry for all heads on every
    // accelerator.
    let groups = max(1, model.keyValueHeads)
    let headsHere = Double(tensor >= groups ? 1 : (groups + tensor - 1) / tensor)
    let headShare = model.latentAttention == nil ? headsHere / Double(groups) : 1
    let layers = max(1, model.keyValueLayers)
    let layersHere = Double((layers - 1) / pipeline + 1)
    return (Bytes(perToken), Bytes(perToken * headShare * layersHere / Double(layers)))
  }

  /// Experts are shared by all accelerators of a pipeline group, everything else by the tensor group.
  private static func weights(of model: ModelShape, format: Precision, layout: ParallelLayout) -> Bytes {
    let ends = model.embeddingWeights * (model.tiedEmbeddings ? 1 : 2)
    let routed = Double(model.expertLayers) * Double(model.experts?.count ?? 0) * model.weightsPerExpert
    let rest = max(0, model.parameters - ends - routed)
    let group = Double(layout.tensor) * Double(layout.pipeline)
    let dense = format.outsideExperts(of: model).bytesPerWeight
    let shared = (rest * dense + ends * max(2, dense)) / group
    return Bytes(shared + routed * format.bytesPerWeight / (group * Double(layout.data)))
  }

  /// Half again for the copies that live while a layer runs.
  private static func activationPeak(of model: ModelShape, tensor: Int, tokens: Int, sequences: Int)
    -> Bytes
  {
    let shard = Double(tensor)
    let dense = Double(model.intermediate) * (model.gated ? 2 : 1) / shard
    let routed = model.experts.map { Double($0.perToken) * Double($0.intermediate) * 2 / shard } ?? 0
    let widest = max(dense, routed, Double(model.hidden))
    // Only sequences that get a token have logits, in 32 bits.
    let logits = 4 * Double(min(tokens, sequences)) * Double(model.vocabulary) / shard
    return Bytes(1.5 * Double(tokens) * (4 * Double(model.hidden) + 2 * widest) + logits)
  }

  private static func count(_ blocks: Double) -> Int {
    // A NaN (no memory over no bytes) compares false and gives none.
    blocks >= 1 ? Int(min(blocks, 1e12).rounded(.down)) : 0
  }

  /// What the engine takes for everything but KV blocks.
  public var fixed: Bytes {
    weights + activationPeak + graphBuffers + communicationBuffers + runtime + adapters
  }
  /// What is left for KV blocks; negative when even the rest does not fit.
  public var room: Bytes { deviceMemory * utilization - fixed }
  /// Tokens whose KV entries fit at once.
  public var tokens: Int {
    blocks.multipliedReportingOverflow(by: blockSize).overflow ? .max : blocks * blockSize
  }
  /// Whether weights and buffers leave room for at least one block, and for an override where one is set.
  public var fits: Bool { shortfall.value <= 0 }

  /// Bytes missing on each accelerator; zero or less when everything fits. An override is the user's word
  /// on the share for KV blocks, so it may use all of the device.
  public var shortfall: Bytes {
    let share = isOverridden ? 1 : utilization
    return fixed + blockBytes * Double(isOverridden ? max(1, blocks) : 1) - deviceMemory * share
  }

  /// Why it does not fit, by how much, and what would; empty when it fits.
  public var shortage: String {
    if fits { return "" }
    let available = deviceMemory * (isOverridden ? 1 : utilization)
    let buffers = fixed - weights
    let devices = weights.value / max(1, available.value - buffers.value - blockBytes.value)
    var remedies: [String] = []
    if weights > available * 0.5 && devices.isFinite && buffers < available {
      let factor = Int(min(1e6, max(2, devices.rounded(.up))))
      remedies.append("\(factor) times the accelerators a replica (tensor or pipeline)")
      remedies.append("narrower weights")
    } else {
      remedies.append(isOverridden ? "fewer kv-blocks" : "fewer max-batched-tokens")
    }
    remedies.append("an accelerator with at least \(Self.gibibytes(deviceMemory + shortfall)) GiB")
    return "does not fit: \(Self.gibibytes(shortfall)) GiB short on each accelerator; what would help: "
      + remedies.joined(separator: ", ")
  }

  /// Rounded up to a tenth.
  private static func gibibytes(_ amount: Bytes) -> Double {
    (amount.value / 1_073_741_824 * 10).rounded(.up) / 10
  }
}
