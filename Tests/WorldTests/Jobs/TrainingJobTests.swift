import DryRack
import Foundation
import TestSupport
import Testing

/// Training jobs from a scenario's text to its rows.
@Suite("Training jobs")
struct TrainingJobTests {
  /// A scenario of one job on as many nodes as are asked for, with what is put in place of `$`.
  static func scenario(
    pool: String = "count: 4, failures: none", job: String = "", storage: String = "", workload: String = "",
    design: String = "", replications: Int = 1
  ) throws -> Scenario {
    let text = """
      version: 1
      name: job
      replications: \(replications)
      workloads:
        train:
          { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 256,
            duration: 48h \(workload) }
      designs:
        one:
          sites: { dc: { kind: on-prem } }
          pools: { gpus: { site: dc, node: hgx-h100, fabric: infiniband-ndr, \(pool) } }
          storage: { fs: { kind: parallel-file-system } \(storage) }
          \(design)
          jobs: { train: { workload: train, pool: gpus, accelerators: 32 \(job) } }
      """
    return try ScenarioReader.read(bytes: Array(text.utf8), file: "job.yaml", folder: ".").get()
  }

  static func rows(_ scenario: Scenario) async -> RunResults {
    await Experiment.run(scenario, options: RunOptions())
  }

  static func value(_ results: RunResults, _ metric: String, _ statistic: String = "value") throws -> Double {
    try #require(results.row(design: "one", workload: "train", metric: metric, statistic: statistic)?.value)
  }

  @Test("undisturbed, a job takes its work, its start and its checkpoints, to the tick")
  func undisturbed() async throws {
    let plain = await Self.rows(try Self.scenario())
    let step = try Self.value(plain, "step_time_s", "mean")
    let steps = (48 * 3600 / step).rounded(.up)
    let time = try Self.value(plain, "time_to_train_s", "mean")
    #expect(abs(time - (steps * step + 300)) < 1e-3 * step)
    #expect(try Self.value(plain, "interruptions") == 0)
    let saved = await Self.rows(try Self.scenario(job: ", checkpoint: { every: 1h, to: fs }"))
    #expect(try Self.value(saved, "time_to_train_s", "mean") > time)
    #expect(try Self.value(saved, "checkpoints") >= 47)
  }

  @Test("shares of the time sum to 1, whatever happens")
  func shares() async throws {
    for (pool, job) in [
      ("count: 4, failures: none", ""),
      ("count: 5, failures: { node-mtbf: 4d, repair: 10h }", ", checkpoint: { every: 20m, to: fs }"),
      ("count: 4, failures: { node-mtbf: 4d, repair: 10h }", ", checkpoint: { every: optimal, to: fs }"),
      (
        "count: 4, pricing: { price: 10 USD/h }, market: { availability: { up: 5h, down: 2h } }",
        ", checkpoint: { every: young, to: fs, asynchronous: true, on-notice: true }"
      ),
    ] {
      let results = await Self.rows(try Self.scenario(pool: pool, job: job))
      let shares = results.rows.filter { $0.metric == "bound_by" && $0.replication == nil }
      #expect(shares.count == 10)
      let sum = shares.reduce(0) { $0 + ($1.value ?? 0) }
      #expect(abs(sum - 1) < 1e-9, "\(pool): \(sum)")
    }
  }

