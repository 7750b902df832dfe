import Foundation

/// Reference data that does not travel with the repository: published traces and exact answers of formulas.
///
/// It is sought in the folder that the environment names as `DRYRACK_SHARED`, else in `shared` beside the
/// checkout. Tests that need it are skipped by name where it is absent; the project needs none of it.
public enum SharedData {
  /// The folder; `nil` where there is none.
  public static let folder: URL? = {
    let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let named = ProcessInfo.processInfo.environment["DRYRACK_SHARED"].map { URL(fileURLWithPath: $0) }
    let place = named ?? checkout.deletingLastPathComponent().appendingPathComponent("shared")
    let data = place.appendingPathComponent("data").path
    return FileManager.default.fileExists(atPath: data) ? place : nil
  }()

  /// What a skipped test says.
  public static let absence = "the shared data is absent: put it beside the checkout or set DRYRACK_SHARED"

  /// Whether a file is there; the path is relative to the data folder.
  public static func has(_ path: String) -> Bool { bytes(path) != nil }

  /// The bytes of a file; `nil` when it is absent.
  public static func bytes(_ path: String) -> [UInt8]? {
    guard let file = folder?.appendingPathComponent("data/\(path)"), let data = try? Data(contentsOf: file)
    else { return nil }
    return [UInt8](data)
  }

  /// The rows of a table of comma-separated values without its header; `nil` when it is absent.
  public static func rows(_ path: String) -> [[String]]? {
    bytes(path).map { Array(rows(in: String(decoding: $0, as: UTF8.self)).dropFirst()) }
  }

  /// Splits comma-separated values; cells in double quotes may hold commas.
  public static func rows(in text: String) -> [[String]] {
    text.split(whereSeparator: \.isNewline).map { line in
      var cells = [""]
      var isQuoted = false
      for character in line {
        if character == "\"" {
          isQuoted.toggle()
        } else if character == "," && !isQuoted {
          cells.append("")
        } else {
          cells[cells.count - 1].append(character)
        }
      }
      return cells
    }
  }
}
