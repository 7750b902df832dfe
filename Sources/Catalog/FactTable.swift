import Synchronization

/// The rows of one file, and where each entry's rows stand.
struct FactTable: Sendable {
  /// All rows, in file order; the rows of one entry stand together.
  let facts: [Fact]
  /// Entry names, sorted.
  let names: [String]
  private let ranges: [String: Range<Int>]

  /// - Complexity: O(bytes).
  init(bytes: UnsafeBufferPointer<UInt8>) {
    var facts: [Fact] = []
    CommaSeparated.forEachRow(in: bytes) { cells in
      // The first row holds the column names; a row of another width is a fault of the file, which
      // the catalogue's tests report.
      guard cells.count == 7, cells[0] != "name" else { return }
      facts.append(
        Fact(
          name: cells[0], key: cells[1], value: cells[2], unit: cells[3], source: cells[4], date: cells[5],
          note: cells[6]))
    }
    self.init(facts: facts)
  }

  /// The rows of `base`, each replaced by the last of `overlay` with its name and key; the others of
  /// `overlay` stand behind the rows of their entry.
  init(_ base: FactTable, overlaidWith overlay: [Fact]) {
    var added: [String: [Fact]] = [:]
    var newNames: [String] = []
    for fact in overlay {
      if added[fact.name] == nil && base.ranges[fact.name] == nil { newNames.append(fact.name) }
      added[fact.name, default: []].removeAll { $0.key == fact.key }
      added[fact.name, default: []].append(fact)
    }
    var facts: [Fact] = []
    for (index, fact) in base.facts.enumerated() {
      let own = added[fact.name] ?? []
      facts.append(own.first { $0.key == fact.key } ?? fact)
      if base.ranges[fact.name]?.upperBound == index + 1 {
        let known = base.facts[base.ranges[fact.name]!].map(\.key)
        facts += own.filter { !known.contains($0.key) }
      }
    }
    self.init(facts: facts + newNames.flatMap { added[$0] ?? [] })
  }

  /// - Parameter facts: the rows of one entry stand together.
  init(facts: [Fact]) {
    var names: [String] = []
    var ranges: [String: Range<Int>] = [:]
    for (index, fact) in facts.enumerated() {
      if ranges[fact.name] == nil { names.append(fact.name) }
      ranges[fact.name] = (ranges[fact.name]?.lowerBound ?? index)..<(index + 1)
    }
    self.facts = facts
    self.names = names.sorted()
    self.ranges = ranges
  }

  /// The facts of one entry.
  func entry(_ name: String) -> FactEntry? {
    ranges[name].map { FactEntry(name: name, facts: facts[$0]) }
  }

  /// The table of a kind, parsed when first asked for: a command that needs no prices reads none.
  static func of(_ kind: Kind) -> FactTable {
    parsed.withLock { tables in
      if let table = tables[kind] { return table }
      let table = FactTable(bytes: EmbeddedFile.bytes(named: kind.rawValue))
      tables[kind] = table
      return table
    }
  }

  private static let parsed = Mutex<[Kind: FactTable]>([:])
}

/// The facts of one entry, asked by key.
struct FactEntry {
  let name: String
  let facts: ArraySlice<Fact>

  func fact(_ key: String) -> Fact? { facts.first { $0.key == key } }
  func text(_ key: String) -> String? { fact(key)?.value }
  /// The value in base units.
  func number(_ key: String) -> Double? { fact(key)?.number }
  func integer(_ key: String) -> Int? { number(key).flatMap { Int(exactly: $0) } }
  func flag(_ key: String) -> Bool? { text(key).map { $0 == "true" } }
}
