/// Hardware, models, engines and prices as dated facts, each with its source.
///
/// The facts are the CSV files of `Sources/CCatalogData/data`, compiled into the program. Each file
/// is parsed when its kind is first asked for; look-ups are then constant in time. The typed answers
/// (`Accelerator`, `ModelShape`, …) are built from the rows that `rows(of:named:)` shows, in base units.
public struct Catalog: Sendable {
  /// The catalogue compiled into the program.
  public static let builtIn = Catalog()

  /// Tables that an overlay changed; looked up by kind, never iterated.
  let changed: [Kind: FactTable]
  /// One dollar in the currency of its prices.
  public let dollar: Double
  /// Tables with prices in that currency, where it is not the dollar; looked up by kind, never iterated.
  private let converted: [Kind: FactTable]

  init(changed: [Kind: FactTable] = [:], dollar: Double = 1) {
    self.changed = changed
    self.dollar = dollar
    var converted: [Kind: FactTable] = [:]
    for kind in Self.priced where dollar != 1 {
      converted[kind] = Self.converted(changed[kind] ?? FactTable.of(kind), dollar: dollar)
    }
    self.converted = converted
  }

  /// This catalogue with facts of the caller's own: one whose name and key are known replaces that
  /// fact, any other is added.
  /// - Complexity: O(rows of the kinds named in `overlay`).
  public func overlaid(with overlay: [OverlayFact]) -> Catalog {
    var tables = changed
    for kind in Kind.allCases {
      let facts = overlay.filter { $0.kind == kind }.map(\.fact)
      if !facts.isEmpty {
        tables[kind] = FactTable(changed[kind] ?? FactTable.of(kind), overlaidWith: facts)
      }
    }
    return Catalog(changed: tables, dollar: dollar)
  }

  func table(_ kind: Kind) -> FactTable { converted[kind] ?? changed[kind] ?? FactTable.of(kind) }

  /// Names of all entries of a kind, sorted.
  public func names(of kind: Kind) -> [String] { table(kind).names }

  /// The names that a scenario may write: entries of a version, such as `tensorrt-llm@0`, are found through
  /// `engine-version` alone.
  public func writableNames(of kind: Kind) -> [String] { names(of: kind).filter { !$0.contains("@") } }

  /// Every fact of a kind, in file order.
  public func facts(of kind: Kind) -> [Fact] { table(kind).facts }

  /// The facts of one entry, in file order; empty when there is no such entry.
  public func rows(of kind: Kind, named name: String) -> [Fact] {
    table(kind).entry(name).map { Array($0.facts) } ?? []
  }

  /// The source that facts name by `id`, or `nil`.
  public func source(_ id: String) -> Source? { Self.sourcesByID[id] }

  /// All sources, in file order.
  public var sources: [Source] { Self.allSources }

  /// Identity of the catalogue: a hash of every embedded byte, 32 hexadecimal digits.
  /// - Complexity: O(bytes) at the first use, then constant.
  public var contentHash: String { EmbeddedFile.contentHash }

  private static let allSources: [Source] = {
    var sources: [Source] = []
    CommaSeparated.forEachRow(in: EmbeddedFile.bytes(named: "sources")) { cells in
      guard cells.count == 3, let confidence = Source.Confidence(rawValue: cells[2]) else { return }
      sources.append(Source(id: cells[0], citation: cells[1], confidence: confidence))
    }
    return sources
  }()

  private static let sourcesByID = Dictionary(allSources.map { ($0.id, $0) }) { first, _ in first }
}
