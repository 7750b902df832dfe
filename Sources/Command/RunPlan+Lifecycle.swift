import DryRack

/// Which replicas may fall or come and go, and what becomes of their requests.
extension RunPlan {
  /// Nothing for a service whose replicas stay up.
  static func life(of service: Service, in design: Design) -> [Line] {
    guard design.hasLifecycle(service) else { return [] }
    var lines: [Line] = []
    let pools = Set(service.deployments.map(\.poolIndex)).sorted()
    for index in pools where design.failuresReachServices(onPool: index) {
      guard let failures = design.pools[index].failures else { continue }
      let parts = failures.classes.filter { $0.systemMean.value.isFinite }.map {
        "\($0.kind.rawValue) every \(PlanWords.duration(($0.systemMean.value).rounded()))"
      }
      let place = pools.count > 1 ? "in all of \(design.pools[index].name)" : "in the whole pool"
      lines.append(
        Line(name: "fails", value: "\(place), on average: \(parts.joined(separator: ", "))"))
    }
    for outage in design.outages where outage.parts.contains(where: { pools.contains($0.poolIndex) }) {
      lines.append(
        Line(
          name: "is out",
          value: "\(outage.name) at \(PlanWords.duration(outage.start)) for "
            + "\(PlanWords.duration(outage.duration))"))
    }
    let check = service.care.healthCheck
    lines.append(
      Line(
        name: "health check",
        value: "every \(PlanWords.duration(check.interval)), gone after \(check.threshold) that fail"))
    lines.append(Line(name: "lost requests", value: retries(service.care.retry)))
    if let breaker = service.care.breaker {
      lines.append(
        Line(
          name: "circuit breaker",
          value: "at \(PlanWords.number(breaker.errors * 100)) % lost within "
            + "\(PlanWords.duration(breaker.window)), tried again after "
            + PlanWords.duration(breaker.coolDown)
        ))
    }
    let names = service.autoscales.count > 1 ? ["prefill replicas", "decode replicas"] : ["replicas"]
    for (name, settings) in zip(names, service.autoscales) {
      if let settings { lines.append(autoscale(settings, name)) }
    }
    return lines
  }

  private static func retries(_ retry: RetrySettings?) -> String {
    guard let retry else { return "handed over again as often as it takes" }
    var words = "tried again \(retry.attempts) times at most"
    if retry.backoff > .zero {
      words += ", after \(PlanWords.duration(retry.backoff)) and twice as long each time"
      if retry.jitter == .full { words += ", evenly between that and nothing" }
    }
    if let budget = retry.budget { words += ", up to \(PlanWords.number(budget * 100)) % of all requests" }
    return words
  }

  private static func autoscale(_ settings: AutoscaleSettings, _ name: String) -> Line {
    var words =
      "\(settings.minimum) to \(settings.maximum) by \(settings.measure.rawValue) "
      + "\(PlanWords.number(settings.target)), every \(PlanWords.duration(settings.interval)), down after "
      + PlanWords.duration(settings.stabilization)
    if settings.provisioning > .zero {
      words += ", accelerators after \(PlanWords.duration(settings.provisioning))"
    }
    return Line(name: name, value: words)
  }
}