  @Test("useful time of many runs is what Daly's exact expectation says, inside 99 %")
  func dalysExpectation() async throws {
    let replications = 200
    let scenario = try Self.scenario(
      pool: "count: 16, failures: { software-mtbf: 16h }",
      job: ", restart: 10m, checkpoint: { every: 30m, to: fs }", replications: replications)
    let results = await Self.rows(scenario)
    let times = results.rows.filter { $0.metric == "time_to_train_s" && $0.replication != nil }.compactMap(
      \.value)
    #expect(times.count == replications)
    let mean = times.reduce(0, +) / Double(times.count)
    let deviation = (times.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(times.count - 1))
      .squareRoot()
    let model = DesignModel(scenario: scenario, designIndex: 0)
    let interval = try #require(model.checkpointInterval(ofJob: "train"))
    let step = try #require(model.stepTime(ofJob: "train"))
    let whole = (interval.value / step.value).rounded() * step.value
    let costs = try #require(model.checkpointCosts(ofJob: "train"))
    // Four of the sixteen nodes are the job's.
    let theory = CheckpointTheory(
      checkpointCost: costs.write, restartCost: costs.restart, meanTimeBetweenFailures: Seconds(4 * 3600))
    let work = (48 * 3600 / step.value).rounded(.up) * step.value
    // The first start is a restart that nothing need have failed for.
    let expected = theory.expectedWall(work: Seconds(work), interval: Seconds(whole)).value + 600
    let slack = 2.58 * deviation / Double(replications).squareRoot() + whole
    #expect(abs(mean - expected) < slack, "\(mean) for \(expected) ± \(slack)")
  }

