import DryRack
import Foundation
import Testing

/// Doors, and queues that are not first come, first served, in whole scenarios.
@Suite struct QueueingTests {
  static func text(
    service: String, rate: String = "30/s", priorities: String = "", requests: Int = 3000
  ) -> String {
    """
    version: 1
    name: queueing
    duration: 10m
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        requests: \(requests)
        arrivals: { process: poisson, rate: \(rate) }
        prompt-tokens: { distribution: lognormal, mean: 900, cv: 1, max: 8000 }
        output-tokens: { distribution: lognormal, mean: 150, cv: 0.7, max: 1000 }
        slo: { ttft: 1s }
        \(priorities)
    designs:
      one:
        sites: { dc: { kind: on-prem } }
        pools:
          gpu:
            site: dc
            node: { accelerator: l40s, accelerators: 1 }
            count: 1
            purchase: { price: 9000 USD }
        services: { chat: { workload: chat, pool: gpu, max-sequences: 64, \(service) } }
    """
  }

  static func run(_ text: String, keeps: Bool = false) throws -> Outcome {
    let scenario = try WorldTests.scenario(text)
    var options = WorldOptions()
    options.keepsRequests = keeps
    return Simulation.run(DesignModel(scenario: scenario, designIndex: 0), replication: 0, options: options)
  }

  /// Over any span of time: admitted ≤ rate × span + burst.
  @Test(arguments: [(5.0, 1), (5.0, 20), (0.7, 3), (40.0, 100)])
  func aRateLimitHoldsOverEverySpan(rate: Double, burst: Int) throws {
    let outcome = try Self.run(
      Self.text(service: "admission: { rate-limit: \(rate)/s, burst: \(burst) }", rate: "9/s", requests: 600),
      keeps: true)
    let tally = outcome.services[0].tally
    #expect(tally.isConserved && tally.rejected == tally.throttled)
    let sent = outcome.records.filter { $0.status == .completed }.map(\.sent.seconds).sorted()
    for first in sent.indices {
      for last in first..<sent.count {
        // Both ends count.
        #expect(Double(last - first + 1) <= rate * (sent[last] - sent[first]) + Double(burst) + 1e-6)
      }
    }
    if rate < 9 { #expect(tally.throttled > 0) }
    if burst == 100 { #expect(tally.throttled == 0) }
  }

  @Test func predictedWaitsKeepTheDoor() throws {
    let open = try Self.run(Self.text(service: "router: round-robin")).services[0].tally
    let guarded = try Self.run(Self.text(service: "admission: { policy: slo-aware, factor: 0.6 }")).services[
      0
    ]
    .tally
    #expect(guarded.shed > 0 && guarded.shed == guarded.rejected && guarded.isConserved)
    let inTime = Double(guarded.good) / Double(guarded.measured)
    #expect(inTime > 0.85, "those let in are in time, \(inTime)")
    #expect(guarded.good > open.good, "turning some away serves more in time")
    // With little to do nobody is turned away.
    let idle = try Self.run(
      Self.text(service: "admission: { policy: slo-aware }", rate: "1/s", requests: 300))
    #expect(idle.services[0].tally.rejected == 0)
  }

  /// Under overload the queue grows to where the prediction meets the limit: were predictions right, first
  /// tokens would come just then.
  @Test(arguments: [0.5, 1, 2, 4]) func predictionsAreRightOnAverage(factor: Double) throws {
    let tally = try Self.run(Self.text(service: "admission: { policy: slo-aware, factor: \(factor) }"))
      .services[0].tally
    let mean = tally.ttft.mean! / 16e9
    #expect((0.75...1.2).contains(mean / factor), "\(mean) s where \(factor) s were allowed")
  }

  static let classes =
    "priorities: { vital: { share: 20%, priority: high }, rest: { share: 80%, priority: 3 } }"

  @Test func whoMattersMoreWaitsLess() throws {
    let plain = try Self.run(Self.text(service: "router: round-robin", priorities: Self.classes))
    let ordered = try Self.run(
      Self.text(service: "batching: { policy: continuous, order: priority }", priorities: Self.classes))
    let (before, after) = (plain.services[0].tally.classes, ordered.services[0].tally.classes)
    #expect(before.count == 2 && before[0].measured == after[0].measured)
    let share = Double(before[0].offered) / Double(plain.services[0].tally.measuredOffered)
    #expect(abs(share - 0.2) < 0.03)
    #expect(after[0].ttft.mean! < before[0].ttft.mean! * 0.2)
    #expect(after[1].ttft.mean! > before[1].ttft.mean!)
  }

  @Test func shortPromptsFirstShortenTheMeanWait() throws {
    let plain = try Self.run(Self.text(service: "router: round-robin")).services[0].tally
    let ordered = try Self.run(
      Self.text(service: "batching: { policy: continuous, order: shortest-first }")
    ).services[0].tally
    #expect(ordered.queue.mean! < plain.queue.mean! * 0.8)
    #expect(ordered.queue.max! > plain.queue.max!)
  }

  /// Classes change who is served first, never what is asked: the same requests under every order.
  @Test func classesLeaveTheTrafficAlone() throws {
    let without = try Self.run(Self.text(service: "router: round-robin", requests: 500), keeps: true)
    let with = try Self.run(
      Self.text(service: "router: round-robin", priorities: Self.classes, requests: 500), keeps: true)
    #expect(without.records.map(\.e2e) == with.records.map(\.e2e))
  }

  @Test func classesHaveRowsOfTheirOwn() async throws {
    let text =
      Self.text(service: "router: round-robin", priorities: Self.classes, requests: 300)
      + "\nthresholds: [ \"p99(ttft_s{workload=chat/vital}) < 100\", \"p99(ttft_s) < 100\" ]"
    let results = await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
    #expect(results.row(design: "one", workload: "chat/vital", metric: "goodput_ratio")?.value != nil)
    #expect(results.verdicts.map(\.workload) == ["chat/vital", "chat"])
  }

  @Test(arguments: [
    ("admission: { burst: 3 }", "", "rate-limit"), ("admission: { factor: 2 }", "", "slo-aware"),
    ("admission: { rate-limit: 0/s }", "", "positive"),
    ("batching: { policy: continuous, order: priority }", "", "has no priorities"),
    ("admission: { policy: slo-aware }, batching: { policy: static, size: 2 }", "", "continuous batches"),
    ("router: round-robin", "priorities: { a: { share: 50%, priority: 0 } }", "sum to 50"),
    ("router: round-robin", "priorities: { a: { share: 100%, priority: highest } }", "high, normal, low"),
    (
      "batching: { policy: continuous, order: priority }, cache: { prefix: true }", Self.classes,
      "not simulated together"
    ),
  ])
  func contradictionsAreNamed(service: String, priorities: String, says: String) {
    let text = Self.text(service: service, priorities: priorities)
    guard case .failure(let report) = ScenarioReader.read(bytes: Array(text.utf8), file: "t", folder: "/")
    else {
      Issue.record("\(service) was accepted")
      return
    }
    #expect(report.faults.contains { "\($0.message) \($0.help ?? "")".contains(says) }, "\(report.faults)")
  }
}
