import Kernel
import Quantities

/// How a service notices that replicas have fallen, and what happens to their requests.
public struct ReplicaCare: Sendable, Hashable {
  /// How a router learns that a replica is gone.
  public var healthCheck = HealthCheck()
  /// `nil`: a request is handed over again as often as it takes.
  public var retry: RetrySettings?
  /// `nil`: only the health check tells the router.
  public var breaker: CircuitBreaker?

  public init() {}
}

/// Probes of a replica, as of a Kubernetes readiness probe.
public struct HealthCheck: Sendable, Hashable {
  /// From one probe to the next, above 0. All replicas are probed at whole multiples of it.
  public var interval = Ticks(seconds: 10)
  /// Probes that fail, one after the other, before the router gives the replica up, at least 1.
  public var threshold = 3

  public init() {}

  /// When the router gives up a replica that falls at `now`.
  public func detection(after now: Ticks) -> Ticks {
    let probes = now.count / interval.count + Int64(threshold)
    let (time, isOver) = probes.multipliedReportingOverflow(by: interval.count)
    return isOver ? .never : Ticks(time)
  }
}

/// A router that goes by what becomes of a replica's requests (M. Nygard, "Release It!", 2007, "Circuit
/// Breaker").
public struct CircuitBreaker: Sendable, Hashable {
  /// Of the requests that were answered or lost within the window, from which share of lost ones on the
  /// replica gets none; above 0, at most 1.
  public var errors: Double
  public var window: Ticks
  /// Then one request tries the replica; once it is answered the replica is as any other.
  public var coolDown: Ticks

  public init(errors: Double, window: Ticks, coolDown: Ticks) {
    self.errors = errors
    self.window = window
    self.coolDown = coolDown
  }
}

/// How often a lost request is tried again.
public struct RetrySettings: Sendable, Hashable {
  public enum Jitter: String, Sendable, Hashable, CaseIterable {
    /// Evenly between 0 and the backoff ("full jitter": Brooker, "Exponential Backoff And Jitter", AWS
    /// Architecture Blog, 2015).
    case full
    case none
  }

  /// Hand-overs beyond the first, 0 or more.
  public var attempts: Int
  /// Before the first of them; it doubles with each.
  public var backoff: Ticks
  public var jitter: Jitter
  /// Of all requests sent so far: as many retries at most; `nil` for no limit.
  public var budget: Double?

  public init(attempts: Int, backoff: Ticks, jitter: Jitter, budget: Double?) {
    self.attempts = attempts
    self.backoff = backoff
    self.jitter = jitter
    self.budget = budget
  }
}

/// Something that is out for a known time.
public struct PlannedOutage: Sendable, Hashable {
  /// Nodes of one pool.
  public struct Part: Sendable, Hashable {
    public var poolIndex: Int
    public var nodes: Range<Int>
    public init(poolIndex: Int, nodes: Range<Int>) {
      self.poolIndex = poolIndex
      self.nodes = nodes
    }
  }

  /// As the scenario says it, such as `site home`.
  public var name: String
  public var start: Ticks
  public var duration: Ticks
  /// In the order of the design's pools.
  public var parts: [Part]

  public init(name: String, start: Ticks, duration: Ticks, parts: [Part]) {
    self.name = name
    self.start = start
    self.duration = duration
    self.parts = parts
  }
}

extension Design {
  /// Whether what breaks in a pool befalls the services on it: where the pool says what fails, and where jobs
  /// run beside them.
  public func failuresReachServices(onPool index: Int) -> Bool {
    guard let failures = pools[index].failures,
      failures.isWritten || trainingJobs.contains(where: { $0.deployment.poolIndex == index })
    else { return false }
    return failures.classes.contains { $0.systemMean.value.isFinite }
  }

  /// Whether replicas of a service can fall or come and go.
  public func hasLifecycle(_ service: Service) -> Bool {
    if service.scales { return true }
    return service.deployments.contains { deployment in
      failuresReachServices(onPool: deployment.poolIndex)
        || outages.contains { $0.parts.contains { $0.poolIndex == deployment.poolIndex } }
    }
  }

  /// Whether chance decides what breaks under its services.
  var breaksByChance: Bool {
    if pools.contains(where: { $0.isElastic && $0.provisioning?.stockOut ?? 0 > 0 }) { return true }
    return services.contains { $0.deployments.contains { failuresReachServices(onPool: $0.poolIndex) } }
  }
}

extension Scenario {
  /// Whether a threshold judges where requests are answered.
  public var judgesResidency: Bool { thresholds.contains { $0.metric == Residency.violations } }

  /// Whether the router of any service that can lose replicas has a circuit breaker.
  public var hasBreakers: Bool {
    designs.contains { design in
      design.services.contains { $0.care.breaker != nil && design.hasLifecycle($0) }
    }
  }

  /// Whether replicas of any design can fall or come and go: then all designs report what came of it.
  public var hasLifecycles: Bool {
    designs.contains { design in design.services.contains { design.hasLifecycle($0) } }
  }
}

/// How many replicas a service runs: the law of Kubernetes' horizontal pod autoscaler.
///
/// Every `interval` it wants ⌈sum of the metric over the replicas ÷ target⌉ of them, unless the ratio of the
/// mean to the target lies within a tenth of 1; replicas that are not up count as ones with nothing to do. It
/// scales down to the most that was wanted within the `stabilization` window (Kubernetes documentation,
/// "Horizontal Pod Autoscaling", algorithm details).
public struct AutoscaleSettings: Sendable, Hashable {
  public enum Measure: String, Sendable, Hashable, CaseIterable {
    /// Requests that wait.
    case queueDepth = "queue-depth"
    /// Requests inside, running or waiting.
    case running
    /// Share of the KV blocks in use.
    case keyValueUse = "kv-usage"
  }

  public var minimum: Int
  public var maximum: Int
  public var measure: Measure
  /// Of one replica, above 0.
  public var target: Double
  public var interval: Ticks
  public var stabilization: Ticks
  /// From the decision until the accelerators of a new replica are there.
  public var provisioning: Ticks
  /// How long a start takes; `nil` for as long as the service's replicas take that start again.
  public var start: Ticks?

  public init(
    minimum: Int, maximum: Int, measure: Measure, target: Double, interval: Ticks, stabilization: Ticks,
    provisioning: Ticks
  ) {
    self.minimum = minimum
    self.maximum = maximum
    self.measure = measure
    self.target = target
    self.interval = interval
    self.stabilization = stabilization
    self.provisioning = provisioning
  }
}

extension Design {
  /// Whether something is planned to happen in the run: once, and not in every month.
  public var hasEvents: Bool { !outages.isEmpty || !surges.isEmpty }
}

/// A time in which one workload sends `factor` times what it usually does.
public struct DemandSurge: Sendable, Hashable {
  public var workloadIndex: Int
  public var start: Ticks
  public var duration: Ticks
  /// Above 0.
  public var factor: Double

  public init(workloadIndex: Int, start: Ticks, duration: Ticks, factor: Double) {
    self.workloadIndex = workloadIndex
    self.start = start
    self.duration = duration
    self.factor = factor
  }
}
