import Catalog
import Kernel
import Quantities
import Workloads

enum QueueOrderNames {
  static let all = QueueOrder.allCases.map(\.rawValue)
}

extension Resolver {
  /// Classes more than these are more than a queue by priority tells apart.
  private static let mostClasses = 16

  /// The workload's classes of requests, in the order of the file.
  mutating func classes(_ value: Written?, _ path: String) -> [RequestClass] {
    guard let value, let members = value.members else { return [] }
    var classes: [RequestClass] = []
    for member in members {
      let place = "\(path).\(member.key)"
      let share = quantity(member.value["share"], .ratio) ?? 0
      if share <= 0 {
        fault(member.value["share"] ?? member.value, "\(place).share", "a class has a positive share")
      }
      guard let priority = priority(member.value["priority"]) else {
        fault(
          member.value["priority"] ?? member.value, "\(place).priority",
          "expected a whole number from -1000 to 1000, or high, normal, low")
        continue
      }
      classes.append(RequestClass(name: member.key, share: share, priority: priority))
    }
    let sum = classes.reduce(0) { $0 + $1.share }
    if classes.count == members.count && abs(sum - 1) > 1e-6 {
      let percent = (sum * 1e4).rounded() / 100
      fault(value, path, "the shares sum to \(percent) %, not to 100 %")
    }
    if classes.count > Self.mostClasses {
      fault(value, path, "a workload has at most \(Self.mostClasses) classes of requests")
    }
    RequestClass.rank(&classes)
    return classes
  }

  private func priority(_ value: Written?) -> Int? {
    switch value?.text {
    case "high": -1
    case "normal": 0
    case "low": 1
    default: integer(value).flatMap { (-1000...1000).contains($0) ? $0 : nil }
    }
  }

  /// Fills in what a service does with its queue and at its door.
  mutating func queueing(
    _ value: Written, _ path: String, of service: inout Service, _ workload: InferenceWorkload
  ) {
    service.admission = admission(value["admission"], "\(path).admission", of: service, workload)
    guard let written = value["batching"]?["order"], let order = written.text.flatMap(QueueOrder.init) else {
      return
    }
    if order == .priority && workload.classes.isEmpty {
      fault(
        written, "\(path).batching.order", "the workload '\(workload.name)' has no priorities",
        help: "give it `priorities: { NAME: { share: 20%, priority: high }, … }`")
    }
    switch service.placement {
    case .pool(var deployment):
      deployment.order = order
      if order == .priority && deployment.cache != nil {
        fault(
          written, "\(path).batching.order",
          "a queue by priority and a prefix cache are not simulated together by this version",
          help: "set `cache: { prefix: false }`, or another `order`")
      }
      service.placement = .pool(deployment)
    case .disaggregated:
      if order != .arrival {
        fault(
          written, "\(path).batching.order",
          "a disaggregated service takes requests first come, first served",
          help: "leave `order` out, or `disaggregation`")
      }
    case .endpoint: break
    }
  }

  mutating func admission(
    _ value: Written?, _ path: String, of service: Service, _ workload: InferenceWorkload
  ) -> AdmissionSettings? {
    guard let value else { return nil }
    if case .endpoint = service.placement {
      fault(value, path, "a managed endpoint has limits of its own")
      return nil
    }
    let longest = longestWait(value, path, of: service, workload)
    let limit = rateLimit(value, path)
    if limit == nil && value["policy"] == nil {
      fault(value, path, "nothing says who is let in", help: "give `policy: slo-aware` or a `rate-limit`")
    }
    let retry = ticks(value["retry-after"], default: 1, at: "\(path).retry-after")
    if retry <= .zero {
      fault(value["retry-after"] ?? value, "\(path).retry-after", "a refused user waits for some time")
    }
    return AdmissionSettings(rateLimit: limit, longestWait: longest, retryAfter: retry)
  }

  private mutating func rateLimit(_ value: Written, _ path: String) -> AdmissionSettings.RateLimit? {
    guard let written = value["rate-limit"], let rate = quantity(written, .rate) else {
      if let burst = value["burst"] { fault(burst, "\(path).burst", "a burst needs a `rate-limit`") }
      return nil
    }
    guard rate >= 1e-6 && rate <= 1e7 else {
      fault(written, "\(path).rate-limit", "the rate must be positive and at most 10 million a second")
      return nil
    }
    let usual = max(1, Int(rate.rounded(.up)))
    let burst = integer(value["burst"]) ?? standing(usual, at: "\(path).burst", as: "\(usual)")
    return AdmissionSettings.RateLimit(rate: rate, burst: burst)
  }

  private mutating func longestWait(
    _ value: Written, _ path: String, of service: Service, _ workload: InferenceWorkload
  ) -> Ticks? {
    guard let policy = value["policy"], policy.text == "slo-aware" else {
      if let factor = value["factor"] {
        fault(factor, "\(path).factor", "a factor needs `policy: slo-aware`")
      }
      return nil
    }
    guard let limit = workload.objectives.ttft else {
      fault(
        policy, "\(path).policy", "the workload '\(workload.name)' has no SLO for the first token",
        help: "give it `slo: { ttft: 2s }`")
      return nil
    }
    guard case .pool(let deployment) = service.placement, deployment.batching == .continuous else {
      fault(
        policy, "\(path).policy", "first tokens are predicted for continuous batches of whole replicas only",
        help: "give a `rate-limit` instead")
      return nil
    }
    let factor = number(value["factor"]) ?? standing(1, at: "\(path).factor", as: "1")
    return Ticks(seconds: limit.seconds * factor)
  }
}
