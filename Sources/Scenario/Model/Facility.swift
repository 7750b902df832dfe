import Catalog
import Economics
import Infrastructure
import Quantities

/// Room and power that a site has for machines of one's own.
public struct Facility: Sendable, Hashable {
  /// What each of its racks gives; `nil` where nobody counts racks.
  public var rack: RackLimits?
  /// What carries the heat away; `nil` where the scenario does not say.
  public var cooling: Cooling?
  /// At the meter, cooling and losses included.
  public var powerLimit: Watts?
  /// Whether machines that would draw more are capped; else they are refused.
  public var capsOnExceed = false
  /// Rent of a rack, a month.
  public var pricePerRack = Money.zero
  public init() {}

  /// Whether there is something to check.
  public var isStated: Bool { rack != nil || powerLimit != nil || cooling != nil }
}

/// What a design's machines take of one site at full load.
public struct FacilityUse: Sendable {
  /// One pool and how its nodes stand in racks; `nil` where nobody counts racks.
  public struct PoolRacks: Sendable {
    public var pool: String
    public var node: String
    public var packing: RackPacking?
  }

  public let site: Site
  public let pools: [PoolRacks]
  /// Switches between the nodes, and the racks that those take for which the nodes' racks have no room.
  public let switches: Int
  public let switchRacks: Int
  /// Draw of all nodes, each at most as its cap allows, and of the switches.
  public let nodePower: Watts
  public let switchPower: Watts

  /// - Parameters:
  ///   - pools: of the whole design.
  ///   - index: of the site among the design's.
  /// - Complexity: O(pools).
  public init(_ pools: [Pool], atSite index: Int, _ site: Site, catalog: Catalog) {
    let here = pools.filter { $0.siteIndex == index }
    let limits = site.facility.rack
    var (switches, elsewhere, power) = (0, 0, Watts.zero)
    for pool in here {
      guard let network = pool.networkParts(in: catalog) else { continue }
      switches += network.parts.switches
      power += network.prices.power(of: network.parts)
      guard let limits else { continue }
      let load = RackLoad(power: network.prices.switchPower, units: network.prices.switchUnits)
      let room = RackPacking(pool.rackLoad, machines: pool.nodeCount, in: limits).room(for: load)
      let rest = max(0, network.parts.switches - room)
      elsewhere += RackPacking(load, machines: rest, in: limits).racks
    }
    self.site = site
    self.pools = here.map { pool in
      PoolRacks(
        pool: pool.name, node: pool.node.name,
        packing: limits.map { RackPacking(pool.rackLoad, machines: pool.nodeCount, in: $0) })
    }
    self.switches = switches
    switchRacks = elsewhere
    nodePower = here.reduce(.zero) { $0 + $1.fullNodePower * Double($1.nodeCount) }
    switchPower = power
  }

  /// `nil` where nobody counts racks.
  public var racks: Int? {
    site.facility.rack == nil ? nil : pools.reduce(switchRacks) { $0 + ($1.packing?.racks ?? 0) }
  }

  /// Power that its racks could give and nothing that stands in them can take; `nil` without racks.
  public var stranded: Watts? {
    guard let rack = site.facility.rack, let racks else { return nil }
    return rack.power * Double(racks) - nodePower - switchPower
  }

  /// Drawn at the meter at full load: machines and switches, times the power usage effectiveness.
  public var meterPower: Watts { (nodePower + switchPower) * site.powerUsageEffectiveness }

  /// What of that is too much; `nil` where it fits or nothing limits it. A billionth is not counted.
  public var excess: Watts? {
    guard let limit = site.facility.powerLimit, meterPower.value > limit.value * (1 + 1e-9) else {
      return nil
    }
    return meterPower - limit
  }
}

extension Design {
  /// What its machines take of each site whose room or power the scenario states, in the order of its sites.
  public func facilityUses(catalog: Catalog) -> [FacilityUse] {
    sites.indices.filter { sites[$0].facility.isStated }.map {
      FacilityUse(pools, atSite: $0, sites[$0], catalog: catalog)
    }
  }
}

extension Pool {
  /// Its accelerators as fast as they run for long: slower where they are capped.
  public var sustained: Accelerator { powerCap.map { accelerator.sustained(under: $0) } ?? accelerator }

