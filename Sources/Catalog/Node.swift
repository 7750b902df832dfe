import Quantities

/// A server, or a cloud instance that stands for one.
public struct Node: Sendable, Hashable {
  /// Catalogue name, such as `hgx-h100` or `p5.48xlarge`.
  public var name: String
  /// Catalogue name of its accelerators.
  public var accelerator: String
  /// How many it holds.
  public var accelerators: Int
  /// Draw at full load, host and fans included.
  public var power: Watts
  /// Draw with nothing running.
  public var idlePower: Watts
  /// Who rents it out; `nil` for hardware that is bought.
  public var provider: String?
  /// Price of the whole system, bought; `nil` where nobody states any.
  public var price: Money?
  /// All network interfaces together, one direction.
  public var nicBandwidth: BytesPerSecond
  /// CO2 equivalent of making it, from the mine to the gate; `nil` where nobody states any.
  public var embodiedCarbon: Kilograms?
  /// What it needs of a rack.
  public var housing = Housing()

  public init(
    name: String, accelerator: String, accelerators: Int, power: Watts, idlePower: Watts,
    provider: String? = nil, price: Money? = nil, nicBandwidth: BytesPerSecond
  ) {
    self.name = name
    self.accelerator = accelerator
    self.accelerators = accelerators
    self.power = power
    self.idlePower = idlePower
    self.provider = provider
    self.price = price
    self.nicBandwidth = nicBandwidth
  }
}

extension Catalog {
  /// The node of that name, or `nil`.
  /// - Complexity: constant, after the first use parsed the file.
  public func node(_ name: String) -> Node? {
    guard let entry = table(.nodes).entry(name), let accelerator = entry.text("accelerator"),
      let count = entry.integer("accelerators"), let power = entry.number("power")
    else { return nil }
    var node = Node(
      name: name, accelerator: accelerator, accelerators: count, power: Watts(power),
      idlePower: Watts(entry.number("idle-power") ?? 0), provider: entry.text("provider"),
      price: entry.number("price").map { Money($0) },
      nicBandwidth: BytesPerSecond(entry.number("nic-bandwidth") ?? 0))
    node.housing = Housing(entry)
    node.embodiedCarbon =
      entry.number("embodied-carbon").map { Kilograms($0) } ?? embodiedCarbon(of: accelerator, count: count)
    return node
  }

  /// CO2 equivalent of making accelerators and what usually hosts them; `nil` where nobody states that of the
  /// accelerator.
  private func embodiedCarbon(of accelerator: String, count: Int) -> Kilograms? {
    guard let own = table(.accelerators).entry(accelerator)?.number("embodied-carbon"),
      let host = table(.hosts).entry("generic")?.number("embodied-carbon")
    else { return nil }
    return Kilograms((own + host) * Double(count))
  }

  /// How long servers are in service on the mean, for what is spread over it; `nil` where an overlay took it.
  public var serviceLife: Seconds? {
    table(.hosts).entry("generic")?.number("service-life").flatMap { $0 > 0 ? Seconds($0) : nil }
  }

  /// A node that is known by its accelerators only: draw, price and network follow from them by what hosts
  /// usually add (`catalog hosts generic`).
  /// - Complexity: constant, after the first use parsed the file.
  public func node(of accelerator: Accelerator, count: Int) -> Node? {
    guard let host = table(.hosts).entry("generic"), let powerFactor = host.number("power-factor"),
      let idleShare = host.number("idle-share"), let priceFactor = host.number("price-factor")
    else { return nil }
    let power = accelerator.power * (powerFactor * Double(count))
    // Several accelerators with links of their own stand in servers with an interface for each.
    let shared = host.number("nic-bandwidth") ?? 0
    let own = host.number("nic-bandwidth-linked") ?? 0
    let network = accelerator.scaleUpDomain > 1 && count > 1 ? max(shared, own * Double(count)) : shared
    var node = Node(
      name: "\(count)x-\(accelerator.name)", accelerator: accelerator.name, accelerators: count, power: power,
      idlePower: power * idleShare, price: accelerator.price.map { $0 * (priceFactor * Double(count)) },
      nicBandwidth: BytesPerSecond(network))
    node.embodiedCarbon = embodiedCarbon(of: accelerator.name, count: count)
    return node
  }

  /// What large copies from the host's memory reach of an accelerator's PCIe link, 0...1.
  /// - Complexity: constant, after the first use parsed the file.
  public var pcieShare: Double { table(.hosts).entry("generic")?.number("pcie-share") ?? 0 }
}
