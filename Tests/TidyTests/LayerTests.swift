import Foundation
import Testing

@Suite("The layers are one-way doors")
struct LayerTests {
  /// The targets in the order of the manifest, which is the order of the layers.
  private func targets() throws -> [String] {
    let manifest = try String(
      contentsOf: SourceFile.root.appendingPathComponent("Package.swift"), encoding: .utf8)
    return manifest.matches(of: /\.(?:target|executableTarget|systemLibrary)\(\s*name: "(\w+)"/)
      .map { String($0.1) }
  }

  @Test("a target imports only what stands above it in the manifest")
  func importsPointUp() throws {
    let order = try targets()
    try #require(order.contains("Kernel") && order.contains("Command"))
    for file in try SourceFile.sources.get() {
      guard let own = order.firstIndex(of: file.target) else { continue }
      for (module, line) in file.imports {
        guard let other = order.firstIndex(of: module) else { continue }
        #expect(other < own, "\(file.path):\(line): \(file.target) must not import \(module), a later layer")
      }
    }
  }

  @Test(
    "a library from outside has one user",
    arguments: [
      ("CGSL", "Statistics"), ("Yams", "Scenario"), ("ArgumentParser", "Command"), ("CZlib", "Workloads"),
    ])
  func oneUser(module: String, owner: String) throws {
    for file in try SourceFile.sources.get() where file.target != owner {
      for (imported, line) in file.imports {
        #expect(imported != module, "\(file.path):\(line): only \(owner) may import \(module)")
      }
    }
  }

  @Test("the simulated world has no Foundation", arguments: ["Quantities", "Kernel", "Statistics", "World"])
  func modelsHaveNoFoundation(target: String) throws {
    for file in try SourceFile.sources.get() where file.target == target {
      for (module, line) in file.imports {
        #expect(module != "Foundation", "\(file.path):\(line): \(target) needs no Foundation")
      }
    }
  }
}
