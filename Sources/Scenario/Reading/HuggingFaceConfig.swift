import Catalog
import Foundation

/// Reads the shape of a model from a Hugging Face `config.json`.
public enum HuggingFaceConfig {
  public struct Failure: Error, Sendable {
    public var message: String
  }

  /// Keys are those of Llama-, Mixtral-, Qwen- and DeepSeek-like models; a nested `text_config` is
  /// followed.
  public static func modelShape(from bytes: [UInt8], name: String) -> Result<ModelShape, Failure> {
    guard let object = try? JSONSerialization.jsonObject(with: Data(bytes)),
      var config = object as? [String: Any]
    else {
      return .failure(Failure(message: "not a JSON object"))
    }
    if let text = config["text_config"] as? [String: Any] { config = text }
    func integer(_ keys: String...) -> Int? {
      for key in keys {
        if let number = config[key] as? NSNumber, number.doubleValue > 0, number.doubleValue < 1e9 {
          return number.intValue
        }
      }
      return nil
    }
    guard let layers = integer("num_hidden_layers", "n_layer"), let hidden = integer("hidden_size", "n_embd"),
      let heads = integer("num_attention_heads", "n_head"), let vocabulary = integer("vocab_size")
    else {
      return .failure(
        Failure(message: "lacks num_hidden_layers, hidden_size, num_attention_heads or vocab_size"))
    }
    let intermediate = integer("intermediate_size", "n_inner") ?? 4 * hidden
    var experts: ModelShape.Experts?
    if let count = integer("num_local_experts", "n_routed_experts", "num_experts") {
      let width = integer("moe_intermediate_size") ?? intermediate
      let shared = integer("n_shared_experts") ?? (integer("shared_expert_intermediate_size") == nil ? 0 : 1)
      experts = .init(
        count: count, perToken: min(count, integer("num_experts_per_tok") ?? 1), intermediate: width,
        shared: shared,
        sharedIntermediate: integer("shared_expert_intermediate_size") ?? shared * width,
        denseLayers: min(layers, integer("first_k_dense_replace") ?? 0))
    }
    let latent = integer("kv_lora_rank").map {
      ModelShape.LatentAttention(
        keyValueRank: $0, queryRank: integer("q_lora_rank") ?? 0,
        ropeHeadSize: integer("qk_rope_head_dim") ?? 64,
        nopeHeadSize: integer("qk_nope_head_dim") ?? 128, valueHeadSize: integer("v_head_dim") ?? 128)
    }
    return .success(
      ModelShape(
        name: name, layers: layers, hidden: hidden, heads: heads,
        keyValueHeads: min(heads, integer("num_key_value_heads") ?? heads),
        headSize: integer("head_dim") ?? max(1, hidden / heads), intermediate: intermediate,
        vocabulary: vocabulary,
        tiedEmbeddings: config["tie_word_embeddings"] as? Bool ?? false, experts: experts,
        latentAttention: latent,
        maximumContext: integer("max_position_embeddings") ?? 131_072))
  }
}
