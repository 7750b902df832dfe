/// The shape of a transformer: everything its cost depends on, nothing of its weights.
public struct ModelShape: Sendable, Hashable {
  /// A mixture of experts (Shazeer et al., arXiv 1701.06538).
  public struct Experts: Sendable, Hashable {
    /// Routed experts of a layer.
    public var count: Int
    /// Routed experts that one token visits.
    public var perToken: Int
    /// Width of one routed expert.
    public var intermediate: Int
    /// Experts that every token visits.
    public var shared: Int
    /// Width of all shared experts together.
    public var sharedIntermediate: Int
    /// Layers with a dense feed-forward block instead of experts.
    public var denseLayers: Int

    public init(
      count: Int, perToken: Int, intermediate: Int, shared: Int = 0, sharedIntermediate: Int = 0,
      denseLayers: Int = 0
    ) {
      self.count = count
      self.perToken = perToken
      self.intermediate = intermediate
      self.shared = shared
      self.sharedIntermediate = sharedIntermediate
      self.denseLayers = denseLayers
    }
  }

  /// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434): one compressed KV entry for all heads.
  public struct LatentAttention: Sendable, Hashable {
    /// Width of the compressed keys and values.
    public var keyValueRank: Int
    /// Width of the compressed queries; 0 when queries are not compressed.
    public var queryRank: Int
    /// Part of a head that carries the position; cached once for all heads.
    public var ropeHeadSize: Int
    /// Part of a head that does not.
    public var nopeHeadSize: Int
    public var valueHeadSize: Int

    public init(
      keyValueRank: Int, queryRank: Int, ropeHeadSize: Int, nopeHeadSize: Int, valueHeadSize: Int
    ) {
      self.keyValueRank = keyValueRank
      self.queryRank = queryRank
      self.ropeHeadSize = ropeHeadSize
      self.nopeHeadSize = nopeHeadSize
      self.valueHeadSize = valueHeadSize
    }
  }

  public var name: String
  public var layers: Int
  /// Width of the residual stream.
  public var hidden: Int
  /// Query heads.
  public var heads: Int
  /// Key and value heads; fewer than `heads` with grouped queries (Ainslie et al., arXiv 2305.13245).
  public var keyValueHeads: Int
  /// Width of a head; `heads · headSize` may differ from `hidden`.
  public var headSize: Int
  /// Width of the dense feed-forward block; 0 when every layer has experts.
  public var intermediate: Int
  /// Tokens of the vocabulary.
  public var vocabulary: Int
  /// Whether the feed-forward block has a gate: three matrices instead of two.
  public var gated: Bool
  /// Whether the output matrix is the embedding table itself.
  public var tiedEmbeddings: Bool
  public var experts: Experts?
  public var latentAttention: LatentAttention?
  /// Tokens that a layer with a window looks back on; `nil` when all layers see the whole context.
  public var slidingWindow: Int?
  /// Layers with that window; the others see the whole context.
  public var slidingWindowLayers: Int
  /// Layers that keep keys and values for every token; fewer than `layers` when others use linear
  /// attention with a state of fixed size.
  public var keyValueLayers: Int
  /// Tokens of context, at most.
  public var maximumContext: Int

  public init(
    name: String, layers: Int, hidden: Int, heads: Int, keyValueHeads: Int, headSize: Int, intermediate: Int,
    vocabulary: Int, gated: Bool = true, tiedEmbeddings: Bool = false, experts: Experts? = nil,
    latentAttention: LatentAttention? = nil, slidingWindow: Int? = nil, slidingWindowLayers: Int? = nil,
    keyValueLayers: Int? = nil, maximumContext: Int = 131_072
  ) {
    self.name = name
    self.layers = layers
    self.hidden = hidden
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headSize = headSize
    self.intermediate = intermediate
    self.vocabulary = vocabulary
    self.gated = gated
    self.tiedEmbeddings = tiedEmbeddings
    self.experts = experts
    self.latentAttention = latentAttention
    self.slidingWindow = slidingWindow
    self.slidingWindowLayers = slidingWindowLayers ?? (slidingWindow == nil ? 0 : layers)
    self.keyValueLayers = keyValueLayers ?? layers
    self.maximumContext = maximumContext
  }
}

extension Catalog {
  /// The model of that name, or `nil`.
  /// - Complexity: constant, after the first use parsed the file.
  public func model(_ name: String) -> ModelShape? {
    guard let entry = table(.models).entry(name), let layers = entry.integer("layers"),
      let hidden = entry.integer("hidden"), let heads = entry.integer("heads"), heads > 0,
      let vocabulary = entry.integer("vocabulary"), let context = entry.integer("maximum-context")
    else { return nil }
    return ModelShape(
      name: name, layers: layers, hidden: hidden, heads: heads,
      keyValueHeads: entry.integer("kv-heads") ?? heads,
      headSize: entry.integer("head-size") ?? hidden / heads,
      intermediate: entry.integer("intermediate") ?? 0,
      vocabulary: vocabulary, gated: entry.flag("gated") ?? true,
      tiedEmbeddings: entry.flag("tied-embeddings") ?? false, experts: Self.experts(of: entry),
      latentAttention: Self.latentAttention(of: entry), slidingWindow: entry.integer("sliding-window"),
      slidingWindowLayers: entry.integer("sliding-window-layers"), keyValueLayers: entry.integer("kv-layers"),
      maximumContext: context)
  }

  private static func experts(of entry: FactEntry) -> ModelShape.Experts? {
    guard let count = entry.integer("experts"), let perToken = entry.integer("experts-per-token"),
      let width = entry.integer("expert-intermediate")
    else { return nil }
    return ModelShape.Experts(
      count: count, perToken: perToken, intermediate: width, shared: entry.integer("shared-experts") ?? 0,
      sharedIntermediate: entry.integer("shared-intermediate") ?? 0,
      denseLayers: entry.integer("dense-layers") ?? 0)
  }

  private static func latentAttention(of entry: FactEntry) -> ModelShape.LatentAttention? {
    guard let rank = entry.integer("kv-rank"), let rope = entry.integer("rope-head-size"),
      let nope = entry.integer("nope-head-size"), let value = entry.integer("value-head-size")
    else { return nil }
    return ModelShape.LatentAttention(
      keyValueRank: rank, queryRank: entry.integer("query-rank") ?? 0, ropeHeadSize: rope, nopeHeadSize: nope,
      valueHeadSize: value)
  }
}
