import DryRack
import Foundation
import Kernel
import Testing

@testable import World

/// Replicas that fall with their nodes and come back, and what becomes of their requests.
@Suite("Replicas that fall") struct ReplicaLifeTests {
  /// One service of 8-GPU replicas, each on a node of its own.
  static func text(
    nodes: Int = 3, replicas: Int? = nil, failures: String = "none", service: String = "",
    router: String = "{ policy: round-robin, health-check: { interval: 2s, threshold: 2 } }",
    events: String = "", arrivals: String = "{ process: poisson, rate: 6/s }", duration: String = "10m",
    output: String = "{ distribution: lognormal, mean: 150, cv: 0.8, max: 600 }", more: String = "",
    workloads: String = ""
  ) -> String {
    """
    version: 1
    name: life
    seed: 7
    duration: \(duration)
    workloads:
      chat:
        kind: inference
        model: llama-3.1-70b
        arrivals: \(arrivals)
        prompt-tokens: { distribution: lognormal, mean: 600, cv: 1, max: 3000 }
        output-tokens: \(output)
        slo: { ttft: 2s }
    \(workloads)
    designs:
      own:
        sites: { dc: { kind: on-prem }, far: { kind: on-prem } }
        pools: { gpu: { site: dc, node: hgx-h100, count: \(nodes), failures: \(failures) } }
        storage: { fs: { kind: parallel-file-system, read-bandwidth: 20GB/s } }
        services:
          chat:
            workload: chat
            pool: gpu
            replicas: \(replicas ?? nodes)
            parallelism: { tensor: 8 }
            router: \(router)
            \(service)
        \(events.isEmpty ? "" : "events: [ \(events) ]")
        \(more)
    """
  }

  static func run(_ text: String, replication: Int = 0) throws -> Outcome {
    let scenario = try WorldTests.scenario(text)
    var options = WorldOptions()
    options.keepsRequests = true
    options.verifiesLeaps = true
    let outcome = Simulation.run(
      DesignModel(scenario: scenario, designIndex: 0), replication: replication, options: options)
    let tally = outcome.services[0].tally
    #expect(outcome.isComplete && tally.isConserved)
    #expect(tally.offered == tally.completed + tally.rejected + tally.failed, "nothing is left behind")
    #expect(tally.offered == outcome.records.count)
    for record in outcome.records {
      guard let ttft = record.ttft else { continue }
      #expect(ttft == record.network! + record.queue! + record.prefill! && record.queue! >= .zero)
    }
    return outcome
  }

  static func expectSame(_ one: Outcome, _ other: Outcome, _ comment: Comment? = nil) {
    let (first, second) = (one.services[0].tally, other.services[0].tally)
    #expect(first.ttft == second.ttft && first.e2e == second.e2e && first.queue == second.queue, comment)
    #expect(first.interTokenGaps == second.interTokenGaps && first.completed == second.completed, comment)
    #expect(first.answered == second.answered && one.end == other.end, comment)
  }

  @Test("with a mean time between failures without end nothing differs from no failures by a tick")
  func nothingFails() throws {
    for policy in WorldTests.routers where !policy.contains("aware") {
      let router = policy.contains("{") ? policy : "{ policy: \(policy) }"
      let none = try Self.run(Self.text(router: router))
      let never = try Self.run(Self.text(failures: "{ node-mtbf: 15y, repair: 1h }", router: router))
      let late = try Self.run(Self.text(failures: "{ node-mtbf: 14y, shape: 9, repair: 1h }", router: router))
      Self.expectSame(none, never)
      Self.expectSame(none, late)
      #expect(none.services[0].replicas == late.services[0].replicas)
      #expect(none.services[0].life == nil && late.services[0].life?.availability == 1)
    }
  }

  @Test(
    "a node that is out from the start leaves the service that never had it",
    arguments: [
      "round-robin", "least-loaded", "power-of-two",
    ])
  func fewerReplicas(policy: String) throws {
    let router = "{ policy: \(policy), health-check: { interval: 1ms, threshold: 1 } }"
    let out = try Self.run(
      Self.text(router: router, events: "{ at: 0s, pool: gpu, node: 2, fails: true, for: 1h }"))
    let fewer = try Self.run(Self.text(nodes: 2, router: router))
    Self.expectSame(out, fewer)
    #expect(Array(out.services[0].replicas[..<2]) == fewer.services[0].replicas)
    let life = try #require(out.services[0].life)
    #expect(abs(life.availability! - 2.0 / 3) < 1e-12 && life.falls == 1)
  }

