import ArgumentParser
import DryRack

struct SensitivityCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sensitivity",
    abstract: "Say which inputs flip the winner, and how sure the decision is.",
    usage: """
      dryrack sensitivity buy-or-rent.yaml
      dryrack sensitivity buy-or-rent.yaml --out effects.csv --draws draws.csv
      dryrack sensitivity buy-or-rent.yaml --set sensitivity.spread=30% --format json
      """,
    discussion: """
      Moves prices, energy, staff, load and failures one at a time and finds the values at which another \
      design becomes the cheapest that holds its thresholds. Distributions under `uncertainty` are drawn \
      together: how likely is each design the cheapest?
      """)

  @Argument(help: "The scenario file.") var scenario: String
  @OptionGroup var options: ScenarioOptions
  @Option(help: "How to print the answer.") var format = OutputFormat.table
  @Option(help: ArgumentHelp("Write the effects: CSV, or everything as .json.", valueName: "file"))
  var out: String?
  @Option(help: ArgumentHelp("Write every draw of the uncertain inputs as CSV.", valueName: "file"))
  var draws: String?
  @OptionGroup var execution: ExecutionOptions

  func run() async throws {
    let console = Console.current
    let scenario = try ScenarioLoad.one(self.scenario, options: options, json: format == .json)
    if draws != nil && scenario.sensitivity.uncertain.isEmpty {
      throw console.fail("--draws needs something uncertain: the scenario has no `uncertainty`")
    }
    if Metric.named(scenario.sensitivity.objective.metric)?.better == .higher {
      throw console.fail(
        "\(scenario.sensitivity.objective.metric) is better when it is higher, and the least wins here; "
          + "take a cost or a latency")
    }
    try Layers.keepInput(self.scenario, from: [out, draws], console)
    let source = try Layers.source(self.scenario, options: options)
    try Layers.checkThresholds(scenario, console)
    if !execution.quiet, let note = Layers.demandNote(scenario) { console.error(note) }
    Interruption.allowGracefulEnd()
    let progress = ProgressLine(shown: execution.showsProgress(console))
    var study = SensitivityStudy(
      scenario, settings: scenario.sensitivity, source: source,
      options: execution.runOptions(designs: options.design)
    ) { progress.show($0) }
    let results = await study.run()
    progress.clear()
    do {
      if let out { try AtomicFile.write(out.hasSuffix(".json") ? results.json() : results.csv(), to: out) }
      if let draws { try AtomicFile.write(results.drawsCSV() ?? "", to: draws) }
    } catch {
      throw console.fail("\(error)")
    }
    if !execution.quiet { for place in [out, draws] { if let place { console.error("wrote \(place)\n") } } }
    switch format {
    case .json: try console.out(results.json())
    case .csv: try console.out(results.csv())
    case .table:
      try console.out(results.table(style: execution.style(console)))
    }
    if let reason = results.manifest.stoppedBy { console.error("stopped: \(reason); results are partial\n") }
    let status = CommandStatus.of(
      complete: results.manifest.complete, interrupted: Interruption.isRequested, holds: [])
    if status != .success { throw status }
  }
}
