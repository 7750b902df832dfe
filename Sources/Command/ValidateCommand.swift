import ArgumentParser
import DryRack

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check scenario files and report every fault at once.",
    usage: """
      dryrack validate chat.yaml
      dryrack validate scenarios/*.yaml
      dryrack validate chat.yaml --format json
      """)

  @Argument(help: "The scenario files.") var scenarios: [String]
  @OptionGroup var options: ScenarioOptions
  @Option(help: "How to print the faults: table or json.") var format = OutputFormat.table
  @Flag(name: [.short, .long], help: "Say nothing about files without faults.") var quiet = false

  func validate() throws {
    if format == .csv { throw ValidationError("--format takes table or json here") }
  }

  func run() throws {
    let console = Console.current
    var faulty = 0
    var diagnostics: [String] = []
    for path in scenarios {
      switch Layers.read(path, options: options) {
      case .success: if format == .table && !quiet { try console.out("\(path): valid\n") }
      case .failure(let faults):
        faulty += 1
        if format == .json { diagnostics += faults.json } else { console.error(faults.text) }
      }
    }
    // The fields other validators use, so that editors read it.
    if format == .json {
      let list = diagnostics.isEmpty ? "[]" : "[\n" + diagnostics.joined(separator: ",\n") + "\n]"
      try console.out(
        "{\"format_version\":\"1.0\",\"valid\":\(faulty == 0),\"error_count\":\(diagnostics.count),"
          + "\"diagnostics\":\(list)}\n")
    }
    if faulty > 0 { throw CommandStatus.cannotRun }
  }
}

/// Reading one scenario for a command that goes on with it.
enum ScenarioLoad {
  /// The scenario, or an exit after all its faults are on the error stream.
  static func one(_ path: String, options: ScenarioOptions, json: Bool) throws(CommandStatus) -> Scenario {
    let console = Console.current
    switch Layers.read(path, options: options) {
    case .failure(let faults):
      console.error(json ? faults.json.joined(separator: "\n") + "\n" : faults.text)
      throw .cannotRun
    case .success(let scenario):
      try check(designs: options.design, of: scenario, console: console)
      return scenario
    }
  }

  /// An exit where one of the designs that were asked for is not there.
  static func check(designs: [String], of scenario: Scenario, console: Console) throws(CommandStatus) {
    let names = scenario.designs.map(\.name)
    for design in designs where !names.contains(design) {
      let nearest = Suggestion.nearest(to: design, among: names).map { "Did you mean '\($0)'?" }
      throw console.fail(
        "the scenario has no design '\(design)'. \(nearest ?? "It has \(names.joined(separator: ", ")).")")
    }
  }
}
