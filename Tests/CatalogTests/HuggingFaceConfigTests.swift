import Testing

@testable import Catalog

struct HuggingFaceConfigTests {
  private func read(_ text: String) throws(ConfigFault) -> ModelShape {
    try HuggingFaceConfig.modelShape(from: Array(text.utf8), name: "sample")
  }

  private func fault(_ text: String) -> String? {
    do throws(ConfigFault) {
      _ = try read(text)
      return nil
    } catch { return error.description }
  }

  private func expectSame(_ shape: ModelShape, as name: String) throws {
    var known = try #require(Catalog.builtIn.model(name))
    known.name = shape.name
    #expect(shape == known)
  }

  static let llama = """
    {"architectures": ["LlamaForCausalLM"], "hidden_size": 8192, "intermediate_size": 28672,
     "max_position_embeddings": 131072, "model_type": "llama", "num_attention_heads": 64,
     "num_hidden_layers": 80, "num_key_value_heads": 8,
     "rope_scaling": {"factor": 8.0, "rope_type": "llama3"}, "tie_word_embeddings": false,
     "torch_dtype": "bfloat16", "vocab_size": 128256, "sliding_window": null}
    """

  @Test("a Llama config without head_dim gives the catalogue's own shape")
  func llamaConfig() throws { try expectSame(read(Self.llama), as: "llama-3.1-70b") }

  @Test("heads times head_dim may differ from the hidden width")
  func qwen() throws {
    let shape = try read(
      """
      {"hidden_size": 5120, "intermediate_size": 25600, "num_attention_heads": 64, "num_hidden_layers": 64,
       "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936, "tie_word_embeddings": false,
       "use_sliding_window": false, "sliding_window": 4096, "max_position_embeddings": 40960}
      """)
    try expectSame(shape, as: "qwen3-32b")
  }

  @Test("Mixtral names the experts' width as others name the dense one")
  func mixtral() throws {
    let shape = try read(
      """
      {"hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32, "num_hidden_layers": 32,
       "num_key_value_heads": 8, "vocab_size": 32000, "num_local_experts": 8, "num_experts_per_tok": 2,
       "model_type": "mixtral", "max_position_embeddings": 32768}
      """)
    #expect(shape.experts == .init(count: 8, perToken: 2, intermediate: 14336))
    #expect(shape.parameters == Catalog.builtIn.model("mixtral-8x7b")?.parameters)
  }

  @Test("DeepSeek's latent attention, shared expert and dense layers are read")
  func deepSeek() throws {
    let shape = try read(
      """
      {"hidden_size": 7168, "intermediate_size": 18432, "num_attention_heads": 128, "num_hidden_layers": 61,
       "num_key_value_heads": 128, "vocab_size": 129280, "n_routed_experts": 256, "num_experts_per_tok": 8,
       "moe_intermediate_size": 2048, "n_shared_experts": 1, "first_k_dense_replace": 3, "kv_lora_rank": 512,
       "q_lora_rank": 1536, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128,
       "model_type": "deepseek_v3", "tie_word_embeddings": false, "max_position_embeddings": 163840}
      """)
    try expectSame(shape, as: "deepseek-v3")
  }

  @Test("a language model inside of another is found, with its kinds of layers")
  func nested() throws {
    let kinds = (0..<6).map { $0 % 3 == 2 ? "\"full_attention\"" : "\"sliding_attention\"" }
    let shape = try read(
      """
      {"model_type": "seeing", "vision_config": {"hidden_size": 9, "num_hidden_layers": 2}, "text_config":
       {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4, "num_hidden_layers": 6,
        "vocab_size": 100, "sliding_window": 16, "layer_types": [\(kinds.joined(separator: ","))]}}
      """)
    #expect(shape.layers == 6 && shape.slidingWindow == 16 && shape.slidingWindowLayers == 4)
    #expect(shape.keyValueLayers == 6 && shape.keyValueHeads == 4 && shape.headSize == 16)
  }

  @Test("linear-attention layers keep no keys and values")
  func hybrid() throws {
    let shape = try read(
      """
      {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4, "num_hidden_layers": 8,
       "vocab_size": 100, "full_attention_interval": 4}
      """)
    #expect(shape.keyValueLayers == 2)
    #expect(shape.keyValueElementsPerToken == 2 * 2 * 4 * 16)
  }

