import DryRack
import Foundation
import TestSupport
import Testing

/// What jobs do to stores, from a scenario's text to its books.
@Suite("Jobs pay for what they read and write")
struct JobStoreTests {
  static func text(
    store: String, data: String = "sample-size: 1MB, samples-per-step: 2000", job: String = "data: s",
    pool: String = "failures: none", more: String = "", site: String = "us", workload: String = ""
  ) -> String {
    """
    version: 1
    name: stores
    workloads:
      train:
        { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 64, steps: 1000,
          data: { \(data) } \(workload) }
    designs:
      one:
        sites:
          us: { kind: cloud, provider: aws, region: us-east-1, egress: 0.09 USD/GB }
          eu: { kind: cloud, provider: aws, region: eu-west-1, egress: 0.02 USD/GB }
        storage: { s: { site: \(site), \(store) } \(more) }
        pools: { g: { site: us, node: p5.48xlarge, count: 1, pricing: on-demand, \(pool) } }
        jobs: { train: { workload: train, pool: g, \(job) } }
    """
  }

  static func read(_ text: String) throws -> Scenario {
    try ScenarioReader.read(bytes: Array(text.utf8), file: "stores.yaml", folder: ".").get()
  }

  static func run(_ text: String) async throws -> RunResults {
    await Experiment.run(try read(text), options: RunOptions())
  }

  static func value(_ results: RunResults, _ metric: String, _ workload: String = "train") throws -> Double {
    let row = results.rows.first {
      $0.design == "one" && $0.workload == workload && $0.metric == metric && $0.replication == nil
    }
    return try #require(row?.value)
  }

  static let glacier = "kind: s3-glacier-instant, price: s3-glacier-instant"

  @Test("samples: requests and bytes of all steps at the catalogue's prices, to the millionth")
  func samples() async throws {
    let results = try await Self.run(Self.text(store: Self.glacier))
    // 1,000 steps of 2,000 samples of 1 MB: 2 million requests, 2,000 GB.
    let expected = 2_000_000 * 0.01 / 1000 + 2000 * 0.03
    #expect(abs(try Self.value(results, "cost_of_storage") - expected) < 1e-5)
    // A file is one request.
    let files = try await Self.run(
      Self.text(store: Self.glacier, data: "sample-size: 1MB, samples-per-step: 2000, samples-per-file: 100"))
    #expect(abs(try Self.value(files, "cost_of_storage") - (20_000 * 0.01 / 1000 + 60)) < 1e-5)
  }

