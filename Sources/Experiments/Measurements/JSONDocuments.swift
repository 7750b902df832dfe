/// Reads JSON documents (RFC 8259) that follow one another, one or many to a file: benchmark clients append
/// their results. Numbers that Python writes beside the standard, `NaN` and `Infinity`, are taken.
///
/// It reads what strangers' programs wrote: a mistake ends in `Problem` with its place, never in a trap.
struct JSONDocuments {
  struct Problem: Error {
    var message: String
    var line: Int
    var column: Int
  }

  static let maximumDepth = 64

  private let bytes: [UInt8]
  private var index = 0
  private var line = 1
  private var lineStart = 0

  /// All documents of the file, in order.
  /// - Complexity: O(bytes).
  static func read(_ bytes: [UInt8]) -> Result<[ReportNode], Problem> {
    var reader = JSONDocuments(bytes: bytes)
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { reader.index = 3 }
    var documents: [ReportNode] = []
    do throws(Problem) {
      reader.skipSpace()
      while reader.next != nil {
        documents.append(try reader.value(depth: 0))
        reader.skipSpace()
      }
      return .success(documents)
    } catch {
      return .failure(error)
    }
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

  private func problem(_ message: String) -> Problem {
    Problem(message: message, line: line, column: index - lineStart + 1)
  }

  private mutating func skipSpace() {
    while let byte = next {
      switch byte {
      case 0x20, 0x09, 0x0d: index += 1
      case 0x0a:
        index += 1
        line += 1
        lineStart = index
      default: return
      }
    }
  }

  private mutating func value(depth: Int) throws(Problem) -> ReportNode {
    guard depth < Self.maximumDepth else {
      throw problem("the document nests deeper than \(Self.maximumDepth) levels")
    }
    skipSpace()
    let (line, column) = (line, index - lineStart + 1)
    guard let byte = next else { throw problem("the document ends too early") }
    let content: ReportNode.Content
    switch byte {
    case UInt8(ascii: "{"): content = .members(try members(depth))
    case UInt8(ascii: "["): content = .list(try elements(depth))
    case UInt8(ascii: "\""): content = .text(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): content = try number()
    default: content = try word()
    }
    return ReportNode(content, line: line, column: column)
  }

  private mutating func word() throws(Problem) -> ReportNode.Content {
    let words: [(letters: StaticString, content: ReportNode.Content)] = [
      ("true", .flag(true)), ("false", .flag(false)), ("null", .null), ("NaN", .null),
      ("Infinity", .number(.infinity)),
    ]
    for (letters, content) in words {
      let expected = UnsafeBufferPointer(start: letters.utf8Start, count: letters.utf8CodeUnitCount)
      if bytes[index...].starts(with: expected) {
        index += expected.count
        return content
      }
    }
    throw problem("a value is missing here")
  }

  private mutating func number() throws(Problem) -> ReportNode.Content {
    let start = index
    index += 1
    while let byte = next, Self.numberBytes.contains(byte) { index += 1 }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    if text == "-", bytes[index...].starts(with: "Infinity".utf8) {
      index += 8
      return .number(-.infinity)
    }
    guard let value = Double(text), value.isFinite else {
      index = start
      throw problem("this is not a number that can be held")
    }
    return .number(value)
  }

  private static let numberBytes = Array("+-.0123456789eE".utf8)

  private mutating func members(_ depth: Int) throws(Problem) -> [(name: String, value: ReportNode)] {
    var members: [(name: String, value: ReportNode)] = []
    index += 1
    skipSpace()
    if next == UInt8(ascii: "}") {
      index += 1
      return []
    }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw problem("a name in quotes is missing here") }
      let name = try string()
      skipSpace()
      guard next == UInt8(ascii: ":") else { throw problem("a colon is missing here") }
      index += 1
      members.append((name, try value(depth: depth + 1)))
      skipSpace()
      if next == UInt8(ascii: ",") {
        index += 1
        continue
      }
      guard next == UInt8(ascii: "}") else { throw problem("a comma or a closing brace is missing here") }
      index += 1
      return members
    }
  }

  private mutating func elements(_ depth: Int) throws(Problem) -> [ReportNode] {
    var elements: [ReportNode] = []
    index += 1
    skipSpace()
    if next == UInt8(ascii: "]") {
      index += 1
      return []
    }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if next == UInt8(ascii: ",") {
        index += 1
        continue
      }
      guard next == UInt8(ascii: "]") else { throw problem("a comma or a closing bracket is missing here") }
      index += 1
      return elements
    }
  }

  private mutating func string() throws(Problem) -> String {
    index += 1
    let start = index
    var text: [UInt8]?
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        let whole = text ?? Array(bytes[start..<index])
        index += 1
        return String(decoding: whole, as: UTF8.self)
      case UInt8(ascii: "\\"):
        if text == nil { text = Array(bytes[start..<index]) }
        index += 1
        text?.append(contentsOf: try escape())
      case 0..<0x20: throw problem("a control character stands in a string")
      default:
        index += 1
        text?.append(byte)
      }
    }
    throw problem("a string does not end")
  }

  /// The bytes that an escape stands for.
  private mutating func escape() throws(Problem) -> [UInt8] {
    guard let byte = next else { throw problem("a string does not end") }
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var units = [try hexadecimal()]
      if UTF16.isLeadSurrogate(units[0]), bytes[index...].starts(with: [0x5c, 0x75]) {
        index += 2
        units.append(try hexadecimal())
      }
      // A lone surrogate becomes U+FFFD; no name that is read has one.
      return Array(String(decoding: units, as: UTF16.self).utf8)
    default: throw problem("an unknown escape stands in a string")
    }
  }

  private mutating func hexadecimal() throws(Problem) -> UInt16 {
    guard index + 4 <= bytes.count,
      bytes[index..<index + 4].allSatisfy({ $0 < 128 }),
      let unit = UInt16(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
    else { throw problem("four hexadecimal digits are missing here") }
    index += 4
    return unit
  }
}
