import ArgumentParser
import DryRack

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Simulate every design of a scenario and judge its thresholds.",
    usage: """
      dryrack run chat.yaml
      dryrack run chat.yaml --out results/chat
      dryrack run chat.yaml --set workloads.chat.arrivals.rate=20/s --design cloud
      dryrack run chat.yaml --format json | jq .results
      """)

  @Argument(help: "The scenario file.") var scenario: String
  @OptionGroup var options: ScenarioOptions
  @Option(help: "How to print the answer.") var format = OutputFormat.table
  @Option(help: ArgumentHelp("Write the result files into this folder.", valueName: "dir")) var out: String?
  @Option(help: ArgumentHelp("Write one row a request: CSV, or .jsonl.", valueName: "file"))
  var requests: String?
  @Option(help: ArgumentHelp("Write Chrome trace events.", valueName: "file")) var timeline: String?
  @OptionGroup var execution: ExecutionOptions

  func run() async throws {
    let console = Console.current
    let scenario = try ScenarioLoad.one(self.scenario, options: options, json: format == .json)
    Interruption.allowGracefulEnd()
    let progress = ProgressBar(shown: execution.showsProgress(console))
    let results = await Experiment.run(scenario, options: runOptions) { progress.show($0) }
    progress.clear()
    do {
      if let out { try results.write(to: out) }
      if let requests { try results.writeRequests(to: requests) }
      if let timeline { try AtomicFile.write(results.timelineJSON(), to: timeline) }
    } catch {
      throw console.fail("\(error)")
    }
    if !execution.quiet {
      for place in [out, requests, timeline] { if let place { console.error("wrote \(place)\n") } }
    }
    try console.out(answer(results, console: console))
    if let reason = results.manifest.stoppedBy { console.error("stopped: \(reason); results are partial\n") }
    let status = CommandStatus.of(
      complete: results.manifest.complete, interrupted: Interruption.isRequested,
      holds: results.verdicts.map(\.holds))
    if status != .success { throw status }
  }

  /// The options in the terms of the layer below.
  var runOptions: RunOptions {
    var result = execution.runOptions(designs: options.design)
    result.keepRequests = requests != nil
    result.keepTimeline = timeline != nil
    return result
  }

  private func answer(_ results: RunResults, console: Console) -> String {
    switch format {
    case .json: results.summaryJSON()
    case .csv: results.metricsCSV()
    case .table: results.table(style: execution.style(console))
    }
  }
}
