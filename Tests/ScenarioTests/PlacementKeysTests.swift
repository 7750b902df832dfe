import Kernel
import Quantities
import Scenario
import Testing

/// Mistakes and defaults of services on several members, of lines and of residency.
@Suite("Keys of placements")
struct PlacementKeysTests {
  static func text(
    _ service: String, workload: String = "",
    links: String = "links: { away: { bandwidth: 10Gbps, latency: 9ms } }",
    top: String = ""
  ) -> String {
    """
    version: 1
    name: test
    duration: 1m
    \(top)
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: 2/s }
        prompt-tokens: { distribution: constant, value: 100 }
        output-tokens: { distribution: constant, value: 50 }
        \(workload)
    designs:
      one:
        sites:
          home: { kind: on-prem, region: eu, \(links) }
          away: { kind: cloud, provider: aws, region: us-east-1 }
        pools:
          base: { site: home, node: hgx-h100, count: 1 }
          burst: { site: away, node: p5.48xlarge, count: 1, pricing: on-demand }
        services:
          chat: { workload: chat, max-sequences: 100, \(service) }

    """
  }

  static func faults(_ text: String) -> [Fault] {
    if case .failure(let report) = FaultTests.read(text) { report.faults } else { [] }
  }

  static func services(_ text: String) throws -> [Service] {
    try FaultTests.read(text).get().designs[0].services
  }

  @Test func membersStandOverTheirService() throws {
    let services = try Self.services(
      Self.text("placement: [ { pool: base, replicas: 2 }, { pool: burst, replicas: 3, max-sequences: 7 } ]"))
    #expect(services.map(\.name) == ["chat/base", "chat/burst"] && services.map(\.front) == [0, 0])
    #expect(services.map { $0.deployments[0].replicas } == [2, 3])
    #expect(services.map { $0.deployments[0].maximumSequences } == [100, 7])
    let front = try #require(services[0].fronting)
    #expect(front.policy == .order && front.entry == 0 && front.members.map(\.spillAt) == [5, 5])
    #expect(front.bytesPerToken == 4 && services[1].fronting == nil)
  }

  @Test func theFallbackIsTheOrder() throws {
    let services = try Self.services(
      Self.text(
        "placement: [ { pool: base }, { pool: burst, spill-at: 2 } ], overflow: { spill-at: 9 }, "
          + "router: { policy: least-loaded, fallback: [burst, base] }"))
    #expect(services.map(\.name) == ["chat/burst", "chat/base"])
    #expect(services[0].fronting?.members.map(\.spillAt) == [2, 9] && services[0].fronting?.entry == 1)
    #expect(services[0].deployments[0].router.kind == .leastLoaded)
  }

  @Test func linesHoldBothWaysUnlessTheOtherSiteSaysElse() throws {
    let one = try FaultTests.read(Self.text("pool: base")).get().designs[0].links
    #expect(one.map { [$0.from, $0.to] } == [[0, 1], [1, 0]] && one[0].bandwidth == one[1].bandwidth)
    #expect(abs(one[0].time(of: Bytes(10e12)).value - 8000.009) < 1e-9)
    let text = Self.text("pool: base").replacing(
      "region: us-east-1", with: "region: us-east-1, links: { home: { bandwidth: 1Gbps, latency: 30ms } }")
    let two = try FaultTests.read(text).get().designs[0].links
    #expect(two.count == 2 && two[1].bandwidth.value * 10 == two[0].bandwidth.value)
  }

