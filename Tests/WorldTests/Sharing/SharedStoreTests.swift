import DryRack
import Testing

@testable import World

/// Checkpoints, restores, samples and weights on one store.
@Suite struct SharedStoreTests {
  private static let service = "workload: chat, pool: serve, replicas: 2, parallelism: { tensor: 4 }"

  static func text(_ services: String = "", _ jobs: String, data: String = "", more: String = "") -> String {
    """
    version: 1
    name: stores
    seed: 3
    duration: 120s
    workloads:
      chat:
        kind: inference
        model: llama-3.1-70b
        arrivals: { process: poisson, rate: 1/s }
        prompt-tokens: { distribution: constant, value: 500 }
        output-tokens: { distribution: constant, value: 20 }
      train: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 64, steps: 40\(data) }
    designs:
      one:
        sites: { dc: { kind: on-prem } }
        pools:
          serve: { site: dc, node: hgx-h100, count: 1, failures: none }
          train: { site: dc, node: hgx-h100, count: 2, fabric: infiniband-ndr, failures: none }
        storage:
          store: { kind: parallel-file-system, read-bandwidth: 10GB/s, write-bandwidth: 5GB/s }
          other: { kind: parallel-file-system, read-bandwidth: 10GB/s, write-bandwidth: 5GB/s }
        \(services.isEmpty ? "" : "services: { chat: { \(service), \(services) } }")
        \(jobs.isEmpty ? "" : "jobs: { \(jobs) }")
    """
  }

  static func job(_ name: String, to store: String, more: String = "") -> String {
    """
    \(name): { workload: train, pool: train, accelerators: 8, parallelism: { tensor: 8 }, restart: 1s, \
    checkpoint: { every: 20s, to: \(store) }\(more) }
    """
  }

  static func start(_ store: String, at: String = "0s") -> String {
    "cold-start: { from: \(store), at: \(at), engine-start: 5s }"
  }

  /// 2 replicas of 141 GB at 10 GB/s in all: each byte of both passes the store once.
  @Test func replicasReadTheirWeightsBeforeTheyAnswer() throws {
    let prepared = try ContentionTests.model(Self.text(Self.start("store"), ""))
    let outcome = prepared.run()
    let deployment = prepared.model.design.services[0].deployments[0]
    let bytes = deployment.memory.weights.value * 8
    let store = prepared.model.design.storage[0]
    let expected = bytes / 10e9 + 5 + store.latency.value
    #expect(abs(outcome.services[0].startup!.seconds - expected) < 1e-6 * expected)
    let first = outcome.records.min { $0.serial < $1.serial }!
    #expect(first.sent.seconds + first.ttft!.seconds > expected)
    let tally = outcome.services[0].tally
    #expect(tally.completed == tally.offered && tally.completed > 80)
  }

  /// Checkpoints slow the weights, and the weights the checkpoints; on another store neither.
  @Test func checkpointsAndWeightsSlowEachOther() throws {
    // The weights come while the first checkpoint is written.
    let starts = Self.start("store", at: "18s")
    let shared = try ContentionTests.run(Self.text(starts, Self.job("a", to: "store")))
    let apart = try ContentionTests.run(Self.text(starts, Self.job("a", to: "other")))
    let serving = try ContentionTests.run(Self.text(starts, ""))
    let training = try ContentionTests.run(Self.text("", Self.job("a", to: "other")))
    #expect(shared.services[0].startup! > apart.services[0].startup!)
    #expect(shared.jobs[0].time.checkpoint > apart.jobs[0].time.checkpoint)
    #expect(shared.jobs[0].finish! > apart.jobs[0].finish!)
    #expect(apart.services[0].startup == serving.services[0].startup)
    #expect(ContentionTests.times(apart) == ContentionTests.times(serving))
    #expect(apart.jobs[0].time == training.jobs[0].time && apart.jobs[0].finish == training.jobs[0].finish)
  }

  /// Two jobs that write at once to one store take as long as twice the bytes; apart, as long as one.
  @Test func checkpointsOfTwoJobsShareAStore() throws {
    let together = try ContentionTests.run(
      Self.text("", Self.job("a", to: "store") + ", " + Self.job("b", to: "store")))
    let apart = try ContentionTests.run(
      Self.text("", Self.job("a", to: "store") + ", " + Self.job("b", to: "other")))
    #expect(together.jobs[0].checkpoints == apart.jobs[0].checkpoints && apart.jobs[0].checkpoints > 1)
    let ratio = together.jobs[0].time.checkpoint.seconds / apart.jobs[0].time.checkpoint.seconds
    #expect(abs(ratio - 2) < 0.02, "\(ratio)")
    #expect(together.jobs[1].time.checkpoint == together.jobs[0].time.checkpoint)
  }

  /// What is persisted beside the work takes from the samples, and a storm of weights takes from both.
  @Test func samplesAreSlowed() throws {
    let data = ", data: { sample-size: 400MB, storage: store, workers: 8 }"
    let busy = try ContentionTests.run(
      Self.text(Self.start("store", at: "10s"), Self.job("a", to: "other"), data: data))
    let quiet = try ContentionTests.run(Self.text("", Self.job("a", to: "other"), data: data))
    #expect(busy.jobs[0].storageDelay > 0 && quiet.jobs[0].storageDelay == 0)
    #expect(busy.jobs[0].finish! > quiet.jobs[0].finish!)
  }

  @Test func anEndpointHasNoWeights() {
    let text = Self.text("cold-start: { from: stroe }", "")
    guard
      case .failure(let report) = ScenarioReader.read(bytes: Array(text.utf8), file: "t.yaml", folder: ".")
    else { return #expect(Bool(false), "an unknown store is a fault") }
    #expect(report.description.contains("stroe") && report.description.contains("store"))
  }
}
