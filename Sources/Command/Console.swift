import Foundation

/// Where a command writes: answers to `out`, everything else to `error`.
struct Console: Sendable {
  var out: @Sendable (String) -> Void
  var error: @Sendable (String) -> Void
  /// Whether a person reads the stream on a terminal.
  var outIsTerminal: Bool
  var errorIsTerminal: Bool
  var environment: [String: String]

  /// The console of the command being run; a test puts its own in place.
  @TaskLocal static var current = Console.standard

  static let standard = Console(
    out: { write($0, to: STDOUT_FILENO) }, error: { write($0, to: STDERR_FILENO) },
    outIsTerminal: isatty(STDOUT_FILENO) == 1, errorIsTerminal: isatty(STDERR_FILENO) == 1,
    environment: ProcessInfo.processInfo.environment)

  /// Whether answers may be coloured: on a terminal, unless the user or `NO_COLOR` says no.
  func coloursAllowed(noColor: Bool) -> Bool {
    outIsTerminal && !noColor && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
  }

  func fail(_ message: String) -> CommandStatus {
    error("error: \(message)\n")
    return .cannotRun
  }

  private static func write(_ text: String, to descriptor: Int32) {
    // A reader that went away, such as `head`, is no fault of the run.
    try? FileHandle(fileDescriptor: descriptor).write(contentsOf: Data(text.utf8))
  }
}
