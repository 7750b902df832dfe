import Catalog

/// Weights that one rank holds, in elements.
struct RankWeights {
  /// Outside the routed experts, and inside; of the layers of a stage.
  var dense: Double
  var expert: Double
  /// Of the embedding table on the first stage, or of the output matrix on the last.
  var embedding: Double
  /// Low-rank adapters of the stage.
  var adapters: Double

  /// - Parameter layers: of the stage.
  init(_ run: TrainingRun, layers: Double, embedding: Double) {
    let model = run.model
    let tensor = Double(run.layout.tensor)
    let share = layers / Double(max(model.layers, 1))
    let expertLayers = Double(model.expertLayers)
    var shared =
      Double(model.layers) * model.attentionWeightsPerLayer
      + Double(model.denseLayers) * model.denseWeightsPerLayer + expertLayers * model.sharedWeightsPerLayer
    shared /= tensor
    shared += expertLayers * model.routerWeightsPerLayer + 2 * Double(model.layers) * Double(model.hidden)
    dense = shared * share
    let local = Double(model.experts?.count ?? 0) / Double(run.layout.expert)
    expert = expertLayers * local * model.weightsPerExpert * share
    self.embedding = embedding / tensor
    adapters = 0
    if case .lowRank(let rank) = run.trained {
      // Beside the fused projection of queries, keys and values, and beside the output's.
      let width = Double(model.heads) * Double(model.headSize)
      let fused = width + 2 * Double(model.keyValueHeads) * Double(model.headSize)
      adapters = layers * Double(rank) * (2 * Double(model.hidden) + fused + width) / tensor
    }
  }

  /// Outside the experts.
  var wide: Double { dense + embedding }
  var total: Double { dense + embedding + expert }
}
