import Catalog
import Economics
import Kernel
import Quantities
import Statistics
import Workloads

/// A resolved scenario: every name looked up, every unit converted, every default filled in.
///
/// It is a value, shared unchanged by all runs. Indices such as `workloadIndex` refer to the arrays
/// of the same scenario or design, which keep the order of the file.
public struct Scenario: Sendable {
  public var name: String
  public var description: String
  public var seed: UInt64
  /// How long traffic is offered; `nil` when a trace or a number of requests ends it.
  public var duration: Ticks?
  public var warmup: Warmup
  public var replications: Int
  /// How many more to add after those; `nil` where their number is fixed.
  public var until: StoppingRule?
  public var economics: EconomicsSettings
  public var workloads: [InferenceWorkload]
  public var trainings: [TrainingWorkload] = []
  public var collectives: [CollectiveWorkload] = []
  public var jobTraces: [JobTraceWorkload] = []
  public var designs: [Design]
  public var thresholds: [Threshold]
  /// The run's identity (SHA-256, hex): what was written, overrides included, the content of every file it
  /// names, and the catalogue that gives its names their meaning.
  ///
  /// Under one version of the program equal hashes mean equal results. Comments and layout do not count; two
  /// ways to write one value (`60s`, `1m`) do.
  public var contentHash: String
  /// Every default that was filled in, for `plan`.
  public var defaults: [AppliedDefault]
  /// What the user should know without being stopped by it.
  public var notes: [String]
  /// The catalogue that its names were looked up in, overlays included.
  public var catalog: Catalog
  /// What `optimize` varies; `nil` where the scenario does not say.
  public var optimize: OptimizeSettings?
  /// What `sensitivity` moves.
  public var sensitivity = SensitivitySettings()

  public init(
    name: String, description: String, seed: UInt64, duration: Ticks?, warmup: Warmup, replications: Int,
    economics: EconomicsSettings, workloads: [InferenceWorkload], designs: [Design],
    thresholds: [Threshold], contentHash: String, defaults: [AppliedDefault], notes: [String],
    catalog: Catalog = .builtIn
  ) {
    self.name = name
    self.description = description
    self.seed = seed
    self.duration = duration
    self.warmup = warmup
    self.replications = replications
    self.economics = economics
    self.workloads = workloads
    self.designs = designs
    self.thresholds = thresholds
    self.contentHash = contentHash
    self.defaults = defaults
    self.notes = notes
    self.catalog = catalog
  }

  /// Whether two replications can differ: a trace behind routers that draw nothing repeats itself.
  public var isStochastic: Bool {
    workloads.contains { $0.isStochastic }
      || designs.contains { design in
        design.services.contains { $0.isStochastic } || design.breaksByChance
          || design.trainingJobs.contains { design.pools[$0.deployment.poolIndex].interrupts }
      }
  }
}

/// What part of the start of a run the statistics leave out.
public enum Warmup: Sendable, Hashable {
  case fixed(Ticks)
  /// MSER-5 on the series of end-to-end latencies.
  case automatic
}

/// A value the file left out and the default that stands for it.
public struct AppliedDefault: Sendable, Hashable {
  public var path: String
  public var value: String
  public init(path: String, value: String) {
    self.path = path
    self.value = value
  }
}

/// Settings that turn usage into money.
public struct EconomicsSettings: Sendable, Hashable {
  public var horizon: Seconds
  public var discountRate: Double
  public var currency: String
  /// What other currencies are worth in it.
  public var exchange = Exchange.dollars
  public var exchangeDate = ""
  public var exchangeSource = ""
  /// The dated price preset, such as `list-2026-07`.
  public var priceList: String
  /// How demand changes over the horizon.
  public var demand = Demand.steady
  /// Levels of demand that are simulated when it changes, at least 1.
  public var demandWindows = 3
  /// Whether the level of each month is simulated instead.
  public var simulatesEveryMonth = false
  /// Other ways in which demand may go; designs are held against the best one in each.
  public var growthPaths: [GrowthPath] = []
  /// What demand that is not met is worth; `nil` for nothing.
  public var unmet: UnmetPrice?
  /// Design that break-evens are against; `nil` for the first that buys nothing.
  public var against: String?
  public init(horizon: Seconds, discountRate: Double, currency: String, priceList: String) {
    self.horizon = horizon
    self.discountRate = discountRate
    self.currency = currency
    self.priceList = priceList
  }
}

/// A way in which demand may go.
public struct GrowthPath: Sendable, Hashable {
  public var name: String
  public var demand: Demand
}

/// What a request that is not answered well is worth.
public enum UnmetPrice: Sendable, Hashable {
  case request(Money)
  /// By its output tokens, a million of them.
  case millionTokens(Money)
}

/// Requests to one model.
public struct InferenceWorkload: Sendable {
  public var name: String
  public var model: ModelShape
  public var traffic: Traffic
  /// Stop after this many requests; `nil` when duration or trace decides.
  public var requests: Int?
  public var objectives: ServiceObjectives
  /// Users who send a trace's rows in their order, each as soon as it has its answer; `nil` where the rows'
  /// own times decide.
  public var traceUsers: Int?
  /// Kinds of requests that matter differently; empty when all are alike.
  public var classes: [RequestClass] = []
  /// Beginnings that prompts have in common; `nil` for none.
  public var prefix: SharedPrefix?
  /// Conversations that the arrivals begin; `nil` when every request stands alone.
  public var conversations: Conversations?
  /// Adapters of the model that requests ask for; `nil` for none.
  public var adapters: AdapterTraffic?
  /// Where it may be answered; `nil` for anywhere.
  public var residency: Residency?
  /// Share of the hours in which its requests come as simulated, 0...1; none come in the others.
  public var dailyUse = 1.0
  public init(
    name: String, model: ModelShape, traffic: Traffic, requests: Int?, objectives: ServiceObjectives,
    prefix: SharedPrefix? = nil, conversations: Conversations? = nil
  ) {
    self.name = name
    self.model = model
    self.traffic = traffic
    self.requests = requests
    self.objectives = objectives
    self.prefix = prefix
    self.conversations = conversations
  }
  var isStochastic: Bool {
    if classes.count > 1 || adapters?.isStochastic == true { return true }
    if prefix?.popularity != nil || conversations?.isStochastic == true { return true }
    return switch traffic {
    case .trace: false
    case .generated(let arrivals, let prompt, let output):
      arrivals.isStochastic || prompt.isStochastic || output.isStochastic
    }
  }
  /// The prefix blocks recorded in its trace.
  public var chains: BlockChains? {
    if case .trace(let trace) = traffic { trace.chains } else { nil }
  }
  /// Whether two requests can begin alike.
  public var sharesPrefixes: Bool { prefix != nil || conversations != nil || chains != nil }
}

/// Where requests come from.
public enum Traffic: Sendable {
  case trace(Trace)
  case generated(ArrivalProcess, promptTokens: Distribution, outputTokens: Distribution)
}

/// The limits a request must meet to count as good; `nil` means no limit.
public struct ServiceObjectives: Sendable, Hashable {
  public var ttft: Ticks?
  public var tpot: Ticks?
  public var itl: Ticks?
  public var e2e: Ticks?
  public init(ttft: Ticks? = nil, tpot: Ticks? = nil, itl: Ticks? = nil, e2e: Ticks? = nil) {
    self.ttft = ttft
    self.tpot = tpot
    self.itl = itl
    self.e2e = e2e
  }
}
