extension Catalog {
  /// Kinds with facts of money.
  static let priced: [Kind] = [.accelerators, .nodes, .fabrics, .endpoints, .prices, .storage]

  /// This catalogue with its prices, which are in dollars, in another currency.
  ///
  /// Facts keep their unit's name; what stands in them is `dollar` times what was stated, in full precision.
  /// Money is rounded once, where it is made of a fact. Asked twice, it converts what was stated, not what it
  /// converted.
  /// - Parameter dollar: one dollar in the other currency, above 0.
  /// - Complexity: O(rows of the kinds with prices); nothing at 1.
  public func inCurrency(dollar: Double) -> Catalog {
    dollar == self.dollar ? self : Catalog(changed: changed, dollar: dollar)
  }

  static func converted(_ table: FactTable, dollar: Double) -> FactTable {
    FactTable(
      facts: table.facts.map { fact in
        guard fact.unit.hasPrefix("USD"), let number = fact.number else { return fact }
        var fact = fact
        fact.value = "\(number * dollar)"
        return fact
      })
  }
}
