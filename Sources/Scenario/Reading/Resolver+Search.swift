import Catalog

/// Reads what is varied, and finds the numbers that can be.
extension Resolver {
  /// - Parameters:
  ///   - root: with templates and extended designs in place.
  ///   - file: as the file has it.
  mutating func search(_ root: Written, asWritten file: Written, _ scenario: inout Scenario) {
    asWritten = file
    // Paths speak of what designs take over, too, and of the templates themselves.
    let asksForPaths = ["optimize", "sensitivity", "uncertainty"].contains { root[$0] != nil }
    let written = asksForPaths ? file.inherited() : root
    if let value = root["optimize"] { scenario.optimize = optimize(value, written, file, scenario) }
    var settings = SensitivitySettings()
    var finder = InputFinder(file, resolved: root)
    // Jobs have an end, and what it costs to reach it tells their designs apart; a month does not.
    let others = scenario.workloads.count + scenario.collectives.count + scenario.jobTraces.count
    if others == 0, scenario.trainings.count == 1,
      scenario.designs.allSatisfy({ $0.trainingJobs.count == 1 })
    {
      settings.objective = .costPerTrainingRun
    }
    if let value = root["sensitivity"] {
      for (index, item) in (value["inputs"]?.items ?? []).enumerated() {
        let place = "sensitivity.inputs[\(index)]"
        if let input = input(item.text ?? "", item, place, written, scenario, &finder) {
          settings.chosen.append(input)
        }
      }
      settings.spread = quantity(value["spread"], .ratio) ?? settings.spread
      if settings.spread <= 0 {
        fault(value["spread"] ?? value, "sensitivity.spread", "a spread of 0 moves nothing")
      }
      if let item = value["objective"], let metric = metric(item, "sensitivity.objective", scenario) {
        settings.objective = metric
      }
      settings.draws = integer(value["draws"])
      settings.sampling =
        value["sampling"]?.text.flatMap(SensitivitySettings.Sampling.init) ?? .latinHypercube
    }
    for member in root["uncertainty"]?.members ?? [] {
      if let one = uncertainty(member, written, scenario, &finder) { settings.uncertain.append(one) }
    }
    settings.found = finder.inputs()
    scenario.sensitivity = settings
  }

  private mutating func optimize(
    _ value: Written, _ written: Written, _ file: Written, _ scenario: Scenario
  ) -> OptimizeSettings {
    var settings = OptimizeSettings(variables: [])
    for member in value["variables"]?.members ?? [] {
      if let variable = variable(member, written, file) { settings.variables.append(variable) }
    }
    if value["variables"]?.members?.isEmpty ?? true {
      fault(value, "optimize.variables", "there is nothing to vary")
    }
    settings.objectives = objectives(value["objectives"]?.items ?? [], scenario)
    settings.method = value["method"]?.text.flatMap(OptimizeSettings.Method.init) ?? .auto
    settings.budget = integer(value["budget"]) ?? settings.budget
    settings.population = integer(value["population"]) ?? settings.population
    settings.generations = integer(value["generations"])
    settings.replications = integer(value["replications"])
    if settings.population % 2 == 1 {
      fault(
        value["population"] ?? value, "optimize.population", "expected an even number: parents come in pairs")
    }
    return settings
  }

  // MARK: Variables

  private mutating func variable(_ member: Written.Member, _ written: Written, _ file: Written)
    -> OptimizeSettings.Variable?
  {
    let place = "optimize.variables.\(member.key)"
    guard let target = target(member.key, member.value, place, written) else { return nil }
    let designs = Self.designs(changedBy: member.key, in: file)
    if let items = member.value.items {
      let texts = items.compactMap(\.text)
      if texts.isEmpty {
        fault(member.value, place, "a list of values holds at least one")
        return nil
      }
      for item in items { checkValue(item, target.shape, place) }
      let kind = LeafKind(target.shape)
      if Set(texts.map(kind.key(of:))).count < texts.count {
        fault(member.value, place, "a value is listed twice")
      }
      return .init(path: member.key, domain: .choice(texts), designs: designs)
    }
    guard let domain = range(member.value, target, place) else { return nil }
    return .init(path: member.key, domain: domain, designs: designs)
  }

