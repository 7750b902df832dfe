import DryRack
import Kernel
import Testing

@testable import World

/// Services that grow and shrink, and jobs that give way to them.
@Suite("Services that scale") struct AutoscaleTests {
  static let arrivals =
    "{ process: schedule, points: [[0s, 2/s], [300s, 2/s], [301s, 24/s], [900s, 24/s], [901s, 1/s]] }"
  static let workloads =
    "  train: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 96, duration: 25m }"

  static func text(
    _ autoscale: String, nodes: Int = 4, service: String = "", arrivals: String = arrivals, jobs: String = "",
    failures: String = "none", events: String = ""
  ) -> String {
    ReplicaLifeTests.text(
      nodes: nodes, replicas: 1, failures: failures,
      service: "autoscale: \(autoscale)\n        \(service)",
      router: "{ policy: least-loaded, health-check: { interval: 2s, threshold: 2 } }", events: events,
      arrivals: arrivals,
      duration: "30m", more: jobs, workloads: jobs.isEmpty ? "" : workloads)
  }

  static func job(_ more: String = "", accelerators: Int = 24) -> String {
    """
    jobs: { train: { workload: train, pool: gpu, accelerators: \(accelerators), parallelism: { tensor: 2 }, \
    restart: 30s, checkpoint: { every: 10m, to: fs\(more) }, preemptible: true } }
    """
  }

  static let plain = "{ min: 1, max: 4, metric: running, target: 12, interval: 15s, stabilization: 2m }"

  /// Kubernetes' documentation: 100 m wanted, 200 m seen: twice as many; 50 m seen: half of them; within a
  /// tenth: as many.
  @Test func theLawIsThatOfKubernetes() {
    let settings = AutoscaleSettings(
      minimum: 1, maximum: 100, measure: .running, target: 100, interval: .init(seconds: 15),
      stabilization: .init(seconds: 300), provisioning: .zero)
    #expect(settings.wanted(4 * 200, ready: 4, current: 4) == 8)
    #expect(settings.wanted(4 * 50, ready: 4, current: 4) == 2)
    #expect(settings.wanted(4 * 109, ready: 4, current: 4) == 4)
    #expect(settings.wanted(4 * 91, ready: 4, current: 4) == 4)
    #expect(settings.wanted(4 * 112, ready: 4, current: 4) == 5)
    #expect(settings.wanted(0, ready: 4, current: 4) == 1)
    #expect(settings.wanted(1e9, ready: 4, current: 4) == 100)
    // Two are up and overloaded, two more start: those count as having nothing to do yet.
    #expect(settings.wanted(2 * 190, ready: 2, current: 4) == 4)
    #expect(settings.wanted(2 * 300, ready: 2, current: 4) == 6)
    var memory = AutoscaleMemory()
    #expect(memory.stabilized(8, current: 4, settings, at: .init(seconds: 0)) == 8)
    #expect(memory.stabilized(2, current: 8, settings, at: .init(seconds: 15)) == 8)
    #expect(memory.stabilized(3, current: 8, settings, at: .init(seconds: 301)) == 3)
    #expect(memory.stabilized(1, current: 3, settings, at: .init(seconds: 400)) == 3)
  }

  @Test func replicasFollowTheLoad() throws {
    for start in ["", "cold-start: { engine-start: 30s }", "cold-start: { from: fs, engine-start: 10s }"] {
      let outcome = try ReplicaLifeTests.run(Self.text(Self.plain, service: start))
      let life = try #require(outcome.services[0].life)
      let mean = life.heldSeconds / life.span
      #expect(life.mostUp >= 3 && life.mostUp <= 4 && mean > 1.2 && mean < 3, "\(life)")
      let samples = outcome.services[0].samples
      func up(_ from: Double, _ to: Double) -> [Int] {
        samples.filter { $0.time.seconds > from && $0.time.seconds < to }.compactMap(\.up)
      }
      #expect(up(100, 290).allSatisfy { $0 == 1 } && up(1200, 1700).allSatisfy { $0 == 1 })
      #expect(up(500, 850).allSatisfy { $0 >= 3 })
    }
    let never = try ReplicaLifeTests.run(Self.text("{ min: 1, max: 1, target: 1 }"))
    let fixed = try ReplicaLifeTests.run(
      ReplicaLifeTests.text(
        nodes: 4, replicas: 1, router: "{ policy: least-loaded }", arrivals: Self.arrivals, duration: "30m"))
    ReplicaLifeTests.expectSame(never, fixed)
  }

