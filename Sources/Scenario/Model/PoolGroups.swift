import Catalog
import Infrastructure
import Quantities

/// Nodes of a pool that reach each other without crossing what the groups share.
extension Pool {
  /// Interfaces of a node, one for each link of its fabric, 1...64.
  public func interfaces(catalog: Catalog) -> Int {
    guard let fabric = assumedNetwork(catalog: catalog)?.fabric, fabric.linkBandwidth.value > 0 else {
      return 1
    }
    return max(1, min(64, Int((nodeBandwidth(catalog: catalog) / fabric.linkBandwidth).rounded())))
  }

  /// Nodes of one leaf switch, of one group of rail switches, of one group of a dragonfly, or of one row of a
  /// torus; all of them where the pool names no network.
  public func nodesPerGroup(catalog: Catalog) -> Int {
    guard let network else { return max(1, nodeCount) }
    let own = interfaces(catalog: catalog)
    switch network.topology {
    case .fatTree: return max(1, network.nodesPerLeaf)
    // The switch that held some nodes with all their interfaces holds so many more with one each.
    case .railOptimised: return max(1, network.nodesPerLeaf * own)
    case .dragonfly: return max(1, 8 * max(1, network.nodesPerLeaf * own / 8) / own)
    case .torus: return FabricSettings.torusDimensions(nodes: max(1, nodeCount))[0]
    }
  }
}
