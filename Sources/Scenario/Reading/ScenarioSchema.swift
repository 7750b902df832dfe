import Catalog
import Quantities

/// JSON Schema 2020-12 of the scenario format, generated from `ScenarioShape`.
public enum ScenarioSchema {
  /// The schema as text, two blanks of indentation, ending in a newline.
  public static var json: String {
    """
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "dryrack scenario",
    \(body(ScenarioShape.root, "  "))
    }

    """
  }

  private static func quote(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  private static func object(_ shape: Shape, _ indent: String, extra: String = "") -> String {
    "{\n\(extra)\(body(shape, indent + "  "))\n\(indent)}"
  }

  private static func list(_ names: [String]) -> String { names.map(quote).joined(separator: ", ") }

  private static func body(_ shape: Shape, _ indent: String) -> String {
    switch shape {
    case .anything: return "\(indent)\"description\": \"any value\""
    case .text: return "\(indent)\"type\": [\"string\", \"number\", \"boolean\"]"
    case .integer(let range):
      return
        "\(indent)\"type\": \"integer\", \"minimum\": \(range.lowerBound), \"maximum\": \(range.upperBound)"
    case .number(let range):
      return
        "\(indent)\"type\": \"number\", \"minimum\": \(range.lowerBound), \"maximum\": \(range.upperBound)"
    case .quantity(let measure, _):
      return "\(indent)\"type\": [\"string\", \"number\"], \"examples\": [\(list(measure.examples))]"
    case .durationOrAutomatic: return "\(indent)\"type\": \"string\", \"examples\": [\"auto\", \"5m\"]"
    case .words(let words, let other):
      let parts = [Shape.choice(words), other].map { indent + "  " + object($0, indent + "  ") }
      return "\(indent)\"anyOf\": [\n\(parts.joined(separator: ",\n"))\n\(indent)]"
    case .clockOrDuration:
      return "\(indent)\"type\": \"string\", \"examples\": [\"22:00\", \"5m\"]"
    case .choice(let names): return "\(indent)\"enum\": [\(names.map(literal).joined(separator: ", "))]"
    case .named(let kind):
      return "\(indent)\"type\": \"string\", \"enum\": [\(list(Catalog.builtIn.writableNames(of: kind)))]"
    case .list(let inner):
      return "\(indent)\"type\": \"array\",\n\(indent)\"items\": \(object(inner, indent))"
    case .map(let inner):
      return "\(indent)\"type\": \"object\",\n\(indent)\"additionalProperties\": \(object(inner, indent))"
    case .either(let shapes):
      let parts = shapes.map { indent + "  " + object($0, indent + "  ") }.joined(separator: ",\n")
      return "\(indent)\"anyOf\": [\n\(parts)\n\(indent)]"
    case .tagged(let tag, let variants):
      let parts = variants.map { variant in
        let keys = [Key(tag, .choice([variant.tag]), "Which kind.", required: true)] + variant.keys
        return indent + "  " + object(.object(keys), indent + "  ")
      }
      return "\(indent)\"oneOf\": [\n\(parts.joined(separator: ",\n"))\n\(indent)]"
    case .object(let keys): return members(keys, indent)
    }
  }

  /// `true` and `false` are booleans to an editor.
  private static func literal(_ name: String) -> String {
    name == "true" || name == "false" ? name : quote(name)
  }

  private static func members(_ keys: [Key], _ indent: String) -> String {
    let properties = keys.map { key in
      var notes = "\(indent)    \"description\": \(quote(key.doc)),\n"
      if case .anything = key.shape { notes = "" }
      if let fallback = key.fallback { notes += "\(indent)    \"default\": \(quote(fallback)),\n" }
      let value = key.shape
      if case .anything = value {
        return "\(indent)  \(quote(key.name)): { \"description\": \(quote(key.doc)) }"
      }
      return "\(indent)  \(quote(key.name)): \(object(value, indent + "  ", extra: notes))"
    }
    let required = keys.filter(\.isRequired).map(\.name)
    var text = "\(indent)\"type\": \"object\",\n\(indent)\"additionalProperties\": false,\n"
    if !required.isEmpty { text += "\(indent)\"required\": [\(list(required))],\n" }
    return text + "\(indent)\"properties\": {\n\(properties.joined(separator: ",\n"))\n\(indent)}"
  }
}