  @Test func everyMetricScales() throws {
    for (metric, target) in [("queue-depth", "0.5"), ("running", "10"), ("kv-usage", "0.01")] {
      let settings = "{ max: 4, metric: \(metric), target: \(target), stabilization: 2m, provisioning: 20s }"
      let life = try #require(ReplicaLifeTests.run(Self.text(settings)).services[0].life)
      #expect(life.mostUp > 1 && life.heldSeconds < 4 * life.span, "\(metric) \(life)")
    }
  }

  @Test("jobs that may be preempted give way, come back, and lose no more than they must")
  func preemption() throws {
    let alone = try ReplicaLifeTests.run(
      ReplicaLifeTests.text(
        nodes: 4, replicas: 1, arrivals: Self.arrivals, duration: "30m", more: Self.job(),
        workloads: Self.workloads))
    let saved = try ReplicaLifeTests.run(Self.text(Self.plain, jobs: Self.job(", on-notice: true")))
    let lost = try ReplicaLifeTests.run(Self.text(Self.plain, jobs: Self.job()))
    let kept = try ReplicaLifeTests.run(
      Self.text(Self.plain, jobs: Self.job().replacing("preemptible: true", with: "preemptible: false")))
    #expect(alone.jobs[0].interruptions == 0 && kept.jobs[0].interruptions == 0)
    #expect(kept.services[0].life!.mostUp == 1, "a job that may not be preempted keeps its nodes")
    for outcome in [saved, lost] {
      #expect(outcome.jobs[0].interruptions > 0 && outcome.services[0].life!.mostUp >= 3)
      #expect(outcome.jobs[0].finish! > alone.jobs[0].finish!)
      #expect(outcome.services[0].tally.ttft.quantile(0.9)! < kept.services[0].tally.ttft.quantile(0.9)!)
    }
    #expect(saved.jobs[0].time.lost < lost.jobs[0].time.lost)
    // What it saved on notice counts: less than a step is lost.
    #expect(saved.jobs[0].time.lost.seconds < 60)
  }

  @Test("the lowest priority gives way first, and as many as it takes")
  func priorities() throws {
    let workloads =
      Self.workloads + "\n"
      + Self.workloads.replacing("train:", with: "tune:")
    let jobs = """
      jobs:
            low: { workload: tune, pool: gpu, accelerators: 8, parallelism: { tensor: 2 }, restart: 30s, \
      preemptible: true, priority: 1 }
            high: { workload: train, pool: gpu, accelerators: 16, parallelism: { tensor: 2 }, restart: 30s, \
      preemptible: true, priority: 2 }
      """
    let two = "{ min: 1, max: 2, metric: running, target: 12, stabilization: 2m }"
    let text = ReplicaLifeTests.text(
      nodes: 4, replicas: 1, service: "autoscale: \(two)", arrivals: Self.arrivals, duration: "30m",
      more: jobs, workloads: workloads)
    let outcome = try ReplicaLifeTests.run(text)
    let low = try #require(outcome.jobs.first { $0.name == "low" })
    let high = try #require(outcome.jobs.first { $0.name == "high" })
    #expect(low.interruptions > 0 && high.interruptions == 0)
  }

  @Test("after the traffic a service keeps no more than it must, and jobs go on")
  func afterwards() throws {
    let busy = "{ process: schedule, points: [[0s, 2/s], [1500s, 2/s], [1501s, 30/s]] }"
    let jobs = Self.job(", on-notice: true").replacing("restart: 30s", with: "restart: 30s, start: 20m")
    let outcome = try ReplicaLifeTests.run(Self.text(Self.plain, arrivals: busy, jobs: jobs))
    #expect(outcome.services[0].life!.mostUp >= 3 && outcome.jobs[0].interruptions > 0)
    #expect(outcome.jobs[0].finish!.seconds < 2 * 3600)
  }

  @Test("replicas that come and go, fall and are out, beside jobs", arguments: 0..<8)
  func everythingAtOnce(replication: Int) throws {
    let text = Self.text(
      Self.plain, service: "cold-start: { engine-start: 20s }\n        retry: { attempts: 5, backoff: 1s }",
      jobs: Self.job(", on-notice: true", accelerators: 16),
      failures: "{ node-mtbf: 20m, repair: 2m, software-mtbf: 30m }",
      events: "{ at: 600s, site: dc, fails: true, for: 40s }")
    let one = try ReplicaLifeTests.run(text, replication: replication)
    let other = try ReplicaLifeTests.run(text, replication: replication)
    ReplicaLifeTests.expectSame(one, other)
    #expect(one.services[0].life == other.services[0].life && one.jobs[0].finish == other.jobs[0].finish)
  }
}
