import Foundation
import Kernel

@testable import Workloads

/// Tables of recorded requests read the obvious way, cell by cell as strings: the oracle of the reader that
/// works on bytes.
struct StringTableReader {
  var requests: [(arrival: Ticks, prompt: Int32, output: Int32)] = []
  var faults: [TraceFault] = []
  /// The first row's second, from which times of day are counted.
  private var epoch: Int?

  init(_ bytes: [UInt8], format: TraceFormat) {
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
          fail(number + 1, "the header lacks \(missing) (format \(format.rawValue))")
          return
        }
        columns = places.compactMap { $0 }
        continue
      }
      read(cells, columns: found, format, line: number + 1)
    }
    if requests.isEmpty && faults.isEmpty { fail(1, "the trace holds no requests") }
  }

  private mutating func read(_ cells: [String], columns: [Int], _ format: TraceFormat, line: Int) {
    guard let last = columns.max(), cells.count > last else {
      return fail(line, "expected at least \((columns.max() ?? 0) + 1) columns, found \(cells.count)")
    }
    var arrival: Ticks?
    if format == .azure {
      guard let (seconds, fraction) = Self.timestamp(cells[columns[0]]) else {
        return fail(
          line,
          "expected a time such as 2023-11-16 18:15:46.6805900, found '\(cells[columns[0]].prefix(40))'")
      }
      if epoch == nil { epoch = seconds }
      guard let epoch, abs(seconds - epoch) < 250_000_000 else {
        return fail(line, "expected a time within 2.5e8 s of the first row's")
      }
      arrival = Ticks(seconds: Double(seconds - epoch)) + Ticks(Int64(fraction) * 1_600)
    } else if let seconds = Double(cells[columns[0]]), seconds.isFinite, seconds >= 0, seconds < 5e8 {
      arrival = Ticks(seconds: seconds)
    }
    guard let arrival else { return fail(line, "expected a time from 0 to 5e8 s") }
    guard let prompt = Double(cells[columns[1]]), let output = Double(cells[columns[2]]), prompt >= 0,
      output >= 0, prompt <= 1e7, output <= 1e7
    else { return fail(line, "expected token counts from 0 to 10000000") }
    requests.append((arrival, Int32(max(1, prompt)), Int32(max(1, output))))
  }

  private mutating func fail(_ line: Int, _ message: String) {
    if faults.count < 20 { faults.append(TraceFault(line: line, message: message)) }
  }

  /// Seconds since 1970, and what is left in units of 100 ns.
  static func timestamp(_ text: String) -> (Int, Int)? {
    let parts = text.split(whereSeparator: { $0 == " " || $0 == "T" })
    guard parts.count == 2 else { return nil }
    let date = parts[0].split(separator: "-").compactMap { Int($0) }
    let clock = parts[1].split(separator: ":")
    guard date.count == 3, clock.count == 3, (1970...2200).contains(date[0]), (1...12).contains(date[1]),
      (1...31).contains(date[2]), let hour = Int(clock[0]), let minute = Int(clock[1]),
      (0...23).contains(hour), (0...59).contains(minute)
    else { return nil }
    let second = clock[2].split(separator: ".")
    guard let first = second.first, let whole = Int(first), (0...60).contains(whole) else { return nil }
    var fraction = 0
    if second.count > 1 {
      let digits = second[1].prefix(while: \.isNumber).prefix(7)
      guard let value = Int(digits + String(repeating: "0", count: 7 - digits.count)) else { return nil }
      fraction = value
    }
    // The day by counting years and months; a day past the end of its month runs on into the next.
    func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
    let lengths = [31, isLeap(date[0]) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    let years = (1970..<date[0]).reduce(0) { $0 + (isLeap($1) ? 366 : 365) }
    let days = years + lengths[..<(date[1] - 1)].reduce(0, +) + date[2] - 1
    return (days * 86_400 + hour * 3_600 + minute * 60 + whole, fraction)
  }
}
