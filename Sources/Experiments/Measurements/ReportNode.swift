import Scenario

/// A value of a benchmark's report, JSON or YAML alike, with its place in the file.
struct ReportNode: Sendable {
  indirect enum Content: Sendable {
    case null
    case flag(Bool)
    /// Infinite where the file says so: rates and concurrencies may have no limit.
    case number(Double)
    case text(String)
    case list([ReportNode])
    case members([(name: String, value: ReportNode)])
  }

  var content: Content
  /// Both from 1.
  var line: Int
  var column: Int

  /// The member of that name, the last one where it comes twice; `nil` where there is none or it is null.
  subscript(name: String) -> ReportNode? {
    guard case .members(let members) = content, let found = members.last(where: { $0.name == name })
    else { return nil }
    return found.value.isNull ? nil : found.value
  }

  /// The value at the end of a path of names.
  func at(_ path: String...) -> ReportNode? {
    path.reduce(Optional(self)) { $0?[$1] }
  }

  var isNull: Bool {
    if case .null = content { true } else { false }
  }
  var items: [ReportNode]? {
    if case .list(let items) = content { items } else { nil }
  }
  var members: [(name: String, value: ReportNode)]? {
    if case .members(let members) = content { members } else { nil }
  }
  var text: String? {
    if case .text(let text) = content { text } else { nil }
  }
  /// A number, or text that stands for one, such as the `inf` of a client without a rate.
  var number: Double? {
    switch content {
    case .number(let number): number
    case .text(let text): ReportNode.number(text)
    default: nil
    }
  }

  /// A number as YAML or Python writes it; NaN is none.
  static func number(_ text: String) -> Double? {
    switch text.lowercased() {
    case "inf", ".inf", "+.inf", "infinity": return .infinity
    default:
      // Not what `Double` takes beside plain decimals: hexadecimal, `nan`.
      guard text.utf8.allSatisfy({ "+-.0123456789eE".utf8.contains($0) }) else { return nil }
      return Double(text)
    }
  }

  /// What was written in YAML.
  init(_ written: Written) {
    line = written.line
    column = written.column
    switch written.content {
    case .scalar(let text):
      if written.isNull {
        content = .null
      } else if text == "true" || text == "false" {
        content = .flag(text == "true")
      } else {
        content = ReportNode.number(text).map(Content.number) ?? .text(text)
      }
    case .list(let items): content = .list(items.map(ReportNode.init))
    case .map(let members): content = .members(members.map { ($0.key, ReportNode($0.value)) })
    }
  }

  init(_ content: Content, line: Int, column: Int) {
    self.content = content
    self.line = line
    self.column = column
  }
}
