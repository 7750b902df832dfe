import Scenario
import World

/// Everything a run says, in the order it is printed: designs as in the file, then workloads, metrics,
/// statistics.
public struct RunResults: Sendable {
  public var manifest: Manifest
  public var designs: [DesignSummary]
  public var rows: [MetricRow]
  public var verdicts: [ThresholdVerdict]
  public var series: [SeriesRow]
  public var costs: [CostRow]
  /// Per-request rows of the first replication; empty unless asked for.
  public var requests: [RequestRow]
  public var timeline: [TimelineSlice]
  /// Warnings about the run itself, such as too few samples for a quantile.
  public var notes: [String]
  /// How the designs differ from the first of them, under the same random numbers; empty for one design or
  /// one replication.
  public var differences: [DesignDifference] = []
  /// The designs by the seven factors that such decisions are made by; empty when all are of one kind.
  public var factors: [FactorRow] = []
  /// The designs by the ways in which demand may go; empty where the scenario names none.
  public var growth: [FactorRow] = []
  /// Whether demand or capacity changes over the horizon, so that no month stands for all.
  public var changesOverTime = false
  /// Capacity, demand and money by the month.
  public var months: [MonthRow] = []

  public init(
    manifest: Manifest, designs: [DesignSummary], rows: [MetricRow], verdicts: [ThresholdVerdict],
    series: [SeriesRow], costs: [CostRow], requests: [RequestRow], timeline: [TimelineSlice], notes: [String]
  ) {
    self.manifest = manifest
    self.designs = designs
    self.rows = rows
    self.verdicts = verdicts
    self.series = series
    self.costs = costs
    self.requests = requests
    self.timeline = timeline
    self.notes = notes
  }

  /// The row of a design over all replications; `workload` is `nil` for metrics of the design as a whole.
  public func row(design: String, workload: String? = nil, metric: String, statistic: String = "value")
    -> MetricRow?
  {
    rows.first {
      $0.design == design && $0.replication == nil && $0.metric == metric && $0.statistic == statistic
        && (workload == nil ? true : $0.workload == workload)
    }
  }
}

/// What identifies a run.
public struct Manifest: Sendable, Hashable {
  public var scenario: String
  public var scenarioHash: String
  public var seed: UInt64
  public var replications: Int
  public var version: String
  public var catalogHash: String
  /// False when a limit stopped the run before its end.
  public var complete: Bool
  /// The limit that stopped it, in words.
  public var stoppedBy: String?
  public init(
    scenario: String, scenarioHash: String, seed: UInt64, replications: Int, version: String,
    catalogHash: String, complete: Bool, stoppedBy: String?
  ) {
    self.scenario = scenario
    self.scenarioHash = scenarioHash
    self.seed = seed
    self.replications = replications
    self.version = version
    self.catalogHash = catalogHash
    self.complete = complete
    self.stoppedBy = stoppedBy
  }
}

/// A design in one line: its name, what it is made of, and how its figures were come by.
public struct DesignSummary: Sendable, Hashable {
  public var name: String
  /// Such as `2 × hgx-h100, 4 replicas × tensor 4, vllm`.
  public var composition: String
  /// `measured`, `fitted` or `estimated`: the weakest basis of its models.
  public var basis: String
  /// What binds it, in words, such as `queue 62 %`.
  public var binding: String
  /// The basis of each workload's figures: rows of one workload share it.
  public var workloads: [WorkloadBasis]
  public init(
    name: String, composition: String, basis: String, binding: String, workloads: [WorkloadBasis] = []
  ) {
    self.name = name
    self.composition = composition
    self.basis = basis
    self.binding = binding
    self.workloads = workloads
  }
}

/// How a workload's figures under a design were come by: `measured`, `fitted` or `estimated`.
public struct WorkloadBasis: Sendable, Hashable {
  public var workload: String
  public var basis: String
  /// The service that answers it, under whose name its series stand.
  public var service: String
  /// The model that answers it.
  public var model: String
  public init(workload: String, basis: String, service: String = "", model: String = "") {
    self.workload = workload
    self.basis = basis
    self.service = service
    self.model = model
  }
}

