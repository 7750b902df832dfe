import DryRack
import Foundation

// Replays every usable measured run through the product and writes the scoreboard.

let usage = """
  usage: fidelity MEASURED.csv.gz [--report FILE] [--fit FILE] [--pairs FILE] [--overlay FILE] [--every N]
         fidelity --steps [--overlay FILE]

    --report FILE   the scoreboard in Markdown, cross-validated by campaign
    --fit FILE      fits the coefficients to all runs and writes them as a catalogue overlay
    --pairs FILE    measured and predicted, a figure a row
    --overlay FILE  facts laid over the catalogue first
    --every N       only every Nth run
    --steps         whole steps of the catalogue's own kernel tables, to standard output

         fidelity --training TRAINING.csv [--report FILE] [--fit FILE]

    --report FILE   the section of training steps, cross-validated by campaign and by family
    --fit FILE      fits the coefficients to all rows and writes them as a catalogue overlay

         fidelity --infrastructure FOLDER --report FILE [--setups FILE] [--left-out FILE]
                  [--own-steps FILE]

    FOLDER          holds fabric.csv, training.csv and storage.csv; beside it lie network and traces; what
                    is missing is not judged
    --report FILE   collectives, training steps, storage, networks and spot markets in Markdown
    --setups FILE   what fabric.csv was measured on; tools/measured-fabrics.csv unless stated
    --left-out FILE what tools/distil-fabric.py --cross-validate --rows wrote
    --own-steps FILE what tools/profile-training.py wrote; tools/measured-training.csv unless stated
  """
let arguments = Array(CommandLine.arguments.dropFirst())

func option(_ name: String) -> String? {
  arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
}

func stop(_ message: String) -> Never {
  FileHandle.standardError.write(Data((message + "\n").utf8))
  exit(2)
}

func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

func contents(of path: String) -> [UInt8] {
  guard let data = FileManager.default.contents(atPath: path) else { stop("cannot read \(path)") }
  return [UInt8](data)
}

/// Nothing where there is no such file.
func optional(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map { [UInt8]($0) } }

func write(_ text: String, to path: String) {
  do { try text.write(toFile: path, atomically: true, encoding: .utf8) } catch {
    stop("cannot write \(path)")
  }
}

if let folder = option("--infrastructure") {
  guard let file = option("--report") else { stop(usage) }
  let setups = contents(of: option("--setups") ?? "tools/measured-fabrics.csv")
  let leftOut = option("--left-out").map { contents(of: $0) }
  let report = InfrastructureReport(
    fabric: optional("\(folder)/fabric.csv").map {
      FabricScore(fabric: $0, setups: setups, leftOut: leftOut)
    },
    hasLeftOutFabric: leftOut != nil,
    training: optional("\(folder)/training.csv").map { TrainingScore($0) },
    ownSteps: optional(option("--own-steps") ?? "tools/measured-training.csv").map { OwnSteps($0) },
    storage: optional("\(folder)/storage.csv").map { StorageScore($0) },
    network: NetworkScore("\(folder)/../network"),
    longRun: await LongRunScore(
      scenario: "scenarios/llama-3-405b.yaml", bytes: optional("scenarios/llama-3-405b.yaml")),
    spot: SpotScore("\(folder)/../traces"))
  write(report.text(), to: file)
  exit(0)
}
if let table = option("--training") {
  let bytes = contents(of: table)
  if let file = option("--fit") {
    guard let facts = TrainingScore.fit(bytes) else { stop("nothing to fit") }
    write(OverlayFile.text(of: facts), to: file)
  }
  if let file = option("--report") { write(TrainingScore(bytes).text(), to: file) }
  exit(0)
}
var catalog = Catalog.builtIn
if let overlay = option("--overlay") {
  switch OverlayFile.read(contents(of: overlay)) {
  case .success(let facts): catalog = catalog.overlaid(with: facts)
  case .failure(let faults): stop("\(overlay), row \(faults.rows[0].row): \(faults.rows[0].message)")
  }
}
if arguments.first == "--steps" {
  say(StepScore.text(catalog: catalog))
  exit(0)
}
guard let path = arguments.first, !path.hasPrefix("-") else { stop(usage) }
let every = option("--every").flatMap { Int($0) } ?? 1
let table = MeasuredRun.read(contents(of: path)).enumerated().filter { $0.offset % max(1, every) == 0 }
let (replayed, omissions) = Replay.prepare(table.map(\.element))
if let file = option("--fit") {
  guard
    let fit = FittedCoefficients.fit(
      replayed, catalog: catalog.overlaid(with: FittedCoefficients.neutral))
  else { stop("nothing to fit") }
  say("cost \(fit.startCost) -> \(fit.endCost)")
  for estimate in fit.estimates {
    let name = "\(estimate.parameter.name) \(estimate.parameter.key)"
    say("\(name) \(estimate.value) [\(estimate.low), \(estimate.high)]")
  }
  write(OverlayFile.text(of: fit.overlay(source: "served-fit", date: "2026-11-25", note: "fitted")), to: file)
}
if let file = option("--report") {
  write(CrossValidation.scoreboard(replayed, omissions, catalog: catalog).text(), to: file)
}
if let file = option("--pairs") {
  write(Pairs.csv(Replay.compare(replayed, catalog: catalog)), to: file)
}
