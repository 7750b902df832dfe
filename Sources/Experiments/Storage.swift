import Catalog
import Economics
import Infrastructure
import Quantities
import Scenario

/// What data at rest and on its way costs.
enum Storage {
  /// The catalogue's entry; one that states no bandwidth is priced all the same.
  static func tier(_ name: String, _ catalog: Catalog) -> StorageTier? {
    StorageTier(name, in: catalog)
  }

  /// Charges of a month: keeping, reading, writing and moving.
  static func charges(_ use: StorageUse, _ tier: StorageTier, site: Site?) -> [Charge] {
    let prices = tier.prices
    let month = Seconds(730 * 3600)
    // Of what leaves, the store's own price or, where it has none, the site's.
    let egress =
      prices.perGigabyteEgress > 0 ? prices.perGigabyteEgress : site?.charges.egressPerGigabyte.units ?? 0
    let rows: [(String, Double, Double, String)] = [
      ("data kept in", prices.keeping(use.kept, for: month), use.kept.value / 1e9, "GB-Months"),
      (
        "reads of", prices.reading(Bytes(0), requests: use.readsPerMonth, leaves: false),
        use.readsPerMonth, "Requests"
      ),
      (
        "retrieval from", prices.reading(use.retrieved, requests: 0, leaves: false),
        use.retrieved.value / 1e9, "GB"
      ),
      ("writes to", prices.writing(requests: use.writesPerMonth), use.writesPerMonth, "Requests"),
      ("egress of", egress * use.leaving.value / 1e9, use.leaving.value / 1e9, "GB"),
    ]
    return rows.filter { $0.1 > 0 }.map { what, cost, quantity, unit in
      Charges.storage(
        "\(what) \(use.name)", tier: use.tier, cost: Money(min(cost, 1e12)), quantity: quantity, unit: unit,
        provider: site?.provider ?? "own", region: site?.region ?? site?.name ?? "", source: use.source)
    }
  }
}
