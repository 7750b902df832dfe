/// A JSON document of which only numbers are wanted, for readers outside of the catalogue.
package struct NumberDocument {
  private let root: JSONValue

  /// - Complexity: O(bytes).
  package init(_ bytes: [UInt8]) throws(ConfigFault) { root = try JSONReader.read(bytes) }

  /// The number at the end of a path of member names; `nil` when there is none.
  package func number(at path: String...) -> Double? {
    var value: JSONValue? = root
    for name in path { value = value?[name] }
    if case .number(let number)? = value { return number }
    return nil
  }

  /// The list of that name, `nil` in place of what is no number; `nil` when there is no such list.
  package func numbers(of name: String) -> [Double?]? {
    guard case .array(let elements)? = root[name] else { return nil }
    return elements.map { element in
      if case .number(let number) = element { number } else { nil }
    }
  }
}
