import ArgumentParser
import DryRack
import Foundation

struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Fit an engine's coefficients to your own benchmark runs and say how far off they are.",
    usage: """
      dryrack calibrate bench-*.json --scenario chat.yaml
      dryrack calibrate bench-*.json --scenario chat.yaml -o vllm-h100.csv
      dryrack calibrate profile_export.jsonl --scenario chat.yaml --metrics "ttft_s,p99(e2e_s)"
      """,
    discussion: """
      Reads results of vLLM's benchmark client, AIPerf, guidellm and llm-d, and tables of runs; \
      the content tells which. The scenario says what was measured: the first service of its first \
      design, or of --design. A scenario names the overlay that -o writes under `overlays`.
      """)

  @Argument(help: "Result files of benchmark clients, plain or gzip.") var measurements: [String]
  @Option(help: "The scenario that describes what was measured.") var scenario: String
  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Write the overlay here.", valueName: "file"))
  var output: String?
  @Option(help: ArgumentHelp("Compare only these, such as ttft_s or p99(e2e_s).", valueName: "list"))
  var metrics: String?
  @OptionGroup var options: ScenarioOptions
  @Option(help: "How many runs to simulate at once; results do not depend on it.") var jobs = 2
  @Option(help: "How to print: table, json, or csv, which is the overlay.") var format = OutputFormat.table
  @Flag(help: "No colours.") var noColor = false

  func validate() throws {
    if jobs < 1 { throw ValidationError("--jobs must be at least 1") }
    if options.design.count > 1 { throw ValidationError("one --design is calibrated at a time") }
    _ = try selection()
  }

  private func selection() throws -> MetricSelection {
    guard let metrics else { return .usual }
    switch MetricSelection.parse(metrics) {
    case .success(let selection): return selection
    case .failure(let problem): throw ValidationError("--metrics: \(problem.message)")
    }
  }

  func run() throws {
    let console = Console.current
    if let output {
      // Better now than after minutes of fitting.
      let folder = URL(fileURLWithPath: output).deletingLastPathComponent().path
      if !FileManager.default.isWritableFile(atPath: folder) {
        throw console.fail("cannot write \(output): the folder is not there or not writable")
      }
    }
    let calibration = try prepare(console)
    guard let report = calibration.report(jobs: jobs) else {
      throw console.fail("the fit did not take a step: the scenario cannot be simulated as it was measured")
    }
    if let output {
      do {
        try AtomicFile.write(OverlayFile.text(of: report.overlay), to: output)
      } catch {
        throw console.fail("\(error)")
      }
    }
    switch format {
    case .json: try console.out(report.json())
    case .csv: try console.out(OverlayFile.text(of: report.overlay))
    case .table:
      try console.out(report.table(style: TextStyle(colours: console.coloursAllowed(noColor: noColor))))
      console.error(output.map { "wrote \($0)\n" } ?? "nothing is written; -o FILE keeps the overlay\n")
    }
  }

  /// Every fault of every file is on the error stream before the command gives up.
  private func prepare(_ console: Console) throws -> ServiceCalibration {
    var runs: [BenchmarkRun] = []
    var faulty = false
    for path in measurements {
      switch MeasurementReader.read(path: path) {
      case .success(let read): runs += read
      case .failure(let report):
        faulty = true
        show(report, console)
      }
    }
    let source = ServiceCalibration.Source(
      path: scenario, overrides: Layers.overrides(options), allowedFolders: options.allowPath,
      design: options.design.first)
    switch ServiceCalibration.prepare(runs, source: source, selection: try selection()) {
    case .success(let calibration):
      if faulty { throw CommandStatus.cannotRun }
      return calibration
    case .failure(.faults(let report)):
      show(report, console)
      throw CommandStatus.cannotRun
    case .failure(.message(let message)):
      // Without any run to go by, the files' own faults say it all.
      if faulty && runs.isEmpty { throw CommandStatus.cannotRun }
      throw console.fail(message)
    }
  }

  private func show(_ report: FaultReport, _ console: Console) {
    console.error(
      format == .json ? Layers.diagnostics(report).joined(separator: "\n") + "\n" : report.description + "\n")
  }
}