  static let mistakes: [(service: String, message: String, help: String)] = [
    ("placement: []", "nobody answers", "name a pool"),
    ("placement: [ { replicas: 2 } ]", "neither a pool nor an endpoint", ""),
    ("placement: [ { pool: bose } ]", "there is no pool 'bose'", "did you mean 'base'?"),
    (
      "placement: [ { pool: base, replicas: 1 }, { pool: base, replicas: 1 } ]", "is a member already",
      "replicas"
    ),
    ("placement: [ { pool: base } ], pool: burst", "`pool` or `placement`, not both", "make it a member"),
    ("placement: [ { pool: base } ], enters: hoem", "there is no site 'hoem'", "did you mean 'home'?"),
    (
      "placement: [ { pool: base }, { pool: burst } ], overflow: forecost", "unknown value 'forecost'",
      "did you mean 'forecast'?"
    ),
    (
      "placement: [ { pool: base }, { pool: burst } ], overflow: forecast", "has no SLO for the first token",
      "slo"
    ),
    (
      "placement: [ { pool: base }, { pool: burst } ], overflow: share", "nothing says who gets which share",
      "share"
    ),
    (
      "placement: [ { pool: base }, { pool: burst } ], overflow: { share: { base: 50% } }", "sum to 50.0 %",
      ""
    ),
    (
      "placement: [ { pool: base }, { pool: burst } ], overflow: { share: { base: 50%, burts: 50% } }",
      "there is no member 'burts'", "did you mean 'burst'?"
    ),
    (
      "placement: [ { pool: base }, { pool: burst } ], overflow: { policy: order, share: { base: 100% } }",
      "shares are for `policy: share`", ""
    ),
    (
      "placement: [ { pool: base }, { pool: burst } ], overflow: { policy: order, factor: 2 }",
      "a factor needs", ""
    ),
    (
      "placement: [ { pool: base }, { pool: burst } ], router: { policy: least-loaded, fallback: [bass] }",
      "there is no member 'bass'", "did you mean 'base'?"
    ),
    ("pool: base, overflow: order", "`overflow` is for services with `placement`", ""),
    ("pool: base, enters: home", "`enters` is for services with `placement`", ""),
    ("placement: [ { pool: base, autoscale: { min: 0, target: 1 } } ]", "the key 'max' is missing", ""),
    (
      "placement: [ { pool: base }, { endpoint: together-llama-3.1-8b, replicas: 2 } ]",
      "a managed endpoint has no `replicas`", "leave it out"
    ),
    (
      "placement: [ { pool: base }, { pool: burst, standby: warm, autoscale: { max: 2, target: 1 } } ]",
      "a member on warm standby is up or down as a whole", "leave one of them out"
    ),
    (
      "placement: [ { pool: base }, { pool: burst, autoscale: { min: 0, max: 2, target: 1 } } ], "
        + "overflow: { share: { base: 50%, burst: 50% } }", "is never without replicas", "min: 1"
    ),
    ("pool: base, circuit-breaker: { errors: 0% }", "the share of errors lies above 0", "50%"),
    ("pool: base, circuit-breaker: { errors: 50%, window: 0s }", "the time is at least 1 ms", ""),
    ("pool: base, circuit-breaker: { window: 5s }", "the key 'errors' is missing", ""),
    (
      "endpoint: together-llama-3.1-8b, circuit-breaker: { errors: 50% }", "requests of replicas on one pool",
      "leave `circuit-breaker` out"
    ),
    ("placement: [ { pool: base, replicas: 99 } ]", "8 accelerators, its replicas need 99", "raise `count`"),
  ]

  @Test("mistakes say where, what and the nearest", arguments: mistakes.indices)
  func mistake(index: Int) {
    let (service, message, help) = Self.mistakes[index]
    let faults = Self.faults(Self.text(service))
    let found = faults.first { $0.message.contains(message) }
    #expect(found != nil, "\(service): \(faults.map(\.message))")
    #expect(help.isEmpty || found?.help?.contains(help) == true, "\(found?.help ?? "no help")")
    #expect(found?.path.hasPrefix("designs.one.services") == true && found?.line ?? 0 > 0)
  }

  @Test("lines lead to other sites", arguments: ["hom", "home", "awai"]) func badLinks(name: String) {
    let faults = Self.faults(
      Self.text("pool: base", links: "links: { \(name): { bandwidth: 10Gbps, latency: 9ms } }"))
    #expect(faults.count == 1 && faults[0].path.hasPrefix("designs.one.sites.home.links"))
  }

