import Catalog
import DryRack
import Foundation
import Testing

/// Broken inputs of every kind that users hand in: each must be read or refused, never stop the process.
///
/// A moment's worth runs with the tests; `make fuzz` runs as many as FUZZ says. A trap ends the process, and
/// the input that caused it is then in the file that the environment names as DRYRACK_FUZZ_INPUT.
@Suite("Broken inputs", .serialized)
struct FuzzTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let environment = ProcessInfo.processInfo.environment

  /// Inputs of each kind: `few` unless the environment asks for more.
  private static func count(_ few: Int) -> Int { environment["DRYRACK_FUZZ"].flatMap { Int($0) } ?? few }

  private func fuzz(_ few: Int, _ mutator: Mutator, _ body: ([UInt8]) async throws -> Void) async rethrows {
    var mutator = mutator
    for _ in 0..<Self.count(few) {
      let input = mutator.input()
      keep(input)
      try await body(input)
    }
  }

  /// Leaves the input where a stopped process cannot take it along.
  private func keep(_ input: [UInt8]) {
    guard let place = Self.environment["DRYRACK_FUZZ_INPUT"] else { return }
    try? Data(input).write(to: URL(fileURLWithPath: place))
  }

  private static func files(_ folder: String, _ suffix: String) throws -> [[UInt8]] {
    let folder = root.appendingPathComponent(folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    return try names.filter { $0.hasSuffix(suffix) }.map { name in
      [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
    }
  }

  /// Numbers at the edges, and everything that YAML, JSON and quantities make of a word.
  static let words = [
    "0", "-1", "1", "2", "0.5", "1e3", "1e308", "-1e308", "1e-308", "1e999", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "18446744073709551616", "4294967296", "2147483647",
    "16777216",
    "nan", ".nan", "inf", "-.inf", "0x7f", "0o17", "1_000", "12:30:45", "1.10", "no", "yes", "true", "null",
    "~",
    "", " ", "\"", "'", "[]", "{}", "[[[[]]]]", "{a: {b: {c: 1}}}", "*a", "&a", "!!str x", "|", ">", "-",
    "? ", "#",
    "1h", "0s", "1ns", "18y", "6e8s", "5e8s", "1y", "1000000d", "PT5M", "-5m", "1/s", "0/s", "1e7/s",
    "1e-9/s",
    "80GiB", "400Gbps", "3.90 USD/h", "1e20 USD", "0 USD", "100%", "1e9%", "auto", "poisson", "closed-loop",
    "constant", "lognormal", "hgx-h100", "llama-3.1-405b", "deepseek-v3", "h100-sxm", "../../etc/passwd",
    "/dev/zero",
    "\u{feff}", "\u{0}", "\u{1f600}", "\u{202e}", "１２", "\r\n", "\t", "<<: *a",
  ]

  @Test("scenarios are read or refused; what is read runs")
  func scenarios() async throws {
    let corpus = try Self.files("scenarios", ".yaml")
    await fuzz(400, Mutator(corpus: corpus, words: Self.words, seed: 1)) { input in
      let folder = Self.root.appendingPathComponent("scenarios").path
      guard
        case .success(let scenario) = ScenarioReader.read(bytes: input, file: "fuzz.yaml", folder: folder)
      else { return }
      await run(scenario)
    }
  }

  @Test("every value of every scenario may be at every edge")
  func edges() async throws {
    var cases: [[UInt8]] = []
    for text in try Self.files("scenarios", ".yaml") {
      for range in Mutator.values(in: text) {
        for word in Self.words {
          var input = text
          input.replaceSubrange(range, with: word.utf8)
          cases.append(input)
        }
      }
    }
    let step = max(1, cases.count / Self.count(400))
    let folder = Self.root.appendingPathComponent("scenarios").path
    for index in stride(from: 0, to: cases.count, by: step) {
      keep(cases[index])
      if case .success(let scenario) = ScenarioReader.read(
        bytes: cases[index], file: "edge.yaml", folder: folder)
      {
        await run(scenario)
      }
    }
  }

  /// Each design with the first few requests, to the end or nearly so, told in every form there is.
  private func run(_ scenario: Scenario) async {
    var scenario = scenario
    scenario.replications = min(2, scenario.replications)
    for index in scenario.workloads.indices {
      scenario.workloads[index].requests = min(20, scenario.workloads[index].requests ?? 20)
    }
    var options = RunOptions()
    options.maximumEvents = 4_000
    options.keepRequests = true
    options.keepTimeline = true
    let results = await Experiment.run(scenario, options: options)
    #expect(!results.table(style: TextStyle(colours: false)).isEmpty && !results.metricsCSV().isEmpty)
    for text in [results.summaryJSON(), results.timelineJSON()] {
      #expect((try? JSONSerialization.jsonObject(with: Data(text.utf8))) != nil, "valid JSON")
    }
  }

  @Test("values set on the command line are read or refused")
  func overrides() async throws {
    let text = try #require(try Self.files("scenarios", ".yaml").first)
    let paths = [
      "duration", "seed", "workloads.chat", "workloads.chat.arrivals", "workloads.chat.arrivals.rate",
      "designs.continuous.services.chat.batching.size", "designs.windowed.pools.gpu.count", "thresholds",
      "a.b",
      "", ".", "designs.static.pools.gpu.purchase.price", "version",
    ]
    let corpus = paths.flatMap { path in Self.words.map { Array("\(path)=\($0)".utf8) } }
    await fuzz(300, Mutator(corpus: corpus, words: Self.words, seed: 2)) { input in
      let pair = input.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let parts = pair.map { String(decoding: $0, as: UTF8.self) }
      let override = Override(path: parts[0], value: parts.count > 1 ? parts[1] : "")
      _ = ScenarioReader.read(bytes: text, file: "fuzz.yaml", folder: "/nowhere", overrides: [override])
    }
  }

  @Test("traces of every format are read or refused")
  func traces() async throws {
    let table = try #require(try Self.files("scenarios/traces", ".csv").first)
    let texts = [
      "Timestamp,Model,Request tokens,Response tokens\n5,ChatGPT,374,44\n6.25,GPT-4,396,109\n",
      "arrived_at,num_prefill_tokens,num_decode_tokens\n0.5,374,44\n1.75,396,109\n3.5,879,1\n",
      "{\"timestamp\": 1000, \"input_length\": 374, \"output_length\": 44, \"hash_ids\": [1, 2]}\n",
      "{\"input_lens\": [374], \"output_lens\": [44], \"start_times\": [71.5]}",
      "[{\"conversations\": [{\"from\": \"human\", \"value\": \"1\"}, {\"from\": \"m\", \"value\": \"2\"}]}]",
    ]
    let zipped: [UInt8] = [
      0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x2c, 0x2a, 0xca, 0x2c, 0x4b, 0x4d, 0x89, 0x4f, 0x2c, 0xd1,
      0xc9,
      0x2b, 0xcd, 0x8d, 0x2f, 0x28, 0x4a, 0x4d, 0xcb, 0xcc, 0xc9, 0x89, 0x2f, 0xc9, 0xcf, 0x4e, 0xcd, 0x2b,
      0x06,
    ]
    let corpus = texts.map { Array($0.utf8) } + [Array(table.prefix(400)), zipped]
    await fuzz(1_500, Mutator(corpus: corpus, words: Self.words, seed: 3)) { input in
      for format in TraceFormat.allCases {
        guard case .success(let trace) = TraceReader.read(input, format: format, speed: 0.5, limit: 1_000)
        else {
          continue
        }
        #expect(trace.arrivals.first == .zero)
        #expect((trace.promptTokens + trace.outputTokens).allSatisfy { $0 > 0 })
        #expect(zip(trace.arrivals, trace.arrivals.dropFirst()).allSatisfy { $0 <= $1 })
      }
    }
  }

  @Test("model configurations are read or refused")
  func models() async throws {
    let mixture = """
      {"architectures": ["MixtralForCausalLM"], "hidden_size": 4096, "intermediate_size": 14336,
       "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "num_local_experts": 8,
       "num_experts_per_tok": 2, "vocab_size": 32000, "torch_dtype": "bfloat16"}
      """
    let latent = """
      {"model_type": "deepseek_v3", "hidden_size": 7168, "kv_lora_rank": 512, "q_lora_rank": 1536,
       "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "num_attention_heads": 128,
       "num_hidden_layers": 61, "first_k_dense_replace": 3, "intermediate_size": 18432, "vocab_size": 129280,
       "moe_intermediate_size": 2048, "n_routed_experts": 256, "n_shared_experts": 1,
       "num_experts_per_tok": 8}
      """
    let nested =
      "{\"text_config\": {\"hidden_size\": 64, \"num_hidden_layers\": 2, \"num_attention_heads\": 4}}"
    let corpus =
      try Self.files("scenarios/models", ".json") + [mixture, latent, nested].map { Array($0.utf8) }
    await fuzz(3_000, Mutator(corpus: corpus, words: Self.words, seed: 4)) { input in
      guard let shape = try? HuggingFaceConfig.modelShape(from: input, name: "fuzz") else { return }
      #expect(shape.faults.isEmpty)
      #expect(shape.parameters.isFinite && shape.activeParameters <= shape.parameters)
      #expect(shape.keyValueElementsPerToken > 0)
    }
  }

  @Test("quantities are finite and not negative, or refused")
  func quantities() async {
    let corpus = Measure.allCases.flatMap(\.examples) + Self.words.filter { !$0.isEmpty }
    await fuzz(20_000, Mutator(corpus: corpus.map { Array($0.utf8) }, words: Self.words, seed: 5)) { input in
      let text = String(decoding: input, as: UTF8.self)
      for measure in Measure.allCases {
        if case .success(let value) = UnitParser.parse(text, as: measure) {
          #expect(value.isFinite && value >= 0, "\(text) as \(measure)")
        }
      }
    }
  }
}
