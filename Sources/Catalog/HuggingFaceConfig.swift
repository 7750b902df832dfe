/// Reads the shape of a model from the `config.json` published beside its weights.
///
/// Keys as the Transformers library names them. What is missing is filled in as that library does:
/// a head is `hidden_size / num_attention_heads` wide, keys and values have as many heads as queries.
public enum HuggingFaceConfig {
  /// - Parameters:
  ///   - data: The file's bytes, JSON, at most 4 MiB.
  ///   - name: The name the shape gets.
  /// - Throws: A `ConfigFault` for anything that is not a transformer this simulator can describe;
  ///   it never guesses a missing layer count and never traps.
  /// - Complexity: O(bytes).
  public static func modelShape(from data: [UInt8], name: String) throws(ConfigFault) -> ModelShape {
    let document = try JSONReader.read(data)
    guard case .object = document else { throw ConfigFault("the document is not an object", at: nil) }
    let config = ConfigReader(languageModel(of: document))
    try config.refuseUnknownLayouts()
    let shape = try config.shape(name: name)
    if let fault = shape.faults.first { throw ConfigFault(fault, at: nil) }
    return shape
  }

  /// Models that see or hear keep the language model's keys one level down.
  private static func languageModel(of document: JSONValue) -> JSONValue {
    guard document["num_hidden_layers"] == nil else { return document }
    for name in ["text_config", "llm_config", "language_config", "thinker_config"] {
      if let inner = document[name], case .object = inner { return languageModel(of: inner) }
    }
    return document
  }
}

/// Typed access to one config object.
private struct ConfigReader {
  let config: JSONValue

  init(_ config: JSONValue) { self.config = config }

  /// The whole number under the first of `names` that is there.
  func integer(_ names: String...) throws(ConfigFault) -> Int? {
    for name in names {
      guard let value = config[name] else { continue }
      guard case .number(let number) = value, let whole = Int(exactly: number) else {
        throw ConfigFault("\"\(name)\" is not a whole number", at: nil)
      }
      guard whole.magnitude <= 1_000_000_000_000 else {
        throw ConfigFault("\"\(name)\" is absurdly large", at: nil)
      }
      return whole
    }
    return nil
  }

  func required(_ name: String, _ meaning: String) throws(ConfigFault) -> Int {
    guard let value = try integer(name) else {
      throw ConfigFault("\"\(name)\", \(meaning), is missing", at: nil)
    }
    guard value > 0 else { throw ConfigFault("\"\(name)\" is \(value); it must be positive", at: nil) }
    return value
  }

  func flag(_ name: String) -> Bool? {
    if case .bool(let value)? = config[name] { value } else { nil }
  }

  func text(_ name: String) -> String? {
    if case .string(let value)? = config[name] { value } else { nil }
  }

  /// Layouts whose layers differ in ways that a `ModelShape` has no words for.
  func refuseUnknownLayouts() throws(ConfigFault) {
    if config["block_configs"] != nil {
      throw ConfigFault("layers of different shapes (\"block_configs\") cannot be described", at: nil)
    }
    if config["hybrid_override_pattern"] != nil || config["ssm_state_size"] != nil
      || config["state_size"] != nil
    {
      throw ConfigFault("state-space layers cannot be described", at: nil)
    }
    let family = text("model_type") ?? ""
    if ["nemotron_h", "nemotron-nas", "kimi_linear", "mamba", "mamba2", "jamba", "zamba2"].contains(family) {
      throw ConfigFault("models of type \"\(family)\" have layers that cannot be described", at: nil)
    }
    if flag("is_encoder_decoder") == true {
      throw ConfigFault("an encoder-decoder model cannot be described; only decoders can", at: nil)
    }
  }

  func shape(name: String) throws(ConfigFault) -> ModelShape {
    let layers = try required("num_hidden_layers", "the number of layers")
    let hidden = try required("hidden_size", "the hidden width")
    let heads = try required("num_attention_heads", "the number of heads")
    let experts = try experts(layers: layers)
    let intermediate = try integer("intermediate_size_mlp", "intermediate_size", "ffn_hidden_size")
    let latent = try latentAttention()
    // `head_dim` of some latent-attention configs names the rope part alone: the ranks say it all.
    let headSize = try integer("head_dim") ?? hidden / heads
    let context = try integer("max_position_embeddings", "max_sequence_length", "n_positions") ?? 131_072
    let kinds = try layerKinds(layers: layers, context: context)
    return ModelShape(
      name: name, layers: layers, hidden: hidden, heads: heads,
      keyValueHeads: try integer("num_key_value_heads", "num_kv_heads") ?? heads, headSize: headSize,
      intermediate: intermediate ?? (experts == nil ? 4 * hidden : 0),
      vocabulary: try required("vocab_size", "the vocabulary"), gated: isGated,
      tiedEmbeddings: flag("tie_word_embeddings") ?? false, experts: experts, latentAttention: latent,
      slidingWindow: kinds.window, slidingWindowLayers: kinds.windowLayers,
      keyValueLayers: kinds.keyValueLayers,
      maximumContext: context)
  }