  private mutating func range(_ value: Written, _ target: ScenarioPath, _ place: String)
    -> OptimizeSettings.Variable.Domain?
  {
    guard let fromValue = value["from"], let toValue = value["to"] else { return nil }
    guard target.isNumeric else {
      fault(value, place, "no range of numbers can stand there", help: "give a list of values: [a, b]")
      return nil
    }
    guard let from = WrittenNumber(fromValue.text ?? ""), let to = WrittenNumber(toValue.text ?? "") else {
      fault(value, place, "expected numbers with one unit each", help: "such as { from: 2/s, to: 40/s }")
      return nil
    }
    let before = faults.count
    checkValue(fromValue, target.shape, "\(place).from")
    checkValue(toValue, target.shape, "\(place).to")
    if faults.count > before { return nil }
    if from.unit != to.unit {
      fault(toValue, "\(place).to", "'from' and 'to' are written in different units")
      return nil
    }
    if from.number > to.number {
      fault(fromValue, "\(place).from", "'from' lies above 'to'")
      return nil
    }
    let isLogarithmic = value["scale"]?.text == "log"
    if isLogarithmic && from.number <= 0 {
      fault(fromValue, "\(place).from", "a logarithmic scale begins above 0")
      return nil
    }
    if target.isWhole && from.unit.isEmpty, let low = integer(fromValue), let high = integer(toValue) {
      return .integer(from: low, to: high, by: integer(value["by"]) ?? 1)
    }
    if let step = value["by"] { fault(step, "\(place).by", "only whole numbers have a step") }
    return .continuous(from: from.number, to: to.number, unit: from.unit, isLogarithmic: isLogarithmic)
  }

  /// A value that will stand elsewhere is checked against what may stand there; one that is a mapping or a
  /// list in words is checked when it is tried.
  private mutating func checkValue(_ value: Written, _ shape: Shape, _ place: String) {
    if let first = value.text?.first, first == "{" || first == "[" { return }
    var checker = ShapeChecker(file: file, catalog: catalog)
    let scalars = shape.alternatives.filter { $0.accepts(value) }
    guard let fitting = scalars.first else {
      return fault(value, place, "no single value can stand there", help: "write a mapping in quotes: '{…}'")
    }
    checker.check(value, fitting, place)
    faults += checker.faults
  }

  private mutating func target(_ path: String, _ value: Written, _ place: String, _ written: Written)
    -> ScenarioPath?
  {
    let reserved = ["optimize", "sensitivity", "uncertainty", "sweep", "version", "thresholds", "seed"]
    let first = path.prefix { $0 != "." }
    if reserved.contains(String(first)) {
      fault(value, place, "'\(first)' is not part of what is simulated")
      return nil
    }
    switch ScenarioPath.follow(path, in: written, file: asWritten ?? written) {
    case .success(let target): return target
    case .failure(let failure):
      let near = nearestName(to: failure.key, among: failure.known).map { "did you mean '\($0)'?" }
      let names = failure.known.prefix(12).joined(separator: ", ")
      fault(
        value, place, "no such path in the scenario, for there is no '\(failure.key)' in it",
        help: near ?? (names.isEmpty ? nil : "there are \(names)"))
      return nil
    }
  }

  /// The design that a path lies in and those that extend it; `nil` for all.
  private static func designs(changedBy path: String, in written: Written) -> [String]? {
    let keys = path.split(separator: ".").map(String.init)
    guard keys.count > 1, keys[0] == "designs" else { return nil }
    let members = written["designs"]?.members ?? []
    var faults: [Written.ExpansionFault] = []
    let own = written.expanded(&faults, extending: false)["designs"]
    var changed = [keys[1]]
    var isGrowing = true
    while isGrowing {
      let more = members.filter { member in
        !changed.contains(member.key) && member.value["extends"]?.text.map(changed.contains) == true
          && own?[member.key]?.writesItself(keys[2...]) != true
      }
      changed += more.map(\.key)
      isGrowing = !more.isEmpty
    }
    return members.map(\.key).filter(changed.contains)
  }

  /// A metric alone is read as the left side of a threshold.
  mutating func metric(_ value: Written, _ place: String, _ scenario: Scenario) -> MetricReference? {
    var comparison = value
    comparison.content = .scalar("\(value.text ?? "") < 0")
    return threshold(comparison, place, workloads: scenario.workloads, designs: scenario.designs).map {
      MetricReference(
        text: (value.text ?? "").filter { $0 != " " }, metric: $0.metric, statistic: $0.statistic,
        filters: $0.filters)
    }
  }

  // MARK: Inputs

  private mutating func input(
    _ path: String, _ value: Written, _ place: String, _ written: Written, _ scenario: Scenario,
    _ finder: inout InputFinder
  ) -> SensitivitySettings.Input? {
    if let name = Self.endpoint(ofPath: path) {
      let names = scenario.endpoints.map(\.name)
      if names.contains(name) {
        return .init(path: path, number: nil, unit: " \(scenario.economics.currency)")
      }
      let near = nearestName(to: name, among: names).map { "did you mean '\($0)'?" }
      fault(value, place, "no design calls the endpoint '\(name)'", help: near)
      return nil
    }
    guard let target = target(path, value, place, written) else { return nil }
    if let text = target.value?.text, let number = WrittenNumber(text) {
      var input = SensitivitySettings.Input(
        path: path, number: number.number, unit: number.unit, isWhole: target.isWhole)
      if path.hasPrefix("templates."), let value = target.value {
        input.places = finder.places(of: path, value)
      }
      return input
    }
    if path.hasSuffix(".arrivals.points"), let points = InputFinder.points(target.value) {
      return .init(schedule: points, path: path)
    }
    if path.hasSuffix(".trace.speed"), target.value == nil { return .init(path: path, number: 1, unit: "") }
    if InputFinder.isPrice(path) { return .init(path: path, number: nil, unit: "") }
    if !target.isNumeric {
      fault(value, place, "no number stands there")
    } else if target.value == nil {
      fault(
        value, place, "the scenario leaves this number to its default", help: "write it into the scenario")
    } else {
      fault(value, place, "expected a number with one unit there, such as 90m instead of 1h30m")
    }
    return nil
  }