  @Test("a workload that may not be anywhere is told where it could be")
  func residency() throws {
    let placed = "placement: [ { pool: base }, { pool: burst }, { endpoint: together-llama-3.1-8b } ]"
    for (places, names) in [
      ("[home]", ["chat"]), ("eu", ["chat"]), ("[on-prem, aws]", ["chat/base", "chat/burst"]),
      ("[us-east-1, together]", ["chat/burst", "chat/together-llama-3.1-8b"]),
    ] {
      let services = try Self.services(Self.text(placed, workload: "residency: \(places)"))
      #expect(services.map(\.name) == names, "\(places)")
    }
    let faults = Self.faults(Self.text(placed, workload: "residency: [us-east-2]"))
    #expect(faults.count == 1 && faults[0].message.contains("is not where the workload may be"))
    #expect(faults[0].help?.contains("did you mean 'us-east-1'?") == true)
    let plain = Self.faults(Self.text("pool: burst", workload: "residency: [home]"))
    #expect(plain.map(\.path) == ["designs.one.services.chat.pool"])
    #expect(plain.first?.help?.contains("the design has home") == true)
    let called = Self.faults(
      Self.text("endpoint: together-llama-3.1-8b", workload: "residency: [eu, us-east-1]"))
    #expect(called.map(\.path) == ["designs.one.services.chat.endpoint"])
    #expect(!Self.faults(Self.text("\(placed), enters: away", workload: "residency: [eu]")).isEmpty)
  }

  @Test("a scenario that judges violations simulates and counts what it would refuse")
  func judged() throws {
    let top = "thresholds: [ \"residency_violations = 0\" ]"
    for service in [
      "pool: burst", "endpoint: together-llama-3.1-8b", "placement: [ { pool: burst } ]",
      "placement: [ { pool: burst }, { endpoint: together-llama-3.1-8b } ], enters: away",
    ] {
      let text = Self.text(service, workload: "residency: [home]")
      #expect(!Self.faults(text).isEmpty)
      let scenario = try FaultTests.read(Self.text(service, workload: "residency: [home]", top: top)).get()
      #expect(scenario.judgesResidency && scenario.notes.contains { $0.contains("residency_violations") })
    }
    let mixed = "placement: [ { pool: base }, { pool: burst } ]"
    let services = try Self.services(Self.text(mixed, workload: "residency: [home]", top: top))
    #expect(services.map(\.name) == ["chat"], "what can be where it may is")
  }

  @Test("data comes from where it may be")
  func stagedData() {
    let text = Self.text("pool: base", top: "")
      .replacing(
        "designs:",
        with: "  train: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 64, steps: 10, "
          + "residency: [home] }\ndesigns:"
      )
      .replacing("pool: base", with: "pool: burst")
    let job =
      "    jobs: { train: { workload: train, pool: base, accelerators: 8, "
      + "stage-in: { from: away, size: 1TB } } }\n"
    let faults = Self.faults(text + job)
    #expect(faults.map(\.path) == ["designs.one.jobs.train.stage-in.from"], "\(faults.map(\.message))")
    #expect(Self.faults(text + job.replacing(", stage-in: { from: away, size: 1TB }", with: "")).isEmpty)
  }

  @Test("classes of data say where it may be, beside the workload itself")
  func dataClasses() throws {
    let classes = "data-classes: { health: [eu, aws] }"
    let placed = "placement: [ { pool: base }, { pool: burst } ]"
    let both = try Self.services(Self.text(placed, workload: "data-class: health", top: classes))
    #expect(both.count == 2)
    let one = try Self.services(
      Self.text(placed, workload: "data-class: health\n    residency: [eu]", top: classes))
    #expect(one.count == 1)
    let unknown = Self.faults(Self.text(placed, workload: "data-class: helth", top: classes))
    #expect(unknown.first?.help == "did you mean 'health'?")
    #expect(
      !Self.faults(Self.text(placed, workload: "data-class: health\n    residency: [mars]", top: classes))
        .isEmpty)
  }
}
