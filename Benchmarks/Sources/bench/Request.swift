import DryRack
import Foundation

/// What the command line asks to measure.
struct Request {
  static let rows = [
    "hold", "leaps", "serving", "split", "network", "exchanges", "jobs", "layouts", "sweep", "money", "search",
  ]
  static let usage = """
    usage: bench [ROW...] [FOLDER]

      bench                     measures everything
      bench exchanges jobs      measures only these rows
      bench serving ../traces   and plays W1.csv and W3.csv of a folder

    rows: \(rows.joined(separator: " "))
    """

  private(set) var chosen: [String] = []
  /// The folder with W1.csv and W3.csv.
  private(set) var traces: String?
  private(set) var wantsHelp = false

  func isChosen(_ row: String) -> Bool { chosen.isEmpty || chosen.contains(row) }

  struct Fault: Error, CustomStringConvertible { let description: String }

  init(_ arguments: [String]) throws(Fault) {
    var faults: [String] = []
    for argument in arguments {
      if argument == "-h" || argument == "--help" || argument == "help" {
        wantsHelp = true
      } else if Self.rows.contains(argument) {
        chosen.append(argument)
      } else if argument.hasPrefix("-") || !argument.contains("/") && !Self.isFolder(argument) {
        let nearest = Self.rows.first { $0.hasPrefix(argument.prefix(2)) }
        faults.append(
          "no row or folder is named '\(argument)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ""))
      } else if let missing = Self.missingTrace(in: argument) {
        faults.append(missing)
      } else {
        traces = argument
      }
    }
    if !faults.isEmpty && !wantsHelp { throw Fault(description: faults.joined(separator: "\n       ")) }
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  private static func missingTrace(in folder: String) -> String? {
    if !isFolder(folder) { return "'\(folder)' is not a folder" }
    let missing = ["W1.csv", "W3.csv"].filter {
      !FileManager.default.isReadableFile(atPath: folder + "/" + $0)
    }
    return missing.isEmpty ? nil : "the folder '\(folder)' lacks \(missing.joined(separator: " and "))"
  }
}
