import Testing

@testable import Catalog

struct ModelShapeTests {
  /// Parameter counts as the publishers state them, in billions.
  static let published: [(name: String, total: Double)] = [
    ("llama-2-7b", 6.738), ("llama-2-70b", 68.98), ("llama-3.1-8b", 8.03), ("llama-3.1-70b", 70.55),
    ("llama-3.1-405b", 405.9), ("codellama-34b", 33.74), ("yi-34b", 34.39), ("mixtral-8x7b", 46.7),
    ("mixtral-8x22b", 140.6), ("qwen3-8b", 8.19), ("qwen3-14b", 14.77), ("qwen3-32b", 32.76),
    ("qwen3-30b-a3b", 30.53), ("qwen3-235b-a22b", 235.1), ("deepseek-v3", 671), ("gpt-oss-20b", 20.91),
    ("gpt-oss-120b", 116.8), ("kimi-k2.5", 1026), ("minimax-m2.5", 228.7), ("gpt-3-175b", 174.6),
    ("qwen3.5-397b-a17b", 397), ("glm-5", 744),
  ]

  @Test("parameter counts are within 1 % of the published ones", arguments: published)
  func parameters(name: String, total: Double) throws {
    let model = try #require(Catalog.builtIn.model(name))
    #expect(abs(model.parameters / (total * 1e9) - 1) < 0.01, "\(name): \(model.parameters)")
  }

  @Test("active parameters of experts models are near the published ones")
  func activeParameters() throws {
    for (name, active) in [("mixtral-8x7b", 12.9), ("deepseek-v3", 37.0), ("qwen3-235b-a22b", 22.0)] {
      let model = try #require(Catalog.builtIn.model(name))
      #expect(abs(model.activeParameters / (active * 1e9) - 1) < 0.05, "\(name): \(model.activeParameters)")
    }
  }

  @Test("the groups of weights add up to the total", arguments: CatalogNamesTests.models)
  func groupsAddUp(name: String) throws {
    let model = try #require(Catalog.builtIn.model(name))
    let feedForward =
      Double(model.denseLayers) * model.denseWeightsPerLayer + Double(model.expertLayers)
      * (model.weightsPerExpert * Double(model.experts?.count ?? 0) + model.sharedWeightsPerLayer
        + model.routerWeightsPerLayer)
    let norms = Double((2 * model.layers + 1) * model.hidden)
    let sum =
      Double(model.layers) * model.attentionWeightsPerLayer + feedForward + norms + model.embeddingWeights
      + model.outputWeights
    #expect(abs(sum / model.parameters - 1) < 1e-12)
    #expect(model.activeParameters <= model.parameters + model.embeddingWeights)
  }

  @Test("Llama 3.1 70B holds 327,680 bytes per token in bf16, DeepSeek V3 its compressed entry alone")
  func keyValueBytes() throws {
    let bf16 = try #require(Catalog.builtIn.precision("bf16"))
    let llama = try #require(Catalog.builtIn.model("llama-3.1-70b"))
    #expect(Double(llama.keyValueElementsPerToken) * bf16.bytesPerActivation == 327_680)
    #expect(try #require(Catalog.builtIn.model("deepseek-v3")).keyValueElementsPerToken == 61 * (512 + 64))
    #expect(
      try #require(Catalog.builtIn.model("qwen3.5-397b-a17b")).keyValueElementsPerToken == 15 * 2 * 2 * 256)
  }

  @Test("an absurd shape is reported, and counting it stops nothing")
  func absurdShape() {
    let shape = ModelShape(
      name: "absurd", layers: .max, hidden: .max, heads: .max, keyValueHeads: .max, headSize: .max,
      intermediate: .max, vocabulary: .max, experts: .init(count: .max, perToken: .max, intermediate: .max))
    #expect(!shape.faults.isEmpty)
    #expect(shape.parameters > 0 && shape.activeParameters > 0)
    #expect(shape.keyValueElementsPerToken == .max)
    let negative = ModelShape(
      name: "negative", layers: -1, hidden: 0, heads: 0, keyValueHeads: 0, headSize: -1, intermediate: -1,
      vocabulary: 0, experts: .init(count: 0, perToken: 0, intermediate: 0, denseLayers: -1))
    #expect(negative.faults.count >= 8)
  }
}
