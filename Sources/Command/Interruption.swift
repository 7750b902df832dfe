import Foundation
import Synchronization

/// Ctrl-C. A run that can end well is given the chance; a second press ends the process at once, as the first
/// does where nothing would be saved.
enum Interruption {
  private static let presses = Atomic<Int>(0)
  private static let isGraceful = Atomic<Bool>(false)
  private static let notice = StaticString("\nstopping; press again to quit at once\n")

  /// Whether someone wants the run to end.
  static var isRequested: Bool { presses.load(ordering: .relaxed) > 0 }

  /// Takes the signal over; until `allowGracefulEnd` it ends the process.
  static func install() {
    // Touched here, because a signal handler must not be the first to initialise them.
    presses.store(0, ordering: .relaxed)
    isGraceful.store(false, ordering: .relaxed)
    signal(SIGINT) { _ in
      let earlier = Interruption.presses.add(1, ordering: .relaxed).oldValue
      if earlier > 0 || !Interruption.isGraceful.load(ordering: .relaxed) {
        _exit(CommandStatus.interrupted.rawValue)
      }
      _ = write(STDERR_FILENO, Interruption.notice.utf8Start, Interruption.notice.utf8CodeUnitCount)
    }
  }

  /// From now on the first press only sets `isRequested`.
  static func allowGracefulEnd() { isGraceful.store(true, ordering: .relaxed) }
}
