import Catalog
import Quantities

/// What may stand at a place of a scenario. Validation, errors and the JSON Schema all come from this
/// description.
indirect enum Shape: Sendable {
  case object([Key])
  /// Free names over equal values.
  case map(Shape)
  case list(Shape)
  /// A number with a unit; the bound, written alike, is what is still meant seriously.
  case quantity(Measure, atMost: String? = nil)
  /// A duration or the word `auto`.
  case durationOrAutomatic
  /// One of some words, or what stands behind them.
  case words([String], or: Shape)
  /// A time of day such as `22:00`, or a duration.
  case clockOrDuration(atMost: String)
  case integer(ClosedRange<Int>)
  case number(ClosedRange<Double>)
  case text
  case choice([String])
  case named(Kind)
  /// The first alternative whose kind of node (scalar, list, mapping) fits decides.
  case either([Shape])
  /// A mapping whose key `by` selects the other keys.
  case tagged(by: String, [Variant])
  /// Accepted and left alone.
  case anything

  struct Variant: Sendable {
    var tag: String
    var keys: [Key]
  }
}

/// A key of a mapping.
struct Key: Sendable {
  var name: String
  var shape: Shape
  var doc: String
  var isRequired = false
  var fallback: String?
  /// Part of the format, not simulated by this version.
  var isPlanned = false

  init(_ name: String, _ shape: Shape, _ doc: String, required: Bool = false, fallback: String? = nil) {
    self.name = name
    self.shape = shape
    self.doc = doc
    isRequired = required
    self.fallback = fallback
  }

  static func planned(_ names: String...) -> [Key] {
    names.map { name in
      var key = Key(name, .anything, "Part of the format; not simulated by this version.")
      key.isPlanned = true
      return key
    }
  }
}

/// Checks a written scenario against its shape and gathers every fault.
struct ShapeChecker {
  let file: String
  var catalog = Catalog.builtIn
  var exchange = Exchange.dollars
  var faults: [Fault] = []

  mutating func fault(_ value: Written, _ path: String, _ message: String, help: String? = nil) {
    faults.append(
      Fault(
        file: file, line: value.origin == nil ? value.line : 0, column: value.column,
        length: max(1, value.text?.count ?? 1), path: path, message: message, help: help,
        source: value.origin))
  }

  mutating func check(_ value: Written, _ shape: Shape, _ path: String) {
    switch shape {
    case .anything: return
    case .object(let keys): checkObject(value, keys, path)
    case .tagged(let tag, let variants): checkTagged(value, tag, variants, path)
    case .map(let inner):
      guard let members = value.members else { return fault(value, path, "expected a mapping of names") }
      for member in members {
        checkName(member, path)
        check(member.value, inner, "\(path).\(member.key)")
      }
    case .list(let inner):
      guard let items = value.items else { return fault(value, path, "expected a list") }
      for (index, item) in items.enumerated() { check(item, inner, "\(path)[\(index)]") }
    case .either(let shapes):
      let fitting = shapes.first { $0.accepts(value) } ?? shapes[0]
      check(value, fitting, path)
    default: checkScalar(value, shape, path)
    }
  }

  /// A fault of a key.
  private func fault(at member: Written.Member, _ path: String, _ message: String, help: String? = nil)
    -> Fault
  {
    Fault(
      file: file, line: member.origin == nil ? member.keyLine : 0, column: member.keyColumn,
      length: max(1, member.key.count), path: path, message: message, help: help, source: member.origin)
  }

  /// Mappings whose keys are paths of the scenario, where `*` stands for any name.
  private static let mappingsOfPaths = ["sweep.parameters", "optimize.variables", "uncertainty"]

  private mutating func checkName(_ member: Written.Member, _ path: String) {
    let isOfPaths = Self.mappingsOfPaths.contains(path)
    let isPlain =
      !member.key.isEmpty && member.key.utf8.count <= (isOfPaths ? 512 : 64)
      && member.key.utf8.allSatisfy { byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
          || byte == 46 || byte == 95 || isOfPaths && byte == UInt8(ascii: "*")
      }
    if isPlain { return }
    faults.append(
      fault(at: member, path, "a name holds letters, digits, '.', '_' and '-' alone"))
  }

  private mutating func checkObject(_ value: Written, _ keys: [Key], _ path: String) {
    guard let members = value.members else {
      return fault(
        value, path, "expected a mapping", help: "its keys: \(keys.map(\.name).joined(separator: ", "))")
    }
    for member in members {
      let inner = path.isEmpty ? member.key : "\(path).\(member.key)"
      guard let key = keys.first(where: { $0.name == member.key }) else {
        let known = keys.filter { !$0.isPlanned }.map(\.name)
        let owner = keys.first { !$0.isPlanned && $0.shape.memberNames.contains(member.key) }
        let inside = owner.map { "`\(member.key)` belongs in `\($0.name)`" }
        let near = nearestName(to: member.key, among: known).map { "did you mean '\($0)'?" }
        faults.append(
          fault(
            at: member, inner, "unknown key '\(member.key)'",
            help: inside ?? near ?? "its keys: \(known.joined(separator: ", "))"))
        continue
      }
      if key.isPlanned {
        faults.append(
          fault(at: member, inner, "'\(key.name)' is part of the format but not simulated by this version"))
      } else {
        check(member.value, key.shape, inner)
      }
    }
    for key in keys where key.isRequired && value[key.name] == nil {
      fault(value, path, "the key '\(key.name)' is missing", help: key.doc)
    }
  }

