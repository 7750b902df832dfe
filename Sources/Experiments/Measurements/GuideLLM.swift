/// guidellm's `benchmarks.json`, as `schemas/generative` of guidellm commits 03820eb (0.6) and 06cef29 (0.7)
/// write it: one run a benchmark, figures under `metrics.<name>.successful`.
///
/// Its words differ: `time_per_output_token_ms` is e2e ÷ output tokens, **the first included**, and is never
/// taken for TPOT; `inter_token_latency_ms` is one value a request, vLLM's TPOT, and its mean is weighted by
/// tokens, which makes it the mean of all gaps. `request_latency` alone is in seconds.
enum GuideLLM {
  static func runs(_ node: ReportNode, name: String, _ faults: inout ReportFaults) -> [BenchmarkRun] {
    let items = node["benchmarks"]?.items ?? []
    if items.isEmpty { faults.add(node, "the list 'benchmarks' is empty") }
    return items.enumerated().compactMap { index, item in
      let own = items.count == 1 ? name : "\(name), benchmark \(index + 1)"
      return run(item, name: own, &faults)
    }
  }

  private static func run(_ node: ReportNode, name: String, _ faults: inout ReportFaults) -> BenchmarkRun? {
    guard let metrics = node["metrics"] else {
      faults.add(node, "the benchmark has no 'metrics'")
      return nil
    }
    var run = BenchmarkRun(name: name, format: .guidellm)
    let totals = metrics["request_totals"] ?? node.at("scheduler_metrics", "requests_made")
    run.requests = faults.count(totals, "successful")
    if run.requests == nil, let totals, totals["successful"] != nil {
      faults.add(totals, "no request of this benchmark was successful", help: "leave it out of the file")
      return nil
    }
    run.date = node["start_time"]?.number.flatMap(CivilDate.day) ?? ""
    run.system.model = node.at("config", "backend", "model")?.text ?? node.at("config", "model")?.text
    summaries(metrics, &run, &faults)
    requests(node.at("requests", "successful")?.items ?? [], &run, &faults)
    load(node, &run, &faults)
    for (key, what) in [("incomplete", "incomplete"), ("errored", "failed")] {
      if let count = faults.count(totals, key) {
        run.notes.append("\(count) \(what) requests are left aside")
      }
    }
    return run
  }

  // MARK: Figures

  private static func summaries(
    _ metrics: ReportNode, _ run: inout BenchmarkRun, _ faults: inout ReportFaults
  ) {
    func of(_ name: String) -> ReportNode? { metrics.at(name, "successful") }
    for (name, metric, scale) in [
      ("time_to_first_token_ms", "ttft_s", 1e-3), ("request_latency", "e2e_s", 1),
    ] {
      let node = of(name)
      run.add(metric, "mean", faults.number(node, "mean").map { $0 * scale })
      for quantile in ["p50", "p90", "p95", "p99"] {
        run.add(metric, quantile, faults.number(node?["percentiles"], quantile).map { $0 * scale })
      }
    }
    // Quantiles of it are neither those of the gaps nor those of the requests.
    run.add("itl_s", "mean", faults.number(of("inter_token_latency_ms"), "mean").map { $0 / 1000 })
    run.add("throughput_rps", nil, faults.number(of("requests_per_second"), "mean"))
    run.add("output_tokens_per_s", nil, faults.number(of("output_tokens_per_second"), "mean"))
    run.add("total_tokens_per_s", nil, faults.number(of("tokens_per_second"), "mean"))
    let prompt = faults.number(of("prompt_token_count"), "mean")
    let answer = faults.number(of("output_token_count"), "mean")
    run.promptTokens = faults.lengths(prompt, metrics)
    run.outputTokens = faults.lengths(answer, metrics)
    if !run.has("e2e_s"), let answer {
      // Weighted by tokens, its mean is the sum of all latencies over all tokens.
      let perToken = faults.number(of("time_per_output_token_ms"), "mean")
      run.add("e2e_s", "mean", perToken.map { $0 / 1000 * answer })
    }
  }

  private static func requests(
    _ items: [ReportNode], _ run: inout BenchmarkRun, _ faults: inout ReportFaults
  ) {
    // A sample of the requests says nothing of their order.
    guard !items.isEmpty, items.count == run.requests else { return }
    let known = items.allSatisfy { $0["prompt_tokens"] != nil && $0["output_tokens"] != nil }
    guard known else { return }
    run.recorded =
      items.compactMap { item in
        let start = item["request_start_time"]?.number.flatMap { $0.isFinite ? $0 : nil }
        return faults.request(
          item, start: start, prompt: item["prompt_tokens"]?.number, output: item["output_tokens"]?.number)
      }.inOrderOfSending
    run.add("tpot_s", of: items.compactMap { faults.number($0, "inter_token_latency_ms") }.map { $0 / 1000 })
  }

  // MARK: Load

  private static func load(_ node: ReportNode, _ run: inout BenchmarkRun, _ faults: inout ReportFaults) {
    guard let strategy = node.at("config", "strategy") ?? node.at("args", "strategy") else { return }
    let users = faults.count(strategy, "max_concurrency")
    switch strategy["type_"]?.text {
    case "synchronous": run.load = .closedLoop(users: 1)
    case "concurrent":
      guard let streams = faults.count(strategy, "streams") ?? users else {
        return faults.add(strategy, "the strategy 'concurrent' has no 'streams'")
      }
      run.load = .closedLoop(users: streams)
    case "throughput": run.setLoad(rate: nil, burstiness: nil, users: users)
    case "constant", "poisson":
      guard let rate = faults.rate(strategy, "rate") else {
        return faults.add(strategy, "the strategy has no 'rate'")
      }
      // A run that ends by the clock keeps no record of what it cut off.
      run.setLoad(
        rate: rate, burstiness: strategy["type_"]?.text == "poisson" ? 1 : nil, users: users)
    default:
      faults.add(
        strategy, "the strategy '\(strategy["type_"]?.text ?? "")' is not known",
        help: "known are synchronous, concurrent, throughput, constant and poisson")
    }
  }
}