  @Test("the books hold what a run costs, and every row of a store names its source")
  func books() async throws {
    let results = try await Self.run(
      Self.text(store: Self.glacier, job: "data: s, checkpoint: { every: 10m, to: s }"))
    let storage = results.costs.filter { $0.serviceCategory == "Storage" }
    let billed = storage.reduce(0.0) { $0 + Double($1.billedCostMicros) / 1e6 }
    #expect(abs(billed - (try Self.value(results, "cost_of_storage"))) < 1e-3)
    #expect(storage.allSatisfy { !$0.source.isEmpty && $0.source != "scenario" })
    #expect(
      abs(try Self.value(results, "cost_total", "") - (try Self.value(results, "cost_per_training_run")))
        < 0.01)
  }

  @Test("data that leaves a site is paid there: samples at the store's, checkpoints at the job's")
  func egress() async throws {
    let near = try Self.value(try await Self.run(Self.text(store: Self.glacier)), "cost_of_storage")
    let far = try await Self.run(Self.text(store: Self.glacier, site: "eu"))
    #expect(abs(try Self.value(far, "cost_of_storage") - near - 2000 * 0.02) < 1e-4)
    let saving = "data: s, checkpoint: { every: 10m, to: c }"
    func cost(_ place: String) async throws -> (Double, Double) {
      let results = try await Self.run(
        Self.text(
          store: Self.glacier, job: saving, more: ", c: { site: \(place), kind: s3-standard }"))
      return (try Self.value(results, "cost_of_storage"), try Self.value(results, "checkpoints"))
    }
    let (here, count) = try await cost("us")
    let (there, same) = try await cost("eu")
    let bytes = 14 * 8.03e9 * count / 1e9
    #expect(count == same && count > 0)
    #expect(abs((there - here) / (bytes * 0.09) - 1) < 0.01)
  }

  @Test("what is replaced before the minimum retention is paid as if it had stayed, whatever the interval")
  func retention() async throws {
    func cost(_ every: String, _ kind: String, _ extra: String = "") async throws -> (Double, Double) {
      let results = try await Self.run(
        Self.text(
          store: "kind: s3-standard", job: "data: s, checkpoint: { every: \(every), to: c \(extra) }",
          more: ", c: { kind: \(kind) }"))
      return (try Self.value(results, "cost_of_storage"), try Self.value(results, "checkpoints"))
    }
    let (plain, _) = try await cost("10m", "s3-standard")
    let (often, many) = try await cost("10m", "s3-standard-ia")
    let (seldom, few) = try await cost("30m", "s3-standard-ia")
    #expect(many > few && few >= 2)
    // Each is paid for 30 days at least: 112 GB for a month of 730 h.
    let each = 14 * 8.03 * 0.0125 * 720 / 730 + 64 * 0.01 / 1000
    #expect(abs((often - seldom) / ((many - few) * each) - 1) < 0.02, "\(often) \(seldom) \(many) \(few)")
    #expect(often > plain)
    // Where nothing has to stay, keeping more of them for minutes is hardly anything.
    let (kept, _) = try await cost("10m", "s3-standard", ", keep: 4")
    #expect(kept > plain && kept < plain + 1)
  }

  @Test("steps that a failure undoes read again, and restores are read")
  func failures() async throws {
    let calm = try await Self.run(
      Self.text(store: Self.glacier, job: "data: s, checkpoint: { every: 30m, to: s }"))
    let rough = try await Self.run(
      Self.text(
        store: Self.glacier, job: "data: s, checkpoint: { every: 30m, to: s }",
        pool: "failures: { software-mtbf: 1h }"))
    #expect(try Self.value(rough, "interruptions") > 0)
    #expect(try Self.value(rough, "cost_of_storage") > (try Self.value(calm, "cost_of_storage")))
  }

  @Test("a data set of a known size is kept where it is read, unless `holds` says what is")
  func dataset() async throws {
    let data = "sample-size: 1MB, samples-per-step: 2000, dataset: 10TB"
    #expect(
      try Self.read(Self.text(store: Self.glacier, data: data)).designs[0].storageUse[0].kept.value == 1e13)
    let own = try Self.read(Self.text(store: "\(Self.glacier), holds: 3TB", data: data))
    #expect(own.designs[0].storageUse[0].kept.value == 3e12)
    let results = try await Self.run(Self.text(store: Self.glacier, data: data))
    // Of a run at least the 90 days that the store bills.
    let expected = 80 + 10_000 * 0.004 * 90 * 24 / 730
    #expect(abs(try Self.value(results, "cost_of_storage") - expected) < 1e-3)
  }

  @Test("an archive cannot feed steps: a fault that says how long a restore takes")
  func archives() throws {
    for (kind, hours) in [("archive", "4 h"), ("s3-glacier-deep", "12 h")] {
      do {
        _ = try Self.read(Self.text(store: "kind: \(kind)"))
        Issue.record("\(kind) was taken")
      } catch {
        #expect("\(error)".contains(hours) && "\(error)".contains("archive"))
      }
      // Checkpoints may go there.
      _ = try Self.read(
        Self.text(
          store: "kind: s3-standard", job: "data: s, checkpoint: { every: 1h, to: c }",
          more: ", c: { kind: \(kind) }"))
    }
  }

  @Test("a cache spares requests and time; without the size of the data set it is a fault")
  func caches() async throws {
    let data = "sample-size: 20MB, samples-per-step: 2000, dataset: 4TB"
    let slow = "kind: s3-standard-ia, read-bandwidth: 5GB/s"
    let plain = try await Self.run(Self.text(store: slow, data: data))
    let cached = try await Self.run(
      Self.text(store: "\(slow), cache: { size: 4TB, read-bandwidth: 60GB/s }", data: data))
    // Ten epochs, of which the first reads from the store.
    #expect(try Self.value(cached, "time_to_train_s") < 0.5 * (try Self.value(plain, "time_to_train_s")))
    let (all, some) = (try Self.value(plain, "cost_of_storage"), try Self.value(cached, "cost_of_storage"))
    let keeping = 4000 * 0.0125 * 720 / 730
    #expect(abs((some - keeping) / (all - keeping) - 0.1) < 1e-3)
    #expect(throws: (any Error).self) {
      try Self.read(Self.text(store: "\(slow), cache: { size: 4TB }"))
    }
    #expect(throws: (any Error).self) {
      try Self.read(Self.text(store: "\(slow), cache: { size: 4TB, kind: nvmee }", data: data))
    }
  }

  @Test("writes have a rate: many small parts take longer than their bytes")
  func writeRate() {
    var tier = StorageTier(name: "store", readBandwidth: BytesPerSecond(1e12))
    let free = tier.writeTime(Bytes(1e12), clients: 1, requests: 1e6)
    tier.writeRate = PerSecond(1000)
    #expect(tier.writeTime(Bytes(1e12), clients: 1, requests: 1e6).value == 1000)
    #expect(free.value == 1 && tier.writeTime(Bytes(1e12), clients: 1, requests: 10) == free)
  }
}
