/// The llm-d Benchmark Report of version 0.2 or 0.2.1, as `br_v0_2_1_example.yaml` and `schema_v0_2_1.py` of
/// llm-d-benchmark commits ef9208a and 983dcd0 define it.
///
/// Its `time_per_output_token` leaves the first token out and is TPOT; `normalized_time_per_output_token` is
/// e2e ÷ tokens, and not read: the latency itself stands beside it.
enum LLMDReport {
  static func run(_ node: ReportNode, name: String, _ faults: inout ReportFaults) -> BenchmarkRun? {
    let version = node["version"].flatMap { $0.text ?? $0.number.map { "\($0)" } } ?? ""
    guard version == "0.2" || version.hasPrefix("0.2.") else {
      faults.add(
        node["version"] ?? node, "a Benchmark Report of version \(version)", help: "version 0.2 is read")
      return nil
    }
    guard let aggregate = node.at("results", "request_performance", "aggregate") else {
      faults.add(node, "the report has no 'results.request_performance.aggregate'")
      return nil
    }
    var run = BenchmarkRun(name: name, format: .llmdReport)
    run.date = node.at("run", "time", "start")?.text.flatMap(CivilDate.leading) ?? ""
    figures(aggregate, &run, &faults)
    let requests = aggregate["requests"]
    run.requests = faults.count(requests, "total").map {
      max(1, $0 - (faults.count(requests, "failures") ?? 0))
    }
    for (key, path) in [("input_length", \BenchmarkRun.promptTokens), ("output_length", \.outputTokens)] {
      let length = requests?[key]
      run[keyPath: path] = faults.lengths(faults.number(length, "mean"), length ?? aggregate)
    }
    system(node, &run)
    load(node.at("scenario", "load"), &run, &faults)
    return run
  }

  private static func figures(
    _ aggregate: ReportNode, _ run: inout BenchmarkRun, _ faults: inout ReportFaults
  ) {
    for (key, metric) in [
      ("time_to_first_token", "ttft_s"), ("time_per_output_token", "tpot_s"),
      ("inter_token_latency", "itl_s"), ("request_latency", "e2e_s"),
    ] {
      guard let node = aggregate.at("latency", key) else { continue }
      let unit = node["units"]?.text ?? ""
      guard let scale = TimeUnit.seconds(unit) else {
        faults.add(node["units"] ?? node, "the unit '\(unit)' is not a time")
        continue
      }
      // Clients differ in whose quantiles these are: of all gaps, or of each request's mean gap.
      let statistics = metric == "itl_s" ? ["mean"] : ["mean", "p50", "p90", "p95", "p99"]
      for statistic in statistics {
        run.add(metric, statistic, faults.number(node, statistic).map { $0 * scale })
      }
    }
    for (key, metric) in [
      ("request_rate", "throughput_rps"), ("output_token_rate", "output_tokens_per_s"),
      ("total_token_rate", "total_tokens_per_s"),
    ] {
      run.add(metric, nil, faults.number(aggregate.at("throughput", key), "mean"))
    }
  }

  /// The first inference engine of the stack.
  private static func system(_ node: ReportNode, _ run: inout BenchmarkRun) {
    let parts = (node.at("scenario", "stack")?.items ?? []).compactMap { $0["standardized"] }
    guard let engine = parts.first(where: { $0["kind"]?.text == "inference_engine" }) else { return }
    run.system.model = engine.at("model", "name")?.text
    run.system.accelerator = engine.at("accelerator", "model")?.text
    run.system.tensor = engine.at("accelerator", "parallelism", "tp")?.number.flatMap { Int(exactly: $0) }
  }

  private static func load(_ load: ReportNode?, _ run: inout BenchmarkRun, _ faults: inout ReportFaults) {
    guard let standard = load?["standardized"] else { return }
    let rate = faults.rate(standard, "rate_qps")
    let users = faults.count(standard, "concurrency")
    if standard["prefix"] != nil || standard["multi_turn"] != nil {
      run.notes.append("requests shared prefixes or turns, which only the scenario can say")
    }
    guard rate != nil || users != nil else { return }
    let isEven = load?.at("native", "config", "load", "type")?.text == "constant"
    run.setLoad(rate: rate, burstiness: isEven ? nil : 1, users: users)
  }
}
