import CCatalogData

/// One number (or word) of the catalogue, with where and when it was read.
public struct Fact: Sendable, Hashable {
  /// The entry it belongs to, such as `h100-sxm`.
  public var name: String
  public var key: String
  public var value: String
  public var unit: String
  /// Identifier of a `Source`.
  public var source: String
  public var date: String
  public var note: String
}

/// Where a fact comes from.
public struct Source: Sendable, Hashable {
  public var id: String
  public var citation: String
  /// `seen` in the source, `derived` from seen facts, from `memory`, or `estimated`.
  public var confidence: String
}

/// What the catalogue holds.
public enum Kind: String, Sendable, CaseIterable {
  case accelerators, nodes, fabrics, models, engines, endpoints, prices, precisions, efficiencies
}

/// The rows of one file, and where each entry's rows stand.
struct FactTable: Sendable {
  let facts: [Fact]
  let rows: [String: [Int]]
  let names: [String]

  init(bytes: UnsafeBufferPointer<UInt8>) {
    var facts: [Fact] = []
    var rows: [String: [Int]] = [:]
    var names: [String] = []
    for cells in CommaSeparated.rows(bytes).dropFirst() where cells.count == 7 {
      if rows[cells[0]] == nil { names.append(cells[0]) }
      rows[cells[0], default: []].append(facts.count)
      facts.append(
        Fact(
          name: cells[0], key: cells[1], value: cells[2], unit: cells[3], source: cells[4], date: cells[5],
          note: cells[6]))
    }
    self.facts = facts
    self.rows = rows
    self.names = names.sorted()
  }

  func entry(_ name: String) -> Entry? {
    rows[name].map { Entry(name: name, facts: $0.map { facts[$0] }) }
  }

  static let accelerators = FactTable(bytes: embedded(.accelerators))
  static let nodes = FactTable(bytes: embedded(.nodes))
  static let fabrics = FactTable(bytes: embedded(.fabrics))
  static let models = FactTable(bytes: embedded(.models))
  static let engines = FactTable(bytes: embedded(.engines))
  static let endpoints = FactTable(bytes: embedded(.endpoints))
  static let prices = FactTable(bytes: embedded(.prices))
  static let precisions = FactTable(bytes: embedded(.precisions))
  static let efficiencies = FactTable(bytes: embedded(.efficiencies))

  /// Each file is parsed when first asked for: a command that needs no prices reads none.
  static func of(_ kind: Kind) -> FactTable {
    switch kind {
    case .accelerators: accelerators
    case .nodes: nodes
    case .fabrics: fabrics
    case .models: models
    case .engines: engines
    case .endpoints: endpoints
    case .prices: prices
    case .precisions: precisions
    case .efficiencies: efficiencies
    }
  }

  static func embedded(_ kind: Kind) -> UnsafeBufferPointer<UInt8> {
    switch kind {
    case .accelerators: view(dryrack_accelerators_start(), dryrack_accelerators_size)
    case .nodes: view(dryrack_nodes_start(), dryrack_nodes_size)
    case .fabrics: view(dryrack_fabrics_start(), dryrack_fabrics_size)
    case .models: view(dryrack_models_start(), dryrack_models_size)
    case .engines: view(dryrack_engines_start(), dryrack_engines_size)
    case .endpoints: view(dryrack_endpoints_start(), dryrack_endpoints_size)
    case .prices: view(dryrack_prices_start(), dryrack_prices_size)
    case .precisions: view(dryrack_precisions_start(), dryrack_precisions_size)
    case .efficiencies: view(dryrack_efficiencies_start(), dryrack_efficiencies_size)
    }
  }
}

private func view(_ start: UnsafePointer<UInt8>, _ size: Int) -> UnsafeBufferPointer<UInt8> {
  UnsafeBufferPointer(start: start, count: size)
}

/// The facts of one entry by key.
struct Entry {
  let name: String
  let facts: [Fact]

  subscript(key: String) -> String? { facts.first { $0.key == key }?.value }
  func number(_ key: String) -> Double? { self[key].flatMap(Double.init) }
  func integer(_ key: String) -> Int? { self[key].flatMap(Int.init) }
}

/// RFC 4180 rows of trusted bytes: the files are part of the build and checked by tests.
enum CommaSeparated {
  static func rows(_ bytes: UnsafeBufferPointer<UInt8>) -> [[String]] {
    var rows: [[String]] = []
    var cells: [String] = []
    var cell: [UInt8] = []
    var quoted = false
    var index = 0
    func take() {
      cells.append(String(decoding: cell, as: UTF8.self))
      cell.removeAll(keepingCapacity: true)
    }
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if quoted {
        if byte != UInt8(ascii: "\"") {
          cell.append(byte)
        } else if index < bytes.count && bytes[index] == UInt8(ascii: "\"") {
          cell.append(byte)
          index += 1
        } else {
          quoted = false
        }
      } else if byte == UInt8(ascii: "\"") {
        quoted = true
      } else if byte == UInt8(ascii: ",") {
        take()
      } else if byte == UInt8(ascii: "\n") {
        take()
        rows.append(cells)
        cells.removeAll(keepingCapacity: true)
      } else {
        cell.append(byte)
      }
    }
    return rows
  }
}
