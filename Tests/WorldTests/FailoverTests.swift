import DryRack
import Foundation
import Testing

@testable import World

/// Members whose replicas fall, and those that stand by for them.
@Suite("Failover between members")
struct FailoverTests {
  private static let even = (
    "{ distribution: constant, value: 400 }", "{ distribution: constant, value: 40 }"
  )

  /// Two minutes of requests; `near` is out from 40 s to 80 s, and its router notices at 45 s.
  private static func text(
    _ members: String, more: String = "", rate: String = "4/s",
    outage: String = "{ at: 40s, pool: near, fails: true, for: 40s }"
  ) -> String {
    let events = outage.isEmpty ? "" : "\n    events: [ \(outage) ]"
    return PlacementTests.text(
      "placement: [ \(members) ], router: { policy: least-loaded, "
        + "health-check: { interval: 5s, threshold: 1 } }"
        + "\(more)", arrivals: "{ process: constant, rate: \(rate) }", lengths: even, head: "",
      top: "duration: 2m") + events
  }

  private static func isAtStandby(_ record: RequestRecord) -> Bool { record.replica.map { $0 > 0 } ?? false }

  @Test("a warm standby takes what comes while the other is out, and nothing else")
  func warm() throws {
    let outcome = try PlacementTests.run(Self.text("{ pool: near }, { pool: far, standby: warm }"))
    #expect(outcome.services[0].tally.isConserved && outcome.services[0].tally.failed == 0)
    for record in outcome.records {
      let sent = record.sent.seconds
      #expect(record.status == .completed)
      // Those inside when it fell go over too, once the router notices.
      if sent < 38 || sent > 80.1 { #expect(!Self.isAtStandby(record), "\(sent)") }
      if sent > 45 && sent < 80 { #expect(Self.isAtStandby(record) && record.ttft!.seconds < 1, "\(sent)") }
      if sent > 40.1 && sent < 45 {
        #expect(abs(record.ttft!.seconds - (45 - sent)) < 2, "it waits until the failure is noticed")
      }
      #expect(record.ttft == record.network! + record.queue! + record.prefill!)
    }
    #expect(outcome.services[0].member!.passedOn > 10)
  }

  @Test("a cold standby takes its time to start")
  func cold() throws {
    let outcome = try PlacementTests.run(
      Self.text("{ pool: near }, { pool: far, standby: cold }", more: ", failover: { start: 20s }"))
    #expect(outcome.services[0].tally.isConserved)
    for record in outcome.records where Self.isAtStandby(record) {
      let first = (record.sent + record.ttft!).seconds
      #expect(first > 65, "noticed at 45 s, up 20 s later")
      if record.sent.seconds > 66 { #expect(record.ttft!.seconds < 3) }
    }
    #expect(outcome.records.contains(where: Self.isAtStandby))
  }

  @Test("nobody out, nobody called")
  func idle() throws {
    let alone = try PlacementTests.run(
      Self.text("{ pool: near }", outage: ""))
    for standby in ["standby: warm", "standby: cold"] {
      let more = standby == "standby: cold" ? ", failover: { start: 20s }" : ""
      let placed = try PlacementTests.run(
        Self.text(
          "{ pool: near, spill-at: 0 }, { pool: far, \(standby) }", more: more, rate: "30/s", outage: ""))
      let busy = try PlacementTests.run(Self.text("{ pool: near }", rate: "30/s", outage: ""))
      #expect(PlacementTests.answers(placed) == PlacementTests.answers(busy))
      #expect(PlacementTests.requests(of: placed)[1] == 0)
    }
    #expect(alone.records.allSatisfy { $0.ttft!.seconds < 1 })
  }

  @Test("a second region with less capacity than the load queues without bound while the first is out")
  func tooSmall() throws {
    func longest(_ seconds: Int) throws -> Double {
      let text = Self.text(
        "{ pool: near }, { pool: far, standby: warm, replicas: 1, max-sequences: 2 }", rate: "6/s",
        outage: "{ at: 20s, site: home, fails: true, for: \(seconds)s }")
      let outcome = try PlacementTests.run(text)
      #expect(outcome.services[0].tally.isConserved)
      return outcome.records.compactMap { $0.queue?.seconds }.max() ?? 0
    }
    let waits = try [20, 40, 80].map(longest)
    // The backlog grows by what comes above what is served, second after second.
    #expect(waits[0] > 3 && waits[1] > waits[0] * 1.4 && waits[2] > waits[1] * 1.4, "\(waits)")
  }

  @Test("whatever is out, nobody is lost", arguments: 0..<12)
  func conserved(number: Int) throws {
    var stream = RandomStream(seed: 3, replication: number, entity: "failover", purpose: "test")
    func pick(_ list: [String]) -> String { list[Int(stream.below(UInt32(list.count)))] }
    let text = Self.text(
      pick([
        "{ pool: near }, { pool: far }", "{ pool: near }, { pool: far, standby: warm }",
        "{ pool: far, standby: cold }, { pool: near }",
        "{ pool: near }, { pool: far, standby: cold }, { endpoint: together-llama-3.1-8b, standby: warm }",
        "{ pool: near }, { endpoint: together-llama-3.1-8b }",
      ]),
      more: pick(["", ", retry: { attempts: 1, backoff: 100ms }", ", overflow: forecast", ", overflow: cost"]
      ),
      rate: pick(["5/s", "25/s"]),
      outage: pick([
        "{ at: 10s, pool: near, fails: true, for: 20s }, { at: 25s, pool: far, fails: true, for: 30s }",
        "{ at: 10s, site: home, fails: true, for: 300s }",
        "{ at: 1s, pool: near, fails: true, for: 1s }, { at: 3s, pool: near, fails: true, for: 60s }",
      ]))
    let whole =
      text.contains("standby: cold")
      ? text.replacing("max-sequences: 32,", with: "max-sequences: 32, failover: { start: 9s },") : text
    let outcome = try PlacementTests.run(whole)
    let tally = outcome.services[0].tally
    #expect(tally.isConserved && tally.running == 0 && tally.queued == 0)
    #expect(PlacementTests.requests(of: outcome).reduce(0, +) + tally.rejected == tally.offered)
    for record in outcome.records where record.status == .completed {
      #expect(record.ttft == record.network! + record.queue! + record.prefill! && record.queue! >= .zero)
    }
    #expect(PlacementTests.answers(outcome) == PlacementTests.answers(try PlacementTests.run(whole)))
  }
}
