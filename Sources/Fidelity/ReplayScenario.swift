import DryRack

/// The scenario that repeats a measured run, or why there is none.
struct ReplayScenario: Sendable {
  /// YAML, as a user would write it.
  var text: String
  /// What the table does not record and was taken as usual for the campaign.
  var assumptions: [String]
  /// Catalogue entries whose coefficients it rests on.
  var entries: [String]

  /// Why a run is left out.
  struct Exclusion: Error {
    var reason: String
  }

  private static let accelerators = [
    "H100-SXM": "h100-sxm", "H200-SXM": "h200-sxm", "B200-SXM": "b200-sxm", "GB200": "gb200",
    "L40S": "l40s", "L40S 48GB": "l40s", "H100-NVL": "h100-nvl", "MI300X": "mi300x",
    "H100-PCIe": "h100-pcie", "H100 PCIe 80GB": "h100-pcie", "A100-80GB": "a100-sxm-80gb",
    "A100 SXM 80GB": "a100-sxm-80gb", "RTX4090": "rtx-4090", "4090 24GB": "rtx-4090",
    "3090 24GB": "rtx-3090", "RTX A6000 48GB": "rtx-a6000", "H800": "h800-sxm",
    "RTXPRO6000": "rtx-pro-6000", "TPU-v6e": "tpu-v6e",
  ]

  private static let models = [
    "deepseek-r1": "deepseek-r1", "deepseek-v3": "deepseek-v3", "deepseek-r1-nvfp4": "deepseek-r1",
    "deepseek-v3.1-nvfp4": "deepseek-v3", "qwen3-32b": "qwen3-32b", "qwen3-32b-nvfp4": "qwen3-32b",
    "llama2-70b-99": "llama-2-70b", "llama2-70b-99.9": "llama-2-70b", "minimax-m2.5": "minimax-m2.5",
    "gpt-oss-120b": "gpt-oss-120b", "llama-3.1-8b-instruct": "llama-3.1-8b", "llama-3.1-8b": "llama-3.1-8b",
    "llama-3.1-8b-instruct-fp8": "llama-3.1-8b", "qwen3-235b-a22b-fp8": "qwen3-235b-a22b",
    "llama-3.1-70b": "llama-3.1-70b", "llama-3.1-70b-instruct": "llama-3.1-70b",
    "llama-3.3-70b-instruct": "llama-3.3-70b", "mixtral-8x7b": "mixtral-8x7b",
    "mixtral-8x7b-v0.1": "mixtral-8x7b", "kimi-k2.5": "kimi-k2.5",
    "qwen3.5-397b-a17b": "qwen3.5-397b-a17b", "llama-2-7b-hf": "llama-2-7b", "llama-2-7b": "llama-2-7b",
    "llama-2-70b-hf": "llama-2-70b", "llama-2-70b": "llama-2-70b",
    "codellama-34b-instruct-hf": "codellama-34b",
    "llama-4-scout-17b-16e-instruct-fp8-dynamic": "llama-4-scout", "llama-3-8b": "llama-3.1-8b",
    "llama-3-70b": "llama-3.1-70b", "mistral-nemo-instruct-2407": "mistral-nemo-12b", "glm-5": "glm-5",
    "mistral-7b": "mistral-7b", "gpt-j-6b": "gpt-j-6b", "falcon-180b": "falcon-180b",
    "qwen2.5-7b-instruct": "qwen2.5-7b", "yi-34b": "yi-34b", "qwen3-8b": "qwen3-8b",
    "neuralmagic_llama-2-7b-chat-hf-fp8": "llama-2-7b",
  ]

  private static let precisions = [
    "fp16": "fp16", "bf16": "bf16", "fp8": "fp8", "fp8_block": "fp8-block", "nvfp4": "nvfp4",
    "int4_wo": "int4-weight-only", "int4": "int4-weight-only", "int4(Q4_K_M)": "int4-weight-only",
    "int8": "int8-weight-only",
  ]

  /// The catalogue's name of the run's accelerator, or `nil`.
  static func accelerator(of run: MeasuredRun) -> String? { accelerators[run.text("gpu")] }

  /// The catalogue's name of the run's model, or `nil`.
  static func model(of run: MeasuredRun) -> String? {
    let name = run.text("model").split(separator: "/").last.map { $0.lowercased() } ?? ""
    return models[name]
  }

  static func engine(of run: MeasuredRun) -> String? {
    let name = run.text("engine").lowercased()
    if name.hasPrefix("vllm") { return "vllm" }
    if name.hasPrefix("trtllm") || name.hasPrefix("tensorrt") { return "tensorrt-llm" }
    if name.hasPrefix("sglang") { return "sglang" }
    if name.hasPrefix("llama.cpp") { return "llama-cpp" }
    return nil
  }

  /// The engine's own version number; `nil` where the table has none or speaks of something else.
  static func version(of run: MeasuredRun) -> String? {
    // MLPerf's logs name the libraries; the rounds of 2024 ran TensorRT-LLM before 1.0.
    if run.campaign == "mlperf41" { return engine(of: run) == "tensorrt-llm" ? "0" : nil }
    let text = run.text("engine_version")
    return text.first?.isNumber == true && text.allSatisfy { $0.isNumber || $0.isLetter || $0 == "." }
      ? text : nil
  }

