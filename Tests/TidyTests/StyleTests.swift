import Testing

@Suite("Every source file keeps the house rules")
struct StyleTests {
  @Test("no file is longer than 500 lines")
  func fileLength() throws {
    for file in try SourceFile.sources.get() + SourceFile.tests.get() {
      #expect(file.lines.count <= 501, "\(file.path): \(file.lines.count - 1) lines; split it by concern")
    }
  }

  @Test("no line is wider than 110 columns, none has a tab")
  func lineWidth() throws {
    for file in try SourceFile.sources.get() + SourceFile.tests.get() {
      for (index, line) in file.lines.enumerated() {
        // Bytes first: characters are slow to count, and only a long line needs them.
        #expect(
          line.utf8.count <= 110 || line.count <= 110, "\(file.path):\(index + 1): \(line.count) columns")
        #expect(!line.utf8.contains(9), "\(file.path):\(index + 1): a tab; indent with two spaces")
      }
    }
  }

  @Test("no function is longer than 70 lines")
  func functionLength() throws {
    for file in try SourceFile.sources.get() + SourceFile.tests.get() {
      for function in functions(in: file) {
        #expect(
          function.length <= 70,
          "\(file.path):\(function.line): \(function.name) has \(function.length) lines; split it")
      }
    }
  }

  @Test("what would make a run differ, or stop it unasked, is banned from the sources")
  func bannedWords() throws {
    let words = [
      ("Date()", "the wall clock must not reach a result"),
      ("SystemRandomNumberGenerator", "draw from a named stream"),
      (".randomElement", "draw from a named stream"),
      (".random(in:", "draw from a named stream"),
      (".shuffled()", "draw from a named stream"),
      (".hashValue", "it differs between processes"),
      ("fatalError(", "say what must hold with precondition, or return a fault"),
    ]
    for file in try SourceFile.sources.get() {
      for (index, line) in file.code.enumerated() {
        for (word, why) in words {
          #expect(!line.contains(word), "\(file.path):\(index + 1): \(word) is banned; \(why)")
        }
      }
    }
  }

  @Test("only the command prints")
  func printing() throws {
    for file in try SourceFile.sources.get() where file.target != "Command" {
      for (index, line) in file.code.enumerated() where line.contains("rint(") {
        let prints = line.firstMatch(of: /(?:^|[^\w.])(?:debugPrint|print)\(/) != nil
        #expect(!prints, "\(file.path):\(index + 1): only the command prints")
      }
    }
  }

  @Test("nothing is left to be done later")
  func leftovers() throws {
    for file in try SourceFile.sources.get() {
      let words = ["TODO", "FIXME", "XXX"]
      for (index, line) in file.lines.enumerated() where words.contains(where: line.contains) {
        let found = line.firstMatch(of: /\b(?:TODO|FIXME|XXX)\b/) != nil
        #expect(!found, "\(file.path):\(index + 1): finish it, or say in the documentation what is absent")
      }
    }
  }

  @Test("public declarations are documented", arguments: ["Kernel", "Statistics", "Workloads"])
  func documentation(target: String) throws {
    for file in try SourceFile.sources.get() where file.target == target {
      for line in undocumented(in: file) {
        #expect(Bool(false), "\(file.path):\(line): a public declaration without a doc comment")
      }
    }
  }

  @Test("the scanner blanks comments and strings and keeps the code")
  func scanner() {
    let blanked = SourceFile.blank("let a = \"{\\(f(\"}\"))\" // {\nlet b = /* } */ { \"\"\"\n{\n\"\"\" }")
    #expect(blanked.filter { $0 == "{" }.count == 1)
    #expect(blanked.filter { $0 == "}" }.count == 1)
    #expect(blanked.contains("let a") && blanked.contains("let b"))
  }

  private struct Function {
    var name: String
    var line: Int
    var length: Int
  }

  /// Functions and initialisers with the number of lines from `func` to the closing brace.
  private func functions(in file: SourceFile) -> [Function] {
    var found: [Function] = []
    for (index, line) in file.code.enumerated() {
      let start = /^\s*(?:@[\w()]+ |[\w()]+ )*?(?:func (\S+?)[(<]|init[?(<]|deinit)/
      guard ["func ", "init", "deinit"].contains(where: line.contains),
        let match = line.firstMatch(of: start), !line.contains("self.init(")
      else { continue }
      guard let end = closingBrace(in: file.code, from: index) else { continue }
      found.append(
        Function(name: String(match.1 ?? "init"), line: index + 1, length: end - index + 1))
    }
    return found
  }

  /// The line on which the first brace opened at or after `start` closes; `nil` for a body-less
  /// declaration.
  private func closingBrace(in code: [String], from start: Int) -> Int? {
    var depth = 0
    var parentheses = 0
    for index in start..<code.count {
      for byte in code[index].utf8 {
        switch byte {
        case UInt8(ascii: "("): parentheses += 1
        case UInt8(ascii: ")"): parentheses -= 1
        case UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: "}"):
          depth -= 1
          if depth == 0 && parentheses == 0 { return index }
          if depth < 0 { return nil }
        default: break
        }
      }
      if depth == 0 && parentheses == 0 && index > start + 1 { return nil }
    }
    return nil
  }

  /// Lines with a public declaration that no doc comment precedes. Attributes may stand between;
  /// operators, `description` and memberwise initialisers say it with their name.
  private func undocumented(in file: SourceFile) -> [Int] {
    let declaration = /^\s*(?:@[\w()]+ )*public (?:\w+ )*?(?:func|struct|enum|protocol|class|actor) \w/
    return file.code.enumerated().compactMap { index, line in
      guard line.contains("public "), line.firstMatch(of: declaration) != nil else { return nil }
      var above = index - 1
      while above >= 0, file.lines[above].trimmingPrefix(while: \.isWhitespace).hasPrefix("@") { above -= 1 }
      guard above >= 0 else { return index + 1 }
      return file.lines[above].trimmingPrefix(while: \.isWhitespace).hasPrefix("///") ? nil : index + 1
    }
  }
}
