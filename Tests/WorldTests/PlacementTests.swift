import DryRack
import Foundation
import Testing

@testable import World

/// Services on several pools and endpoints: laws that hold whatever the members are.
@Suite("Services on several members")
struct PlacementTests {
  private static let card = "node: { accelerator: l40s, accelerators: 1 }"
  static let two = "placement: [ { pool: near }, { pool: far } ]"

  /// Two pools of one small accelerator at two sites, and whatever the service says of them.
  static func text(
    _ service: String, rate: String = "8/s", arrivals: String? = nil, workload: String = "",
    line: String = "{ bandwidth: 1Gbps, latency: 20ms }", lengths: (String, String)? = nil,
    head: String = "requests: 400", egress: String = "0.1 USD/GB", top: String = ""
  ) -> String {
    """
    version: 1
    name: placement
    seed: 5
    \(top)
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        \(head)
        arrivals: \(arrivals ?? "{ process: poisson, rate: \(rate) }")
        prompt-tokens: \(lengths?.0 ?? "{ distribution: lognormal, mean: 700, cv: 1, max: 6000 }")
        output-tokens: \(lengths?.1 ?? "{ distribution: lognormal, mean: 90, cv: 0.7, max: 800 }")
        slo: { ttft: 800ms }
        \(workload)
    designs:
      one:
        sites:
          home: { kind: on-prem, region: eu, electricity: 0.1 USD/kWh, links: { away: \(line) } }
          away: { kind: cloud, provider: aws, region: us-east-1, egress: \(egress) }
        pools:
          near: { site: home, \(card), count: 1, purchase: { price: 9000 USD } }
          far: { site: away, \(card), count: 2, pricing: { price: 1.1 USD/h } }
        services: { chat: { workload: chat, max-sequences: 32, \(service) } }
    """
  }

  static func run(_ text: String) throws -> Outcome {
    var options = WorldOptions()
    options.keepsRequests = true
    options.verifiesLeaps = true
    let model = DesignModel(scenario: try WorldTests.scenario(text), designIndex: 0)
    return Simulation.run(model, replication: 0, options: options)
  }

  static func requests(of outcome: Outcome) -> [Int] {
    outcome.services.map { $0.member?.requests ?? 0 }
  }

  /// What a client sees of each request, in the order of sending.
  static func answers(_ outcome: Outcome) -> [[Double?]] {
    outcome.records.sorted { $0.serial < $1.serial }.map { record in
      [record.sent.seconds, record.ttft?.seconds, record.e2e?.seconds, record.queue?.seconds]
    }
  }

  static let kinds = [
    "", "sessions: { turns: 3, think-time: 300ms }", "prefix: { shared-tokens: 200, groups: 3, zipf: 1 }",
  ]
  static let arrivals = [
    "{ process: poisson, rate: 8/s }", "{ process: closed-loop, users: 40, think-time: 200ms }",
    "{ process: burst, count: 90 }",
  ]

  @Test("one member is the service itself, to the last metric", arguments: kinds, arrivals)
  func oneMember(kind: String, arrivals: String) async throws {
    let plain = Self.text("pool: far, router: power-of-two", arrivals: arrivals, workload: kind)
    let placed = Self.text(
      "placement: [ { pool: far } ], router: power-of-two", arrivals: arrivals, workload: kind)
    let own = await Experiment.run(try WorldTests.scenario(plain), options: RunOptions())
    let other = await Experiment.run(try WorldTests.scenario(placed), options: RunOptions())
    #expect(own.rows == other.rows && own.costs == other.costs && own.series == other.series)
  }

  @Test(
    "all of the weight on the first, or a limit that is never reached, is the first alone", arguments: kinds,
    arrivals)
  func allOnTheFirst(kind: String, arrivals: String) throws {
    let alone = try Self.run(Self.text("pool: far, router: power-of-two", arrivals: arrivals, workload: kind))
    let members =
      "placement: [ { pool: far, router: power-of-two }, { pool: near }, "
      + "{ endpoint: together-llama-3.1-8b } ]"
    for overflow in [
      "{ share: { far: 100%, near: 0%, together-llama-3.1-8b: 0% } }", "{ policy: order, spill-at: 1e9 }",
      "{ policy: order, spill-at: 1e9, counts: in-hand }", "{ policy: nearest, spill-at: 1e9 }",
    ] {
      let placed = try Self.run(
        Self.text("\(members), enters: away, overflow: \(overflow)", arrivals: arrivals, workload: kind))
      #expect(Self.answers(alone) == Self.answers(placed), "\(overflow)")
      #expect(Self.requests(of: placed).dropFirst().allSatisfy { $0 == 0 })
      #expect(alone.services[0].tally.e2e == placed.services[0].tally.e2e)
      #expect(alone.services[0].tally.interTokenGaps == placed.services[0].tally.interTokenGaps)
    }
  }

