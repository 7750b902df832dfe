/// How a table marks what matters on a terminal; plain text when colours are off.
public struct TextStyle: Sendable {
  /// Whether escape sequences may be written.
  public var colours: Bool

  public init(colours: Bool) { self.colours = colours }

  enum Mark: String {
    case plain = ""
    case bold = "1"
    case dim = "2"
    case good = "32"
    case bad = "31"
  }

  func apply(_ mark: Mark, to text: String) -> String {
    guard colours, mark != .plain, !text.isEmpty else { return text }
    return "\u{1b}[\(mark.rawValue)m\(text)\u{1b}[0m"
  }

  /// Text without control characters, so that a name in a file cannot steer the terminal.
  public static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars where scalar.properties.generalCategory != .control {
      result.unicodeScalars.append(scalar)
    }
    return result
  }
}
