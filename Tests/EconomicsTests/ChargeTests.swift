import Economics
import Quantities
import Testing

/// What a month costs: linear in every price, and nothing lost between what is billed and what is spread.
@Suite("Charges")
struct ChargeTests {
  /// Every kind of charge at a multiple of one set of prices.
  static func charges(_ factor: Double) -> [Charge] {
    [
      Charges.amortization(
        of: "node", nodes: 3, price: Money(280_000 * factor),
        life: Seconds(5 * 12 * Calendar.secondsPerMonth),
        residual: 0.15, site: "dc"),
      Charges.purchaseInvoice(of: "node", nodes: 3, price: Money(280_000 * factor), site: "dc"),
      Charges.electricity(
        averagePower: Watts(7_300), powerUsageEffectiveness: 1.3, pricePerKilowattHour: Money(0.09 * factor),
        site: "dc"),
      Charges.rent(
        of: "node", nodes: 2, pricePerNodeHour: Money(55.04 * factor), provider: "p", region: "r",
        term: "on-demand", source: "s"),
      Charges.tokens(
        endpoint: "e", provider: "p", inputPerMonth: 1.8e9, outputPerMonth: 3.4e8,
        inputPricePerMillion: Money(0.88 * factor), outputPricePerMillion: Money(1.1 * factor), source: "s"),
      Charges.staff(fullTimeEquivalents: 0.5, salaryPerYear: Money(200_000 * factor)),
    ]
  }

  @Test("twice the prices is twice the cost, to a millionth")
  func linear() {
    for (one, two) in zip(Self.charges(1), Self.charges(2)) {
      for amount in [\Charge.billed, \.effective, \.list] {
        let difference = two[keyPath: amount].micros - 2 * one[keyPath: amount].micros
        #expect(abs(difference) <= 1, "\(one.description)")
      }
      #expect(one.quantity == two.quantity && one.unit == two.unit)
    }
  }

  @Test(
    "what is spread over a life is what was billed less what is left of it",
    arguments: [12, 48, 60, 84], [0, 0.15, 1])
  func amortization(months: Int, residual: Double) {
    let price = Money(287_654.321987)
    let month = Charges.amortization(
      of: "node", nodes: 7, price: price, life: Seconds(Double(months) * Calendar.secondsPerMonth),
      residual: residual, site: "dc")
    let invoice = Charges.purchaseInvoice(of: "node", nodes: 7, price: price, site: "dc")
    #expect(month.billed == .zero && invoice.effective == .zero)
    let spread = (0..<months).reduce(Money.zero) { sum, _ in sum + month.effective }
    let expected = invoice.billed.units * (1 - residual)
    // Each month is rounded to a millionth.
    #expect(abs(spread.units - expected) <= Double(months) * 0.5e-6 + 1e-6)
  }

  @Test("quantities and amounts are those of the price sheet")
  func amounts() {
    let charges = Self.charges(1)
    #expect(charges[1].billed == Money(840_000))
    // 7.3 kW × 1.3 × 730.5 h × 0.09 USD/kWh.
    #expect(abs(charges[2].billed.units - 623.92005) < 1e-5)
    #expect(abs(charges[2].quantity - 6_932.445) < 1e-9)
    // 2 nodes × 730.5 h × 55.04 USD/h.
    #expect(charges[3].billed == Money(80_413.44) && charges[3].quantity == 1_461)
    // 1,800 M × 0.88 + 340 M × 1.1 USD.
    #expect(charges[4].billed == Money(1_958))
    #expect(charges[5].billed == Money(8_333.333333))
  }

  @Test("what is paid in the month it serves is billed as it is spread")
  func usage() {
    for charge in Self.charges(1).dropFirst(2) {
      #expect(charge.category == .usage && charge.billed == charge.effective, "\(charge.description)")
    }
  }

  @Test("tools of ten engineers come to what is published, 5,000 to 20,000 USD a year")
  func software() {
    for price in [500.0, 2_000] {
      let month = Charges.software(people: 10, pricePerYear: Money(price))
      #expect(abs(month.billed.units * 12 - 10 * price) < 1e-4)
    }
  }

  @Test(
    "500 GPU hours cost what the quoted prices say",
    arguments: [(3.0, 1_500.0), (3.9, 1_950), (12.29, 6_145)])
  func trainingRun(price: Double, cost: Double) {
    let run = Charges.jobRent(
      of: "node", job: "tune", cost: Money(price) * 500, nodeHours: 500.0 / 8, provider: "p", region: "r")
    #expect(run.billed == Money(cost) && run.quantity == 62.5)
  }
}
