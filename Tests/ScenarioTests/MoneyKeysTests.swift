import Quantities
import Scenario
import Testing

@Suite("Keys of money")
struct MoneyKeysTests {
  static func faults(
    _ pool: String, site: String = "", design: String = "", economics: String = "", endpoint: String = ""
  ) -> [String] {
    let result = read(pool, site: site, design: design, economics: economics, endpoint: endpoint)
    if case .failure(let report) = result { return report.faults.map(\.message) }
    return []
  }

  static func read(
    _ pool: String, site: String = "", design: String = "", economics: String = "", endpoint: String = ""
  ) -> Result<Scenario, FaultReport> {
    let text = """
      version: 1
      name: money
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
          sites: { dc: { kind: cloud, provider: aws, region: us-east-1\(site) } }
          pools: { gpu: { site: dc, node: p5.48xlarge, count: 2, \(pool) } }
          services: { chat: { workload: chat, pool: gpu, replicas: 1 } }
          \(design)
        called: { services: { chat: { workload: chat, endpoint: together-llama-3.1-8b\(endpoint) } } }
      """
    return ScenarioReader.read(bytes: Array(text.utf8), file: "money.yaml", folder: "/nowhere")
  }

  @Test(
    "what is meant is read",
    arguments: [
      "pricing: { plan: reserved-3y, upfront: 50% }",
      "pricing: { price: 3 USD/gpu-hour, commitment: 14d, upfront: 100% }",
      "pricing: [ { share: 40%, plan: reserved-1y }, { share: 60%, plan: spot } ]",
      "pricing: { plan: on-demand, discount: 27%, commitment: 1y }, daily-use: 8h",
      "pricing: on-demand, provisioning: { delay: 4m, stock-out: 8% }",
      "purchase: { price: 1 USD, depreciation: declining, refresh: { every: 3y, price: 80% } }",
      "purchase: { price: 1 USD, support: 10%/year, running: 0.87 USD/h }",
      "purchase: { price: 300000 USD, lease: { term: 3y, rate: 7% }, residual: 20% }",
      "purchase: { price: 300000 USD, financing: { rate: 7%, term: 4y, deposit: 20% }, fabric: included }",
    ])
  func accepted(pool: String) {
    #expect(Self.faults(pool) == [])
  }

