/// The shape of a transformer: everything its cost depends on, nothing of its weights.
public struct ModelShape: Sendable, Hashable {
  /// A mixture of experts (Shazeer et al., arXiv 1701.06538).
  public struct Experts: Sendable, Hashable {
    public var count: Int
    /// Experts that a token visits.
    public var perToken: Int
    public var intermediate: Int
    /// Experts that every token visits, and their width.
    public var shared: Int
    public var sharedIntermediate: Int
    /// Leading layers with a dense feed-forward block instead.
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
    public var keyValueRank: Int
    public var queryRank: Int
    public var ropeHeadSize: Int
    public var nopeHeadSize: Int
    public var valueHeadSize: Int
    public init(keyValueRank: Int, queryRank: Int, ropeHeadSize: Int, nopeHeadSize: Int, valueHeadSize: Int) {
      self.keyValueRank = keyValueRank
      self.queryRank = queryRank
      self.ropeHeadSize = ropeHeadSize
      self.nopeHeadSize = nopeHeadSize
      self.valueHeadSize = valueHeadSize
    }
  }

  public var name: String
  public var layers: Int
  public var hidden: Int
  public var heads: Int
  public var keyValueHeads: Int
  public var headSize: Int
  /// Width of the dense feed-forward block.
  public var intermediate: Int
  public var vocabulary: Int
  /// Whether the feed-forward block has a gate: three matrices instead of two.
  public var gated: Bool
  public var tiedEmbeddings: Bool
  public var experts: Experts?
  public var latentAttention: LatentAttention?
  public var maximumContext: Int

  public init(
    name: String, layers: Int, hidden: Int, heads: Int, keyValueHeads: Int, headSize: Int, intermediate: Int,
    vocabulary: Int, gated: Bool = true, tiedEmbeddings: Bool = false, experts: Experts? = nil,
    latentAttention: LatentAttention? = nil, maximumContext: Int = 131_072
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
    self.maximumContext = maximumContext
  }

  /// Weights of one layer's attention block.
  public var attentionWeightsPerLayer: Double {
    let hidden = Double(hidden)
    if let latent = latentAttention {
      let queryHead = Double(latent.nopeHeadSize + latent.ropeHeadSize)
      let query =
        latent.queryRank > 0
        ? hidden * Double(latent.queryRank) + Double(latent.queryRank) * Double(heads) * queryHead
        : hidden * Double(heads) * queryHead
      let down = hidden * Double(latent.keyValueRank + latent.ropeHeadSize)
      let up =
        Double(latent.keyValueRank) * Double(heads) * Double(latent.nopeHeadSize + latent.valueHeadSize)
      return query + down + up + Double(heads * latent.valueHeadSize) * hidden
    }
    return hidden * Double(headSize) * Double(2 * heads + 2 * keyValueHeads)
  }

  private var matrices: Double { gated ? 3 : 2 }
  public var denseWeightsPerLayer: Double { matrices * Double(hidden) * Double(intermediate) }
  /// Weights of one routed expert of one layer.
  public var weightsPerExpert: Double { matrices * Double(hidden) * Double(experts?.intermediate ?? 0) }
  public var sharedWeightsPerLayer: Double {
    guard let experts, experts.shared > 0 else { return 0 }
    return matrices * Double(hidden) * Double(experts.sharedIntermediate)
  }
  public var expertLayers: Int { experts.map { layers - $0.denseLayers } ?? 0 }
  public var embeddingWeights: Double { Double(vocabulary) * Double(hidden) }

  /// All weights of the model.
  public var parameters: Double {
    let body =
      Double(layers) * (attentionWeightsPerLayer + 2 * Double(hidden))
      + Double(layers - expertLayers) * denseWeightsPerLayer
    let routed =
      Double(expertLayers)
      * (Double(experts?.count ?? 0) * (weightsPerExpert + Double(hidden)) + sharedWeightsPerLayer)
    return body + routed + embeddingWeights * (tiedEmbeddings ? 1 : 2)
  }

  /// Weights that one token's forward pass multiplies with; the embedding look-up is not among them.
  public var activeParameters: Double {
    Double(layers) * attentionWeightsPerLayer + Double(layers - expertLayers) * denseWeightsPerLayer
      + Double(expertLayers) * (Double(experts?.perToken ?? 0) * weightsPerExpert + sharedWeightsPerLayer)
      + embeddingWeights
  }

  /// Numbers that one token leaves in the KV cache, over all layers.
  public var keyValueElementsPerToken: Int {
    if let latent = latentAttention { return layers * (latent.keyValueRank + latent.ropeHeadSize) }
    return 2 * layers * keyValueHeads * headSize
  }
}

extension Catalog {
  public func model(_ name: String) -> ModelShape? {
    guard let entry = FactTable.of(.models).entry(name), let layers = entry.integer("layers"),
      let hidden = entry.integer("hidden"), let heads = entry.integer("heads")
    else { return nil }
    let intermediate = entry.integer("intermediate") ?? 4 * hidden
    var experts: ModelShape.Experts?
    if let count = entry.integer("experts"), count > 0 {
      let width = entry.integer("expert-intermediate") ?? intermediate
      let shared = entry.integer("shared-experts") ?? (entry["shared-intermediate"] == nil ? 0 : 1)
      experts = .init(
        count: count, perToken: entry.integer("experts-per-token") ?? 1, intermediate: width, shared: shared,
        sharedIntermediate: entry.integer("shared-intermediate") ?? shared * width,
        denseLayers: entry.integer("dense-layers") ?? 0)
    }
    var latent: ModelShape.LatentAttention?
    if let rank = entry.integer("kv-rank") {
      latent = .init(
        keyValueRank: rank, queryRank: entry.integer("query-rank") ?? 0,
        ropeHeadSize: entry.integer("rope-head-size") ?? 64,
        nopeHeadSize: entry.integer("nope-head-size") ?? 128,
        valueHeadSize: entry.integer("value-head-size") ?? 128)
    }
    return ModelShape(
      name: name, layers: layers, hidden: hidden, heads: heads,
      keyValueHeads: entry.integer("kv-heads") ?? heads,
      headSize: entry.integer("head-size") ?? hidden / heads,
      intermediate: intermediate, vocabulary: entry.integer("vocabulary") ?? 32_000,
      gated: entry["gated"] != "false", tiedEmbeddings: entry["tied-embeddings"] == "true", experts: experts,
      latentAttention: latent, maximumContext: entry.integer("maximum-context") ?? 131_072)
  }
}
