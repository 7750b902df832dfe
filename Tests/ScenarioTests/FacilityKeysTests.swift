import Foundation
import Quantities
import Scenario
import Testing

@Suite("Keys of rooms, racks and power")
struct FacilityKeysTests {
  static func read(
    _ site: String, pool: String = "", node: String = "dgx-h100", economics: String = "",
    purchase: String = "{ price: 1 USD }", folder: String = "/nowhere"
  ) -> Result<Scenario, FaultReport> {
    let text = """
      version: 1
      name: room
      duration: 1m
      economics: { \(economics) }
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: constant, rate: 1/s }
          prompt-tokens: { distribution: constant, value: 100 }
          output-tokens: { distribution: constant, value: 10 }
      designs:
        own:
          sites: { dc: { kind: on-prem\(site) } }
          pools: { gpu: { site: dc, node: \(node), count: 8, purchase: \(purchase)\(pool) } }
          services: { chat: { workload: chat, pool: gpu, replicas: 1 } }
      """
    return ScenarioReader.read(bytes: Array(text.utf8), file: "room.yaml", folder: folder)
  }

  static func faults(
    _ site: String, pool: String = "", node: String = "dgx-h100", economics: String = "",
    purchase: String = "{ price: 1 USD }"
  ) -> [String] {
    if case .failure(let report) = read(
      site, pool: pool, node: node, economics: economics, purchase: purchase)
    {
      return report.faults.map { "\($0.path): \($0.message)" + ($0.help.map { " | \($0)" } ?? "") }
    }
    return []
  }

  static let hours = "[" + (0..<24).map { "\($0) g/kWh" }.joined(separator: ", ") + "]"

  @Test(
    "what is meant is read",
    arguments: [
      ", rack: air-15kw", ", rack-power: 15kW",
      ", rack: liquid-100kw, rack-units: 52, rack-price: 900 USD/month",
      ", rack-power: 40.8kW, rack-weight: 1.4t, cooling: air, power-limit: 2MW, on-exceed: refuse",
      ", power-limit: 90kW, on-exceed: cap", ", carbon: 380 g/kWh", ", carbon: 0.38 kg/kWh",
      ", carbon: { grid: germany }", ", carbon: { profile: \(hours) }, starts: 22:30",
    ])
  func good(site: String) { #expect(Self.faults(site) == []) }

  @Test(
    "what cannot be meant is told",
    arguments: [
      (", rack-power: 8kW", "draws 10.2 kW at full load, 2.2 kW more"),
      (", rack-power: 8kW", "`power-cap: 425W` in the pool"),
      (", rack-power: 1kW", "no power cap that drivers take is low enough"),
      (", rack-power: 15kW, rack-units: 6", "is 8U high, 2U more than a rack"),
      (", rack-power: 15kW, rack-weight: 100kg", "weighs 130.45 kg, 30.45 kg more"),
      (", rack-units: 42", "nothing says what power a rack gives"), (", rack-power: 0W", "without power"),
      (", rack: air-15kW", "did you mean 'air-15kw'?"),
      (", power-limit: 50kW", "106.08 kW at the meter at full load"),
      (", power-limit: 50kW", "3 of the 8 nodes of 'gpu' fit"),
      (", power-limit: 40kW, on-exceed: cap", "no power cap that drivers take is low enough"),
      (", on-exceed: cap", "there is no `power-limit`"), (", starts: 24:00", "expected a time of day"),
      (", starts: 7", "expected a time of day"), (", carbon: { profile: [1 g/kWh] }", "expected 24 values"),
      (", carbon: {}", "expected one of"), (", carbon: { grid: germny }", "did you mean 'germany'?"),
      (", carbon: 380 kg", "no unit of this quantity"),
      (", electricity: 1 USD/kWh, electricity-by-hour: [1 USD/kWh]", "not both"),
      (", rack-weight: 900", "needs a unit"),
    ])
  func bad(site: String, message: String) {
    let found = Self.faults(site)
    #expect(found.contains { $0.contains(message) }, "\(found)")
  }

  @Test("the room of a cloud is its provider's")
  func cloud() {
    let found = Self.faults("").isEmpty
    #expect(found)
    let text = Self.faults(", rack-power: 15kW, kind: cloud")
    #expect(!text.isEmpty)
  }

  @Test(
    "caps that drivers do not take are told",
    arguments: [(", power-cap: 800W", "at most 700 W"), (", power-cap: 100W", "no cap of h100-sxm below")])
  func caps(pool: String, message: String) {
    #expect(Self.faults("", pool: pool).contains { $0.contains(message) })
  }

  @Test("what must be cooled with liquid does not stand where air cools; the other way it does")
  func cooling() {
    let found = Self.faults(", cooling: air", node: "gb200-nvl72")
    #expect(found.contains { $0.contains("must be cooled with liquid") })
    #expect(Self.faults(", cooling: liquid") == [])
  }

  @Test("measured step times hold without a cap alone")
  func measured() {
    #expect(Self.faults("", pool: ", power-cap: 700W") == [])
  }

  @Test("a site that caps stays under its limit, by less than a watt of each accelerator")
  func capped() throws {
    for kilowatts in stride(from: 66.0, through: 110, by: 3.7) {
      let scenario = try Self.read(", power-limit: \(kilowatts)kW, on-exceed: cap").get()
      let design = scenario.designs[0]
      let use = try #require(design.facilityUses(catalog: scenario.catalog).first)
      #expect(use.excess == nil)
      guard let cap = design.pools[0].powerCap else {
        #expect(kilowatts >= 106.08)
        continue
      }
      #expect(cap.limit.value == cap.limit.value.rounded())
      // One watt more of each of 64 accelerators, at the meter:
      #expect(use.meterPower.value + 64 * 1.3 > kilowatts * 1000)
    }
  }

  @Test("a room of racks is counted, with the switches in what the nodes leave")
  func use() throws {
    let scenario = try Self.read(
      ", rack-power: 15kW, power-limit: 2MW", pool: ", fabric: infiniband-ndr"
    ).get()
    let use = try #require(scenario.designs[0].facilityUses(catalog: scenario.catalog).first)
    #expect(use.racks == 8 && use.switches == 1 && use.switchRacks == 0)
    #expect(use.stranded == Watts(8 * 15_000 - 8 * 10_200 - 747))
    #expect(abs(use.meterPower.value - 1.3 * (81_600 + 747)) < 1e-6)
  }

  @Test("hours come from a file of whole days, each the mean of its days; what is none is told with its line")
  func file() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "dryrack-hours-\(ProcessInfo.processInfo.globallyUniqueString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ name: String, _ lines: [String]) throws {
      try (lines.joined(separator: "\n") + "\n").write(
        to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }
    func read(_ name: String) -> Result<Scenario, FaultReport> {
      Self.read(", carbon: { file: \(name) }", folder: folder.path)
    }
    try write("two-days.csv", ["g_per_kwh"] + (0..<48).map { "\($0 < 24 ? $0 : 100)" })
    let profile = try #require(try read("two-days.csv").get().designs[0].sites[0].carbon)
    #expect(profile.values == (0..<24).map { Double($0 + 100) / 2 })
    try write("odd.csv", (0..<25).map(String.init))
    try write("words.csv", ["1", "2", "three"])
    for (name, message) in [
      ("odd.csv", "a multiple of 24 lines; found 25"), ("words.csv", "line 3: 'three' is no emission"),
      ("missing.csv", "there is no file"), ("../x.csv", "lies outside"),
    ] {
      guard case .failure(let report) = read(name) else {
        Issue.record("\(name) is read")
        continue
      }
      #expect(report.faults.contains { $0.message.contains(message) }, "\(report.faults)")
    }
  }

