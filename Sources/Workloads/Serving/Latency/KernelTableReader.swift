/// Reads kernel tables. Every fault is reported with its line and column, up to twenty of them.
///
/// - Complexity: O(bytes + rows · log rows).
public struct KernelTableReader {
  /// Rows of a file, at most.
  public static let rowLimit = 1_000_000
  private static let faultLimit = 20
  /// Times [µs] of a row: from a nanosecond to a thousand seconds.
  private static let times = 1e-3...1e9
  /// Places of the grid that the rows of one kind span, at most.
  private static let gridLimit = 4_000_000

  private var origin = KernelTable.Origin()
  private var rows: [KernelTable.Row] = []
  private var faults: [KernelTableFault] = []
  private var columns: [Column] = []
  private var line = 0

  /// - Parameter bytes: plain or gzip.
  public static func read(_ bytes: [UInt8]) -> Result<KernelTable, KernelTableFaults> {
    var reader = KernelTableReader()
    if Gzip.isGzip(bytes) {
      if let plain = Gzip.inflate(bytes) {
        reader.readAll(plain)
      } else {
        reader.line = 1
        reader.fail(1, 1, "the gzip stream is damaged or larger than 512 MiB")
      }
    } else {
      reader.readAll(bytes)
    }
    if reader.faults.isEmpty {
      reader.checkRepeats()
      reader.checkGrids()
    }
    guard reader.faults.isEmpty else { return .failure(KernelTableFaults(faults: reader.faults)) }
    return .success(KernelTable(origin: reader.origin, rows: reader.rows))
  }

  private mutating func fail(_ column: Int, _ length: Int, _ message: String, help: String? = nil) {
    guard faults.count < Self.faultLimit else { return }
    faults.append(
      KernelTableFault(
        line: max(1, line), column: column, length: max(1, length), message: message, help: help))
  }