  /// Draw of a node whose accelerators are all busy, the most that it draws: what energy is counted with, and
  /// what feeds and racks are sized for.
  public var fullNodePower: Watts {
    guard let cap = powerCap else { return node.power }
    return max(node.idlePower, node.power - cap.saving * Double(devicesPerNode))
  }

  var rackLoad: RackLoad {
    RackLoad(
      power: fullNodePower, units: node.housing.units, weight: node.housing.weight,
      isRack: node.housing.isRack)
  }

  /// The parts of the network that it names, with their prices; `nil` where it names none, has a single node,
  /// or the catalogue has no prices of it.
  public func networkParts(in catalog: Catalog) -> (parts: FabricParts, prices: FabricPrices)? {
    guard let network, nodeCount > 1, let prices = FabricPrices(network.fabric.name, in: catalog) else {
      return nil
    }
    let each =
      network.nodeBandwidth.map { bandwidth -> Int in
        let ratio = (bandwidth / network.fabric.linkBandwidth).rounded()
        return ratio >= 1 ? Int(min(1024, ratio)) : 1
      } ?? devicesPerNode
    if network.topology == .torus {
      // Nodes are joined to nodes: a cable, ends included, for every two interfaces.
      var parts = FabricParts()
      parts.interfaces = min(each, 1024) * nodeCount
      parts.hostCables = (parts.interfaces + 1) / 2
      return (parts, prices)
    }
    if network.isDeep(nodes: nodeCount) {
      let own = min(each, 1024)
      let plan = network.plan(
        nodes: nodeCount, of: nodeCount, nodeBandwidth: network.fabric.linkBandwidth * Double(min(own, 64)))
      if let tree = plan.tree, own <= 64 {
        let parts = FabricParts.built(
          interfaces: own * nodeCount, hostsPerLeaf: tree.hostsPerLeaf,
          leaves: (nodeCount + network.nodesPerLeaf - 1) / network.nodesPerLeaf,
          uplinks: tree.uplinksPerLeaf, leavesPerPod: tree.leavesPerPod,
          podUplinks: tree.uplinksPerAggregation, ports: prices.ports)
        return (parts, prices)
      }
    }
    let parts = FabricParts.tree(
      interfaces: min(each, 1024) * nodeCount, ports: prices.ports,
      oversubscription: network.oversubscription,
      planes: network.topology == .railOptimised ? min(each, 1024) : 1)
    return (parts, prices)
  }
}

/// The same in words, for people.
extension FacilityUse {
  /// Such as `8 racks of 15 kW, 1 dgx-h100 each: power binds; 38.4 kW stranded; 106.1 kW at the meter`.
  public var sentence: String { (rackWords + [powerWords]).joined(separator: "; ") }

  /// Racks and what binds them; empty where nobody counts racks.
  public var rackWords: [String] {
    guard let rack = site.facility.rack, let racks, let stranded else { return [] }
    let parts = pools.compactMap { pool -> String? in
      guard let packing = pool.packing else { return nil }
      let others = RackCap.allCases.compactMap { cap -> String? in
        guard cap != packing.binding, let count = packing.byCap[cap], count < 1_000_000 else { return nil }
        return "\(count) by \(cap.rawValue)"
      }
      let rest = others.isEmpty ? "" : " (\(others.joined(separator: ", ")))"
      return packing.load.isRack
        ? "\(pool.node) is a rack of its own"
        : "\(packing.perRack) \(pool.node) each, \(packing.binding.rawValue) binds\(rest)"
    }
    let of = PowerWords.watts(rack.power)
    let alone = switchRacks > 0 ? ", \(switchRacks) of them for switches alone" : ""
    return [
      "\(Self.counted(racks, "rack")) of \(of): \(parts.joined(separator: ", "))\(alone)",
      "\(PowerWords.watts(stranded)) stranded",
    ]
  }

  private static func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
    "\(count) \(count == 1 ? one : many ?? one + "s")"
  }

  /// Full draw against the limit.
  public var powerWords: String {
    let limit = site.facility.powerLimit.map { " of \(PowerWords.watts($0))" } ?? ""
    let network =
      switches > 0
      ? ", \(Self.counted(switches, "switch", "switches")) and PUE included" : ", PUE included"
    return "\(PowerWords.watts(meterPower))\(limit) at the meter at full load\(network)"
  }
}
