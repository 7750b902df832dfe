import Quantities
import Testing

@testable import Catalog

/// Nodes that a scenario gives by their accelerators alone.
struct HostTests {
  @Test("a node of given accelerators draws, costs and carries what the catalogue says hosts add")
  func derivedNode() throws {
    let accelerator = try #require(Catalog.builtIn.accelerator("h100-sxm"))
    let node = try #require(Catalog.builtIn.node(of: accelerator, count: 4))
    let facts = Catalog.builtIn.rows(of: .hosts, named: "generic")
    func fact(_ key: String) throws -> Double { try #require(facts.first { $0.key == key }?.number) }
    #expect(node.name == "4x-h100-sxm" && node.accelerators == 4 && node.provider == nil)
    let power = try 4 * accelerator.power.value * fact("power-factor")
    #expect(abs(node.power.value / power - 1) < 1e-12)
    #expect(abs(try node.idlePower.value / (power * fact("idle-share")) - 1) < 1e-12)
    let price = try #require(accelerator.price).units * 4 * fact("price-factor")
    #expect(abs(try #require(node.price).units - price) < 1e-5)
    #expect(node.nicBandwidth.value == (try 4 * fact("nic-bandwidth-linked")))
  }

  @Test("it is the node of the same accelerators that a cloud rents out")
  func cloudNode() throws {
    let accelerator = try #require(Catalog.builtIn.accelerator("h100-sxm"))
    let derived = try #require(Catalog.builtIn.node(of: accelerator, count: 1))
    let listed = try #require(Catalog.builtIn.node("p5.4xlarge"))
    #expect(abs(derived.power.value - listed.power.value) <= 1)
    #expect(abs(derived.idlePower.value - listed.idlePower.value) <= 1)
    #expect(derived.nicBandwidth == listed.nicBandwidth)
  }

  @Test("the price factor is the median over the catalogue's whole systems, as its source says")
  func priceFactor() throws {
    let catalog = Catalog.builtIn
    let factors = catalog.names(of: .nodes).compactMap { name -> Double? in
      guard let node = catalog.node(name), let price = node.price,
        let single = catalog.accelerator(node.accelerator)?.price
      else { return nil }
      return price.units / (single.units * Double(node.accelerators))
    }.sorted()
    let median = (factors[(factors.count - 1) / 2] + factors[factors.count / 2]) / 2
    let stated = catalog.rows(of: .hosts, named: "generic").first { $0.key == "price-factor" }?.number
    #expect(abs(try #require(stated) - median) < 0.01)
  }
}