  @Test("a spare node lets a job go on that would wait for the repair")
  func spares() async throws {
    let job = ", checkpoint: { every: 1h, to: fs }"
    let without = await Self.rows(
      try Self.scenario(
        pool: "count: 4, failures: { node-mtbf: 2d, repair: 12h }", job: job, replications: 20))
    let with = await Self.rows(
      try Self.scenario(
        pool: "count: 6, failures: { node-mtbf: 2d, repair: 12h }", job: job, replications: 20))
    #expect(
      try Self.value(with, "time_to_train_s", "mean") < 0.7 * Self.value(without, "time_to_train_s", "mean"))
  }

  @Test("better storage, more of it, and fewer failures never take longer")
  func monotone() async throws {
    var last = 0.0
    for rate in ["100GB/s", "20GB/s", "5GB/s", "1GB/s"] {
      let results = await Self.rows(
        try Self.scenario(
          job: ", data: slow, checkpoint: { every: 1h, to: slow }",
          storage: ", slow: { kind: parallel-file-system, read-bandwidth: \(rate) }",
          workload: ", data: { sample-size: 100MB }"))
      let time = try Self.value(results, "time_to_train_s", "mean")
      #expect(time >= last, "\(rate)")
      last = time
    }
    last = 0
    for mean in ["1000d", "100d", "20d", "5d"] {
      let results = await Self.rows(
        try Self.scenario(
          pool: "count: 5, failures: { node-mtbf: \(mean), repair: 1h }",
          job: ", checkpoint: { every: 30m, to: fs }", replications: 30))
      let time = try Self.value(results, "time_to_train_s", "mean")
      #expect(time >= last, "\(mean)")
      last = time
    }
  }

  @Test("where nothing fails, no policy writes; what can never end is left alone and told")
  func extremes() async throws {
    for policy in ["young", "daly", "optimal"] {
      let results = await Self.rows(try Self.scenario(job: ", checkpoint: { every: \(policy), to: fs }"))
      #expect(try Self.value(results, "checkpoints") == 0)
    }
    for pool in [
      "count: 5, failures: { node-mtbf: 1s, repair: 1s }", "count: 4, failures: { software-mtbf: 1s }",
      "count: 4, pricing: { price: 1 USD/h }, market: { availability: { up: 1ms, down: 1ms } }",
    ] {
      let results = await Self.rows(
        try Self.scenario(pool: pool, job: ", checkpoint: { every: 10m, to: fs }"))
      #expect(try Self.value(results, "finished_ratio") == 0)
      #expect(results.notes.contains { $0.contains("had not come to their end") })
    }
    var endless = try Self.scenario(
      pool: "count: 5, failures: { node-mtbf: 60d, repair: 6h }", job: ", checkpoint: { every: 10m, to: fs }")
    endless.trainings[0].length = .steps(1e12)
    #expect(try Self.value(await Self.rows(endless), "finished_ratio") == 0)
  }

  @Test("a run that is cut short accounts for its time up to the cut, not to the horizon")
  func cutShort() throws {
    let scenario = try Self.scenario(
      pool: "count: 5, failures: { node-mtbf: 4d, repair: 1h }", job: ", checkpoint: { every: 10m, to: fs }")
    var options = WorldOptions()
    options.maximumEvents = 50
    let outcome = Simulation.run(
      DesignModel(scenario: scenario, designIndex: 0), replication: 0, options: options)
    #expect(!outcome.isComplete && outcome.jobs[0].finish == nil)
    #expect(outcome.jobs[0].time.total.seconds < 24 * 3600 && outcome.jobs[0].steps > 0)
  }

  @Test("collectives have a row a size, apart by job, with the bus bandwidth of nccl-tests")
  func collectives() async throws {
    let text = """
      version: 1
      name: nccl
      workloads: { ring: { kind: collective, operation: all-reduce, sizes: [1GiB, 1MiB] } }
      designs:
        one:
          sites: { dc: { kind: on-prem } }
          pools: { gpus: { site: dc, node: hgx-h100, count: 8, fabric: infiniband-ndr } }
          jobs:
            few: { workload: ring, pool: gpus, accelerators: 8 }
            many: { workload: ring, pool: gpus, accelerators: 64 }
      thresholds: [ "bus_bandwidth_bytes_per_s{workload=ring/few} > 0" ]
      """
    let scenario = try ScenarioReader.read(bytes: Array(text.utf8), file: "nccl.yaml", folder: ".").get()
    let results = await Self.rows(scenario)
    #expect(results.verdicts.count == 2 && results.verdicts.allSatisfy(\.holds))
    for (job, ranks) in [("few", 8), ("many", 64)] {
      for size in [Int64(1) << 20, 1 << 30] {
        func value(_ metric: String) -> Double? {
          let found = results.rows.filter {
            $0.workload == "ring/\(job)" && $0.metric == metric && $0.messageBytes == size
          }
          #expect(found.count == 1)
          return found.first?.value
        }
        let time = try #require(value("time_s"))
        let bus = try #require(value("bus_bandwidth_bytes_per_s"))
        let factor = CollectiveOperation.allReduce.busFactor(ranks: ranks)
        #expect(abs(bus * time / (factor * Double(size)) - 1) < 1e-12)
      }
    }
    let table = results.metricsCSV()
    #expect(table.hasPrefix("run_id,design,workload,message_bytes,replication"))
  }

  @Test("the same seed gives the same run, and fabrics do not change which failures befall a job")
  func determinism() async throws {
    let pool = "count: 5, failures: { node-mtbf: 3d, repair: 5h }"
    let job = ", checkpoint: { every: 30m, to: fs }"
    let one = await Self.rows(try Self.scenario(pool: pool, job: job, replications: 3))
    let other = await Self.rows(try Self.scenario(pool: pool, job: job, replications: 3))
    #expect(one.rows == other.rows)
  }

  @Test("a high priority takes the place of a low one, which resumes from its checkpoint")
  func preemption() async throws {
    let text = """
      version: 1
      name: two
      workloads:
        long: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 256, duration: 20h }
        urgent: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 256, duration: 2h }
      designs:
        one:
          sites: { dc: { kind: on-prem } }
          pools: { gpus: { site: dc, node: hgx-h100, count: 4, fabric: infiniband-ndr, failures: none } }
          storage: { fs: { kind: parallel-file-system } }
          scheduler: { policy: priority }
          jobs:
            long: { workload: long, pool: gpus, checkpoint: { every: 30m, to: fs } }
            urgent: { workload: urgent, pool: gpus, start: 5h, priority: 9 }
      """
    let scenario = try ScenarioReader.read(bytes: Array(text.utf8), file: "two.yaml", folder: ".").get()
    let results = await Self.rows(scenario)
    func value(_ workload: String, _ metric: String) -> Double? {
      results.rows.first {
        $0.workload == workload && $0.metric == metric && $0.replication == nil
          && ["value", "mean"].contains($0.statistic)
      }?.value
    }
    #expect(value("urgent", "queue_wait_s") == 0)
    #expect(value("long", "interruptions") == 1)
    let long = try #require(value("long", "time_to_train_s"))
    #expect(long > 22 * 3600 && long < 23.5 * 3600)
  }
}
