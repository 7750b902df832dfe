import Kernel
import Quantities
import Workloads

/// What is out and when, and what becomes of requests whose replica falls.
extension Resolver {
  /// Takes in a design's events and how its services bear failures.
  ///
  /// - Parameter duration: of the traffic [s]; `nil` where requests end it.
  mutating func addLifecycle(
    to design: inout Design, _ member: Written.Member, workloads: [InferenceWorkload], duration: Double?
  ) {
    let path = "designs.\(member.key)"
    for (index, event) in (member.value["events"]?.items ?? []).enumerated() {
      let place = "\(path).events[\(index)]"
      guard let span = span(event, place, in: design, duration: duration) else { continue }
      if event["workload"] != nil || event["rate"] != nil {
        if let surge = surge(event, place, span, workloads) { design.surges.append(surge) }
      } else if event["fails"] == nil {
        fault(
          event, place, "nothing says what happens", help: "`fails: true`, or a `workload` and its `rate`")
      } else if let (name, parts) = parts(event, place, in: design) {
        design.outages.append(
          PlannedOutage(name: name, start: span.start, duration: span.length, parts: parts))
      }
    }
    for index in design.services.indices {
      let name = design.services[index].name
      let written = writtenMembers.first { $0.place == "\(path).services.\(name)" }
      guard let value = written?.value ?? member.value["services"]?[name] else { continue }
      // An endpoint among members has none of what its service says of replicas.
      if written != nil && design.services[index].deployments.isEmpty { continue }
      let place = written?.path ?? "\(path).services.\(name)"
      design.services[index].care = care(value, place, of: design.services[index])
      if let start = value["cold-start"], start["from"] == nil {
        design.services[index].restart = Ticks(seconds: quantity(start["engine-start"], .duration) ?? 0)
      }
      placeWeights(value, place, of: index, in: &design)
      autoscale(value, place, of: &design.services[index], in: design)
    }
    checkElastic(design, member.value, path)
  }

  /// When an event begins and how long it lasts; `nil` where it cannot be.
  private mutating func span(
    _ value: Written, _ path: String, in design: Design, duration: Double?
  ) -> (start: Ticks, length: Ticks)? {
    guard let at = quantity(value["at"], .duration), let length = quantity(value["for"], .duration) else {
      return nil
    }
    guard length > 0 else {
      fault(value["for"] ?? value, "\(path).for", "an event lasts for some time")
      return nil
    }
    // Jobs go on after the traffic.
    if let duration, at >= duration, design.trainingJobs.isEmpty || value["workload"] != nil {
      fault(
        value["at"] ?? value, "\(path).at", "the run is over then: its traffic ends after \(duration) s",
        help: "lengthen `duration`, or have it come earlier")
      return nil
    }
    return (Ticks(seconds: at), max(Ticks(1), Ticks(seconds: length)))
  }

  private mutating func surge(
    _ value: Written, _ path: String, _ span: (start: Ticks, length: Ticks), _ workloads: [InferenceWorkload]
  ) -> DemandSurge? {
    for key in ["site", "pool", "node", "fails"] {
      if let other = value[key] {
        fault(other, "\(path).\(key)", "an event is about a place or about a workload, not both")
        return nil
      }
    }
    guard let rate = number(value["rate"]), value["workload"] != nil else {
      fault(value, path, "a workload and a rate belong together", help: "such as `workload: NAME, rate: 2`")
      return nil
    }
    guard index(value["workload"], "\(path).workload", among: workloadNames, what: "workload") != nil,
      let index = workloads.firstIndex(where: { $0.name == value["workload"]?.text })
    else { return nil }
    if case .generated(let arrivals, _, _) = workloads[index].traffic, arrivals.isSteady {
      return DemandSurge(workloadIndex: index, start: span.start, duration: span.length, factor: rate)
    }
    fault(
      value["workload"] ?? value, "\(path).workload",
      "only arrivals of a steady rate are sped up: poisson, gamma, weibull, constant",
      help: "write the rise into a `schedule`")
    return nil
  }

