import Catalog
import Quantities

/// The parts of a network between nodes: what must be bought for a topology.
public struct FabricParts: Sendable, Hashable {
  public var switches = 0
  public var interfaces = 0
  /// Cables between nodes and switches, each with its ends.
  public var hostCables = 0
  /// Cables between switches; each needs a transceiver at both ends.
  public var switchCables = 0

  public init() {}

  /// A folded Clos network of switches with `ports` equal ports, in as few tiers as join all interfaces.
  ///
  /// - Parameters:
  ///   - interfaces: of all nodes; each takes a port of a leaf.
  ///   - ports: of a switch, at least 2.
  ///   - oversubscription: bandwidth below a leaf over that above it, at least 1.
  ///   - planes: networks side by side, each with its part of the interfaces: rails.
  public static func tree(interfaces: Int, ports: Int, oversubscription: Double, planes: Int = 1)
    -> FabricParts
  {
    var parts = FabricParts()
    parts.interfaces = interfaces
    parts.hostCables = interfaces
    let ports = max(2, ports)
    let planes = max(1, min(planes, max(1, interfaces)))
    for plane in 0..<planes {
      let own = interfaces / planes + (plane < interfaces % planes ? 1 : 0)
      if own == 0 { continue }
      parts.addTree(ends: own, ports: ports, oversubscription: max(1, oversubscription))
    }
    return parts
  }

  /// A tree of three tiers as it stands: leaves in pods, each leaf with a cable to every aggregation switch
  /// of its pod, and those to the core. A place in the tree that has more ports than a switch is several
  /// switches side by side, and places with fewer share one.
  ///
  /// - Parameters:
  ///   - interfaces: of all nodes.
  ///   - hostsPerLeaf: interfaces that a full leaf holds.
  ///   - uplinks: cables up from a leaf, and so aggregation switches of a pod.
  ///   - podUplinks: cables up from an aggregation switch.
  ///   - ports: of a switch, at least 2.
  public static func built(
    interfaces: Int, hostsPerLeaf: Int, leaves: Int, uplinks: Int, leavesPerPod: Int, podUplinks: Int,
    ports: Int
  ) -> FabricParts {
    func switches(_ wanted: Int) -> Int { (wanted + max(2, ports) - 1) / max(2, ports) }
    var parts = FabricParts()
    parts.interfaces = interfaces
    parts.hostCables = interfaces
    let pods = (leaves + leavesPerPod - 1) / max(1, leavesPerPod)
    let above = pods > 1 ? pods * uplinks * podUplinks : 0
    parts.switchCables = leaves * uplinks + above
    parts.switches = leaves * switches(hostsPerLeaf + uplinks)
    for pod in 0..<pods {
      let own = min(leavesPerPod, leaves - pod * leavesPerPod)
      parts.switches += switches(uplinks * (own + (pods > 1 ? podUplinks : 0)))
    }
    parts.switches += switches(above)
    return parts
  }

  /// Tiers above `ends`, until one switch joins all.
  private mutating func addTree(ends: Int, ports: Int, oversubscription: Double) {
    if ends <= ports {
      switches += 1
      return
    }
    // Of a leaf's ports, so many look down that those above carry the share that oversubscription leaves.
    let down = max(
      1, min(ports - 1, Int((Double(ports) * oversubscription / (1 + oversubscription)).rounded())))
    let leaves = (ends + down - 1) / down
    let uplinks = leaves * max(1, min(ports - down, Int((Double(down) / oversubscription).rounded(.up))))
    switches += leaves
    switchCables += uplinks
    // The tier above is as wide as what reaches it; the upper tiers are not oversubscribed again.
    addTop(links: uplinks, leaves: leaves, ports: ports)
  }

  /// The switches that join `links` cables of so many leaves.
  private mutating func addTop(links: Int, leaves: Int, ports: Int) {
    if leaves <= ports {
      switches += (links + ports - 1) / ports
      return
    }
    // A spine cannot reach every leaf: two more tiers of half the ports each.
    let down = max(1, ports / 2)
    let middle = (links + down - 1) / down
    switches += middle
    switchCables += middle * (ports - down)
    // A pod joins as many of what is below it as its switches have ports that look down: each tier leaves
    // fewer to join, so that the recursion ends, whatever the size.
    let reach = max(2, down)
    let pods = min((middle + down - 1) / down, (leaves + reach - 1) / reach)
    addTop(links: middle * max(1, ports - down), leaves: pods, ports: ports)
  }
}

/// What the parts of a fabric cost and draw, from the catalogue.
public struct FabricPrices: Sendable, Hashable {
  public var switchPrice: Money
  public var ports: Int
  public var interface: Money
  /// A cable from a node to its switch, ends included.
  public var hostCable: Money
  /// A fibre and its two transceivers.
  public var switchCable: Money
  public var switchPower: Watts
  /// Height of a switch in rack units; `nil` where nobody states it.
  public var switchUnits: Int?
  public var source: String
  public var date: String

  /// Prices of the fabric of that name, or `nil` where the catalogue has none.
  public init?(_ name: String, in catalog: Catalog) {
    let rows = catalog.rows(of: .fabrics, named: name)
    func fact(_ key: String) -> Fact? { rows.first { $0.key == key } }
    guard let price = fact("switch-price"), let amount = price.number,
      let ports = fact("switch-ports")?.number, ports >= 2, ports < 1e6
    else { return nil }
    func money(_ key: String) -> Money { Money(fact(key)?.number ?? 0) }
    switchPrice = Money(amount)
    self.ports = Int(ports)
    interface = money("interface-price")
    hostCable = money("host-cable-price")
    switchCable = money("switch-cable-price")
    switchPower = Watts(fact("switch-power")?.number ?? 0)
    switchUnits = fact("switch-units")?.number.flatMap { Int(exactly: $0) }
    source = price.source
    date = price.date
  }

  /// What all parts cost. Interfaces are part of the price of a node that has them.
  public func price(of parts: FabricParts, withInterfaces: Bool) -> Money {
    let equipment =
      switchPrice * Double(parts.switches) + hostCable * Double(parts.hostCables)
      + switchCable * Double(parts.switchCables)
    return withInterfaces ? equipment + interface * Double(parts.interfaces) : equipment
  }

  public func power(of parts: FabricParts) -> Watts { switchPower * Double(parts.switches) }
}
