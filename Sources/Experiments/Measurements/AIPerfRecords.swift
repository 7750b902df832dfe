/// AIPerf's `profile_export.jsonl`: a record a request, as `docs/tutorials/working-with-profile-exports.md`
/// of AIPerf commit 13992db describes it. Its `inter_token_latency` is one value a request, vLLM's TPOT; the
/// gaps themselves are `inter_chunk_latency`.
enum AIPerfRecords {
  static func isRecord(_ node: ReportNode) -> Bool {
    node["metadata"]?.members != nil && node.members?.contains { $0.name == "metrics" } == true
  }

  static func runs(
    _ documents: [ReportNode], file: String, _ faults: inout ReportFaults
  ) -> [BenchmarkRun] {
    var run = BenchmarkRun(name: file, format: .aiperfRecords)
    var requests: [Request] = []
    var (failed, warmups) = (0, 0)
    for node in documents {
      guard isRecord(node) else {
        faults.add(node, "expected a record with metadata and metrics")
        continue
      }
      if let phase = node.at("metadata", "benchmark_phase")?.text, phase != "profiling" {
        warmups += 1
      } else if node["error"] != nil || isCancelled(node) {
        failed += 1
      } else if let request = request(node, &faults) {
        requests.append(request)
      }
    }
    guard let first = requests.first else {
      if faults.faults.isEmpty { faults.add(line: 1, "the file holds no request that was answered") }
      return []
    }
    if failed > 0 { run.notes.append("\(failed) failed or cancelled requests are left aside") }
    if warmups > 0 { run.notes.append("\(warmups) requests of the warm-up are left aside") }
    run.date = CivilDate.day(secondsSince1970: first.start) ?? ""
    run.requests = requests.count
    run.recorded = requests.map(\.recorded).inOrderOfSending
    figures(requests, &run)
    load(requests, &run)
    return [run]
  }

  private static func isCancelled(_ node: ReportNode) -> Bool {
    if case .flag(true)? = node.at("metadata", "was_cancelled")?.content { true } else { false }
  }

  // MARK: Records

  private struct Request {
    var recorded: RecordedRequest
    /// Seconds since 1970.
    var start: Double
    var end: Double
    var ttft: Double?
    var tpot: Double?
    var latency: Double?
    var gaps: [Double]
  }

  private static func request(_ node: ReportNode, _ faults: inout ReportFaults) -> Request? {
    let metadata = node["metadata"]
    guard let start = faults.number(metadata, "request_start_ns").map({ $0 / 1e9 }),
      let end = faults.number(metadata, "request_end_ns").map({ $0 / 1e9 }), end >= start
    else {
      faults.add(node, "expected 'request_start_ns' and a later 'request_end_ns' in the metadata")
      return nil
    }
    let metrics = node["metrics"]
    let answer = metrics?["output_sequence_length"] ?? metrics?["output_token_count"]
    guard
      let recorded = faults.request(
        node, start: start, prompt: metrics?.at("input_sequence_length", "value")?.number,
        output: answer?["value"]?.number)
    else { return nil }
    return Request(
      recorded: recorded, start: start, end: end,
      ttft: seconds(metrics?["time_to_first_token"] ?? metrics?["ttft"], &faults).first,
      tpot: seconds(metrics?["inter_token_latency"], &faults).first,
      latency: seconds(metrics?["request_latency"], &faults).first,
      gaps: seconds(metrics?["inter_chunk_latency"], &faults))
  }

  /// A metric's value or values in seconds; empty where there is none.
  private static func seconds(_ metric: ReportNode?, _ faults: inout ReportFaults) -> [Double] {
    guard let metric, let value = metric["value"] else { return [] }
    guard let scale = TimeUnit.seconds(metric["unit"]?.text ?? "ms") else {
      faults.add(metric, "the unit '\(metric["unit"]?.text ?? "")' is not a time")
      return []
    }
    let numbers = (value.items ?? [value]).map(\.number)
    guard numbers.allSatisfy({ $0.map { $0.isFinite && $0 >= 0 } ?? false }) else {
      faults.add(value, "expected numbers of 0 or more")
      return []
    }
    return numbers.compactMap { $0.map { $0 * scale } }
  }

  // MARK: The run

  private static func figures(_ requests: [Request], _ run: inout BenchmarkRun) {
    run.add("ttft_s", of: requests.compactMap(\.ttft))
    run.add("tpot_s", of: requests.compactMap(\.tpot))
    run.add("e2e_s", of: requests.compactMap(\.latency))
    // A chunk may hold several tokens; then its gaps are not those between tokens.
    if requests.allSatisfy({ $0.gaps.count == Int($0.recorded.outputTokens) - 1 }) {
      run.add("itl_s", of: requests.flatMap(\.gaps))
    } else {
      run.notes.append("chunks are not tokens: the gaps between them are left aside")
    }
    let first = requests.map(\.start).min() ?? 0
    let span = (requests.map(\.end).max() ?? 0) - first
    guard span > 0 else { return }
    run.add("throughput_rps", nil, Double(requests.count) / span)
    let tokens = requests.reduce(0.0) { $0 + Double($1.recorded.outputTokens) }
    run.add("output_tokens_per_s", nil, tokens / span)
  }

  /// The records do not say what the client was told; a closed loop shows in that nearly every request after
  /// the opening ones is sent while all users but one wait for an answer.
  private static func load(_ requests: [Request], _ run: inout BenchmarkRun) {
    let events = requests.flatMap { [($0.start, 1), ($0.end, -1)] }
    // An end and the start that it lets go may bear one time: the end comes first.
    let sorted = events.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
    var (inFlight, most) = (0, 0)
    var found: [Int] = []
    for (_, change) in sorted {
      if change > 0 { found.append(inFlight) }
      inFlight += change
      most = max(most, inFlight)
    }
    let later = found.dropFirst(most)
    let pulled = later.count { $0 == most - 1 }
    guard !later.isEmpty, Double(pulled) >= 0.8 * Double(later.count),
      meanInFlight(requests) >= 0.8 * Double(most)
    else {
      run.load = .recorded
      return
    }
    run.load = .closedLoop(users: most)
    run.notes.append("taken as a closed loop of \(most) users: so many requests were always in flight")
  }

  /// Over the time from the first sending to the last.
  private static func meanInFlight(_ requests: [Request]) -> Double {
    let first = requests.map(\.start).min() ?? 0
    let last = requests.map(\.start).max() ?? 0
    let waited = requests.reduce(0) { $0 + min($1.end, last) - $1.start }
    return last > first ? waited / (last - first) : 0
  }
}

/// Units of time that reports state.
enum TimeUnit {
  /// Seconds to one of it; `nil` when it is none. `s/token` is `s`.
  static func seconds(_ name: String) -> Double? {
    let unit = name.hasSuffix("/token") ? String(name.dropLast(6)) : name
    switch unit {
    case "s", "sec", "seconds": return 1
    case "ms", "milliseconds": return 1e-3
    case "us", "µs", "microseconds": return 1e-6
    case "ns", "nanoseconds": return 1e-9
    default: return nil
    }
  }
}
