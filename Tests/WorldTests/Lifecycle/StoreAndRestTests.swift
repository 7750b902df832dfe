import DryRack
import Kernel
import Testing

@testable import World

/// What a replica that falls gives back at once, and where requests stand that wait for their next attempt.
@Suite("Stores and pauses of failing services") struct StoreAndRestTests {
  /// Two replicas read 141 GB each at 20 GB/s in all: both at once take 14 s, one alone 7.
  @Test("a replica that falls while it reads its weights leaves the store to the others")
  func fallWhileReading() throws {
    func startup(_ event: String, replicas: Int = 2) throws -> Double {
      let outcome = try ReplicaLifeTests.run(
        ReplicaLifeTests.text(
          nodes: 2, replicas: replicas, service: "cold-start: { from: fs, engine-start: 0s }", events: event))
      return try #require(outcome.services[0].startup).seconds
    }
    let both = try startup("")
    let alone = try startup("", replicas: 1)
    #expect(both > 1.9 * alone)
    let event = "{ at: 4s, pool: gpu, node: 1, fails: true, for: 100s }"
    // 4 s at half the rate, then all of it.
    #expect(abs(try startup(event) - (alone + 2)) < 1e-6 * alone)
  }

  @Test("one that starts again frees the store too, and takes it again when it is back")
  func fallAgainWhileReading() throws {
    func down(_ events: String) throws -> (down: Double, falls: Int) {
      let service = try ReplicaLifeTests.run(
        ReplicaLifeTests.text(
          nodes: 3, service: "cold-start: { from: fs, engine-start: 0s }", events: events)
      ).services[0]
      let life = try #require(service.life)
      return (life.heldSeconds - life.upSeconds - 3 * service.startup!.seconds, life.falls)
    }
    let first = "{ at: 100s, pool: gpu, node: 0, fails: true, for: 10s }"
    let second = "{ at: 100s, pool: gpu, node: 1, fails: true, for: 10s }"
    let again = "{ at: 112s, pool: gpu, node: 1, fails: true, for: 20s }"
    let one = try down(first)
    let two = try down("\(first), \(second), \(again)")
    let alone = one.down - 10
    // Node 1: 10 s out, 2 s reading beside the other, 20 s out, then alone. Node 0: 2 s at half the rate.
    let expected = (10 + alone + 1) + (10 + 2 + 20 + alone)
    #expect(abs(two.down - expected) < 1e-6 && two.falls == 3)
  }

  @Test("all that start fall: the service opens with the first that starts again")
  func allFallWhileReading() throws {
    for at in ["1s", "0s", "9s"] {
      let outcome = try ReplicaLifeTests.run(
        ReplicaLifeTests.text(
          nodes: 2, service: "cold-start: { from: fs, engine-start: 5s }",
          events: "{ at: \(at), site: dc, fails: true, for: 30s }"))
      let startup = try #require(outcome.services[0].startup).seconds
      #expect(startup > 35 && startup < 30 + 9 + 14.2 + 5.1, "\(startup)")
      #expect(outcome.services[0].tally.completed == outcome.services[0].tally.offered)
    }
  }

  @Test("disaggregated services free the store alike")
  func rolesFallWhileReading() throws {
    func startup(_ event: String, decode: Int = 1) throws -> Double {
      let outcome = try RoleLifeTests.run(
        RoleLifeTests.text(
          decode: decode, service: "cold-start: { from: fs, engine-start: 0s }", events: event,
          duration: "2m"))
      return try #require(outcome.services[0].startup).seconds
    }
    let two = try startup("")
    let event = "{ at: 4s, pool: gpu, node: 2, fails: true, for: 30s }"
    // A third of the rate for 4 s, where half of it would have done: 4 s less of reading for each of two.
    #expect(abs(try startup(event, decode: 2) - (two + 4.0 / 3)) < 1e-6 * two)
  }

  @Test("who waits for the next attempt stands in nobody's queue")
  func resting() throws {
    let outcome = try ReplicaLifeTests.run(
      ReplicaLifeTests.text(
        nodes: 2, service: "retry: { attempts: 3, backoff: 60s }",
        router: "{ policy: round-robin, health-check: { interval: 1s, threshold: 1 } }",
        events: "{ at: 99900ms, pool: gpu, node: 0, fails: true, for: 10s }",
        arrivals: "{ process: constant, rate: 5/s }", duration: "200s"))
    #expect(outcome.services[0].tally.retried >= 4)
    let during = outcome.services[0].samples.filter { $0.time.seconds > 103 && $0.time.seconds < 159 }
    #expect(during.count > 50 && during.allSatisfy { $0.queued <= 2 }, "\(during.map(\.queued).max() ?? 0)")
    let late = outcome.records.compactMap { $0.ttft?.seconds }.max()!
    #expect(late > 60 && late < 63)
    let lost = Double(outcome.services[0].tally.lostQueueTicks) / 16e9
    let retried = Double(outcome.services[0].tally.retried)
    #expect(lost > 60 * retried && lost < 66 * retried, "\(lost) \(retried)")
  }

  /// Two sites at the same place, in order: the second gets what the first has no room for. While requests of
  /// the first rest, its queue is short.
  @Test("placement does not count who rests")
  func placement() throws {
    func outcome(_ backoff: String) throws -> Outcome {
      let text = ReplicaLifeTests.text(
        nodes: 1, service: "", events: "{ at: 100s, pool: gpu, node: 0, fails: true, for: 1s }",
        arrivals: "{ process: constant, rate: 4/s }", duration: "160s",
        output: "{ distribution: constant, value: 150 }"
      ).replacing(
        "pools: { gpu:", with: "pools: { more: { site: far, node: hgx-h100, count: 1, failures: none }, gpu:"
      ).replacing(
        "        pool: gpu\n        replicas: 1\n",
        with: "        placement: [ { pool: gpu, replicas: 1, spill-at: 3 }, { pool: more, replicas: 1 } ]\n"
          + "        retry: { attempts: 3, backoff: \(backoff) }\n")
      return try ReplicaLifeTests.run(text)
    }
    let rested = try outcome("50s")
    let first = rested.services[0].member
    #expect(rested.services[0].tally.retried > 4)
    // Between the fall and the end of the pause the first takes all that comes, as before.
    #expect(first!.requests > 600, "\(first!.requests)")
  }
}