  @Test("the more is sent, the larger the part that the first member does not take")
  func monotone() throws {
    for overflow in ["order", "forecast", "{ policy: order, counts: in-hand, spill-at: 20 }"] {
      var last = 0.0
      for rate in [1, 6, 12, 24, 48] {
        // What overflows has room: past the room of both, queues grow alike.
        let members = "placement: [ { pool: near }, { endpoint: together-llama-3.1-8b } ]"
        let outcome = try Self.run(Self.text("\(members), overflow: \(overflow)", rate: "\(rate)/s"))
        let counts = Self.requests(of: outcome)
        let share = Double(counts[1]) / Double(counts.reduce(0, +))
        #expect(share >= last - 0.02, "\(overflow) at \(rate)/s: \(share) after \(last)")
        if rate == 1 { #expect(share == 0) }
        last = max(last, share)
      }
      #expect(last > 0.3, "\(overflow)")
    }
  }

  @Test("every request goes to one member and its time is accounted for to the tick")
  func conserved() throws {
    var stream = RandomStream(seed: 11, replication: 0, entity: "placements", purpose: "test")
    func pick(_ list: [String]) -> String { list[Int(stream.below(UInt32(list.count)))] }
    for _ in 0..<40 {
      let members = pick([
        Self.two, "placement: [ { pool: far, replicas: 2 }, { pool: near, max-sequences: 4 } ]",
        "placement: [ { endpoint: together-llama-3.1-8b }, { pool: near } ]",
        "placement: [ { pool: near, spill-at: 0 }, { pool: far }, { endpoint: together-llama-3.1-8b } ]",
        "placement: [ { pool: near, kv-blocks: 60 }, { pool: far, kv-blocks: 300 } ]",
      ])
      let overflow = pick([
        "order", "forecast", "cost", "nearest", "{ policy: cost, factor: 0.5 }",
        "{ policy: order, counts: in-hand, spill-at: 3 }",
      ])
      let more = pick([
        "", ", enters: away", ", admission: { rate-limit: 6/s, burst: 5 }",
        ", admission: { policy: slo-aware }", ", bytes-per-token: 4000",
      ])
      if members.hasPrefix("placement: [ { endpoint") && more.contains("admission") { continue }
      let text = Self.text(
        "\(members), overflow: \(overflow)\(more)", arrivals: pick(Self.arrivals), workload: pick(Self.kinds),
        line: pick(["{ bandwidth: 1Gbps, latency: 20ms }", "{ bandwidth: 20Mbps, latency: 1s }"]))
      let outcome = try Self.run(text)
      let tally = outcome.services[0].tally
      #expect(tally.isConserved && tally.running == 0 && tally.queued == 0)
      #expect(Self.requests(of: outcome).reduce(0, +) + tally.rejected == tally.offered)
      for record in outcome.records where record.status == .completed {
        let parts = record.network! + record.queue! + record.prefill!
        #expect(record.ttft == parts && record.queue! >= .zero && record.decode! >= .zero)
      }
      #expect(outcome.services.allSatisfy { $0.member?.violations == 0 })
      #expect(Self.answers(outcome) == Self.answers(try Self.run(text)), "a run repeats itself")
    }
  }

  @Test("a run that is cut short has lost nobody", arguments: [50, 400, 1500, 4000])
  func cutShort(events: Int) throws {
    var options = WorldOptions()
    options.maximumEvents = events
    let text = Self.text(
      "placement: [ { pool: near }, { pool: far }, { endpoint: together-llama-3.1-8b } ], overflow: "
        + "{ policy: order, spill-at: 1 }", rate: "60/s", line: "{ bandwidth: 20Mbps, latency: 300ms }",
      head: "requests: 4000")
    let model = DesignModel(scenario: try WorldTests.scenario(text), designIndex: 0)
    let outcome = Simulation.run(model, replication: 0, options: options)
    let tally = outcome.services[0].tally
    #expect(tally.isConserved && outcome.earlyEnd == .events && tally.running + tally.queued > 0)
  }
}

/// Lines between sites, in hand-made numbers.
@Suite("Lines between sites")
struct LineTests {
  private static let even = (
    "{ distribution: constant, value: 500 }", "{ distribution: constant, value: 50 }"
  )

  private static func times(_ line: String, rate: String = "0.5/s", more: String = "") throws -> Outcome {
    try PlacementTests.run(
      PlacementTests.text(
        "placement: [ { pool: far } ], enters: home\(more)", arrivals: "{ process: constant, rate: \(rate) }",
        line: line, lengths: even, head: "requests: 40"))
  }

