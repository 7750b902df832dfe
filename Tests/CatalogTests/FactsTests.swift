import Testing

@testable import Catalog

/// What makes the catalogue trustworthy: every row is complete, dated and sourced.
struct FactsTests {
  @Test("every fact has a known source, a date, and a value that its unit explains", arguments: Kind.allCases)
  func integrity(kind: Kind) {
    for fact in Catalog.builtIn.facts(of: kind) {
      let place: Comment = "\(kind.rawValue): \(fact.name) \(fact.key)"
      #expect(Catalog.builtIn.source(fact.source) != nil, place)
      #expect(isDate(fact.date), place)
      #expect(!fact.name.isEmpty && !fact.key.isEmpty && !fact.value.isEmpty, place)
      if fact.unit == "text" {
        #expect(fact.number == nil, place)
      } else {
        #expect(fact.number.map { $0 >= 0 } == true, place)
      }
    }
  }

  @Test("the rows of an entry stand together, with no key twice", arguments: Kind.allCases)
  func contiguity(kind: Kind) {
    let facts = Catalog.builtIn.facts(of: kind)
    let names = Catalog.builtIn.names(of: kind)
    #expect(names == Array(Set(facts.map(\.name))).sorted())
    #expect(names.reduce(0) { $0 + Catalog.builtIn.rows(of: kind, named: $1).count } == facts.count)
    #expect(Set(facts.map { "\($0.name)\u{0}\($0.key)" }).count == facts.count)
  }

  @Test("every row of every file has seven cells, of the sources three", arguments: Kind.allCases)
  func width(kind: Kind) {
    var rows = 0
    CommaSeparated.forEachRow(in: EmbeddedFile.bytes(named: kind.rawValue)) { cells in
      rows += 1
      #expect(cells.count == 7)
      if rows == 1 { #expect(cells == ["name", "key", "value", "unit", "source", "date", "note"]) }
    }
    #expect(rows == Catalog.builtIn.facts(of: kind).count + 1)
  }

  @Test("every source has a citation, an identifier of its own, and is used")
  func sources() {
    let sources = Catalog.builtIn.sources
    #expect(!sources.isEmpty && sources.allSatisfy { !$0.citation.isEmpty })
    #expect(Set(sources.map(\.id)).count == sources.count)
    var rows = -1
    CommaSeparated.forEachRow(in: EmbeddedFile.bytes(named: "sources")) { _ in rows += 1 }
    #expect(rows == sources.count, "a row with an unknown confidence is left out")
    let used = Set(Kind.allCases.flatMap { Catalog.builtIn.facts(of: $0).map(\.source) })
    for source in sources { #expect(used.contains(source.id), "\(source.id)") }
  }

  @Test("the content hash is 32 digits and the same each time")
  func hash() {
    let hash = Catalog.builtIn.contentHash
    #expect(hash.count == 32 && hash.allSatisfy(\.isHexDigit))
    #expect(hash == Catalog().contentHash)
  }

  @Test("every kind has a file compiled in")
  func files() {
    for kind in Kind.allCases { #expect(EmbeddedFile.bytes(named: kind.rawValue).count > 0, "\(kind)") }
    #expect(EmbeddedFile.bytes(named: "no-such-file").count == 0)
  }

  private func isDate(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.map(\.count) == [4, 2, 2] else { return false }
    let numbers = parts.compactMap { Int($0) }
    return numbers.count == 3 && (2000...2100).contains(numbers[0]) && (1...12).contains(numbers[1])
      && (1...31).contains(numbers[2])
  }
}

struct CommaSeparatedTests {
  private func rows(_ text: String) -> [[String]] {
    var rows: [[String]] = []
    Array(text.utf8).withUnsafeBufferPointer { bytes in
      CommaSeparated.forEachRow(in: bytes) { rows.append($0) }
    }
    return rows
  }

  @Test("quotes, doubled quotes, commas and line ends inside of cells are kept")
  func quoting() {
    #expect(rows("a,\"b,\"\"c\"\"\nd\",e\n") == [["a", "b,\"c\"\nd", "e"]])
  }

  @Test("both line ends, and none at the end, give the same rows")
  func lineEnds() {
    for text in ["a,b\nc,d\n", "a,b\r\nc,d\r\n", "a,b\nc,d"] {
      #expect(rows(text) == [["a", "b"], ["c", "d"]])
    }
  }

  @Test("empty cells count, first, middle and last")
  func emptyCells() {
    #expect(rows(",,\n") == [["", "", ""]])
    #expect(rows("a,") == [["a", ""]])
    #expect(rows("") == [])
  }

  @Test("broken quoting still ends")
  func broken() {
    #expect(rows("\"a").count == 1)
    #expect(rows("\"a\"b,c\n") == [["a", "c"]])
    #expect(rows("a\rb,c\n") == [["a\rb", "c"]])
  }
}
