/// Why a model's config file could not be read, as a sentence for its user.
public struct ConfigFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// A plain sentence without a full stop; control characters of the file are not repeated in it.
  public var message: String
  /// Where in the file, counted in bytes from 0; `nil` when the fault is not at one place.
  public var offset: Int?

  init(_ message: String, at offset: Int?) {
    self.message = message
    self.offset = offset
  }

  public var description: String { offset.map { "\(message) (byte \($0))" } ?? message }

  /// `text` fit to stand in a message: short, and without control characters.
  static func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.prefix(60).filter { $0.properties.generalCategory != .control }))
  }
}
