import Foundation
import Testing

@Suite("What the command carries with it")
struct TemplateTests {
  @Test("every file of scenarios/ is embedded")
  func templates() throws {
    let folder = SourceFile.root.appendingPathComponent("scenarios")
    let files = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
    let list = try String(
      contentsOf: SourceFile.root.appendingPathComponent("Sources/CScenarioTemplates/scenario_templates.c"),
      encoding: .utf8)
    for file in files where !file.hasPrefix(".") {
      let path = folder.appendingPathComponent(file)
      if try path.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true { continue }
      #expect(list.contains("#embed \"../../scenarios/\(file)\""), "scenarios/\(file) is not embedded")
    }
  }
}
