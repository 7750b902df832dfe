import Catalog
import Quantities

/// Where the memory of one accelerator goes, and how many KV blocks are left: an engine decides both
/// once, at start.
///
/// blocks = ⌊(utilisation × device memory as its driver reports it − weights − activation peak − graph,
/// communication and runtime buffers) ÷ bytes of a block⌋
public struct MemoryPlan: Sendable, Hashable {
  public var deviceMemory: Bytes
  public var utilization: Double
  /// Per accelerator, as are all the following.
  public var weights: Bytes
  public var activationPeak: Bytes
  public var graphBuffers: Bytes
  public var communicationBuffers: Bytes
  public var runtime: Bytes
  /// One token's KV entries over the whole replica.
  public var keyValueBytesPerToken: Bytes
  public var blockBytes: Bytes
  public var blockSize: Int
  public var blocks: Int
  /// Whether the scenario set `kv-blocks` itself.
  public var isOverridden: Bool

  /// - Parameters:
  ///   - tensor: accelerators that share each layer; KV heads are replicated when there are fewer of them.
  ///   - pipeline: groups of layers.
  public init(
    model: ModelShape, accelerator: Accelerator, weights weightFormat: Precision, keyValue: Precision,
    tensor: Int, pipeline: Int, engine: EnginePreset, utilization: Double, maximumBatchedTokens: Int,
    blocks override: Int? = nil
  ) {
    precondition(tensor > 0 && pipeline > 0, "a replica has at least one accelerator")
    let shards = Double(tensor * pipeline)
    // Embeddings and the output head stay in 16 bits when only the body is quantised.
    let ends = model.embeddingWeights * (model.tiedEmbeddings ? 1 : 2)
    let body = model.parameters - ends
    weights = Bytes(
      (body * weightFormat.bytesPerWeight + ends * max(2, weightFormat.bytesPerWeight)) / shards)
    deviceMemory = accelerator.driverMemory
    self.utilization = utilization
    // The profiling step holds a full batch: its residual stream, one layer's widest intermediate, and
    // the logits.
    let widest = Double(max(model.intermediate * (model.gated ? 2 : 1) / tensor, model.hidden))
    let tokens = Double(maximumBatchedTokens)
    let logits =
      4 * Double(min(maximumBatchedTokens, engine.maximumSequences) * model.vocabulary) / Double(tensor)
    activationPeak = Bytes(tokens * (4 * Double(model.hidden) + 2 * widest) * 1.5 + logits)
    graphBuffers = engine.graphMemory
    communicationBuffers = tensor * pipeline > 1 ? engine.communicationMemory : .zero
    runtime = engine.runtimeMemory
    let elements = Double(model.keyValueElementsPerToken)
    keyValueBytesPerToken = Bytes(elements * keyValue.bytesPerActivation)
    let headShards = model.latentAttention == nil ? min(tensor, model.keyValueHeads) : 1
    blockSize = engine.blockSize
    blockBytes = keyValueBytesPerToken * Double(engine.blockSize) / Double(headShards * pipeline)
    let room =
      deviceMemory * utilization - weights - activationPeak - graphBuffers - communicationBuffers - runtime
    isOverridden = override != nil
    blocks = override ?? max(0, Int((room.value / blockBytes.value).rounded(.down)))
  }

  /// Tokens whose KV entries fit at once.
  public var tokens: Int { blocks * blockSize }
  public var fits: Bool { blocks > 0 && (isOverridden || weights < deviceMemory * utilization) }

  /// Why it does not fit, by how much, and what would.
  public var shortage: String {
    let used = weights + activationPeak + graphBuffers + communicationBuffers + runtime
    let missing = (used + blockBytes - deviceMemory * utilization).value / 1_073_741_824
    let gibibytes = (missing * 10).rounded(.up) / 10
    return "does not fit: \(gibibytes) GiB short on each accelerator before the first KV block; "
      + "raise tensor or pipeline parallelism, take narrower weights, or a larger accelerator"
  }
}
