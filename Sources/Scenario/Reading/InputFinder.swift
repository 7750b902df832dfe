/// Finds the numbers of a scenario that costs and load rest on.
///
/// A number that is written once is one input. What a design takes from a template counts at that design, as
/// if it were written there; where several designs take the same number, it is an input of the template,
/// which moves all of them. What a design takes from one that it extends moves with that one.
struct InputFinder {
  /// The scenario with templates in place, without what designs take from those that they extend.
  private let written: Written
  /// With that, too: what holds in the end.
  private let resolved: Written
  private let file: Written
  private var found: [(input: SensitivitySettings.Input, source: Source?)] = []

  /// Where the file or the command line writes a number.
  private struct Source: Hashable {
    var line: Int
    var column: Int
    var origin: String?
    var key: String

    init(_ value: Written, _ key: String) {
      (line, column, origin) = (value.line, value.column, value.origin)
      self.key = key
    }
  }

  /// - Parameters:
  ///   - file: as it is written.
  ///   - resolved: with templates and extended designs in place.
  init(_ file: Written, resolved: Written) {
    let extends = (file["designs"]?.members ?? []).contains { $0.value["extends"] != nil }
    var faults: [Written.ExpansionFault] = []
    written = extends ? file.expanded(&faults, extending: false) : resolved
    self.resolved = resolved
    self.file = file
  }

  /// In the order of the file; what it leaves to defaults is left out, but for prices of the catalogue and
  /// the speed of a trace.
  ///
  /// - Complexity: O(values of the scenario with its templates in place).
  mutating func inputs() -> [SensitivitySettings.Input] {
    found = []
    walk(written, resolved, ScenarioShape.root, "") { Self.isInput($0) }
    let inputs = joined()
    // Emissions have no price: only who asks for them is told what moves them.
    let asksForCarbon = file["sensitivity"]?["objective"]?.text?.hasPrefix("carbon") == true
    return asksForCarbon ? inputs : inputs.filter { !$0.path.contains("carbon") }
  }

  /// The paths at which designs take the number that stands at a path of a template.
  mutating func places(of path: String, _ value: Written) -> [String] {
    found = []
    let key = path.split(separator: ".").last.map(String.init) ?? ""
    walk(written, resolved, ScenarioShape.root, "") { $0.hasPrefix("designs.") && $0.hasSuffix(".\(key)") }
    let source = Source(value, key)
    return found.filter { $0.source == source }.map(\.input.path)
  }

  /// Inputs of the same number become one of its template.
  private func joined() -> [SensitivitySettings.Input] {
    var templates: [Source: String] = [:]
    Self.collect(file["templates"], "templates", "", &templates)
    var taken: [Source: [String]] = [:]
    for one in found { if let source = one.source { taken[source, default: []].append(one.input.path) } }
    var told: Set<Source> = []
    return found.compactMap { one in
      guard let source = one.source, let path = templates[source], let places = taken[source],
        places.count > 1
      else { return one.input }
      guard told.insert(source).inserted else { return nil }
      var input = one.input
      (input.path, input.places) = (path, places)
      return input
    }
  }

  private static func collect(
    _ value: Written?, _ path: String, _ key: String, _ paths: inout [Source: String]
  ) {
    guard let value else { return }
    for member in value.members ?? [] {
      collect(member.value, "\(path).\(member.key)", member.key, &paths)
    }
    if value.text != nil { paths[Source(value, key)] = path }
  }

  /// Whether a path is the price of a pool, which the catalogue knows where the file does not say it.
  static func isPrice(_ path: String) -> Bool {
    path.hasSuffix(".purchase.price") || path.hasSuffix(".pricing") || path.hasSuffix(".pricing.price")
  }

  /// The points of a schedule as texts; `nil` for anything else, or rates that cannot be scaled.
  static func points(_ value: Written?) -> [[String]]? {
    guard let items = value?.items, !items.isEmpty else { return nil }
    let points = items.map { ($0.items ?? []).compactMap(\.text) }
    return points.allSatisfy { $0.count == 2 && WrittenNumber($0[1]) != nil } ? points : nil
  }

  /// - Parameter resolved: what holds at the place of `value`, which what a design extends may have changed.
  private mutating func walk(
    _ value: Written, _ resolved: Written?, _ shape: Shape, _ path: String, _ isWanted: (String) -> Bool
  ) {
    if isCatalogued(resolved ?? value, path) {
      let key = path.hasSuffix(".purchase") ? "\(path).price" : path
      if isWanted(key) { found.append((.init(path: key, number: nil, unit: ""), nil)) }
    }
    for member in value.members ?? [] {
      let inner = path.isEmpty ? member.key : "\(path).\(member.key)"
      let below: Shape
      if case .map(let shape) = shape {
        below = shape
      } else if let key = shape.knownKeys.first(where: { $0.name == member.key }) {
        below = key.shape
      } else {
        continue
      }
      let holds = resolved?[member.key]
      if let holds, let input = input(holds, below, inner, isWanted) {
        found.append((input, Source(holds, member.key)))
      } else {
        walk(member.value, holds, below, inner, isWanted)
      }
    }
    if isTrace(path), value["speed"] == nil, value["users"] == nil, isWanted("\(path).speed") {
      found.append((.init(path: "\(path).speed", number: 1, unit: ""), nil))
    }
  }

  private func input(_ value: Written, _ shape: Shape, _ path: String, _ isWanted: (String) -> Bool)
    -> SensitivitySettings.Input?
  {
    guard isWanted(path) else { return nil }
    if path.hasSuffix(".arrivals.points"), let points = Self.points(value) {
      return .init(schedule: points, path: path)
    }
    let place = ScenarioPath(shape: shape, value: value)
    guard let text = value.text, let number = WrittenNumber(text), number.number > 0, place.isNumeric else {
      return nil
    }
    return .init(path: path, number: number.number, unit: number.unit, isWhole: place.isWhole)
  }

  private func isTrace(_ path: String) -> Bool {
    let keys = path.split(separator: ".")
    guard keys.first == "workloads" else { return false }
    let isOfJobs = keys.count == 2 && resolved["workloads"]?[String(keys[1])]?["kind"]?.text == "job-trace"
    return keys.count == 3 && keys[2] == "trace" || isOfJobs
  }

  /// A pool that is paid as the catalogue says.
  private func isCatalogued(_ value: Written, _ path: String) -> Bool {
    let keys = path.split(separator: ".")
    guard keys.count == 5, keys[0] == "designs", keys[2] == "pools" else { return false }
    if keys[4] == "purchase" { return value.members != nil && value["price"] == nil }
    return keys[4] == "pricing" && value.text == "on-demand"
  }

  /// Prices, energy, people, load, failures and utilisation.
  private static func isInput(_ path: String) -> Bool {
    let keys = path.split(separator: ".").map(String.init)
    guard let last = keys.last else { return false }
    if keys[0] == "workloads" {
      if keys.count == 3 { return last == "speed" }
      return ["rate", "mean", "users", "speed", "count", "points"].contains(last)
        && keys.count > 3 && ["arrivals", "trace", "prompt-tokens", "output-tokens"].contains(keys[2])
    }
    guard keys[0] == "designs", keys.count > 3 else { return false }
    let names = [
      "electricity", "pue", "price", "pricing", "life", "residual", "fte", "salary", "node-mtbf",
      "accelerator-mtbf", "software-mtbf", "repair", "restart", "on-demand-price", "gpu-memory-utilization",
      "space", "demand-charge", "rack-price", "carbon", "embodied-carbon",
    ]
    return names.contains(last)
  }
}
