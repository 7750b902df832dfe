import Quantities
import TestSupport
import Testing
import Workloads

@Suite("Checkpoint intervals and efficiencies are those of theory")
struct CheckpointTheoryTests {
  static let rows = ExactAnswer.rows("Checkpoint")

  @Test("the shared table has the rows this suite reads", .enabled(if: SharedData.folder != nil))
  func present() {
    #expect(Self.rows.count == 80)
    #expect(ExactAnswer.rows("Spot no-checkpoint").count == 1)
  }

  @Test(
    "every row of the shared table to 1e-9", .enabled(if: SharedData.folder != nil),
    arguments: Self.rows + ExactAnswer.rows("Spot no-checkpoint"))
  func deterministic(row: ExactAnswer) throws {
    let computed = try #require(Self.compute(row), "no formula for this row")
    #expect(abs(computed - row.value) <= 1e-9 * abs(row.value), "\(computed) against \(row.value)")
  }

  static func theory(of row: ExactAnswer) -> CheckpointTheory {
    let year = 365.25 * 86_400.0
    let mean = row.number("MTBF") ?? row.number("M") ?? 0
    let isFleet = row.parameters.hasPrefix("Nodes=1024")
    return CheckpointTheory(
      checkpointCost: Seconds(row.number("C") ?? 0),
      restartCost: Seconds(row.number("R") ?? row.number("D") ?? 0),
      meanTimeBetweenFailures: isFleet
        ? CheckpointTheory.systemMean(partMean: Seconds(5 * year), count: 1024) : Seconds(mean))
  }

  private static func compute(_ row: ExactAnswer) -> Double? {
    let theory = theory(of: row)
    let intervals: [(String, Seconds)] = [
      ("[Young]", theory.youngInterval), ("[Daly]", theory.dalyInterval()),
      ("[exact]", theory.optimalInterval),
      ("[tau=1800]", Seconds(1800)), ("exact", theory.optimalInterval),
    ]
    let tau = intervals.first { row.quantity.hasSuffix($0.0) }?.1
    switch row.quantity {
    case "tau_Young": return theory.youngInterval.value
    case "tau_Daly": return theory.dalyInterval().value
    case "tau_exact": return theory.optimalInterval.value
    case "M_system_s": return theory.meanTimeBetweenFailures.value
    case "E[wall]": return theory.expectedWall(work: Seconds(1e6), interval: Seconds(1250)).value
    case "E[T]": return theory.expectedTimeWithoutCheckpoints(work: Seconds(row.number("W") ?? 0)).value
    default: break
    }
    guard let tau else { return nil }
    if row.quantity.hasPrefix("wall_per_segment_exact") { return theory.expectedWall(interval: tau).value }
    if row.quantity.hasPrefix("efficiency_exact") { return theory.efficiency(interval: tau) }
    if row.quantity.hasPrefix("efficiency_first_order") {
      return theory.efficiencyToFirstOrder(interval: tau)
    }
    if row.quantity.hasPrefix("efficiency_restart_failurefree") {
      return theory.efficiencyWithSafeRestarts(interval: tau)
    }
    return nil
  }

  @Test("the optimal interval is the least wall time per work, and Daly's estimate comes close to it")
  func optimum() {
    for cost in [1e-6, 1, 30, 600, 3600, 40_000] {
      for mean in [600.0, 7200, 86_400, 1e7] {
        let theory = CheckpointTheory(
          checkpointCost: Seconds(cost), restartCost: Seconds(60), meanTimeBetweenFailures: Seconds(mean))
        let best = theory.optimalInterval
        let most = theory.efficiency(interval: best)
        #expect(best.value > 0 && best <= Seconds(mean))
        for factor in [0.5, 0.9, 0.99, 1.01, 1.1, 2] {
          #expect(theory.efficiency(interval: best * factor) <= most * (1 + 1e-12))
        }
        if cost < mean / 20 {
          #expect(theory.efficiency(interval: theory.dalyInterval()) > 0.9999 * most)
          #expect(theory.efficiency(interval: theory.youngInterval) > 0.97 * most)
        }
      }
    }
  }
}
