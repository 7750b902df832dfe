/// A JSON document (RFC 8259), read strictly: the catalogue sees files of strangers.
enum JSONValue {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  /// Members in file order; no name comes twice.
  case object([(name: String, value: JSONValue)])

  /// The member of that name; `nil` when there is none, when it is `null`, or when this is no object.
  subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self, let found = members.first(where: { $0.name == name }) else {
      return nil
    }
    if case .null = found.value { return nil }
    return found.value
  }
}

/// Reads one JSON document from bytes in one pass.
struct JSONReader {
  /// Bytes, and levels of nesting, of a document at most.
  static let maximumSize = 4 << 20
  static let maximumDepth = 64
  /// Members of one object at most; a config file has a few hundred. The check for a name written
  /// twice compares them all.
  static let maximumMembers = 4096

  private let bytes: [UInt8]
  private var index = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// - Complexity: O(bytes + members²) with members bounded by `maximumMembers`.
  static func read(_ bytes: [UInt8]) throws(ConfigFault) -> JSONValue {
    guard bytes.count <= maximumSize else { throw ConfigFault("the file is larger than 4 MiB", at: nil) }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw ConfigFault("the file is not valid UTF-8", at: nil)
    }
    var reader = JSONReader(bytes)
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { reader.index = 3 }
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.index == bytes.count else { throw reader.fault("text follows the end of the document") }
    return value
  }

  private func fault(_ message: String) -> ConfigFault { ConfigFault(message, at: index) }

  private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { index += 1 }
  }

  private mutating func take(_ byte: UInt8, _ expected: String) throws(ConfigFault) {
    guard next == byte else { throw fault("\(expected) is missing here") }
    index += 1
  }

  private mutating func value(depth: Int) throws(ConfigFault) -> JSONValue {
    guard depth < Self.maximumDepth else { throw fault("the document nests deeper than 64 levels") }
    skipSpace()
    guard let byte = next else { throw fault("the document ends too early") }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    // Python's json module writes these although RFC 8259 has no such numbers.
    case UInt8(ascii: "N"), UInt8(ascii: "I"): throw fault("NaN and Infinity are not JSON numbers")
    default: throw fault("a value is missing here")
    }
  }

  private mutating func word(_ text: StaticString, _ value: JSONValue) throws(ConfigFault) -> JSONValue {
    let letters = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    guard bytes[index...].starts(with: letters) else { throw fault("a value is missing here") }
    index += letters.count
    return value
  }

  private mutating func object(depth: Int) throws(ConfigFault) -> JSONValue {
    var members: [(name: String, value: JSONValue)] = []
    index += 1
    skipSpace()
    if next == UInt8(ascii: "}") {
      index += 1
      return .object([])
    }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw fault("a name in quotes is missing here") }
      let name = try string()
      guard members.count < Self.maximumMembers else { throw fault("an object has more than 4096 members") }
      guard !members.contains(where: { $0.name == name }) else {
        throw fault("the name \"\(ConfigFault.printable(name))\" is written twice")
      }
      skipSpace()
      try take(UInt8(ascii: ":"), "a colon")
      members.append((name, try value(depth: depth + 1)))
      skipSpace()
      if next == UInt8(ascii: ",") {
        index += 1
        continue
      }
      try take(UInt8(ascii: "}"), "a comma or the object's closing brace")
      return .object(members)
    }
  }

  private mutating func array(depth: Int) throws(ConfigFault) -> JSONValue {
    var elements: [JSONValue] = []
    index += 1
    skipSpace()
    if next == UInt8(ascii: "]") {
      index += 1
      return .array([])
    }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if next == UInt8(ascii: ",") {
        index += 1
        continue
      }
      try take(UInt8(ascii: "]"), "a comma or the list's closing bracket")
      return .array(elements)
    }
  }

  private mutating func number() throws(ConfigFault) -> Double {
    let start = index
    while let byte = next, Self.numberBytes.contains(byte) { index += 1 }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    // `Double` also takes hexadecimal, which `numberBytes` shuts out, and leading zeros, which do no harm.
    guard let number = Double(text), number.isFinite else {
      index = start
      throw fault("\"\(ConfigFault.printable(text))\" is not a number that can be held")
    }
    return number
  }

  private static let numberBytes = Array("+-.0123456789eE".utf8)

  private mutating func string() throws(ConfigFault) -> String {
    var text: [UInt8] = []
    index += 1
    while let byte = next {
      index += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw fault("a control character stands in a string")
      default: text.append(byte)
      }
    }
    throw fault("a string does not end")
  }

  private mutating func escape(into text: inout [UInt8]) throws(ConfigFault) {
    guard let byte = next else { throw fault("a string does not end") }
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      let first = try hexadecimal()
      var units = [first]
      if UTF16.isLeadSurrogate(first), bytes[index...].starts(with: [0x5c, 0x75]) {
        index += 2
        units.append(try hexadecimal())
      }
      // A lone surrogate becomes U+FFFD; no key that is read has one.
      text.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
    default: throw fault("an unknown escape stands in a string")
    }
  }

  private mutating func hexadecimal() throws(ConfigFault) -> UInt16 {
    guard index + 4 <= bytes.count,
      let unit = UInt16(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
    else { throw fault("four hexadecimal digits are missing here") }
    index += 4
    return unit
  }
}
