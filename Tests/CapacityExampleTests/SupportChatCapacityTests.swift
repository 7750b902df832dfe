import DryRackTesting
import Foundation
import Testing

/// How a user keeps a capacity promise in a test suite: the scenario beside the code, the promise in a
/// test.
@Suite struct SupportChatCapacityTests {
  static let scenario = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("scenarios/support-chat.yaml").path

  @Test func twoNodesCarryTheLunchtimeBurst() async throws {
    let capacity = try await CapacityRun(scenarioAt: Self.scenario)
    #expect(try capacity.value("p99(ttft_s)", design: "buy", workload: "chat") < 2)
    #expect(try capacity.value("goodput_ratio", design: "rent") > 0.99)
    #expect(capacity.failures.isEmpty)
  }
}
