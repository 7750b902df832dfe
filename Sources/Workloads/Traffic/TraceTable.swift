import Foundation
import Kernel

/// Tables of comma-separated values, read as bytes: a trace may have millions of rows.
extension TraceReader {
  /// Names of the columns that a format needs: time, prompt tokens, output tokens.
  private var columnNames: [StaticString] {
    switch format {
    case .azure: ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]
    case .burstgpt: ["Timestamp", "Request tokens", "Response tokens"]
    default: ["arrived_at", "num_prefill_tokens", "num_decode_tokens"]
    }
  }

  /// - Complexity: O(bytes).
  mutating func readTable(_ bytes: [UInt8], _ limit: Int) {
    bytes.withUnsafeBufferPointer { buffer in
      var rest = TableCell(buffer[...])
      var cells: [TableCell] = []
      var columns: [Int]?
      var number = 0
      while let line = rest.cut(at: UInt8(ascii: "\n")) {
        number += 1
        line.split(into: &cells)
        if cells.count == 1 && cells[0].trimmed.isEmpty { continue }
        guard let columns else {
          columns = header(cells, line: number)
          if columns == nil { return }
          continue
        }
        readRow(cells, columns, line: number)
        if count >= limit { return }
      }
    }
  }

  /// Where the columns stand; `nil` after a fault.
  private mutating func header(_ cells: [TableCell], line: Int) -> [Int]? {
    let names = columnNames
    let places = names.map { name in cells.firstIndex { $0.trimmed.equals(name) } }
    if places.contains(nil) {
      let missing = zip(names, places).filter { $0.1 == nil }.map { "\($0.0)" }.joined(separator: ", ")
      fail(line, "the header lacks \(missing) (format \(format.rawValue))")
      return nil
    }
    return places.compactMap { $0 }
  }

  private mutating func readRow(_ cells: [TableCell], _ columns: [Int], line: Int) {
    let last = max(columns[0], columns[1], columns[2])
    guard cells.count > last else {
      return fail(line, "expected at least \(last + 1) columns, found \(cells.count)")
    }
    let (prompt, output) = (cells[columns[1]].trimmed.number, cells[columns[2]].trimmed.number)
    let time = cells[columns[0]].trimmed
    guard format == .azure else { return append(line, time.number, prompt, output) }
    guard let (seconds, fraction) = time.timestamp else {
      return fail(
        line, "expected a time such as 2023-11-16 18:15:46.6805900, found '\(time.text.prefix(40))'")
    }
    let since = seconds - (epoch ?? seconds)
    epoch = epoch ?? seconds
    guard since.magnitude < UInt64(Self.longestSpan / 2) else {
      return fail(line, "expected a time within 2.5e8 s of the first row's")
    }
    append(line, Ticks(since * Ticks.perSecond + fraction * 1600), prompt, output)
  }
}

/// A stretch of the bytes of a table.
struct TableCell {
  private var bytes: Slice<UnsafeBufferPointer<UInt8>>
  /// Set once the last line is taken: an empty line may follow the last line end.
  private var isSpent = false

  init(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) { self.bytes = bytes }

  var isEmpty: Bool { bytes.isEmpty }
  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Takes what stands before the next `separator`, or all that is left; `nil` when that is taken.
  mutating func cut(at separator: UInt8) -> TableCell? {
    if isSpent { return nil }
    guard let place = bytes.firstIndex(of: separator) else {
      isSpent = true
      return TableCell(bytes)
    }
    let head = TableCell(bytes[bytes.startIndex..<place])
    bytes = bytes[(place + 1)...]
    return head
  }

  /// The cells between commas, as written.
  func split(into cells: inout [TableCell]) {
    cells.removeAll(keepingCapacity: true)
    var rest = self
    while let cell = rest.cut(at: UInt8(ascii: ",")) { cells.append(cell) }
  }

