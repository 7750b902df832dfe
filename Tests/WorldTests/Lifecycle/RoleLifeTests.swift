import DryRack
import Kernel
import Testing

@testable import World

/// Prefill and decode replicas that fall with their nodes and come back, and what becomes of their requests.
@Suite("Roles that fall") struct RoleLifeTests {
  /// One service of 8-GPU replicas, each on a node of its own: prefill first, then decode.
  static func text(
    prefill: Int = 1, decode: Int = 3, spare: Int = 0, failures: String = "none", service: String = "",
    roles: (String, String) = ("", ""), transfer: String = "{}",
    router: String = "{ policy: round-robin, health-check: { interval: 2s, threshold: 2 } }",
    events: String = "", arrivals: String = "{ process: poisson, rate: 4/s }", duration: String = "5m",
    prompt: String = "{ distribution: lognormal, mean: 800, cv: 1, max: 4000 }",
    output: String = "{ distribution: lognormal, mean: 150, cv: 0.8, max: 600 }", more: String = "",
    workloads: String = "", seed: Int = 7
  ) -> String {
    """
    version: 1
    name: roles
    seed: \(seed)
    duration: \(duration)
    workloads:
      chat:
        kind: inference
        model: llama-3.1-70b
        arrivals: \(arrivals)
        prompt-tokens: \(prompt)
        output-tokens: \(output)
        slo: { ttft: 2s }
    \(workloads)
    designs:
      own:
        sites: { dc: { kind: on-prem } }
        pools:
          gpu: { site: dc, node: hgx-h100, count: \(prefill + decode + spare), fabric: infiniband-ndr, \
    failures: \(failures) }
        storage: { fs: { kind: parallel-file-system, read-bandwidth: 20GB/s } }
        services:
          chat:
            workload: chat
            pool: gpu
            parallelism: { tensor: 8 }
            router: \(router)
            disaggregation: { prefill: { replicas: \(prefill), \(roles.0) }, \
    decode: { replicas: \(decode), \(roles.1) }, transfer: \(transfer) }
            \(service)
        \(events.isEmpty ? "" : "events: [ \(events) ]")
        \(more)
    """
  }

  static let transfers = [
    "{}", "{ overlap: true }", "{ first-token: prefill }", "{ overlap: true, first-token: prefill }",
  ]

  /// A run that must answer, reject or give up everybody.
  @discardableResult
  static func run(_ text: String, replication: Int = 0) throws -> Outcome {
    let outcome = try ReplicaLifeTests.run(text, replication: replication)
    for record in outcome.records where record.status == .completed {
      #expect(record.decode! >= .zero && record.prefill! > .zero)
      #expect((record.transferWait ?? .zero) >= .zero && (record.transfer ?? .zero) >= .zero)
    }
    return outcome
  }

  @Test("with a mean time between failures without end nothing differs from no failures by a tick")
  func nothingFails() throws {
    for (policy, transfer) in zip(
      ["round-robin", "least-loaded", "power-of-two", "round-robin"], Self.transfers)
    {
      let router = "{ policy: \(policy) }"
      let none = try Self.run(Self.text(prefill: 2, transfer: transfer, router: router))
      let never = try Self.run(
        Self.text(prefill: 2, failures: "{ node-mtbf: 15y }", transfer: transfer, router: router))
      ReplicaLifeTests.expectSame(none, never)
      #expect(none.services[0].replicas == never.services[0].replicas)
      #expect(none.services[0].tally.transfers?.bytes == never.services[0].tally.transfers?.bytes)
      #expect(none.services[0].life == nil && never.services[0].life?.availability == 1)
      #expect(never.services[0].roleLives.map(\.mostUp) == [2, 3])
    }
  }

  @Test("a decode node that is out from the start leaves the service that never had it")
  func fewerDecodeReplicas() throws {
    for policy in ["round-robin", "least-loaded", "power-of-two"] {
      for transfer in Self.transfers {
        let router = "{ policy: \(policy), health-check: { interval: 1ms, threshold: 1 } }"
        let out = try Self.run(
          Self.text(
            decode: 3, transfer: transfer, router: router,
            events: "{ at: 0s, pool: gpu, node: 3, fails: true, for: 1h }"))
        let fewer = try Self.run(Self.text(decode: 2, transfer: transfer, router: router))
        ReplicaLifeTests.expectSame(out, fewer, "\(policy) \(transfer)")
        #expect(Array(out.services[0].replicas[..<3]) == fewer.services[0].replicas)
        #expect(out.services[0].roleLives.map(\.falls) == [0, 1])
      }
    }
  }

