import Foundation
import Kernel

/// Reads recorded traffic. Every fault is reported with its line, up to twenty of them.
public struct TraceReader {
  private static let faultLimit = 20
  private static let tokenLimit = 10_000_000
  /// Seconds that a trace may last: 18 years end the clock's range.
  static let longestSpan = 5e8
  let format: TraceFormat
  /// The day and second that times of day are counted from: that of the first row [s since 1970].
  var epoch: Int64?
  var count: Int { arrivals.count }
  private var arrivals: [Ticks] = []
  private var prompts: [Int32] = []
  private var outputs: [Int32] = []
  /// Of the mooncake format: names of prefix blocks, and whether any request has some.
  private var blocks: [[UInt64]] = []
  private var hasBlocks = false
  private var faults: [TraceFault] = []

  /// - Parameters:
  ///   - bytes: plain or gzip.
  ///   - speed: 2 sends the same requests in half the time.
  ///   - limit: only the first so many rows.
  public static func read(
    _ bytes: [UInt8], format: TraceFormat, speed: Double = 1, limit: Int = .max
  ) -> Result<Trace, TraceFaults> {
    var plain = bytes
    if Gzip.isGzip(bytes) {
      guard let inflated = Gzip.inflate(bytes) else {
        return .failure(
          TraceFaults([TraceFault(line: 1, message: "the gzip stream is damaged or larger than 512 MiB")]))
      }
      plain = inflated
    }
    var reader = TraceReader(format: format)
    switch format {
    case .azure, .burstgpt, .vidur: reader.readTable(plain, limit)
    case .mooncake: reader.readLines(plain, limit)
    case .sharegpt: reader.readConversations(plain, limit)
    case .vllmBench: reader.readBenchmark(plain, limit)
    case .vllmRequests: reader.readRequests(plain, limit)
    }
    if reader.faults.isEmpty && reader.arrivals.isEmpty {
      reader.faults.append(TraceFault(line: 1, message: "the trace holds no requests"))
    }
    let span = ((reader.arrivals.max() ?? .zero) - (reader.arrivals.min() ?? .zero)).seconds / speed
    if span >= longestSpan {
      reader.fail(1, "at speed \(speed) the trace lasts longer than 5e8 s")
    }
    guard reader.faults.isEmpty else { return .failure(TraceFaults(reader.faults)) }
    return .success(
      Trace(
        arrivals: reader.arrivals, promptTokens: reader.prompts, outputTokens: reader.outputs, speed: speed,
        blocks: reader.hasBlocks ? reader.blocks : []))
  }

  private init(format: TraceFormat) { self.format = format }

  mutating func fail(_ line: Int, _ message: String) {
    if faults.count < Self.faultLimit { faults.append(TraceFault(line: line, message: message)) }
  }

  mutating func append(_ line: Int, _ arrival: Double?, _ prompt: Double?, _ output: Double?) {
    guard let arrival, arrival.isFinite, arrival >= 0, arrival < Self.longestSpan else {
      return fail(line, "expected a time from 0 to 5e8 s")
    }
    append(line, Ticks(seconds: arrival), prompt, output)
  }

  mutating func append(_ line: Int, _ arrival: Ticks, _ prompt: Double?, _ output: Double?) {
    guard let prompt, let output, prompt.isFinite, output.isFinite, prompt >= 0, output >= 0,
      prompt <= Double(Self.tokenLimit), output <= Double(Self.tokenLimit)
    else { return fail(line, "expected token counts from 0 to \(Self.tokenLimit)") }
    arrivals.append(arrival)
    prompts.append(Int32(max(1, prompt)))
    outputs.append(Int32(max(1, output)))
  }

  // MARK: JSON

  private mutating func readLines(_ bytes: [UInt8], _ limit: Int) {
    struct Row: Decodable {
      var timestamp: Double
      var inputLength: Double
      var outputLength: Double
      var hashIDs: [UInt64]?
      enum CodingKeys: String, CodingKey {
        case timestamp
        case hashIDs = "hash_ids"
        case inputLength = "input_length"
        case outputLength = "output_length"
      }
    }
    let decoder = JSONDecoder()
    for (number, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .enumerated()
    {
      if line.allSatisfy({ $0 == 32 || $0 == 13 || $0 == 9 }) { continue }
      guard let row = try? decoder.decode(Row.self, from: Data(line)) else {
        fail(
          number + 1,
          "expected an object with timestamp, input_length, output_length and, if any, whole hash_ids")
        continue
      }
      append(number + 1, row.timestamp / 1000, row.inputLength, row.outputLength)
      blocks.append(row.hashIDs ?? [])
      hasBlocks = hasBlocks || row.hashIDs?.isEmpty == false
      if arrivals.count >= limit { return }
    }
  }

  /// Times since 1970 leave a double a quarter of a microsecond; the first arrival is taken off before ticks
  /// are counted.
  private mutating func readRequests(_ bytes: [UInt8], _ limit: Int) {
    struct Row: Decodable {
      var arrival: Double
      var input: Double
      var output: Double
      enum CodingKeys: String, CodingKey {
        case arrival = "arrival_time"
        case input = "input_toks"
        case output = "output_toks"
      }
    }
    let decoder = JSONDecoder()
    var rows: [(line: Int, row: Row)] = []
    for (number, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .enumerated()
    {
      if line.allSatisfy({ $0 == 32 || $0 == 13 || $0 == 9 }) { continue }
      guard let row = try? decoder.decode(Row.self, from: Data(line)), row.arrival.isFinite else {
        fail(number + 1, "expected an object with arrival_time, input_toks and output_toks")
        continue
      }
      rows.append((number + 1, row))
      if rows.count >= limit { break }
    }
    let first = rows.map(\.row.arrival).min() ?? 0
    for (line, row) in rows { append(line, row.arrival - first, row.input, row.output) }
  }

  private mutating func readConversations(_ bytes: [UInt8], _ limit: Int) {
    struct Turn: Decodable {
      var from: String
      var value: String
    }
    struct Conversation: Decodable { var conversations: [Turn] }
    guard let list = try? JSONDecoder().decode([Conversation].self, from: Data(bytes)) else {
      return fail(1, "expected a JSON list of objects with conversations: [{from, value}]")
    }
    for conversation in list {
      let turns = conversation.conversations
      guard turns.count >= 2 else { continue }
      append(
        1, Double(arrivals.count), Double(turns[0].value.utf8.count) / 4,
        Double(turns[1].value.utf8.count) / 4)
      if arrivals.count >= limit { return }
    }
  }

  private mutating func readBenchmark(_ bytes: [UInt8], _ limit: Int) {
    struct Result: Decodable {
      var inputs: [Double]
      var outputs: [Double]
      var starts: [Double]
      enum CodingKeys: String, CodingKey {
        case inputs = "input_lens"
        case outputs = "output_lens"
        case starts = "start_times"
      }
    }
    guard let result = try? JSONDecoder().decode(Result.self, from: Data(bytes)),
      result.inputs.count == result.outputs.count, result.starts.count == result.inputs.count
    else { return fail(1, "expected input_lens, output_lens and start_times of equal length") }
    let first = result.starts.min() ?? 0
    for index in result.inputs.indices.prefix(limit) {
      append(1, result.starts[index] - first, result.inputs[index], result.outputs[index])
    }
  }
}

/// All faults of one trace.
public struct TraceFaults: Error, Sendable {
  public var faults: [TraceFault]
  init(_ faults: [TraceFault]) { self.faults = faults }
}
