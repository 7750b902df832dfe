import ArgumentParser
import DryRack

/// How much of the machine a command may take, and what it says beside its answer.
struct ExecutionOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How many runs at once; results do not depend on it.", valueName: "count"))
  var jobs = 1
  @Option(help: ArgumentHelp("Stop after this time, such as 90s or 5m.", valueName: "time"))
  var timeLimit: Limit.Time?
  @Option(help: ArgumentHelp("Stop at this much memory, such as 4GiB.", valueName: "size"))
  var memoryLimit: Limit.Memory?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Stop after this many events; of a sweep, in each point.", valueName: "count"))
  var maxEvents: Int?
  @Flag(name: [.short, .long], help: "No progress and no notes.") var quiet = false
  @Flag(help: "No colours.") var noColor = false

  func validate() throws {
    if jobs < 1 { throw ValidationError("--jobs must be at least 1") }
    if let maxEvents, maxEvents < 1 { throw ValidationError("--max-events must be at least 1") }
  }

  /// The same in the terms of the layer below.
  ///
  /// - Parameter designs: of which alone there are to be runs; empty for all.
  func runOptions(designs: [String] = []) -> RunOptions {
    var options = RunOptions()
    options.jobs = jobs
    options.designs = designs
    options.timeLimitSeconds = timeLimit?.seconds
    options.memoryLimitBytes = memoryLimit?.bytes
    options.maximumEvents = maxEvents
    options.isInterrupted = { Interruption.isRequested }
    return options
  }

  /// Whether progress is to be shown on this console.
  func showsProgress(_ console: Console) -> Bool { console.errorIsTerminal && !quiet }

  func style(_ console: Console) -> TextStyle { TextStyle(colours: console.coloursAllowed(noColor: noColor)) }
}
