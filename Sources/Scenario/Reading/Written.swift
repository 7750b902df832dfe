import Yams

/// A scenario as written: every value with its place, nothing interpreted yet.
package struct Written: Sendable {
  package indirect enum Content: Sendable {
    case scalar(String)
    case list([Written])
    case map([Member])
  }
  package struct Member: Sendable {
    package var key: String
    var keyLine: Int
    var keyColumn: Int
    package var value: Written
    /// What added the key, when not the file.
    var origin: String?
  }
  package var content: Content
  package var line: Int
  package var column: Int
  /// What put it here, when not the file: `--set seed=x`.
  var origin: String?
  /// It stands for all that would be taken over at its place: nothing is laid under it.
  var replacesBase = false

  var text: String? {
    if case .scalar(let text) = content { text } else { nil }
  }
  package var members: [Member]? {
    if case .map(let members) = content { members } else { nil }
  }
  var items: [Written]? {
    if case .list(let items) = content { items } else { nil }
  }
  subscript(key: String) -> Written? { members?.last { $0.key == key }?.value }
  package var isNull: Bool { text == "" || text == "null" || text == "~" }
}

/// Reads YAML 1.2 (or JSON, its subset) under limits that no scenario needs to exceed.
package enum WrittenReader {
  package static let maximumBytes = 4 << 20
  static let maximumDepth = 64
  static let maximumAnchors = 100
  static let maximumAliases = 1_000
  static let maximumNodes = 200_000

  package static func read(_ bytes: [UInt8], file: String) -> Result<(Written, String), FaultReport> {
    func fail(_ message: String, line: Int = 0, column: Int = 1, help: String? = nil, text: String = "")
      -> Result<(Written, String), FaultReport>
    {
      let fault = Fault(
        file: file, line: line, column: column, length: 1, path: "", message: message, help: help)
      return .failure(FaultReport(faults: [fault], text: text, file: file))
    }
    if bytes.count > maximumBytes {
      return fail("the file is larger than 4 MiB", help: "put big tables into a CSV or JSON file and name it")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      return fail("the file is not valid UTF-8")
    }
    if let excess = AliasScan.excess(bytes) {
      return fail(
        excess.message, line: excess.line, help: "write the repeated parts out, or use `templates`",
        text: text)
    }
    do {
      // Nothing is resolved here: what a scalar means is up to the key's type, and the patterns cost time.
      guard let node = try Yams.compose(yaml: text, .basic) else { return fail("the file holds no document") }
      var budget = maximumNodes
      let written = convert(node, depth: 0, budget: &budget)
      guard let written else {
        return fail(
          "the document nests deeper than \(maximumDepth) levels or holds more than \(maximumNodes) values")
      }
      return .success((written, text))
    } catch let error as YamlError {
      return report(error, fail: { fail($0, line: $1, column: $2, text: text) })
    } catch {
      return fail("the file cannot be read as YAML")
    }
  }

  private static func report(
    _ error: YamlError, fail: (String, Int, Int) -> Result<(Written, String), FaultReport>
  ) -> Result<(Written, String), FaultReport> {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      // The parser has a limit of its own, and words for it that speak of its interface.
      let isTooDeep = problem.hasPrefix("Maximum nesting level")
      if isTooDeep { return fail(AliasScanner.tooDeep, mark.line, mark.column) }
      return fail(String(problem.prefix(200)), mark.line, mark.column)
    case .duplicatedKeysInMapping(let keys, let context):
      let names = keys.sorted().joined(separator: ", ")
      return fail("duplicate key: \(names.prefix(120))", context.mark.line, context.mark.column)
    case .reader(let problem, let offset, _, let text):
      let place = place(ofByte: offset ?? 0, in: text)
      let isControl = problem.contains("control characters")
      return fail(
        isControl ? "a control character, which YAML does not allow" : String(problem.prefix(200)),
        place.line,
        place.column)
    default:
      return fail("the file cannot be read as YAML", 0, 1)
    }
  }

  /// Line and column of a byte, from 1.
  private static func place(ofByte offset: Int, in text: String) -> (line: Int, column: Int) {
    var (line, column) = (1, 1)
    for scalar in String(decoding: text.utf8.prefix(offset), as: UTF8.self).unicodeScalars {
      (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
    }
    return (line, column)
  }

  private static func convert(_ node: Node, depth: Int, budget: inout Int) -> Written? {
    budget -= 1
    if budget < 0 || depth > maximumDepth { return nil }
    let (line, column) = (node.mark?.line ?? 0, node.mark?.column ?? 1)
    switch node {
    case .scalar(let scalar): return Written(content: .scalar(scalar.string), line: line, column: column)
    case .alias: return nil
    case .sequence(let items):
      var list: [Written] = []
      for item in items {
        guard let value = convert(item, depth: depth + 1, budget: &budget) else { return nil }
        list.append(value)
      }
      return Written(content: .list(list), line: line, column: column)
    case .mapping(let pairs):
      var members: [Written.Member] = []
      for (key, value) in pairs {
        guard let value = convert(value, depth: depth + 1, budget: &budget) else { return nil }
        members.append(
          Written.Member(
            key: key.string ?? "", keyLine: key.mark?.line ?? line, keyColumn: key.mark?.column ?? column,
            value: value))
      }
      return Written(content: .map(members), line: line, column: column)
    }
  }
}