  @Test("a node that is written out has what is written; what is not is unknown, and told")
  func inline() throws {
    let node =
      "{ accelerator: h100-sxm, accelerators: 8, power: 10kW, rack-units: 4, weight: 90kg, cooling: liquid }"
    let scenario = try Self.read(", rack: liquid-100kw", node: node).get()
    let pool = scenario.designs[0].pools[0]
    #expect(pool.node.power == Watts(10_000) && pool.node.idlePower == Watts(2_700))
    #expect(scenario.designs[0].facilityUses(catalog: scenario.catalog).first?.racks == 1)
    #expect(scenario.notes.isEmpty)
    let bare = try Self.read(", rack: liquid-100kw", node: "{ accelerator: h100-sxm, accelerators: 8 }").get()
    #expect(bare.notes.contains { $0.contains("nobody states the height and weight") })
  }
}

@Suite("Currencies")
struct CurrencyKeysTests {
  static func faults(_ economics: String, _ price: String) -> [String] {
    FacilityKeysTests.faults(
      "", pool: ", power-cap: 600W, purchase: { price: \(price) }", economics: economics)
  }

  static func own(_ economics: String, electricity: String) -> [String] {
    FacilityKeysTests.faults(", electricity: \(electricity)", economics: economics)
  }

  @Test(
    "money of a currency with a rate is read",
    arguments: [
      ("currency: EUR, exchange: { USD: 0.92, date: 2026-11-01, source: ECB }", "0.14 EUR/kWh"),
      ("currency: EUR, exchange: { USD: 0.92, GBP: 1.15 }", "0.14 GBP/kWh"),
      ("exchange: { EUR: 1.09 }", "0.14 EUR/kWh"), ("", "0.1 USD/kWh"),
      ("currency: JPY, exchange: { USD: 155 }", "20 JPY/kWh"),
    ])
  func good(economics: String, price: String) { #expect(Self.own(economics, electricity: price) == []) }

  @Test(
    "money of a currency without one is told",
    arguments: [
      ("", "0.14 EUR/kWh", "nothing says what EUR is worth in USD"),
      ("currency: EUR, exchange: { USD: 0.9 }", "0.14 CHF/kWh", "nothing says what CHF is worth in EUR"),
      ("currency: EUR", "0.14 EUR/kWh", "is worth in EUR"),
      ("currency: EUR, exchange: { USD: 0.9, EUR: 2 }", "0.1 EUR/kWh", "one of it is worth 1"),
      ("currency: EURO", "0.14 EUR/kWh", "did you mean 'EUR'?"),
      ("exchange: { EUR: 0 }", "0.1 USD/kWh", "expected a number"),
      ("exchange: { EUR: 1.1 }", "0.1 EUR/h", "no unit of this quantity"),
    ])
  func bad(economics: String, price: String, message: String) {
    let found = Self.own(economics, electricity: price)
    #expect(found.contains { $0.contains(message) }, "\(found)")
  }

  @Test("what the books cannot hold is refused, whatever the currency")
  func tooMuch() {
    let found = Self.own("currency: IDR, exchange: { USD: 1000000 }", electricity: "1 IDR/kWh")
    #expect(found == [])
    let dear = FacilityKeysTests.faults(
      "", pool: ", daily-use: 8h", node: "gb200-nvl72", economics: "currency: IDR, exchange: { USD: 1e6 }",
      purchase: "{}")
    #expect(dear.contains { $0.contains("cost more than 2 trillion IDR") }, "\(dear)")
  }
}
