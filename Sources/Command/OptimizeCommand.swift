import ArgumentParser
import DryRack

struct OptimizeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "optimize",
    abstract: "Search for the cheapest designs that hold the thresholds.",
    usage: """
      dryrack optimize fleet.yaml
      dryrack optimize fleet.yaml --jobs 4 --out front.csv
      dryrack optimize fleet.yaml --set optimize.budget=60 --design onprem --format json
      dryrack optimize fleet.yaml --protocol ask-tell
      """,
    discussion: """
      The scenario's `optimize` says what to vary and what for; its thresholds are the constraints. \
      One whole number is searched by bisection, a small space point by point, a large one by NSGA-II.

      Exit status: 0 something holds every threshold, 1 nothing tried does, 2 could not run, \
      3 stopped at a limit with partial results, 130 interrupted.
      """)

  enum ProtocolName: String, ExpressibleByArgument, CaseIterable { case askTell = "ask-tell" }

  @Argument(help: "The scenario file.") var scenario: String
  @OptionGroup var options: ScenarioOptions
  @Option(help: "How to print the answer.") var format = OutputFormat.table
  @Option(help: ArgumentHelp("Write every trial: CSV, or .json.", valueName: "file")) var out: String?
  @Option(
    name: .customLong("protocol"),
    help: "Let another program choose the points: it asks on standard input, a line of JSON each.")
  var protocolName: ProtocolName?
  @OptionGroup var execution: ExecutionOptions

  func run() async throws {
    let console = Console.current
    let scenario = try ScenarioLoad.one(self.scenario, options: options, json: format == .json)
    guard var settings = scenario.optimize else {
      throw console.fail(
        "the scenario does not say what to vary; give it `optimize: { variables: … }` (docs/optimize.md)")
    }
    // What the command line says of replications is meant for the contenders.
    if let replications = options.replications { settings.replications = replications }
    try Layers.keepInput(self.scenario, from: [out], console)
    let source = try Layers.source(self.scenario, options: options)
    try Layers.checkThresholds(scenario, console)
    if !execution.quiet, let note = Layers.demandNote(scenario) { console.error(note) }
    Interruption.allowGracefulEnd()
    if protocolName != nil {
      try await AskTell(
        scenario: scenario, settings: settings, source: source, options: execution.runOptions(),
        designs: options.design
      ).answer(console)
      return
    }
    let progress = ProgressLine(shown: execution.showsProgress(console))
    var optimizer = Optimizer(scenario, settings: settings, source: source, options: execution.runOptions()) {
      progress.show("\($0.points) points, \($0.runs) runs")
    }
    let results = await optimizer.search(designs: options.design)
    progress.clear()
    if let out {
      do {
        try AtomicFile.write(out.hasSuffix(".json") ? results.json() : results.csv(), to: out)
      } catch {
        throw console.fail("\(error)")
      }
      if !execution.quiet { console.error("wrote \(out)\n") }
    }
    switch format {
    case .json: try console.out(results.json())
    case .csv: try console.out(results.csv())
    case .table:
      try console.out(results.table(style: execution.style(console)))
    }
    if let reason = results.manifest.stoppedBy { console.error("stopped: \(reason); results are partial\n") }
    let status = CommandStatus.of(
      complete: results.manifest.complete, interrupted: Interruption.isRequested, holds: [results.isFeasible])
    if status != .success { throw status }
  }
}

/// One line on the terminal that is written over and over.
struct ProgressLine: Sendable {
  var shown: Bool

  func show(_ words: String) {
    if shown { Console.current.error("\r\u{1b}[K\(words)") }
  }

  func clear() {
    if shown { Console.current.error("\r\u{1b}[K") }
  }
}

extension Layers {
  /// Scenarios of a file with more values changed than the command line changes. The file has been read
  /// without a fault before.
  static func source(_ path: String, options: ScenarioOptions) throws(CommandStatus) -> ScenarioSource {
    do throws(FaultReport) {
      let family = try ScenarioFamily(
        path: path, overrides: overrides(options), allowedFolders: options.allowPath)
      return { family.scenario(at: $0) }
    } catch {
      throw Console.current.fail(error.description)
    }
  }
}
