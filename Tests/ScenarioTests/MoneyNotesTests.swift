import Foundation
import Quantities
import Scenario
import Testing

/// What is read but should be known of: notes beside a scenario that can be run.
@Suite("Notes on money and rooms")
struct MoneyNotesTests {
  static func notes(
    _ site: String = "", pool: String = "", node: String = "dgx-h100", economics: String = ""
  ) throws -> [String] {
    try FacilityKeysTests.read(site, pool: pool, node: node, economics: economics).get().notes
  }

  @Test("rates without a date, and rates of a day after the prices, are told")
  func dates() throws {
    let none = try Self.notes(economics: "exchange: { EUR: 1.09 }")
    #expect(none.contains { $0.contains("the rates have no date") })
    let late = try Self.notes(economics: "exchange: { EUR: 1.09, date: 2027-01-31 }")
    #expect(late.contains { $0.contains("of 2027-01-31") && $0.contains("prices of another day") })
    let same = try Self.notes(economics: "exchange: { EUR: 1.09, date: 2026-08-01 }")
    #expect(!same.contains { $0.contains("economics.exchange") })
    for day in ["yesterday", "2026-13-01", "2026-02-29", "2026-1-1", "01.02.2026"] {
      let faults = FacilityKeysTests.faults("", economics: "exchange: { EUR: 1.09, date: '\(day)' }")
      #expect(faults.count == 1 && faults[0].contains("is no day"), "\(day): \(faults)")
    }
  }

  @Test("days of the Gregorian calendar")
  func days() {
    #expect(["2024-02-29", "2000-02-29", "2026-12-31", "2026-04-30"].allSatisfy(CalendarDay.isValid))
    #expect(
      ![
        "2023-02-29", "2100-02-29", "2026-04-31", "2026-00-10", "1999-01-01", "", "2026-01-01 ", "+026-01-01",
      ]
      .contains(where: CalendarDay.isValid))
  }

  @Test("a node that draws less than its accelerators may is told, and no other is")
  func thinPower() throws {
    func node(_ power: String) -> String { "{ accelerator: h100-sxm, accelerators: 8\(power) }" }
    let thin = try Self.notes(node: node(", power: 4kW"))
    #expect(thin.contains { $0.contains("less than its 8 × h100-sxm alone") && $0.contains("5.6 kW") })
    for power in [", power: 5.6kW", ", power: 8kW", ""] {
      #expect(!(try Self.notes(node: node(power))).contains { $0.contains("alone at their") }, "\(power)")
    }
  }

  @Test("accelerators that are cut are not capped, and that is the reason that is given")
  func cutAndCapped() {
    let cut = FacilityKeysTests.faults(
      ", power-limit: 20kW, on-exceed: cap", pool: ", partition: 3g.40gb")
    #expect(cut.count == 1 && cut[0].contains("cut are not simulated under a power cap"), "\(cut)")
    let whole = FacilityKeysTests.faults(", power-limit: 20kW, on-exceed: cap")
    #expect(whole.count == 1 && whole[0].contains("no power cap that drivers take is low enough"))
  }

  @Test("demand may shrink, in ways of its own and by seasons, but not by all of itself")
  func shrinking() throws {
    let demand = "demand: { scenarios: { flop: -30%/y, spring: { seasons: [0.5, 1] }, base: 2%/month } }"
    let scenario = try FacilityKeysTests.read("", economics: demand).get()
    let paths = scenario.economics.growthPaths
    #expect(paths.map(\.name) == ["flop", "spring", "base"])
    let year = (0..<12).reduce(1.0) { product, _ in product * (1 + paths[0].demand.monthlyGrowth) }
    #expect(abs(year - 0.7) < 1e-12)
    #expect(paths[1].demand.seasons == [0.5, 1] && paths[2].demand.seasons == [])
    #expect(abs(paths[0].demand.level(ofMonth: 35) - pow(0.7, 35.5 / 12)) < 1e-12)
    for growth in ["-100%/y", "-100%/month", "-250%/y"] {
      #expect(!FacilityKeysTests.faults("", economics: "demand: { growth: \(growth) }").isEmpty, "\(growth)")
    }
    #expect(FacilityKeysTests.faults("", economics: "discount-rate: -5%").count == 1)
  }
}
