import DryRack
import Foundation
import Testing

@testable import Experiments
@testable import World

/// Members that scale, on nodes that come and go.
@Suite("Pools whose nodes come and go")
struct ElasticTests {
  /// Calm, then more than `near` answers, then calm again.
  private static let surge =
    "{ process: schedule, points: [[0s, 2/s], [60s, 2/s], [61s, 30/s], [240s, 30/s], [241s, 2/s]] }"
  static let scaling =
    "autoscale: { min: 0, max: 4, metric: queue-depth, target: 8, interval: 5s, stabilization: 60s }"

  /// `near` has one accelerator; `far` nodes of one each, as many as the pool says.
  static func text(
    _ service: String, count: String = "{ min: 0, max: 4 }", provisioning: String = "", node: Int = 1,
    arrivals: String = surge, duration: String = "15m", more: String = ""
  ) -> String {
    PlacementTests.text(service, arrivals: arrivals, head: "", top: "duration: \(duration)")
      .replacing(
        "count: 2, pricing", with: "count: \(count), \(provisioning)pricing"
      )
      .replacing(
        "far: { site: away, node: { accelerator: l40s, accelerators: 1 }",
        with: "far: { site: away, node: { accelerator: l40s, accelerators: \(node) }") + "\n    \(more)"
  }

  private static func fleet(_ outcome: Outcome) throws -> FleetOutcome {
    try #require(outcome.fleets.indices.contains(1) ? outcome.fleets[1] : nil)
  }

  static func results(_ text: String) async throws -> RunResults {
    await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
  }

  @Test("a member that nobody needs holds nothing, one that is needed comes, helps and goes")
  func fromZero() throws {
    let delay = 40.0
    let text = Self.text(
      "placement: [ { pool: near }, { pool: far, \(Self.scaling) } ]",
      provisioning: "provisioning: { delay: \(Int(delay))s }, ")
    let outcome = try PlacementTests.run(text)
    let tally = outcome.services[0].tally
    #expect(tally.isConserved && tally.offered == tally.completed)
    let fleet = try Self.fleet(outcome)
    #expect(fleet.mostHeld >= 2 && fleet.mostHeld <= 4 && fleet.stockOuts == 0)
    #expect(fleet.meanHeld! > 0.3 && fleet.meanHeld! < 3)
    for record in outcome.records where record.replica! > 0 {
      // Nobody is answered there before the first look after the rise, and the machines.
      #expect((record.sent + record.ttft!).seconds > 61 + delay)
    }
    let late = outcome.records.filter { $0.sent.seconds > 700 }
    #expect(late.allSatisfy { $0.replica == 0 }, "back to none")
    #expect(PlacementTests.requests(of: outcome)[1] > 500)
    let alone = try PlacementTests.run(Self.text("pool: near", count: "2"))
    func median(_ outcome: Outcome) -> Double { outcome.services[0].tally.ttft.quantile(0.5)! }
    #expect(median(outcome) < median(alone) / 4)
    #expect(PlacementTests.answers(outcome) == PlacementTests.answers(try PlacementTests.run(text)))
  }

