import Economics
import Foundation
import Oracles
import Quantities
import Testing

/// The books: nothing appears or is lost between what is billed and what is used up.
@Suite("Ledger")
struct LedgerTests {
  static let year = Seconds(31_557_600)
  static let month = Calendar.secondsPerMonth

  static func prepayment(
    _ price: Double, life: Double, residual: Double = 0, lead: Double = 0,
    _ method: Depreciation = .straightLine
  ) -> Prepayment {
    let charge = Charges.purchaseInvoice(of: "node", nodes: 1, price: Money(price), site: "dc")
    let use = Charges.amortization(
      of: "node", nodes: 1, price: Money(price), life: Seconds(life * year.value), residual: residual,
      site: "dc")
    var asset = Prepayment(
      invoice: charge, use: use, price: Money(price), life: Seconds(life * year.value))
    asset.residual = residual
    asset.lead = Seconds(lead * year.value)
    asset.depreciation = method
    return asset
  }

  @Test(
    "what is used up over a life is what was billed, to the micro-unit",
    arguments: [0.1, 0.7, 1, 2.5, 5], Depreciation.allCases)
  func balance(life: Double, method: Depreciation) {
    for horizon in [0.04, 0.5, 1, 3, 4.9, 10] {
      for (price, residual, lead) in [
        (287_654.321987, 0.15, 0.31), (0.000001, 0, 0), (560_000, 1, 2), (1e9, 0.3, 0),
      ] {
        var ledger = Ledger(horizon: Horizon(Seconds(horizon * Self.year.value)))
        var asset = Self.prepayment(price, life: life, residual: residual, lead: lead, method)
        ledger.book(asset)
        asset.successorPrice = 0.83
        asset.writeOffLife = asset.life * 1.4
        ledger.book(asset)
        asset.financing = Financing(yearlyRate: 0.07, months: 17, deposit: 0.2)
        ledger.book(asset)
        #expect(ledger.unbalancedAssets().isEmpty, "\(price) over \(horizon)")
        let interest = ledger.entries.filter { $0.asset == nil }
        #expect(interest.allSatisfy { $0.billed == $0.effective })
        #expect(ledger.billed == ledger.effective)
      }
    }
  }

  @Test("a whole life inside the horizon uses up the price less what is left of it")
  func wholeLife() {
    for method in Depreciation.allCases {
      var ledger = Ledger(horizon: Horizon(Self.year * 5))
      ledger.book(Self.prepayment(280_000.000001, life: 5, residual: 0.15, method))
      let used = ledger.entries.filter { $0.category == .usage }.reduce(Money.zero) { $0 + $1.effective }
      #expect(abs(used.units - 238_000) < 1e-5)
      #expect(ledger.entries.filter { $0.category == .purchase }.allSatisfy { $0.effective == .zero })
      #expect(ledger.entries.count == 62)
    }
  }

  @Test("payments are worth what the closed form says, for every life, horizon and rate")
  func presentValue() {
    for (life, horizon) in [(5.0, 5.0), (5, 10), (5, 3), (2, 9), (0.25, 7.1)] {
      for rate in [0, 0.08, 3] {
        var ledger = Ledger(horizon: Horizon(Self.year * horizon))
        ledger.book(Self.prepayment(100_000, life: life, residual: 0.15))
        let asset = Asset(price: Money(100_000), life: Self.year * life, residual: 0.15)
        let expected = asset.presentValue(horizon: Self.year * horizon, yearlyRate: rate)
        #expect(abs(ledger.presentValue(yearlyRate: rate).units - expected.units) < 0.01)
      }
    }
    var ledger = Ledger(horizon: Horizon(Seconds(36.4 * Self.month)))
    ledger.book(
      monthly: Charges.staff(fullTimeEquivalents: 1, salaryPerYear: Money(120_000)))
    let expected = Oracles.presentValue(
      monthly: Money(10_000), horizon: Seconds(36.4 * Self.month), yearlyRate: 0.08)
    #expect(abs(ledger.presentValue(yearlyRate: 0.08).units - expected.units) < 1e-3)
  }

  @Test("nothing is used up before it is there, and the invoice comes with the order")
  func leadTime() {
    var ledger = Ledger(horizon: Horizon(Self.year * 3))
    ledger.book(Self.prepayment(360_000, life: 3, lead: 0.25))
    #expect(ledger.effectiveByMonth.prefix(3).allSatisfy { $0 == .zero })
    #expect(ledger.effectiveByMonth[3] == Money(10_000))
    #expect(ledger.billedByMonth[0] == Money(360_000))
    #expect(ledger.billed(before: Seconds(1)) == Money(360_000))
  }

