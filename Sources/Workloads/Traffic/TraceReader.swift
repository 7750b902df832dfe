import Foundation
import Kernel

/// Reads recorded traffic. Every fault is reported with its line, up to twenty of them.
public struct TraceReader {
  private static let faultLimit = 20
  private static let tokenLimit = 10_000_000
  private let format: TraceFormat
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
    }
    if reader.faults.isEmpty && reader.arrivals.isEmpty {
      reader.faults.append(TraceFault(line: 1, message: "the trace holds no requests"))
    }
    guard reader.faults.isEmpty else { return .failure(TraceFaults(reader.faults)) }
    return .success(
      Trace(
        arrivals: reader.arrivals, promptTokens: reader.prompts, outputTokens: reader.outputs, speed: speed,
        blocks: reader.hasBlocks ? reader.blocks : []))
  }

  private init(format: TraceFormat) { self.format = format }

  private mutating func fail(_ line: Int, _ message: String) {
    if faults.count < Self.faultLimit { faults.append(TraceFault(line: line, message: message)) }
  }

  private mutating func append(_ line: Int, _ arrival: Double?, _ prompt: Double?, _ output: Double?) {
    guard let arrival, arrival.isFinite, arrival >= 0, arrival < 5e8 else {
      return fail(line, "expected a time from 0 to 5e8 s")
    }
    append(line, Ticks(seconds: arrival), prompt, output)
  }

  private mutating func append(_ line: Int, _ arrival: Ticks, _ prompt: Double?, _ output: Double?) {
    guard let prompt, let output, prompt.isFinite, output.isFinite, prompt >= 0, output >= 0,
      prompt <= Double(Self.tokenLimit), output <= Double(Self.tokenLimit)
    else { return fail(line, "expected token counts from 0 to \(Self.tokenLimit)") }
    arrivals.append(arrival)
    prompts.append(Int32(max(1, prompt)))
    outputs.append(Int32(max(1, output)))
  }

  // MARK: Tables

  private mutating func readTable(_ bytes: [UInt8], _ limit: Int) {
    let names: [String] =
      switch format {
      case .azure: ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]
      case .burstgpt: ["Timestamp", "Request tokens", "Response tokens"]
      default: ["arrived_at", "num_prefill_tokens", "num_decode_tokens"]
      }
    var columns: [Int]?
    for (number, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .enumerated()
    {
      let cells = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
        String(decoding: $0, as: UTF8.self).trimmingCharacters(
          in: CharacterSet(charactersIn: " \r\"\u{feff}"))
      }
      if cells.count == 1 && cells[0].isEmpty { continue }
      guard let found = columns else {
        let places = names.map { cells.firstIndex(of: $0) }
        guard !places.contains(nil) else {
          let missing = zip(names, places).filter { $0.1 == nil }.map(\.0).joined(separator: ", ")
          return fail(number + 1, "the header lacks \(missing) (format \(format.rawValue))")
        }
        columns = places.compactMap { $0 }
        continue
      }
      guard let last = found.max(), cells.count > last else {
        fail(number + 1, "expected at least \((found.max() ?? 0) + 1) columns, found \(cells.count)")
        continue
      }
      let (prompt, output) = (Double(cells[found[1]]), Double(cells[found[2]]))
      if format == .azure {
        guard let time = Self.timestamp(cells[found[0]]) else {
          fail(
            number + 1,
            "expected a time such as 2023-11-16 18:15:46.6805900, found '\(cells[found[0]].prefix(40))'")
          continue
        }
        append(number + 1, time, prompt, output)
      } else {
        append(number + 1, Double(cells[found[0]]), prompt, output)
      }
      if arrivals.count >= limit { return }
    }
  }

  /// `YYYY-MM-DD HH:MM:SS.fffffff`, exact to 100 ns, as ticks since 1970; `nil` when malformed.
  static func timestamp(_ text: String) -> Ticks? {
    let parts = text.split(whereSeparator: { $0 == " " || $0 == "T" })
    guard parts.count == 2 else { return nil }
    let date = parts[0].split(separator: "-").compactMap { Int64($0) }
    let clock = parts[1].split(separator: ":")
    guard date.count == 3, clock.count == 3, (1970...2200).contains(date[0]), (1...12).contains(date[1]),
      (1...31).contains(date[2]), let hour = Int64(clock[0]), let minute = Int64(clock[1]),
      (0...23).contains(hour), (0...59).contains(minute)
    else { return nil }
    let second = clock[2].split(separator: ".")
    guard let whole = Int64(second[0]), (0...60).contains(whole) else { return nil }
    var fraction: Int64 = 0
    if second.count > 1 {
      let digits = second[1].prefix(while: \.isNumber).prefix(7)
      guard let value = Int64(digits + String(repeating: "0", count: 7 - digits.count)) else { return nil }
      fraction = value
    }
    // Days from the civil calendar (Hinnant, "chrono-compatible low-level date algorithms").
    let year = date[1] <= 2 ? date[0] - 1 : date[0]
    let era = year / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (date[1] + (date[1] > 2 ? -3 : 9)) + 2) / 5 + date[2] - 1
    let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    // Counted from 2020: 18 years of ticks would not reach back to 1970.
    let seconds = (days - 18_262) * 86_400 + hour * 3600 + minute * 60 + whole
    let (ticks, overflow) = seconds.multipliedReportingOverflow(by: Ticks.perSecond)
    return overflow ? nil : Ticks(ticks + fraction * 1600)
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
