import ArgumentParser
import DryRack
import Foundation

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Write a commented starter scenario; list the templates when none is named.",
    usage: """
      dryrack init
      dryrack init support-chat
      dryrack init minimal --out designs
      """)

  @Argument(help: "The template.") var template: String?
  @Option(help: ArgumentHelp("The folder to write into.", valueName: "dir")) var out = "."
  @Flag(help: "Replace files that are there.") var force = false

  func run() throws {
    let console = Console.current
    let files = ScenarioTemplate.all
    guard let template else {
      var table = TextTable(widthLimit: 90)
      for file in files where file.isScenario { table.append([file.name, file.summary]) }
      try console.out(table.text(style: TextStyle(colours: false)))
      return
    }
    guard let chosen = files.first(where: { $0.isScenario && $0.name == template }) else {
      let names = files.filter(\.isScenario).map(\.name)
      let nearest = Suggestion.nearest(to: template, among: names).map { "Did you mean '\($0)'?" }
      throw console.fail(
        "no template '\(template)'. \(nearest ?? "There are \(names.joined(separator: ", ")).")")
    }
    // What the scenario names comes with it, so that it runs where it lands.
    let written = [chosen] + files.filter { !$0.isScenario && chosen.text.contains($0.path) }
    for file in written where !force && FileManager.default.fileExists(atPath: "\(out)/\(file.path)") {
      throw console.fail("\(out)/\(file.path) is there already; --force replaces it")
    }
    do {
      for file in written {
        let path = "\(out)/\(file.path)"
        try AtomicFile.makeFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
        try AtomicFile.write(file.text, to: path)
      }
    } catch {
      throw console.fail("\(error)")
    }
    for file in written { try console.out("wrote \(out)/\(file.path)\n") }
  }
}
