import DryRack
import Kernel
import Testing

@testable import World

/// Prefill and decode replicas whose numbers follow what there is to do.
@Suite("Roles that scale") struct RoleAutoscaleTests {
  static let arrivals =
    "{ process: schedule, points: [[0s, 2/s], [60s, 2/s], [61s, 24/s], [160s, 24/s], [161s, 1/s]] }"
  static let router = "{ policy: least-loaded, health-check: { interval: 2s, threshold: 2 } }"

  static func text(
    _ prefill: String, _ decode: String, failures: String = "none", service: String = "",
    transfer: String = "{}", events: String = "", spare: Int = 6
  ) -> String {
    RoleLifeTests.text(
      prefill: 1, decode: 1, spare: spare, failures: failures, service: service,
      roles: (
        prefill.isEmpty ? "" : "autoscale: \(prefill)", decode.isEmpty ? "" : "autoscale: \(decode)"
      ), transfer: transfer, router: router, events: events, arrivals: arrivals, duration: "6m",
      prompt: "{ distribution: lognormal, mean: 3000, cv: 0.6, max: 12000 }")
  }

  static let queue = "{ max: 4, metric: queue-depth, target: 1, interval: 10s, stabilization: 1m }"
  static let cache = "{ max: 4, metric: kv-usage, target: 0.02, interval: 10s, stabilization: 1m }"
  static let running = "{ max: 4, metric: running, target: 20, interval: 10s, stabilization: 1m }"

  @Test("each role follows its own metric, and is back when the load is gone")
  func rolesFollowTheLoad() throws {
    for transfer in RoleLifeTests.transfers[..<2] {
      for decode in [Self.cache, Self.running] {
        for start in ["", "cold-start: { engine-start: 5s }", "cold-start: { from: fs, engine-start: 5s }"] {
          let outcome = try RoleLifeTests.run(
            Self.text(Self.queue, decode, service: start, transfer: transfer))
          let lives = outcome.services[0].roleLives
          #expect(lives.allSatisfy { $0.mostUp > 1 && $0.heldSeconds < 3.5 * $0.span }, "\(lives)")
          let samples = try #require(outcome.services[0].disaggregation)
          for role in [samples.prefillSamples, samples.decodeSamples] {
            func mean(_ from: Double, _ to: Double) -> Double {
              let up = role.filter { $0.time.seconds > from && $0.time.seconds < to }.compactMap(\.up)
              return Double(up.reduce(0, +)) / Double(up.count)
            }
            // Those who read their weights first find a queue when they are up.
            if start.contains("from") { continue }
            #expect(mean(90, 160) > mean(30, 60) + 0.3, "\(mean(90, 160)) \(mean(30, 60))")
            #expect(role.last { $0.time.seconds < 350 }?.up == 1)
          }
        }
      }
    }
  }

  @Test("one role scales and the other stays")
  func oneRole() throws {
    let prefill = try RoleLifeTests.run(Self.text(Self.queue, "")).services[0].roleLives
    let decode = try RoleLifeTests.run(
      Self.text("", Self.running.replacing("target: 20", with: "target: 10"))
    ).services[0].roleLives
    #expect(prefill[0].mostUp > 1 && prefill[1].mostUp == 1 && prefill[1].availability == 1)
    #expect(decode[1].mostUp > 1 && decode[0].mostUp == 1)
  }

  @Test("bounds that leave no choice change nothing")
  func fixed() throws {
    let one = "{ min: 1, max: 1, target: 1 }"
    let never = try RoleLifeTests.run(Self.text(one, one))
    let fixed = try RoleLifeTests.run(Self.text("", ""))
    ReplicaLifeTests.expectSame(never, fixed)
  }

  @Test("from no replicas at all, and back to none")
  func fromNothing() throws {
    let none = "{ min: 0, max: 3, metric: running, target: 20, interval: 5s, stabilization: 10s }"
    for transfer in RoleLifeTests.transfers {
      let text = RoleLifeTests.text(
        prefill: 1, decode: 1, spare: 2, roles: ("autoscale: \(none)", "autoscale: \(none)"),
        transfer: transfer, router: Self.router,
        arrivals: "{ process: schedule, points: [[0s, 1/h], [200s, 1/h], [201s, 3/s]] }")
      let outcome = try RoleLifeTests.run(text)
      #expect(outcome.services[0].tally.completed > 100)
      let samples = try #require(outcome.services[0].disaggregation)
      for role in [samples.prefillSamples, samples.decodeSamples] {
        #expect(role.contains { $0.up == 0 && $0.time.seconds < 200 } && role.contains { $0.up! > 0 })
      }
    }
  }

  @Test("roles that come and go, fall and are out, beside a job that gives way", arguments: 0..<4)
  func everythingAtOnce(replication: Int) throws {
    let workloads =
      "  train: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 96, duration: 6m }"
    let jobs = """
      jobs: { train: { workload: train, pool: gpu, accelerators: 24, parallelism: { tensor: 2 }, \
      restart: 10s, checkpoint: { every: 1m, to: fs, on-notice: true }, preemptible: true } }
      """
    let transfer = RoleLifeTests.transfers[replication % 4]
    let text = RoleLifeTests.text(
      prefill: 1, decode: 1, spare: 3, failures: "{ node-mtbf: 6m, repair: 40s, software-mtbf: 8m }",
      service: "cold-start: { from: fs, engine-start: 5s }\n        retry: { attempts: 5, backoff: 1s }",
      roles: ("autoscale: \(Self.queue)", "autoscale: \(Self.running)"), transfer: transfer,
      router: Self.router, events: "{ at: 120s, site: dc, fails: true, for: 20s }", arrivals: Self.arrivals,
      duration: "6m", more: jobs, workloads: workloads
    ).replacing("fabric: infiniband-ndr,", with: "fabric: ethernet-100g,")
    let one = try RoleLifeTests.run(text, replication: replication)
    let other = try RoleLifeTests.run(text, replication: replication)
    ReplicaLifeTests.expectSame(one, other)
    #expect(one.services[0].roleLives == other.services[0].roleLives)
    #expect(one.jobs[0].finish == other.jobs[0].finish && one.events == other.events)
  }
}
