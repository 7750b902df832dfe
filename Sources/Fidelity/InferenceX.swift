/// SemiAnalysisAI/InferenceX: engines started, and clients run, as its scripts `benchmarks/*.sh` write it
/// for a model, an accelerator and a number of users. Ten requests a user, lengths uniform in [0.8 L, L].
struct InferenceX {
  /// Lines of the service.
  let service: String
  /// KV entries' format, where a script sets it.
  let keyValue: String?
  private(set) var assumptions: [String] = []

  /// Campaign `infx`, and two files that campaign `nvgap` took from it.
  static func isSource(of run: MeasuredRun) -> Bool {
    if run.campaign == "infx" { return true }
    let file = run.note("source_file") ?? ""
    return run.campaign == "nvgap" && file.hasSuffix("-gap-analysis.csv")
  }

  /// `nil` for other sources.
  init?(_ run: MeasuredRun) {
    guard Self.isSource(of: run), let users = run.integer("concurrency"), let prompt = run.integer("isl_mean")
    else { return nil }
    var assumptions: [String] = []
    switch run.text("engine") {
    case "trtllm":
      keyValue = nil
      service = Self.tensorRT(run, users: users, prompt: prompt, &assumptions)
    case "sglang":
      let isBlackwell = run.text("gpu").hasPrefix("B")
      let isDeepSeek = run.text("model").contains("DeepSeek")
      let isNarrow = run.text("weight_precision") == "nvfp4"
      let tokens = isNarrow ? 16_384 : 32_768
      keyValue = isBlackwell && isDeepSeek ? "fp8" : nil
      // Blackwell's scripts look at new requests every 10 or 30 steps.
      let interval = isBlackwell ? (users >= 16 ? 30 : 10) : 1
      service = """
                max-batched-tokens: \(tokens)
                batching: { policy: continuous, receive-interval: \(interval) }

        """
    default: (service, keyValue) = ("", nil)
    }
    self.assumptions = assumptions
  }

  private static func tensorRT(
    _ run: MeasuredRun, users: Int, prompt: Int, _ assumptions: inout [String]
  ) -> String {
    func tokens(_ decodes: Int) -> Int { (decodes + prompt + 64 + 63) / 64 * 64 }
    // Its scripts with multi-token prediction run on this image alone, those without on others.
    guard run.text("engine_version") == "1.2.0rc6.post3" else {
      return "        max-batched-tokens: \(Swift.max(8192, tokens(users)))\n"
    }
    let ranks = run.note("attention_dp").flatMap { Int($0) } ?? 1
    let drafted = ranks > 1 ? 1 : 3
    let batch = Swift.max(1, users / ranks)
    assumptions.append("drafted tokens are accepted with probability \(acceptance)")
    return """
              max-batched-tokens: \(tokens((drafted + 1) * batch))
              max-sequences: \(batch)
              speculation: { tokens: \(drafted), acceptance: \(acceptance), draft-cost: \(draftCost) }

      """
  }

  /// Not recorded: one number for all such rows, at which their TPOT had no bias when it was
  /// chosen. DeepSeek's report
  /// (arXiv 2412.19437, 5.4.3) has 0.85 to 0.9 for the first drafted token of text; the client sends random
  /// words.
  private static let acceptance = 0.65
  /// One prediction layer and the head, beside 61 layers.
  private static let draftCost = "3%"
}
