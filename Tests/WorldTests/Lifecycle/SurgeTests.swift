import DryRack
import Kernel
import Testing

@testable import World

/// Workloads that send more, or less, for a time.
@Suite("Surges of demand") struct SurgeTests {
  static func run(_ events: String, _ arrivals: String = "{ process: constant, rate: 2/s }") throws -> Outcome
  {
    try ReplicaLifeTests.run(
      ReplicaLifeTests.text(
        events: events, arrivals: arrivals, output: "{ distribution: constant, value: 5 }"))
  }

  @Test("a surge multiplies what is sent in it, and requests stay the same ones in the same order")
  func counts() throws {
    let event = "{ at: 100s, workload: chat, rate: 3, for: 50s }"
    for arrivals in ["{ process: constant, rate: 2/s }", "{ process: poisson, rate: 2/s }"] {
      let (plain, surged) = (try Self.run("", arrivals), try Self.run(event, arrivals))
      func sent(_ outcome: Outcome, _ from: Double, _ to: Double) -> Int {
        outcome.records.count { $0.sent.seconds >= from && $0.sent.seconds < to }
      }
      #expect(sent(plain, 0, 100) == sent(surged, 0, 100))
      let expected = 3 * 50 * 2.0
      let spread = arrivals.contains("poisson") ? 4 * expected.squareRoot() : 2
      #expect(abs(Double(sent(surged, 100, 150)) - expected) <= spread)
      let lengths = { (outcome: Outcome) in
        outcome.records.sorted { $0.serial < $1.serial }.map(\.promptTokens)
      }
      #expect(lengths(surged).starts(with: lengths(plain)))
    }
  }

  @Test("surges that overlap multiply, and a lull sends less")
  func several() throws {
    let events =
      "{ at: 100s, workload: chat, rate: 2, for: 100s }, { at: 150s, workload: chat, rate: 0.25, for: 100s }"
    let outcome = try Self.run(events)
    func sent(_ from: Double, _ to: Double) -> Int {
      outcome.records.count { $0.sent.seconds >= from && $0.sent.seconds < to }
    }
    #expect(abs(sent(100, 150) - 200) <= 2 && abs(sent(150, 200) - 50) <= 2 && abs(sent(200, 250) - 25) <= 2)
    #expect(abs(sent(250, 600) - 700) <= 2)
  }

  @Test(arguments: [
    ("{ at: 1m, workload: chat, for: 1m }", "a workload and a rate belong together"),
    ("{ at: 1m, rate: 2, for: 1m }", "a workload and a rate belong together"),
    ("{ at: 1m, workload: chatt, rate: 2, for: 1m }", "did you mean 'chat'?"),
    ("{ at: 1m, workload: chat, rate: 2, site: home, for: 1m }", "about a place or about a workload"),
    ("{ at: 1m, site: home, for: 1m }", "nothing says what happens"),
    ("{ at: 2h, workload: chat, rate: 2, for: 1m }", "the run is over then"),
  ])
  func faults(event: String, message: String) throws {
    let text = ReplicaLifeTests.text(events: event).replacing("site: dc", with: "site: home")
      .replacing("dc: {", with: "home: {")
    guard
      case .failure(let report) = ScenarioReader.read(bytes: Array(text.utf8), file: "s.yaml", folder: ".")
    else {
      Issue.record("no fault")
      return
    }
    #expect(
      report.faults.contains { ($0.message + ($0.help ?? "")).contains(message) }, "\(report.faults)")
  }
}