  /// Families whose feed-forward block has two matrices; all newer ones have a gate.
  private var isGated: Bool {
    !["gpt2", "gpt_neox", "gptj", "opt", "bloom", "falcon", "phi", "starcoder2", "nemotron"]
      .contains(text("model_type") ?? "")
  }

  private func experts(layers: Int) throws(ConfigFault) -> ModelShape.Experts? {
    guard let count = try integer("n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts"),
      count > 0
    else { return nil }
    guard
      let perToken = try integer("num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_top_k")
    else {
      throw ConfigFault("\"num_experts_per_tok\", the number of experts per token, is missing", at: nil)
    }
    // Mixtral and its kin write the experts' width where others write the dense blocks'.
    guard let width = try integer("moe_intermediate_size", "intermediate_size") else {
      throw ConfigFault("\"moe_intermediate_size\", the experts' width, is missing", at: nil)
    }
    let sharedWidth = try integer("shared_expert_intermediate_size")
    var shared = try integer("n_shared_experts", "num_shared_experts") ?? ((sharedWidth ?? 0) > 0 ? 1 : 0)
    if text("model_type")?.hasPrefix("llama4") == true { shared = max(shared, 1) }
    let (product, overflow) = shared.multipliedReportingOverflow(by: width)
    guard !overflow else { throw ConfigFault("the shared experts are absurdly wide", at: nil) }
    return ModelShape.Experts(
      count: count, perToken: perToken, intermediate: width, shared: shared,
      sharedIntermediate: sharedWidth ?? product, denseLayers: try denseLayers(layers: layers))
  }

  private func denseLayers(layers: Int) throws(ConfigFault) -> Int {
    if let leading = try integer("first_k_dense_replace") { return leading }
    if case .array(let dense)? = config["mlp_only_layers"], !dense.isEmpty { return dense.count }
    // One layer in so many has experts.
    if let step = try integer("interleave_moe_layer_step", "decoder_sparse_step"), step > 1 {
      return layers - layers / step
    }
    return 0
  }

  private func latentAttention() throws(ConfigFault) -> ModelShape.LatentAttention? {
    guard let rank = try integer("kv_lora_rank") else {
      // A query rank without a key-value rank is a newer compression than the one described here.
      if try integer("q_lora_rank") != nil, config["qk_rope_head_dim"] != nil {
        throw ConfigFault(
          "\"kv_lora_rank\" is missing: this kind of compressed attention is not known", at: nil)
      }
      return nil
    }
    return ModelShape.LatentAttention(
      keyValueRank: rank, queryRank: try integer("q_lora_rank") ?? 0,
      ropeHeadSize: try required("qk_rope_head_dim", "the rope part of a head"),
      nopeHeadSize: try required("qk_nope_head_dim", "the other part of a head"),
      valueHeadSize: try required("v_head_dim", "the value head size"))
  }

  private struct LayerKinds {
    var window: Int?
    var windowLayers: Int?
    var keyValueLayers: Int?
  }

  /// Which layers look back on a window only, and which keep no keys and values at all.
  private func layerKinds(layers: Int, context: Int) throws(ConfigFault) -> LayerKinds {
    var kinds = LayerKinds()
    // Qwen 2 writes a window and then switches it off; a window as wide as the context is none.
    if flag("use_sliding_window") != false { kinds.window = try integer("sliding_window") }
    if let window = kinds.window, window >= context { kinds.window = nil }
    if case .array(let list)? = config["layer_types"] {
      let names = list.map { if case .string(let name) = $0 { name } else { "" } }
      guard names.count == layers else {
        throw ConfigFault("\"layer_types\" lists \(names.count) layers where there are \(layers)", at: nil)
      }
      kinds.keyValueLayers = names.filter { !$0.hasPrefix("linear") }.count
      kinds.windowLayers = kinds.window == nil ? 0 : names.filter { $0.hasPrefix("sliding") }.count
    } else if let interval = try integer("full_attention_interval"), interval > 0 {
      kinds.keyValueLayers = layers / interval
    } else if let pattern = try integer("sliding_window_pattern"), pattern > 0, kinds.window != nil {
      kinds.windowLayers = layers - layers / pattern
    } else if text("model_type") == "gpt_oss", kinds.window != nil {
      kinds.windowLayers = (layers + 1) / 2
    }
    if kinds.windowLayers == 0 { kinds.window = nil }
    return kinds
  }
}
