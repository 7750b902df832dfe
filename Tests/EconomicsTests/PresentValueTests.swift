import Economics
import Foundation
import Quantities
import TestSupport
import Testing

@Suite("Present value")
struct PresentValueTests {
  /// The present value of 1 paid at the end of each period.
  static func annuityFactor(rate: Double, periods: Int, perYear: Double = 1) -> Double {
    let unit = Money(1_000_000)
    return presentValue(
      atOnce: .zero, payment: unit, periods: periods, yearlyRate: rate, periodsPerYear: perYear
    ).units / unit.units
  }

  /// One case of the table: its parameters and the value of a quantity.
  struct Row: Sendable, CustomTestStringConvertible {
    let parameters: String
    let quantity: String
    let value: Double
    var testDescription: String { "\(parameters): \(quantity)" }

    /// The number directly after the name, such as 0.08 after `rate=`; percent signs count.
    func number(_ names: String...) -> Double? {
      for name in names {
        guard let range = (parameters + "," + quantity).range(of: name) else { continue }
        let rest = (parameters + "," + quantity)[range.upperBound...]
        let digits = rest.prefix { $0.isNumber || $0 == "." }
        let isPercent = rest.dropFirst(digits.count).first == "%"
        return Double(digits).map { isPercent ? $0 / 100 : $0 }
      }
      return nil
    }
  }

  static let rows = (SharedData.rows("analytic/analytic.csv") ?? []).compactMap { cells in
    cells.first == "NPV/TCO"
      ? Double(cells[3]).map { Row(parameters: cells[1], quantity: cells[2], value: $0) } : nil
  }

  @Test(
    "every exact answer of the table of costs over years, to 1e-9",
    .enabled(if: SharedData.has("analytic/analytic.csv"), Comment(rawValue: SharedData.absence)),
    arguments: rows)
  func exactAnswers(row: Row) throws {
    let rate = try #require(row.number("rate=", "r="))
    let years = Int(try #require(row.number("years=") ?? Self.years(in: row.parameters)))
    let capex = try #require(row.number("capex="))
    let opex = try #require(row.number("opex/yr=", "opex="))
    let factor = Self.annuityFactor(rate: rate, periods: years)
    let yearly = capex / factor + opex
    let present = presentValue(
      atOnce: Money(capex), payment: Money(opex), periods: years, yearlyRate: rate, periodsPerYear: 1)
    // What one payment at the end is worth now: the last term of the series.
    let last = factor - Self.annuityFactor(rate: rate, periods: years - 1)
    // A loan's monthly rate is a twelfth of the yearly one, which compounds to more than it.
    let monthly = Self.annuityFactor(
      rate: pow(1 + rate / 12, 12) - 1, periods: 12 * years, perYear: 12)
    let answers = [
      "annuity_factor": factor, "PV_cost": present.units, "equivalent_annual_cost": yearly, "EAC": yearly,
      "monthly_payment_capex": capex / monthly,
      "PV_cost_with_residual": present.units - capex * (row.number("residual=") ?? 0) * last,
      "breakeven_utilisation": yearly / (8 * 8_760 * (row.number("cloud=") ?? 1)),
    ]
    let used = row.number("util=").map { yearly / (8 * 8_760 * $0) }
    let answer = try #require(used ?? answers[row.quantity])
    #expect(abs(answer / row.value - 1) < 1e-9)
  }

  /// 4 in `…;4y;…`.
  private static func years(in text: String) -> Double? {
    text.split(separator: ";").first { $0.hasSuffix("y") }.flatMap { Double($0.dropLast()) }
  }

  @Test("monthly payments are discounted by the twelfth root of the yearly rate")
  func monthly() {
    // Twelve payments are worth one yearly payment of their value at the year's end.
    let rate = 0.08
    let atYearEnd = (0..<12).reduce(0.0) { $0 + pow(1 + rate, Double($1) / 12) }
    let expected = 1_000 + 250 * atYearEnd * Self.annuityFactor(rate: rate, periods: 3)
    let value = presentValue(
      atOnce: Money(1_000), payment: Money(250), periods: 36, yearlyRate: rate, periodsPerYear: 12)
    #expect(abs(value.units / expected - 1) < 1e-9)
  }

  @Test("without interest a sum is worth its terms, and later money is worth less")
  func limits() {
    let flat = presentValue(
      atOnce: Money(10), payment: Money(2), periods: 24, yearlyRate: 0, periodsPerYear: 12)
    #expect(flat == Money(58))
    var last = Money(58)
    for rate in [0.01, 0.1, 1, 100] {
      let value = presentValue(
        atOnce: Money(10), payment: Money(2), periods: 24, yearlyRate: rate, periodsPerYear: 12)
      #expect(value < last && value > Money(10))
      last = value
    }
  }
}
