import Infrastructure
import Kernel
import Quantities
import Statistics
import TestSupport
import Testing

@Suite("Availability is that of theory, by formula and by simulation")
struct AvailabilityTests {
  static let availability = ExactAnswer.rows("Availability")
  static let repair = ExactAnswer.rows("Machine repair").filter { $0.parameters.contains("MTBF") }
  private static let hour = 3600.0

  private static func means(_ row: ExactAnswer) -> (up: Seconds, down: Seconds) {
    (
      Seconds(row.number("MTBF(up)") ?? (row.number("MTBF") ?? 0) * hour),
      Seconds(row.parameters.contains("h") ? row.number("MTTR") ?? 0 : (row.number("MTTR") ?? 0) * hour)
    )
  }

  /// `7-of-8` as (7, 8).
  private static func parts(_ quantity: String) -> (needed: Int, count: Int)? {
    let numbers = quantity.split(separator: "-of-").compactMap { Int($0) }
    return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
  }

  @Test("the shared table has the rows this suite reads", .enabled(if: SharedData.folder != nil))
  func present() {
    #expect(Self.availability.count == 18)
    #expect(Self.repair.count == 2)
  }

  @Test(
    "every row of the shared table to 1e-9", .enabled(if: SharedData.folder != nil),
    arguments: availability + repair)
  func formulas(row: ExactAnswer) throws {
    let (up, down) = Self.means(row)
    let steady = Availability.steady(meanUp: up, meanDown: down)
    let computed: Double
    if row.name == "Machine repair" {
      let shop = MachineRepair(machines: 8, crews: 1, meanUp: up, meanRepair: down)
      computed = row.quantity == "P(all up)" ? shop.probabilityAllInService : shop.expectedInService
    } else if let (needed, count) = Self.parts(row.quantity) {
      computed = Availability.atLeast(needed, of: count, availability: steady)
    } else if row.quantity == "A" {
      computed = steady
    } else if row.quantity.hasPrefix("A^1024") {
      computed = Availability.series(steady, count: 1024)
    } else {
      computed = Availability.failures(of: 1024, meanUp: up, meanDown: down, in: Seconds(8760 * 3600))
    }
    #expect(abs(computed - row.value) <= 1e-9 * abs(row.value), "\(computed) against \(row.value)")
  }

  /// Rows of probabilities within 1e-4 of 0 or 1 are too rare to see.
  static let seen = availability.filter { row in
    row.quantity.hasPrefix("failures") || (row.value > 1e-4 && row.value < 1 - 1e-4)
  }

  @Test(
    "a simulated fleet agrees inside its 99 % interval", .enabled(if: SharedData.folder != nil),
    arguments: seen + repair)
  func simulation(row: ExactAnswer) throws {
    // An hour is played as 3.6 s: a single part's 2000 failures would outlast the range of time.
    let (up, down) = (Self.means(row).up * 1e-3, Self.means(row).down * 1e-3)
    let isShop = row.name == "Machine repair"
    let (needed, count) =
      Self.parts(row.quantity) ?? (isShop ? (8, 8) : row.quantity == "A" ? (1, 1) : (1024, 1024))
    let parts = ComponentClass(
      kind: .node, count: count, failure: .exponential(mean: up),
      repair: Distribution(.exponential(mean: down.value)))
    let isYear = row.quantity.hasPrefix("failures")
    // Time enough for about 2000 failures in each of 40 replications.
    let busy = Seconds(2000 * (up.value + down.value) / Double(count))
    let samples = (0..<40).map { replication in
      let outcome = FleetRun.outcome(
        parts, crews: isShop ? 1 : .max, needed: needed, warmup: Ticks(seconds: down.value * 20),
        span: Ticks(seconds: busy.value), replication: replication)
      if isYear { return outcome.failures * 8760 * 3.6 / busy.value }
      if row.quantity == "E[machines up]" { return outcome.up * 8 }
      return row.quantity == "A" ? outcome.up : outcome.good
    }
    let found = try #require(studentInterval(samples, confidence: 0.99))
    #expect(found.contains(row.value), "\(row.value) outside of \(found)")
  }

  @Test("k of n sums to one and falls with k; one of one and n of n are what they are")
  func tails() {
    for availability in [0.001, 0.5, 0.97, 0.999999] {
      for count in [1, 7, 300] {
        let tail = (0...count + 1).map { Availability.atLeast($0, of: count, availability: availability) }
        #expect(tail[0] == 1 && tail[count + 1] == 0)
        #expect(zip(tail, tail.dropFirst()).allSatisfy { $0 >= $1 - 1e-15 })
        let all = Availability.series(availability, count: count)
        #expect(abs(tail[count] - all) <= 1e-12 * all)
      }
    }
  }

  @Test("with a crew for each machine the shop is independent parts; spares keep more places filled")
  func shop() {
    let up = Seconds(100)
    let down = Seconds(7)
    let free = MachineRepair(machines: 9, crews: 9, meanUp: up, meanRepair: down)
    let steady = Availability.steady(meanUp: up, meanDown: down)
    #expect(abs(free.expectedInService - 9 * steady) < 1e-12)
    var filled = 0.0
    for spares in 0..<5 {
      let shop = MachineRepair(machines: 9, spares: spares, crews: 2, meanUp: up, meanRepair: down)
      #expect(shop.probabilityAllInService > filled && shop.probabilityAllInService < 1)
      #expect(abs(shop.probabilityOfDown.reduce(0, +) - 1) < 1e-12)
      filled = shop.probabilityAllInService
    }
  }
}
