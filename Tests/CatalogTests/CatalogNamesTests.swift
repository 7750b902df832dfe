import Testing

@testable import Catalog

/// The names that scenario files may use are a promise; each must resolve to a usable entry.
struct CatalogNamesTests {
  static func words(_ text: String) -> [String] {
    text.split(whereSeparator: \.isWhitespace).map(String.init)
  }

  static let accelerators = words(
    """
    a100-sxm-40gb a100-sxm-80gb a100-pcie-80gb h100-sxm h100-pcie h100-nvl h200-sxm h200-nvl gh200 b200-sxm
    b300-sxm gb200 gb300 l4 l40s a10g h20 rtx-4090 rtx-pro-6000 mi300x mi325x mi355x gaudi3 tpu-v5e tpu-v5p
    tpu-v6e tpu-v7 trainium2 inferentia2 xeon-6 epyc-9005 graviton4
    """)
  static let models = words(
    """
    llama-2-7b llama-2-70b llama-3.1-8b llama-3.1-70b llama-3.1-405b llama-3.3-70b codellama-34b yi-34b
    mixtral-8x7b mixtral-8x22b qwen3-8b qwen3-14b qwen3-32b qwen3-30b-a3b qwen3-235b-a22b qwen3.5-397b-a17b
    deepseek-v3 deepseek-r1 gpt-oss-20b gpt-oss-120b minimax-m2.5 kimi-k2.5 glm-5 gpt-3-175b
    """)
  static let fabrics = words(
    """
    infiniband-hdr infiniband-ndr infiniband-xdr roce-100g roce-200g roce-400g roce-800g ethernet-10g
    ethernet-25g ethernet-100g ethernet-400g ethernet-800g efa-400g efa-3200g
    """)
  static let precisions = words(
    "fp32 tf32 fp16 bf16 fp8 fp8-block int8 int8-weight-only int4-weight-only nvfp4 mxfp4")
  static let nodes = words(
    """
    hgx-h100 hgx-h200 hgx-b200 hgx-b300 dgx-h100 dgx-h200 dgx-b200 dgx-a100 hgx-a100 mi300x-8 mi325x-8
    mi355x-8 gaudi3-8 gb200-nvl72 l40s-8 rtx-pro-6000-8 p4d.24xlarge p4de.24xlarge p5.48xlarge p5.4xlarge
    p5en.48xlarge p6-b200.48xlarge p6-b300.48xlarge g5.xlarge g5.48xlarge g6.xlarge g6.48xlarge g6e.xlarge
    g6e.48xlarge trn2.48xlarge inf2.48xlarge a2-highgpu-8g a2-ultragpu-8g a3-highgpu-8g a3-megagpu-8g
    a3-ultragpu-8g a4-highgpu-8g g2-standard-4 nd96isr-h100-v5 nd96isr-h200-v5 nc40ads-h100-v5
    """)
  static let engines = words("vllm tensorrt-llm sglang tgi triton llama-cpp")
  static let endpoints = words(
    """
    together-llama-3.1-70b together-llama-3.3-70b together-llama-3.1-8b groq-llama-3.3-70b
    deepseek-deepseek-v3.2
    """
  )

  @Test("every promised accelerator has memory, bandwidth, arithmetic and power", arguments: accelerators)
  func accelerator(name: String) throws {
    let bf16 = try #require(Catalog.builtIn.precision("bf16"))
    let found = try #require(Catalog.builtIn.accelerator(name))
    #expect(found.name == name)
    #expect(found.denseFlops(for: bf16) ?? .zero > .zero)
    #expect(found.memory > .zero && found.memoryBandwidth > .zero && found.pcieBandwidth > .zero)
    #expect(found.power > found.idlePower && found.idlePower > .zero)
    #expect(found.scaleUpDomain >= 1 && found.scaleUpBandwidth > .zero)
  }

  @Test("every promised model is a shape without fault", arguments: models)
  func model(name: String) throws {
    #expect(try #require(Catalog.builtIn.model(name)).faults == [])
  }

