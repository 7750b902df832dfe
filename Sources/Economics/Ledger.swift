import Quantities

/// What a line of the books is for; its amounts stand in `LedgerEntry`.
public struct Account: Sendable, Hashable {
  public var description: String
  public var service: Charge.Service
  public var serviceName: String
  public var provider: String
  public var region: String
  /// Of the quantities of its entries.
  public var unit: String
  /// Where its prices come from: an identifier of `Catalog.source`, or `scenario`.
  public var source: String
  /// The day they were read; empty for those of the scenario.
  public var date: String
  /// Whom they are for; `nil` for the design as a whole.
  public var holder: Charge.Holder?

  public init(
    description: String, service: Charge.Service, serviceName: String, provider: String, region: String,
    unit: String, source: String, date: String = ""
  ) {
    self.description = description
    self.service = service
    self.serviceName = serviceName
    self.provider = provider
    self.region = region
    self.unit = unit
    self.source = source
    self.date = date
  }

  /// The account that a charge is booked on.
  public init(_ charge: Charge, date: String = "") {
    self.init(
      description: charge.description, service: charge.service, serviceName: charge.serviceName,
      provider: charge.provider, region: charge.region, unit: charge.unit, source: charge.source, date: date)
    holder = charge.holder
  }
}

/// One amount in one month.
public struct LedgerEntry: Sendable, Hashable {
  /// Position among the ledger's accounts.
  public var account: Int
  public var category: Charge.Category
  public var month: Int
  /// When it is paid, counted from the start of the horizon.
  public var paid: Seconds
  public var billed: Money
  public var effective: Money
  public var list: Money
  public var quantity: Double
  /// What was prepaid and is used up here; `nil` for what is paid as it is used.
  public var asset: Int?
}

/// The books of one design over the horizon: who is paid what in which month (`billed`), and what of it each
/// month uses up (`effective`), in whole micro-units.
///
/// Whatever is prepaid - a purchase, a commitment, a one-off cost - is an asset: its entries add up to the
/// same in both columns, over its life and over the horizon, at whose end what is left of it counts as a
/// credit.
public struct Ledger: Sendable {
  public let horizon: Horizon
  public private(set) var accounts: [Account] = []
  public private(set) var entries: [LedgerEntry] = []
  private var assets = 0

  public init(horizon: Horizon) { self.horizon = horizon }

  public mutating func open(_ account: Account) -> Int {
    accounts.append(account)
    return accounts.count - 1
  }

  mutating func newAsset() -> Int {
    assets += 1
    return assets - 1
  }

  mutating func book(
    _ account: Int, _ category: Charge.Category, at paid: Seconds, month: Int? = nil, billed: Money = .zero,
    effective: Money = .zero, list: Money? = nil, quantity: Double = 0, asset: Int? = nil
  ) {
    entries.append(
      LedgerEntry(
        account: account, category: category, month: month ?? horizon.month(of: paid), paid: paid,
        billed: billed, effective: effective, list: list ?? max(billed, effective), quantity: quantity,
        asset: asset))
  }

  /// Books a charge that comes every month, paid at the month's end.
  ///
  /// - Parameters:
  ///   - charge: of a whole month.
  ///   - from: when it begins.
  ///   - level: what of it comes in a month; 1 for a charge that does not follow demand.
  /// - Complexity: O(months).
  public mutating func book(
    monthly charge: Charge, date: String = "", from: Seconds = .zero, level: (Int) -> Double = { _ in 1 }
  ) {
    let account = open(Account(charge, date: date))
    for month in 0..<horizon.months {
      let share = horizon.share(ofMonth: month, from: from) * level(month)
      if share <= 0 { continue }
      book(
        account, charge.category, at: horizon.end(ofMonth: month), month: month,
        billed: charge.billed * share,
        effective: charge.effective * share, list: charge.list * share, quantity: charge.quantity * share)
    }
  }

  /// Books what is paid once and used up as it is paid.
  public mutating func book(once charge: Charge, at paid: Seconds) {
    if horizon.months == 0 { return }
    book(
      open(Account(charge)), charge.category, at: paid, billed: charge.billed, effective: charge.effective,
      list: charge.list, quantity: charge.quantity)
  }

  /// Assets whose columns do not agree: none, unless the books are wrong.
  ///
  /// Amounts at the end of their range do not add up; they belong to no scenario that is meant.
  /// - Complexity: O(entries).
  public func unbalancedAssets() -> [Int] {
    var difference = [Int128](repeating: 0, count: assets)
    for entry in entries {
      guard let asset = entry.asset else { continue }
      difference[asset] += Int128(entry.billed.micros) - Int128(entry.effective.micros)
    }
    return difference.indices.filter { difference[$0] != 0 }
  }

  public var billed: Money { entries.reduce(.zero) { $0 + $1.billed } }
  public var effective: Money { entries.reduce(.zero) { $0 + $1.effective } }

  /// Invoices of each month.
  public var billedByMonth: [Money] { byMonth(\.billed) }
  public var effectiveByMonth: [Money] { byMonth(\.effective) }

  private func byMonth(_ amount: KeyPath<LedgerEntry, Money>) -> [Money] {
    var sums = [Money](repeating: .zero, count: horizon.months)
    for entry in entries { sums[entry.month] += entry[keyPath: amount] }
    return sums
  }

  /// All payments, each worth at the start what it is worth then.
  /// - Parameter yearlyRate: discount rate a year, compounded.
  public func presentValue(yearlyRate: Double) -> Money {
    entries.reduce(.zero) { sum, entry in
      sum + entry.billed * discount(entry.paid, yearlyRate: yearlyRate)
    }
  }

  /// What is paid before a time.
  public func billed(before time: Seconds) -> Money {
    entries.reduce(.zero) { $1.paid < time ? $0 + $1.billed : $0 }
  }
}