  private mutating func checkTagged(
    _ value: Written, _ tag: String, _ variants: [Shape.Variant], _ path: String
  ) {
    let tags = variants.map(\.tag)
    guard value.members != nil else { return fault(value, path, "expected a mapping with '\(tag)'") }
    guard let chosen = value[tag] else {
      return fault(value, path, "the key '\(tag)' is missing", help: "one of \(tags.joined(separator: ", "))")
    }
    guard let variant = variants.first(where: { $0.tag == chosen.text }) else {
      return checkScalar(chosen, .choice(tags), "\(path).\(tag)")
    }
    checkObject(value, [Key(tag, .choice(tags), "Which kind.", required: true)] + variant.keys, path)
  }

  private mutating func checkScalar(_ value: Written, _ shape: Shape, _ path: String) {
    guard let text = value.text else { return fault(value, path, "expected a single value") }
    switch shape {
    case .quantity(let measure, let bound):
      switch UnitParser.parse(text, as: measure, in: exchange) {
      case .failure(let failure): explain(failure, measure, value, path)
      case .success(let number):
        guard let bound, case .success(let most) = UnitParser.parse(bound, as: measure, in: exchange),
          number > most
        else { return }
        fault(value, path, "the quantity must be at most \(bound)")
      }
    case .durationOrAutomatic: if text != "auto" { checkScalar(value, .quantity(.duration), path) }
    case .words(let words, let other):
      if words.contains(text) { return }
      if let near = nearestName(to: text, among: words), text.first?.isLetter == true {
        fault(value, path, "unknown value '\(text.prefix(60))'", help: "did you mean '\(near)'?")
      } else {
        checkScalar(value, other, path)
      }
    case .clockOrDuration(let bound):
      if !text.contains(":") { checkScalar(value, .quantity(.duration, atMost: bound), path) }
    case .integer(let range):
      guard let number = Self.integer(text), range.contains(number) else {
        return fault(value, path, "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
    case .number(let range):
      guard let number = Double(text), number.isFinite, range.contains(number) else {
        return fault(value, path, "expected a number from \(range.lowerBound) to \(range.upperBound)")
      }
    case .choice(let names): checkNamed(text, among: names, "one of", value, path)
    case .named(let kind):
      checkNamed(
        text, among: catalog.writableNames(of: kind), "a name of the catalogue's \(kind.rawValue)", value,
        path)
    default: return
    }
  }

  private mutating func checkNamed(
    _ text: String, among names: [String], _ what: String, _ value: Written, _ path: String
  ) {
    if names.contains(text) { return }
    let near = nearestName(to: text, among: names).map { "did you mean '\($0)'?" }
    let list = names.count <= 12 ? "\(what) \(names.joined(separator: ", "))" : what
    fault(value, path, "unknown value '\(text.prefix(60))'", help: near ?? "expected \(list)")
  }

  private mutating func explain(
    _ failure: UnitParser.Failure, _ measure: Measure, _ value: Written, _ path: String
  ) {
    let examples = measure.examples.map { "'\($0)'" }.joined(separator: ", ")
    let text = value.text ?? ""
    switch failure {
    case .malformed:
      fault(value, path, "expected a quantity, found '\(text.prefix(60))'", help: "such as \(examples)")
    case .missingUnit: fault(value, path, "the number needs a unit", help: "write it as \(examples)")
    case .unknownUnit(let unit):
      fault(value, path, "'\(unit.prefix(20))' is no unit of this quantity", help: "write it as \(examples)")
    case .noRate(let code):
      let message = "nothing says what \(code) is worth in \(exchange.currency)"
      // One rate mends them all.
      if faults.contains(where: { $0.message == message }) { return }
      fault(
        value, path, message,
        help: "say how many \(exchange.currency) one \(code) is: "
          + "economics: { exchange: { \(code): …, date: 2026-11-01 } }")
    case .negative: fault(value, path, "the quantity must not be negative")
    case .outOfRange:
      fault(
        value, path, "the quantity is too large to be meant",
        help: measure == .duration ? "a time is at most 19 years" : nil)
    }
  }

  /// Whole numbers as people write them: 20000, 20_000, 2e4.
  static func integer(_ text: String) -> Int? {
    let plain = text.filter { $0 != "_" }
    if let number = Int(plain) { return number }
    guard let number = Double(plain), number.isFinite, abs(number) < 1e15, number == number.rounded() else {
      return nil
    }
    return Int(number)
  }
}

extension Shape {
  /// Keys of the mapping that it describes; none where it describes none, or several kinds of them.
  fileprivate var memberNames: [String] {
    switch self {
    case .object(let keys): keys.map(\.name)
    case .either(let shapes): shapes.flatMap(\.memberNames)
    default: []
    }
  }

  /// Whether the value is the kind of node that this shape describes.
  func accepts(_ value: Written) -> Bool {
    switch self {
    case .object, .map, .tagged: value.members != nil
    case .list: value.items != nil
    case .anything: true
    default: value.text != nil
    }
  }
}
