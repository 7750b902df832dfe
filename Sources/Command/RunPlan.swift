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
    sections += designs.flatMap { RunPlan.design($0, in: scenario) }
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
      Line(name: "offered traffic", value: scenario.duration.map(\.description) ?? "until the requests end"),
      Line(name: "warm-up", value: warmup(scenario.warmup)),
      Line(name: "runs", value: "\(designs.count) designs × \(replications) replications = \(runs)"),
      Line(name: "price list", value: scenario.economics.priceList),
      Line(name: "currency", value: scenario.economics.currency),
    ]
    lines += RunEstimate(scenario, designs: designs, replications: replications).lines
    return Section(title: scenario.name, lines: lines)
  }

  private static func warmup(_ warmup: Warmup) -> String {
    switch warmup {
    case .fixed(let ticks): ticks.description
    case .automatic: "automatic (MSER-5)"
    }
  }

  private static func workload(_ workload: InferenceWorkload, duration: Ticks?) -> Section {
    var lines = [Line(name: "model", value: workload.model.name)]
    switch workload.traffic {
    case .trace: lines.append(Line(name: "requests from", value: "a trace"))
    case .generated(let arrivals, let prompt, let output):
      lines.append(Line(name: "arrivals", value: "\(arrivals)"))
      lines.append(Line(name: "prompt tokens", value: "\(prompt)"))
      lines.append(Line(name: "output tokens", value: "\(output)"))
    }
    if let prefix = workload.prefix {
      let value = "\(prefix.tokens) tokens, \(prefix.groups) groups, zipf \(prefix.zipf)"
      lines.append(Line(name: "shared prefix", value: value))
    }
    if let turns = workload.conversations?.turns {
      lines.append(Line(name: "turns of a conversation", value: "\(turns)"))
    }
    lines += classes(of: workload)
    if let requests = Layers.expectedRequests(workload, duration: duration) {
      lines.append(Line(name: "requests a run", value: "about \(Int64(requests.rounded()))"))
    }
    let objectives = [
      ("TTFT", workload.objectives.ttft), ("TPOT", workload.objectives.tpot),
      ("ITL", workload.objectives.itl), ("E2E", workload.objectives.e2e),
    ]
    for (name, limit) in objectives {
      if let limit { lines.append(Line(name: "SLO \(name)", value: "at most \(limit)")) }
    }
    return Section(title: "workload \(workload.name)", lines: lines)
  }

  private static func design(_ design: Design, in scenario: Scenario) -> [Section] {
    var lines: [Line] = []
    for pool in design.pools {
      let site = design.sites[pool.siteIndex]
      lines.append(
        Line(
          name: "pool \(pool.name)",
          value: "\(pool.nodeCount) × \(pool.node.name) at \(site.name), \(pool.accelerators) accelerators"))
      lines.append(payment(pool.payment, currency: scenario.economics.currency))
    }
    var sections = [Section(title: "design \(design.name)", lines: lines)]
    for service in design.services {
      sections.append(
        Section(
          title: "design \(design.name), service \(service.name)", lines: placement(service, of: design)))
    }
    return sections.filter { !$0.lines.isEmpty }
  }

  private static func payment(_ payment: Payment, currency: String) -> Line {
    switch payment {
    case .purchase(let price, let life, let residual):
      let years = (life.value / 31_557_600 * 100).rounded() / 100
      let worth = Int64((residual * 100).rounded())
      return Line(
        name: "  bought", value: "\(price) \(currency) a node over \(years) years, \(worth) % left",
        source: "the scenario")
    case .rent(let price, let term, let source, let date, let region):
      let citation = Catalog.builtIn.source(source)?.citation ?? "the scenario"
      return Line(
        name: "  rented, \(term.rawValue)",
        value: "\(price) \(currency) a node-hour\(region.isEmpty ? "" : ", \(region)")",
        source: date.isEmpty ? citation : "\(citation), \(date)")
    }
  }

  private static func placement(_ service: Service, of design: Design) -> [Line] {
    substitute(of: service) + whereTo(service, of: design) + door(of: service)
  }

  private static func whereTo(_ service: Service, of design: Design) -> [Line] {
    switch service.placement {
    case .endpoint(let endpoint): return [Line(name: "endpoint", value: endpoint.name)]
    case .pool(let deployment): return lines(of: deployment, in: design)
    case .disaggregated(let roles): return lines(of: roles, in: design)
    }
  }

  static func lines(of deployment: Deployment, in design: Design) -> [Line] {
    var lines = [
      Line(name: "engine", value: deployment.engine.name),
      Line(name: "replicas", value: "\(deployment.replicas) on \(design.pools[deployment.poolIndex].name)"),
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
    lines += Layers.memoryTerms(of: deployment.memory).map {
      Line(name: $0.name, value: $0.amount, source: $0.source)
    }
    return lines
  }
}