  private mutating func readAll(_ bytes: [UInt8]) {
    for text in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      line += 1
      if faults.count == Self.faultLimit { return }
      var cells = Cells(text)
      if cells.isBlank { continue }
      if text.first == UInt8(ascii: "#") {
        readComment(text)
      } else if columns.isEmpty {
        readHeader(&cells)
        if columns.isEmpty { return }
      } else if rows.count == Self.rowLimit {
        return fail(1, 1, "a table has at most \(Self.rowLimit) rows")
      } else {
        readRow(&cells)
      }
    }
    if rows.isEmpty && faults.isEmpty {
      fail(1, 1, "the table holds no rows", help: "a header such as 'kind,layer,tokens,time_us', then rows")
    }
  }

  // MARK: Comments

  /// `# key: value`; unknown keys and free text are the writer's own business.
  private mutating func readComment(_ text: ArraySlice<UInt8>) {
    guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return }
    let key = Cells.trimmed(text[text.startIndex..<colon].dropFirst())
    let value = Cells.trimmed(text[(colon + 1)...])
    let column = text.count - value.utf8.count + 1
    switch key {
    case "device": origin.device = value
    case "accelerator": origin.accelerator = value
    case "weights": origin.weights = value
    case "layers", "hidden":
      guard let number = Int(value), (1...1_000_000).contains(number) else {
        return fail(column, value.count, "'\(key)' is a whole number from 1 to 1000000, not '\(value)'")
      }
      if key == "layers" { origin.layers = number } else { origin.hidden = number }
    default: return
    }
  }

  // MARK: Header

  private enum Column: String, CaseIterable {
    case kind, layer, tensor, tokens, prefix, sequences, context, bytes, devices
    case time = "time_us"
    case spread = "spread_us"

    var largest: Int { self == .bytes ? 1 << 50 : 1_000_000_000 }
  }

  private mutating func readHeader(_ cells: inout Cells) {
    var found: [Column] = []
    while let cell = cells.next() {
      if let column = Column(rawValue: cell.text), !found.contains(column) {
        found.append(column)
      } else {
        let names = Column.allCases.map(\.rawValue).joined(separator: ", ")
        let isTwice = Column(rawValue: cell.text) != nil
        fail(
          cell.column, cell.text.count,
          isTwice ? "the column '\(cell.text)' comes twice" : "unknown column '\(cell.text.prefix(40))'",
          help: "columns are \(names)")
      }
    }
    for needed in [Column.kind, .time] where !found.contains(needed) {
      fail(1, 1, "the header lacks the column '\(needed.rawValue)'")
    }
    if faults.isEmpty { columns = found }
  }

  // MARK: Rows

  /// Columns that rows of a kind fill; the others stay empty.
  private static func needs(_ kind: KernelTable.Kind) -> (must: [Column], may: [Column]) {
    switch kind {
    case .dense: ([.layer, .tokens], [])
    case .experts: ([.tokens], [])
    case .attention: ([], [.tokens, .prefix, .sequences, .context])
    case .perSequence: ([.layer, .sequences], [])
    case .allReduce: ([.bytes, .devices], [])
    case .decodeStep: ([.sequences, .context], [])
    case .prefillStep: ([.tokens], [.prefix])
    }
  }

  private mutating func readRow(_ cells: inout Cells) {
    var found: [(column: Column, cell: Cells.Cell)] = []
    let before = faults.count
    for (index, column) in columns.enumerated() {
      guard let cell = cells.next() else {
        return fail(1, 1, "expected \(columns.count) cells, found \(index)")
      }
      if !cell.text.isEmpty { found.append((column, cell)) }
    }
    if let extra = cells.next() {
      return fail(extra.column, extra.text.count, "more cells than the header has columns")
    }
    guard let named = found.first(where: { $0.column == .kind })?.cell else {
      return fail(1, 1, "the row names no kind", help: Self.kinds)
    }
    guard let kind = KernelTable.Kind(rawValue: named.text) else {
      return fail(named.column, named.text.count, "unknown kind '\(named.text.prefix(40))'", help: Self.kinds)
    }
    var row = KernelTable.Row(kind: kind)
    row.line = line
    let (must, may) = Self.needs(kind)
    for column in must + [.time] where !found.contains(where: { $0.column == column }) {
      fail(named.column, named.text.count, "a row of kind '\(kind.rawValue)' needs '\(column.rawValue)'")
    }
    for (column, cell) in found where column != .kind {
      let isKnown = must.contains(column) || may.contains(column)
      if isKnown || column == .tensor || column == .time || column == .spread {
        fill(&row, column, cell)
      } else {
        fail(
          cell.column, cell.text.count,
          "a row of kind '\(kind.rawValue)' has no '\(column.rawValue)'; leave the cell empty")
      }
    }
    if faults.count == before { finish(row, named) }
  }

  private static let kinds =
    "kinds are \(KernelTable.Kind.allCases.map(\.rawValue).joined(separator: ", "))"

  private mutating func fill(_ row: inout KernelTable.Row, _ column: Column, _ cell: Cells.Cell) {
    switch column {
    case .layer:
      guard let layer = KernelTable.Layer(rawValue: cell.text),
        layer.isPerSequence == (row.kind == .perSequence)
      else {
        let names = KernelTable.Layer.allCases.filter { $0.isPerSequence == (row.kind == .perSequence) }
        return fail(
          cell.column, cell.text.count, "no layer '\(cell.text.prefix(40))' in rows of this kind",
          help: "layers are \(names.map(\.rawValue).joined(separator: ", "))")
      }
      row.layer = layer
    case .time, .spread:
      guard let number = Double(cell.text),
        Self.times.contains(number) || (column == .spread && (0..<0.001).contains(number))
      else {
        return fail(
          cell.column, cell.text.count,
          "expected microseconds from 0.001 to 1e9, found '\(cell.text.prefix(40))'")
      }
      if column == .time { row.seconds = number / 1e6 }
    default:
      guard let number = Int(cell.text), (0...column.largest).contains(number) else {
        return fail(
          cell.column, cell.text.count,
          "expected a whole number from 0 to \(column.largest), found '\(cell.text.prefix(40))'")
      }
      switch column {
      case .tensor: row.tensor = number
      case .tokens: row.tokens = number
      case .prefix: row.prefix = number
      case .sequences: row.sequences = number
      case .context: row.context = number
      case .bytes: row.bytes = number
      default: row.devices = number
      }
    }
  }

  /// What only the whole row can show.
  private mutating func finish(_ row: KernelTable.Row, _ kind: Cells.Cell) {
    func wrong(_ message: String) { fail(kind.column, kind.text.count, message) }
    if row.tensor < 1 { return wrong("'tensor' is at least 1") }
    switch row.kind {
    case .dense, .experts, .prefillStep:
      if row.tokens < 1 { return wrong("'tokens' is at least 1") }
    case .perSequence:
      if row.sequences < 1 { return wrong("'sequences' is at least 1") }
    case .allReduce:
      if row.bytes < 1 || row.devices < 2 { return wrong("at least 1 byte among at least 2 devices") }
    case .attention, .decodeStep:
      if row.tokens == 0 && row.sequences == 0 {
        return wrong("attention is of a prompt's tokens, of decoding sequences, or of both")
      }
      if row.tokens == 0 && row.prefix > 0 { return wrong("a cached prefix belongs to a prompt's tokens") }
      if row.context < row.sequences || (row.sequences == 0 && row.context > 0) {
        return wrong("'context' counts the KV entries of all decoding sequences, at least one each")
      }
    }
    rows.append(row)
  }

  /// Two times for one thing leave open which is meant.
  private mutating func checkRepeats() {
    func key(_ row: KernelTable.Row) -> [Int] {
      let kind = KernelTable.Kind.allCases.firstIndex(of: row.kind) ?? 0
      let layer = row.layer.flatMap { KernelTable.Layer.allCases.firstIndex(of: $0) } ?? -1
      return [
        kind, layer, row.tensor, row.tokens, row.prefix, row.sequences, row.context, row.bytes, row.devices,
      ]
    }
    let keyed = rows.map { (key: key($0), line: $0.line) }
      .sorted { $0.key == $1.key ? $0.line < $1.line : $0.key.lexicographicallyPrecedes($1.key) }
    for (first, second) in zip(keyed, keyed.dropFirst()) where first.key == second.key {
      line = second.line
      fail(1, 1, "the row times the same as line \(first.line)", help: "keep one, such as their median")
    }
    faults.sort { ($0.line, $0.column) < ($1.line, $1.column) }
  }

  /// Rows strewn so that no two share a size would span a grid of millions of millions of places.
  private mutating func checkGrids() {
    for kind in [KernelTable.Kind.attention, .decodeStep, .prefillStep] {
      let some = rows.filter { $0.kind == kind }
      func count(_ size: (KernelTable.Row) -> Int) -> Int {
        max(1, MeasuredSurface.distinct(some.map(size).sorted()).count)
      }
      let prompts = count(\.tokens)
      let decoding = count(\.sequences).multipliedReportingOverflow(
        by: count { $0.context / max(1, $0.sequences) })
      let both = prompts.multipliedReportingOverflow(by: decoding.partialValue)
      let places = max(both.partialValue, prompts * count(\.prefix))
      if decoding.overflow || both.overflow || places > Self.gridLimit {
        line = some[0].line
        fail(
          1, 1, "the rows of kind '\(kind.rawValue)' span a grid of more than \(Self.gridLimit) sizes",
          help: "measure fewer different sizes, and each with the same others")
      }
    }
  }
}

/// The cells of one line, with the column at which each starts.
private struct Cells {
  struct Cell {
    var text: String
    /// From 1.
    var column: Int
  }

  private let bytes: ArraySlice<UInt8>
  private var index: Int?

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    index = bytes.startIndex
  }

  var isBlank: Bool { bytes.allSatisfy(Self.isSpace) }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }

  static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
    let start = bytes.drop(while: isSpace)
    let end = start.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start.startIndex
    return String(decoding: start[start.startIndex..<end], as: UTF8.self)
  }

  mutating func next() -> Cell? {
    guard let start = index else { return nil }
    let rest = bytes[start...]
    let end = rest.firstIndex(of: UInt8(ascii: ",")) ?? bytes.endIndex
    index = end < bytes.endIndex ? end + 1 : nil
    let cell = bytes[start..<end]
    let leading = cell.prefix(while: Self.isSpace).count
    return Cell(text: Self.trimmed(cell), column: start + leading - bytes.startIndex + 1)
  }
}
