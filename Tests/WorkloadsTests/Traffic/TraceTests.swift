import Foundation
import Kernel
import TestSupport
import Testing

@testable import Workloads

/// Every format of recorded traffic: what it means, and where a fault of it is told.
@Suite("Traces")
struct TraceTests {
  static func read(
    _ text: String, _ format: TraceFormat, speed: Double = 1, limit: Int = .max
  ) throws -> Trace {
    try TraceReader.read(Array(text.utf8), format: format, speed: speed, limit: limit).get()
  }

  /// Faults as `line: message`.
  static func faults(_ bytes: [UInt8], _ format: TraceFormat) -> [String] {
    guard case .failure(let failure) = TraceReader.read(bytes, format: format) else { return [] }
    return failure.faults.map { "\($0.line): \($0.message)" }
  }

  static func faults(_ text: String, _ format: TraceFormat) -> [String] { faults(Array(text.utf8), format) }

  static func expect(
    _ trace: Trace, _ rows: [(Double, Int32, Int32)], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(trace.arrivals == rows.map { Ticks(seconds: $0.0) }, sourceLocation: sourceLocation)
    #expect(trace.promptTokens == rows.map(\.1), sourceLocation: sourceLocation)
    #expect(trace.outputTokens == rows.map(\.2), sourceLocation: sourceLocation)
  }

  /// The same three requests in every format: at 0, 1.25 and 3 s.
  static let samples: [(TraceFormat, String)] = [
    (
      .azure,
      """
      TIMESTAMP,ContextTokens,GeneratedTokens
      2023-11-16 18:15:59.7500000,374,44
      2023-11-16 18:16:01.0000000,396,109
      2023-11-16 18:16:02.75,879,1
      """
    ),
    (
      .burstgpt,
      """
      Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
      5,ChatGPT,374,44,418,Conversation log
      6.25,GPT-4,396,109,505,Conversation log
      8,ChatGPT,879,1,880,API log
      """
    ),
    (
      .vidur,
      """
      arrived_at,num_prefill_tokens,num_decode_tokens
      0.5,374,44
      1.75,396,109
      3.5,879,1
      """
    ),
    (
      .mooncake,
      """
      {"timestamp": 1000, "input_length": 374, "output_length": 44, "hash_ids": [1, 2]}
      {"timestamp": 2250, "input_length": 396, "output_length": 109, "hash_ids": [1]}
      {"timestamp": 4000, "input_length": 879, "output_length": 1, "hash_ids": []}
      """
    ),
    (
      .vllmBench,
      """
      {"backend": "vllm", "input_lens": [374, 396, 879], "output_lens": [44, 109, 1],
       "start_times": [71.5, 72.75, 74.5], "ttfts": [0.1, 0.2, 0.3]}
      """
    ),
  ]

  @Test("every format tells the same requests", arguments: samples)
  func formats(format: TraceFormat, text: String) throws {
    Self.expect(try Self.read(text, format), [(0, 374, 44), (1.25, 396, 109), (3, 879, 1)])
    let zipped = StoredGzip.bytes(of: Array(text.utf8))
    Self.expect(
      try TraceReader.read(zipped, format: format).get(), [(0, 374, 44), (1.25, 396, 109), (3, 879, 1)])
    Self.expect(try Self.read(text, format, speed: 2), [(0, 374, 44), (0.625, 396, 109), (1.5, 879, 1)])
    Self.expect(try Self.read(text, format, limit: 2), [(0, 374, 44), (1.25, 396, 109)])
    Self.expect(try Self.read(text + "\n", format), [(0, 374, 44), (1.25, 396, 109), (3, 879, 1)])
  }

