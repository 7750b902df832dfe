import DryRack
import Foundation
import Testing

@testable import Command

@Suite("The plan of a disaggregated service")
struct DisaggregationPlanTests {
  @Test("both roles show their memory, and the way between them is said")
  func roles() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let path = root.appendingPathComponent("scenarios/prefill-decode.yaml").path
    let scenario = try ScenarioReader.read(path: path).get()
    let plan = RunPlan(scenario, designs: ["half-half"])
    let lines = try #require(plan.sections.first { $0.title.contains("service documents") }).lines
    #expect(lines.filter { $0.name == "  KV blocks" }.count == 2)
    #expect(lines.filter { $0.name == "  replicas" }.map(\.value) == ["4 on gpu", "4 on gpu"])
    #expect(lines.contains { $0.name == "  sent at" && $0.value == "400.0 GB/s a node over 1 link" })
    #expect(lines.contains { $0.name == "  leaves" && $0.value == "when the prompt is computed" })
  }
}