/// Counts anchors and aliases before the document is composed: composing copies what an alias names, so a
/// few nested
/// aliases would fill the memory.
enum AliasScan {
  static func excess(_ bytes: [UInt8]) -> (message: String, line: Int)? {
    var scan = AliasScanner()
    for byte in bytes {
      if let message = scan.take(byte) { return (message, scan.line) }
    }
    return nil
  }
}

/// Knows quotes, escapes and comments, so that neither hides an alias nor counts as one.
private struct AliasScanner {
  private(set) var line = 1
  private var previous: UInt8 = 10
  private var quote: UInt8 = 0
  private var isEscaped = false
  private var isComment = false
  private var depth = 0
  private var anchors = 0
  private var aliases = 0
  /// Values that the largest anchor so far may stand for, and those of the anchor being written.
  private var heaviest = 1.0
  private var current = 0.0
  private var total = 0.0
  /// Marks that may end a value: a written value has three of them at most, as `- a: 1` and its line's end.
  private var marks = 0
  private static let mostMarks = 3 * WrittenReader.maximumNodes
  static let tooDeep = "the document nests deeper than 64 levels"

  /// Takes the next byte; a message when a limit is passed.
  mutating func take(_ byte: UInt8) -> String? {
    defer { previous = byte }
    if byte == 10 {
      line += 1
      isComment = false
    }
    if isComment { return nil }
    if quote != 0 {
      inQuotes(byte)
      return nil
    }
    switch byte {
    case UInt8(ascii: "#") where previous == 10 || previous == 32 || previous == 9: isComment = true
    case UInt8(ascii: "\""), UInt8(ascii: "'"): if startsToken { quote = byte }
    case UInt8(ascii: "["), UInt8(ascii: "{"):
      depth += 1
      if depth > WrittenReader.maximumDepth { return Self.tooDeep }
    case UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
    case UInt8(ascii: "&") where startsToken: return anchor()
    case UInt8(ascii: "*") where startsToken: return alias()
    case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "-"), 10:
      current += 1
      marks += 1
      if marks > Self.mostMarks { return "the document holds more than 200,000 values" }
    default: break
    }
    return nil
  }

  /// A token starts after white space or an indicator; `a&b` is plain text.
  private var startsToken: Bool {
    switch previous {
    case 9, 10, 13, 32, UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ":"),
      UInt8(ascii: "-"):
      true
    default: false
    }
  }

  private mutating func inQuotes(_ byte: UInt8) {
    if isEscaped {
      isEscaped = false
    } else if quote == UInt8(ascii: "\"") && byte == UInt8(ascii: "\\") {
      isEscaped = true
    } else if byte == quote {
      quote = 0
    }
  }

  private mutating func anchor() -> String? {
    anchors += 1
    heaviest = max(heaviest, current)
    current = 0
    return anchors > WrittenReader.maximumAnchors ? "more than 100 anchors" : nil
  }

  private mutating func alias() -> String? {
    aliases += 1
    // An alias may stand for the heaviest anchor before it, or for all of this one so far.
    current += max(heaviest, 1)
    total += max(heaviest, 1)
    if aliases > WrittenReader.maximumAliases { return "more than 1,000 aliases" }
    return total > Double(WrittenReader.maximumNodes) ? "aliases expand to more than 200,000 values" : nil
  }
}
