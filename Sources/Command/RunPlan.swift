import DryRack

/// What a run of a scenario would do, as sections of named values.
struct RunPlan {
  struct Line {
    var name: String
    var value: String
    var source = ""
  }

  struct Section {
    var title: String
    var lines: [Line]
  }

  let sections: [Section]

  init(_ scenario: Scenario, designs names: [String]) {
    let chosen = scenario.designs.indices.filter {
      names.isEmpty || names.contains(scenario.designs[$0].name)
    }
    let designs = chosen.map { scenario.designs[$0] }
    var sections = [RunPlan.overview(scenario, designs: chosen)]
    sections += scenario.workloads.map { RunPlan.workload($0, duration: scenario.duration) }
    sections +=
      scenario.trainings.map(RunPlan.training) + scenario.collectives.map(RunPlan.collective)
      + scenario.jobTraces.map(RunPlan.trace)
    sections += designs.flatMap { RunPlan.design($0, in: scenario) + RunPlan.jobs($0, in: scenario) }
    sections.append(
      Section(title: "thresholds", lines: scenario.thresholds.map { Line(name: $0.text, value: "") }))
    sections.append(
      Section(
        title: "defaults, because the file says nothing",
        lines: scenario.defaults.map { Line(name: $0.path, value: $0.value, source: "default") }))
    sections.append(Section(title: "notes", lines: scenario.notes.map { Line(name: $0, value: "") }))
    self.sections = sections.filter { !$0.lines.isEmpty }
  }

  func text(style: TextStyle) -> String {
    var table = TextTable(widthLimit: 60)
    for (index, section) in sections.enumerated() {
      if index > 0 { table.append([""]) }
      table.appendHeader([section.title])
      for line in section.lines {
        let rest = [line.value, line.source]
        table.append(rest.allSatisfy(\.isEmpty) ? ["  \(line.name)"] : ["  \(line.name)"] + rest)
      }
    }
    return table.text(style: style)
  }

  var json: String {
    let list = sections.map { section -> JSONValue in
      let lines = section.lines.map { line -> JSONValue in
        .object([
          ("name", .string(line.name)), ("value", .string(line.value)), ("source", .string(line.source)),
        ])
      }
      return .object([("section", .string(section.title)), ("lines", .array(lines))])
    }
    return JSONValue.object([("plan", .array(list))]).text(wrapped: 3) + "\n"
  }

  private static func overview(_ scenario: Scenario, designs: [Int]) -> Section {
    // A workload that draws nothing repeats itself, so one run says everything.
    let replications = scenario.isStochastic ? scenario.replications : 1
    let runs = designs.count * replications
    var lines = [
      Line(name: "hash", value: String(scenario.contentHash.prefix(12))),
      Line(name: "seed", value: String(scenario.seed)),
      Line(
        name: "offered traffic",
        value: scenario.duration.map(PlanWords.duration) ?? "until the requests end"),
      Line(name: "warm-up", value: warmup(scenario.warmup)),
      Line(
        name: "runs",
        value: "\(counted(designs.count, "design")) × \(counted(replications, "replication")) = \(runs)"),
      Line(name: "price list", value: scenario.economics.priceList),
      currency(scenario.economics),
      Line(name: "horizon", value: PlanWords.duration(scenario.economics.horizon.value)),
      Line(
        name: "discount rate", value: "\(PlanWords.number(scenario.economics.discountRate * 100)) % a year"),
    ]
    if let rule = scenario.until, scenario.isStochastic { lines.append(until(rule)) }
    let levels = scenario.economics.demandLevels
    if !levels.isEmpty {
      let words = levels.map { PlanWords.number(($0 * 100).rounded() / 100) }.joined(separator: ", ")
      lines.append(Line(name: "demand", value: "simulated at \(words) times that of the workloads as well"))
    }
    lines += RunEstimate(scenario, designs: designs, replications: replications).lines
    return Section(title: scenario.name, lines: lines)
  }

  private static func currency(_ economics: EconomicsSettings) -> Line {
    let rates = Exchange.codes.compactMap { code in
      economics.exchange.rates[code].map { "1 \(code) = \(PlanWords.number($0)) \(economics.currency)" }
    }
    if rates.isEmpty { return Line(name: "currency", value: economics.currency) }
    let origin = [economics.exchangeSource, economics.exchangeDate].filter { !$0.isEmpty }
    return Line(
      name: "currency", value: ([economics.currency] + rates).joined(separator: ", "),
      source: origin.joined(separator: ", "))
  }

  private static func until(_ rule: StoppingRule) -> Line {
    let width = PlanWords.number(rule.relativeHalfWidth * 100)
    return Line(
      name: "more runs",
      value: "up to \(rule.maximumReplications) replications, until \(rule.figure.text) is known to "
        + "±\(width) %")
  }

  private static func counted(_ count: Int, _ what: String) -> String {
    "\(count) \(what)\(count == 1 ? "" : "s")"
  }

