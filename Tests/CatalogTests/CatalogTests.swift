import Catalog
import Testing

@Suite struct CatalogTests {
  let catalog = Catalog.builtIn

  @Test func everyNameOfTheFormatIsKnown() {
    let accelerators =
      """
      a100-sxm-40gb a100-sxm-80gb a100-pcie-80gb h100-sxm h100-pcie h100-nvl h200-sxm h200-nvl \
      gh200 b200-sxm b300-sxm gb200 gb300 l4 l40s a10g h20 rtx-4090 rtx-pro-6000 mi300x mi325x \
      mi355x gaudi3 tpu-v5e tpu-v5p tpu-v6e tpu-v7 trainium2 inferentia2 xeon-6 epyc-9005 \
      graviton4
      """
    for name in accelerators.split(separator: " ") {
      #expect(catalog.accelerator(String(name)) != nil, "\(name)")
    }
    let models =
      """
      llama-2-7b llama-2-70b llama-3.1-8b llama-3.1-70b llama-3.1-405b llama-3.3-70b \
      codellama-34b yi-34b mixtral-8x7b mixtral-8x22b qwen3-8b qwen3-14b qwen3-32b qwen3-30b-a3b \
      qwen3-235b-a22b qwen3.5-397b-a17b deepseek-v3 deepseek-r1 gpt-oss-20b gpt-oss-120b \
      minimax-m2.5 kimi-k2.5 glm-5 gpt-3-175b
      """
    for name in models.split(separator: " ") { #expect(catalog.model(String(name)) != nil, "\(name)") }
    for name in "fp32 tf32 fp16 bf16 fp8 fp8-block int8 int8-weight-only int4-weight-only nvfp4 mxfp4".split(
      separator: " ")
    {
      #expect(catalog.precision(String(name)) != nil, "\(name)")
    }
    for name in "vllm tensorrt-llm sglang tgi triton llama-cpp".split(separator: " ") {
      #expect(catalog.engine(String(name)) != nil, "\(name)")
    }
    for name in catalog.names(of: .nodes) {
      let node = catalog.node(name)
      #expect(node.flatMap { catalog.accelerator($0.accelerator) } != nil, "\(name)")
    }
    for name in catalog.names(of: .endpoints) { #expect(catalog.endpoint(name) != nil, "\(name)") }
  }

  @Test func everyFactHasASourceAndADate() {
    for kind in Kind.allCases {
      for fact in catalog.facts(of: kind) {
        #expect(catalog.source(fact.source) != nil, "\(kind) \(fact.name) \(fact.key)")
        #expect(!fact.date.isEmpty, "\(kind) \(fact.name) \(fact.key)")
      }
    }
  }

  @Test(arguments: [
    ("llama-2-7b", 6.74e9), ("llama-3.1-8b", 8.03e9), ("llama-3.1-70b", 70.6e9), ("llama-3.1-405b", 405.9e9),
    ("mixtral-8x7b", 46.7e9), ("qwen3-30b-a3b", 30.5e9), ("deepseek-v3", 671e9), ("gpt-3-175b", 175e9),
  ])
  func parametersAreThePublishedOnes(name: String, published: Double) throws {
    let model = try #require(catalog.model(name))
    #expect(abs(model.parameters / published - 1) < 0.015, "\(name): \(model.parameters)")
  }

  @Test func llama70BKeeps327680BytesAToken() throws {
    #expect(try #require(catalog.model("llama-3.1-70b")).keyValueElementsPerToken * 2 == 327_680)
  }
}
