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
    for file in files {
      var isFolder: ObjCBool = false
      FileManager.default.fileExists(atPath: folder.appendingPathComponent(file).path, isDirectory: &isFolder)
      if isFolder.boolValue { continue }
      #expect(list.contains("#embed \"../../scenarios/\(file)\""), "scenarios/\(file) is not embedded")
    }
  }
}
