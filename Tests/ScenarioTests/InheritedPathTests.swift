import Foundation
import Scenario
import Testing

/// Paths into what a design takes over: each reaches the design that it names, and no other.
@Suite("Paths lead to what designs take over")
struct InheritedPathTests {
  static let head = """
    version: 1
    name: test
    duration: 1m
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: 2/s }
        prompt-tokens: { distribution: constant, value: 100 }
        output-tokens: { distribution: constant, value: 50 }

    """
  static let taken = """
    templates:
      gpus: { site: dc, node: hgx-h100, count: 2, purchase: { price: 280000 USD, life: 4y } }
      answer: { workload: chat, pool: gpu, replicas: 2 }
    designs:
      base:
        sites: { dc: { kind: on-prem, electricity: 0.1 USD/kWh } }
        pools: { gpu: { template: gpus } }
        services: { chat: { template: answer } }
      child: { extends: base, services: { chat: { precision: { weights: fp8 } } } }
      grandchild: { extends: child }

    """

  /// The same designs with everything written out, with other counts of machines.
  private static let node = "site: dc, node: hgx-h100"

  static func plain(_ counts: (Int, Int, Int), life: String = "4y", precision: String = "fp8") -> String {
    func design(_ name: String, _ count: Int, _ more: String) -> String {
      """
        \(name):
          sites: { dc: { kind: on-prem, electricity: 0.1 USD/kWh } }
          pools: { gpu: { \(node), count: \(count), purchase: { price: 280000 USD, life: \(life) } } }
          services: { chat: { workload: chat, pool: gpu, replicas: 2\(more) } }

      """
    }
    let fp8 = ", precision: { weights: \(precision) }"
    return "designs:\n" + design("base", counts.0, "") + design("child", counts.1, fp8)
      + design("grandchild", counts.2, fp8)
  }

  static func read(_ text: String, _ settings: [(String, String)] = []) -> Result<Scenario, FaultReport> {
    ScenarioReader.read(
      bytes: Array((head + text).utf8), file: "test.yaml", folder: "/nowhere",
      overrides: settings.map { Override(path: $0.0, value: $0.1) })
  }

  @Test(
    "an override of what is taken over is what writing it out says, to the hash",
    arguments: [
      ("designs.child.pools.gpu.count", "5", (2, 5, 5)),
      ("designs.grandchild.pools.gpu.count", "5", (2, 2, 5)),
      ("designs.base.pools.gpu.count", "5", (5, 5, 5)),
      ("templates.gpus.count", "5", (5, 5, 5)),
      ("designs.*.pools.gpu.count", "5", (5, 5, 5)),
      ("designs.child.pools.*.count", "5", (2, 5, 5)),
      (
        "designs.grandchild.pools.gpu",
        "{site: dc, node: hgx-h100, count: 5, purchase: {price: 280000 USD, life: 4y}}", (2, 2, 5)
      ),
    ])
  func meaning(path: String, value: String, counts: (Int, Int, Int)) throws {
    let said = try Self.read(Self.taken, [(path, value)]).get()
    let written = try Self.read(Self.plain(counts)).get()
    #expect(said.contentHash == written.contentHash)
    #expect(said.designs.map { $0.pools[0].accelerators } == [8 * counts.0, 8 * counts.1, 8 * counts.2])
  }

  @Test("a mapping stands for all that was there, what is taken over included")
  func whole() throws {
    let said = try Self.read(
      Self.taken,
      [("designs.child.pools.gpu.purchase", "{price: 9 USD}"), ("designs.child.pools.gpu.count", "3")]
    ).get()
    let base = try Self.read(Self.taken).get()
    #expect("\(said.designs[0].pools)" == "\(base.designs[0].pools)")
    let text = Self.taken + "  other: { extends: base, pools: { gpu: { purchase: { price: 9 USD } } } }\n"
    // In the file, what is written lies over the rest, as before: the life stays.
    let file = try Self.read(text).get()
    #expect(file.designs[3].pools[0].payment != said.designs[1].pools[0].payment)
    // A value laid into a mapping of before keeps its rest.
    let later = try Self.read(
      text,
      [("designs.other.pools.gpu.purchase.price", "8 USD"), ("designs.other.pools.gpu.purchase.life", "4y")]
    ).get()
    let plain = try Self.read(text.replacing("9 USD", with: "8 USD")).get()
    #expect("\(later.designs[3].pools)" == "\(plain.designs[3].pools)")
  }

