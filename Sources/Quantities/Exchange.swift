/// What other currencies are worth in the one that amounts are kept in.
public struct Exchange: Sendable, Hashable {
  /// ISO 4217, such as `EUR`.
  public var currency: String
  /// Of one unit of each other currency, in units of `currency`; looked up by code, never iterated.
  public var rates: [String: Double]

  public init(currency: String, rates: [String: Double]) {
    self.currency = currency
    self.rates = rates
  }

  /// Amounts in dollars, and none in anything else.
  public static let dollars = Exchange(currency: "USD", rates: [:])

  /// What one unit of a currency is worth; `nil` where nobody says.
  public func rate(of code: String) -> Double? { code == currency ? 1 : rates[code] }

  /// The codes that scenarios may write (ISO 4217).
  public static let codes = [
    "AED", "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR",
    "JPY", "KRW", "MXN", "MYR", "NOK", "NZD", "PLN", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "USD", "ZAR",
  ]
}
