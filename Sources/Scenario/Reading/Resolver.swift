import Catalog
import Kernel
import Quantities
import Statistics
import Workloads

/// Turns a written scenario, already of the right shape, into what is meant: looks names up, fills
/// defaults, checks
/// what only the whole can show.
struct Resolver {
  let file: String
  let files: NamedFiles
  let catalog: Catalog
  let exchange: Exchange
  var faults: [Fault] = []
  var defaults: [AppliedDefault] = []
  var notes: [String] = []
  /// Of all workloads that are written, those with faults included.
  var workloadNames: [String] = []
  /// Those of them that services answer.
  var inferenceNames: [String] = []
  /// `workload/job` of every job that is written: rows stand under it where a workload has several jobs.
  var jobRowNames: [String] = []
  /// Members of services on several pools.
  var writtenMembers: [WrittenMember] = []
  /// Kinds of data, and where each may be.
  var dataClasses: Written?
  /// Whether a threshold judges where requests are answered: then a service in a wrong place is simulated and
  /// counted, not refused.
  var judgesResidency = false
  var hash = ContentHash()
  /// The file before templates were put into their places.
  var asWritten: Written?

  private let catalogHash: String

  init(
    file: String, files: NamedFiles, catalog: Catalog, exchange: Exchange = .dollars,
    catalogHash: String = Catalog.builtIn.contentHash
  ) {
    self.exchange = exchange
    self.file = file
    self.catalog = catalog
    self.files = files
    self.catalogHash = catalogHash
  }

  mutating func fault(_ value: Written, _ path: String, _ message: String, help: String? = nil) {
    faults.append(
      Fault(
        file: file, line: value.origin == nil ? value.line : 0, column: value.column,
        length: max(1, value.text?.count ?? 1), path: path, message: message, help: help,
        source: value.origin))
  }

  // MARK: Values

  func quantity(_ value: Written?, _ measure: Measure) -> Double? {
    guard let text = value?.text,
      case .success(let number) = UnitParser.parse(text, as: measure, in: exchange)
    else { return nil }
    return number
  }

  func integer(_ value: Written?) -> Int? { value?.text.flatMap(ShapeChecker.integer) }
  func number(_ value: Written?) -> Double? { value?.text.flatMap(Double.init) }

  /// Notes that a default stands at `path`, and hands it on.
  mutating func standing<Value>(_ value: Value, at path: String, as text: String) -> Value {
    defaults.append(AppliedDefault(path: path, value: text))
    return value
  }

  mutating func ticks(_ value: Written?, default seconds: Double, at path: String) -> Ticks {
    if let seconds = quantity(value, .duration) { return Ticks(seconds: seconds) }
    return standing(Ticks(seconds: seconds), at: path, as: "\(seconds)s")
  }

  // MARK: Scenario

  mutating func resolve(_ root: Written) -> Scenario? {
    // Names mean what the catalogue says, so its identity is part of the scenario's.
    hash.absorb("catalogue:\(catalogHash)".utf8)
    // A parameter space is about many runs, not part of one: a point is the same run however it is come by.
    absorb(root.without("sweep").without("optimize").without("sensitivity").without("uncertainty"))
    for item in root["overlays"]?.items ?? [] {
      _ = named(item, "overlays", reading: "overlay") { _, _ in true }
    }
    let isAutomatic = root["warmup"]?.text == "auto"
    let warmup = isAutomatic ? Warmup.automatic : .fixed(ticks(root["warmup"], default: 0, at: "warmup"))
    let money = root["economics"]
    checkExchange(money)
    var economics = economicsSettings(money)
    var workloads: [InferenceWorkload] = []
    dataClasses = root["data-classes"]
    judgesResidency = (root["thresholds"]?.items ?? []).contains {
      $0.text?.contains(Residency.violations) == true
    }
    workloadNames = (root["workloads"]?.members ?? []).map(\.key)
    var trainings: [TrainingWorkload] = []
    var collectives: [CollectiveWorkload] = []
    var jobTraces: [JobTraceWorkload] = []
    for member in root["workloads"]?.members ?? [] {
      switch member.value["kind"]?.text {
      case "training": if let training = trainingWorkload(member) { trainings.append(training) }
      case "collective": if let collective = collectiveWorkload(member) { collectives.append(collective) }
      case "job-trace": if let trace = jobTraceWorkload(member) { jobTraces.append(trace) }
      default:
        inferenceNames.append(member.key)
        if let workload = workload(member) { workloads.append(workload) }
      }
    }
    var designs: [Design] = []
    for member in root["designs"]?.members ?? [] {
      var design = design(member, workloads: workloads, prices: economics.priceList)
      addJobs(to: &design, member, trainings: trainings, collectives: collectives, jobTraces: jobTraces)
      addLifecycle(
        to: &design, member, workloads: workloads, duration: quantity(root["duration"], .duration))
      designs.append(design)
    }
    economics.against = against(money?["against"], among: designs)
    if workloads.isEmpty && trainings.isEmpty && collectives.isEmpty && jobTraces.isEmpty && faults.isEmpty {
      fault(root, "workloads", "a scenario has at least one workload")
    }
    if designs.isEmpty && faults.isEmpty { fault(root, "designs", "a scenario has at least one design") }
    let duration = quantity(root["duration"], .duration).map { Ticks(seconds: $0) }
    checkSpans(root)
    checkEnd(root, workloads, duration)
    if case .fixed(let time) = warmup { checkWarmup(root, time, workloads, duration) }
    let thresholds = (root["thresholds"]?.items ?? []).enumerated().compactMap { index, item in
      threshold(item, "thresholds[\(index)]", workloads: workloads, designs: designs)
    }
    let until = stoppingRule(root, workloads: workloads, designs: designs)
    guard faults.isEmpty else { return nil }
    let first = until == nil ? 1 : min(StoppingRule.usualFirstLook, until!.maximumReplications)
    var scenario = Scenario(
      name: root["name"]?.text ?? "", description: root["description"]?.text ?? "",
      seed: UInt64(integer(root["seed"]) ?? standing(1, at: "seed", as: "1")), duration: duration,
      warmup: warmup,
      replications: integer(root["replications"]) ?? standing(first, at: "replications", as: "\(first)"),
      economics: economics, workloads: workloads, designs: designs, thresholds: thresholds,
      contentHash: hash.finish(), defaults: defaults, notes: notes,
      catalog: catalog)
    scenario.until = until
    (scenario.trainings, scenario.collectives, scenario.jobTraces) = (trainings, collectives, jobTraces)
    return scenario
  }