/// One number of the result, in tidy form.
public struct MetricRow: Sendable, Hashable {
  public var design: String
  /// Empty for metrics of the design as a whole.
  public var workload: String
  /// `nil` for the row over all replications.
  public var replication: Int?
  public var metric: String
  /// `mean`, `p50`, …, `max`, `count`; `value` for a metric that is a single number.
  public var statistic: String
  /// `nil` when unknown: an empty cell, never 0.
  public var value: Double?
  public var unit: String
  /// The 95 % interval over replications; `nil` for fewer than two.
  public var low: Double?
  public var high: Double?
  /// Size of the message of a collective that is timed; `nil` elsewhere.
  public var messageBytes: Int64?
  public init(
    design: String, workload: String, replication: Int?, metric: String, statistic: String,
    value: Double?, unit: String, low: Double? = nil, high: Double? = nil
  ) {
    self.design = design
    self.workload = workload
    self.replication = replication
    self.metric = metric
    self.statistic = statistic
    self.value = value
    self.unit = unit
    self.low = low
    self.high = high
  }
}

/// How a threshold fared on one design.
public struct ThresholdVerdict: Sendable, Hashable {
  public var threshold: Threshold
  public var design: String
  public var workload: String
  /// `nil` when the metric has no value there, which fails the threshold.
  public var value: Double?
  public var holds: Bool
  public init(threshold: Threshold, design: String, workload: String, value: Double?, holds: Bool) {
    self.threshold = threshold
    self.design = design
    self.workload = workload
    self.value = value
    self.holds = holds
  }
}

/// One sample of one time series.
public struct SeriesRow: Sendable, Hashable {
  public var design: String
  /// The service sampled; empty for a series of a pool.
  public var service: String
  public var timeSeconds: Double
  /// `queue_depth`, `running`, `kv_usage_ratio`, `gpu_busy_ratio`, `power_w`, `replicas`.
  public var metric: String
  public var value: Double
  public init(design: String, service: String, timeSeconds: Double, metric: String, value: Double) {
    self.design = design
    self.service = service
    self.timeSeconds = timeSeconds
    self.metric = metric
    self.value = value
  }
}

/// One factor of a decision and what the designs come to by it, in words, in the order of the designs.
public struct FactorRow: Sendable, Hashable {
  public var factor: String
  public var values: [String]
  public init(factor: String, values: [String]) {
    self.factor = factor
    self.values = values
  }
}

/// One charge of one design in one month.
public struct CostRow: Sendable, Hashable {
  public var design: String
  public var chargeDescription: String
  /// FOCUS 1.2: `Usage` or `Purchase`.
  public var chargeCategory: String
  /// FOCUS 1.2, such as `Compute` or `AI and Machine Learning`.
  public var serviceCategory: String
  public var serviceName: String
  public var providerName: String
  public var regionName: String
  public var billedCostMicros: Int64
  public var effectiveCostMicros: Int64
  public var listCostMicros: Int64
  public var pricingQuantity: Double
  public var pricingUnit: String
  public var currency: String
  public var source: String
  /// Month of the horizon, from 0.
  public var month = 0
  /// Day on which the price was read; empty for one of the scenario.
  public var priceDate = ""
  /// The replication whose books it is of.
  public var replication = 0
  public init(
    design: String, chargeDescription: String, chargeCategory: String, serviceCategory: String,
    serviceName: String, providerName: String, regionName: String, billedCostMicros: Int64,
    effectiveCostMicros: Int64, listCostMicros: Int64, pricingQuantity: Double, pricingUnit: String,
    currency: String, source: String
  ) {
    self.design = design
    self.chargeDescription = chargeDescription
    self.chargeCategory = chargeCategory
    self.serviceCategory = serviceCategory
    self.serviceName = serviceName
    self.providerName = providerName
    self.regionName = regionName
    self.billedCostMicros = billedCostMicros
    self.effectiveCostMicros = effectiveCostMicros
    self.listCostMicros = listCostMicros
    self.pricingQuantity = pricingQuantity
    self.pricingUnit = pricingUnit
    self.currency = currency
    self.source = source
  }
}

