import Kernel
import Quantities
import Scenario
import Testing

/// Keys of pools whose nodes come and go, of shares in short, and of starts and priorities.
@Suite("Keys of what comes and goes")
struct ElasticKeysTests {
  private static let scaling = "autoscale: { min: 0, max: 3, target: 4 }"

  static func text(_ pool: String, service: String = scaling, more: String = "") -> String {
    PlacementKeysTests.text("placement: [ { pool: base }, { pool: burst, \(service) } ]")
      .replacing("node: p5.48xlarge, count: 1, pricing: on-demand", with: "node: p5.48xlarge, \(pool)")
      + "    \(more)\n"
  }

  @Test func whatIsWrittenIsWhatIsMeant() throws {
    let design = try FaultTests.read(
      Self.text("count: { min: 1, max: 5 }, pricing: on-demand, provisioning: { delay: 4m, stock-out: 8% }")
    ).get().designs[0]
    #expect(design.pools[1].nodeCount == 5 && design.pools[1].leastNodes == 1)
    #expect(design.pools[0].leastNodes == nil && !design.pools[0].isElastic)
    let service = try #require(design.services.first { $0.name == "chat/burst" })
    #expect(
      service.autoscale?.maximum == 3 && service.deployments[0].replicas == 0 && service.mostReplicas == 3)
    let alone = try FaultTests.read(
      Self.text("count: { max: 2 }, pricing: on-demand").replacing("{ pool: base }, ", with: "")
    ).get().designs[0]
    #expect(alone.services[0].deployments[0].replicas == 1, "by itself it starts with one")
    #expect(alone.pools[1].leastNodes == 0)
  }

  @Test("new machines in a cloud read their weights from its object store, unless a store is named")
  func weights() throws {
    let scenario = try FaultTests.read(
      Self.text(
        "count: { max: 2 }, pricing: on-demand",
        service: "autoscale: { min: 1, max: 3, target: 4, cold-start: from-storage }")
    ).get()
    let start = try #require(scenario.designs[0].services[1].coldStart)
    #expect(start.startsUp && scenario.designs[0].storage[start.storage].name == "weights of chat/burst")
    #expect(scenario.defaults.contains { $0.value == "s3-standard" })
  }

  static let mistakes: [(pool: String, message: String, help: String)] = [
    ("count: { min: 3, max: 2 }, pricing: on-demand", "the minimum 3 is above the maximum 2", ""),
    ("count: { min: 3 }, pricing: on-demand", "the key 'max' is missing", ""),
    ("count: { max: 2, mx: 1 }, pricing: on-demand", "unknown key 'mx'", "did you mean 'max'?"),
    (
      "count: { max: 2 }, purchase: { price: 1000 USD }", "only nodes that are rented by the hour",
      "write a number"
    ),
    (
      "count: { max: 2 }, pricing: reserved-1y", "only nodes that are rented by the hour", "a pool of its own"
    ),
    ("count: { max: 2 }, pricing: on-demand, daily-use: 3h", "are not simulated together", "leave it out"),
    (
      "count: { max: 2 }, pricing: on-demand, failures: { node-mtbf: 9d, spares: 1 }",
      "another node is taken", "leave `spares` out"
    ),
    ("count: [1, 2], pricing: on-demand", "expected a single value", ""),
  ]

  @Test("mistakes say where, what and what to do", arguments: mistakes.indices)
  func mistake(index: Int) {
    let (pool, message, help) = Self.mistakes[index]
    let faults = PlacementKeysTests.faults(Self.text(pool))
    let found = faults.first { $0.message.contains(message) }
    #expect(found != nil, "\(faults.map(\.message))")
    #expect(help.isEmpty || found?.help?.contains(help) == true, "\(found?.help ?? "no help")")
  }

  @Test("somebody has to make a pool grow, and jobs do not")
  func users() {
    let idle = PlacementKeysTests.faults(
      Self.text("count: { max: 2 }, pricing: on-demand", service: "replicas: 1"))
    #expect(idle.first?.message.contains("so it never grows") == true)
  }

  @Test(
    "shares in short are shares",
    arguments: [
      (
        "[ { spot: 40% }, { on-demand: 60% } ]",
        "[ { plan: spot, share: 40% }, { plan: on-demand, share: 60% } ]"
      ),
      (
        "[ { reserved-1y: 25%, discount: 10% }, { share: 75%, plan: spot } ]",
        "[ { plan: reserved-1y, share: 25%, discount: 10% }, { plan: spot, share: 75% } ]"
      ),
    ])
  func shares(short: String, long: String) throws {
    func rent(_ pricing: String) throws -> [RentPart] {
      try FaultTests.read(Self.text("count: 2, pricing: \(pricing)")).get().designs[0].pools[1].rent
    }
    #expect(try rent(short) == rent(long) && rent(long).count == 2)
  }

  @Test(
    "mistakes in shares",
    arguments: [
      ("[ { spot: 40% }, { on-demand: 50% } ]", "must add up to 100%"),
      ("[ { spot: 40%, on-demand: 60% } ]", "an item of the list is about one plan"),
      ("[ { spot: 40%, plan: spot }, { on-demand: 60% } ]", "says the plan and the share already"),
      ("[ { plan: spot }, { on-demand: 60% } ]", "the key 'share' is missing"),
      ("[ { sport: 40% }, { on-demand: 60% } ]", "unknown key 'sport'"),
      ("{ spot: 100% }", "unknown key 'spot'"),
    ])
  func wrongShares(pricing: String, message: String) {
    let faults = PlacementKeysTests.faults(Self.text("count: 2, pricing: \(pricing)"))
    #expect(faults.contains { $0.message.contains(message) }, "\(faults.map(\.message))")
  }

  // MARK: Jobs

  private static func job(workload: String = "", job: String = "", site: String = "") -> String {
    JobKeysTests.valid.replacing("steps: 100 }", with: "steps: 100\(workload) }")
      .replacing("train: { workload: train,", with: "train: { workload: train,\(job)")
      .replacing("dc: { kind: on-prem }", with: "dc: { kind: on-prem\(site) }")
  }

  @Test(
    "a start is a time of day or a duration, of the job or of its workload",
    arguments: [
      (", start: \"22:00\"", "", "", 22 * 3600.0), (", start: \"22:00\"", "", ", starts: \"21:30\"", 1800.0),
      (", start: \"06:00\"", "", ", starts: \"21:30\"", 8.5 * 3600), (", start: 90m", "", "", 5400.0),
      (", start: 90m", " start: \"01:00\",", "", 3600.0), ("", " start: 2h,", "", 7200.0), ("", "", "", 0.0),
    ])
  func start(workload: String, own: String, site: String, seconds: Double) throws {
    let design = try JobKeysTests.read(Self.job(workload: workload, job: own, site: site)).get().designs[0]
    #expect(design.trainingJobs[0].training.start.seconds == seconds)
  }

  @Test(
    "priorities have names beside numbers",
    arguments: [
      (", priority: low", "", -100), (", priority: high", "", 100), (", priority: high", " priority: 7,", 7),
      ("", " priority: normal,", 0), (", priority: -3", "", -3), ("", "", 0),
    ])
  func priority(workload: String, own: String, value: Int) throws {
    let design = try JobKeysTests.read(Self.job(workload: workload, job: own)).get().designs[0]
    #expect(design.trainingJobs[0].training.priority == value)
  }

  @Test(
    "mistakes in starts and priorities",
    arguments: [
      (", start: \"25:00\"", "expected a time of day"), (", start: 22", "the number needs a unit"),
      (", start: soon", "expected a quantity"), (", priority: hihg", "unknown value 'hihg'"),
      (", priority: 1.5", "a whole number"), (", priority: 99999999", "a whole number"),
    ])
  func wrongJobs(workload: String, message: String) {
    guard case .failure(let report) = JobKeysTests.read(Self.job(workload: workload)) else {
      Issue.record("it was read")
      return
    }
    #expect(report.faults.contains { $0.message.contains(message) }, "\(report.description)")
  }
}