  private mutating func parts(_ value: Written, _ path: String, in design: Design)
    -> (name: String, parts: [PlannedOutage.Part])?
  {
    switch (value["site"], value["pool"]) {
    case (.some, .some), (nil, nil):
      fault(value, path, "an event names a site or a pool", help: "such as `site: NAME` or `pool: NAME`")
      return nil
    case (let site?, nil):
      if let node = value["node"] {
        fault(
          node, "\(path).node", "nodes are counted within a pool", help: "name a `pool` instead of a site")
        return nil
      }
      guard let index = index(site, "\(path).site", among: design.sites.map(\.name), what: "site") else {
        return nil
      }
      let parts = design.pools.enumerated().filter { $0.element.siteIndex == index }
        .map { PlannedOutage.Part(poolIndex: $0.offset, nodes: 0..<$0.element.nodeCount) }
      if parts.isEmpty { notes.append("\(path): no pool stands at '\(design.sites[index].name)'") }
      return ("site \(design.sites[index].name)", parts)
    case (nil, let pool?):
      guard let index = index(pool, "\(path).pool", among: design.pools.map(\.name), what: "pool") else {
        return nil
      }
      let count = design.pools[index].nodeCount
      guard let written = value["node"], let node = integer(written) else {
        return ("pool \(design.pools[index].name)", [.init(poolIndex: index, nodes: 0..<count)])
      }
      guard node < count else {
        fault(
          written, "\(path).node",
          "the pool '\(design.pools[index].name)' has \(count) nodes, numbered from 0 to \(count - 1)")
        return nil
      }
      return (
        "node \(node) of \(design.pools[index].name)", [.init(poolIndex: index, nodes: node..<(node + 1))]
      )
    }
  }

  private mutating func care(_ value: Written, _ path: String, of service: Service) -> ReplicaCare {
    var care = ReplicaCare()
    if let check = value["router"]?["health-check"] {
      if let interval = quantity(check["interval"], .duration) {
        if interval < 0.001 {
          fault(
            check["interval"] ?? check, "\(path).router.health-check.interval",
            "probes are at least 1 ms apart")
        } else {
          care.healthCheck.interval = Ticks(seconds: interval)
        }
      }
      care.healthCheck.threshold = integer(check["threshold"]) ?? care.healthCheck.threshold
    }
    care.breaker = breaker(value["circuit-breaker"], "\(path).circuit-breaker")
    if let breaker = value["circuit-breaker"], !service.canBreak {
      fault(
        breaker, "\(path).circuit-breaker",
        "requests of replicas on one pool are watched, and these are none",
        help: "leave `circuit-breaker` out")
    }
    guard let retry = value["retry"] else { return care }
    if case .endpoint = service.placement {
      fault(
        retry, "\(path).retry", "a managed endpoint loses no requests here", help: "leave `retry` out")
      return care
    }
    let budget = quantity(retry["budget"], .ratio)
    care.retry = RetrySettings(
      attempts: integer(retry["attempts"]) ?? 0,
      backoff: ticks(retry["backoff"], default: 0, at: "\(path).retry.backoff"),
      jitter: retry["jitter"]?.text.flatMap(RetrySettings.Jitter.init) ?? .none, budget: budget)
    return care
  }

  private mutating func autoscale(
    _ service: Written, _ path: String, of resolved: inout Service, in design: Design
  ) {
    if case .disaggregated(var roles) = resolved.placement {
      if let value = service["autoscale"] {
        return fault(
          value, "\(path).autoscale", "prefill and decode replicas are scaled apart",
          help: "give `disaggregation: { prefill: { autoscale: … }, decode: { autoscale: … } }`")
      }
      let written = service["disaggregation"]
      let place = "\(path).disaggregation"
      roles.prefillAutoscale = autoscale(
        written?["prefill"], "\(place).prefill", of: &roles.prefill, in: design, service: resolved)
      roles.decodeAutoscale = autoscale(
        written?["decode"], "\(place).decode", of: &roles.decode, in: design, service: resolved)
      resolved.placement = .disaggregated(roles)
      return
    }
    guard let value = service["autoscale"] else { return }
    guard case .pool(var deployment) = resolved.placement else {
      return fault(
        value, "\(path).autoscale", "only replicas on a pool are scaled", help: "leave `autoscale` out")
    }
    guard let settings = autoscale(service, path, of: &deployment, in: design, service: resolved) else {
      return
    }
    resolved.autoscale = settings
    resolved.placement = .pool(deployment)
    resolved.restart = settings.start ?? resolved.restart
    if deployment.replicas == 0 { resolved.coldStart?.startsUp = true }
    checkScaling(value, path, of: resolved, settings, in: design)
  }

