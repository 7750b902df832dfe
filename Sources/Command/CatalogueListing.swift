import DryRack

/// Choosing and printing entries of the catalogue.
struct CatalogueListing {
  struct Problem: Error, Equatable {
    var message: String
  }

  var entries: [CatalogueEntry]

  /// The kinds in the order of the catalogue.
  var kinds: [String] {
    var kinds: [String] = []
    for entry in entries where !kinds.contains(entry.kind) { kinds.append(entry.kind) }
    return kinds
  }

  /// The entries of a kind and a name; singular and plural of a kind both fit.
  func select(kind: String?, name: String?) -> Result<[CatalogueEntry], Problem> {
    guard let kind else { return .success(entries) }
    guard let known = kinds.first(where: { $0 == kind || $0 == kind + "s" || $0 + "s" == kind }) else {
      return .failure(Problem(message: unknown("kind", kind, among: kinds)))
    }
    let ofKind = entries.filter { $0.kind == known }
    guard let name else { return .success(ofKind) }
    let named = ofKind.filter { $0.name == name }
    if named.isEmpty { return .failure(Problem(message: unknown("entry", name, among: ofKind.map(\.name)))) }
    return .success(named)
  }

  /// Kinds with their names, the entries of a kind, or every fact of one entry.
  func table(_ selected: [CatalogueEntry], kind: String?, name: String?) -> String {
    var table = TextTable(widthLimit: 72)
    if kind == nil {
      table.appendHeader(["kind", "names"])
      for kind in kinds {
        table.append([kind, selected.filter { $0.kind == kind }.map(\.name).joined(separator: " ")])
      }
    } else {
      for (index, entry) in selected.enumerated() {
        if index > 0 { table.append([""]) }
        table.appendHeader([entry.name, "", "date", "source"])
        for fact in entry.facts {
          let value = fact.unit.isEmpty ? fact.value : "\(fact.value) \(fact.unit)"
          table.append(["  \(fact.name)", value, fact.date, fact.source])
        }
      }
    }
    return table.text(style: TextStyle(colours: false))
  }

  static func json(_ entries: [CatalogueEntry]) -> String {
    let list = entries.map { entry -> JSONValue in
      let facts = entry.facts.map { fact -> JSONValue in
        .object([
          ("name", .string(fact.name)),
          ("value", Double(fact.value).map(JSONValue.number) ?? .string(fact.value)),
          ("unit", .string(fact.unit)), ("source", .string(fact.source)), ("date", .string(fact.date)),
        ])
      }
      return .object([("kind", .string(entry.kind)), ("name", .string(entry.name)), ("facts", .array(facts))])
    }
    return JSONValue.array(list).text(wrapped: 1) + "\n"
  }

  static func csv(_ entries: [CatalogueEntry]) -> String {
    var table = CSVText(header: ["kind", "name", "fact", "value", "unit", "source", "date"])
    for entry in entries {
      for fact in entry.facts {
        table.append([
          .text(entry.kind), .text(entry.name), .text(fact.name), .text(fact.value), .text(fact.unit),
          .text(fact.source), .text(fact.date),
        ])
      }
    }
    return table.text
  }

  private func unknown(_ what: String, _ name: String, among names: [String]) -> String {
    if let nearest = Suggestion.nearest(to: name, among: names) {
      return "the catalogue has no \(what) '\(name)'. Did you mean '\(nearest)'?"
    }
    return "the catalogue has no \(what) '\(name)'. It has \(names.joined(separator: ", "))."
  }
}
