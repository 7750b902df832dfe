import Economics
import Foundation
import Oracles
import Quantities
import Testing

@Suite("What is bought, over a horizon")
struct AssetTests {
  static let year = Seconds(31_557_600)

  static func years(_ count: Double) -> Seconds { Seconds(count * year.value) }

  @Test(
    "without interest it costs its write-off, whatever the horizon",
    arguments: [0.1, 1, 2.5, 3, 4.9, 5, 5.1, 10, 12.3], [0.0, 0.15, 1])
  func writeOff(horizon: Double, residual: Double) {
    for life in [0.7, 3, 5, 40] {
      let asset = Asset(price: Money(560_000), life: Self.years(life), residual: residual)
      let value = asset.presentValue(horizon: Self.years(horizon), yearlyRate: 0)
      let written = 560_000 * (1 - residual) * horizon / life
      #expect(abs(value.units - written) < 1e-4, "\(life)")
    }
  }

  @Test("it is worth what its payments are, one by one", arguments: [0.0, 1e-9, 0.08, 3])
  func payments(rate: Double) {
    for (life, horizon) in [(5.0, 5.0), (5, 10), (5, 3), (2, 9), (0.25, 7.1)] {
      var expected = 0.0
      var bought = 0.0
      while bought < horizon - 1e-9 {
        expected += 100_000 * pow(1 + rate, -bought)
        let age = min(life, horizon - bought)
        expected -= 100_000 * (1 - 0.85 * age / life) * pow(1 + rate, -(bought + age))
        bought += life
      }
      let asset = Asset(price: Money(100_000), life: Self.years(life), residual: 0.15)
      let value = asset.presentValue(horizon: Self.years(horizon), yearlyRate: rate)
      #expect(abs(value.units - expected) < 1e-3, "life \(life), horizon \(horizon)")
    }
  }

  @Test("two nodes kept for their life are sold for what is left of them")
  func residual() {
    let asset = Asset(price: Money(560_000), life: Self.years(5), residual: 0.15)
    let value = asset.presentValue(horizon: Self.years(5), yearlyRate: 0.08)
    #expect(abs(value.units - (560_000 - 84_000 / pow(1.08, 5))) < 1e-3)
  }

  @Test("a part of a month costs a part of its payment, and nothing costs nothing")
  func partialMonths() {
    let month = Calendar.secondsPerMonth
    func value(_ months: Double, _ rate: Double = 0) -> Double {
      presentValue(monthly: Money(100), horizon: Seconds(months * month), yearlyRate: rate).units
    }
    for months in [0, 0.25, 1, 7.5, 36] { #expect(abs(value(months) - 100 * months) < 1e-4) }
    #expect(
      abs(
        value(36, 0.08)
          - presentValue(atOnce: .zero, payment: Money(100), periods: 36, yearlyRate: 0.08).units) < 1e-6)
    let none = Asset(price: Money(9), life: Self.years(1), residual: 0)
    #expect(none.presentValue(horizon: Seconds(0), yearlyRate: 0.1) == .zero)
  }
}
