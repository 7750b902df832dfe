import DryRack
import Foundation
import TestSupport
import Testing

/// A second replica never slows the tail of the answers, and more load never quickens it: the same recorded
/// requests, sent slower and faster.
@Suite("More replicas help, more load does not")
struct MonotonicityTests {
  /// The conversations of Azure's public trace, or the repository's own synthetic hour.
  static let trace: (file: String, rate: Double) = {
    if let folder = SharedData.folder, SharedData.has("traces/azure_llm_2023_conv.csv.gz") {
      return (folder.appendingPathComponent("data/traces/azure_llm_2023_conv.csv.gz").path, 4.72)
    }
    return (WorldTests.root.appendingPathComponent("scenarios/traces/support-chat.csv").path, 0.6)
  }()

  /// Time to first token [s] below which 99 % of the answers start, exact over 2,000 requests.
  static func tail(model: String, replicas: Int, router: String, rate: Double) throws -> Double {
    let text = """
      version: 1
      name: monotone
      workloads:
        chat:
          kind: inference
          model: \(model)
          trace: { file: \(trace.file), format: azure, limit: 2000, speed: \(rate / trace.rate) }
      designs:
        own:
          sites: { dc: { kind: on-prem } }
          pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 300000 USD } } }
          services:
            chat:
              workload: chat
              pool: gpu
              replicas: \(replicas)
              parallelism: { tensor: \(model.contains("70b") ? 4 : 1) }
              router: \(router)
      """
    let scenario = try ScenarioReader.read(
      bytes: Array(text.utf8), file: "monotone.yaml", folder: WorldTests.root.path,
      allowedFolders: [URL(fileURLWithPath: trace.file).deletingLastPathComponent().path]
    ).get()
    var options = WorldOptions()
    options.keepsRequests = true
    let outcome = Simulation.run(
      DesignModel(scenario: scenario, designIndex: 0), replication: 0, options: options)
    let times = outcome.records.compactMap { $0.ttft?.seconds }.sorted()
    try #require(times.count == 2_000 && outcome.services[0].tally.isConserved)
    return times[1_979]
  }

  /// Requests a second: from half the rate of the published comparisons to saturation.
  static let rates = [1.0, 2, 4, 8, 16]

  @Test(
    "more load never lowers p99 of the time to first token, a second replica never raises it",
    arguments: ["llama-3.1-8b", "llama-3.1-70b"])
  func monotone(model: String) throws {
    let one = try Self.rates.map { try Self.tail(model: model, replicas: 1, router: "round-robin", rate: $0) }
    expectRising(one, "one replica")
    for router in ["round-robin", "least-loaded", "power-of-two"] {
      let two = try Self.rates.map { try Self.tail(model: model, replicas: 2, router: router, rate: $0) }
      for (index, rate) in Self.rates.enumerated() {
        #expect(two[index] <= one[index], "a second replica at \(rate)/s, \(router)")
      }
      // The others deal blindly or draw: at a light load two long prompts may meet by chance, and no longer
      // when the same requests come faster.
      if router == "least-loaded" { expectRising(two, "two replicas") }
    }
  }

  /// What is promised is promised of the recorded trace, to the tick. It is no law of every load: at another
  /// speed other prompts share a step, and on the synthetic hour one order statistic falls by a per cent
  /// (Graham's anomalies, "Bounds on Multiprocessing Timing Anomalies", 1969).
  private func expectRising(_ tails: [Double], _ what: Comment) {
    let slack = Self.trace.file.hasSuffix(".gz") ? 1 : 1.05
    for (lighter, heavier) in zip(tails, tails.dropFirst()) { #expect(lighter <= heavier * slack, what) }
  }

  @Test(
    "the load is a recorded trace",
    .enabled(if: SharedData.has("traces/azure_llm_2023_conv.csv.gz"), Comment(rawValue: SharedData.absence)))
  func recorded() {
    #expect(Self.trace.file.hasSuffix(".gz"))
  }
}
