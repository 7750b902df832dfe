import Quantities

/// What is paid before it is used: a machine, the upfront part of a commitment, a one-off cost. It is used
/// for its life and paid again until the horizon ends.
public struct Prepayment: Sendable, Hashable {
  /// What the invoice is for.
  public var invoice: Charge
  /// What its use is for, a charge of any one month: amounts and quantity of a whole one.
  public var use: Charge
  /// Day of the price; empty for one of the scenario.
  public var date = ""
  public var price: Money
  /// When it is ordered, counted from the start of the horizon.
  public var ordered = Seconds.zero
  /// From the order to the first day of use: the invoice comes with the order.
  public var lead = Seconds.zero
  /// Time until it is replaced; at least `leastLife`.
  public var life: Seconds
  /// Time over which it is written off; at least `life` where it is sold before its end.
  public var writeOffLife: Seconds
  /// Of the price when it is written off, 0...1.
  public var residual = 0.0
  public var depreciation = Depreciation.straightLine
  /// Price of what replaces it over its own.
  public var successorPrice = 1.0
  /// False for what is paid once.
  public var isRenewed = true
  public var financing: Financing?

  /// Shorter lives are rent.
  public static let leastLife = Seconds(86_400)

  /// All that its loan costs beside the price; zero without one.
  public var interest: Money {
    guard let financing else { return .zero }
    return financing.payments(of: price - price * financing.deposit).reduce(.zero) { $0 + $1.interest }
  }

  /// The same of the mean month of its life, whatever the horizon cuts off.
  public var interestPerMonth: Money { interest * (Calendar.secondsPerMonth / life.value) }

  public init(invoice: Charge, use: Charge, price: Money, life: Seconds) {
    self.invoice = invoice
    self.use = use
    self.price = price
    self.life = max(life, Self.leastLife)
    writeOffLife = self.life
  }
}

extension Ledger {
  /// Books a prepayment and its successors. Over the horizon both columns add up to the same.
  /// - Complexity: O(months of the horizon × lives that overlap a month).
  public mutating func book(_ prepayment: Prepayment) {
    guard horizon.months > 0, prepayment.ordered < horizon.length else { return }
    let invoices = open(Account(prepayment.invoice, date: prepayment.date))
    let uses = open(Account(prepayment.use, date: prepayment.date))
    var interest: Int?
    var ordered = prepayment.ordered
    var price = prepayment.price
    // A successor is ordered so early that it begins when its predecessor ends.
    while ordered + prepayment.lead < horizon.length || ordered == prepayment.ordered {
      if let financing = prepayment.financing {
        interest = interest ?? open(financing.account(prepayment.invoice))
      }
      book(prepayment, price: price, ordered: ordered, accounts: (invoices, uses, interest))
      if !prepayment.isRenewed { break }
      ordered += prepayment.life
      price = price * prepayment.successorPrice
    }
  }

  private mutating func book(
    _ prepayment: Prepayment, price: Money, ordered: Seconds,
    accounts: (invoice: Int, use: Int, interest: Int?)
  ) {
    let asset = newAsset()
    if let financing = prepayment.financing, let interest = accounts.interest {
      book(financing, price: price, ordered: ordered, asset: asset, accounts.invoice, interest, prepayment)
    } else {
      book(
        accounts.invoice, .purchase, at: ordered, billed: price, quantity: prepayment.invoice.quantity,
        asset: asset)
    }
    let begins = ordered + prepayment.lead
    let ends = begins + prepayment.life
    let writeOff = WriteOff(
      prepayment.depreciation, life: prepayment.writeOffLife, residual: prepayment.residual)
    // Every month of its use, those after the horizon as one: their sum is what the life uses up.
    let first = horizon.month(of: begins)
    let spans = (first..<horizon.months).map { month in
      (
        month: month, from: max(begins, horizon.start(ofMonth: month)),
        to: min(ends, horizon.end(ofMonth: month))
      )
    }.filter { $0.to > $0.from }
    var weights = spans.map {
      writeOff.share(at: $0.to - begins) - writeOff.share(at: $0.from - begins)
    }
    let used = weights.reduce(0, +)
    let atEnd = writeOff.share(at: prepayment.life)
    weights.append(max(0, atEnd - used))
    let worth = price * (1 - atEnd)
    let parts = (price - worth).split(by: weights)
    for (span, part) in zip(spans, parts) {
      let share = (span.to - span.from).value / Calendar.secondsPerMonth
      book(
        accounts.use, .usage, at: span.to, month: span.month, effective: part, list: part,
        quantity: prepayment.use.quantity * share, asset: asset)
    }
    // Sold when it is replaced, or worth what is not written off when the horizon ends.
    let left = worth + (parts.last ?? .zero)
    let sold = min(ends, horizon.length)
    if left != .zero {
      book(accounts.invoice, .credit, at: sold, billed: .zero - left, list: .zero, asset: asset)
    }
  }
}