  @Test("the outage of the only prefill replica adds what is left of it to the TTFT of those sent in it")
  func outageOfPrefill() throws {
    let arrivals = "{ process: constant, rate: 1/s }"
    let short = "{ distribution: constant, value: 20 }"
    func outcome(_ events: String) throws -> Outcome {
      try Self.run(Self.text(decode: 1, events: events, arrivals: arrivals, output: short))
    }
    let calm = try outcome("")
    let hit = try outcome("{ at: 100s, pool: gpu, node: 0, fails: true, for: 90s }")
    let plain = Dictionary(uniqueKeysWithValues: calm.records.map { ($0.serial, $0) })
    var inside = 0
    for record in hit.records {
      let sent = record.sent.seconds
      let ttft = try #require(record.ttft).seconds
      if sent > 101 && sent < 189 {
        inside += 1
        #expect(ttft >= 190 - sent && ttft < 190 - sent + 6, "sent at \(sent): \(ttft)")
      } else if sent < 95 || sent > 250 {
        #expect(record.ttft == plain[record.serial]?.ttft, "sent at \(sent)")
      }
    }
    #expect(inside > 80 && hit.services[0].tally.retried >= 3 && hit.services[0].tally.retried < 10)
    #expect(abs(hit.services[0].roleLives[0].availability! - 210.0 / 300) < 1e-9)
    #expect(hit.services[0].roleLives[1].availability == 1)
  }

