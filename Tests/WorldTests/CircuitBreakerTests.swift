import DryRack
import Foundation
import Testing

@testable import World

/// Routers that go by what becomes of a replica's requests.
@Suite("Circuit breakers")
struct CircuitBreakerTests {
  private static func text(
    _ breaker: String = "circuit-breaker: { errors: 50%, window: 10s, cool-down: 30s }",
    check: String = "{ interval: 20s, threshold: 3 }", events: String, policy: String = "round-robin",
    more: String = "", arrivals: String = "{ process: constant, rate: 5/s }", failures: String = "none"
  ) -> String {
    ReplicaLifeTests.text(
      failures: failures, service: "\(breaker)\n        \(more)",
      router: "{ policy: \(policy), health-check: \(check) }", events: events, arrivals: arrivals,
      output: "{ distribution: constant, value: 40 }")
  }
  private static let event = "{ at: 100s, pool: gpu, node: 1, fails: true, for: 50s }"

  @Test("nothing fails, nothing opens, nothing changes by a tick")
  func idle() throws {
    let event = "{ at: 599s, pool: gpu, node: 1, fails: true, for: 1s }"
    let with = try ReplicaLifeTests.run(Self.text(events: event))
    let without = try ReplicaLifeTests.run(Self.text("", events: event))
    func early(_ outcome: Outcome) -> [Ticks?] {
      outcome.records.filter { $0.sent.seconds < 590 }.sorted { $0.serial < $1.serial }.map(\.e2e)
    }
    #expect(early(with) == early(without))
  }

  @Test("what a health check notices after a minute, lost requests tell at once")
  func opens() throws {
    let with = try ReplicaLifeTests.run(Self.text(events: Self.event))
    let without = try ReplicaLifeTests.run(Self.text("", events: Self.event))
    func worst(_ outcome: Outcome) -> Double { outcome.records.compactMap { $0.ttft?.seconds }.max()! }
    // The replica is back after 50 s, and the health check would have taken 60. Requests come evenly, so half
    // of the window has to be lost ones.
    #expect(worst(without) > 40 && worst(with) < 8)
    let life = try #require(with.services[0].life)
    #expect(life.opens >= 1 && with.services[0].tally.retried < without.services[0].tally.retried)
    #expect(without.services[0].life?.opens == 0)
  }

  @Test("nobody is sent before the cool-down is over; then one is, and the rest when it is answered")
  func halfOpen() throws {
    let outcome = try ReplicaLifeTests.run(
      Self.text(
        "circuit-breaker: { errors: 50%, window: 10s, cool-down: 120s }",
        events: "{ at: 100s, pool: gpu, node: 1, fails: true, for: 10s }"))
    let there = outcome.records.filter { $0.replica == 1 && $0.sent.seconds > 100 }
      .sorted { $0.sent < $1.sent }
    #expect(there[0].sent.seconds > 219 && there[0].sent.seconds < 228)
    let answered = (there[0].sent + there[0].e2e!).seconds
    #expect(there[1].sent.seconds >= answered - 0.2, "\(there[1].sent) after \(answered)")
    #expect(outcome.services[0].life?.opens == 1)
  }

  @Test("a trial that is lost opens it again")
  func trials() throws {
    let outcome = try ReplicaLifeTests.run(
      Self.text(
        "circuit-breaker: { errors: 50%, window: 10s, cool-down: 10s }",
        check: "{ interval: 1h, threshold: 1 }",
        events: "{ at: 100s, pool: gpu, node: 1, fails: true, for: 95s }"))
    let life = try #require(outcome.services[0].life)
    // 95 s of trials 10 s and a request apart.
    #expect((8...10).contains(life.opens), "\(life.opens)")
    #expect(outcome.records.allSatisfy { $0.ttft!.seconds < 8 })
    #expect(outcome.services[0].tally.retried < 40)
  }

  @Test("what falls together opens together: retries are not spent on others that are gone")
  func together() throws {
    let events = (0..<2).map { "{ at: 100s, pool: gpu, node: \($0), fails: true, for: 60s }" }
      .joined(separator: ", ")
    let outcome = try ReplicaLifeTests.run(
      Self.text(events: events, more: "retry: { attempts: 2 }", arrivals: "{ process: constant, rate: 8/s }"))
    #expect(outcome.services[0].tally.failed == 0)
    let all = try ReplicaLifeTests.run(
      Self.text(events: "{ at: 100s, site: dc, fails: true, for: 60s }", more: "retry: { attempts: 2 }"))
    #expect(all.services[0].tally.failed == 0, "with nobody left requests wait")
  }

  @Test("a member whose replicas are all open is out: the other one takes over at once")
  func members() throws {
    let text =
      PlacementTests.text(
        "placement: [ { pool: near }, { pool: far, standby: warm } ], "
          + "circuit-breaker: { errors: 50%, window: 10s, cool-down: 30s }, "
          + "router: { policy: least-loaded, health-check: { interval: 30s, threshold: 3 } }",
        arrivals: "{ process: constant, rate: 4/s }",
        lengths: ("{ distribution: constant, value: 400 }", "{ distribution: constant, value: 40 }"),
        head: "",
        top: "duration: 2m") + "\n    events: [ { at: 40s, pool: near, fails: true, for: 40s } ]"
    let outcome = try PlacementTests.run(text)
    #expect(outcome.services[0].tally.isConserved)
    #expect(outcome.records.allSatisfy { $0.ttft!.seconds < 8 })
    for record in outcome.records where record.sent.seconds > 47 && record.sent.seconds < 79 {
      #expect(record.replica! > 0)
    }
  }

  @Test("whatever falls, nobody is lost and the same comes out twice", arguments: 0..<8)
  func conserved(number: Int) throws {
    let text = Self.text(
      "circuit-breaker: { errors: \(number % 2 == 0 ? 30 : 100)%, window: 5s, cool-down: \(number + 1)s }",
      check: "{ interval: 7s, threshold: 2 }",
      events: "{ at: 200s, site: dc, fails: true, for: 20s }",
      policy: ["round-robin", "least-loaded", "power-of-two"][number % 3],
      more: number < 4 ? "" : "retry: { attempts: 3, backoff: 50ms, jitter: full, budget: 20% }",
      arrivals: "{ process: poisson, rate: 12/s }",
      failures: "{ node-mtbf: 4m, repair: 20s, software-mtbf: 3m }")
    let one = try ReplicaLifeTests.run(text, replication: number)
    let other = try ReplicaLifeTests.run(text, replication: number)
    ReplicaLifeTests.expectSame(one, other)
    #expect(one.services[0].life == other.services[0].life && one.services[0].life!.opens > 0)
  }
}
