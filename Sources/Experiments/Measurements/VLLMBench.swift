/// The result of `vllm bench serve --save-result`, as `vllm/benchmarks/serve.py` of vLLM commit 009e6d4
/// writes it; `--save-detailed` adds the requests themselves. Its words are this program's: TPOT is
/// (latency − TTFT) ÷ (tokens − 1) for each request, ITL the gaps between chunks over all requests.
enum VLLMBench {
  static func isResult(_ node: ReportNode) -> Bool {
    node["completed"] != nil && (node["request_throughput"] != nil || node["mean_ttft_ms"] != nil)
  }

  static func run(_ node: ReportNode, name: String, _ faults: inout ReportFaults) -> BenchmarkRun? {
    var run = BenchmarkRun(name: name, format: .vllmBench)
    guard let completed = faults.count(node, "completed") else {
      faults.add(node["completed"] ?? node, "no request was completed")
      return nil
    }
    run.requests = completed
    run.date = node["date"]?.text.flatMap(CivilDate.compact) ?? ""
    run.system.model = node["model_id"]?.text
    run.recorded = recorded(node, completed: completed, &faults)
    let prompts = faults.number(node, "total_input_tokens").map { $0 / Double(completed) }
    let answers = faults.number(node, "total_output_tokens").map { $0 / Double(completed) }
    run.promptTokens = faults.lengths(prompts, node)
    run.outputTokens = faults.lengths(answers, node)
    figures(node, &run, &faults)
    load(node, &run, &faults)
    if node["spec_decode_acceptance_rate"] != nil {
      run.notes.append("speculative decoding was on")
    }
    let failed = faults.count(node, "failed") ?? 0
    if failed > 0 { run.notes.append("\(failed) failed requests are left aside") }
    return run
  }

  // MARK: Figures

  private static func figures(_ node: ReportNode, _ run: inout BenchmarkRun, _ faults: inout ReportFaults) {
    for (key, metric) in [("ttft", "ttft_s"), ("tpot", "tpot_s"), ("itl", "itl_s"), ("e2el", "e2e_s")] {
      for (prefix, statistic) in [
        ("mean", "mean"), ("median", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"),
      ] {
        run.add(metric, statistic, faults.number(node, "\(prefix)_\(key)_ms").map { $0 / 1000 })
      }
    }
    if !run.has("e2e_s") { run.add("e2e_s", of: latencies(node)) }
    run.add("throughput_rps", nil, faults.number(node, "request_throughput"))
    run.add("output_tokens_per_s", nil, faults.number(node, "output_throughput"))
    run.add("total_tokens_per_s", nil, faults.number(node, "total_token_throughput"))
  }

  /// First tokens plus the gaps after them: end to end, which the client does not summarise unless told to.
  private static func latencies(_ node: ReportNode) -> [Double] {
    guard let firsts = node["ttfts"]?.items, let gaps = node["itls"]?.items, firsts.count == gaps.count
    else { return [] }
    return zip(firsts, gaps).compactMap { first, gaps in
      guard let first = first.number, first > 0 else { return nil }
      return (gaps.items ?? []).reduce(first) { $0 + ($1.number ?? 0) }
    }
  }

  // MARK: Requests

  private static func recorded(
    _ node: ReportNode, completed: Int, _ faults: inout ReportFaults
  ) -> [RecordedRequest] {
    guard let prompts = node["input_lens"], let answers = node["output_lens"] else { return [] }
    let (inputs, outputs) = (prompts.items ?? [], answers.items ?? [])
    let starts = node["start_times"]?.items
    guard inputs.count == outputs.count, starts == nil || starts?.count == inputs.count else {
      faults.add(prompts, "'input_lens', 'output_lens' and 'start_times' differ in length")
      return []
    }
    let errors = node["errors"]?.items
    var requests: [RecordedRequest] = []
    for index in inputs.indices {
      let error = errors.flatMap { index < $0.count ? $0[index].text : nil } ?? ""
      if !error.isEmpty { continue }
      let request = faults.request(
        inputs[index], start: starts?[index].number.flatMap { $0.isFinite ? $0 : nil },
        prompt: inputs[index].number, output: outputs[index].number)
      if let request { requests.append(request) }
    }
    return requests.inOrderOfSending
  }

  // MARK: Load

  private static func load(_ node: ReportNode, _ run: inout BenchmarkRun, _ faults: inout ReportFaults) {
    guard node["request_rate"] != nil || node["max_concurrency"] != nil else { return }
    let rate = faults.rate(node, "request_rate")
    let users = faults.count(node, "max_concurrency")
    if let strategy = node["ramp_up_strategy"] {
      if run.hasStarts {
        run.load = .recorded
      } else {
        faults.add(
          strategy, "the rate was ramped up, and the file does not say when requests were sent",
          help: "measure with --save-detailed, or without a ramp")
      }
      return
    }
    let burstiness = faults.number(node, "burstiness").map { min(1000, max(0.001, $0)) } ?? 1
    run.setLoad(rate: rate, burstiness: burstiness, users: users)
  }
}
