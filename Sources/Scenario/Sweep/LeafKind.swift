import Quantities

/// What a value at the end of a path may be, taken over all alternatives of the format.
struct LeafKind: Sendable {
  var isInteger = false
  /// Whether a number without a unit stands there.
  var isNumber = false
  var measure: Measure?

  init(_ shape: Shape) {
    switch shape {
    case .integer: isInteger = true
    case .number: isNumber = true
    case .quantity(let measure, _): self.measure = measure
    case .durationOrAutomatic, .clockOrDuration: measure = .duration
    case .words(_, let other): self = LeafKind(other)
    case .either(let shapes):
      for kind in shapes.map(LeafKind.init) {
        isInteger = isInteger || kind.isInteger
        isNumber = isNumber || kind.isNumber
        measure = measure ?? kind.measure
      }
    default: break
    }
  }

  /// - Parameter file: as it is written, with its templates, whose values are of the kind that they have
  ///   where they are used.
  init(ofPath path: String, in file: Written) {
    let keys = path.split(separator: ".").map(String.init)
    if keys.count > 2, keys[0] == "templates", let use = file.use(ofTemplate: keys[1]) {
      self.init(use.leaf(keys[2...]))
    } else {
      self.init(ScenarioShape.root.leaf(keys[...]))
    }
  }

  /// A value as a number in the base unit of its measure, money in the currency that it is written in; `nil`
  /// for what is no number.
  func number(_ text: String) -> Double? {
    if let measure {
      let own = Exchange(currency: currency(text) ?? Exchange.dollars.currency, rates: [:])
      if case .success(let number) = UnitParser.parse(text, as: measure, in: own) { return number }
    }
    return ShapeChecker.integer(text).map(Double.init) ?? Double(text).flatMap { $0.isFinite ? $0 : nil }
  }

  /// Equal for texts that say the same: `120/min` and `2/s`.
  func key(of text: String) -> String {
    guard measure != nil || isInteger || isNumber, let number = number(text) else { return text }
    return PlainNumber.text(number) + (measure == nil ? "" : currency(text).map { " \($0)" } ?? "")
  }

  private func currency(_ text: String) -> String? { Exchange.codes.first { text.contains($0) } }
}

extension Shape {
  /// What stands at the end of a path; `anything` where the format does not know it.
  fileprivate func leaf(_ path: ArraySlice<String>) -> Shape {
    guard let key = path.first else { return self }
    return inner(key)?.leaf(path.dropFirst()) ?? .anything
  }
}

extension Written {
  /// What a template is where it is used first; `nil` for one that nobody uses.
  ///
  /// - Complexity: O(values of the scenario), times how many templates use each other.
  func use(ofTemplate name: String) -> Shape? { use(ofTemplate: name, depth: 0) }

  private func use(ofTemplate name: String, depth: Int) -> Shape? {
    if let designs = self["designs"], let shape = ScenarioShape.root.inner("designs"),
      let use = designs.use(ofTemplate: name, at: shape)
    {
      return use
    }
    // A circle of templates is refused elsewhere.
    guard depth < 8 else { return nil }
    for member in self["templates"]?.members ?? [] where member.key != name {
      guard member.value.uses(template: name), let shape = use(ofTemplate: member.key, depth: depth + 1)
      else {
        continue
      }
      if let use = member.value.use(ofTemplate: name, at: shape) { return use }
    }
    return nil
  }

  private func uses(template name: String) -> Bool {
    if self["template"]?.text == name { return true }
    return (items ?? []).contains { $0.uses(template: name) }
      || (members ?? []).contains { $0.value.uses(template: name) }
  }

  private func use(ofTemplate name: String, at shape: Shape) -> Shape? {
    if self["template"]?.text == name { return shape }
    for case .list(let inner) in shape.alternatives {
      for item in items ?? [] {
        if let use = item.use(ofTemplate: name, at: inner) { return use }
      }
    }
    for member in members ?? [] {
      if let inner = shape.inner(member.key), let use = member.value.use(ofTemplate: name, at: inner) {
        return use
      }
    }
    return nil
  }
}