  @Test("the outage of the only replica adds what is left of it to the TTFT of those sent in it")
  func outageOfAll() throws {
    let arrivals = "{ process: constant, rate: 1/s }"
    let short = "{ distribution: constant, value: 20 }"
    let event = "{ at: 100s, site: dc, fails: true, for: 90s }"
    func outcome(_ events: String) throws -> Outcome {
      try Self.run(
        Self.text(nodes: 1, events: events, arrivals: arrivals, duration: "5m", output: short))
    }
    let (calm, hit) = (try outcome(""), try outcome(event))
    let plain = Dictionary(uniqueKeysWithValues: calm.records.map { ($0.serial, $0) })
    var inside = 0
    for record in hit.records {
      let sent = record.sent.seconds
      let ttft = try #require(record.ttft).seconds
      if sent > 101 && sent < 189 {
        inside += 1
        #expect(ttft >= 190 - sent && ttft < 190 - sent + 5, "sent at \(sent): \(ttft)")
      } else if sent < 95 || sent > 230 {
        #expect(record.ttft == plain[record.serial]?.ttft, "sent at \(sent)")
      }
    }
    #expect(inside > 80)
    let life = try #require(hit.services[0].life)
    #expect(abs(life.availability! - 210.0 / 300) < 1e-9)
    // Who was inside when it fell, and who was sent there until the router noticed.
    #expect(hit.services[0].tally.retried >= 3 && hit.services[0].tally.retried < 10)
  }

  @Test("before the router notices, what it sends to a dead replica is lost until it does")
  func detection() throws {
    func retried(_ check: String) throws -> (Int, Double) {
      let outcome = try Self.run(
        Self.text(
          router: "{ policy: round-robin, health-check: \(check) }",
          events: "{ at: 300s, pool: gpu, node: 0, fails: true, for: 200s }",
          output: "{ distribution: constant, value: 10 }"))
      return (
        outcome.services[0].tally.retried, outcome.records.compactMap { $0.ttft?.seconds }.max()!
      )
    }
    let (fast, slow) = (
      try retried("{ interval: 1s, threshold: 1 }"), try retried("{ interval: 10s, threshold: 6 }")
    )
    // A third of 6 requests a second for the time until it is noticed: 1 s and 60 s.
    #expect(fast.0 < 15 && fast.1 < 3)
    #expect(slow.0 > 90 && slow.0 < 160 && slow.1 > 55 && slow.1 < 65, "\(slow)")
  }

  @Test("retries end after as many attempts as are allowed, and within their budget")
  func retries() throws {
    let failures = "{ node-mtbf: 60s, repair: 15s, software-mtbf: 90s }"
    for (attempts, budget) in [(0, ""), (1, ""), (2, ", budget: 5%"), (3, ", budget: 200%")] {
      let retry = "retry: { attempts: \(attempts), backoff: 100ms, jitter: full\(budget) }"
      let tally = try Self.run(Self.text(failures: failures, service: retry)).services[0].tally
      #expect(tally.retried <= attempts * tally.offered && (attempts > 1 || tally.failed > 0))
      if attempts == 0 { #expect(tally.retried == 0) }
      if attempts == 2 { #expect(Double(tally.retried) <= 0.05 * Double(tally.offered)) }
    }
    let endless = try Self.run(Self.text(failures: failures)).services[0].tally
    #expect(endless.failed == 0 && endless.retried > 50 && endless.completed == endless.offered)
    let few = "retry: { attempts: 1 }"
    let some = try Self.run(Self.text(failures: failures, service: few)).services[0].tally
    let more = try Self.run(
      Self.text(failures: failures, service: "retry: { attempts: 4 }")
    ).services[0].tally
    #expect(more.failed < some.failed)
  }

  /// A node is in for M on average and out for R; from coming in on its replica takes S to start, in which
  /// the node can break again: the replica is up for M·exp(−S/M) of M + R.
  @Test(
    "availability comes to what renewal theory says",
    arguments: [
      ("exponential", "", "0s"), ("exponential", "", "10m"), ("weibull", ", shape: 2.5", "0s"),
    ])
  func availability(name: String, shape: String, start: String) throws {
    let text = Self.text(
      nodes: 12, failures: "{ node-mtbf: 2h, repair: 30m\(shape) }",
      service: "cold-start: { engine-start: \(start) }", arrivals: "{ process: poisson, rate: 2/h }",
      duration: "40d")
    let seconds = start == "0s" ? 0.0 : 600.0
    let expected = 7200 * exp(-seconds / 7200) / (7200 + 1800)
    let samples = try (0..<10).map { replication in
      let scenario = try WorldTests.scenario(text)
      let outcome = Simulation.run(
        DesignModel(scenario: scenario, designIndex: 0), replication: replication)
      let life = try #require(outcome.services[0].life)
      #expect(life.falls > 2500 && abs(life.span - 40 * 86_400) < 86_400)
      return try #require(life.availability)
    }
    let interval = try #require(studentInterval(samples, confidence: 0.999))
    #expect(interval.low <= expected && expected <= interval.high, "\(name) \(interval) \(expected)")
    #expect(interval.high - interval.low < 0.02)
  }

  @Test("a replica that comes back reads its weights again, from a store that others use")
  func weightsAgain() throws {
    let event = "{ at: 200s, pool: gpu, node: 0, fails: true, for: 60s }"
    func down(_ start: String) throws -> Double {
      let life = try #require(
        Self.run(Self.text(service: start, events: event)).services[0].life)
      return life.heldSeconds - life.upSeconds
    }
    let plain = try down("")
    let read = try down("cold-start: { from: fs, engine-start: 20s }")
    #expect(abs(plain - 60) < 1e-6)
    // 3 replicas at the start, one after the outage: 141 GB of weights each.
    let scenario = try WorldTests.scenario(Self.text())
    let bytes = scenario.designs[0].services[0].deployments[0].memory.weights.value * 8
    let alone = bytes / 20e9
    #expect(
      read > 60 + 3 * (3 * alone + 20) + alone + 20 - 1 && read < 60 + 3 * (3 * alone + 20) + alone + 25)
  }

