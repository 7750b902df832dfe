import Foundation

/// One Swift file of the package, with what the rules look at.
struct SourceFile {
  /// Relative to the package root, such as `Sources/Kernel/Ticks.swift`.
  let path: String
  /// The lines as written.
  let lines: [String]
  /// The lines with comments and the content of string literals blanked out.
  let code: [String]
  /// The modules the file imports, with their line numbers.
  let imports: [(module: String, line: Int)]

  init(path: String, text: String) {
    self.path = path
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    code = SourceFile.blank(text).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    imports = SourceFile.imports(in: code)
  }

  /// The package target the file belongs to, such as `Kernel`.
  var target: String { String(path.split(separator: "/")[1]) }

  private static func imports(in code: [String]) -> [(module: String, line: Int)] {
    code.enumerated().compactMap { index, line in
      // Regular expressions are slow in a debug build: most lines are passed over by a plain search.
      guard line.contains("import") else { return nil }
      // Attributes, an access level, and the kind of a single imported declaration may stand about it.
      let start = /^(?:@\w+(?:\([^)]*\))? )*(?:public |internal |package )?import\s+/
      let kind = /^(?:struct |enum |func |class |protocol |var |typealias )?(\w+)/
      guard let head = line.firstMatch(of: start),
        let match = line[head.range.upperBound...].firstMatch(of: kind)
      else { return nil }
      return (String(match.1), index + 1)
    }
  }

  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every Swift file of `Sources` and of `Tests`, in order of path; read once for all rules.
  static let sources = Result { try read(under: "Sources") }
  static let tests = Result { try read(under: "Tests") }

  private static func read(under folder: String) throws -> [SourceFile] {
    let base = root.appendingPathComponent(folder)
    let found = try FileManager.default.subpathsOfDirectory(atPath: base.path)
    return try found.filter { $0.hasSuffix(".swift") }.sorted().map { name in
      let text = try String(contentsOf: base.appendingPathComponent(name), encoding: .utf8)
      return SourceFile(path: "\(folder)/\(name)", text: text)
    }
  }

  /// Replaces comments and string content by spaces, so that brackets and words in them do not count.
  /// Interpolations are blanked with their string.
  static func blank(_ text: String) -> String {
    var blanker = Blanker(Array(text.utf8))
    return blanker.run()
  }
}

/// A scanner that knows just enough Swift to find comments and strings.
private struct Blanker {
  private var bytes: [UInt8]
  private var index = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func run() -> String {
    while index < bytes.count {
      if starts(with: "//") {
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { erase(1) }
      } else if starts(with: "/*") {
        blockComment()
      } else if bytes[index] == UInt8(ascii: "\"") || starts(with: "#\"") {
        string()
      } else {
        index += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func starts(with word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard index + length <= bytes.count, bytes[index] == word.utf8Start[0] else { return false }
    return (0..<length).allSatisfy { bytes[index + $0] == word.utf8Start[$0] }
  }

  private mutating func erase(_ count: Int) {
    for _ in 0..<count where index < bytes.count {
      if bytes[index] != UInt8(ascii: "\n") { bytes[index] = UInt8(ascii: " ") }
      index += 1
    }
  }

  private mutating func blockComment() {
    var depth = 0
    repeat {
      if starts(with: "/*") {
        depth += 1
        erase(2)
      } else if starts(with: "*/") {
        depth -= 1
        erase(2)
      } else {
        erase(1)
      }
    } while depth > 0 && index < bytes.count
  }

  private mutating func string() {
    let raw = bytes[index] == UInt8(ascii: "#")
    if raw { index += 1 }
    let long = starts(with: "\"\"\"")
    index += long ? 3 : 1
    while index < bytes.count {
      if !raw, bytes[index] == UInt8(ascii: "\\") {
        if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "(") {
          interpolation()
        } else {
          erase(2)
        }
      } else if long ? starts(with: "\"\"\"") : bytes[index] == UInt8(ascii: "\"") {
        index += long ? 3 : 1
        if raw, index < bytes.count, bytes[index] == UInt8(ascii: "#") { index += 1 }
        return
      } else if !long, bytes[index] == UInt8(ascii: "\n") {
        return
      } else {
        erase(1)
      }
    }
  }

  private mutating func interpolation() {
    erase(2)
    var depth = 1
    while depth > 0, index < bytes.count {
      if bytes[index] == UInt8(ascii: "\"") {
        let start = index
        string()
        for position in start..<index where bytes[position] != UInt8(ascii: "\n") {
          bytes[position] = UInt8(ascii: " ")
        }
        continue
      }
      if bytes[index] == UInt8(ascii: "(") { depth += 1 }
      if bytes[index] == UInt8(ascii: ")") { depth -= 1 }
      erase(1)
    }
  }
}
