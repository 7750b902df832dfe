/// Facts of a user's own in a file: the rows of a data file with the kind in front,
/// `kind,name,key,value,unit,source,date,note`, under that header.
public enum OverlayFile {
  static let header = ["kind", "name", "key", "value", "unit", "source", "date", "note"]

  /// A row that cannot be meant.
  public struct Fault: Error, Sendable, Hashable {
    /// From 1.
    public var row: Int
    public var message: String
  }

  /// - Returns: the facts, or every faulty row.
  public static func read(_ bytes: [UInt8]) -> Result<[OverlayFact], Faults> {
    var facts: [OverlayFact] = []
    var faults: [Fault] = []
    var row = 0
    bytes.withUnsafeBufferPointer { buffer in
      CommaSeparated.forEachRow(in: buffer) { cells in
        row += 1
        if row == 1 {
          if cells != header { faults.append(Fault(row: 1, message: "expected the header \(headerText)")) }
        } else if cells != [""] {
          switch fact(cells) {
          case .success(let fact): facts.append(fact)
          case .failure(let why): faults.append(Fault(row: row, message: why.message))
          }
        }
      }
    }
    return faults.isEmpty ? .success(facts) : .failure(Faults(rows: faults))
  }

  /// The file's text, one line a fact.
  public static func text(of facts: [OverlayFact]) -> String {
    var text = headerText + "\n"
    for item in facts {
      let fact = item.fact
      let cells = [
        item.kind.rawValue, fact.name, fact.key, fact.value, fact.unit, fact.source, fact.date, fact.note,
      ]
      text += cells.map(quoted).joined(separator: ",") + "\n"
    }
    return text
  }

  private static var headerText: String { header.joined(separator: ",") }

  private static func quoted(_ cell: String) -> String {
    guard cell.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return cell }
    return "\"" + cell.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }

  private struct Reason: Error { var message: String }

  private static func fact(_ cells: [String]) -> Result<OverlayFact, Reason> {
    guard cells.count == header.count else {
      return .failure(Reason(message: "expected \(header.count) cells, found \(cells.count)"))
    }
    guard let kind = Kind(rawValue: cells[0]) else {
      let names = Kind.allCases.map(\.rawValue)
      let near = Catalog.nearest(to: cells[0], among: names).map { "; did you mean '\($0)'?" }
      return .failure(
        Reason(
          message: "unknown kind '\(cells[0].prefix(40))'"
            + (near ?? "; one of " + names.joined(separator: ", "))))
    }
    if cells[1].isEmpty || cells[2].isEmpty {
      return .failure(Reason(message: "a fact has a name and a key"))
    }
    let fact = Fact(
      name: cells[1], key: cells[2], value: cells[3], unit: cells[4], source: cells[5], date: cells[6],
      note: cells[7])
    if fact.unit != "text" && !(fact.number.map { $0 >= 0 } ?? false) {
      return .failure(
        Reason(
          message: "'\(cells[3].prefix(40))' with the unit '\(cells[4].prefix(40))' is no number of 0 or more"
        ))
    }
    if let range = range(kind, fact.key), !(fact.number.map(range.contains) ?? false) {
      return .failure(
        Reason(
          message: "'\(fact.value.prefix(40))' is no '\(fact.key)' of \(kind.rawValue): a number from "
            + "\(range.lowerBound) to \(range.upperBound)"))
    }
    return .success(OverlayFact(kind: kind, fact: fact))
  }

  /// Facts that something is divided by, or that size a queue; `nil` for those that may be 0.
  private static func range(_ kind: Kind, _ key: String) -> ClosedRange<Double>? {
    switch (kind, key) {
    case (.engines, "block-size"), (.engines, "maximum-sequences"), (.engines, "maximum-sequences-small"),
      (.engines, "maximum-batched-tokens"), (.engines, "maximum-batched-tokens-small"):
      1...1e9
    case (.efficiencies, let key) where key.hasSuffix(".sharpness"): 1...64
    case (.transports, let key) where key.hasSuffix("sharpness"): 0.1...64
    case (.transports, let key) where key.hasSuffix("share") || key.hasSuffix("share-factor"): 1e-9...1e3
    case (.endpoints, "output-rate"), (.engines, "memory-utilization"), (.accelerators, "memory"),
      (.accelerators, "memory-bandwidth"), (.accelerators, "memory-driver"):
      1e-9...1e18
    case (.efficiencies, let key)
    where [".compute", ".memory", ".served"].contains { key.hasSuffix($0) }: 1e-9...1e9
    default: nil
    }
  }

  /// Every faulty row of one file.
  public struct Faults: Error, Sendable {
    public var rows: [Fault]
  }
}