  @Test("a missing, wrong or absurd key is named in a sentence")
  func namedFaults() {
    func changed(_ from: String, _ to: String) -> String? {
      let parts = Self.llama.split(separator: from, maxSplits: 1, omittingEmptySubsequences: false)
      return fault(parts.joined(separator: to))
    }
    #expect(changed("\"num_hidden_layers\": 80", "\"other\": 80")?.contains("num_hidden_layers") == true)
    #expect(changed("\"hidden_size\": 8192", "\"hidden_size\": \"wide\"")?.contains("hidden_size") == true)
    #expect(changed("\"hidden_size\": 8192", "\"hidden_size\": 8192.5")?.contains("whole number") == true)
    #expect(
      changed("\"num_attention_heads\": 64", "\"num_attention_heads\": 0")?.contains("positive") == true)
    #expect(
      changed("\"num_hidden_layers\": 80", "\"num_hidden_layers\": 1e300")?.contains("num_hidden") == true)
    #expect(
      changed("\"num_hidden_layers\": 80", "\"num_hidden_layers\": 999999999")?.contains("layers") == true)
    #expect(changed("\"num_key_value_heads\": 8", "\"num_key_value_heads\": 7")?.contains("evenly") == true)
    #expect(changed("\"num_key_value_heads\": 8", "\"num_key_value_heads\": -8") != nil)
    #expect(
      changed("\"vocab_size\": 128256", "\"vocab_size\": 5, \"vocab_size\": 6")?.contains("twice") == true)
    #expect(changed("\"vocab_size\": 128256", "\"vocab_size\": NaN")?.contains("NaN") == true)
  }

  @Test("layouts that a shape cannot describe are refused")
  func unknownLayouts() {
    #expect(fault("{\"block_configs\": [], \"num_hidden_layers\": 3}")?.contains("block_configs") == true)
    #expect(
      fault("{\"hybrid_override_pattern\": \"M-*\", \"num_hidden_layers\": 3}")?.contains("state") == true)
    #expect(
      fault("{\"model_type\": \"nemotron_h\", \"num_hidden_layers\": 3}")?.contains("nemotron_h") == true)
    #expect(fault("{\"is_encoder_decoder\": true, \"num_hidden_layers\": 3}")?.contains("encoder") == true)
  }

  @Test(
    "hostile documents end in a fault",
    arguments: [
      "", " ", "[]", "3", "null", "\"", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "[1,]", "{}x",
      "tru",
      "-", "1e999", "0x10", "--1", "\"\\", "\"\\u12", "\"\\ud800\"", "\"\\q\"", "{1:2}", "{\"a\" 1}", "\u{0}",
      "{\"num_hidden_layers\":{}}", "{\"text_config\":{\"text_config\":{}}}",
    ])
  func hostile(document: String) { #expect(fault(document) != nil) }

  @Test("depth, size and bad encoding are refused")
  func bounds() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(fault(deep)?.contains("64 levels") == true)
    let large = [UInt8](repeating: 0x20, count: JSONReader.maximumSize + 1)
    #expect(throws: ConfigFault.self) { try HuggingFaceConfig.modelShape(from: large, name: "large") }
    #expect(throws: ConfigFault.self) {
      try HuggingFaceConfig.modelShape(from: [0x7b, 0xff, 0x7d], name: "bytes")
    }
    let members = (0..<5000).map { "\"k\($0)\":1" }.joined(separator: ",")
    #expect(fault("{\(members)}")?.contains("4096") == true)
  }

  @Test("every truncation and many single-byte changes of a good file end in a shape or a fault")
  func mutations() {
    let bytes = Array(Self.llama.utf8)
    for length in 0..<bytes.count {
      #expect(throws: ConfigFault.self) {
        try HuggingFaceConfig.modelShape(from: Array(bytes.prefix(length)), name: "short")
      }
    }
    for position in stride(from: 0, to: bytes.count, by: 3) {
      for byte: UInt8 in [0x00, 0x22, 0x2d, 0x39, 0x5b, 0x7d, 0x80, 0xff] {
        var changed = bytes
        changed[position] = byte
        if let shape = try? HuggingFaceConfig.modelShape(from: changed, name: "changed") {
          #expect(shape.faults == [])
        }
      }
    }
  }
}