  /// Without spaces, quotes, carriage returns and byte order marks at either end.
  var trimmed: TableCell {
    var (start, end) = (bytes.startIndex, bytes.endIndex)
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x22 || byte == 0x0d }
    func isMark(_ place: Int) -> Bool {
      bytes[place] == 0xef && bytes[place + 1] == 0xbb && bytes[place + 2] == 0xbf
    }
    while start < end {
      if isBlank(bytes[start]) {
        start += 1
      } else if end - start >= 3 && isMark(start) {
        start += 3
      } else {
        break
      }
    }
    while start < end {
      if isBlank(bytes[end - 1]) {
        end -= 1
      } else if end - start >= 3 && isMark(end - 3) {
        end -= 3
      } else {
        break
      }
    }
    return TableCell(bytes[start..<end])
  }

  func equals(_ name: StaticString) -> Bool {
    name.withUTF8Buffer { $0.elementsEqual(bytes) }
  }

  // MARK: Numbers

  /// The number in the cell, as `Double(String)` reads it.
  ///
  /// Up to 15 digits make an exact whole number, and its quotient by an exact power of ten is the nearest
  /// double; whatever is written otherwise is left to the library.
  var number: Double? {
    var digits: Int64 = 0
    var count = 0
    var fraction = 0
    var hasPoint = false
    for byte in bytes {
      if byte == UInt8(ascii: ".") && !hasPoint && count > 0 {
        hasPoint = true
      } else if byte &- 48 < 10 && count < 15 {
        digits = digits * 10 + Int64(byte &- 48)
        count += 1
        if hasPoint { fraction += 1 }
      } else {
        return Double(text)
      }
    }
    guard count > 0, !hasPoint || fraction > 0 else { return Double(text) }
    return fraction == 0 ? Double(digits) : Double(digits) / Self.powersOfTen[fraction]
  }

  private static let powersOfTen: [Double] = (0..<16).map { exponent in
    (0..<exponent).reduce(1.0) { power, _ in power * 10 }
  }

  /// The number of `count` digits at `offset`; `nil` when one is none.
  private func digits(_ offset: Int, _ count: Int) -> Int64? {
    var value: Int64 = 0
    for place in bytes.startIndex + offset..<bytes.startIndex + offset + count {
      let digit = bytes[place] &- 48
      if digit > 9 { return nil }
      value = value * 10 + Int64(digit)
    }
    return value
  }
}

/// Times of day.
extension TableCell {
  /// Whole seconds since 1970 and what is left, in units of 100 ns.
  typealias Timestamp = (seconds: Int64, fraction: Int64)

  /// The time written as `YYYY-MM-DD HH:MM:SS.fffffff`, exact to 100 ns; `nil` when malformed.
  var timestamp: Timestamp? {
    canonicalTimestamp ?? Self.timestamp(text)
  }

  /// The time when every field has its full width, as recorded traces write it.
  private var canonicalTimestamp: Timestamp? {
    let start = bytes.startIndex
    guard bytes.count >= 19, bytes[start + 4] == UInt8(ascii: "-"), bytes[start + 7] == UInt8(ascii: "-"),
      bytes[start + 10] == UInt8(ascii: " ") || bytes[start + 10] == UInt8(ascii: "T"),
      bytes[start + 13] == UInt8(ascii: ":"), bytes[start + 16] == UInt8(ascii: ":"),
      let year = digits(0, 4), let month = digits(5, 2), let day = digits(8, 2), let hour = digits(11, 2),
      let minute = digits(14, 2), let second = digits(17, 2)
    else { return nil }
    var fraction: Int64 = 0
    if bytes.count > 19 {
      guard bytes[start + 19] == UInt8(ascii: "."), let value = digits(20, min(7, bytes.count - 20)),
        bytes.count > 20, bytes.count <= 27
      else { return nil }
      fraction = (bytes.count..<27).reduce(value) { value, _ in value * 10 }
    }
    return Self.seconds((year, month, day), (hour, minute, second)).map { ($0, fraction) }
  }

  /// The same from fields of any width.
  private static func timestamp(_ text: String) -> Timestamp? {
    let parts = text.split(whereSeparator: { $0 == " " || $0 == "T" })
    guard parts.count == 2 else { return nil }
    let date = parts[0].split(separator: "-").compactMap { Int64($0) }
    let clock = parts[1].split(separator: ":")
    guard date.count == 3, clock.count == 3, let hour = Int64(clock[0]), let minute = Int64(clock[1]) else {
      return nil
    }
    let second = clock[2].split(separator: ".")
    guard let first = second.first, let whole = Int64(first) else { return nil }
    var fraction: Int64 = 0
    if second.count > 1 {
      let digits = second[1].prefix(while: \.isNumber).prefix(7)
      guard let value = Int64(digits + String(repeating: "0", count: 7 - digits.count)) else { return nil }
      fraction = value
    }
    return seconds((date[0], date[1], date[2]), (hour, minute, whole)).map { ($0, fraction) }
  }

  /// Seconds since 1970; `nil` when a field is out of range. A day past the end of its month is one of the
  /// next.
  private static func seconds(
    _ date: (year: Int64, month: Int64, day: Int64), _ clock: (hour: Int64, minute: Int64, second: Int64)
  ) -> Int64? {
    guard (1970...2200).contains(date.year), (1...12).contains(date.month), (1...31).contains(date.day),
      (0...23).contains(clock.hour), (0...59).contains(clock.minute), (0...60).contains(clock.second)
    else { return nil }
    // Days from the civil calendar (Hinnant, "chrono-compatible low-level date algorithms").
    let year = date.month <= 2 ? date.year - 1 : date.year
    let era = year / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1
    let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    return days * 86_400 + clock.hour * 3600 + clock.minute * 60 + clock.second
  }
}
