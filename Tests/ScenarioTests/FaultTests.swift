import Foundation
import Kernel
import Quantities
import Scenario
import Testing

@Suite struct FaultTests {
  static let valid = """
    version: 1
    name: test
    duration: 1m
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: 2/s }
        prompt-tokens: { distribution: constant, value: 100 }
        output-tokens: { distribution: constant, value: 50 }
    designs:
      one:
        sites: { dc: { kind: on-prem } }
        pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 280000 USD } } }
        services: { chat: { workload: chat, pool: gpu, replicas: 1 } }
    thresholds: [ "p99(ttft_s) < 2" ]

    """

  static func read(_ text: String) -> Result<Scenario, FaultReport> {
    ScenarioReader.read(bytes: Array(text.utf8), file: "test.yaml", folder: "/nowhere")
  }

  static func faults(_ text: String) -> [Fault] {
    if case .failure(let report) = read(text) { report.faults } else { [] }
  }

  @Test func theValidOneIsValid() throws {
    let scenario = try Self.read(Self.valid).get()
    #expect(scenario.workloads.count == 1 && scenario.designs[0].pools[0].accelerators == 8)
    #expect(scenario.contentHash.count == 64)
  }

  /// What is replaced, by what, the line of the fault, and what its text must hold.
  static let mistakes: [(old: String, new: String, line: Int, says: String)] = [
    ("duration: 1m", "duraton: 1m", 3, "did you mean 'duration'?"),
    ("duration: 1m", "duration: 60", 3, "needs a unit"),
    ("duration: 1m", "duration: -5m", 3, "negative"),
    ("duration: 1m", "duration: 1m\nwarmup: 1m", 4, "nothing would be measured"),
    ("duration: 1m", "duration: 1e999s", 3, "quantity"),
    ("rate: 2/s", "rate: .nan/s", 8, "quantity"),
    ("rate: 2/s", "rate: 0/s", 8, "positive"),
    ("rate: 2/s", "rate: 1e20/s", 8, "at most"),
    ("{ process: poisson, rate: 2/s }", "{ process: schedule, points: [[0s, 1e20/s]] }", 8, "at most 10"),
    ("replicas: 1", "replicas: 1, latency: { front-end: 1y }", 15, "at most 30d"),
    ("replicas: 1", "replicas: 1, admission: { retry-after: 1y }", 15, "at most 30d"),
    (
      "llama-3.1-8b",
      "{ layers: 2, hidden: 64, heads: 4, kv-heads: 3, experts: { count: 8, per-token: 9, intermediate: 8}}",
      7, "evenly"
    ),
    ("llama-3.1-8b", "llama-3.1-8c", 7, "did you mean 'llama-3.1-8b'?"),
    ("poisson", "poison", 8, "did you mean 'poisson'?"),
    ("value: 100", "value: 1e300", 9, "expected a number"),
    ("count: 1,", "count: 1e12,", 14, "whole number"),
    ("duration: 1m", "duration: 16y", 3, "at most 15y"),
    ("280000 USD", "1e12 USD", 14, "at most 1000000000 USD"),
    ("kind: on-prem", "kind: on-prem, rtt: 1y", 13, "at most 30d"),
    ("280000 USD", "280000 EUR", 14, "nothing says what EUR is worth"),
    ("280000 USD", "280000", 14, "needs a unit"),
    ("pool: gpu", "pool: gpus", 15, "did you mean 'gpu'?"),
    ("replicas: 1", "replicas: 9", 15, "need 9"),
    ("name: test", "name: test\nclients: { eu: { share: 100% } }", 3, "not simulated by this version"),
    ("p99(ttft_s)", "p99(ttft)", 16, "did you mean 'ttft_s'?"),
    ("p99(ttft_s)", "ttft_s", 16, "needs a statistic"),
    ("version: 1", "version: 1\nversion: 1", 1, "duplicate key"),
    ("name: test", "name: te\u{1}st", 2, "control character"),
    ("name: test", "name: tést \u{7}", 2, "control character"),
    ("model: llama-3.1-8b", "model: deepseek-v3", 15, "does not fit"),
  ]