/// One request of the first replication; times in seconds from the start of the run, `nil` when it never
/// happened.
public struct RequestRow: Sendable, Hashable {
  public var design: String
  public var workload: String
  public var request: Int
  public var replica: Int?
  /// `completed`, `rejected`, `running` or `queued` at the end of the run.
  public var status: String
  public var promptTokens: Int
  public var outputTokens: Int
  public var arrivalSeconds: Double
  public var ttftSeconds: Double?
  public var tpotSeconds: Double?
  public var e2eSeconds: Double?
  public var networkSeconds: Double?
  public var queueSeconds: Double?
  public var prefillSeconds: Double?
  public var decodeSeconds: Double?
  public var preemptions: Int
  /// The replica that answered, where `replica` only prefilled.
  public var decodeReplica: Int?
  /// The part of `decodeSeconds` in which KV entries waited to be moved, and in which they moved.
  public var transferWaitSeconds: Double?
  public var transferSeconds: Double?
  /// Prompt tokens that were cached; `nil` where no cache is kept.
  public var cachedTokens: Int?
  /// The adapter that it asked for, numbered from 1, and the part of `queueSeconds` (of `prefillSeconds`,
  /// where loads block) in which that was loaded.
  public var adapter: Int?
  public var adapterWaitSeconds: Double?
  public init(
    design: String, workload: String, request: Int, replica: Int?, status: String, promptTokens: Int,
    outputTokens: Int, arrivalSeconds: Double, ttftSeconds: Double?, tpotSeconds: Double?,
    e2eSeconds: Double?, networkSeconds: Double?, queueSeconds: Double?, prefillSeconds: Double?,
    decodeSeconds: Double?, preemptions: Int, decodeReplica: Int? = nil, transferWaitSeconds: Double? = nil,
    transferSeconds: Double? = nil, cachedTokens: Int? = nil, adapter: Int? = nil,
    adapterWaitSeconds: Double? = nil
  ) {
    self.design = design
    self.workload = workload
    self.request = request
    self.replica = replica
    self.status = status
    self.promptTokens = promptTokens
    self.outputTokens = outputTokens
    self.arrivalSeconds = arrivalSeconds
    self.ttftSeconds = ttftSeconds
    self.tpotSeconds = tpotSeconds
    self.e2eSeconds = e2eSeconds
    self.networkSeconds = networkSeconds
    self.queueSeconds = queueSeconds
    self.prefillSeconds = prefillSeconds
    self.decodeSeconds = decodeSeconds
    self.preemptions = preemptions
    self.decodeReplica = decodeReplica
    self.transferWaitSeconds = transferWaitSeconds
    self.transferSeconds = transferSeconds
    self.cachedTokens = cachedTokens
    self.adapter = adapter
    self.adapterWaitSeconds = adapterWaitSeconds
  }
}

/// One slice of the timeline, for trace viewers.
public struct TimelineSlice: Sendable, Hashable {
  public var design: String
  public var service: String
  public var replica: Int
  /// `prefill`, `decode` or `idle`.
  public var name: String
  public var startTicks: Int64
  public var durationTicks: Int64
  public var batch: Int
  public init(
    design: String, service: String, replica: Int, name: String, startTicks: Int64, durationTicks: Int64,
    batch: Int
  ) {
    self.design = design
    self.service = service
    self.replica = replica
    self.name = name
    self.startTicks = startTicks
    self.durationTicks = durationTicks
    self.batch = batch
  }
}
