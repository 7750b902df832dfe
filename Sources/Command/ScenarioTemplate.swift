import CScenarioTemplates

/// A file of `scenarios/`, embedded in the command.
struct ScenarioTemplate {
  /// Relative to the folder, such as `minimal.yaml`.
  var path: String
  var text: String

  var isScenario: Bool { path.hasSuffix(".yaml") }
  var name: String { String(path.prefix { $0 != "." }) }

  /// The scenario's own description, or its first comment.
  var summary: String {
    for line in text.split(separator: "\n") where line.hasPrefix("description:") {
      let value = line.dropFirst("description:".count).drop { $0 == " " || $0 == "\"" }
      return String(value.last == "\"" ? value.dropLast() : value)
    }
    let comment = text.split(separator: "\n").first { $0.hasPrefix("# ") && !$0.contains("$schema") }
    return comment.map { String($0.dropFirst(2)) } ?? ""
  }

  /// All of them, in order of path.
  static var all: [ScenarioTemplate] {
    (0..<dryrack_template_count()).map { index in
      let file = dryrack_template_at(index)
      let bytes = UnsafeRawBufferPointer(start: file.bytes, count: file.size)
      return ScenarioTemplate(path: String(cString: file.path), text: String(decoding: bytes, as: UTF8.self))
    }.sorted { $0.path < $1.path }
  }
}