  @Test(arguments: mistakes.indices) func aMistakeIsNamedWithItsPlace(index: Int) {
    let mistake = Self.mistakes[index]
    let faults = Self.faults(Self.valid.replacing(mistake.old, with: mistake.new))
    let found = faults.first { "\($0.message) \($0.help ?? "")".contains(mistake.says) }
    #expect(found != nil, "\(mistake.new): \(faults)")
    #expect(mistake.line == 0 || found?.line == mistake.line, "\(mistake.new): \(faults)")
  }

  @Test func whatIsSentAtOnceIsNoWarmUp() {
    let text = Self.valid.replacing("duration: 1m", with: "warmup: 10s").replacing(
      "process: poisson, rate: 2/s", with: "process: burst, count: 5")
    let faults = Self.faults(text)
    #expect(faults.count == 1 && faults[0].line == 3 && faults[0].message.contains("inside the warm-up"))
  }

  @Test func allMistakesAreToldAtOnce() {
    let text = Self.valid.replacing("duration: 1m", with: "duration: 60").replacing(
      "rate: 2/s", with: "rate: 2"
    )
    .replacing("kind: on-prem", with: "kind: onprem").replacing("replicas: 1", with: "replica: 1")
    #expect(Self.faults(text).count == 4)
  }

  @Test func aNestOfAliasesIsRefusedAtOnce() {
    var bomb = "# 'tis a comment\na0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...8 {
      let row = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      bomb += "a\(level): &a\(level) [\(row)]\n"
    }
    #expect(Self.faults(bomb).first?.message.contains("aliases") == true)
  }

  @Test func whatIsTooDeepOrTooLongIsRefused() {
    #expect(Self.faults(String(repeating: "[", count: 5_000)).first?.message.contains("64 levels") == true)
    #expect(Self.faults(String(repeating: "- ", count: 100_000)).first?.message.contains("64 levels") == true)
    let long = "a: [" + String(repeating: "x,", count: 1_000_000) + "x]"
    #expect(Self.faults(long).first?.message.contains("200,000 values") == true)
  }

  @Test func longTextsAreNoLongLists() {
    let text = String(repeating: "one, two: three - four\n  ", count: 10_000)
    let description = "description: \"" + text + "\"\nduration: 1m"
    #expect(Self.faults(Self.valid.replacing("duration: 1m", with: description)).isEmpty)
  }

  @Test func damagedTextNeverTraps() {
    var stream = RandomStream(seed: 3, replication: 0, entity: "test", purpose: "mutations")
    let source = Array(Self.valid.utf8)
    for _ in 0..<600 {
      var bytes = source
      for _ in 0...Int(stream.below(4)) {
        let place = Int(stream.below(UInt32(bytes.count)))
        switch stream.below(4) {
        case 0: bytes[place] = UInt8(stream.below(256))
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(contentsOf: Array("-9e999".utf8), at: place)
        default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 20)], at: place)
        }
      }
      _ = ScenarioReader.read(bytes: bytes, file: "test.yaml", folder: "/nowhere")
    }
  }

  @Test func filesOutsideTheFolderNeedLeave() {
    let text = Self.valid.replacing("model: llama-3.1-8b", with: "model: { file: ../../etc/passwd }")
    #expect(Self.faults(text).contains { $0.message.contains("--allow-path") })
  }

  @Test func theSchemaIsJSONAndClosed() throws {
    let schema = try JSONSerialization.jsonObject(with: Data(ScenarioSchema.json.utf8)) as? [String: Any]
    #expect(schema?["additionalProperties"] as? Bool == false)
    #expect((schema?["required"] as? [String])?.contains("workloads") == true)
  }

  @Test func quantitiesMeanTheSameInEveryUnit() throws {
    #expect(
      try UnitParser.parse("400Gbps", as: .bandwidth).get()
        == UnitParser.parse("50GB/s", as: .bandwidth).get())
    #expect(try UnitParser.parse("1h30m", as: .duration).get() == 5400)
    #expect(try UnitParser.parse("PT5M", as: .duration).get() == 300)
    #expect(try UnitParser.parse("80Gi", as: .bytes).get() == UnitParser.parse("80GiB", as: .bytes).get())
    #expect(abs(try UnitParser.parse("30/min", as: .rate).get() - 0.5) < 1e-12)
    for text in ["P5M", "", "s", "5 parsecs", "1e400s", "--5s", "5s5"] {
      if case .success(let value) = UnitParser.parse(text, as: .duration) {
        Issue.record("\(text) was read as \(value)")
      }
    }
  }
}
