import Catalog
import Quantities
import Testing

@Suite("Power caps")
struct PowerCapTests {
  static func cap(_ name: String, _ watts: Double) throws -> PowerCap {
    let accelerator = try #require(Catalog.builtIn.accelerator(name))
    return try #require(Catalog.builtIn.powerCap(of: accelerator, at: Watts(watts)))
  }

  @Test("a cap at the thermal design power changes nothing, to the last bit")
  func without() throws {
    for name in Catalog.builtIn.names(of: .accelerators) {
      let accelerator = try #require(Catalog.builtIn.accelerator(name))
      guard let cap = Catalog.builtIn.powerCap(of: accelerator, at: accelerator.power) else { continue }
      #expect(cap.computeSpeed == 1 && cap.memorySpeed == 1 && cap.saving == .zero)
      #expect(accelerator.sustained(under: cap) == accelerator)
    }
  }

  @Test(
    "a lower cap never speeds anything, and never draws more", arguments: ["h100-sxm", "a100-sxm-80gb", "l4"])
  func monotone(name: String) throws {
    let rated = try #require(Catalog.builtIn.accelerator(name)).power.value
    var last = try Self.cap(name, rated)
    for percent in stride(from: 99.0, through: 12, by: -0.5) {
      let cap = try Self.cap(name, rated * percent / 100)
      #expect(cap.computeSpeed <= last.computeSpeed && cap.memorySpeed <= last.memorySpeed)
      #expect(cap.computeSpeed <= cap.memorySpeed, "arithmetic slows first")
      #expect(cap.saving >= last.saving)
      #expect(abs((cap.rated - cap.saving - cap.limit).value) < 1e-9)
      last = cap
    }
  }

  @Test("memory-bound work is not slowed by what it does not draw")
  func decode() throws {
    // Decodes draw up to 300 W of an H200 (arXiv 2605.11999).
    #expect(try Self.cap("h200-sxm", 301).memorySpeed == 1)
    #expect(try Self.cap("h200-sxm", 250).memorySpeed < 1)
  }

  @Test("published slowdowns lie between memory-bound and compute-bound work")
  func published() throws {
    // Samsi et al., arXiv 2310.03003: 6.7 % more time at 175 of 250 W. The law at that share of an A100:
    let rated = try #require(Catalog.builtIn.accelerator("a100-sxm-80gb")).power.value
    let cap = try Self.cap("a100-sxm-80gb", rated * 0.7)
    let slowest = 1 / cap.computeSpeed - 1
    #expect(cap.memorySpeed == 1 && slowest > 0.067 && slowest < 0.16)
    // A published sweep of an RTX 3090 (350 W): prompts at 300 W run at 94.3 % of their rate.
    #expect(abs(try Self.cap("rtx-3090", 300).computeSpeed - 9326.0 / 9893) < 0.01)
  }

  @Test("energy for compute-bound work has its minimum inside")
  func energy() throws {
    let accelerator = try #require(Catalog.builtIn.accelerator("h100-sxm"))
    let least = try Self.cap("h100-sxm", 700).least.value
    let caps = Array(stride(from: least, through: 700, by: 2))
    let energies = try caps.map { watts -> Double in
      let cap = try Self.cap("h100-sxm", watts)
      return (accelerator.power - cap.saving).value / cap.computeSpeed
    }
    let best = try #require(energies.indices.min { energies[$0] < energies[$1] })
    #expect(best > 0 && best < energies.count - 1)
    #expect(energies[best] < 0.75 * energies[energies.count - 1])
  }

  @Test("what nobody states the draw of cannot be capped")
  func unknown() throws {
    var accelerator = try #require(Catalog.builtIn.accelerator("h100-sxm"))
    accelerator.power = .zero
    #expect(Catalog.builtIn.powerCap(of: accelerator, at: Watts(100)) == nil)
  }

  @Test("prices in another currency are those in dollars times the rate, asked once or twice")
  func currency() throws {
    let euros = Catalog.builtIn.inCurrency(dollar: 0.92)
    let twice = euros.inCurrency(dollar: 1.84)
    #expect(euros.inCurrency(dollar: 1).node("hgx-h100")?.price == Catalog.builtIn.node("hgx-h100")?.price)
    for name in Catalog.builtIn.names(of: .nodes) {
      guard let price = Catalog.builtIn.node(name)?.price else { continue }
      #expect(euros.node(name)?.price == Money(price.units * 0.92))
      #expect(twice.node(name)?.price == Money(price.units * 1.84))
    }
    // What is no money stays as it is.
    #expect(euros.node("hgx-h100")?.power == Catalog.builtIn.node("hgx-h100")?.power)
    let more = OverlayFact(
      kind: .nodes,
      fact: Fact(
        name: "hgx-h100", key: "price", value: "1000", unit: "USD", source: "quote", date: "2026-11-26",
        note: ""))
    #expect(euros.overlaid(with: [more]).node("hgx-h100")?.price == Money(920))
  }

  @Test("racks and grids are complete")
  func presets() {
    let catalog = Catalog.builtIn
    #expect(catalog.names(of: .racks).allSatisfy { catalog.rack($0) != nil })
    #expect(catalog.names(of: .grids).allSatisfy { (catalog.carbonIntensity(ofGrid: $0) ?? 0) > 0 })
    #expect(catalog.rack("air-15kw")?.power == Watts(15_000) && catalog.rack("none") == nil)
    #expect(catalog.node("gb200-nvl72")?.housing.isRack == true)
    #expect(catalog.node("dgx-h100")?.housing.units == 8)
    // What nobody states is unknown, not nothing.
    #expect(catalog.node("l4-8")?.housing.units == nil)
  }
}