  @Test("a loan pays back its principal, and without interest nothing else")
  func financing() {
    for (rate, months, principal) in [
      (0.0, 36, 100_000.0), (0.07, 48, 287_654.321987), (0.24, 1, 10), (0.1, 7, 0.00001),
    ] {
      let loan = Financing(yearlyRate: rate, months: months, deposit: 0)
      let payments = loan.payments(of: Money(principal))
      #expect(payments.reduce(Money.zero) { $0 + $1.principal } == Money(principal))
      if rate == 0 { #expect(payments.allSatisfy { $0.interest == .zero }) }
      // Discounted at its own rate a loan is worth what is lent.
      let worth = payments.enumerated().reduce(0.0) { sum, item in
        sum + (item.element.principal + item.element.interest).units
          * pow(1 + rate / 12, -Double(item.offset + 1))
      }
      #expect(abs(worth - principal) < 1e-4 + principal * 1e-9)
    }
  }

  @Test("a lease costs what a loan does that leaves the residual to the lessor")
  func lease() {
    let lease = Lease(price: Money(300_000), term: Self.year * 3, yearlyRate: 0.09, residual: 0.2)
    let worth = (1...36).reduce(300_000 * 0.2 * pow(1.0075, -36)) {
      $0 + lease.payment.units * pow(1.0075, -Double($1))
    }
    #expect(abs(worth - 300_000) < 0.01)
    #expect(annuity(principal: Money(120), interest: 0, periods: 12) == Money(10))
  }

  @Test(
    "write-off begins at nothing, never falls, and ends at the residual", arguments: Depreciation.allCases)
  func writeOff(method: Depreciation) {
    for months in [0.5, 1, 7.3, 36, 60] {
      for residual in [0, 0.15, 0.9, 1] {
        let written = method.writtenOff(life: Seconds(months * Self.month), residual: residual)
        #expect(written[0] == 0 && abs(written.last! - (1 - residual)) < 1e-12)
        for (one, next) in zip(written, written.dropFirst()) { #expect(next >= one - 1e-15) }
      }
    }
    let straight = Depreciation.straightLine.writtenOff(life: Self.year * 5, residual: 0)
    let declining = Depreciation.declining.writtenOff(life: Self.year * 5, residual: 0)
    #expect(zip(straight, declining).allSatisfy { $1 >= $0 - 1e-12 })
    #expect(abs(declining[1] - 2.0 / 60) < 1e-12)
  }
}

@Suite("Amounts in parts")
struct SplitTests {
  @Test("parts add up, differ from their share by less than a micro-unit, and keep their order")
  func exact() {
    var state: UInt64 = 88_172_645_463_325_252
    func next() -> Double {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Double(state >> 11) / 0x1p53
    }
    for round in 0..<300 {
      let weights = (0..<(1 + round % 61)).map { _ in next() < 0.1 ? 0 : next() * 100 }
      let amount = Money(micros: Int64((next() - 0.3) * 1e12))
      let parts = amount.split(by: weights)
      #expect(parts.reduce(Money.zero, +) == amount && parts.count == weights.count)
      let whole = weights.reduce(0, +)
      if whole == 0 { continue }
      for (part, weight) in zip(parts, weights) {
        #expect(abs(Double(part.micros) - Double(amount.micros) * weight / whole) < 2)
      }
    }
  }

  @Test("odd weights and amounts at the ends of the range are split as well")
  func edges() {
    #expect(Money(1).split(by: []).isEmpty)
    #expect(Money(micros: 7).split(by: [0, 0, -3]) == [.zero, .zero, Money(micros: 7)])
    #expect(Money(micros: 10).split(by: [1, 1, 1]).map(\.micros) == [4, 3, 3])
    #expect(Money(micros: -10).split(by: [1, 1, 1]).map(\.micros) == [-4, -3, -3])
    #expect(Money(micros: 5).split(by: [.nan, .infinity, 1]).map(\.micros) == [0, 0, 5])
    for amount in [Int64.max, .min] {
      let parts = Money(micros: amount).split(by: [1, 3, 7, 0.001])
      #expect(abs(parts.reduce(Int128(0)) { $0 + Int128($1.micros) } - Int128(amount)) <= 1)
    }
  }
}

@Suite("Demand over the horizon")
struct DemandTests {
  @Test("growth compounds, launches stay, the ramp begins at nothing, and the limit holds")
  func levels() {
    let month = Calendar.secondsPerMonth
    #expect(Demand.steady.level(ofMonth: 400) == 1)
    let growing = Demand(monthlyGrowth: 0.05)
    #expect(abs(growing.level(ofMonth: 12) / growing.level(ofMonth: 0) - pow(1.05, 12)) < 1e-12)
    let launched = Demand(launches: [.init(at: Seconds(9 * month), factor: 1.8)])
    #expect(launched.level(ofMonth: 8) == 1 && launched.level(ofMonth: 9) == 1.8)
    #expect(Demand(ramp: Seconds(10 * month)).level(ofMonth: 4) == 0.45)
    #expect(Demand(monthlyGrowth: 1, most: 3).level(ofMonth: 30) == 3)
    #expect(growing.range(Horizon(Seconds(3 * month))).lowerBound == growing.level(ofMonth: 0))
  }

  @Test("a horizon has its months, the last one in part")
  func horizon() {
    let month = Calendar.secondsPerMonth
    for months in [0, 0.25, 1, 35.999, 36, 36.0001, 228] {
      let horizon = Horizon(Seconds(months * month))
      let whole = (0..<horizon.months).reduce(0.0) { $0 + horizon.share(ofMonth: $1) }
      #expect(abs(whole - months) < 1e-6, "\(months)")
    }
    #expect(Horizon(Seconds(94_672_800)).months == 36)
    #expect(Horizon(Seconds(.infinity)).months == 12_000)
  }
}
