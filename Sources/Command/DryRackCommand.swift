import ArgumentParser

/// The command as a whole; it only shows the way to its parts.
struct DryRackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dryrack",
    abstract: "A dry run of the rack: compare designs of AI infrastructure before you pay for one.",
    usage: """
      dryrack init minimal          write a starter scenario
      dryrack run minimal.yaml      the designs side by side
      dryrack plan minimal.yaml     what would run, with prices and their dates
      dryrack COMMAND --help        more on one command
      """,
    discussion: """
      Exit status: 0 ran and every threshold held, 1 a threshold failed, 2 could not run, \
      3 stopped at a limit with partial results, 130 interrupted.
      """,
    version: Layers.version,
    subcommands: [
      RunCommand.self, SweepCommand.self, MergeCommand.self, OptimizeCommand.self, SensitivityCommand.self,
      CompareCommand.self, ValidateCommand.self, PlanCommand.self, ExportNotebookCommand.self,
      CalibrateCommand.self, CatalogCommand.self, InitCommand.self, SchemaCommand.self,
    ])

  func run() throws { throw CleanExit.helpRequest(self) }
}

/// How an answer is written.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table, json, csv
}

/// A scenario and what the command line changes in it.
struct ScenarioOptions: ParsableArguments {
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Change a value of the scenario (repeatable); lists and mappings as in the file: "
        + "'workloads.chat.arrivals={process: burst, count: 9}'.", valueName: "path=value"))
  var settings: [String] = []

  @Option(help: ArgumentHelp("Let the scenario read files of another folder.", valueName: "dir"))
  var allowPath: [String] = []

  @Option(help: "Change the seed of all random draws.")
  var seed: UInt64?

  @Option(help: "Change how often each design is run.")
  var replications: Int?

  @Option(help: ArgumentHelp("Only this design (repeatable).", valueName: "name"))
  var design: [String] = []

  /// Everything that changes the scenario, in the order it applies, as `path=value`.
  var overrides: [String] {
    settings + (seed.map { ["seed=\($0)"] } ?? []) + (replications.map { ["replications=\($0)"] } ?? [])
  }

  func validate() throws {
    for setting in settings where !setting.dropFirst().contains("=") {
      throw ValidationError("--set takes PATH=VALUE, not '\(setting)'")
    }
    if let replications, replications < 1 { throw ValidationError("--replications must be at least 1") }
  }
}
