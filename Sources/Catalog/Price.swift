import Quantities

/// The terms on which a node is rented.
public enum PriceTerm: String, Sendable, Hashable, CaseIterable {
  case onDemand = "on-demand"
  case reservedOneYear = "reserved-1y"
  case reservedThreeYears = "reserved-3y"
  case spot
  /// A price the scenario names itself; no preset lists one.
  case custom
}

/// A price with its origin.
public struct PricedRate: Sendable, Hashable {
  /// Of the whole node, for an hour.
  public var perNodeHour: Money
  /// What the preset lists: the instance, or the accelerator when the instance is not listed.
  public var item: String
  /// Where the price holds; empty when the preset does not say.
  public var region: String
  /// An identifier that `Catalog.source` knows.
  public var source: String
  /// The day the price was read.
  public var date: String
  public var note: String
}

extension Catalog {
  /// Price of a node-hour in a dated preset, or `nil` when the preset lists none.
  ///
  /// The instance's own price comes first, else the price of its accelerators at the same provider
  /// times their number. In the region asked for when the preset lists it, else in the first region
  /// listed: the result's `region` says which one.
  /// - Parameters:
  ///   - preset: A name of `names(of: .prices)`.
  ///   - region: The provider's name of the region; `nil` takes the first listed.
  /// - Complexity: O(rows of the preset).
  public func price(
    preset: String, provider: String, node: Node, term: PriceTerm, region: String? = nil
  ) -> PricedRate? {
    guard let entry = table(.prices).entry(preset) else { return nil }
    for item in [node.name, node.accelerator] {
      let prefix = "\(provider)/\(item)/\(term.rawValue)/"
      let listed = entry.facts.filter { $0.key.hasPrefix(prefix) }
      let wanted = listed.first { $0.key.dropFirst(prefix.count) == region ?? "" }
      guard let fact = wanted ?? listed.first, let rate = fact.number else { continue }
      let items = fact.unit == "USD/node-hour" ? 1 : node.accelerators
      return PricedRate(
        perNodeHour: Money(rate * Double(items)), item: item,
        region: String(fact.key.dropFirst(prefix.count)),
        source: fact.source, date: fact.date, note: fact.note)
    }
    return nil
  }
}