  @Test("without a rise nothing is ever held, and nothing is paid for it")
  func calm() async throws {
    let calm = "{ process: poisson, rate: 2/s }"
    let placed = try await Self.results(
      Self.text("placement: [ { pool: near }, { pool: far, \(Self.scaling) } ]", arrivals: calm))
    let rent = placed.costs.filter { $0.serviceName.contains("l40s") && $0.providerName == "aws" }
    #expect(rent.allSatisfy { $0.billedCostMicros == 0 })
    #expect(placed.rows.first { $0.metric == "pool_nodes" }?.value == 0)
    #expect(
      placed.rows.contains { $0.metric == "member_cost_per_month" && $0.statistic == "far" && $0.value == 0 })
  }

  @Test("as many at least as at most are so many replicas, and cost what they do", arguments: [1, 2])
  func fixed(node: Int) async throws {
    let (count, replicas) = (2, 2 * node)
    let members = "placement: [ { pool: near }, { pool: far, "
    let scaled = Self.text(
      members + "autoscale: { min: \(replicas), max: \(replicas), target: 3 } } ]",
      count: "{ min: \(count), max: \(count) }", node: node)
    let plain = Self.text(members + "replicas: \(replicas) } ]", count: "\(count)", node: node)
    #expect(
      PlacementTests.answers(try PlacementTests.run(scaled))
        == PlacementTests.answers(try PlacementTests.run(plain)))
    let (own, other) = (try await Self.results(scaled), try await Self.results(plain))
    for row in other.rows {
      let same = own.rows.first {
        $0.metric == row.metric && $0.statistic == row.statistic && $0.workload == row.workload
          && $0.replication == row.replication
      }
      #expect(same?.value == row.value, "\(row.metric) \(row.statistic)")
    }
    #expect(own.costs.map(\.billedCostMicros) == other.costs.map(\.billedCostMicros))
  }

  @Test("what is held is paid: mean nodes times hours times the price, never more than all of them")
  func bill() async throws {
    func cost(_ text: String) async throws -> (far: Double, nodes: Double?) {
      let results = try await Self.results(text)
      let all = results.row(design: "one", metric: "cost_per_month")?.value ?? 0
      return (all, results.rows.first { $0.metric == "pool_nodes" }?.value)
    }
    let members = "placement: [ { pool: near }, { pool: far, "
    let elastic = try await cost(Self.text(members + Self.scaling + " } ]"))
    let whole = try await cost(Self.text(members + Self.scaling + " } ]", count: "4"))
    let fixed = try await cost(Self.text(members + "replicas: 4 } ]", count: "4"))
    let nodes = try #require(elastic.nodes)
    #expect(elastic.far < whole.far && elastic.far < fixed.far && whole.nodes == nil)
    let saved = whole.far - elastic.far
    // Egress and energy are alike: the same requests go the same ways.
    #expect(abs(saved / ((4 - nodes) * 1.1 * Calendar.hoursPerMonth) - 1) < 1e-4, "\(saved) for \(nodes)")
  }

  @Test(
    "nobody holds more of a pool than was held of it, whatever is cut off", arguments: ["", "\nwarmup: 2m"])
  func shares(warmup: String) throws {
    let members = "placement: [ { pool: near }, { pool: far, " + Self.scaling + " } ]"
    let scenario = try WorldTests.scenario(Self.text(members, duration: "15m" + warmup))
    let model = DesignModel(scenario: scenario, designIndex: 0)
    let outcome = Simulation.run(model, replication: 0)
    let elastic = model.design.pools.firstIndex(where: \.isElastic)
    let pool = try #require(elastic)
    let held = PoolHold(model.design.pools[pool], pool, outcome).accelerators(of: model.design.pools[pool])
    var own = 0.0
    for (index, service) in model.design.services.enumerated() {
      for (role, deployment) in service.deployments.enumerated() where deployment.poolIndex == pool {
        own += outcome.replicasHeld(ofService: index, role: role, of: model.design)
      }
    }
    #expect(own > 0.5 * held && own <= held * (1 + 1e-9), "\(own) of \(held)")
  }

  @Test("where no capacity comes the next one is asked, and attempts are counted")
  func nothingComes() throws {
    let text = Self.text(
      "placement: [ { pool: near }, { pool: far, \(Self.scaling) }, { endpoint: together-llama-3.1-8b } ]",
      provisioning: "provisioning: { delay: 1s, stock-out: 99% }, ", duration: "5m")
    let outcome = try PlacementTests.run(text)
    let counts = PlacementTests.requests(of: outcome)
    #expect(counts[2] > 1000 && outcome.services[0].tally.isConserved)
    let fleet = try Self.fleet(outcome)
    #expect(fleet.stockOuts > 0 && fleet.stockOuts <= fleet.attempts)
  }

  @Test("so many attempts fail as the chance says, and nodes come the later")
  func stockOuts() throws {
    var (attempts, failed) = (0, 0)
    let scenario = try WorldTests.scenario(
      Self.text(
        "placement: [ { pool: near }, { pool: far, \(Self.scaling) } ]",
        provisioning: "provisioning: { delay: 3s, stock-out: 60% }, ", duration: "5m"))
    #expect(scenario.isStochastic)
    let model = DesignModel(scenario: scenario, designIndex: 0)
    for replication in 0..<24 {
      let outcome = Simulation.run(model, replication: replication)
      attempts += outcome.fleets[1]!.attempts
      failed += outcome.fleets[1]!.stockOuts
      #expect(outcome.fleets[1]!.attempts - outcome.fleets[1]!.stockOuts >= outcome.fleets[1]!.mostHeld)
      #expect(outcome.fleets == Simulation.run(model, replication: replication).fleets)
    }
    let expected = 0.6 * Double(attempts)
    #expect(abs(Double(failed) - expected) < 4 * (expected * 0.4).squareRoot(), "\(failed) of \(attempts)")
  }

  @Test("a site is lost: a member without replicas comes for those that wait, and goes when it is back")
  func lostSite() throws {
    let text = Self.text(
      "placement: [ { pool: near }, { pool: far, \(Self.scaling) } ], "
        + "router: { policy: least-loaded, health-check: { interval: 2s, threshold: 2 } }",
      provisioning: "provisioning: { delay: 30s }, ", arrivals: "{ process: constant, rate: 4/s }",
      more: "events: [ { at: 100s, pool: near, fails: true, for: 300s } ]")
    let outcome = try PlacementTests.run(text)
    let tally = outcome.services[0].tally
    #expect(tally.isConserved && tally.completed == tally.offered)
    for record in outcome.records where record.sent.seconds > 101 && record.sent.seconds < 399 {
      #expect(record.replica! > 0, "\(record.sent.seconds)")
    }
    // Those sent while nobody was there waited for the machines, no longer.
    #expect(outcome.records.allSatisfy { $0.ttft!.seconds < 60 })
    #expect(outcome.records.filter { $0.sent.seconds > 600 }.allSatisfy { $0.replica == 0 })
    #expect(outcome.services[0].member!.passedOn > 100)
  }

  @Test("a member that has scaled down is not out: nobody stands in for it")
  func standby() throws {
    let outcome = try PlacementTests.run(
      Self.text(
        "placement: [ { endpoint: together-llama-3.1-8b, standby: warm }, { pool: near }, "
          + "{ pool: far, \(Self.scaling) } ]", arrivals: "{ process: poisson, rate: 2/s }"))
    #expect(PlacementTests.requests(of: outcome).last! == 0 || outcome.services[0].tally.isConserved)
    let byName = zip(["endpoint", "near", "far"], PlacementTests.requests(of: outcome))
    #expect(byName.first { $0.0 == "endpoint" }?.1 == 0)
  }

  @Test("replicas of a node share it: no more nodes are held than replicas fill")
  func packed() throws {
    let outcome = try PlacementTests.run(
      Self.text(
        "placement: [ { pool: near }, { pool: far, "
          + "autoscale: { min: 0, max: 8, target: 4, interval: 5s, stabilization: 60s } } ]",
        count: "{ min: 1, max: 4 }", node: 4))
    let fleet = try Self.fleet(outcome)
    let life = try #require(outcome.services[1].life)
    #expect(fleet.mostHeld <= (life.mostUp + 3) / 4 + 1 && fleet.mostHeld >= (life.mostUp + 3) / 4)
    #expect(fleet.heldNodeSeconds >= fleet.span && fleet.heldNodeSeconds * 4 >= life.heldSeconds)
  }

  @Test("whatever comes and goes, nobody is lost and the same comes out twice", arguments: 0..<14)
  func conserved(number: Int) throws {
    var stream = RandomStream(seed: 31, replication: number, entity: "elastic", purpose: "test")
    func pick(_ list: [String]) -> String { list[Int(stream.below(UInt32(list.count)))] }
    let whole = Self.text(
      pick([
        "placement: [ { pool: near }, { pool: far, SCALING } ]",
        "placement: [ { pool: far, SCALING }, { pool: near } ]",
        "placement: [ { pool: near }, { pool: far, SCALING }, { endpoint: together-llama-3.1-8b } ]",
        "placement: [ { pool: far, SCALING } ]", "pool: far, SCALING",
      ]).replacing(
        "SCALING",
        with: "autoscale: { min: \(pick(["0", "1", "2"])), max: 4, metric: "
          + "\(pick(["queue-depth", "running", "kv-usage"])), target: \(pick(["0.3", "4", "12"])), interval: "
          + "\(pick(["2s", "15s"])), stabilization: \(pick(["0s", "40s"])), provisioning: "
          + "\(pick(["0s", "7s"])), cold-start: \(pick(["from-storage", "20s", "0s"])) }")
        + pick([
          "", ", overflow: forecast", ", overflow: { counts: in-hand, spill-at: 20 }",
          ", retry: { attempts: 2, backoff: 100ms, jitter: full }",
        ]) + pick(["", ", circuit-breaker: { errors: 50%, window: 10s, cool-down: 15s }"]),
      count: pick(["{ min: 0, max: 4 }", "{ min: 2, max: 4 }", "4"]),
      provisioning: pick(["", "provisioning: { delay: 20s, stock-out: 40% }, "]),
      arrivals: pick([
        Self.surge, "{ process: poisson, rate: 12/s }",
        "{ process: closed-loop, users: 60, think-time: 1s }",
      ]), duration: "6m",
      more: pick([
        "", "events: [ { at: 70s, pool: far, fails: true, for: 50s } ]",
        "events: [ { at: 70s, site: home, fails: true, for: 100s }, "
          + "{ at: 90s, pool: far, node: 0, fails: true, for: 60s } ]",
      ])
    )
    // What is about several members says nothing of one.
    let overflows = [", overflow: forecast", ", overflow: { counts: in-hand, spill-at: 20 }"]
    let text =
      whole.contains("placement: [ ") ? whole : overflows.reduce(whole) { $0.replacing($1, with: "") }
    let outcome = try PlacementTests.run(text)
    let tally = outcome.services[0].tally
    #expect(tally.isConserved && tally.running == 0 && tally.queued == 0, "\(text)")
    for record in outcome.records where record.status == .completed {
      #expect(record.ttft == record.network! + record.queue! + record.prefill! && record.queue! >= .zero)
    }
    let again = try PlacementTests.run(text)
    #expect(
      PlacementTests.answers(outcome) == PlacementTests.answers(again) && outcome.fleets == again.fleets)
    for fleet in outcome.fleets {
      guard let fleet else { continue }
      #expect(fleet.mostHeld <= 4 && fleet.heldNodeSeconds <= 4 * fleet.span + 1e-6)
    }
  }

  @Test("a pool whose members may not get a request stays at its minimum, and a constraint only costs")
  func elsewhere() async throws {
    func cost(least: Int, residency: String) async throws -> RunResults {
      try await Self.results(
        PlacementTests.text(
          "placement: [ { pool: near }, { pool: far, autoscale: { min: 0, max: 2, metric: running, "
            + "target: 8, interval: 1s, stabilization: 5s, cold-start: 2s } } ]", workload: residency,
          lengths: ("{ distribution: constant, value: 300 }", "{ distribution: constant, value: 20 }")
        ).replacing("count: 2, pricing", with: "count: { min: \(least), max: 2 }, pricing"))
    }
    for least in 0...1 {
      let results = try await cost(least: least, residency: "residency: [home]")
      let rent = results.costs.filter { $0.chargeDescription.contains("held on the mean") }
      let hours = rent.reduce(0) { $0 + $1.pricingQuantity }
      let months = 36.0
      #expect(abs(hours - Double(least) * 730.5 * months) < 1e-3 * months, "\(hours) node-hours")
      #expect(results.notes.contains { $0.contains("'far' gets no request") })
    }
  }
}
