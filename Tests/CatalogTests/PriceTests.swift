import Quantities
import Testing

@testable import Catalog

struct PriceTests {
  private let catalog = Catalog.builtIn

  private func perHour(
    _ preset: String, _ provider: String, _ node: String, _ term: PriceTerm, region: String? = nil
  ) throws -> Double? {
    let node = try #require(catalog.node(node))
    return catalog.price(preset: preset, provider: provider, node: node, term: term, region: region)?
      .perNodeHour.units
  }

  @Test("list prices are those of the instance")
  func listPrices() throws {
    #expect(try perHour("list-2026-07", "aws", "p5.48xlarge", .onDemand) == 55.04)
    #expect(try perHour("list-2026-07", "azure", "nd96isr-h100-v5", .onDemand) == 98.32)
    #expect(try perHour("list-2026-07", "google", "a3-highgpu-8g", .spot) == 50.6095)
  }

  @Test("quoted prices are by the GPU and multiply by the node's GPUs")
  func quotedPrices() throws {
    #expect(try perHour("quoted-2026", "google", "a3-highgpu-8g", .onDemand) == 24)
    #expect(try perHour("quoted-2026", "aws", "p5.48xlarge", .onDemand) == 31.2)
    #expect(try perHour("quoted-2026", "azure", "nd96isr-h100-v5", .onDemand) == 98.32)
    #expect(try perHour("quoted-2026", "azure", "nc40ads-h100-v5", .onDemand) == 6.98)
    #expect(try perHour("quoted-2026", "specialist", "hgx-h100", .spot) == 8.24)
    #expect(try perHour("quoted-2026", "cloud-lowest", "hgx-h100", .spot) == 15.6)
    #expect(try perHour("quoted-2026", "cloud-highest", "hgx-h100", .spot) == 20)
  }

  @Test("the region asked for comes first, any other says which it is")
  func regions() throws {
    let node = try #require(catalog.node("p5.48xlarge"))
    let preset = "list-2026-07"
    let known = catalog.price(
      preset: preset, provider: "aws", node: node, term: .onDemand, region: "us-east-1")
    let other = catalog.price(
      preset: preset, provider: "aws", node: node, term: .onDemand, region: "eu-west-9")
    #expect(known == other && other?.region == "us-east-1")
    #expect(other?.date == "2026-07-20")
  }

  @Test("what no preset lists has no price")
  func unlisted() throws {
    #expect(try perHour("no-such-preset", "aws", "p5.48xlarge", .onDemand) == nil)
    #expect(try perHour("list-2026-07", "nobody", "p5.48xlarge", .onDemand) == nil)
    #expect(try perHour("list-2026-07", "aws", "p5.48xlarge", .custom) == nil)
    #expect(try perHour("quoted-2026", "aws", "l40s-8", .onDemand) == nil)
  }

  @Test("longer terms cost less, and spot less than on-demand, for every instance listed")
  func order() throws {
    for name in catalog.names(of: .nodes) {
      guard let node = catalog.node(name), let provider = node.provider else { continue }
      let rates = [PriceTerm.onDemand, .reservedOneYear, .reservedThreeYears].compactMap {
        catalog.price(preset: "list-2026-07", provider: provider, node: node, term: $0, region: nil)?
          .perNodeHour
      }
      #expect(rates == rates.sorted(by: >), "\(name)")
      let spot = catalog.price(
        preset: "list-2026-07", provider: provider, node: node, term: .spot, region: nil)
      if let spot, let first = rates.first { #expect(spot.perNodeHour < first, "\(name)") }
    }
  }

  @Test("both presets are listed, and every key names provider, item, term and region")
  func presets() {
    #expect(catalog.names(of: .prices) == ["list-2026-07", "quoted-2026"])
    for fact in catalog.facts(of: .prices) {
      let parts = fact.key.split(separator: "/", omittingEmptySubsequences: false)
      #expect(parts.count == 4 && PriceTerm(rawValue: String(parts[2])) != nil, "\(fact.key)")
      let item = String(parts[1])
      #expect(catalog.node(item) != nil || catalog.accelerator(item) != nil, "\(fact.key)")
    }
  }

  @Test("the nearest name is offered, and none when nothing is near")
  func nearestName() {
    let names = catalog.names(of: .accelerators)
    #expect(Catalog.nearest(to: "h100-sxn", among: names) == "h100-sxm")
    #expect(Catalog.nearest(to: "H200-SXM", among: names) == "h200-sxm")
    #expect(Catalog.nearest(to: "memroy", among: ["memory", "model"]) == "memory")
    #expect(Catalog.nearest(to: "zzzzzz", among: names) == nil)
    #expect(Catalog.nearest(to: "", among: names) == nil)
    #expect(Catalog.nearest(to: "x", among: []) == nil)
    #expect(Catalog.nearest(to: String(repeating: "a", count: 100_000), among: names) == nil)
    for name in names { #expect(Catalog.nearest(to: name, among: names) == name) }
  }
}