  /// The endpoint of `endpoints.NAME.price`; names hold dots.
  private static func endpoint(ofPath path: String) -> String? {
    guard path.hasPrefix("endpoints."), path.hasSuffix(".price"), path.count > 16 else { return nil }
    return String(path.dropFirst(10).dropLast(6))
  }

  private mutating func uncertainty(
    _ member: Written.Member, _ written: Written, _ scenario: Scenario, _ finder: inout InputFinder
  ) -> SensitivitySettings.Uncertainty? {
    let place = "uncertainty.\(member.key)"
    let value = member.value
    var shape = Shape.anything
    var isWhole = false
    var places: [String] = []
    if Self.endpoint(ofPath: member.key) != nil {
      if input(member.key, value, place, written, scenario, &finder) == nil { return nil }
    } else {
      guard let target = target(member.key, value, place, written) else { return nil }
      guard target.isNumeric || InputFinder.isPrice(member.key) else {
        fault(value, place, "no number stands there")
        return nil
      }
      shape = target.isNumeric ? target.shape : .anything
      isWhole = target.isWhole
      if member.key.hasPrefix("templates."), let value = target.value {
        places = finder.places(of: member.key, value)
      }
    }
    var unit: String?
    let before = faults.count
    var numbers: [String: Double] = [:]
    for part in value.members ?? [] where part.key != "distribution" && part.key != "cv" {
      let path = "\(place).\(part.key)"
      guard let number = WrittenNumber(part.value.text ?? "") else {
        fault(part.value, path, "expected a number with one unit")
        continue
      }
      if case .anything = shape {} else { checkValue(part.value, shape, path) }
      if let unit, unit != number.unit {
        fault(part.value, path, "the numbers of one distribution are written in one unit")
      }
      unit = number.unit
      numbers[part.key] = number.number
    }
    guard faults.count == before, let law = law(value, numbers, place) else { return nil }
    let isTriangular = value["distribution"]?.text == "triangular"
    var input = SensitivitySettings.Input(path: member.key, number: nil, unit: unit ?? "", isWhole: isWhole)
    input.places = places
    return .init(
      input: input, law: law,
      minimum: isTriangular ? nil : numbers["min"], maximum: isTriangular ? nil : numbers["max"])
  }

  private mutating func law(_ value: Written, _ numbers: [String: Double], _ place: String)
    -> SensitivitySettings.Uncertainty.Law?
  {
    func refuse(_ message: String) -> SensitivitySettings.Uncertainty.Law? {
      fault(value, place, message)
      return nil
    }
    if let low = numbers["min"], let high = numbers["max"], low > high {
      return refuse("'min' lies above 'max'")
    }
    switch value["distribution"]?.text {
    case "uniform":
      guard let from = numbers["from"], let to = numbers["to"] else { return nil }
      return from <= to ? .uniform(from: from, to: to) : refuse("'from' lies above 'to'")
    case "triangular":
      guard let low = numbers["min"], let mode = numbers["mode"], let high = numbers["max"] else {
        return nil
      }
      return low <= mode && mode <= high
        ? .triangular(low: low, mode: mode, high: high) : refuse("'mode' lies outside 'min' and 'max'")
    case "normal":
      guard let mean = numbers["mean"], let deviation = numbers["deviation"] else { return nil }
      return deviation >= 0
        ? .normal(mean: mean, deviation: deviation) : refuse("a deviation is not negative")
    default:
      guard let mean = numbers["mean"], let cv = number(value["cv"]) else { return nil }
      return mean > 0 ? .lognormal(mean: mean, cv: cv) : refuse("a lognormal mean is positive")
    }
  }
}

extension Scenario {
  /// The managed endpoints that designs call, each once, in the order of the file.
  package var endpoints: [EndpointPreset] {
    var endpoints: [EndpointPreset] = []
    for service in designs.flatMap(\.services) {
      if case .endpoint(let preset) = service.placement,
        !endpoints.contains(where: { $0.name == preset.name })
      {
        endpoints.append(preset)
      }
    }
    return endpoints
  }
}
