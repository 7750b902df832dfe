/// A table in RFC 4180 form with LF line ends, as Unix tools and every CSV reader take it.
public struct CSVText {
  /// One cell: what is text gets the formula guard, numbers stay numbers.
  public enum Cell {
    case text(String)
    case number(Double?)
    case integer(Int?)
    /// Already a plain decimal, such as exact money.
    case decimal(String)
  }

  /// The table so far.
  public private(set) var text = ""
  private let columns: Int

  /// A table with these columns.
  public init(header: [String]) {
    columns = header.count
    append(header.map { .text($0) })
  }

  /// Rows alone, for a table whose header stands elsewhere.
  public init(columns: Int) { self.columns = columns }

  /// Adds a row, which has a cell for every column.
  public mutating func append(_ cells: [Cell]) {
    precondition(cells.count == columns, "every row has a cell for every column")
    for (index, cell) in cells.enumerated() {
      if index > 0 { text += "," }
      switch cell {
      case .text(let value): text += CSVText.quoted(CSVText.guarded(value))
      case .number(let value): text += FileText.number(value)
      case .integer(let value): text += value.map(String.init) ?? ""
      case .decimal(let value): text += value
      }
    }
    text += "\n"
  }

  /// Text that a spreadsheet would run as a formula is prefixed by an apostrophe (CWE-1236).
  private static func guarded(_ value: String) -> String {
    guard let first = value.utf8.first else { return value }
    switch first {
    case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 9, 13:
      return "'" + value
    default: return value
    }
  }

  private static func quoted(_ value: String) -> String {
    let special = value.utf8.contains {
      $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 10 || $0 == 13
    }
    guard special else { return value }
    var result = "\""
    for scalar in value.unicodeScalars {
      if scalar == "\"" { result += "\"\"" } else { result.unicodeScalars.append(scalar) }
    }
    return result + "\""
  }
}
