import Quantities

/// Reads the parameter space of a scenario and of the command line, and gathers every fault.
struct SweepReading {
  /// The scenario without its parameter space: what the paths lead into.
  let scenario: Written
  let file: String
  var checker: ShapeChecker

  init(scenario: Written, file: String) {
    self.scenario = scenario
    self.file = file
    checker = ShapeChecker(file: file)
  }

  /// The faults of the parameter space of a scenario that is read for something else than a sweep; its shape
  /// is checked with the rest.
  static func faults(of root: Written, file: String) -> [Fault] {
    guard let block = root["sweep"], root["designs"]?.members != nil else { return [] }
    var shape = ShapeChecker(file: file)
    shape.check(block, ScenarioShape.sweep, "sweep")
    guard shape.faults.isEmpty else { return [] }
    var reading = SweepReading(scenario: root.without("sweep"), file: file)
    _ = reading.space(block, settings: [], fixed: [], method: nil, points: nil)
    return reading.checker.faults
  }

  /// The space; with faults in `checker`, and only then, `nil`.
  ///
  /// - Parameters:
  ///   - settings: of the command line; one whose path the block has too stands in its place.
  ///   - fixed: paths that the command line gives one value to; the block's parameters of that name fall
  /// away.
  mutating func space(
    _ block: Written?, settings: [SweepSetting], fixed: [String], method: SweepSpace.Method?, points: Int?
  ) -> SweepSpace? {
    var axes = (block?["parameters"]?.members ?? []).map { (path: $0.key, value: $0.value, isInFile: true) }
    axes.removeAll { fixed.contains($0.path) }
    for setting in settings {
      let written = setting.written
      checker.check(written, .either([.list(.text), .object(ScenarioShape.range)]), setting.path)
      if let place = axes.firstIndex(where: { $0.path == setting.path }) {
        axes[place] = (setting.path, written, false)
      } else {
        axes.append((setting.path, written, false))
      }
    }
    refuseHidden(axes.map { ($0.path, $0.value) }, fixed: fixed)
    guard checker.faults.isEmpty else { return nil }
    let chosen = method ?? block?["method"]?.text.flatMap(SweepSpace.Method.init) ?? .grid
    let count = points ?? block?["points"]?.text.flatMap(ShapeChecker.integer)
    let followers = axes.filter { $0.value["with"] != nil }
    axes.removeAll { $0.value["with"] != nil }
    let parameters = axes.compactMap { axis in
      let place = axis.isInFile ? "sweep.parameters.\(axis.path)" : axis.path
      return parameter(axis.path, axis.value, place, method: chosen)
    }
    let dependents = followers.compactMap { dependent($0.path, $0.value, of: parameters) }
    guard checker.faults.isEmpty else { return nil }
    return space(of: parameters, dependents, chosen, count, at: block ?? axes.first?.value ?? scenario)
  }

  private mutating func space(
    of parameters: [SweepParameter], _ dependents: [SweepDependent], _ method: SweepSpace.Method,
    _ points: Int?, at place: Written
  ) -> SweepSpace? {
    if parameters.isEmpty {
      checker.fault(
        place, "sweep.parameters", "nothing varies",
        help: "give the scenario a `sweep` block or `--set PATH=1,2,4`; what begins with '[' is one value, "
          + "and several mappings are written PATH={…},{…}")
    }
    if method.isSampled, points == nil {
      checker.fault(place, "sweep.points", "'\(method.rawValue)' needs a number of `points`")
    }
    if !method.isSampled, points != nil {
      checker.fault(
        place, "sweep.points", "a \(method.rawValue) counts its own points",
        help: "leave `points` out, or choose the method `sobol` or `latin-hypercube`")
    }
    let counts = parameters.map(\.levels.count)
    if method == .zip, let first = counts.first, counts.contains(where: { $0 != first }) {
      let list = zip(parameters, counts).map { "\($0.path) has \($1)" }.joined(separator: ", ")
      checker.fault(
        place, "sweep.parameters", "`zip` needs as many values of one parameter as of the others: \(list)")
    }
    guard checker.faults.isEmpty else { return nil }
    let seed = scenario["seed"]?.text.flatMap(ShapeChecker.integer) ?? 1
    let space = SweepSpace(
      parameters: parameters, dependents: dependents, method: method, points: points ?? 1,
      seed: UInt64(max(0, seed)))
    if space == nil {
      let isWide = method == .sobol && parameters.count > 40
      checker.fault(
        place, "sweep.parameters",
        isWide
          ? "the Sobol sequence has 40 dimensions, and \(parameters.count) parameters vary"
          : "the space has more than 10 million points",
        help: isWide ? "`latin-hypercube` has no such limit" : "take fewer values, or `sobol` with `points`")
    }
    return space
  }