  @Test("what cannot be is refused, with its place")
  func refused() {
    let cases: [(String, String)] = [
      ("pricing: { plan: on-demand, upfront: 50% }", "only what is committed to is paid upfront"),
      (
        "pricing: [ { share: 40%, plan: spot }, { share: 40%, plan: on-demand } ]",
        "the shares must add up to 100%"
      ),
      ("pricing: []", "the shares must add up to 100%"),
      ("pricing: { price: 3 USD/h, commitment: 1h }", "a commitment lasts at least a day"),
      (
        "pricing: on-demand, provisioning: { delay: 1m, stock-out: 100% }",
        "capacity that is never there is no design"
      ),
      ("pricing: on-demand, daily-use: 25h", "the quantity must be at most 24h"),
      ("pricing: { price: 3 USD/h, discount: 150% }", "the quantity must be at most 100%"),
      ("pricing: { price: 3 USD/h, commitment: 1y, upfront: 101% }", "the quantity must be at most 100%"),
      ("purchase: { price: 1 USD, residual: 120% }", "the quantity must be at most 100%"),
      ("purchase: { price: 1 USD, life: 20y }", "the quantity is too large to be meant"),
      ("purchase: { price: 1 USD }, lease: { term: 1y }", "unknown key 'lease'"),
      ("purchase: { price: 1 USD, life: 1h }", "the time must be at least a day"),
      (
        "purchase: { price: 1 USD, life: 2y, refresh: { every: 3y } }",
        "nodes are replaced at the end of their life at the latest"
      ),
      (
        "purchase: { price: 1 USD, lease: { term: 1y }, financing: { rate: 1%, term: 1y } }",
        "nodes are leased or bought on a loan, not both"
      ),
      (
        "purchase: { price: 1 USD, lease: { term: 1y }, refresh: { price: 90% } }",
        "leased nodes go back at the end of their term, and the next ones come"
      ),
      (
        "purchase: { price: 1 USD, lease: { term: 1y }, depreciation: declining }",
        "leased nodes are their lessor's, who writes them off"
      ),
      (
        "purchase: { lease: { term: 1y, payment: 1 USD/month, rate: 3% } }", "`payment` says what is paid"
      ),
      (
        "purchase: { lease: { term: 1y, payment: 1 USD/month }, support: 3%/y }",
        "a share of the price, and the catalogue knows none of 'p5.48xlarge'"
      ),
    ]
    for (pool, message) in cases { #expect(Self.faults(pool).contains(message), "\(pool)") }
    let rent = "pricing: on-demand"
    #expect(Self.faults(rent, design: "staff: { salary: 1 USD/y }") == ["nobody is counted"])
    #expect(
      Self.faults(rent, design: "staff: { fte: 1, minimum: 2, salary: 1 USD/y }")
        == ["people are given by `fte` or by what they look after, not both"])
    #expect(
      Self.faults(rent, design: "costs: { x: { once: 1 USD, monthly: 1 USD/month } }")
        == ["expected one of `once`, `monthly` and `yearly`"])
    #expect(Self.faults(rent, economics: "horizon: 0y") == ["the time must be longer than nothing"])
    #expect(Self.faults(rent, economics: "against: onw") == ["there is no design 'onw'"])
    #expect(Self.faults(rent, economics: "demand: { growth: 5% }").count == 1)
  }

  @Test("what a lease's payments and provisioned throughput hold, and own storage gives, is told")
  func swallowed() throws {
    func notes(_ pool: String, _ design: String = "") throws -> [String] {
      try Self.read(pool, design: design).get().notes
    }
    let payment = "lease: { term: 1y, payment: 1 USD/month }"
    for (key, told) in [
      ("residual: 10%", true), ("price: 9 USD", true), ("price: 9 USD, support: 1%/y", false),
      ("life: 4y", true), ("running: 1 USD/h", false),
    ] {
      let all = try notes("purchase: { \(payment), \(key) }")
      #expect(all.contains { $0.hasSuffix("it says nothing") } == told, "\(key): \(all)")
    }
    let network = try notes("purchase: { \(payment), life: 4y }, fabric: infiniband-ndr")
    #expect(!network.contains { $0.hasSuffix("it says nothing") })
    for kind in ["parallel-flash", "local-nvme"] {
      let own = try notes(
        "pricing: on-demand",
        "storage: { s: { kind: \(kind), holds: 1TB, retrieves: 1TB, reads: 9, writes: 9 } }")
      for key in ["retrieves", "reads", "writes"] {
        #expect(own.contains { $0.hasSuffix("`\(key)` costs nothing") }, "\(kind): \(own)")
      }
    }
    for key in ["input", "output"] {
      let faults = Self.faults(
        "pricing: on-demand",
        endpoint: ", pricing: { provisioned: 20 USD/h, tokens-per-minute: 9, \(key): 1 USD }")
      #expect(faults == ["tokens are part of provisioned throughput"])
    }
  }

  @Test("growth by the year is that of twelve months")
  func growth() throws {
    for (text, monthly) in [
      ("5%/month", 0.05), ("0%/y", 0), ("100%/y", 0.0594630943592953), ("60%/year", 0.0399443),
    ] {
      let value = try UnitParser.parse(text, as: .growth).get()
      #expect(abs(value - monthly) < 1e-6, "\(text)")
    }
    #expect(UnitParser.parse("1e15%/y", as: .growth) != .failure(.malformed))
    #expect(try UnitParser.parse("10%/y", as: .yearlyShare).get() == 0.1)
    #expect(try UnitParser.parse("200 USD/kW-month", as: .moneyPerKilowattMonth).get() == 200)
    #expect(UnitParser.parse("10%", as: .yearlyShare) == .failure(.unknownUnit("%")))
  }
}
