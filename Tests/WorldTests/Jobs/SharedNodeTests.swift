import DryRack
import Foundation
import Statistics
import Testing

@testable import World

/// Jobs that share nodes, give way and miss deadlines: what they pay, wait and are told by laws.
@Suite struct SharedNodeTests {
  /// Jobs by name, each with keys of its own, on hgx nodes where nothing fails.
  static func scenario(
    _ jobs: [(name: String, hours: Double, keys: String)], nodes: Int = 1, scheduler: String = "policy: fifo",
    workload: String = "", pool: String = "failures: none", sequence: Int = 512,
    fabric: String = "infiniband-ndr"
  ) throws -> Scenario {
    let workloads = jobs.map {
      "  \($0.name): { kind: training, model: llama-3.1-8b, trained: lora, sequence: \(sequence), "
        + "global-batch: 64, duration: \($0.hours)h\(workload) }"
    }
    let written = jobs.map {
      "      \($0.name): { workload: \($0.name), pool: gpus, restart: 0s, \(laidOut($0.keys)) }"
    }
    let text = """
      version: 1
      name: shared
      workloads:
      \(workloads.joined(separator: "\n"))
      designs:
        one:
          sites: { dc: { kind: on-prem } }
          storage: { fs: { kind: parallel-file-system } }
          pools: { gpus: { site: dc, node: hgx-h100, count: \(nodes), fabric: \(fabric), \(pool) } }
          scheduler: { \(scheduler) }
          jobs:
      \(written.joined(separator: "\n"))
      """
    return try ScenarioReader.read(bytes: Array(text.utf8), file: "shared.yaml", folder: ".").get()
  }

  /// With a layout that takes no search, unless the keys have one.
  static func laidOut(_ keys: String) -> String {
    keys.contains("parallelism") ? keys : keys + ", parallelism: { data: auto }"
  }

  static func run(_ scenario: Scenario) -> Outcome {
    Simulation.run(DesignModel(scenario: scenario, designIndex: 0), replication: 0, options: WorldOptions())
  }

