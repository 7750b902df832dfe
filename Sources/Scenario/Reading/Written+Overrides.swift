/// Values of the command line, put into what was written.
extension Written {
  /// Sets a value.
  ///
  /// Missing keys of the format are added on the way, such as `economics`; a free name, such as that of a
  /// design, must be there. A `*` stands for every name at its place under which the rest of the path leads
  /// on.
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
      case .success(let read): value = read.0.placed(at: place, by: said)
      }
    }
    let keys = override.path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard let failure = set(keys[...], to: value, shape: ScenarioShape.root, said: said) else { return nil }
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

  private mutating func set(_ path: ArraySlice<String>, to value: Written, shape: Shape, said: String?)
    -> Failure?
  {
    guard let key = path.first else { return nil }
    guard case .map(var members) = content else { return Failure(key: key, known: []) }
    if key == "*" {
      var failure = Failure(key: key, known: members.map(\.key))
      var isSet = false
      for index in members.indices {
        var below = path.count == 1 ? value : members[index].value
        let inner = shape.inner(members[index].key) ?? .anything
        if path.count > 1, let own = below.set(path.dropFirst(), to: value, shape: inner, said: said) {
          failure = own
          continue
        }
        members[index].value = below
        isSet = true
      }
      content = .map(members)
      return isSet ? nil : failure
    }
    let index = members.firstIndex { $0.key == key }
    if path.count == 1 {
      if let index {
        members[index].value = value
      } else {
        members.append(Member(key: key, keyLine: line, keyColumn: column, value: value, origin: said))
      }
    } else {
      let inner = shape.inner(key)
      var below = Written(content: .map([]), line: line, column: column, origin: said)
      if let index { below = members[index].value }
      guard index != nil || inner != nil && !shape.hasFreeNames else {
        return Failure(key: key, known: members.map(\.key) + shape.fixedNames)
      }
      if let failure = below.set(path.dropFirst(), to: value, shape: inner ?? .anything, said: said) {
        return failure
      }
      if let index {
        members[index].value = below
      } else {
        members.append(Member(key: key, keyLine: line, keyColumn: column, value: below, origin: said))
      }
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