  private static func warmup(_ warmup: Warmup) -> String {
    switch warmup {
    case .fixed(let ticks): PlanWords.duration(ticks)
    case .automatic: "automatic (MSER-5)"
    }
  }

  private static func trace(_ workload: InferenceWorkload) -> String {
    guard case .trace(let trace) = workload.traffic else { return "" }
    let span = PlanWords.duration((trace.arrivals.last?.seconds ?? 0).rounded())
    let users = workload.traceUsers.map { "sent by \($0) users in order" } ?? "over \(span)"
    return "a trace of \(trace.count) requests, \(users)"
  }

  private static func workload(_ workload: InferenceWorkload, duration: Ticks?) -> Section {
    var lines = [Line(name: "model", value: workload.model.name)]
    switch workload.traffic {
    case .trace: lines.append(Line(name: "requests from", value: trace(workload)))
    case .generated(let arrivals, let prompt, let output):
      lines.append(Line(name: "arrivals", value: PlanWords.arrivals(arrivals)))
      lines.append(Line(name: "prompt tokens", value: PlanWords.law(prompt)))
      lines.append(Line(name: "output tokens", value: PlanWords.law(output)))
    }
    if let prefix = workload.prefix {
      let value = "\(prefix.tokens) tokens, \(prefix.groups) groups, zipf \(prefix.zipf)"
      lines.append(Line(name: "shared prefix", value: value))
    }
    if let turns = workload.conversations?.turns {
      lines.append(Line(name: "turns of a conversation", value: PlanWords.law(turns)))
    }
    lines += adapters(of: workload)
    lines += classes(of: workload)
    if let requests = Layers.expectedRequests(workload, duration: duration) {
      lines.append(Line(name: "requests a run", value: "about \(Int64(min(requests.rounded(), 1e18)))"))
    }
    let objectives = [
      ("TTFT", workload.objectives.ttft), ("TPOT", workload.objectives.tpot),
      ("ITL", workload.objectives.itl), ("E2E", workload.objectives.e2e),
    ]
    if let residency = workload.residency {
      lines.append(Line(name: "may be at", value: residency.places.joined(separator: ", ")))
    }
    for (name, limit) in objectives {
      if let limit { lines.append(Line(name: "SLO \(name)", value: "at most \(PlanWords.duration(limit))")) }
    }
    return Section(title: "workload \(workload.name)", lines: lines)
  }

  private static func design(_ design: Design, in scenario: Scenario) -> [Section] {
    let currency = scenario.economics.currency
    let lines =
      design.sites.flatMap { RunPlan.lines(of: $0, currency: currency) } + RunPlan.links(of: design)
      + design.pools.flatMap { RunPlan.lines(of: $0, in: design, scenario) }
      + facility(of: design, in: scenario)
      + staff(of: design, currency: currency)
    var sections = [Section(title: "design \(design.name)", lines: lines)]
    for service in design.services {
      if let front = front(of: service, in: design, currency: currency) { sections.append(front) }
      sections.append(
        Section(
          title: "design \(design.name), service \(service.name)",
          lines: placement(service, of: design, in: scenario)))
    }
    return sections.filter { !$0.lines.isEmpty }
  }

  private static func placement(_ service: Service, of design: Design, in scenario: Scenario) -> [Line] {
    substitute(of: service, currency: scenario.economics.currency)
      + whereTo(service, of: design, in: scenario) + door(of: service)
      + start(of: service, in: design) + life(of: service, in: design)
  }

  private static func whereTo(_ service: Service, of design: Design, in scenario: Scenario) -> [Line] {
    switch service.placement {
    case .endpoint(let endpoint): return lines(of: endpoint, scenario)
    case .pool(let deployment): return lines(of: deployment, in: design)
    case .disaggregated(let roles): return lines(of: roles, in: design)
    }
  }

  static func lines(of deployment: Deployment, in design: Design) -> [Line] {
    var lines = [
      Line(name: "engine", value: deployment.engine.name),
      Line(name: "replicas", value: "\(deployment.replicas) on \(design.pools[deployment.poolIndex].name)"),
      Line(name: "router", value: deployment.router.kind.rawValue),
      Line(
        name: "parallelism",
        value: "\(deployment.layout)"),
      Line(
        name: "precision",
        value: "weights \(deployment.weights.name), activations \(deployment.activations.name), "
          + "KV \(deployment.keyValue.name)"),
      Line(
        name: "batch limits",
        value: "\(deployment.maximumSequences) sequences, \(deployment.maximumBatchedTokens) tokens"),
    ]
    if let measured = deployment.measuredTimes {
      lines.append(
        Line(
          name: "step times", value: "kernel table, \(measured.table.rows.count) rows",
          source: measured.table.origin.device ?? ""))
    }
    if deployment.cache != nil { lines.append(Line(name: "prefix cache", value: "on")) }
    lines += order(of: deployment)
    lines += speculation(of: deployment)
    lines += adapters(of: deployment)
    lines += Layers.memoryTerms(of: deployment.memory).map {
      Line(name: $0.name, value: $0.amount, source: $0.source)
    }
    return lines
  }
}
