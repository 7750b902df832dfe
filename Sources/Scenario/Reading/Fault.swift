/// A mistake in a scenario file: where, what, and what was expected.
public struct Fault: Error, Sendable, Hashable {
  public var file: String
  /// From 1; 0 when the fault concerns the file as a whole.
  public var line: Int
  public var column: Int
  /// Columns to underline.
  public var length: Int
  /// Where in the document, as `designs.onprem.pools`.
  public var path: String
  public var message: String
  /// What was expected, or the nearest name.
  public var help: String?
  /// Where it was said, when not in the file: `--set seed=x`. The line is 0 then.
  public var source: String?

  public init(
    file: String, line: Int, column: Int, length: Int = 1, path: String = "", message: String,
    help: String? = nil, source: String? = nil
  ) {
    self.source = source
    self.file = file
    self.line = line
    self.column = column
    self.length = length
    self.path = path
    self.message = message
    self.help = help
  }
}

/// Every fault found, with the text they point into.
public struct FaultReport: Error, Sendable {
  public var faults: [Fault]
  private let lines: [String: [Substring]]

  public init(faults: [Fault], text: String, file: String) {
    self.faults = faults.sorted { ($0.line, $0.column, $0.message) < ($1.line, $1.column, $1.message) }
    lines = [file: text.split(separator: "\n", omittingEmptySubsequences: false)]
  }

  /// The part of the fault's line that fits a terminal, and the column of the fault in it.
  private func excerpt(_ fault: Fault) -> (line: String, column: Int)? {
    guard let text = lines[fault.file], fault.line > 0, fault.line <= text.count else { return nil }
    let line = text[fault.line - 1]
    guard fault.column > Self.widest else {
      return (Self.printable(String(line.prefix(Self.widest))), fault.column)
    }
    // Machines write whole documents on one line.
    let start = fault.column - Self.widest / 4
    let part = line.utf8.dropFirst(start - 1).prefix(Self.widest - 1)
    return ("…" + Self.printable(String(decoding: part, as: UTF8.self)), fault.column - start + 2)
  }

  private static let widest = 160

  /// Control characters could steer the reader's terminal.
  static func printable(_ text: String) -> String {
    String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) })
  }

  /// As a compiler prints them: message, place, the line with a caret, help.
  public var description: String {
    faults.map { fault in
      var text = "error: \(Self.printable(fault.message))\n"
      let place = fault.line > 0 ? "\(fault.file):\(fault.line):\(fault.column)" : fault.file
      let path = fault.path.isEmpty ? "" : " (\(Self.printable(fault.path)))"
      text += " --> \(Self.printable(fault.source ?? place))\(path)\n"
      if let (line, column) = excerpt(fault) {
        let number = String(fault.line)
        let margin = String(repeating: " ", count: number.count)
        let caret = String(repeating: "^", count: max(1, min(fault.length, 80)))
        text += "\(margin) |\n\(number) | \(line)\n\(margin) | "
        text += String(repeating: " ", count: max(0, column - 1)) + caret + "\n"
      }
      if let help = fault.help { text += "  = help: \(Self.printable(help))\n" }
      return text
    }.joined(separator: "\n")
  }

  /// The source line of a fault, for machine-readable diagnostics.
  public func snippet(of fault: Fault) -> String? { excerpt(fault)?.line }
}

/// The name closest to a misspelt one: at most a third of its letters may differ.
public func nearestName(to name: String, among names: [String]) -> String? {
  var best: (distance: Int, name: String)?
  for candidate in names {
    let distance = editDistance(Array(name.utf8.prefix(64)), Array(candidate.utf8.prefix(64)))
    if distance < (best?.distance ?? .max) { best = (distance, candidate) }
  }
  guard let best, best.distance <= max(2, name.utf8.count / 3) else { return nil }
  return best.name
}

private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
  var row = Array(0...right.count)
  for i in left.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in right.indices {
      let substitution = diagonal + (left[i] == right[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[right.count]
}