  init(_ run: MeasuredRun) throws(Exclusion) {
    guard let accelerator = Self.accelerator(of: run) else {
      throw Exclusion(reason: "the catalogue has no such processor: \(run.text("gpu"))")
    }
    guard let model = Self.model(of: run) else {
      throw Exclusion(reason: "no shape known of this model: \(run.text("model"))")
    }
    guard let engine = Self.engine(of: run) else {
      throw Exclusion(reason: "an engine without preset: \(run.text("engine"))")
    }
    if run.campaign == "mlperf41" && model.hasPrefix("gpt") {
      throw Exclusion(reason: "beam search is not simulated")
    }
    var assumptions: [String] = []
    let traffic = try ReplayTraffic(run)
    assumptions += traffic.assumptions
    let formats = try Self.formats(of: run, model: model, engine: engine, &assumptions)
    let layout = try ReplayLayout(run, model: model, accelerator: accelerator, formats: formats)
    assumptions += layout.assumptions
    self.assumptions = assumptions
    let version = Self.version(of: run)
    let like = Catalog.builtIn.rows(of: .efficiencies, named: accelerator).first { $0.key == "like" }?.value
    entries =
      [engine, Catalog.builtIn.engineEntryName(engine, version: version), accelerator]
      + (like.map { [$0] } ?? [])
    text = """
      version: 1
      name: replay
      workloads:
        load:
          kind: inference
          model: \(model)
      \(traffic.text)
      designs:
        measured:
          sites: { lab: { kind: on-prem } }
          pools:
            gpus:
              site: lab
              node: { accelerator: \(accelerator), accelerators: \(layout.perNode) }
              count: \(layout.nodes)
              pricing: { price: 1 USD/h }
          services:
            load:
              workload: load
              pool: gpus
              engine: \(engine)
      \(version.map { "        engine-version: \"\($0)\"" } ?? "        # version not recorded")
              replicas: \(layout.replicas)
              parallelism: \(layout.parallelism)
              precision: { weights: \(formats.weights), kv: \(formats.keyValue) }
      \(traffic.service)
      """
  }

  struct Formats {
    var weights: String
    var keyValue: String
  }

  private static func formats(
    of run: MeasuredRun, model: String, engine: String, _ assumptions: inout [String]
  ) throws(Exclusion) -> Formats {
    guard var weights = precisions[run.text("weight_precision")] else {
      throw Exclusion(reason: "a precision without data: \(run.text("weight_precision"))")
    }
    if model.hasPrefix("gpt-oss") { weights = "mxfp4" }
    if run.campaign == "mlperf41" && weights == "fp16" {
      weights = "fp8"
      assumptions.append("weights declared fp16 are served in fp8")
    }
    if let known = precisions[run.text("kv_precision")] {
      return Formats(weights: weights, keyValue: known)
    }
    if let known = InferenceX(run)?.keyValue { return Formats(weights: weights, keyValue: known) }
    if run.campaign == "infx" && engine == "vllm" && run.text("gpu").hasPrefix("B200") {
      assumptions.append("vLLM of campaign infx on B200 keeps its KV cache in fp8")
      return Formats(weights: weights, keyValue: "fp8")
    }
    let narrow = engine == "tensorrt-llm" && ["fp8", "fp8-block", "nvfp4"].contains(weights)
    return Formats(weights: weights, keyValue: narrow ? "fp8" : "bf16")
  }
}

/// Accelerators of a measured run and how they were used.
struct ReplayLayout {
  var perNode: Int
  var nodes: Int
  var replicas: Int
  var parallelism: String
  var assumptions: [String] = []

  init(
    _ run: MeasuredRun, model: String, accelerator: String, formats: ReplayScenario.Formats
  ) throws(ReplayScenario.Exclusion) {
    let total = run.integer("n_gpus") ?? 0
    if run.note("mode") == "disagg" || run.campaign == "infx-multi" {
      throw ReplayScenario.Exclusion(
        reason: "prefill and decode on separate accelerators, layout in part unknown")
    }
    if let tensor = run.integer("tp") {
      let data = run.note("attention_dp").flatMap { Int($0) } ?? 1
      let pipeline = run.integer("pp") ?? 1
      let expert = run.note("moe_ep").flatMap { Int($0) } ?? 1
      let accelerators = tensor * data * pipeline
      perNode = Swift.max(tensor, Swift.min(8, accelerators))
      nodes = (accelerators + perNode - 1) / perNode
      replicas = Configurator(run)?.replicas ?? 1
      nodes *= replicas
      let groups = expert > 0 && (tensor * data) % expert == 0 ? expert : 1
      parallelism = "{ tensor: \(tensor), pipeline: \(pipeline), data: \(data), expert: \(groups) }"
      return
    }
    guard total > 0 else { throw ReplayScenario.Exclusion(reason: "the layout is not recorded") }
    // The fewest accelerators that hold the weights and leave a fifth for the KV cache.
    guard let shape = Catalog.builtIn.model(model), let device = Catalog.builtIn.accelerator(accelerator),
      let format = Catalog.builtIn.precision(formats.weights)
    else { throw ReplayScenario.Exclusion(reason: "the layout is not recorded") }
    var tensor = 1
    while shape.parameters * format.bytesPerWeight > 0.72 * device.driverMemory.value * Double(tensor) {
      tensor *= 2
    }
    guard tensor <= total else {
      throw ReplayScenario.Exclusion(reason: "the layout is not recorded and none fits")
    }
    perNode = Swift.min(8, total)
    nodes = (total + perNode - 1) / perNode
    replicas = total / tensor
    parallelism = "{ tensor: \(tensor) }"
    assumptions = ["tensor parallelism \(tensor), the least that fits"]
  }
}
