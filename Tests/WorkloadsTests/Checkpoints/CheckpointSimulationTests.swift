import Kernel
import Quantities
import Statistics
import TestSupport
import Testing
import Workloads

@Suite("Simulated jobs under exponential failures agree with the closed forms")
struct CheckpointSimulationTests {
  /// Wall times of `count` independent jobs of `segments` segments, in seconds.
  static func walls(
    _ theory: CheckpointTheory, interval: Seconds, segments: Int64, safeRestarts: Bool, count: Int,
    plan: CheckpointPlan? = nil
  ) -> [Double] {
    // A segment is a thousand steps, so that the interval is exact to a thousand ticks.
    let step = Ticks(seconds: interval.value / 1000)
    let own = CheckpointPlan.synchronous(everySteps: 1000, write: Ticks(seconds: theory.checkpointCost.value))
    let restart = Ticks(seconds: theory.restartCost.value)
    return (0..<count).map { index in
      var stream = RandomStream(seed: 11, replication: index, entity: "job", purpose: "failures")
      var job = JobProgress(totalSteps: 1000 * segments, stepTime: step, plan: plan ?? own, start: .zero)
      job.restart(taking: .zero)
      func next(_ now: Ticks) -> Ticks {
        now + Ticks(seconds: stream.exponential() * theory.meanTimeBetweenFailures.value)
      }
      var failure = next(.zero)
      while job.phase != .finished {
        if job.nextChange <= failure {
          job.advance(to: job.nextChange)
        } else {
          job.advance(to: failure)
          job.interrupt(losing: .node)
          job.restart(taking: restart)
          failure = next(safeRestarts ? job.now + restart : job.now)
        }
      }
      return job.now.seconds
    }
  }

  static let rows = CheckpointTheoryTests.rows.filter { row in
    row.quantity.hasPrefix("wall_per_segment_exact") || row.quantity.hasPrefix("efficiency_exact")
      || row.quantity.hasPrefix("efficiency_restart_failurefree") || row.quantity == "E[wall]"
  }

  @Test(
    "every row that failures decide lies inside the 99 % interval of a simulation",
    .enabled(if: SharedData.folder != nil), arguments: rows)
  func stochastic(row: ExactAnswer) throws {
    let theory = CheckpointTheoryTests.theory(of: row)
    let isWhole = row.quantity == "E[wall]"
    let interval =
      row.quantity.contains("Young")
      ? theory.youngInterval
      : row.quantity.contains("Daly")
        ? theory.dalyInterval()
        : isWhole ? Seconds(1250) : row.quantity.contains("1800") ? Seconds(1800) : theory.optimalInterval
    let segments: Int64 = isWhole ? 800 : 50
    let walls = Self.walls(
      theory, interval: interval, segments: segments, safeRestarts: row.quantity.contains("failurefree"),
      count: 1500)
    let found = try #require(studentInterval(walls, confidence: 0.99))
    let work = interval.value * Double(segments)
    let expected =
      isWhole ? row.value : row.quantity.hasPrefix("wall") ? row.value * Double(segments) : work / row.value
    #expect(found.contains(expected), "\(expected) outside of \(found)")
    #expect(found.halfWidth < 0.02 * expected)
  }

  @Test(
    "without checkpoints a job starts anew, as the closed form says", .enabled(if: SharedData.folder != nil))
  func spot() throws {
    let row = try #require(ExactAnswer.rows("Spot no-checkpoint").first)
    let theory = CheckpointTheoryTests.theory(of: row)
    let walls = Self.walls(
      theory, interval: Seconds(row.number("W") ?? 0), segments: 1, safeRestarts: true, count: 20_000,
      plan: CheckpointPlan.none)
    let found = try #require(studentInterval(walls, confidence: 0.99))
    #expect(found.contains(row.value), "\(row.value) outside of \(found)")
  }

  @Test(
    "asynchronous checkpoints lose less time than synchronous ones of the same write, and more than none need"
  )
  func modes() throws {
    let theory = CheckpointTheory(
      checkpointCost: Seconds(120), restartCost: Seconds(300), meanTimeBetweenFailures: Seconds(14_400))
    let interval = Seconds(1800)
    func mean(_ plan: CheckpointPlan) -> Double {
      let walls = Self.walls(
        theory, interval: interval, segments: 40, safeRestarts: false, count: 400, plan: plan)
      return SampleSummary(walls).mean ?? 0
    }
    let write = Ticks(seconds: 120)
    let synchronous = mean(.synchronous(everySteps: 1000, write: write))
    let asynchronous = mean(.asynchronous(everySteps: 1000, snapshot: Ticks(seconds: 5), write: write))
    #expect(asynchronous < synchronous && asynchronous > 40 * 1800)
  }
}
