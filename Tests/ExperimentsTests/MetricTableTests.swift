import DryRack
import Foundation
import Testing

@Suite("The table of metrics")
struct MetricTableTests {
  static let scenarios = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("scenarios")

  @Test("names come once, and every one of them can be found")
  func names() {
    let names = Metric.all.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { Metric.named($0)?.name == $0 } && Metric.named("ttft") == nil)
    #expect(Metric.named("ttft_s")?.better("count") == .neither)
  }

  @Test(
    "what runs report stands in the table, with the unit and the kind it says",
    arguments: [
      "minimal", "prefix-cache", "lora-adapters", "prefill-decode", "distillation", "spot-training",
      "mistakes/buying-before-validating",
      "hybrid-burst",
    ])
  func reported(name: String) async throws {
    let path = Self.scenarios.appendingPathComponent("\(name).yaml").path
    let scenario = try ScenarioReader.read(
      path: path, overrides: [Override(path: "replications", value: "1")]
    ).get()
    var options = RunOptions()
    options.maximumEvents = 30_000
    for row in await Experiment.run(scenario, options: options).rows where row.statistic != "count" {
      let metric = try #require(Metric.named(row.metric), "\(row.metric) is not in the table")
      #expect(row.unit == metric.unit.replacing("money", with: "USD"), "\(row.metric)")
      switch metric.kind {
      case .value:
        // Roles of a service stand beside the whole.
        #expect(["value", "prefill", "decode"].contains(row.statistic), "\(row.metric) \(row.statistic)")
      case .distribution:
        #expect(MetricName.statistics.contains(row.statistic), "\(row.metric) \(row.statistic)")
      case .verdict: Issue.record("\(row.metric) is no metric of a run")
      case .parts: #expect(row.statistic != "value" && !MetricName.statistics.contains(row.statistic))
      }
    }
  }
}
