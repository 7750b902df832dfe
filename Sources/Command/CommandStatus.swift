/// What the command says to the shell.
enum CommandStatus: Int32, Error {
  /// Ran, and every threshold held.
  case success = 0
  /// Ran, and a threshold failed.
  case thresholdFailed = 1
  /// Could not run: usage, an invalid scenario, a file that cannot be read or written.
  case cannotRun = 2
  /// Stopped at a limit of time, memory or events; what was written is marked incomplete.
  case limitReached = 3
  case interrupted = 130

  /// The status of a finished run. A limit outranks a threshold: the figures are not final. A run that was
  /// complete before anyone interrupted it is judged as any.
  static func of(
    complete: Bool, interrupted: Bool = false, holds: some Sequence<Bool>
  ) -> CommandStatus {
    if !complete { return interrupted ? .interrupted : .limitReached }
    return holds.allSatisfy { $0 } ? .success : .thresholdFailed
  }
}
