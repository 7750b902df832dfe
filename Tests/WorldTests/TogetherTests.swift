import DryRack
import Testing

/// What is not simulated together says so, and what hangs together is seen to.
@Suite("Features side by side")
struct TogetherTests {
  private static func text(
    pool: String = "", service: String = "pool: gpu", site: String = "", more: String = ""
  )
    -> String
  {
    """
    version: 1
    name: together
    duration: 60s
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: constant, rate: 2/s }
        prompt-tokens: { distribution: constant, value: 200 }
        output-tokens: { distribution: constant, value: 20 }
        slo: { ttft: 2s }
    designs:
      one:
        sites: { dc: { kind: on-prem, electricity: 0.1 USD/kWh, pue: 1.2, \(site) } }
        pools: { gpu: { site: dc, node: hgx-h100, count: 2, \(pool) purchase: { price: 280000 USD } } }
        services: { chat: { workload: chat, \(service) } }
        \(more)
    """
  }

  private static let batches = "deliveries: [ { at: 1mo, count: 1 }, { at: 6mo, count: 1 } ],"

  @Test(
    "pools that come in deliveries refuse what is tied to all of their nodes",
    arguments: [
      text(pool: batches, service: "placement: [ { pool: gpu }, { endpoint: together-llama-3.1-8b } ]"),
      text(pool: batches, more: "events: [ { at: 10s, pool: gpu, fails: true, for: 10s } ]"),
      text(pool: batches + " failures: { node-mtbf: 30d },"),
      text(pool: batches, site: "rack-power: 40kW, rack-price: 500 USD/month"),
    ])
  func deliveries(_ text: String) throws {
    guard
      case .failure(let report) = ScenarioReader.read(bytes: Array(text.utf8), file: "t.yaml", folder: ".")
    else {
      Issue.record("it was read")
      return
    }
    #expect(report.faults.count == 1, "\(report.description)")
    #expect(report.description.contains("not simulated together by this version"))
  }

  @Test("the same without deliveries, and deliveries by themselves, are read")
  func apart() throws {
    _ = try WorldTests.scenario(Self.text(pool: Self.batches))
    _ = try WorldTests.scenario(Self.text(pool: "failures: { node-mtbf: 30d },"))
    _ = try WorldTests.scenario(
      Self.text(service: "placement: [ { pool: gpu }, { endpoint: together-llama-3.1-8b } ]"))
  }

  @Test("back-offs that are drawn make replications differ")
  func chance() throws {
    let plain = try WorldTests.scenario(
      Self.text(service: "pool: gpu, retry: { attempts: 2, backoff: 1s, jitter: none }"))
    let drawn = try WorldTests.scenario(
      Self.text(service: "pool: gpu, retry: { attempts: 2, backoff: 1s, jitter: full }"))
    #expect(drawn.isStochastic && !plain.isStochastic)
  }
}
