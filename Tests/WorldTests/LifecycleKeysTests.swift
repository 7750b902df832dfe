import DryRack
import Testing

/// Keys about replicas that fall and requests that are tried again: what they mean, and every way to get them
/// wrong.
@Suite struct LifecycleKeysTests {
  static func text(
    service: String = "", pool: String = "count: 2, failures: { node-mtbf: 40d, repair: 2h }",
    router: String = "round-robin", events: String = ""
  ) -> String {
    """
    version: 1
    name: keys
    duration: 1h
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: 1/s }
        prompt-tokens: { distribution: constant, value: 100 }
        output-tokens: { distribution: constant, value: 10 }
    designs:
      own:
        sites: { home: { kind: on-prem }, empty: { kind: on-prem } }
        pools: { gpu: { site: home, node: hgx-h100, \(pool) } }
        services: { chat: { workload: chat, pool: gpu, replicas: 2, router: \(router)\(service) } }
        events: [ \(events) ]
    """
  }

  static func read(_ text: String) -> Result<Scenario, FaultReport> {
    ScenarioReader.read(bytes: Array(text.utf8), file: "keys.yaml", folder: ".")
  }

  static func messages(_ text: String) -> [String] {
    switch read(text) {
    case .success: []
    case .failure(let report):
      report.faults.map { "\($0.path): \($0.message)" + ($0.help.map { " / \($0)" } ?? "") }
    }
  }

  @Test func whatIsWrittenIsWhatIsMeant() throws {
    let scenario = try Self.read(
      Self.text(
        service: ", retry: { attempts: 3, backoff: 200ms, jitter: full, budget: 10% }",
        router: "{ policy: least-loaded, health-check: { interval: 5s, threshold: 2 } }",
        events: "{ at: 10m, site: home, fails: true, for: 45m }, "
          + "{ at: 20m, pool: gpu, node: 1, fails: true, for: 1m }")
    ).get()
    let design = scenario.designs[0]
    let care = design.services[0].care
    #expect(care.healthCheck.interval.seconds == 5 && care.healthCheck.threshold == 2)
    #expect(care.retry?.attempts == 3 && care.retry?.jitter == .full && care.retry?.budget == 0.1)
    #expect(design.outages.map(\.name) == ["site home", "node 1 of gpu"])
    #expect(design.outages[0].parts[0].nodes == 0..<2 && design.outages[1].parts[0].nodes == 1..<2)
    #expect(scenario.hasLifecycles && scenario.isStochastic)
    #expect(design.failuresReachServices(onPool: 0))
  }

  /// Probes at whole multiples of the interval; the third that fails is the last.
  @Test func aFallIsNoticedByTheThirdProbe() {
    var check = HealthCheck()
    check.interval = .init(seconds: 10)
    check.threshold = 3
    #expect(check.detection(after: .init(seconds: 4)).seconds == 30)
    #expect(check.detection(after: .init(seconds: 10)).seconds == 40)
    #expect(check.detection(after: .zero).seconds == 30)
  }

  @Test("a pool that does not say what fails leaves its services alone unless jobs run beside them")
  func unwritten() throws {
    let plain = try Self.read(Self.text(pool: "count: 2")).get()
    #expect(!plain.hasLifecycles)
    let asCounted = try Self.read(Self.text(pool: "count: 2, failures: catalogue")).get()
    #expect(asCounted.hasLifecycles)
    #expect(try !Self.read(Self.text(pool: "count: 2, failures: none")).get().hasLifecycles)
  }

  @Test(arguments: [
    ("events", "{ at: 2h, site: home, fails: true, for: 1m }", "events[0].at: the run is over then"),
    ("events", "{ at: 1m, site: hme, fails: true, for: 1m }", "did you mean 'home'?"),
    ("events", "{ at: 1m, pool: gpus, fails: true, for: 1m }", "there is no pool 'gpus'"),
    ("events", "{ at: 1m, pool: gpu, node: 2, fails: true, for: 1m }", "numbered from 0 to 1"),
    ("events", "{ at: 1m, site: home, node: 0, fails: true, for: 1m }", "name a `pool` instead of a site"),
    ("events", "{ at: 1m, site: home, pool: gpu, fails: true, for: 1m }", "a site or a pool"),
    ("events", "{ at: 1m, fails: true, for: 1m }", "a site or a pool"),
    ("events", "{ at: 1m, site: home, fails: true, for: 0s }", "an event lasts for some time"),
    ("events", "{ at: 1m, site: home, fails: true }", "the key 'for' is missing"),
    ("events", "{ at: 1m, site: home, for: 1m }", "nothing says what happens"),
    ("events", "{ at: 1m, site: home, fails: maybe, for: 1m }", "unknown value 'maybe'"),
    ("service", ", retry: { attempts: -1 }", "a whole number from 0 to 100"),
    ("service", ", retry: { backoff: 1s }", "the key 'attempts' is missing"),
    ("service", ", retry: { attempts: 1, jitter: ful }", "did you mean 'full'?"),
    ("service", ", cold-start: { at: 5s }", "replicas are up from the start"),
    ("router", "{ policy: round-robin, health-check: { interval: 0s } }", "at least 1 ms apart"),
    ("router", "{ policy: round-robin, health-check: { threshold: 0 } }", "a whole number from 1"),
    ("pool", "count: 1, failures: { node-mtbf: 40d, spares: 1 }", "keeps 1 nodes as spares"),
  ])
  func faults(place: String, written: String, message: String) {
    let messages = Self.messages(
      place == "events"
        ? Self.text(events: written)
        : place == "service"
          ? Self.text(service: written)
          : place == "router" ? Self.text(router: written) : Self.text(pool: written))
    #expect(messages.contains { $0.contains(message) }, "\(messages)")
  }
}

/// Keys of services that scale.
@Suite struct AutoscaleKeysTests {
  @Test func whatIsWrittenIsWhatIsMeant() throws {
    let text = LifecycleKeysTests.text(
      service:
        ", autoscale: { min: 0, max: 6, metric: kv-usage, target: 0.5, interval: 20s, cold-start: 90s }")
    let service = try LifecycleKeysTests.read(text.replacing("replicas: 2, ", with: "")).get().designs[0]
      .services[0]
    #expect(service.autoscale?.maximum == 6 && service.autoscale?.measure == .keyValueUse)
    #expect(service.autoscale?.stabilization.seconds == 300 && service.restart.seconds == 90)
    #expect(service.deployments[0].replicas == 1, "at least one is there at the start")
  }

  @Test(arguments: [
    ("{ min: 3, max: 2, target: 4 }", "the minimum 3 is above the maximum 2"),
    ("{ max: 1, target: 4 }", "2 replicas at the start are more than the maximum of 1"),
    ("{ max: 60, target: 4 }", "60 replicas need 60 accelerators, the pool 'gpu' has 16"),
    ("{ max: 4 }", "the key 'target' is missing"),
    ("{ max: 4, target: 4, metric: queue }", "unknown value 'queue'"),
    ("{ max: 4, target: 4, interval: 1ms }", "looks are at least 100 ms apart"),
    ("{ max: 4, target: 4, cold-start: from-storage }", "no `cold-start: { from: STORAGE }`"),
    ("{ max: 4, target: 4, cold-start: soon }", "or a duration of at most 30d"),
  ])
  func faults(written: String, message: String) {
    let messages = LifecycleKeysTests.messages(LifecycleKeysTests.text(service: ", autoscale: \(written)"))
    #expect(messages.contains { $0.contains(message) }, "\(messages)")
  }
}
