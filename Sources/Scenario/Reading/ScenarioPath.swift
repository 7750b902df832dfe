/// Where a path such as `designs.onprem.pools.h100.count` leads in a scenario as it was written.
struct ScenarioPath {
  /// What may stand there.
  var shape: Shape
  /// What stands there; `nil` where the file leaves it to a default.
  var value: Written?

  /// A key on the way that leads nowhere, and those that would.
  struct Failure: Error {
    var key: String
    var known: [String]
  }

  /// Follows a path as `--set` does: keys of the format need not be written, free names must be.
  ///
  /// - Parameters:
  ///   - root: with all that designs take over in place.
  ///   - file: as it is written: where its templates are used tells what may stand in them.
  static func follow(_ path: String, in root: Written, file: Written) -> Result<ScenarioPath, Failure> {
    var place = ScenarioPath(shape: ScenarioShape.root, value: root)
    let keys = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    for (depth, key) in keys.enumerated() {
      if depth == 2, keys[0] == "templates", let use = file.use(ofTemplate: keys[1]) { place.shape = use }
      let value = place.value?[key]
      switch place.shape {
      case .map(let inner):
        guard let value else {
          return .failure(Failure(key: key, known: place.value?.members?.map(\.key) ?? []))
        }
        place = ScenarioPath(shape: inner, value: value)
      case .anything:
        guard let value else {
          return .failure(Failure(key: key, known: place.value?.members?.map(\.key) ?? []))
        }
        place = ScenarioPath(shape: .anything, value: value)
      default:
        let known = place.shape.knownKeys
        guard let found = known.first(where: { $0.name == key }) else {
          return .failure(Failure(key: key, known: known.map(\.name)))
        }
        place = ScenarioPath(shape: found.shape, value: value)
      }
    }
    return .success(place)
  }

  /// What a number there is: whole, any, or of some measure.
  var isWhole: Bool {
    shape.alternatives.contains { if case .integer = $0 { true } else { false } }
  }
  var isNumeric: Bool {
    shape.alternatives.contains {
      switch $0 {
      case .integer, .number, .quantity, .durationOrAutomatic, .words, .clockOrDuration, .anything: true
      default: false
      }
    }
  }
}

extension Shape {
  /// The keys that the format gives it and this version simulates.
  var knownKeys: [Key] {
    switch self {
    case .object(let keys): keys.filter { !$0.isPlanned }
    case .tagged(let tag, let variants):
      [Key(tag, .choice(variants.map(\.tag)), "Which kind.")]
        + variants.flatMap(\.keys).filter { !$0.isPlanned }
    case .either(let shapes): shapes.flatMap(\.knownKeys)
    default: []
    }
  }

  /// Itself, or the shapes of which one must fit.
  var alternatives: [Shape] {
    if case .either(let shapes) = self { shapes.flatMap(\.alternatives) } else { [self] }
  }
}

/// A number and what stands behind it, such as `2` and `/s`.
package struct WrittenNumber {
  package var number: Double
  /// As written, the blank before it included.
  package var unit: String

  /// `nil` for what is no finite number with at most one unit, such as `1h30m`.
  package init?(_ text: String) {
    let plain = text.filter { $0 != "_" }
    var end = plain.startIndex
    var hasDigit = false
    while end < plain.endIndex {
      let character = plain[end]
      let next = plain.index(after: end)
      let isExponent =
        hasDigit && "eE".contains(character) && next < plain.endIndex
        && (plain[next].isASCII && plain[next].isNumber || "+-".contains(plain[next]))
      guard character.isASCII, character.isNumber || ".+-".contains(character) || isExponent else { break }
      hasDigit = hasDigit || character.isNumber
      end = isExponent ? plain.index(after: next) : next
    }
    guard let number = Double(plain[..<end]), number.isFinite else { return nil }
    let unit = String(plain[end...])
    if unit.contains(where: \.isNumber) { return nil }
    self.number = number
    self.unit = unit
  }
}
