/// Counts of weights and cache elements, in elements: bytes follow from a `Precision`.
///
/// They are `Double`, exact up to 2^53, so that an absurd shape gives an absurd number and no trap.
extension ModelShape {
  /// Weights of one layer's attention block. With latent attention (arXiv 2405.04434, section 2.1):
  /// both halves of the query and of the key-value projection, and the output.
  public var attentionWeightsPerLayer: Double {
    let hidden = Double(hidden)
    let heads = Double(heads)
    guard let latent = latentAttention else {
      return hidden * Double(headSize) * 2 * (heads + Double(keyValueHeads))
    }
    let queryWidth = heads * (Double(latent.nopeHeadSize) + Double(latent.ropeHeadSize))
    let rank = Double(latent.queryRank)
    let query = rank > 0 ? rank * (hidden + queryWidth) : hidden * queryWidth
    let keyValueDown = hidden * (Double(latent.keyValueRank) + Double(latent.ropeHeadSize))
    let keyValueUp =
      Double(latent.keyValueRank) * heads * (Double(latent.nopeHeadSize) + Double(latent.valueHeadSize))
    return query + keyValueDown + keyValueUp + heads * Double(latent.valueHeadSize) * hidden
  }

  /// Weights of one dense feed-forward block.
  public var denseWeightsPerLayer: Double { matrices * Double(hidden) * Double(intermediate) }

  /// Weights of one routed expert; 0 without experts.
  public var weightsPerExpert: Double { matrices * Double(hidden) * Double(experts?.intermediate ?? 0) }

  /// Weights of one layer's shared experts together.
  public var sharedWeightsPerLayer: Double {
    guard let experts, experts.shared > 0 else { return 0 }
    return matrices * Double(hidden) * Double(experts.sharedIntermediate)
  }

  /// Weights of one layer's router, which scores every expert.
  public var routerWeightsPerLayer: Double { Double(hidden) * Double(experts?.count ?? 0) }

  /// Layers with experts.
  public var expertLayers: Int { experts.map { max(0, layers - $0.denseLayers) } ?? 0 }

  /// Layers with a dense feed-forward block.
  public var denseLayers: Int { layers - expertLayers }

  /// Weights of the embedding table.
  public var embeddingWeights: Double { Double(vocabulary) * Double(hidden) }

  /// Weights of the output matrix that are stored beside the embedding table; 0 when it is the table.
  public var outputWeights: Double { tiedEmbeddings ? 0 : embeddingWeights }

  /// All weights of the model, the two norms of each layer and the last one included.
  public var parameters: Double {
    let feedForward =
      Double(denseLayers) * denseWeightsPerLayer
      + Double(expertLayers)
      * (Double(experts?.count ?? 0) * weightsPerExpert + sharedWeightsPerLayer + routerWeightsPerLayer)
    let norms = (2 * Double(layers) + 1) * Double(hidden)
    return Double(layers) * attentionWeightsPerLayer + feedForward + norms + embeddingWeights + outputWeights
  }

  /// Weights that one token's forward pass multiplies with: the chosen experts only, and the output
  /// matrix; the embedding look-up multiplies nothing. Arithmetic is twice this per token.
  public var activeParameters: Double {
    let perExpertLayer =
      Double(experts?.perToken ?? 0) * weightsPerExpert + sharedWeightsPerLayer + routerWeightsPerLayer
    return Double(layers) * attentionWeightsPerLayer + Double(denseLayers) * denseWeightsPerLayer
      + Double(expertLayers) * perExpertLayer + embeddingWeights
  }

  /// Elements that one token leaves in the KV cache, over all layers: 2 · KV heads · head size per
  /// layer, or the compressed entry of latent attention. Layers with a sliding window count fully;
  /// they hold no more than `slidingWindow` tokens.
  public var keyValueElementsPerToken: Int {
    let perLayer =
      latentAttention.map { Double($0.keyValueRank) + Double($0.ropeHeadSize) }
      ?? 2 * Double(keyValueHeads) * Double(headSize)
    return Int(exactly: Double(keyValueLayers) * perLayer) ?? .max
  }

  private var matrices: Double { gated ? 3 : 2 }
}
