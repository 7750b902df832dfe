import Catalog
import Foundation
import Scenario
import Testing

/// What an engine or a provider would refuse, or give in another way than written.
@Suite("What can be deployed")
struct DeployableTests {
  static func text(
    model: String = "llama-3.1-70b", service: String, node: String = "hgx-h100", prompt: String = "1000",
    site: String = "kind: on-prem", pool: String = "purchase: { price: 280000 USD }"
  ) -> String {
    """
    version: 1
    name: deployable
    duration: 1m
    workloads:
      chat:
        kind: inference
        model: \(model)
        arrivals: { process: poisson, rate: 2/s }
        prompt-tokens: { distribution: constant, value: \(prompt) }
        output-tokens: { distribution: constant, value: 50 }
    designs:
      one:
        sites: { dc: { \(site) } }
        pools: { gpu: { site: dc, node: \(node), count: 8, \(pool) } }
        services: { chat: { workload: chat, \(service) } }
    """
  }

  static func notes(_ text: String) throws -> [String] { try FaultTests.read(text).get().notes }

  @Test(
    "tensor ranks share the heads evenly or the scenario is refused, and nothing else is refused for it",
    arguments: ["llama-3.1-8b", "qwen3-14b", "qwen3-30b-a3b", "deepseek-v3", "gpt-oss-20b"])
  func heads(model: String) throws {
    let shape = try #require(Catalog.builtIn.model(model))
    for tensor in 1...8 {
      let text = Self.text(
        model: model, service: "pool: gpu, replicas: 1, parallelism: { tensor: \(tensor), pipeline: 8 }")
      let kv = shape.keyValueHeads
      let isEven =
        shape.heads % tensor == 0 && (shape.latentAttention != nil || kv % tensor == 0 || tensor % kv == 0)
      let faults = FaultTests.faults(text).filter { $0.message.contains("heads of \(model) evenly") }
      #expect(faults.isEmpty == isEven, "tensor \(tensor)")
      #expect(faults.allSatisfy { $0.path.hasSuffix("parallelism.tensor") && $0.line == 15 })
    }
  }

  @Test("groups of layers hold a layer at least")
  func layers() {
    let text = Self.text(service: "pool: gpu, replicas: 1, parallelism: { pipeline: 81 }")
    #expect(FaultTests.faults(text).contains { $0.message.contains("has 80 layers") })
  }

  @Test("prompts past the context of the model are refused, those up to it are not")
  func context() throws {
    let context = try #require(Catalog.builtIn.model("llama-2-7b")).maximumContext
    func faults(_ prompt: Int) -> [Fault] {
      FaultTests.faults(
        Self.text(model: "llama-2-7b", service: "pool: gpu, replicas: 1", prompt: "\(prompt)"))
    }
    #expect(faults(context).isEmpty)
    #expect(faults(context + 1).first?.message.contains("longer than the context") == true)
    #expect(faults(context + 1).first?.line == 9)
  }

  @Test("a format without arithmetic on the accelerator is noted, whatever both are")
  func formats() throws {
    for accelerator in ["a100-sxm-80gb", "h100-sxm", "b200-sxm", "mi300x"] {
      let known = try #require(Catalog.builtIn.accelerator(accelerator))
      for format in ["bf16", "fp8", "nvfp4", "int4-weight-only", "int8"] {
        let precision = try #require(Catalog.builtIn.precision(format))
        let notes = try Self.notes(
          Self.text(
            model: "llama-3.1-8b", service: "pool: gpu, replicas: 1, precision: { weights: \(format) }",
            node: "{ accelerator: \(accelerator), accelerators: 1 }"))
        let isNoted = notes.contains { $0.contains("no arithmetic for \(format)") }
        #expect(isNoted == (known.denseFlops(for: precision) == nil), "\(format) on \(accelerator)")
      }
    }
  }

  @Test("an endpoint answers for its own model: another one is refused, unless it is named or unknown")
  func endpoints() throws {
    let small = "endpoint: together-llama-3.1-8b"
    let faults = FaultTests.faults(Self.text(service: small))
    #expect(
      faults.first?.message == "the endpoint 'together-llama-3.1-8b' serves llama-3.1-8b, not llama-3.1-70b")
    #expect(faults.first?.help?.contains("together-llama-3.1-70b") == true)
    let meant = try FaultTests.read(Self.text(service: "\(small), model: llama-3.1-8b")).get()
    #expect(meant.designs[0].services[0].model?.name == "llama-3.1-8b")
    #expect(!FaultTests.faults(Self.text(service: "\(small), model: qwen3-8b")).isEmpty)
    #expect(
      try Self.notes(Self.text(service: "endpoint: gpt-5")).contains { $0.contains("is an assumption") })
    let inline = "{ layers: 2, hidden: 64, heads: 4 }"
    #expect(try Self.notes(Self.text(model: inline, service: small)).contains { $0.contains("own inline") })
  }

  @Test("the endpoints that name a model serve it, and no model is two")
  func servedModels() throws {
    var served: [String: String] = [:]
    for name in Catalog.builtIn.names(of: .endpoints) {
      let endpoint = try #require(Catalog.builtIn.endpoint(name))
      served[name] = Catalog.builtIn.servedModel(of: endpoint)
    }
    for (endpoint, model) in [
      ("together-llama-3.1-70b", "llama-3.1-70b"), ("groq-llama-3.1-8b", "llama-3.1-8b"),
      ("fireworks-gpt-oss-120b", "gpt-oss-120b"), ("groq-gpt-oss-20b", "gpt-oss-20b"),
      ("groq-qwen3-32b", "qwen3-32b"), ("fireworks-kimi-k2p5", "kimi-k2.5"),
      ("together-mixtral-8x7b", "mixtral-8x7b"), ("groq-llama-3.3-70b", "llama-3.3-70b"),
    ] { #expect(served[endpoint] == model) }
    for unknown in ["gpt-5", "novita-deepseek-r1-distill-qwen-14b", "together-llama-3-8b-chat-hf"] {
      #expect(served[unknown] == nil)
    }
  }

  @Test("a price of another region, and one of spot capacity, say so")
  func prices() throws {
    func rented(_ region: String, _ pricing: String) throws -> [String] {
      try Self.notes(
        Self.text(
          service: "pool: gpu, replicas: 1, parallelism: { tensor: 8 }", node: "p5.48xlarge",
          site: "kind: cloud, provider: aws\(region)", pool: "pricing: \(pricing)"))
    }
    #expect(try rented(", region: us-east-1", "on-demand").isEmpty && rented("", "on-demand").isEmpty)
    for region in ["eu-central-1", "us-eest-1", "mars"] {
      let notes = try rented(", region: \(region)", "on-demand")
      #expect(notes.count == 1 && notes[0].contains("region '\(region)'") && notes[0].contains("us-east-1"))
    }
    #expect(try rented("", "spot").contains { $0.contains("never lost") })
    #expect(try rented(", region: mars", "{ price: 3 USD/gpu-hour }").isEmpty)
  }
}