  /// The decode replica has answered for 10 s when it is out for 60 s: what the client has stays.
  @Test("who loses the decode replica goes on from what the client has, prompt and all computed again")
  func outageOfDecode() throws {
    for transfer in Self.transfers {
      func outcome(_ events: String) throws -> Outcome {
        try Self.run(
          Self.text(
            decode: 1, transfer: transfer, events: events, arrivals: "{ process: burst, count: 4 }",
            prompt: "{ distribution: constant, value: 1000 }",
            output: "{ distribution: constant, value: 2000 }"))
      }
      let calm = try outcome("")
      let hit = try outcome("{ at: 10s, pool: gpu, node: 1, fails: true, for: 60s }")
      for (one, other) in zip(calm.records, hit.records) {
        #expect(one.ttft == other.ttft && one.outputTokens == other.outputTokens)
        let longer = (other.decode! - one.decode!).seconds
        #expect(longer > 60 && longer < 60.5, "\(transfer) \(longer)")
      }
      let (before, after) = (calm.services[0], hit.services[0])
      #expect(
        after.tally.retried == 4 && after.tally.interTokenGaps.count == before.tally.interTokenGaps.count)
      // A second pass over the prompts and what came out of them, and no token twice but the one in flight.
      let again = after.replicas[0].computedTokens - before.replicas[0].computedTokens
      let answered = Int64(4 * (2000 - 1)) - after.replicas[1].computedTokens
      #expect(again > 4 * 1000 + 4 * 300 && again < 4 * 1000 + 4 * 2000, "\(again)")
      // The prefill replica gives one token of each answer a second time round.
      #expect(answered >= 0 && answered <= 8, "\(answered)")
      let bytes = try #require(after.tally.transfers?.bytes)
      #expect(bytes > 2 * before.tally.transfers!.bytes && bytes < 4 * before.tally.transfers!.bytes)
      // 4 s until the router notices and a little for the second pass; then no decode replica is up.
      let lost = Double(after.tally.lostDecodeTicks) / 16e9
      let starved = Double(after.tally.transfers!.starvedTicks) / 16e9
      #expect(lost > 4 * 4 && lost < 4 * 4.5 && starved > 4 * 55.5 && starved < 4 * 56, "\(lost) \(starved)")
    }
  }

  @Test("while no decode replica is up prompts are computed, wait with their blocks, and then move")
  func noDecodeReplica() throws {
    let hit = try Self.run(
      Self.text(
        decode: 1, transfer: "{ first-token: prefill }",
        router: "{ policy: round-robin, health-check: { interval: 1ms, threshold: 1 } }",
        events: "{ at: 0s, pool: gpu, node: 1, fails: true, for: 30s }",
        arrivals: "{ process: constant, rate: 1/s }", duration: "60s",
        output: "{ distribution: constant, value: 20 }"))
    let early = hit.records.filter { $0.sent.seconds > 1 && $0.sent.seconds < 29 }
    #expect(early.count >= 27)
    for record in early {
      #expect(record.ttft!.seconds < 2, "the prefill replica is there")
      #expect(record.e2e!.seconds >= 30 - record.sent.seconds)
    }
    let starved = Double(hit.services[0].tally.transfers!.starvedTicks) / 16e9
    #expect(starved > 0.9 * 30 * 31 / 2 - 30 && starved < 30 * 31 / 2)
    let waiting = hit.services[0].samples.filter { $0.time.seconds == 20 }.map(\.queued)
    #expect(waiting == [20] || waiting == [19] || waiting == [18], "\(waiting)")
  }

  @Test("retries end after as many attempts as are allowed")
  func retries() throws {
    let failures = "{ node-mtbf: 60s, repair: 10s, software-mtbf: 90s }"
    for transfer in Self.transfers {
      for attempts in 0...2 {
        let retry = "retry: { attempts: \(attempts), backoff: 100ms, jitter: full }"
        let tally = try Self.run(Self.text(failures: failures, service: retry, transfer: transfer))
          .services[0].tally
        #expect(tally.retried <= attempts * tally.offered && (attempts > 1 || tally.failed > 0))
        if attempts == 0 { #expect(tally.retried == 0) }
      }
      let endless = try Self.run(Self.text(failures: failures, transfer: transfer)).services[0].tally
      #expect(endless.failed == 0 && endless.retried > 50 && endless.completed == endless.offered)
    }
  }

  @Test("spares take the place of broken nodes, and KV entries go there")
  func spares() throws {
    for (node, role) in [(0, 0), (1, 1)] {
      let life = try Self.run(
        Self.text(
          decode: 1, spare: 1, events: "{ at: 200s, pool: gpu, node: \(node), fails: true, for: 60s }")
      ).services[0].roleLives
      // Probes every 2 s, two of them: one that falls on a probe's tick is noticed by the next two.
      #expect(abs(life[role].heldSeconds - life[role].upSeconds - 4) < 1e-9 && life[1 - role].falls == 0)
    }
  }

  @Test("roles in pools of their own fall apart, and a pool that nothing befalls stays up")
  func ownPools() throws {
    let pools = """
      gpu: { site: dc, node: hgx-h100, count: 1, fabric: infiniband-ndr, failures: none }
            other: { site: dc, node: hgx-h200, count: 3, fabric: infiniband-ndr, \
      failures: { node-mtbf: 40s, repair: 5s } }
      """
    let text = Self.text(decode: 2, roles: ("", "pool: other")).replacing(
      "gpu: { site: dc, node: hgx-h100, count: 3, fabric: infiniband-ndr, failures: none }", with: pools)
    let outcome = try Self.run(text)
    #expect(outcome.services[0].roleLives[0].falls == 0 && outcome.services[0].roleLives[1].falls > 5)
    #expect(outcome.services[0].tally.completed == outcome.services[0].tally.offered)
  }

  // MARK: Many at once

  /// A random scenario with roles whose nodes break or are taken out.
  static func random(_ seed: UInt64) -> String {
    var stream = RandomStream(seed: seed, replication: 0, entity: "swarm", purpose: "role-failures")
    func pick(_ list: [String]) -> String { list[Int(stream.below(UInt32(list.count)))] }
    let failures = pick([
      "{ node-mtbf: 30s, repair: 2s }", "{ software-mtbf: 20s }",
      "{ node-mtbf: 25s, repair: 3s, shape: 0.6 }",
      "{ accelerator-mtbf: 300s, software-mtbf: 40s, repair: 4s, crews: 1 }", "none",
    ])
    let retry = pick(["", "retry: { attempts: 2, backoff: 300ms, jitter: full }, "])
    let start = pick(["", "cold-start: { engine-start: 2s }, "])
    let check = pick([
      "{ interval: 1s, threshold: 1 }", "{ interval: 2s, threshold: 2 }", "{ interval: 1ms }",
    ])
    let policy = pick(["round-robin", "least-loaded", "power-of-two"])
    let event =
      "{ at: \(pick(["0s", "3s", "9s"])), pool: gpu, node: 0, fails: true, for: \(pick(["1s", "6s"])) }"
    let text = DisaggregationTests.random(seed)
    let base = text.replacing(
      "count: 2, fabric: infiniband-ndr }", with: "count: 2, fabric: infiniband-ndr, failures: \(failures) }"
    ).replacing(
      "pool: gpu, router: \(router(of: text)),",
      with:
        "pool: gpu, \(retry)\(start)router: { policy: \(policy), health-check: \(check) },")
    return base + "\n    events: [ \(event) ]\n"
  }

  private static func router(of text: String) -> String {
    for name in ["round-robin", "least-loaded", "power-of-two"] where text.contains("router: \(name), disagg")
    {
      return name
    }
    return "round-robin"
  }

  @Test("random roles that fall hold their invariants, whatever happens to them", arguments: 0..<UInt64(6))
  func swarm(group: UInt64) throws {
    var falls = 0
    for seed in (group * 16)..<(group * 16 + 16) {
      let text = Self.random(seed)
      let (first, _) = try DisaggregationTests.run(text)
      let service = first.services[0]
      let tally = service.tally
      #expect(first.isComplete && tally.isConserved, "seed \(seed)")
      #expect(tally.offered == tally.completed + tally.rejected + tally.failed, "seed \(seed)")
      for record in first.records {
        guard let ttft = record.ttft else { continue }
        #expect(ttft == record.network! + record.queue! + record.prefill! && record.queue! >= .zero)
        #expect(record.decode! >= .zero && record.prefill! >= .zero, "seed \(seed)")
      }
      falls += service.life?.falls ?? 0
      let second = try DisaggregationTests.run(text, keep: false).outcome
      ReplicaLifeTests.expectSame(first, second)
      #expect(service.replicas == second.services[0].replicas && first.events == second.events)
      #expect(service.samples == second.services[0].samples && service.life == second.services[0].life)
    }
    #expect(falls > 20)
  }

  @Test("a limit on events loses nobody, wherever it stops")
  func limits() throws {
    for seed in [1, 4, 9, 13, 22] as [UInt64] {
      let model = DesignModel(scenario: try WorldTests.scenario(Self.random(seed)), designIndex: 0)
      for limit in stride(from: 1, to: 1500, by: 29) {
        var options = WorldOptions()
        options.maximumEvents = limit
        let tally = Simulation.run(model, replication: 0, options: options).services[0].tally
        #expect(tally.isConserved, "seed \(seed), \(limit)")
      }
    }
  }

  @Test("the shares of what bounds requests sum to 1, that of failures among them")
  func shares() async throws {
    var texts = (0..<12).map { Self.random($0) }
    let slow = "{ bandwidth: 50MB/s, links-per-node: 1 }"
    for transfer in Self.transfers + [slow] {
      let failures = "{ node-mtbf: 60s, repair: 10s }"
      texts.append(Self.text(failures: failures, transfer: transfer, duration: "2m"))
      texts.append(
        Self.text(
          failures: failures, transfer: transfer, duration: "2m",
          output: "{ distribution: constant, value: 2 }"))
    }
    texts.append(ReplicaLifeTests.text(failures: "{ node-mtbf: 60s, repair: 15s }", duration: "3m"))
    var seen = 0
    for text in texts {
      let results = await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
      let shares = results.rows.filter { $0.metric == "bound_by" && $0.replication == nil }
      let values = shares.compactMap(\.value)
      if values.isEmpty { continue }
      #expect(abs(values.reduce(0, +) - 1) < 1e-9 && values.allSatisfy { $0 > -1e-9 }, "\(values)")
      if shares.last?.value ?? 0 > 0 { seen += 1 }
      #expect(shares.last?.statistic == "failure")
    }
    #expect(seen > 10)
  }

  @Test("beside training on the same ports, leaves and nodes")
  func besideTraining() throws {
    let workloads =
      "  train: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 96, duration: 4m }"
    let jobs = """
      jobs: { train: { workload: train, pool: gpu, accelerators: 12, parallelism: { tensor: 4 }, \
      restart: 5s, checkpoint: { every: 30s, to: fs } } }
      """
    for transfer in Self.transfers {
      let text = Self.text(
        prefill: 1, decode: 2, spare: 2, failures: "{ node-mtbf: 2m, repair: 20s, software-mtbf: 3m }",
        service: "cold-start: { from: fs, engine-start: 5s }", transfer: transfer,
        events: "{ at: 100s, site: dc, fails: true, for: 10s }", more: jobs, workloads: workloads
      ).replacing("tensor: 8", with: "tensor: 4").replacing(
        "fabric: infiniband-ndr,", with: "fabric: ethernet-100g,")
      let one = try Self.run(text)
      let other = try Self.run(text)
      ReplicaLifeTests.expectSame(one, other)
      #expect(one.jobs[0].finish == other.jobs[0].finish && one.jobs[0].interruptions > 0)
      #expect(one.services[0].life!.falls > 5)
    }
  }
}
