import DryRack
import Foundation
import Testing

@testable import Command

@Suite("The plan of a service with adapters")
struct AdapterPlanTests {
  @Test("slots are a term of the memory, and loads have their times")
  func terms() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    func plan(_ name: String) throws -> RunPlan {
      let path = root.appendingPathComponent("scenarios/\(name).yaml").path
      return RunPlan(try ScenarioReader.read(path: path).get(), designs: [])
    }
    let sections = try plan("lora-adapters").sections
    let lines = try #require(sections.first { $0.title.contains("more-slots, service tenants") }).lines
    // 64 adapters of 80 MiB.
    #expect(lines.contains { $0.name == "− adapter slots" && $0.value == "5.0 GiB" })
    #expect(lines.contains { $0.name == "an adapter" && $0.value == "80.0 MiB" })
    // 83.9 MB at 0.8 of 63 GB/s, and 50 ms and as much at 1 GB/s.
    #expect(lines.contains { $0.name == "from the host" && $0.value == "1.66 ms, 100 held there" })
    #expect(lines.contains { $0.name == "from storage" && $0.value == "133.89 ms more" })
    let workload = try #require(sections.first { $0.title == "workload tenants" }).lines
    #expect(workload.contains { $0.name == "adapters" && $0.value.hasPrefix("200, zipf 0.8") })
    #expect(!(try plan("minimal")).sections.flatMap(\.lines).contains { $0.name.contains("adapter") })
  }
}
