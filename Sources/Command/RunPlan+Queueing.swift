import DryRack

/// Who is let in and who is served first.
extension RunPlan {
  /// The door of a service; nothing where everybody passes.
  static func door(of service: Service) -> [Line] {
    guard let admission = service.admission else { return [] }
    var lines: [Line] = []
    if let limit = admission.rateLimit {
      lines.append(
        Line(name: "admitted at most", value: "\(limit.rate) requests/s, \(limit.burst) at once"))
    }
    if let longest = admission.longestWait {
      lines.append(
        Line(name: "turned away", value: "when the predicted TTFT is over \(PlanWords.duration(longest))"))
    }
    return lines
  }

  /// How a service comes up; nothing where it is up.
  static func start(of service: Service, in design: Design) -> [Line] {
    guard let start = service.coldStart else { return [] }
    let then = start.engineStart.value > 0 ? ", up \(PlanWords.duration(start.engineStart.value)) later" : ""
    return [
      Line(
        name: "reads its weights",
        value: "from \(design.storage[start.storage].name) "
          + (start.startsUp ? "when one is added" : "at \(PlanWords.duration(start.start))") + then)
    ]
  }

  static func classes(of workload: InferenceWorkload) -> [Line] {
    workload.classes.map {
      Line(
        name: "class \($0.name)",
        value: "\(($0.share * 1e4).rounded() / 100) % of requests, priority \($0.priority)")
    }
  }

  static func order(of deployment: Deployment) -> [Line] {
    switch deployment.order {
    case .arrival: []
    case .priority: [Line(name: "queue", value: "by priority; the least important gives way")]
    case .shortestFirst: [Line(name: "queue", value: "shortest prompt first")]
    }
  }
}
