import Foundation
import Synchronization
import World

/// What a run may use. They may cut an experiment short, never change a figure.
final class RunLimits: Sendable {
  private let deadline: ContinuousClock.Instant?
  private let memoryLimitBytes: Int64?
  private let isInterrupted: (@Sendable () -> Bool)?
  private let events: Mutex<Int>
  /// The first limit that was seen reached: memory may have been given back by the time somebody asks why.
  private let first = Mutex<String?>(nil)

  init(_ options: RunOptions) {
    deadline = options.timeLimitSeconds.map { ContinuousClock.now.advanced(by: .seconds($0)) }
    memoryLimitBytes = options.memoryLimitBytes
    isInterrupted = options.isInterrupted
    events = Mutex(options.maximumEvents ?? .max)
  }

  static let eventsReached = "the limit on events"

  var eventsLeft: Int { events.withLock { $0 } }

  func spend(events count: Int) {
    events.withLock { if $0 != .max { $0 = max(0, $0 - count) } }
  }

  /// The limit that was reached, in words.
  var reached: String? {
    if let known = first.withLock({ $0 }) { return known }
    guard let now = reachedNow else { return nil }
    return first.withLock {
      $0 = $0 ?? now
      return $0
    }
  }

  private var reachedNow: String? {
    if let isInterrupted, isInterrupted() { return "an interruption" }
    if eventsLeft == 0 { return Self.eventsReached }
    if let deadline, ContinuousClock.now >= deadline { return "the time limit" }
    if let memoryLimitBytes, Self.residentBytes > memoryLimitBytes { return "the memory limit" }
    return nil
  }

  var isReached: Bool { reached != nil }

  /// What ended a run early, in words.
  func words(for end: EarlyEnd) -> String {
    switch end {
    case .events: Self.eventsReached
    case .asked: reached ?? "a limit"
    case .endOfTime: "the end of simulated time, 5e8 s"
    case .liveRequests: "16 million requests alive at once"
    }
  }

  /// Resident memory as the kernel reports it; 0 where it does not.
  private static var residentBytes: Int64 {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int64($0) } ?? 0
    return pages * 4096
  }
}
