/// Values of the command line, put into what was written.
extension Written {
  /// Sets a value.
  ///
  /// Missing keys of the format are added on the way, such as `economics`; a free name, such as that of a
  /// design, must be there. A `*` stands for every name at its place under which the rest of the path leads
  /// on. What a design takes over from a template or from the design that it extends is there, too: the value
  /// is written into the design that the path names, over what it takes over, and reaches no other. A mapping
  /// stands for all that was there, what is taken over included.
  ///
  /// - Returns: a fault when the path leads nowhere or the value cannot be read.
  mutating func apply(_ override: Override, file: String) -> Fault? {
    let isInFile = override.line > 0
    let said = isInFile ? nil : "--set \(override.path)=\(override.value)"
    func fault(_ message: String, _ help: String?) -> Fault {
      Fault(
        file: file, line: override.line, column: override.column, path: override.path, message: message,
        help: help, source: said)
    }
    let place = isInFile ? (line: override.line, column: override.column) : (line, column)
    var value = Written(
      content: .scalar(override.value), line: place.line, column: place.column, origin: said)
    if let first = override.value.first, first == "[" || first == "{" {
      switch WrittenReader.read(Array(override.value.utf8), file: file) {
      case .failure(let report):
        return fault("the value cannot be read: \(report.faults.first?.message ?? "")", nil)
      case .success(let read):
        value = read.0.placed(at: place, by: said)
        value.replacesBase = value.members != nil
      }
    }
    let keys = override.path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard let failure = set(keys, to: value, said: said) else { return nil }
    let near = nearestName(to: failure.key, among: failure.known).map { "did you mean '\($0)'?" }
    let names = failure.known.prefix(12).joined(separator: ", ")
    let path = (isInFile ? "" : "--set ") + override.path
    return fault(
      "\(path): no such path in the scenario, for there is no '\(failure.key)' in it",
      near ?? (names.isEmpty ? nil : "there are \(names)"))
  }

  /// A key that leads nowhere, and those beside it that would lead on.
  private struct Failure {
    var key: String
    var known: [String]
  }

  private mutating func set(_ path: [String], to value: Written, said: String?) -> Failure? {
    if path.count == 2, path[0] == "templates", self["templates"]?[path[1]] == nil {
      return Failure(key: path[1], known: self["templates"]?.members?.map(\.key) ?? [])
    }
    // Only designs take anything over; what they write themselves needs no look at the rest.
    let mayInherit = path[0] == "designs"
    if !mayInherit || !path.contains("*") {
      var own = self
      let failure = own.set(path[...], to: value, shape: ScenarioShape.root, said: said, over: nil)
      if failure == nil { self = own }
      if failure == nil || !mayInherit { return failure }
    }
    return set(path[...], to: value, shape: ScenarioShape.root, said: said, over: inherited())
  }

  /// - Parameter inherited: this value with all that it takes over; `nil` where it takes nothing over.
  private mutating func set(
    _ path: ArraySlice<String>, to value: Written, shape: Shape, said: String?, over inherited: Written?
  ) -> Failure? {
    guard let key = path.first else { return nil }
    guard case .map(let members) = content, inherited == nil || inherited?.members != nil else {
      return Failure(key: key, known: [])
    }
    let names = inherited.map { $0.members?.map(\.key) ?? [] } ?? members.map(\.key)
    if key == "*" {
      var failure = Failure(key: key, known: names)
      var isSet = false
      for name in names {
        if let own = set(name, path, to: value, shape: shape, said: said, over: inherited) {
          failure = own
        } else {
          isSet = true
        }
      }
      return isSet ? nil : failure
    }
    let isThere = members.contains { $0.key == key } || inherited?[key] != nil
    guard path.count == 1 || isThere || shape.inner(key) != nil && !shape.hasFreeNames else {
      let own = members.map(\.key)
      return Failure(key: key, known: own + names.filter { !own.contains($0) } + shape.fixedNames)
    }
    return set(key, path, to: value, shape: shape, said: said, over: inherited)
  }

  /// Follows the first step of a path by this name, which is there or may be added.
  private mutating func set(
    _ name: String, _ path: ArraySlice<String>, to value: Written, shape: Shape, said: String?,
    over inherited: Written?
  ) -> Failure? {
    guard case .map(var members) = content else { return Failure(key: name, known: []) }
    let index = members.firstIndex { $0.key == name }
    var below = value
    if path.count > 1 {
      below =
        index.map { members[$0].value }
        ?? Written(content: .map([]), line: line, column: column, origin: said)
      let inner = shape.inner(name) ?? .anything
      if let failure = below.set(
        path.dropFirst(), to: value, shape: inner, said: said, over: inherited?[name])
      {
        return failure
      }
    }
    if let index {
      members[index].value = below
    } else {
      members.append(Member(key: name, keyLine: line, keyColumn: column, value: below, origin: said))
    }
    content = .map(members)
    return nil
  }

  /// The same value, all of it said at one place: on the command line, or in the file without an `origin`.
  private func placed(at place: (line: Int, column: Int), by origin: String?) -> Written {
    var value = self
    value.origin = origin
    (value.line, value.column) = place
    switch content {
    case .scalar: break
    case .list(let items): value.content = .list(items.map { $0.placed(at: place, by: origin) })
    case .map(let members):
      value.content = .map(
        members.map { member in
          var member = member
          member.origin = origin
          (member.keyLine, member.keyColumn) = place
          member.value = member.value.placed(at: place, by: origin)
          return member
        })
    }
    return value
  }
}

extension Shape {
  /// Whether its keys are names that the user gives.
  fileprivate var hasFreeNames: Bool {
    if case .map = self { true } else { false }
  }

  /// The keys that the format gives it.
  fileprivate var fixedNames: [String] { keys.filter { !$0.isPlanned }.map(\.name) }

  private var keys: [Key] {
    switch self {
    case .object(let keys): keys
    case .tagged(_, let variants): variants.flatMap(\.keys)
    case .either(let shapes): shapes.flatMap(\.keys)
    default: []
    }
  }

  /// What stands under a key; `nil` when the format does not know it.
  func inner(_ key: String) -> Shape? {
    if case .map(let inner) = self { return inner }
    return keys.first { $0.name == key && !$0.isPlanned }?.shape
  }
}