  /// How many replicas one deployment runs; `nil` where `written` says nothing of it.
  private mutating func autoscale(
    _ written: Written?, _ path: String, of deployment: inout Deployment, in design: Design,
    service: Service
  ) -> AutoscaleSettings? {
    guard let written, let value = written["autoscale"] else { return nil }
    let pool = design.pools[deployment.poolIndex]
    let (least, most) = (integer(value["min"]) ?? 1, integer(value["max"]) ?? 1)
    if least > most {
      fault(
        value["min"] ?? value, "\(path).autoscale.min", "the minimum \(least) is above the maximum \(most)")
    }
    let needed = most * deployment.acceleratorsPerReplica
    if needed > pool.accelerators {
      fault(
        value["max"] ?? value, "\(path).autoscale.max",
        "\(most) replicas need \(needed) accelerators, the pool '\(pool.name)' has \(pool.accelerators)")
    }
    if pool.market != nil {
      fault(value, "\(path).autoscale", "the spot market of a pool is for jobs alone in this version")
    }
    // Other members answer while one has none.
    if written["replicas"] == nil {
      deployment.replicas = service.front == nil ? max(1, least) : least
    }
    if deployment.replicas > most {
      fault(
        written["replicas"] ?? value, "\(path).replicas",
        "\(deployment.replicas) replicas at the start are more than the maximum of \(most)")
    }
    let interval = ticks(value["interval"], default: 15, at: "\(path).autoscale.interval")
    if interval.seconds < 0.1 {
      fault(value["interval"] ?? value, "\(path).autoscale.interval", "looks are at least 100 ms apart")
    }
    let start = start(value["cold-start"], "\(path).autoscale.cold-start", of: service)
    var settings = AutoscaleSettings(
      minimum: least, maximum: max(least, most),
      measure: value["metric"]?.text.flatMap(AutoscaleSettings.Measure.init) ?? .queueDepth,
      target: number(value["target"]) ?? 1, interval: max(Ticks(seconds: 0.1), interval),
      stabilization: ticks(value["stabilization"], default: 300, at: "\(path).autoscale.stabilization"),
      provisioning: ticks(value["provisioning"], default: 0, at: "\(path).autoscale.provisioning"))
    settings.start = start
    return settings
  }

  /// How long a start takes; `nil` where the service says it.
  private mutating func start(_ value: Written?, _ path: String, of service: Service) -> Ticks? {
    guard let value, let text = value.text else { return nil }
    if text == "from-storage" {
      if service.coldStart == nil {
        fault(value, path, "the service has no `cold-start: { from: STORAGE }`")
      }
    } else if service.coldStart != nil {
      fault(value, path, "replicas read their weights: the service has a `cold-start`", help: "from-storage")
    } else if case .success(let seconds) = UnitParser.parse(text, as: .duration), seconds <= 86_400 * 30 {
      return Ticks(seconds: seconds)
    } else {
      fault(value, path, "expected `from-storage` or a duration of at most 30d", help: "such as 90s")
    }
    return nil
  }
}

extension ArrivalProcess {
  /// Whether requests come at one rate all the time, one after the other.
  fileprivate var isSteady: Bool {
    switch self {
    case .poisson, .gamma, .weibull, .constant: true
    case .closedLoop, .burst, .diurnal, .schedule: false
    }
  }
}
