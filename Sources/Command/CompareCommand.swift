import ArgumentParser
import DryRack
import Foundation

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare two result sets, a result set with a baseline, or designs of one.",
    usage: """
      dryrack compare results/old results/new
      dryrack compare old.csv new.csv --noise 5% --metrics 'p99(ttft_s),cost_per_month'
      dryrack compare results/new --save-baseline main
      dryrack compare results/new --baseline main
      dryrack compare results/new --designs buy,rent
      """,
    discussion: """
      A result set is a folder of `run --out`, its summary.json or metrics.csv, or the CSV of a sweep. Rows \
      pair by design, workload, point, metric, statistic and, where the seeds are equal, replication. \
      Regressed and improved mean that the whole 95 % interval of the change lies past the noise; designs of \
      one set are compared without judgement. Exit status: 0 nothing regressed, 1 something did, 2 nothing \
      is comparable.
      """)

  @Argument(help: ArgumentHelp("What was, and what is now.", valueName: "results")) var results: [String]
  @Option(help: ArgumentHelp("Changes up to this share are noise.", valueName: "share"))
  var noise = Share(value: 0.02)
  @Option(
    help: ArgumentHelp(
      "Only these, such as 'p99(ttft_s),cost_per_month'; a metric stands for all its statistics.",
      valueName: "list"))
  var metrics: String?
  @Option(
    help: ArgumentHelp(
      "Only these designs; of one result set, the others against the first.", valueName: "list"))
  var designs: String?
  @Option(help: ArgumentHelp("Keep the result set as a baseline.", valueName: "name")) var saveBaseline:
    String?
  @Option(help: ArgumentHelp("Compare with a baseline that was kept.", valueName: "name")) var baseline:
    String?
  @Option(help: ArgumentHelp("Where baselines are kept.", valueName: "dir"))
  var baselines = ".dryrack/baselines"
  @Option(help: "How to print the answer.") var format = OutputFormat.table
  @Flag(help: "Show what stayed within noise and what is identical too.") var all = false
  @Flag(help: "No colours.") var noColor = false

  /// A share such as `2%` or `0.02`.
  struct Share: ExpressibleByArgument {
    var value: Double
    init(value: Double) { self.value = value }
    init?(argument: String) {
      let isPercent = argument.hasSuffix("%")
      let digits = isPercent ? String(argument.dropLast()) : argument
      guard digits.utf8.allSatisfy({ "0123456789.".utf8.contains($0) }), let number = Double(digits) else {
        return nil
      }
      value = isPercent ? number / 100 : number
    }
    var defaultValueDescription: String { "\(value * 100)%" }
  }

  private var designNames: [String] {
    (designs ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  func validate() throws {
    if results.count > 2 { throw ValidationError("compare takes one or two result sets") }
    if noise.value >= 1 { throw ValidationError("--noise is a share below 100 %") }
    if results.count == 2 && (baseline != nil || saveBaseline != nil) {
      throw ValidationError("with a baseline, compare takes one result set")
    }
    if results.count == 1 && baseline == nil && saveBaseline == nil && designNames.count < 2 {
      throw ValidationError(
        "one result set is compared with --baseline NAME, or by --designs A,B; give two otherwise")
    }
    for name in [baseline, saveBaseline] {
      if let name, !Self.isName(name) {
        throw ValidationError(
          "a baseline's name holds letters, digits, '.', '_' and '-' alone, not '\(name)'")
      }
    }
  }

  private static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.first != "."
      && name.utf8.allSatisfy { byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
          || [45, 46, 95].contains(byte)
      }
  }

  func run() throws {
    let console = Console.current
    let sets = try load(console)
    if let saveBaseline {
      let path = "\(baselines)/\(saveBaseline).csv"
      do {
        try AtomicFile.makeFolder(baselines)
        try AtomicFile.write(sets[0].csv(), to: path)
      } catch { throw console.fail("\(error)") }
      console.error("wrote \(path)\n")
      if baseline == nil && designNames.count < 2 { return }
    }
    let comparisons = try pairs(sets, console)
    for (index, comparison) in comparisons.enumerated() {
      switch format {
      case .json: try console.out(comparison.json())
      case .csv: try console.out(comparison.csv())
      case .table:
        let style = TextStyle(colours: console.coloursAllowed(noColor: noColor))
        try console.out((index > 0 ? "\n" : "") + comparison.table(style: style, isFull: all))
      }
    }
    if comparisons.contains(where: \.isEmpty) {
      throw console.fail("the result sets have no figure in common; do designs, workloads and points agree?")
    }
    let isJudged = results.count == 2 || baseline != nil
    if isJudged, comparisons.contains(where: { !$0.regressions.isEmpty }) {
      throw CommandStatus.thresholdFailed
    }
  }

  /// What to hold against each other.
  private func pairs(_ sets: [ResultSet], _ console: Console) throws -> [ResultComparison] {
    let selection = ResultComparison.Selection(
      figures: (metrics ?? "").split(separator: ",").map { $0.filter { $0 != " " } }, noise: noise.value)
    if let unknown = selection.unknown(in: sets).first {
      let near = unknown.nearest.map { ". Did you mean '\($0)'?" } ?? ""
      throw console.fail("no result set has the figure '\(unknown.name)'\(near)")
    }
    let known = Array(Set(sets.flatMap(\.designs))).sorted()
    for name in designNames where !known.contains(name) {
      let near = Suggestion.nearest(to: name, among: known).map { "Did you mean '\($0)'?" }
      throw console.fail(
        "no result set has the design '\(name)'. \(near ?? "There are \(known.joined(separator: ", ")).")")
    }
    if sets.count == 2 {
      let chosen = designNames.isEmpty ? sets : sets.map { $0.only(designs: designNames) }
      return [ResultComparison(before: chosen[0], after: chosen[1], selection: selection)]
    }
    return designNames.dropFirst().map { name in
      let title = "\(name) against \(designNames[0])"
      return ResultComparison(
        before: sets[0].design(designNames[0], as: title), after: sets[0].design(name, as: title),
        selection: selection, isJudged: false)
    }
  }

  /// All result sets, the baseline first; every fault of every file is told before it gives up.
  private func load(_ console: Console) throws -> [ResultSet] {
    var paths = results
    if let baseline {
      let path = "\(baselines)/\(baseline).csv"
      if !FileManager.default.fileExists(atPath: path) {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: baselines)) ?? []
        let names = files.filter { $0.hasSuffix(".csv") }.map { String($0.dropLast(4)) }.sorted()
        let near = Suggestion.nearest(to: baseline, among: names).map { "Did you mean '\($0)'?" }
        let others =
          names.isEmpty ? "--save-baseline keeps one." : "There are \(names.joined(separator: ", "))."
        throw console.fail("there is no baseline '\(baseline)' in \(baselines). \(near ?? others)")
      }
      paths.insert(path, at: 0)
    }
    var sets: [ResultSet] = []
    for path in paths {
      switch ResultReader.read(path: path) {
      case .success(let set): sets.append(set)
      case .failure(let report):
        console.error(
          format == .json
            ? Layers.diagnostics(report).joined(separator: "\n") + "\n" : report.description + "\n")
      }
    }
    if sets.count < paths.count { throw CommandStatus.cannotRun }
    return sets
  }
}
