/// A Jupyter notebook (nbformat 4.5): cells with names, no outputs, Python 3.
struct Notebook {
  /// A cell; names are unique in a notebook and hold letters, digits, `-` and `_` alone.
  struct Cell {
    var name: String
    var isCode: Bool
    var text: String
  }

  private(set) var cells: [Cell] = []

  mutating func addText(_ name: String, _ text: String) {
    cells.append(Cell(name: name, isCode: false, text: text))
  }

  mutating func addCode(_ name: String, _ text: String) {
    cells.append(Cell(name: name, isCode: true, text: text))
  }

  /// The file's text.
  func json() -> String {
    JSONValue.object([
      ("cells", .array(cells.map(\.json))),
      (
        "metadata",
        .object([
          (
            "kernelspec",
            .object([
              ("display_name", .string("Python 3")), ("language", .string("python")),
              ("name", .string("python3")),
            ])
          ), ("language_info", .object([("name", .string("python"))])),
        ])
      ), ("nbformat", .integer(4)), ("nbformat_minor", .integer(5)),
    ]).text(wrapped: 4) + "\n"
  }
}

extension Notebook.Cell {
  fileprivate var json: JSONValue {
    // A line an entry, as Jupyter writes them, so that changes show line by line.
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let source = lines.enumerated().map { index, line in
      JSONValue.string(index + 1 < lines.count ? line + "\n" : String(line))
    }
    var members: [(String, JSONValue)] = [
      ("cell_type", .string(isCode ? "code" : "markdown")), ("id", .string(name)),
      ("metadata", .object([])), ("source", .array(source)),
    ]
    if isCode { members += [("execution_count", .null), ("outputs", .array([]))] }
    return .object(members)
  }
}

/// Text as a Python string in double quotes.
func pythonString(_ text: String) -> String { JSONValue.string(text).text() }