  @Test("the way there and back comes once, before the first token")
  func roundTrip() throws {
    let near = try Self.times("{ bandwidth: 100Gbps, latency: 0s }")
    let far = try Self.times("{ bandwidth: 100Gbps, latency: 70ms }")
    for (own, other) in zip(near.records, far.records) {
      #expect(abs((other.ttft! - own.ttft!).seconds - 0.14) < 1e-9)
      #expect(other.decode == own.decode && other.prefill == own.prefill && other.queue == own.queue)
      #expect(abs((other.e2e! - own.e2e!).seconds - 0.14) < 1e-9)
    }
  }

  @Test("prompts and answers take their size over the bandwidth")
  func bandwidth() throws {
    let wide = try Self.times("{ bandwidth: 100Gbps, latency: 0s }", more: ", bytes-per-token: 1000")
    // 500 kB up at 1 MB/s, 50 kB down.
    let narrow = try Self.times("{ bandwidth: 1MB/s, latency: 0s }", more: ", bytes-per-token: 1000")
    for (own, other) in zip(wide.records, narrow.records) {
      #expect(abs((other.network! - own.network!).seconds - 0.5) < 1e-4)
      #expect(abs((other.decode! - own.decode!).seconds - 0.05) < 1e-4)
    }
  }

  @Test("a line that is asked for more than it carries makes its requests wait, each longer than the last")
  func saturated() throws {
    let outcome = try Self.times("{ bandwidth: 100kB/s, latency: 0s }", more: ", bytes-per-token: 1000")
    let waits = outcome.records.sorted { $0.serial < $1.serial }.map { $0.network!.seconds }
    // One prompt takes 5 s, and one comes every 2 s: the n-th waits 3 s more than the one before it.
    for (index, wait) in waits.enumerated() { #expect(abs(wait - 5 - 3 * Double(index)) < 1e-6) }
  }

  @Test("a day of 10 TB: hours over the line and dollars a GB")
  func movingTenTerabytes() async throws {
    let text = """
      version: 1
      name: moving
      economics: { horizon: 1y, discount-rate: 0% }
      workloads:
        tune: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 64, steps: 20 }
      designs:
        one:
          sites:
            home:
              kind: on-prem
              egress: 0.02 USD/GB
              links: { away: { bandwidth: 10Gbps, latency: 15ms } }
            away: { kind: cloud, provider: aws, region: us-east-1 }
          pools: { gpu: { site: away, node: p5.48xlarge, count: 1, pricing: on-demand, failures: none } }
          jobs:
            first:
              workload: tune
              pool: gpu
              optimizer-sharding: 3
              stage-in: { from: home, size: 10TB }
      """
    func value(_ text: String, _ metric: String) async throws -> Double {
      let results = await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
      let row = results.rows.first {
        $0.metric == metric && ["value", "mean"].contains($0.statistic) && $0.replication == nil
      }
      return try #require(row?.value, "\(metric)")
    }
    let staged = try await value(text, "stage_in_s")
    #expect(abs(staged - 8000.015) < 1e-6, "10 TB at 10 Gb/s take 2.2 h")
    let without = text.replacing("stage-in: { from: home, size: 10TB }", with: "accelerators: 8")
    let longer = try await value(text, "time_to_train_s") - value(without, "time_to_train_s")
    #expect(abs(longer - staged) < 1e-6)
    let dearer = try await value(text, "cost_total") - value(without, "cost_total")
    #expect(abs(dearer - 10_000 * 0.02) < 0.01)
    let run = try await value(text, "cost_per_training_run") - value(without, "cost_per_training_run")
    #expect(abs(run - 200) < 0.01)
  }

  @Test("what leaves is paid for where it leaves, by the byte")
  func egress() async throws {
    func cost(_ egress: String, bytes: Double) async throws -> (cost: Double, volume: Double) {
      let text = PlacementTests.text(
        "placement: [ { pool: near, spill-at: 0 }, { pool: far } ], bytes-per-token: \(bytes)", rate: "20/s",
        lengths: Self.even, egress: egress)
      let results = await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
      func value(_ metric: String) throws -> Double {
        try #require(results.row(design: "one", metric: metric)?.value)
      }
      return (try value("cost_per_month"), try value("egress_gb_per_month"))
    }
    let free = try await cost("0 USD/GB", bytes: 4)
    let paid = try await cost("0.5 USD/GB", bytes: 4)
    let double = try await cost("0.5 USD/GB", bytes: 8)
    #expect(free.volume == paid.volume && paid.volume > 0)
    // Prompts leave home, where that is free, answers the cloud: 500 and 50 tokens.
    #expect(abs((paid.cost - free.cost) / (0.5 * paid.volume * 50 / 550) - 1) < 1e-6)
    #expect(abs((double.cost - free.cost) / (paid.cost - free.cost) - 2) < 0.01)
  }
}
