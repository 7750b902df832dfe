import ArgumentParser
import DryRack
import Foundation

struct ExportNotebookCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export-notebook",
    abstract: "Write a Jupyter notebook that loads results and plots them, and a Vega-Lite spec beside it.",
    usage: """
      dryrack export-notebook results/chat -o chat.ipynb
      dryrack export-notebook sweep.csv -o notebooks/load.ipynb
      """,
    discussion: """
      The notebook needs Python with pandas and Matplotlib, nothing of dryrack. It reads the results where \
      they lie, by paths relative to itself.
      """)

  @Argument(help: ArgumentHelp("A folder of `run --out`, or the CSV of a sweep.", valueName: "results"))
  var results: String
  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The notebook.", valueName: "file"))
  var output: String
  @Option(help: ArgumentHelp("Its heading.", valueName: "text")) var title: String?

  func validate() throws {
    if !output.hasSuffix(".ipynb") {
      throw ValidationError("a notebook's name ends in .ipynb, not '\(output)'")
    }
  }

  func run() throws {
    let console = Console.current
    let files = FileManager.default
    var isFolder: ObjCBool = false
    let isThere = files.fileExists(atPath: results, isDirectory: &isFolder)
    let base = results.hasSuffix("/") ? String(results.dropLast()) : results
    let table = isFolder.boolValue ? base + "/metrics.csv" : base
    if isThere && isFolder.boolValue && !files.fileExists(atPath: table) {
      throw console.fail("\(results) holds no metrics.csv; `dryrack run --out \(results)` writes it")
    }
    if table.hasSuffix(".json") {
      throw console.fail("a notebook reads tables: give the folder of the results or a CSV, not \(results)")
    }
    switch ResultReader.read(path: table) {
    case .failure(let report):
      console.error(report.description + "\n")
      throw CommandStatus.cannotRun
    case .success(let set):
      let folder = URL(fileURLWithPath: output).deletingLastPathComponent()
      func place(_ name: String) -> String? {
        guard isFolder.boolValue, files.fileExists(atPath: "\(base)/\(name)") else { return nil }
        return Self.relative("\(base)/\(name)", to: folder)
      }
      let notebook = ResultsNotebook(
        title: title ?? URL(fileURLWithPath: base).deletingPathExtension().lastPathComponent,
        places: .init(
          metrics: Self.relative(table, to: folder), series: place("series.csv"), costs: place("costs.csv")),
        set: set)
      let spec = String(output.dropLast(".ipynb".count)) + ".vl.json"
      do {
        try AtomicFile.makeFolder(folder.path)
        try AtomicFile.writeTogether([(spec, notebook.vegaLite()), (output, notebook.notebook())])
      } catch { throw console.fail("\(error)") }
      console.error("wrote \(output)\nwrote \(spec)\n")
    }
  }

  /// The path of a file seen from a folder.
  static func relative(_ path: String, to folder: URL) -> String {
    let target = URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().pathComponents
    let start = folder.standardizedFileURL.resolvingSymlinksInPath().pathComponents
    let common = zip(target, start).prefix { $0 == $1 }.count
    let up = Array(repeating: "..", count: start.count - common)
    return (up + target[common...]).joined(separator: "/")
  }
}
