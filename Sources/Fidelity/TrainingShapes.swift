import DryRack

/// Shapes of models that published training runs name and the catalogue has no entry for.
enum TrainingShapes {
  /// - Parameter name: as a row writes it, in small letters.
  static func named(_ name: String, layers: Int?, hidden: Int?, heads: Int?, billions: Double?) -> ModelShape?
  {
    if let known = catalogued(name) { return known }
    if let known = published(name) { return known }
    guard let layers, let hidden, let heads, heads > 0, hidden > 0 else { return nil }
    return derived(name, layers: layers, hidden: hidden, heads: heads, billions: billions)
  }

  private static func catalogued(_ name: String) -> ModelShape? {
    let pairs = [
      ("llama3.1_405b", "llama-3.1-405b"), ("llama31_405b", "llama-3.1-405b"),
      ("llama3.1-405b", "llama-3.1-405b"), ("llama3_70b", "llama-3.1-70b"), ("llama3-70b", "llama-3.1-70b"),
      ("llama3.1-70b", "llama-3.1-70b"), ("llama3_8b", "llama-3.1-8b"), ("llama3-8b", "llama-3.1-8b"),
      ("llama3.1-8b", "llama-3.1-8b"), ("llama2_70b", "llama-2-70b"), ("llama2-70b", "llama-2-70b"),
      ("llama2-7b", "llama-2-7b"), ("deepseekv3", "deepseek-v3"), ("deepseek-v3", "deepseek-v3"),
      ("gpt oss 120b", "gpt-oss-120b"), ("gpt-oss-120b", "gpt-oss-120b"), ("gpt oss 20b", "gpt-oss-20b"),
      ("qwen3_30b_a3b", "qwen3-30b-a3b"), ("qwen3-30b-a3b", "qwen3-30b-a3b"),
      ("qwen3_235b_a22b", "qwen3-235b-a22b"), ("qwen3-235b-a22b", "qwen3-235b-a22b"),
      ("kimi_k2", "kimi-k2.5"), ("mixtral-8x7b", "mixtral-8x7b"), ("mixtral-8x22b", "mixtral-8x22b"),
      ("mistral-7b", "mistral-7b"), ("gpt3-175b", "gpt-3-175b"), ("gpt-3 175b", "gpt-3-175b"),
      ("qwen3-8b", "qwen3-8b"), ("qwen3-14b", "qwen3-14b"), ("qwen3-32b", "qwen3-32b"),
    ]
    if name == "gpt3" { return Catalog.builtIn.model("gpt-3-175b") }
    return pairs.first { name.hasPrefix($0.0) }.flatMap { Catalog.builtIn.model($0.1) }
  }

  /// A transformer of GPT's kind: no gate, all heads with keys of their own.
  private static func gpt(
    _ name: String, _ layers: Int, _ hidden: Int, _ heads: Int, groups: Int? = nil, width: Int? = nil,
    vocabulary: Int = 51_200, tied: Bool = true
  ) -> ModelShape {
    ModelShape(
      name: name, layers: layers, hidden: hidden, heads: heads, keyValueHeads: groups ?? heads,
      headSize: hidden / heads, intermediate: width ?? 4 * hidden, vocabulary: vocabulary, gated: false,
      tiedEmbeddings: tied)
  }

  /// From the frameworks' recipes: NeMo's launcher (GPT-3 5B and 20B, Nemotron), the models' configs.
  private static func published(_ name: String) -> ModelShape? {
    switch name {
    case "gpt3-5b": gpt(name, 24, 4096, 32)
    case "gpt3-20b": gpt(name, 44, 6144, 48)
    case "nemotron-8b": gpt(name, 32, 4096, 32, vocabulary: 256_000, tied: false)
    case "nemotron-22b": gpt(name, 40, 6144, 48, groups: 8, vocabulary: 256_000, tied: false)
    case "nemotron-340b":
      gpt(name, 96, 18_432, 96, groups: 8, width: 73_728, vocabulary: 256_000, tied: false)
    case "llama2-13b":
      ModelShape(
        name: name, layers: 40, hidden: 5120, heads: 40, keyValueHeads: 40, headSize: 128,
        intermediate: 13_824,
        vocabulary: 32_000)
    case "gemma3-12b-maxtext", "gemma3-12b":
      ModelShape(
        name: name, layers: 48, hidden: 3840, heads: 16, keyValueHeads: 8, headSize: 256,
        intermediate: 15_360,
        vocabulary: 262_144, tiedEmbeddings: true, slidingWindow: 1024, slidingWindowLayers: 40)
    // Hybrids of Mamba-2 and attention: a Mamba layer's two projections stand as an attention layer's of the
    // same weights that keeps no keys, paired with the feed-forward layer behind it.
    case "nemotron_3_nano":
      ModelShape(
        name: name, layers: 26, hidden: 2688, heads: 48, keyValueHeads: 8, headSize: 128, intermediate: 0,
        vocabulary: 131_072, gated: false,
        experts: ModelShape.Experts(
          count: 128, perToken: 6, intermediate: 1856, shared: 1, sharedIntermediate: 3712),
        keyValueLayers: 6)
    default: nil
    }
  }

  /// A shape of which a row states layers, width, heads and weights. MPT is GPT's kind with 50,368 tokens and
  /// tied embeddings; Megatron's own GPT has 51,200 tokens, and 131,072 untied in the table of 2024; others
  /// have what width of the feed-forward block is left of their weights.
  private static func derived(
    _ name: String, layers: Int, hidden: Int, heads: Int, billions: Double?
  ) -> ModelShape {
    if name.hasPrefix("mpt") { return gpt(name, layers, hidden, heads, vocabulary: 50_368) }
    if name.hasPrefix("gpt") { return gpt(name, layers, hidden, heads) }
    var shape = ModelShape(
      name: name, layers: layers, hidden: hidden, heads: heads, keyValueHeads: heads,
      headSize: hidden / heads,
      intermediate: 4 * hidden, vocabulary: 51_200, gated: true)
    if let billions {
      let others = shape.parameters - Double(layers) * shape.denseWeightsPerLayer
      let width = (billions * 1e9 - others) / (3 * Double(layers) * Double(hidden))
      if width > Double(hidden) { shape.intermediate = Int(width) }
    }
    return shape
  }
}
