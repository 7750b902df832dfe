import Kernel
import Scenario
import Testing

@testable import Experiments

@Suite("Results that cannot be meant")
struct MeasurementFaultTests {
  private func faults(_ text: String, file: String = "f") -> [Fault] {
    switch MeasurementReader.read(bytes: Array(text.utf8), file: file) {
    case .success: []
    case .failure(let report): report.faults
    }
  }

  @Test("an unknown format says which are known")
  func unknownFormat() {
    for text in ["", "hello", "a,b\n1,2\n", "{\"x\": 1}", "[1, 2]", "x: [1, 2]\n", "42"] {
      let found = faults(text)
      #expect(found.count >= 1 && found[0].line >= 1, "\(text)")
      #expect(found[0].help?.contains("guidellm") == true, "\(text)")
      #expect(found[0].help?.contains("vLLM") == true, "\(text)")
    }
  }

  @Test("every fault of a file comes at once, each with its line")
  func allAtOnce() {
    let found = faults(
      """
      {"completed": 5, "request_throughput": "fast",
       "mean_ttft_ms": -3,
       "max_concurrency": 2.5, "request_rate": 0,
       "input_lens": [1, 2],
       "output_lens": [1]}
      """)
    #expect(Set(found.map(\.line)) == [1, 2, 3, 4])
    #expect(found.contains { $0.message == "'request_throughput' is not a number of 0 or more" })
    #expect(found.contains { $0.message.contains("'max_concurrency'") })
    #expect(found.contains { $0.message.contains("'request_rate'") })
  }

  @Test("places are those of the values, also on one long line")
  func places() {
    let long =
      "{\"completed\": 5, \"generated_texts\": [\"\(String(repeating: "x", count: 900))\"], "
      + "\"request_throughput\": {}}"
    let found = faults(long)
    #expect(found.map(\.line) == [1] && found.first?.column == long.utf8.count - 2)
    guard case .failure(let report) = MeasurementReader.read(bytes: Array(long.utf8), file: "f") else {
      return
    }
    #expect(report.description.contains("\"request_throughput\": {}}"))
    #expect(report.description.split(separator: "\n").allSatisfy { $0.count < 200 })
  }

  @Test("JSON that breaks off names the place")
  func broken() {
    let found = faults("{\"completed\": 5,\n  \"mean_ttft_ms\" 7}")
    #expect(found.map(\.line) == [2] && found.map(\.column) == [18])
    #expect(found.first?.message == "a colon is missing here")
  }

  @Test("a table's faults name their rows")
  func table() {
    let found = faults("run_id,metric,value,tp\na,ttft_mean_ms,fast,1\nb,ttft_mean_ms,1\nc,e2e_p99_ms,,1\n")
    #expect(found.map(\.line) == [2, 3, 4])
    let aiperf = faults("Metric,avg,p50\nRequest Latency (furlong),1,2\nTime to First Token (ms),x,1\n")
    #expect(aiperf.map(\.line) == [2, 3])
  }

  @Test("what other versions and other files of the same tools need is said")
  func neighbours() {
    #expect(faults("{\"version\": \"0.1\", \"results\": {}}").first?.help?.contains("0.2") == true)
    #expect(
      faults("{\"input_config\": {}, \"time_to_first_token\": {\"avg\": 1}}").first?.help?
        .contains("profile_export.jsonl") == true)
    let ramp =
      "{\"completed\": 5, \"request_throughput\": 1, \"request_rate\": 4, \"ramp_up_strategy\": \"linear\"}"
    #expect(faults(ramp).first?.help?.contains("--save-detailed") == true)
    let strategy = "{\"benchmarks\": [{\"metrics\": {}, \"config\": {\"strategy\": {\"type_\": \"tidal\"}}}]}"
    #expect(faults(strategy).first?.message.contains("tidal") == true)
  }

  @Test("no beginning of a file and no damage to it stops the reader", arguments: MeasurementFixture.names)
  func damage(name: String) throws {
    let whole = try MeasurementFixture.bytes(name)
    func read(_ bytes: [UInt8]) {
      switch MeasurementReader.read(bytes: bytes, file: name) {
      case .success(let runs): #expect(!runs.isEmpty)
      case .failure(let report): #expect(!report.faults.isEmpty && !report.description.isEmpty)
      }
    }
    for step in 0..<64 { read(Array(whole.prefix(whole.count * step / 64))) }
    var stream = RandomStream(seed: 7, replication: 0, entity: name, purpose: "damage")
    for _ in 0..<300 {
      var bytes = whole
      for _ in 0...Int(stream.below(3)) {
        let place = Int(stream.below(UInt32(bytes.count)))
        switch stream.below(3) {
        case 0: bytes[place] = UInt8(stream.below(256))
        case 1: bytes[place] = Array("0-9e,:\"{}[]\nI".utf8)[Int(stream.below(13))]
        default: bytes.remove(at: place)
        }
      }
      read(bytes)
    }
  }

  @Test("numbers of any size are taken or refused, never trapped on")
  func extremes() throws {
    let values = [
      "1e308", "-1e308", "1e-320", "9007199254740993", "1e19", "-0", "Infinity", "-Infinity", "NaN",
      "\"inf\"", "\"nan\"", "null", "true", "[]", "{}",
    ]
    let keys = [
      "completed", "failed", "mean_ttft_ms", "request_throughput", "request_rate", "max_concurrency",
      "burstiness", "total_input_tokens", "total_output_tokens", "input_lens", "start_times", "date",
    ]
    for key in keys {
      for value in values {
        var members = [
          "\"completed\": 3", "\"request_throughput\": 1.5", "\"input_lens\": [1, 2, 3]",
          "\"output_lens\": [4, 5, 6]", "\"start_times\": [1, 1e300, 3]",
        ]
        members.append("\"\(key)\": \(value)")
        let text = "{\(members.joined(separator: ", "))}"
        if case .success(let runs) = MeasurementReader.read(bytes: Array(text.utf8), file: "f") {
          for run in runs { #expect(run.figures.allSatisfy { $0.value > 0 && $0.value.isFinite }) }
        }
      }
    }
  }

  @Test("days of the calendar are those that clients write")
  func dates() {
    #expect(CivilDate.compact("20251031-142233") == "2025-10-31")
    #expect(CivilDate.compact("2025-10-31") == nil && CivilDate.compact("20251341-1") == nil)
    #expect(CivilDate.leading("2025-11-05T18:00:42Z") == "2025-11-05" && CivilDate.leading("5 Nov") == nil)
    #expect(CivilDate.day(secondsSince1970: 1_759_813_207) == "2025-10-07")
    #expect(CivilDate.day(secondsSince1970: 951_782_400) == "2000-02-29")
    #expect(CivilDate.day(secondsSince1970: 1_767_225_599) == "2025-12-31")
    #expect(CivilDate.day(secondsSince1970: 5) == nil)
  }
}
