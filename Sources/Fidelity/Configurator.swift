/// Campaign `nvgap`: engines started, and clients run, as ai-dynamo/aiconfigurator writes it for a batch and
/// a prompt length (its rules and templates `generator/rule_plugin/benchmark/*.rule`, `bench_run.sh`, and the
/// older `eval/benchmarks/genai_perf_runner.py`).
struct Configurator {
  /// Lines of the service.
  let service: String
  /// Replicas behind one door.
  let replicas: Int
  /// Requests that the client sends for each user, all users opening at once.
  let requestsPerUser: Int
  private(set) var assumptions: [String] = []

  /// `nil` for other campaigns, and where a run's batch is not recorded.
  init?(_ run: MeasuredRun) {
    guard run.campaign == "nvgap", !InferenceX.isSource(of: run), let users = run.integer("concurrency"),
      let prompt = run.integer("isl_mean"),
      let batch = run.note("batch_size").flatMap({ Int($0) }), batch > 0
    else { return nil }
    let (engine, version) = (run.text("engine"), run.text("engine_version"))
    // Whole racks were measured with one version; where others have more users than the batch that the
    // configurator had planned, its rules raise the limit to 512 and one replica serves them all.
    replicas = version == "1.3.0rc5" ? Swift.max(1, users / batch) : 1
    let limit = replicas == 1 && users > batch ? 512 : batch
    // The first grids, on H100, went through the evaluation client with ten requests a user; later ones have
    // fifty.
    let isFirstGrid =
      ["1.0.0rc3", "0.5.1.post1"].contains(version)
      || (version == "0.12.0" && run.text("gpu") == "H100-SXM" && run.note("silicon_concurrency") != nil)
    requestsPerUser = isFirstGrid ? 10 : 50
    // SGLang's limit is one of prompts alone.
    let tokens = prompt + 1500 + (engine == "sglang" ? 0 : limit)
    var sequences = limit
    if engine == "trtllm" && limit > 1 && run.text("model").hasSuffix("Llama-3.1-8B-Instruct") {
      sequences -= 1
      assumptions.append(
        "TensorRT-LLM with Llama-3.1-8B runs one request fewer than it has users: TTFT grows as E2E ÷ users"
      )
    }
    var lines = "        max-batched-tokens: \(tokens)\n        max-sequences: \(sequences)\n"
    // Its template for 0.5.1 misspells the flag of mixed chunks.
    if engine == "sglang" && version != "0.5.1.post1" {
      lines += "        batching: { policy: continuous, prompts: chunked }\n"
    }
    service = lines
  }
}