  // MARK: Parameters

  private mutating func dependent(_ path: String, _ value: Written, of parameters: [SweepParameter])
    -> SweepDependent?
  {
    let place = "sweep.parameters.\(path)"
    let other = value["with"]?.text ?? ""
    guard let index = parameters.firstIndex(where: { $0.path == other }) else {
      let names = parameters.map(\.path)
      checker.fault(
        value["with"] ?? value, "\(place).with", "'\(other)' is no parameter with values of its own",
        help: nearestName(to: other, among: names).map { "did you mean '\($0)'?" })
      return nil
    }
    guard let formula = SweepFormula(value["formula"]?.text ?? "x") else {
      checker.fault(
        value["formula"] ?? value, "\(place).formula", "expected numbers, x, + - * / and brackets",
        help: "such as x / 8")
      return nil
    }
    let dependent = SweepDependent(
      path: path, parameter: index, formula: formula, line: value.line, column: value.column)
    let samples = parameters[index].levels + (parameters[index].range.map { [$0.value(at: 0)] } ?? [])
    for sample in samples {
      guard let override = dependent.override(at: sample) else {
        checker.fault(value, place, "the formula has no value where '\(other)' is \(sample.text)")
        return nil
      }
      var trial = scenario
      if let fault = trial.apply(override, file: file) {
        checker.faults.append(fault)
        return nil
      }
    }
    return dependent
  }

  private mutating func parameter(
    _ path: String, _ value: Written, _ place: String, method: SweepSpace.Method
  ) -> SweepParameter? {
    let leaf = LeafKind(ofPath: path, in: scenario)
    var levels: [SweepValue] = []
    var range: SweepRange?
    if let items = value.items {
      levels = items.map { SweepValue(text: $0.flowText, line: $0.line, column: $0.column) }
      if levels.isEmpty { checker.fault(value, place, "the list of values is empty") }
      // Columns that go side by side may repeat a value.
      if method != .zip {
        let keys = levels.map { leaf.key(of: $0.text) }
        for (index, item) in items.enumerated() {
          guard let first = keys[..<index].firstIndex(of: keys[index]) else { continue }
          let same = levels[first].text == levels[index].text ? "" : ", as \(levels[first].text) before it"
          checker.fault(item, place, "the value \(levels[index].text) stands there twice\(same)")
        }
      }
    } else {
      guard let ends = ends(value, place, isInteger: leaf.isInteger) else { return nil }
      guard let values = self.levels(of: ends, value, place, method) else { return nil }
      (levels, range) = (values, values.isEmpty ? ends : nil)
    }
    // Whether the path leads anywhere, a trial shows.
    var trial = scenario
    let sample = levels.first ?? range?.value(at: 0)
    if let sample {
      let override = Override(
        path: path, value: sample.text, line: value.origin == nil ? max(1, sample.line) : 0,
        column: sample.column)
      if let fault = trial.apply(override, file: file) { checker.faults.append(fault) }
    }
    return SweepParameter(path: path, levels: levels, range: range, kind: leaf)
  }

  /// The ends of a range; `nil`, with a fault, where they do not go together.
  private mutating func ends(_ value: Written, _ place: String, isInteger: Bool) -> SweepRange? {
    guard let from = value["from"], let to = value["to"] else {
      checker.fault(value, place, "a range needs `from` and `to`", help: "or list the values: [1, 2, 4]")
      return nil
    }
    let isLogarithmic = value["scale"]?.text == "log"
    var ends: [(number: Double, unit: String)] = []
    for (name, end) in [("from", from), ("to", to)] {
      guard let parts = SweepRange.split(end.text ?? "") else {
        checker.fault(
          end, "\(place).\(name)", "expected a number, with at most one unit, to count from",
          help: "such as 2/s, 250ms or 3.90 USD/h; list the values otherwise")
        continue
      }
      if isInteger, parts.number != parts.number.rounded() || !parts.unit.isEmpty {
        checker.fault(end, "\(place).\(name)", "the key takes whole numbers")
      }
      if isLogarithmic, parts.number <= 0 {
        checker.fault(end, "\(place).\(name)", "a logarithmic range lies above 0")
      }
      ends.append(parts)
    }
    guard ends.count == 2, checker.faults.isEmpty else { return nil }
    func plain(_ unit: String) -> String { unit.filter { $0 != " " } }
    if plain(ends[0].unit) != plain(ends[1].unit) {
      checker.fault(
        to, "\(place).to",
        "the ends have different units, '\(plain(ends[0].unit))' and '\(plain(ends[1].unit))'",
        help: "write both in one")
      return nil
    }
    return SweepRange(
      from: ends[0].number, to: ends[1].number, unit: ends[0].unit, isLogarithmic: isLogarithmic,
      isInteger: isInteger, line: value.line, column: value.column)
  }

