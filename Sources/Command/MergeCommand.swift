import ArgumentParser
import DryRack

struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Bring the results of a sweep's shards together into one CSV.",
    usage: """
      dryrack merge results.csv.parts --out results.csv
      dryrack merge node-1/ node-2/ node-3/ --out results.csv --wide
      """,
    discussion: """
      Changes nothing but its output, and may be called again while shards still run: exit status 1, and \
      what is there in FILE.partial, until every point has its result; then the status is that of `sweep`: 1 \
      where a threshold fails at a point.
      """)

  @Argument(help: ArgumentHelp("Folders of results, or folders that hold them.", valueName: "dir"))
  var folders: [String]
  @Option(help: ArgumentHelp("The CSV to write.", valueName: "file")) var out: String
  @Flag(help: "One row for each design, workload and point, and a column for each metric.") var wide = false
  @Flag(name: [.short, .long], help: "No notes.") var quiet = false

  func run() throws {
    let console = Console.current
    var tally = SweepTally()
    let merge: SweepMerge
    let written: String
    do {
      merge = try SweepMerge(folders: folders)
      written = try merge.writeCSV(to: out, wide: wide) { tally.take($0) }
    } catch { throw console.fail("\(error)") }
    if !quiet {
      console.error(tally.noteText)
      for path in merge.unreadable {
        console.error("note: \(path) cannot be read; its results are left out\n")
      }
      if merge.lostBytes > 0 {
        console.error("left out \(merge.lostBytes) bytes of torn or damaged records\n")
      }
      console.error("wrote \(written)\n")
    }
    let total = merge.manifest.points
    if !merge.missing.isEmpty {
      try console.out(
        "\(total - merge.missing.count)/\(total) points, missing: \(SweepMerge.ranges(merge.missing))\n")
      throw CommandStatus.thresholdFailed
    }
    try console.out(
      "\(total)/\(total) points\n" + tally.text(scenario: merge.manifest.scenario, total: total))
    let status = CommandStatus.of(complete: tally.cutShort == 0, holds: [tally.allHold])
    if status != .success { throw status }
  }
}
