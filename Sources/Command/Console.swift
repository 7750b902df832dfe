import DryRack
import Foundation

/// Where a command writes: answers to `out`, everything else to `error`.
struct Console: Sendable {
  /// Throws `CommandStatus.cannotRun`, with words on `error`, when the answer cannot be written.
  var out: @Sendable (String) throws -> Void
  var error: @Sendable (String) -> Void
  /// Whether a person reads the stream on a terminal.
  var outIsTerminal: Bool
  var errorIsTerminal: Bool
  var environment: [String: String]
  /// The next line of standard input without its end; `nil` when there is no more.
  var readLine: @Sendable () -> String? = { Swift.readLine() }

  /// The console of the command being run; a test puts its own in place.
  @TaskLocal static var current = Console.standard

  static let standard = Console(
    out: { text in
      // A reader that went away, such as `head`, is no fault of the run.
      guard let problem = Descriptor.write(text, to: STDOUT_FILENO), problem != EPIPE else { return }
      complain("error: cannot write the answer: \(Descriptor.words(for: problem))\n")
      throw CommandStatus.cannotRun
    }, error: complain,
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

  /// Nobody is left to tell when this fails.
  @Sendable private static func complain(_ text: String) { _ = Descriptor.write(text, to: STDERR_FILENO) }
}
