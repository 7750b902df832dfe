import ArgumentParser
import DryRack

struct SweepCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Run a scenario over a parameter space into one tidy CSV.",
    usage: """
      dryrack sweep chat.yaml --out results.csv
      dryrack sweep chat.yaml --set workloads.chat.arrivals.rate=2/s..40/s:20log --out results.csv --jobs 2
      dryrack sweep chat.yaml --out results.csv --resume
      dryrack sweep chat.yaml --shard 0/4 --out results.csv     then: dryrack merge results.csv.parts
      dryrack sweep chat.yaml --engine slurm --shards 16 --out results.csv
      dryrack sweep chat.yaml --list
      """,
    discussion: """
      The space is the scenario's `sweep:` block and every --set that gives several values: a list \
      PATH=1,2,4, a range PATH=1..8:1 with its step, or PATH=2/s..40/s:20log (20lin) with a number of \
      values. Results of finished points lie in FILE.parts until the CSV is whole; what is stopped \
      goes on with --resume.
      """)

  enum Engine: String, ExpressibleByArgument, CaseIterable {
    case local, slurm
  }

  @Argument(help: "The scenario file.") var scenario: String
  @OptionGroup var options: ScenarioOptions
  @Option(help: ArgumentHelp("The CSV to write.", valueName: "file")) var out: String?
  @Flag(help: "One row for each design, workload and point, and a column for each metric.") var wide = false
  @Flag(help: "Rows of single replications too.") var replicationRows = false
  @Option(help: "How points are taken: grid, zip, sobol or latin-hypercube.") var method: SweepSpace.Method?
  @Option(help: "How many points sobol and latin-hypercube take.") var points: Int?
  @Flag(help: "Print the points as JSON lines and run nothing.") var list = false
  @Flag(help: "Go on where an earlier start was stopped.") var resume = false
  @Flag(help: "Keep the folder of results when the CSV is whole.") var keepParts = false
  @OptionGroup var shardOptions: ShardOptions
  @Option(help: "Who runs the points: this machine, or a Slurm job array of --shards tasks.")
  var engine = Engine.local
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("An option for sbatch (repeatable), such as --time=30.", valueName: "option"))
  var slurmOption: [String] = []
  @OptionGroup var execution: ExecutionOptions

  func validate() throws {
    if let points, points < 1 { throw ValidationError("--points must be at least 1") }
    if out == nil && !list {
      throw ValidationError("say where results go with --out FILE, or --list the points")
    }
    if engine == .slurm {
      if shardOptions.shards == nil { throw ValidationError("--engine slurm needs --shards N, its tasks") }
      if shardOptions.shard != nil { throw ValidationError("--engine slurm runs all shards") }
    }
  }

  func run() async throws {
    let console = Console.current
    if out == "" { throw console.fail("--out names no file") }
    if let out, !list, Layers.isFolder(out) {
      throw console.fail("--out \(out) is a folder; a sweep writes one file, such as \(out)/results.csv")
    }
    try Layers.keepInput(scenario, from: [out], console)
    let plan = try SweepLoad.plan(self, console: console)
    if engine == .slurm, !list { return try SlurmEngine(command: self, plan: plan, console: console).run() }
    let shard: Shard
    do throws(ShardOptions.Failure) {
      let found = try shardOptions.resolved(console.environment)
      shard = found.shard
      if let source = found.source, !execution.quiet {
        console.error("shard \(shard.index) of \(shard.count), by \(source)\n")
      }
    } catch { throw console.fail(error.message) }
    if list { return try SweepLoad.list(plan, shard: shard, console: console) }
    try await run(plan, shard: shard, out: out ?? "", console: console)
  }

  private func run(_ plan: SweepPlan, shard: Shard, out: String, console: Console) async throws {
    let runner: SweepRunner
    do {
      let store = try SweepStore(
        folder: out + SweepStore.suffix, manifest: plan.manifest, shard: shard, resume: resume)
      runner = try SweepRunner(
        sweep: Sweep(plan: plan, store: store, options: execution.runOptions()), store: store, out: out,
        wide: wide,
        keepsParts: keepParts)
    } catch { throw console.fail("\(error)") }
    Interruption.allowGracefulEnd()
    try await runner.run(console: console, quiet: execution.quiet)
  }
}

extension SweepSpace.Method: ExpressibleByArgument {}
