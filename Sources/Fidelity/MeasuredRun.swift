import DryRack
import Foundation

/// One measured serving run: how it was made, and what was measured.
struct MeasuredRun: Sendable {
  var id: String
  var campaign: String
  /// Cells of the first row, by column name.
  private var cells: [String: String]
  /// All notes of its rows, joined.
  var notes: String
  /// In the order of the file.
  var metrics: [(name: String, value: Double)]

  func text(_ column: String) -> String { cells[column] ?? "" }
  func number(_ column: String) -> Double? { Double(text(column)) }
  func integer(_ column: String) -> Int? { number(column).flatMap { Int(exactly: $0) } }
  func metric(_ name: String) -> Double? { metrics.first { $0.name == name }?.value }

  /// A `key=value` of the notes, such as `moe_ep=16`.
  func note(_ key: String) -> String? {
    for part in notes.split(whereSeparator: { $0 == ";" || $0 == "," }) {
      let pair = part.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if pair.count == 2, pair[0] == key { return pair[1] }
    }
    return nil
  }

  /// Reads the rows of a table, plain or gzip, and groups them by `run_id`, in the order of the file.
  static func read(_ bytes: [UInt8]) -> [MeasuredRun] {
    let plain = Gzip.isGzip(bytes) ? Gzip.inflate(bytes) ?? [] : bytes
    var header: [String] = []
    var runs: [MeasuredRun] = []
    var positions: [String: Int] = [:]
    plain.withUnsafeBufferPointer { buffer in
      CommaSeparated.forEachRow(in: buffer) { row in
        if header.isEmpty {
          header = row
          return
        }
        let cells = Dictionary(zip(header, row)) { first, _ in first }
        guard let id = cells["run_id"], let metric = cells["metric"],
          let value = Double(cells["value"] ?? "")
        else { return }
        if positions[id] == nil {
          positions[id] = runs.count
          runs.append(
            MeasuredRun(id: id, campaign: cells["campaign"] ?? "", cells: cells, notes: "", metrics: []))
        }
        let index = positions[id]!
        runs[index].metrics.append((metric, value))
        let note = cells["notes"] ?? ""
        if !runs[index].notes.contains(note) { runs[index].notes += note + ";" }
      }
    }
    return runs
  }
}