  /// Nothing is sent, used or paid in a span of nothing.
  private mutating func checkSpans(_ root: Written) {
    for (value, path) in [
      (root["duration"], "duration"), (root["economics"]?["horizon"], "economics.horizon"),
    ] where quantity(value, .duration) == 0 {
      fault(value ?? root, path, "the time must be longer than nothing")
    }
  }

  private mutating func economicsSettings(_ money: Written?) -> EconomicsSettings {
    var economics = EconomicsSettings(
      horizon: Seconds(
        quantity(money?["horizon"], .duration)
          ?? standing(3 * 365.25 * 86_400, at: "economics.horizon", as: "3y")),
      discountRate: quantity(money?["discount-rate"], .ratio)
        ?? standing(0.08, at: "economics.discount-rate", as: "8%"),
      currency: exchange.currency,
      priceList: money?["prices"]?.text
        ?? standing(
          ScenarioShape.usualPrices, at: "economics.prices", as: ScenarioShape.usualPrices))
    economics.exchange = exchange
    economics.exchangeDate = money?["exchange"]?["date"]?.text ?? ""
    economics.exchangeSource = money?["exchange"]?["source"]?.text ?? "the scenario"
    economics.demand = demand(money?["demand"])
    economics.demandWindows = integer(money?["demand"]?["windows"]) ?? 3
    economics.simulatesEveryMonth = money?["demand"]?["simulate"]?.text == "every-month"
    economics.growthPaths = growthPaths(money?["demand"], base: economics.demand)
    economics.unmet = unmetPrice(money?["unmet"])
    return economics
  }

  /// Every workload must come to an end.
  private mutating func checkEnd(_ root: Written, _ workloads: [InferenceWorkload], _ duration: Ticks?) {
    for workload in workloads where duration == nil && workload.requests == nil {
      if case .generated(let arrivals, _, _) = workload.traffic {
        if case .burst = arrivals { continue }
        fault(
          root["workloads"] ?? root, "workloads.\(workload.name)",
          "nothing ends the traffic of '\(workload.name)'",
          help: "give the scenario a `duration` or the workload a number of `requests`")
      }
    }
  }

  /// Something must be sent after the warm-up.
  private mutating func checkWarmup(
    _ root: Written, _ warmup: Ticks, _ workloads: [InferenceWorkload], _ duration: Ticks?
  ) {
    guard let written = root["warmup"], warmup > .zero else { return }
    if let duration, warmup >= duration {
      return fault(
        written, "warmup", "the warm-up lasts as long as the run, \(duration): nothing would be measured",
        help: "shorten it, or write `auto`")
    }
    for workload in workloads {
      switch workload.traffic {
      case .trace(let trace) where workload.traceUsers == nil && warmup > trace.arrivals.last ?? .zero:
        fault(
          written, "warmup",
          "the warm-up goes on past the last request of the trace of '\(workload.name)', sent at "
            + "\(trace.arrivals.last ?? .zero)", help: "shorten it, or write `auto`")
      case .generated(.burst, _, _) where workload.conversations == nil:
        fault(
          written, "warmup", "all requests of '\(workload.name)' are sent at the start, inside the warm-up",
          help: "leave `warmup` out")
      default: continue
      }
    }
  }

  /// Takes in what was written after overrides: keys, values, order.
  mutating func absorb(_ value: Written) {
    switch value.content {
    case .scalar(let text): hash.absorb("s\(text.utf8.count):\(text)".utf8)
    case .list(let items):
      hash.absorb("l\(items.count):".utf8)
      for item in items { absorb(item) }
    case .map(let members):
      hash.absorb("m\(members.count):".utf8)
      for member in members {
        hash.absorb("k\(member.key.utf8.count):\(member.key)".utf8)
        absorb(member.value)
      }
    }
  }
}
