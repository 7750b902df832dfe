/// Requests of a measured run, as the client sent them.
struct ReplayTraffic {
  /// Lines of the workload, and of the service.
  var text: String
  var service = ""
  var assumptions: [String] = []

  init(_ run: MeasuredRun) throws(ReplayScenario.Exclusion) {
    let prompt = run.number("isl_mean")
    let output = run.number("osl_mean")
    switch run.text("workload_kind") {
    case "concurrency":
      guard let users = run.integer("concurrency"), let prompt, let output else {
        throw ReplayScenario.Exclusion(reason: "users or lengths are not recorded")
      }
      let rounds = Configurator(run)?.requestsPerUser ?? 10
      let requests = run.integer("num_requests") ?? Swift.max(16, rounds * users)
      if run.integer("num_requests") == nil { assumptions.append("\(rounds) requests a user") }
      text = Self.lines(
        "{ process: closed-loop, users: \(users) }", requests: requests,
        prompt: Self.length(prompt, of: run), output: Self.length(output, of: run))
    case "rate":
      guard let rate = run.number("request_rate_per_s") else {
        throw ReplayScenario.Exclusion(reason: "a whole run of several rates, reported rate by rate as well")
      }
      self = try Self.openLoop(run, rate: rate, prompt: prompt, output: output)
    case "offline":
      self = try Self.offline(run, prompt: prompt, output: output)
    case "single":
      let count = Swift.min(20, run.integer("num_requests") ?? 10)
      text = Self.lines(
        "{ process: closed-loop, users: 1 }", requests: count,
        prompt: Self.constant(prompt ?? 16), output: Self.constant(output ?? 1))
    default: throw ReplayScenario.Exclusion(reason: "an unknown kind of load")
    }
    if let configured = Configurator(run) {
      service += configured.service
      assumptions += configured.assumptions
    }
    if let script = InferenceX(run) {
      service += script.service
      assumptions += script.assumptions
    }
    if let batched = run.note("mbt").flatMap({ Int($0) }) {
      service += "        max-batched-tokens: \(batched)\n"
    }
    if let sequences = run.note("max_num_seqs").flatMap({ Int($0) }), !service.contains("max-sequences") {
      service += "        max-sequences: \(sequences)\n"
    }
  }

  private init(text: String, service: String = "", assumptions: [String] = []) {
    self.text = text
    self.service = service
    self.assumptions = assumptions
  }

  private static func openLoop(
    _ run: MeasuredRun, rate: Double, prompt: Double?, output: Double?
  ) throws(ReplayScenario.Exclusion) -> ReplayTraffic {
    guard let output else { throw ReplayScenario.Exclusion(reason: "lengths are not recorded") }
    if run.campaign == "mlperf41" {
      let requests = Swift.min(6000, Swift.max(1000, Int(rate * 120)))
      return ReplayTraffic(
        text: lines(
          "{ process: poisson, rate: \(rate)/s }", requests: requests, prompt: openOrca(mean: 294),
          output: openOrca(mean: output)),
        assumptions: ["OpenOrca prompts of 294 tokens in the mean, lengths lognormal"])
    }
    guard let prompt else { throw ReplayScenario.Exclusion(reason: "lengths are not recorded") }
    // The stages of the campaign last ten minutes; a few thousand requests say the same.
    let requests = Swift.min(run.integer("num_requests") ?? Int(rate * 600), 4800)
    let process = run.campaign == "llmss" ? "poisson" : "constant"
    let law =
      run.campaign == "llmss"
      ? (openOrca(mean: prompt), openOrca(mean: output)) : (constant(prompt), constant(output))
    var traffic = ReplayTraffic(
      text: lines(
        "{ process: \(process), rate: \(rate)/s }", requests: requests, prompt: law.0, output: law.1))
    if run.campaign.hasPrefix("blis") {
      traffic.service = "        max-sequences: 128\n"
      // The client draws from a hundred or so prompts, each sent many times: behind the first round a
      // prompt is cached but for its last block.
      traffic.text += "\n    prefix: { shared-tokens: \(Int(prompt.rounded())), groups: 100 }"
      traffic.assumptions.append("the shared-prefix client sends each of a hundred prompts again and again")
    }
    return traffic
  }

  private static func offline(
    _ run: MeasuredRun, prompt: Double?, output: Double?
  ) throws(ReplayScenario.Exclusion) -> ReplayTraffic {
    guard let output else { throw ReplayScenario.Exclusion(reason: "lengths are not recorded") }
    if let batch = run.integer("num_requests"), let prompt {
      return ReplayTraffic(
        text: lines(
          "{ process: burst, count: \(batch) }", requests: batch, prompt: constant(prompt),
          output: constant(output)),
        service: """
                  batching: { policy: static, size: \(batch) }
                  max-sequences: \(batch)
                  max-batched-tokens: \(Swift.max(8192, batch))

          """)
    }
    guard run.campaign == "mlperf41", let accelerators = run.integer("n_gpus"), accelerators > 0 else {
      throw ReplayScenario.Exclusion(reason: "lengths or batch are not recorded")
    }
    let count = Swift.min(12_000, 1500 * accelerators)
    return ReplayTraffic(
      text: lines(
        "{ process: burst, count: \(count) }", requests: count, prompt: openOrca(mean: 294),
        output: openOrca(mean: output)),
      service: "        max-sequences: 1024\n",
      assumptions: ["OpenOrca prompts of 294 tokens in the mean, lengths lognormal"])
  }

  private static func lines(_ arrivals: String, requests: Int, prompt: String, output: String) -> String {
    """
        arrivals: \(arrivals)
        requests: \(requests)
        prompt-tokens: \(prompt)
        output-tokens: \(output)
    """
  }

  /// The InferenceX client draws uniformly from [0.8 L, L]; other clients send what they were told.
  private static func length(_ mean: Double, of run: MeasuredRun) -> String {
    InferenceX.isSource(of: run)
      ? "{ distribution: uniform, from: \((0.8 * mean).rounded()), to: \(mean) }" : constant(mean)
  }

  private static func constant(_ tokens: Double) -> String {
    "{ distribution: constant, value: \(Swift.max(1, tokens.rounded())) }"
  }

  private static func openOrca(mean: Double) -> String {
    "{ distribution: lognormal, mean: \(mean), cv: 0.8, min: 1, max: 1024 }"
  }
}
