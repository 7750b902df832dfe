/// Aligned columns of text. Long cells wrap at words, so that no design pushes the others off the screen.
public struct TextTable: Sendable {
  struct Cell {
    var text: String
    var mark: TextStyle.Mark = .plain
  }

  private var rows: [[Cell]] = []
  private let widthLimit: Int

  /// A table whose columns are at most `widthLimit` wide.
  public init(widthLimit: Int = 34) { self.widthLimit = widthLimit }

  /// Adds a row; rows may differ in length.
  public mutating func append(_ cells: [String]) { rows.append(cells.map { Cell(text: $0) }) }

  /// Adds a row in bold.
  public mutating func appendHeader(_ cells: [String]) {
    rows.append(cells.map { Cell(text: $0, mark: .bold) })
  }

  mutating func append(_ cells: [Cell]) { rows.append(cells) }

  /// The table as lines, each ended by a line feed.
  ///
  /// - Complexity: O(characters).
  public func text(style: TextStyle) -> String {
    let wrapped = rows.map { row in
      row.map { cell in
        (lines: TextTable.wrap(TextStyle.printable(cell.text), at: widthLimit), mark: cell.mark)
      }
    }
    var widths: [Int] = []
    for row in wrapped where row.count > 1 {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], cell.lines.map(\.count).max() ?? 0)
      }
    }
    var text = ""
    for (number, row) in wrapped.enumerated() {
      // A row of one cell is a heading: it spans the columns and does not wrap.
      if row.count == 1 {
        text += style.apply(row[0].mark, to: TextStyle.printable(rows[number][0].text)) + "\n"
        continue
      }
      for line in 0..<(row.map(\.lines.count).max() ?? 0) {
        text += TextTable.trimmed(physicalLine(line, of: row, widths: widths, style: style)) + "\n"
      }
    }
    return text
  }

  private func physicalLine(
    _ line: Int, of row: [(lines: [String], mark: TextStyle.Mark)], widths: [Int], style: TextStyle
  ) -> String {
    var text = ""
    for (column, cell) in row.enumerated() {
      let content = line < cell.lines.count ? cell.lines[line] : ""
      let padding = String(repeating: " ", count: widths[column] - content.count)
      let marked = style.apply(cell.mark, to: content)
      text += (column > 0 ? "  " : "") + marked + padding
    }
    return text
  }

  private static func trimmed(_ line: String) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return line
  }

  /// Breaks at spaces; a word longer than the width stands alone. Leading spaces stay: they indent.
  private static func wrap(_ text: String, at width: Int) -> [String] {
    if text.count <= width { return [text] }
    var lines: [String] = []
    var line = String(text.prefix { $0 == " " })
    let indent = line
    for word in text.split(separator: " ") {
      let glue = line.count > indent.count ? " " : ""
      if line.count + glue.count + word.count > width && line.count > indent.count {
        lines.append(line)
        line = indent + String(word)
      } else {
        line += glue + word
      }
    }
    lines.append(line)
    return lines
  }
}
