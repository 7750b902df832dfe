import DryRack

/// Rows of a table whose first row names its columns.
enum NamedRows {
  static func forEach(in bytes: [UInt8], _ body: ([String: String]) -> Void) {
    var header: [String] = []
    bytes.withUnsafeBufferPointer { buffer in
      CommaSeparated.forEachRow(in: buffer) { cells in
        if header.isEmpty {
          header = cells
        } else {
          body(Dictionary(zip(header, cells)) { first, _ in first })
        }
      }
    }
  }
}