  /// The values of a range; none where a sampled method takes it as it is, `nil` with a fault.
  private mutating func levels(
    of range: SweepRange, _ value: Written, _ place: String, _ method: SweepSpace.Method
  ) -> [SweepValue]? {
    if let steps = value["steps"] {
      if let by = value["by"] { checker.fault(by, "\(place).by", "a range has `steps` or `by`, not both") }
      return range.levels(steps: steps.text.flatMap(ShapeChecker.integer) ?? 1)
    }
    guard let by = value["by"] else {
      if method.isSampled { return [] }
      if range.isInteger, !range.isLogarithmic, let levels = range.levels(by: 1) { return levels }
      checker.fault(
        value, place, "a range needs `steps` or `by`",
        help: value.origin == nil
          ? nil : "such as \(value["from"]?.text ?? "")..\(value["to"]?.text ?? ""):10lin")
      return nil
    }
    guard let step = SweepRange.split(by.text ?? ""), step.number > 0,
      !range.isInteger || step.number == step.number.rounded()
    else {
      checker.fault(
        by, "\(place).by", "expected a positive \(range.isInteger ? "whole number" : "number") to step by")
      return nil
    }
    func plain(_ unit: String) -> String { unit.filter { $0 != " " } }
    if !step.unit.isEmpty, plain(step.unit) != plain(range.unit) {
      checker.fault(by, "\(place).by", "the step's unit is not that of the ends, '\(plain(range.unit))'")
      return nil
    }
    if range.isLogarithmic {
      checker.fault(by, "\(place).by", "a logarithmic range has `steps`")
      return nil
    }
    guard let levels = range.levels(by: step.number) else {
      checker.fault(by, "\(place).by", "the range has more than 100,000 values")
      return nil
    }
    return levels
  }
}

extension ScenarioFamily {
  /// The parameter space of the file's `sweep` block and of the command line.
  ///
  /// - Parameters:
  ///   - settings: that vary; one whose path the block has too stands in its place, others come after.
  ///   - fixed: paths that have one value for all points; the block's parameters of these names fall away.
  ///   - method, points: stand before the block's.
  /// - Returns: the space, or every fault in it: unknown paths, ranges that have no values, too many points.
  ///   Whether a point makes sense as a whole only `scenario(at:)` shows.
  public func sweepSpace(
    settings: [SweepSetting] = [], fixed: [String] = [], method: SweepSpace.Method? = nil, points: Int? = nil
  ) -> Result<SweepSpace, FaultReport> {
    var reading = SweepReading(scenario: written, file: file)
    if let sweep {
      var shape = ShapeChecker(file: file)
      shape.check(sweep, ScenarioShape.sweep, "sweep")
      if !shape.faults.isEmpty { return .failure(report(shape.faults)) }
    }
    let space = reading.space(sweep, settings: settings, fixed: fixed, method: method, points: points)
    guard reading.checker.faults.isEmpty, let space else { return .failure(report(reading.checker.faults)) }
    return .success(space)
  }
}

extension Written {
  /// The value as one line of YAML, for a `--set` that says the same.
  var flowText: String {
    switch content {
    case .scalar(let text): return text
    case .list(let items): return "[" + items.map(\.quotedText).joined(separator: ", ") + "]"
    case .map(let members):
      return "{" + members.map { "\($0.key): \($0.value.quotedText)" }.joined(separator: ", ") + "}"
    }
  }

  private var quotedText: String {
    guard case .scalar(let text) = content else { return flowText }
    let isPlain = !text.isEmpty && text.allSatisfy { $0.isLetter || $0.isNumber || "._-/% +".contains($0) }
    if isPlain && text.first != " " && text.last != " " && text.first != "-" && text.first != "%" {
      return text
    }
    return "\""
      + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
      + "\""
  }
}