  @Test("a spare takes the place of a broken node once the failure is noticed")
  func spares() throws {
    let event = "{ at: 200s, pool: gpu, node: 0, fails: true, for: 300s }"
    func down(nodes: Int) throws -> Double {
      let life = try #require(
        Self.run(Self.text(nodes: nodes, replicas: 2, events: event)).services[0].life)
      return life.heldSeconds - life.upSeconds
    }
    #expect(abs(try down(nodes: 2) - 300) < 1e-9)
    // Probes every 2 s, two of them: one that falls on a probe's tick is noticed by the next two.
    #expect(abs(try down(nodes: 3) - 4) < 1e-9)
  }

  @Test("jobs and replicas fall with the same nodes, and none runs where another does")
  func jobsBeside() throws {
    let workloads =
      "  train: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 64, duration: 20m }"
    let jobs = """
      jobs: { train: { workload: train, pool: gpu, accelerators: 16, restart: 30s, \
      checkpoint: { every: 2m, to: fs } } }
      """
    let failures = "{ node-mtbf: 30m, repair: 3m, software-mtbf: 40m, crews: 1 }"
    let outcome = try Self.run(
      Self.text(
        nodes: 6, replicas: 3, failures: failures, events: "{ at: 400s, site: dc, fails: true, for: 60s }",
        more: jobs, workloads: workloads))
    #expect(outcome.jobs[0].interruptions > 0 && outcome.services[0].life!.falls >= 3)
    #expect(outcome.jobs[0].finish != nil)
    let again = try Self.run(
      Self.text(
        nodes: 6, replicas: 3, failures: failures, events: "{ at: 400s, site: dc, fails: true, for: 60s }",
        more: jobs, workloads: workloads))
    Self.expectSame(outcome, again)
    #expect(outcome.jobs[0].finish == again.jobs[0].finish && outcome.events == again.events)
  }

  @Test("where things break faster than anybody is answered, the run ends and says what is left")
  func hopeless() throws {
    let scenario = try WorldTests.scenario(
      Self.text(
        nodes: 1, failures: "{ node-mtbf: 10ms, repair: 1h }", arrivals: "{ process: burst, count: 5 }"))
    let outcome = Simulation.run(DesignModel(scenario: scenario, designIndex: 0), replication: 0)
    let tally = outcome.services[0].tally
    #expect(tally.isConserved && tally.completed == 0 && tally.queued == 5)
  }

  @Test("random parts that fail, over the random scenarios", arguments: 0..<UInt64(4))
  func swarm(group: UInt64) throws {
    for seed in (group * 12)..<(group * 12 + 12) {
      try WorldTests.hold(WorldTests.failing(WorldTests.random(seed), seed), seed)
    }
  }
}

extension WorldTests {
  /// A random scenario whose pool fails, is out for a time, or both.
  static func failing(_ text: String, _ seed: UInt64) -> String {
    var stream = RandomStream(seed: seed, replication: 0, entity: "swarm", purpose: "failures")
    func pick(_ list: [String]) -> String { list[Int(stream.below(UInt32(list.count)))] }
    let failures = pick([
      "{ node-mtbf: 60s, repair: 4s }", "{ software-mtbf: 60s }",
      "{ node-mtbf: 50s, repair: 3s, shape: 0.6 }",
      "{ accelerator-mtbf: 600s, software-mtbf: 90s, repair: 5s, crews: 1 }", "none",
    ])
    let retry = pick([
      "", "retry: { attempts: 2, backoff: 300ms, jitter: full }", "retry: { attempts: 1, budget: 30% }",
    ])
    let start = pick(["", "cold-start: { engine-start: 2s }"])
    return text.replacing(
      "count: 1, purchase: { price: 300000 USD } }",
      with: "count: 2, failures: \(failures), purchase: { price: 300000 USD } }"
    ).replacing(
      "replicas: 2\n", with: "replicas: 3\n        \(retry)\n        \(start)\n"
    ).replacing(
      "  managed: {",
      with: "    events: [ { at: \(pick(["0s", "7s", "12s"])), pool: gpu, node: 0, fails: true, for: 6s } ]\n"
        + "  managed: {")
  }
}
