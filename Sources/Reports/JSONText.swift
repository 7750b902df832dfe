/// A JSON value whose members keep the order they were given, so that the same value is the same bytes.
public indirect enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int64)
  /// Written as the shortest decimal that reads back as the same number; NaN and infinity as `null`.
  case number(Double)
  /// A plain decimal that is already exact text, such as money in millionths.
  case decimal(String)
  case string(String)
  case array([JSONValue])
  case object([(String, JSONValue)])

  public static func == (left: JSONValue, right: JSONValue) -> Bool { left.text() == right.text() }
  public func hash(into hasher: inout Hasher) { hasher.combine(text()) }

  /// A number, or `null` when it is not known.
  public static func optional(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
  /// An integer, or `null` when it is not known.
  public static func optional(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
  /// A string, or `null` when it is not known.
  public static func optional(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }

  /// The value as JSON text (RFC 8259), on one line. With `wrapped`, members of the first
  /// `wrapped` levels stand on lines of their own, which keeps rows of a table diffable.
  ///
  /// - Complexity: O(size of the text).
  public func text(wrapped: Int = 0) -> String {
    var result = ""
    append(to: &result, wrapped: wrapped, depth: 0)
    return result
  }

  private func append(to text: inout String, wrapped: Int, depth: Int) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += value.isFinite ? FileText.number(value) : "null"
    case .decimal(let value): text += value
    case .string(let value): JSONValue.append(string: value, to: &text)
    case .array(let values):
      JSONValue.append(values.count, "[", "]", to: &text, wrapped: wrapped, depth: depth) { index, text in
        values[index].append(to: &text, wrapped: wrapped, depth: depth + 1)
      }
    case .object(let members):
      JSONValue.append(members.count, "{", "}", to: &text, wrapped: wrapped, depth: depth) { index, text in
        JSONValue.append(string: members[index].0, to: &text)
        text += wrapped > depth ? ": " : ":"
        members[index].1.append(to: &text, wrapped: wrapped, depth: depth + 1)
      }
    }
  }

  private static func append(
    _ count: Int, _ open: String, _ close: String, to text: inout String, wrapped: Int, depth: Int,
    element: (Int, inout String) -> Void
  ) {
    text += open
    let breaks = wrapped > depth && count > 0
    for index in 0..<count {
      if index > 0 { text += "," }
      if breaks { text += "\n" + String(repeating: "  ", count: depth + 1) }
      element(index, &text)
    }
    if breaks { text += "\n" + String(repeating: "  ", count: depth) }
    text += close
  }

  private static func append(string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
