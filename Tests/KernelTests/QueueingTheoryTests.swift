import Kernel
import Statistics
import TestSupport
import Testing

/// Small queueing models on the kernel, held against the exact answers of queueing theory.
@Suite("Queueing theory")
struct QueueingTheoryTests {
  /// The published answers, or the few that the tests carry.
  static let rows = SharedData.rows("analytic/analytic.csv").map(QueueRow.queues(in:)) ?? QueueRow.few

  static let testable = rows.filter(\.isTestable)

  @Test(
    "the whole table of exact answers is checked",
    .enabled(if: SharedData.has("analytic/analytic.csv"), Comment(rawValue: SharedData.absence)))
  func wholeTable() {
    #expect(Self.rows.count >= 180 && Self.rows.count - Self.testable.count <= 2)
    #expect(QueueRow.systems.allSatisfy { system in Self.testable.contains { $0.system == system } })
  }

  @Test("exact answers lie in their intervals, jointly at 99 %", arguments: QueueRun.grouping(testable))
  func exactAnswers(run: QueueRun) throws {
    // Bonferroni's inequality: the chance that any interval of any case misses is at most 1 %.
    let confidence = 1 - 0.01 / Double(Self.testable.count)
    for (row, values) in zip(run.rows, try run.replicate()) {
      let expected = QueueRun.expectedReading(of: row)
      let interval = try #require(studentInterval(values, confidence: confidence))
      #expect(interval.contains(expected), "\(row.quantity): \(expected) not in \(interval)")
    }
  }
}
