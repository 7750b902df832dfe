import Foundation
import Quantities

/// The equal payment at the end of each period that pays off a loan.
///
/// P·i / (1 − (1+i)⁻ⁿ), where i is the interest of a period; P/n without interest.
/// - Parameters:
///   - principal: what is lent, less what is left to pay at the end.
///   - interest: of a period.
///   - balloon: left to pay with the last payment, as the value at which a lease hands back its object.
public func annuity(principal: Money, interest: Double, periods: Int, balloon: Money = .zero) -> Money {
  guard periods > 0 else { return principal }
  if interest == 0 { return Money((principal - balloon).units / Double(periods)) }
  let growth = exp(-Double(periods) * log1p(interest))
  return Money(
    (principal.units - balloon.units * growth) * interest / -expm1(-Double(periods) * log1p(interest)))
}

/// A loan for what is bought: a deposit with the order, then equal payments at the end of each month.
///
/// The interest of a month is a twelfth of the yearly rate, as loans are quoted.
public struct Financing: Sendable, Hashable {
  public var yearlyRate: Double
  public var months: Int
  /// Share of the price that is paid with the order, 0...1.
  public var deposit: Double

  public init(yearlyRate: Double, months: Int, deposit: Double) {
    self.yearlyRate = yearlyRate
    self.months = max(1, months)
    self.deposit = deposit
  }

  /// What is paid back and what is interest in each month; what is paid back adds up to `principal` exactly.
  /// - Complexity: O(months).
  public func payments(of principal: Money) -> [(principal: Money, interest: Money)] {
    let rate = yearlyRate / 12
    let payment = annuity(principal: principal, interest: rate, periods: months)
    var left = principal
    return (0..<months).map { month in
      let interest = left * rate
      let part = month == months - 1 ? left : min(left, payment - interest)
      left = left - part
      return (part, interest)
    }
  }

  func account(_ invoice: Charge) -> Account {
    var account = Account(
      description: "interest on \(invoice.description)", service: invoice.service,
      serviceName: invoice.serviceName, provider: "lender", region: invoice.region, unit: "Month",
      source: "scenario")
    account.holder = invoice.holder
    return account
  }
}

extension Ledger {
  /// Books the payments for an asset that is bought on a loan. What is owed at the horizon is paid then.
  mutating func book(
    _ financing: Financing, price: Money, ordered: Seconds, asset: Int, _ invoice: Int, _ interest: Int,
    _ prepayment: Prepayment
  ) {
    let deposit = price * financing.deposit
    book(
      invoice, .purchase, at: ordered, billed: deposit, list: price, quantity: prepayment.invoice.quantity,
      asset: asset)
    var owed = price - deposit
    for (index, payment) in financing.payments(of: owed).enumerated() {
      let due = ordered + Seconds(Double(index + 1) * Calendar.secondsPerMonth)
      if due > horizon.length + Seconds(1) { break }
      let paid = min(due, horizon.length)
      book(
        invoice, .purchase, at: paid, month: horizon.month(of: paid - Seconds(1)), billed: payment.principal,
        list: .zero, asset: asset)
      if payment.interest != .zero {
        book(
          interest, .usage, at: paid, month: horizon.month(of: paid - Seconds(1)), billed: payment.interest,
          effective: payment.interest, quantity: 1)
      }
      owed = owed - payment.principal
    }
    if owed != .zero {
      book(invoice, .purchase, at: horizon.length, billed: owed, list: .zero, asset: asset)
    }
  }
}

/// Hardware that is leased: equal payments for a term, after which it goes back and the next one comes.
public struct Lease: Sendable, Hashable {
  public var term: Seconds
  /// Of a month, for each node.
  public var payment: Money

  public init(term: Seconds, payment: Money) {
    self.term = term
    self.payment = payment
  }

  /// The lease whose payments are those of a loan on the price that leaves `residual` of it to the lessor.
  public init(price: Money, term: Seconds, yearlyRate: Double, residual: Double) {
    let months = max(1, Int((term.value / Calendar.secondsPerMonth).rounded()))
    self.init(
      term: term,
      payment: annuity(
        principal: price, interest: yearlyRate / 12, periods: months, balloon: price * residual))
  }
}