  /// Of one node, whatever jobs come and go on it: together they hold it while any of them does.
  @Test(arguments: 0..<8) func jobsOfANodePayForTheUnionOfTheirTimes(seed: Int) throws {
    var stream = RandomStream(seed: 12, replication: seed, entity: "node", purpose: "jobs")
    let jobs = (0..<6).map { index in
      let size = [1, 1, 2, 4, 4, 8][Int(stream.below(6))]
      let start = Double(stream.below(300)) / 10
      return (
        name: "j\(index)", hours: 1 + Double(stream.below(40)) / 10,
        keys: "accelerators: \(size), start: \(start)h"
      )
    }
    let outcome = Self.run(try Self.scenario(jobs, scheduler: "policy: backfill"))
    let spans = try outcome.jobs.map { job in
      (from: try #require(job.firstStart).seconds, to: try #require(job.finish).seconds)
    }.sorted { $0.from < $1.from }
    var (union, end) = (0.0, -1.0)
    for span in spans where span.to > end {
      union += span.to - max(span.from, end)
      end = span.to
    }
    let held = outcome.jobs.reduce(0) { $0 + $1.heldNodeSeconds }
    #expect(abs(held - union) < 1e-6 * union, "\(held) for \(union)")
  }

  /// Alone, a job pays for all nodes that it has a part of, however it is laid out.
  @Test func aScatteredJobPaysForEveryNodeItLiesOn() throws {
    let jobs = [(name: "a", hours: 2.0, keys: "accelerators: 4")]
    let packed = Self.run(try Self.scenario(jobs, nodes: 4)).jobs[0]
    let spread = Self.run(
      try Self.scenario(
        jobs + [(name: "b", hours: 2.0, keys: "accelerators: 4")], nodes: 2,
        scheduler: "policy: fifo, placement: spread"))
    let span = try #require(packed.finish).seconds
    #expect(abs(packed.heldNodeSeconds - span) < 1e-6)
    for job in spread.jobs {
      #expect(abs(job.heldNodeSeconds - (try #require(job.finish)).seconds) < 1e-6, "a node each")
    }
  }

  /// Steps, their bounds and the time in them are of the job where it lay.
  @Test func figuresAreOfThePlacedJob() async throws {
    func results(_ placement: String) async throws -> RunResults {
      var jobs = ["a", "b"].map { (name: $0, hours: 5.0, keys: "accelerators: 4") }
      jobs.append((name: "c", hours: 1.0, keys: "accelerators: 8, start: 2s, parallelism: { tensor: 8 }"))
      let scenario = try Self.scenario(
        jobs, nodes: 2, scheduler: "placement: \(placement)", sequence: 4096, fabric: "ethernet-100g")
      return await Experiment.run(scenario, options: RunOptions())
    }
    let (whole, split) = (try await results("packed"), try await results("spread"))
    func value(_ results: RunResults, _ metric: String, _ statistic: String = "mean") throws -> Double {
      try #require(results.row(design: "one", workload: "c", metric: metric, statistic: statistic)?.value)
    }
    for results in [whole, split] {
      let steps = try (value(results, "time_to_train_s") / value(results, "step_time_s"))
      #expect(abs(steps - steps.rounded()) < 1e-3, "nothing but steps: \(steps)")
      let shares = results.rows.filter {
        $0.workload == "c" && $0.metric == "bound_by" && $0.replication == nil
      }
      #expect(abs(shares.reduce(0) { $0 + ($1.value ?? 0) } - 1) < 1e-9)
    }
    #expect(try value(split, "step_time_s") > value(whole, "step_time_s"))
    // What a step takes longer is communication, less what of it the host's work had hidden.
    let waits = try [whole, split].map { results in
      try (value(results, "bound_by", "network") + value(results, "bound_by", "host"))
        * value(results, "step_time_s")
    }
    let longer = try value(split, "step_time_s") - value(whole, "step_time_s")
    #expect(abs((waits[1] - waits[0]) / longer - 1) < 0.01, "\(waits) \(longer)")
    #expect(try value(split, "bound_by", "network") > 2 * value(whole, "bound_by", "network"))
    // The same arithmetic in both: its time is the same part of a step that is longer.
    let compute = try [whole, split].map { try value($0, "bound_by", "compute") * value($0, "step_time_s") }
    #expect(abs(compute[1] / compute[0] - 1) < 0.02, "\(compute)")
  }

  /// The judge's order: one stopped keeps its place, saves on notice, and has waited for its turn.
  @Test func aPreemptedJobKeepsItsPlaceAndItsWork() throws {
    func outcome(onNotice: Bool) throws -> Outcome {
      let saving = onNotice ? ", on-notice: true" : ""
      return Self.run(
        try Self.scenario(
          [
            (name: "first", hours: 10, keys: "accelerators: 8, checkpoint: { every: 1h, to: fs\(saving) }"),
            (name: "second", hours: 10, keys: "accelerators: 8, start: 1h"),
            (name: "urgent", hours: 4, keys: "accelerators: 8, start: 2.5h, priority: 5"),
          ], scheduler: "policy: priority"))
    }
    for onNotice in [false, true] {
      let jobs = try outcome(onNotice: onNotice).jobs
      #expect(try #require(jobs[0].finish) < #require(jobs[1].firstStart).later(by: Ticks(1)))
      #expect(jobs[0].interruptions == 1 && jobs[0].waitForCapacity == .zero)
      #expect(abs(jobs[0].time.wait.seconds / 3600 - 4) < 0.01)
      let lost = jobs[0].time.lost.seconds
      #expect(onNotice ? lost < 1 : lost > 1700 && lost < 1801, "\(lost)")
    }
  }

  /// A deadline counts from the submission, for whoever is asked about it.
  @Test func deadlinesCountFromTheSubmission() async throws {
    func met(_ start: String, _ deadline: String) async throws -> Double {
      let scenario = try Self.scenario(
        [(name: "a", hours: 4, keys: "accelerators: 8, start: \(start)")], workload: ", deadline: \(deadline)"
      )
      let results = await Experiment.run(scenario, options: RunOptions())
      return try #require(results.row(design: "one", workload: "a", metric: "deadline_met_ratio")?.value)
    }
    for start in ["0h", "13h", "400h"] {
      let (enough, short) = (try await met(start, "4.1h"), try await met(start, "3.9h"))
      #expect(enough == 1 && short == 0, "\(start)")
    }
    // Submitted at 1 h and 13 h with 20 h and 9 h: by 21 h and 22 h, so the first goes first.
    let jobs = [
      (name: "run", hours: 14.0, keys: "accelerators: 8"),
      (name: "early", hours: 4.0, keys: "accelerators: 8, start: 1h"),
      (name: "late", hours: 10.0, keys: "accelerators: 8, start: 13h"),
    ]
    var scenario = try Self.scenario(jobs, scheduler: "policy: deadline")
    scenario.trainings[1].deadline = Seconds(20 * 3600)
    scenario.trainings[2].deadline = Seconds(9 * 3600)
    let outcome = Self.run(scenario)
    #expect(outcome.jobs.map { $0.deadline.seconds / 3600 }.dropFirst() == [21, 22])
    #expect(try #require(outcome.jobs[1].finish) <= #require(outcome.jobs[2].firstStart))
  }

  /// Two users, one with twice the weight and one with a quota, by hand.
  @Test func quotasAndWeightsShareByUser() throws {
    func starts(_ scheduler: String) throws -> [Double?] {
      // At time 0: six of ann, then six of bob, an hour each, on eight accelerators.
      let jobs = (0..<12).map { index in
        (
          name: "j\(index)", hours: 1.0,
          keys: "accelerators: 1, user: \(index < 6 ? "ann" : "bob"), start: 1h"
        )
      }
      return Self.run(try Self.scenario(jobs, scheduler: scheduler)).jobs.map {
        $0.firstStart.map { ($0.seconds / 36).rounded() / 100 }
      }
    }
    // Submitted one after another, the first eight start as they come.
    #expect(try starts("policy: fair-share").filter { $0 == 1 }.count == 8)
    // No more than two of ann at a time: bob has the other six at once, and ann takes three rounds.
    let limited = try starts("policy: fair-share, quotas: { ann: 2 }")
    #expect(limited.dropFirst(6).allSatisfy { $0 == 1 })
    #expect(limited.prefix(6).map { ($0 ?? 0).rounded() } == [1, 1, 2, 2, 3, 3])
    // What nobody within its quota wants is lent.
    let lent = try starts("policy: fair-share, quotas: { ann: 2, bob: 2 }, lends: true")
    #expect(lent.filter { $0 == 1 }.count == 8)
  }

  @Test func quotasNameUsersThatAreThere() throws {
    func faults(_ scheduler: String) -> String {
      let jobs = [(name: "a", hours: 1.0, keys: "accelerators: 4, user: anna")]
      do {
        _ = try Self.scenario(jobs, scheduler: scheduler)
        return ""
      } catch { return "\(error)" }
    }
    #expect(faults("policy: fair-share, quotas: { anna: 4 }, weights: { anna: 2 }").isEmpty)
    #expect(faults("policy: fair-share, quotas: { ana: 4 }").contains("did you mean"))
    #expect(faults("policy: fair-share, quotas: { anna: 3 }").contains("would never start"))
    #expect(faults("policy: fair-share, quotas: { anna: 3 }, lends: true").isEmpty)
    #expect(faults("policy: fair-share, lends: true").contains("without `quotas`"))
    #expect(faults("policy: fifo, weights: { anna: 3 }").contains("does not look at users"))
  }
}