  @Test("conversations are a second apart, four characters a token, first prompt and first answer")
  func sharegpt() throws {
    let text = """
      [{"conversations": [{"from": "human", "value": "12345678"}, {"from": "gpt", "value": "1234"}]},
       {"conversations": [{"from": "human", "value": "only a prompt"}]},
       {"conversations": [{"from": "human", "value": "1"}, {"from": "gpt", "value": "123456789012"},
        {"from": "human", "value": "more"}]}]
      """
    Self.expect(try Self.read(text, .sharegpt), [(0, 2, 1), (1, 1, 3)])
    #expect(
      Self.faults("[{\"conversations\": 1}]", .sharegpt).first?.hasPrefix("1: expected a JSON list") == true)
  }

  @Test("requests are sorted by arrival, stably; the first is at 0; a prompt or answer of none counts as 1")
  func order() throws {
    let text = "arrived_at,num_prefill_tokens,num_decode_tokens\n7,1,0\n5,2,1\n7,3,1\n5,0,1\n"
    Self.expect(try Self.read(text, .vidur), [(0, 2, 1), (0, 1, 1), (2, 1, 1), (2, 3, 1)])
  }

  @Test("quotes, spaces, a byte order mark, Windows line ends, blank lines and other columns do not matter")
  func tolerance() throws {
    let text =
      "\u{feff}\"GeneratedTokens\", model ,ContextTokens,TIMESTAMP\r\n"
      + "\r\n44,x,\"374\",2023-11-16T18:15:59.75\r\n 109 ,,396, 2023-11-16 18:16:01 \r\n"
    Self.expect(try Self.read(text, .azure), [(0, 374, 44), (1.25, 396, 109)])
  }

  @Test("a time of the day is exact to 100 ns, across months, leap days and years")
  func timestamps() throws {
    for (early, late, seconds) in [
      ("2023-11-16 18:15:46.6805900", "2023-11-16 18:15:50.9951690", 4.314579),
      ("2023-12-31 23:59:59.9999999", "2024-01-01 00:00:00", 1e-7),
      ("2024-02-28 12:00:00", "2024-03-01 12:00:00", 172_800),
      ("2023-02-28 12:00:00", "2023-03-01 12:00:00", 86_400),
      ("1999-12-31 00:00:00", "2000-03-01 00:00:00", 61 * 86_400.0),
    ] {
      let text = "TIMESTAMP,ContextTokens,GeneratedTokens\n\(early),1,1\n\(late),1,1\n"
      #expect(try Self.read(text, .azure).arrivals == [.zero, Ticks(seconds: seconds)])
    }
  }

  @Test("each fault is told with its line")
  func faultsHaveLines() {
    let table = "arrived_at,num_prefill_tokens,num_decode_tokens\n"
    for (text, format, expected) in [
      (table + "1,2,3\n1,2\n", TraceFormat.vidur, ["3: expected at least 3 columns, found 2"]),
      (
        table + "x,2,3\n\n-1,2,3\n", .vidur,
        ["2: expected a time from 0 to 5e8 s", "4: expected a time from 0 to 5e8 s"]
      ),
      (table + "1,2,3\n1,nan,3\n", .vidur, ["3: expected token counts from 0 to 10000000"]),
      (table + "1,2,10000001\n", .vidur, ["2: expected token counts from 0 to 10000000"]),
      (
        "a,b\n1,2\n", .burstgpt,
        ["1: the header lacks Timestamp, Request tokens, Response tokens (format burstgpt)"]
      ),
      (table, .vidur, ["1: the trace holds no requests"]),
      ("", .mooncake, ["1: the trace holds no requests"]),
      (
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-13-01 00:00:00,1,1\n", .azure,
        ["2: expected a time such as 2023-11-16 18:15:46.6805900, found '2023-13-01 00:00:00'"]
      ),
      (
        "{\"timestamp\": 1}\n\n{]\n", .mooncake,
        [
          "1: expected an object with timestamp, input_length, output_length and, if any, whole hash_ids",
          "3: expected an object with timestamp, input_length, output_length and, if any, whole hash_ids",
        ]
      ),
      (
        "{\"input_lens\": [1], \"output_lens\": [], \"start_times\": [1]}", .vllmBench,
        ["1: expected input_lens, output_lens and start_times of equal length"]
      ),
    ] {
      #expect(Self.faults(text, format) == expected)
    }
    #expect(Self.faults(table + String(repeating: "?\n", count: 100), .vidur).count == 20)
  }

  @Test("times too far apart for the clock are a fault")
  func span() {
    let table = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1,1\n"
    let far = table + "1999-11-16 18:15:46,1,1\n2039-11-16 18:15:46,1,1\n"
    #expect(Self.faults(far, .azure).map { $0.prefix(9) } == ["3: expect", "4: expect"])
    let slow = TraceReader.read(
      Array((table + "2023-11-17 18:15:46,1,1\n").utf8), format: .azure, speed: 1e-4)
    guard case .failure(let failure) = slow else {
      Issue.record("27 years were accepted")
      return
    }
    #expect(failure.faults.map(\.message) == ["at speed 0.0001 the trace lasts longer than 5e8 s"])
  }

  @Test("damaged and oversized gzip is a fault; members follow one another")
  func gzip() throws {
    let text = Array(Self.samples[2].1.utf8)
    let zipped = StoredGzip.bytes(of: text)
    for length in 3..<zipped.count {
      #expect(
        Self.faults(Array(zipped[..<length]), .vidur).first?.contains("gzip") == true, "cut at \(length)")
    }
    var damaged = zipped
    damaged[20] ^= 0xff
    #expect(Self.faults(damaged, .vidur).first?.contains("gzip") == true)
    let parts = StoredGzip.bytes(of: Array(text[..<60])) + StoredGzip.bytes(of: Array(text[60...]))
    #expect(Gzip.inflate(parts) == text)
    #expect(Gzip.inflate(zipped, limit: 10) == nil)
  }

  @Test(
    "published traces hold the requests that are published of them",
    .enabled(if: SharedData.has("traces/azure_llm_2023_conv.csv.gz"), Comment(rawValue: SharedData.absence)))
  func published() throws {
    for (file, format, count, prompt, output) in [
      ("azure_llm_2023_conv.csv.gz", TraceFormat.azure, 19_366, 1_155.0, 211.0),
      ("azure_llm_2023_code.csv.gz", .azure, 8_819, 2_048, 27.9),
      ("mooncake_conversation.jsonl.gz", .mooncake, 12_031, 12_035, 343),
    ] {
      let trace = try TraceReader.read(try #require(SharedData.bytes("traces/\(file)")), format: format).get()
      func mean(_ tokens: [Int32]) -> Double { Double(tokens.reduce(0) { $0 + Int($1) }) / Double(count) }
      #expect(trace.count == count)
      #expect(abs(mean(trace.promptTokens) - prompt) < 0.6 && abs(mean(trace.outputTokens) - output) < 0.6)
    }
  }

  @Test("tables read as bytes are what they are as strings, faults included", arguments: 0..<UInt64(60))
  func bytesAsStrings(seed: UInt64) {
    let (bytes, format) = RandomTable.make(seed)
    let oracle = StringTableReader(bytes, format: format)
    switch TraceReader.read(bytes, format: format) {
    case .success(let trace):
      let sorted = oracle.requests.enumerated().sorted { ($0.1.arrival, $0.0) < ($1.1.arrival, $1.0) }
      let first = sorted.first?.1.arrival ?? .zero
      #expect(trace.arrivals == sorted.map { $0.1.arrival - first })
      #expect(
        trace.promptTokens == sorted.map { $0.1.prompt } && trace.outputTokens == sorted.map { $0.1.output })
      #expect(oracle.faults.isEmpty)
    case .failure(let failure): #expect(failure.faults == oracle.faults)
    }
  }
}
