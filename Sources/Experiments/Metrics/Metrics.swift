import Economics
import Kernel
import Scenario
import Statistics
import Workloads
import World

/// One number of one run, before replications are brought together.
struct Reading {
  var workload: String
  var metric: String
  var statistic: String
  var value: Double?
  var unit: String
  /// Of the collective that is timed; `nil` elsewhere.
  var message: Int64?
}

/// What the rates of an outcome are taken over.
enum RateBasis {
  /// The time in which requests were being sent: see `RateSpan`.
  case sending
  /// All of it up to the last answer, as benchmark clients do.
  case wholeRun
}

/// Takes the readings of one outcome, always the same ones in the same order.
struct MetricReader {
  let scenario: Scenario
  let model: DesignModel
  let outcome: Outcome
  let basis: RateBasis
  /// The design at other levels of demand.
  let windows: [CostWindow]
  private(set) var readings: [Reading] = []

  static let quantiles: [(name: String, q: Double)] = [
    ("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999),
  ]

  init(
    scenario: Scenario, model: DesignModel, outcome: Outcome, rates basis: RateBasis = .sending,
    windows: [CostWindow] = []
  ) {
    self.basis = basis
    self.windows = windows
    self.scenario = scenario
    self.model = model
    self.outcome = outcome
    for index in outcome.services.indices where !model.design.services[index].isBehindAnother {
      readService(index)
    }
    readJobs()
    readDesign()
  }

  /// Only what money changes: the readings of jobs and of the design as a whole.
  init(moneyOf scenario: Scenario, model: DesignModel, outcome: Outcome) {
    basis = .sending
    windows = []
    self.scenario = scenario
    self.model = model
    self.outcome = outcome
    readJobs()
    readDesign()
  }

  /// The span that a service's rates are taken over.
  func rateSpan(ofService index: Int) -> RateSpan {
    let service = outcome.services[index]
    if basis == .sending { return service.rateSpan(from: outcome.measuredFrom) }
    let (tally, seconds) = (service.tally, outcome.measuredSeconds)
    let answers = AnswerTally(
      requests: tally.measured, good: tally.good, promptTokens: tally.promptTokens,
      outputTokens: tally.outputTokens)
    return RateSpan(seconds: seconds > 0 ? seconds : nil, answers: answers, holdsTail: true)
  }

  mutating func add(
    _ workload: String, _ metric: String, _ value: Double?, _ unit: String, statistic: String = "value",
    message: Int64? = nil
  ) {
    readings.append(
      Reading(
        workload: workload, metric: metric, statistic: statistic, value: value, unit: unit, message: message))
  }

  private mutating func readService(_ index: Int) {
    let workload = scenario.workloads[model.design.services[index].workloadIndex].name
    let result = outcome.joined(service: index, of: model.design)
    let tally = result.tally
    let ticks = 1 / 16e9
    for (metric, histogram, scale) in [
      ("ttft_s", tally.ttft, ticks), ("tpot_s", tally.tpot, ticks),
      ("itl_s", tally.interTokenGaps, ticks / 256),
      ("e2e_s", tally.e2e, ticks), ("queue_s", tally.queue, ticks), ("prefill_s", tally.prefill, ticks),
      ("decode_s", tally.decode, ticks),
    ] {
      add(workload, metric, histogram, scale)
    }
    let span = rateSpan(ofService: index)
    func rate(_ count: Int64) -> Double? { span.seconds.map { Double(count) / $0 } }
    let measured = tally.measuredOffered
    add(workload, "goodput_ratio", measured > 0 ? Double(tally.good) / Double(measured) : nil, "ratio")
    add(workload, "goodput_rps", rate(Int64(span.answers.good)), "1/s")
    add(workload, "throughput_rps", rate(Int64(span.answers.requests)), "1/s")
    add(workload, "output_tokens_per_s", rate(span.answers.outputTokens), "tokens/s")
    let tokens = span.answers.outputTokens + span.answers.promptTokens
    add(workload, "total_tokens_per_s", rate(tokens), "tokens/s")
    for (metric, count) in [
      ("offered", tally.offered), ("completed", tally.completed), ("rejected", tally.rejected),
      ("throttled", tally.throttled), ("running", tally.running), ("queued", tally.queued),
      ("preemptions", Int(result.replicas.reduce(0) { $0 + $1.preemptions })),
    ] {
      add(workload, metric, Double(count), "1")
    }
    let use = Utilization.of(design: model.design, service: index, model: model, outcome: outcome)
    for (metric, value) in [
      ("gpu_allocated_ratio", use.allocated), ("gpu_busy_ratio", use.busy), ("mfu", use.mfu),
      ("mbu", use.mbu),
      ("kv_usage_ratio", use.keyValue),
    ] {
      add(workload, metric, value, "ratio")
    }
    readCache(workload, index, result)
    if model.design.services[index].coldStart != nil {
      add(workload, "startup_s", result.startup?.seconds, "s")
    }
    let shares = Utilization.boundBy(outcome, service: index, of: model.design)
    for (position, cause) in Utilization.causes.enumerated() {
      if cause == "failure" && !scenario.hasLifecycles { continue }
      add(workload, "bound_by", shares?[position].share, "ratio", statistic: cause)
    }
    if let transfers = tally.transfers { readTransfers(transfers, workload, index) }
    readQueueing(index)
    readLife(index)
    readAdapters(index)
    readMembers(index)
  }

  private mutating func readTransfers(_ transfers: TransferTally, _ workload: String, _ index: Int) {
    add(workload, "kv_wait_s", transfers.wait, 1 / 16e9)
    add(workload, "kv_transfer_s", transfers.transfer, 1 / 16e9)
    add(workload, "kv_transfer_bytes", Double(transfers.bytes), "B")
    let roles = Utilization.ofRoles(design: model.design, service: index, model: model, outcome: outcome)
    for (name, use) in zip(["prefill", "decode"], roles) {
      add(workload, "gpu_busy_ratio", use.busy, "ratio", statistic: name)
      add(workload, "kv_usage_ratio", use.keyValue, "ratio", statistic: name)
    }
  }

  /// What prefix caches saved; unknown where none is kept.
  private mutating func readCache(_ workload: String, _ service: Int, _ result: ServiceOutcome) {
    let tally = result.tally
    // Prefill and decode replicas keep no tiers.
    var cache: CacheSettings?
    let members = model.design.members(ofService: service).map { model.design.services[$0] }
    // Members have tiers of their own: those of one would say nothing of the others.
    if members.count == 1, case .pool(let deployment) = members[0].placement { cache = deployment.cache }
    let keepsCache = members.contains { $0.deployments.contains { $0.cache != nil } }
    let isKnown = keepsCache && tally.promptTokens > 0
    let ratio = isKnown ? Double(tally.cachedTokens) / Double(tally.promptTokens) : nil
    add(workload, "prefix_hit_ratio", ratio, "ratio")
    let sought = result.replicas.reduce(0) { $0 + $1.promptTokensSought }
    let found = result.replicas.reduce(0) { $0 + $1.promptTokensFound }
    add(workload, "prefix_cache_queries", keepsCache ? Double(sought) : nil, "tokens")
    add(workload, "prefix_cache_hits", keepsCache ? Double(found) : nil, "tokens")
    guard let cache, !cache.tiers.isEmpty else { return }
    func share(_ tokens: Int64) -> Double? { sought > 0 ? Double(tokens) / Double(sought) : nil }
    var below: Int64 = 0
    for (index, tier) in cache.tiers.enumerated() {
      let name = tier.kind.rawValue
      func sum(_ part: (TierTotals) -> Int64) -> Int64 {
        result.replicas.reduce(0) { $0 + part($1.tiers[index]) }
      }
      let tokens = sum(\.tokensFound)
      below += tokens
      add(workload, "tier_hit_ratio", share(tokens), "ratio", statistic: name)
      add(workload, "tier_hit_tokens", Double(tokens), "tokens", statistic: name)
      add(workload, "tier_read_bytes", Double(sum(\.blocksRead)) * cache.bytesPerBlock, "B", statistic: name)
      let written = Double(sum(\.blocksWritten)) * cache.bytesPerBlock
      add(workload, "tier_written_bytes", written, "B", statistic: name)
      let load = outcome.load(ofService: service, of: model.design)
      let busy = load.replicas.reduce(0.0) { $0 + $1.tiers[index].busy.seconds }
      let span = load.seconds * Double(load.replicas.count)
      add(workload, "tier_busy_ratio", span > 0 ? busy / span : nil, "ratio", statistic: name)
    }
    add(workload, "tier_hit_ratio", share(found - below), "ratio", statistic: "gpu")
  }

  mutating func add(_ workload: String, _ metric: String, _ histogram: LogHistogram, _ scale: Double) {
    add(workload, metric, histogram.mean.map { $0 * scale }, "s", statistic: "mean")
    for quantile in Self.quantiles {
      add(workload, metric, histogram.quantile(quantile.q).map { $0 * scale }, "s", statistic: quantile.name)
    }
    add(workload, metric, histogram.min.map { Double($0) * scale }, "s", statistic: "min")
    add(workload, metric, histogram.max.map { Double($0) * scale }, "s", statistic: "max")
    add(workload, metric, histogram.standardDeviation.map { $0 * scale }, "s", statistic: "std")
    add(workload, metric, Double(histogram.count), "1", statistic: "count")
  }

  private mutating func readDesign() {
    let reader = CostReader(scenario: scenario, model: model, outcome: outcome)
    for (metric, value, unit) in reader.readings(windows: windows) { add("", metric, value, unit) }
    let isMetered = !model.design.pools.isEmpty
    add("", "energy_kwh", isMetered ? reader.cost.kilowattHoursPerMonth : nil, "kWh/month")
    let first = reader.cost.firstService.value
    add("", "first_service_day", first.isFinite ? first / 86_400 : nil, "day")
    readFacility(reader.cost)
    readFleets()
  }
}