  @Test("every promised fabric has a rate and a latency", arguments: fabrics)
  func fabric(name: String) throws {
    let found = try #require(Catalog.builtIn.fabric(name))
    #expect(found.linkBandwidth > .zero && found.latency > .zero)
  }

  @Test("every promised precision has widths", arguments: precisions)
  func precision(name: String) throws {
    let found = try #require(Catalog.builtIn.precision(name))
    #expect(found.bytesPerWeight > 0 && found.bytesPerActivation > 0)
    #expect(found.isWeightOnly == (name.hasSuffix("weight-only") || name == "mxfp4"))
  }

  @Test("every promised engine has defaults in range", arguments: engines)
  func engine(name: String) throws {
    let found = try #require(Catalog.builtIn.engine(name))
    #expect(found.blockSize > 0 && (0...1).contains(found.memoryUtilization))
    #expect(
      found.stepOverhead > .zero && found.layerOverhead > .zero && found.frontEnd > .zero)
  }

  @Test("every promised endpoint has prices and a speed", arguments: endpoints)
  func endpoint(name: String) throws {
    let found = try #require(Catalog.builtIn.endpoint(name))
    #expect(found.inputPricePerMillion > .zero && found.outputPricePerMillion > .zero)
    #expect(found.outputTokensPerSecond > 0 && found.ttftBaseSeconds > 0)
  }

  @Test("every promised node is there", arguments: nodes)
  func node(name: String) { #expect(Catalog.builtIn.node(name) != nil) }

  @Test("every entry there is resolves, and nodes hold accelerators of the catalogue")
  func everyEntryResolves() throws {
    let catalog = Catalog.builtIn
    for name in catalog.names(of: .accelerators) { #expect(catalog.accelerator(name) != nil, "\(name)") }
    for name in catalog.names(of: .models) { #expect(catalog.model(name)?.faults == [], "\(name)") }
    for name in catalog.names(of: .endpoints) { #expect(catalog.endpoint(name) != nil, "\(name)") }
    for name in catalog.names(of: .fabrics) { #expect(catalog.fabric(name) != nil, "\(name)") }
    for name in catalog.writableNames(of: .engines) { #expect(catalog.engine(name) != nil, "\(name)") }
    for name in catalog.names(of: .precisions) { #expect(catalog.precision(name) != nil, "\(name)") }
    for name in catalog.names(of: .nodes) {
      let node = try #require(catalog.node(name))
      #expect(catalog.accelerator(node.accelerator) != nil, "\(name)")
      #expect(node.accelerators > 0 && node.power > node.idlePower && node.nicBandwidth > .zero, "\(name)")
    }
  }

  @Test("an unknown name is nil and never another entry")
  func unknownNames() {
    #expect(Catalog.builtIn.accelerator("h100") == nil)
    #expect(Catalog.builtIn.model("") == nil)
    #expect(Catalog.builtIn.rows(of: .nodes, named: "name") == [])
  }

  @Test("the driver reports a little less memory than the datasheet promises")
  func driverMemory() throws {
    let h100 = try #require(Catalog.builtIn.accelerator("h100-sxm"))
    #expect(abs(h100.driverMemory.value - 84.94e9) < 0.05e9)
    for name in Catalog.builtIn.names(of: .accelerators) {
      let found = try #require(Catalog.builtIn.accelerator(name))
      // Datasheets count "GB" sometimes in powers of two; nothing reports more than that.
      #expect(found.driverMemory.value <= found.memory.value * 1.0738, "\(name)")
      #expect(found.driverMemory.value >= found.memory.value * 0.97, "\(name)")
    }
  }

  @Test("an accelerator without a unit for a precision says so and computes in bf16")
  func missingUnit() throws {
    let a100 = try #require(Catalog.builtIn.accelerator("a100-sxm-80gb"))
    let fp8 = try #require(Catalog.builtIn.precision("fp8"))
    #expect(a100.denseFlops(for: fp8) == nil)
    #expect(a100.peakFlops(for: fp8) == a100.bf16Peak)
    let h100 = try #require(Catalog.builtIn.accelerator("h100-sxm"))
    #expect(h100.denseFlops(for: fp8)?.value == 1979e12)
  }
}