  @Test("names that are not there are told with the nearest one that is, own or taken over")
  func faults() throws {
    for (path, near) in [
      ("designs.child.pools.gpus.count", "'gpu'"), ("designs.chill.pools.gpu.count", "'child'"),
      ("designs.child.services.chatt.replicas", "'chat'"), ("templates.gpu", "'gpus'"),
      ("designs.*.pools.gpus.count", "'gpu'"),
    ] {
      guard case .failure(let report) = Self.read(Self.taken, [(path, "2")]) else {
        Issue.record("\(path) was taken")
        continue
      }
      #expect(
        report.faults.count == 1 && report.faults[0].message.contains("no such path"), "\(report.faults)")
      #expect(
        report.faults[0].help?.contains(near) == true && report.faults[0].source?.hasPrefix("--set") == true)
    }
    // What a design has taken away is not there; a value of the wrong kind is told where it was said.
    let without = Self.taken + "  bare: { extends: base, staff: null, services: { chat: null } }\n"
    guard case .failure = Self.read(without, [("designs.bare.services.chat.replicas", "2")]) else {
      Issue.record("what was taken away was found")
      return
    }
    guard case .failure(let wrong) = Self.read(Self.taken, [("designs.child.pools.gpu.count", "many")]) else {
      Issue.record("'many' was taken")
      return
    }
    #expect(wrong.faults.contains { $0.path == "designs.child.pools.gpu.count" && $0.line == 0 })
  }

  @Test("searches and studies take such paths, and find each number once")
  func searched() throws {
    let more = """
      optimize:
        variables:
          designs.child.pools.gpu.count: { from: 1, to: 4 }
          templates.gpus.purchase.life: { from: 3y, to: 5y }
      sensitivity: { inputs: [designs.grandchild.pools.gpu.count, templates.gpus.purchase.price] }

      """
    let scenario = try Self.read(Self.taken + more).get()
    let variables = try #require(scenario.optimize?.variables)
    #expect(variables[0].designs == ["child", "grandchild"] && variables[1].designs == nil)
    // A design with a value of its own there stands as it is, and so do those that take over from it.
    let own = Self.taken.replacing(
      "extends: base, services", with: "extends: base, pools: { gpu: { count: 3 } }, services")
    let base = more.replacing("designs.child.pools.gpu.count", with: "designs.base.pools.gpu.count")
    #expect(try Self.read(own + base).get().optimize?.variables[0].designs == ["base"])
    #expect(
      try Self.read(Self.taken + base).get().optimize?.variables[0].designs
        == ["base", "child", "grandchild"])
    guard case .integer(from: 1, to: 4, by: 1) = variables[0].domain else {
      Issue.record("\(variables[0].domain)")
      return
    }
    #expect(scenario.sensitivity.chosen.map(\.number) == [2, 280_000])
    #expect(scenario.sensitivity.chosen[1].places == ["designs.base.pools.gpu.purchase.price"])
    #expect(
      scenario.sensitivity.found.map(\.path) == [
        "workloads.chat.arrivals.rate", "designs.base.sites.dc.electricity",
        "designs.base.pools.gpu.purchase.price", "designs.base.pools.gpu.purchase.life",
      ])
    // Two designs that take one template share its numbers.
    let both = Self.taken.replacing(
      "  grandchild: { extends: child }",
      with: """
          other:
            sites: { dc: { kind: on-prem } }
            pools: { gpu: { template: gpus, count: 1 } }
            services: { chat: { template: answer } }
        """)
    let found = try Self.read(both).get().sensitivity.found
    let price = try #require(found.first { $0.path == "templates.gpus.purchase.price" })
    #expect(
      price.places == ["designs.base.pools.gpu.purchase.price", "designs.other.pools.gpu.purchase.price"])
    #expect(!found.contains { $0.path.hasSuffix("pools.gpu.purchase.price") })
  }
}
