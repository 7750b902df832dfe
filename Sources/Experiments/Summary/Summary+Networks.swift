import Economics
import Scenario
import World

/// What is to be known of prices of networks before they are compared.
extension Summary {
  /// One note where designs buy networks whose prices come from different sources.
  static func networkNotes(_ models: [DesignModel], _ scenario: Scenario) -> [String] {
    var sources: [(fabric: String, source: String)] = []
    for pool in models.flatMap(\.design.pools) where pool.isOwned && !pool.ownership.holdsFabric {
      guard let (_, prices) = pool.networkParts(in: scenario.catalog),
        let name = pool.network?.fabric.name, !sources.contains(where: { $0.fabric == name })
      else { continue }
      sources.append((name, prices.source))
    }
    guard Set(sources.map(\.source)).count > 1 else { return [] }
    let words = sources.map { "\($0.fabric) from \($0.source)" }.joined(separator: ", ")
    return [
      "prices of networks come from sources that differ as prices do (\(words)): with your own quotes the "
        + "order of designs may turn"
    ]
  }
}
