/// Shared parts of a scenario, put in their places before anything is checked.
///
/// `templates` holds mappings by name; a mapping below `designs` that says `template: NAME` takes over
/// every key that it does not write itself, mappings key by key. A design that says `extends: NAME` takes
/// over another design in the same way. A key that is written as `null` is taken away.
extension Written {
  /// What is wrong with the use of a template, at its place.
  struct ExpansionFault {
    var value: Written
    var path: String
    var message: String
    var help: String?
  }

  /// The scenario with its templates in place, and without `templates`.
  ///
  /// - Parameter extending: false for templates alone: what a design takes over from another one is left out.
  func expanded(_ faults: inout [ExpansionFault], extending: Bool = true) -> Written {
    guard case .map(let members) = content else { return self }
    let designs = members.last { $0.key == "designs" }?.value.members ?? []
    let shared = members.last { $0.key == "templates" }?.value.members ?? []
    let usesThem =
      !shared.isEmpty || designs.contains { $0.value["extends"] != nil } || contains(key: "template")
    guard usesThem else { return self }
    var expansion = Expansion(templates: shared, designs: designs, extends: extending)
    var whole = self
    whole.content = .map(
      members.filter { $0.key != "templates" }.map { member in
        guard member.key == "designs" else { return member }
        var all = member
        all.value.content = .map(designs.map { expansion.design($0) })
        return all
      })
    faults += expansion.faults
    return whole
  }

  /// What every path of a scenario leads to: all that designs take over stands in them, and `templates` too.
  ///
  /// - Complexity: O(values of the scenario with its templates in place).
  func inherited() -> Written {
    var faults: [ExpansionFault] = []
    var whole = expanded(&faults)
    guard case .map(var members) = whole.content, whole["templates"] == nil,
      let shared = self.members?.last(where: { $0.key == "templates" })
    else { return whole }
    members.append(shared)
    whole.content = .map(members)
    return whole
  }

  /// Whether a design has a value of its own at a path, so that nothing it takes over comes to stand there.
  func writesItself(_ path: ArraySlice<String>) -> Bool {
    guard let key = path.first else { return true }
    // Of a list's items, or of all members, some may be taken over.
    if key == "*" || key.contains("[") { return false }
    guard let value = self[key] else { return false }
    return value.members == nil || value.writesItself(path.dropFirst())
  }

  private func contains(key: String) -> Bool {
    switch content {
    case .scalar: false
    case .list(let items): items.contains { $0.contains(key: key) }
    case .map(let members): members.contains { $0.key == key || $0.value.contains(key: key) }
    }
  }

  /// Own keys over those of `base`, mappings key by key; what is null is taken away.
  func merged(over base: Written) -> Written {
    guard case .map(let own) = content, case .map(let below) = base.content else { return self }
    var members: [Member] = []
    for member in below {
      guard let over = own.last(where: { $0.key == member.key }) else {
        members.append(member)
        continue
      }
      if over.value.isNull && over.value.text != nil { continue }
      var both = over
      if !over.value.replacesBase { both.value = over.value.merged(over: member.value) }
      members.append(both)
    }
    for member in own where !below.contains(where: { $0.key == member.key }) {
      if member.value.isNull && member.value.text != nil { continue }
      members.append(member)
    }
    var result = self
    result.content = .map(members)
    return result
  }
}

/// Finds templates and designs by name, each expanded once.
private struct Expansion {
  let templates: [Written.Member]
  let designs: [Written.Member]
  let extends: Bool
  var faults: [Written.ExpansionFault] = []
  /// Names on the way from the outermost to the one being expanded: a name twice is a circle.
  private var path: [String] = []

  init(templates: [Written.Member], designs: [Written.Member], extends: Bool) {
    self.templates = templates
    self.designs = designs
    self.extends = extends
  }

  mutating func design(_ member: Written.Member) -> Written.Member {
    var expanded = member
    expanded.value = member.value.without("extends")
    let place = "designs.\(member.key).extends"
    if extends, let name = member.value["extends"], enters("design \(member.key)", name, place) {
      if let base = designs.first(where: { $0.key == name.text }) {
        expanded.value = expanded.value.merged(over: design(base).value)
      } else {
        unknown(name, place, "design", designs.map(\.key))
      }
      path.removeLast()
    }
    expanded.value = value(expanded.value, "designs.\(member.key)")
    return expanded
  }

  private mutating func value(_ value: Written, _ place: String) -> Written {
    switch value.content {
    case .scalar: return value
    case .list(let items):
      var result = value
      result.content = .list(items.enumerated().map { self.value($0.element, "\(place)[\($0.offset)]") })
      return result
    case .map: return mapping(value, place)
    }
  }

  private mutating func mapping(_ written: Written, _ place: String) -> Written {
    var result = written.without("template")
    if let name = written["template"], enters("template \(name.text ?? "")", name, "\(place).template") {
      if let base = templates.first(where: { $0.key == name.text }) {
        result = written.without("template").merged(over: value(base.value, "templates.\(base.key)"))
      } else {
        unknown(name, "\(place).template", "template", templates.map(\.key))
      }
      path.removeLast()
    }
    guard case .map(let members) = result.content else { return result }
    result.content = .map(
      members.map { member in
        var inner = member
        inner.value = value(member.value, "\(place).\(member.key)")
        return inner
      })
    return result
  }

  private mutating func enters(_ what: String, _ name: Written, _ place: String) -> Bool {
    if path.contains(what) || path.count > 32 {
      faults.append(
        Written.ExpansionFault(
          value: name, path: place, message: "'\(name.text ?? "")' comes back to itself", help: nil))
      return false
    }
    path.append(what)
    return true
  }

  private mutating func unknown(_ name: Written, _ place: String, _ what: String, _ names: [String]) {
    let near = nearestName(to: name.text ?? "", among: names).map { "did you mean '\($0)'?" }
    faults.append(
      Written.ExpansionFault(
        value: name, path: place, message: "there is no \(what) '\(name.text ?? "")'",
        help: near ?? (names.isEmpty ? nil : "there are \(names.joined(separator: ", "))")))
  }
}

extension Written {
  func without(_ key: String) -> Written {
    guard case .map(let members) = content else { return self }
    var result = self
    result.content = .map(members.filter { $0.key != key })
    return result
  }
}
