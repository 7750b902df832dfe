import Catalog
import Economics
import Infrastructure
import Kernel
import Quantities
import Workloads

/// One way to serve the workloads: what is bought, rented or called.
public struct Design: Sendable {
  public var name: String
  public var sites: [Site]
  /// Lines between them.
  public var links: [SiteLink] = []
  public var pools: [Pool]
  public var services: [Service]
  public var staff: Staff?
  public var storage: [StorageTier] = []
  /// Before some of them, in their order.
  public var caches: [StorageCache] = []
  public var jobs: [JobDeployment] = []
  public var scheduler = SchedulerSettings()
  public var storageUse: [StorageUse] = []
  public var otherCosts: [OtherCost] = []
  /// How its models get worse; `nil` where they stay as they are.
  public var drift: Drift?
  /// What is known to be out, and when.
  public var outages: [PlannedOutage] = []
  /// When workloads send more than usual, or less.
  public var surges: [DemandSurge] = []
  public init(name: String, sites: [Site], pools: [Pool], services: [Service], staff: Staff?) {
    self.name = name
    self.sites = sites
    self.pools = pools
    self.services = services
    self.staff = staff
  }
}

/// Where machines stand.
public struct Site: Sendable, Hashable {
  public enum Kind: String, Sendable, CaseIterable { case onPrem = "on-prem", colocation, cloud, edge }
  public var name: String
  public var kind: Kind
  public var provider: String?
  public var region: String?
  /// Price of a kilowatt-hour; zero where the rent includes electricity.
  public var electricityPerKilowattHour: Money
  /// Power usage effectiveness: energy drawn by the site over energy drawn by its machines, at least 1.
  public var powerUsageEffectiveness: Double
  /// From order to first service.
  public var leadTime: Seconds
  /// Network round trip between the clients and the site.
  public var roundTrip: Seconds
  public var charges = SiteCharges()
  /// Room and power for machines.
  public var facility = Facility()
  /// Emissions of its electricity by the hour [g/kWh]; `nil` where nobody says.
  public var carbon: HourlyProfile?
  /// Price of a kilowatt-hour by the hour, of which `electricityPerKilowattHour` is the mean; `nil` where it
  /// is the same all day.
  public var electricityByHour: HourlyProfile?
  /// Hours after midnight at which the run starts, 0..<24.
  public var startHour = 0.0
  public init(
    name: String, kind: Kind, provider: String?, region: String?, electricityPerKilowattHour: Money,
    powerUsageEffectiveness: Double, leadTime: Seconds, roundTrip: Seconds
  ) {
    self.name = name
    self.kind = kind
    self.provider = provider
    self.region = region
    self.electricityPerKilowattHour = electricityPerKilowattHour
    self.powerUsageEffectiveness = powerUsageEffectiveness
    self.leadTime = leadTime
    self.roundTrip = roundTrip
  }
}

/// Equal nodes at one site, paid for in one way.
public struct Pool: Sendable {
  public var name: String
  public var siteIndex: Int
  public var node: Node
  public var accelerator: Accelerator
  public var nodeCount: Int
  /// Nodes that are held at least, of a pool that takes more only while replicas stand on them, up to
  /// `nodeCount`; `nil` where all are there all the time.
  public var leastNodes: Int?
  public var payment: Payment
  /// The network between its nodes, as the scenario names it; `nil` where it names none.
  public var fabric: String?
  /// The same with how it is built; `nil` where the catalogue does not know it.
  public var network: FabricSettings?
  /// How its accelerators are cut; `nil` for whole ones. `accelerator` is one instance then, and the node
  /// holds so many of them.
  public var partition: Partition?
  /// What fails in it while jobs run; `nil` for nothing.
  public var failures: FailureSettings?
  /// Where its spot capacity comes and goes; `nil` where it stays.
  public var market: MarketSettings?
  /// Of bought nodes.
  public var ownership = Ownership()
  /// Of rented nodes: shares that add up to 1.
  public var rent: [RentPart] = []
  public var provisioning: Provisioning?
  /// Share of the hours in which its nodes are switched on, 0...1.
  public var dailyUse = 1.0
  /// A limit on what its accelerators draw; `nil` for none.
  public var powerCap: PowerCap?
  /// Batches in order of time, which hold all of its nodes; empty where they come together.
  public var deliveries: [Delivery] = []
  /// From delivery to the first day of use.
  public var acceptance = Seconds.zero
  public init(
    name: String, siteIndex: Int, node: Node, accelerator: Accelerator, nodeCount: Int, payment: Payment
  ) {
    self.name = name
    self.siteIndex = siteIndex
    self.node = node
    self.accelerator = accelerator
    self.nodeCount = nodeCount
    self.payment = payment
  }
  /// Whether its nodes come and go.
  public var isElastic: Bool { leastNodes != nil }
  /// Instances where they are cut.
  public var accelerators: Int { nodeCount * node.accelerators }
  /// Whole ones, as they are bought and counted.
  public var devices: Int { nodeCount * devicesPerNode }
  public var devicesPerNode: Int { node.accelerators / (partition?.instances ?? 1) }
  /// What part of a whole one each of `accelerators` is, by multiprocessors: instances are not cut so that
  /// nothing is left over.
  public var deviceShare: Double { partition?.computeShare ?? 1 }
  /// What part of its accelerators all instances are together, 0...1.
  public var usedShare: Double { min(1, deviceShare * Double(partition?.instances ?? 1)) }
}

/// How a pool is paid.
public enum Payment: Sendable, Hashable {
  /// Bought: `price` a node, written off over `life` down to `residual` (0...1) of the price.
  case purchase(price: Money, life: Seconds, residual: Double)
  /// Leased: paid by the month for a term, after which it goes back and the next one comes.
  case lease(LeasedNodes)
  /// Rented by the node-hour. `region` is the one the price holds for; empty when that is not known.
  case rent(pricePerNodeHour: Money, term: PriceTerm, source: String, date: String, region: String)
}

/// People who run the design.
public struct Staff: Sendable, Hashable {
  public var fullTimeEquivalents: Double
  public var salaryPerYear: Money
  /// Tools for each of them.
  public var softwarePerYear = Money.zero
  /// Where people go by what they look after: then they come with its nodes.
  public var staffing: Staffing?
  public init(fullTimeEquivalents: Double, salaryPerYear: Money) {
    self.fullTimeEquivalents = fullTimeEquivalents
    self.salaryPerYear = salaryPerYear
  }
}

/// One workload answered by one pool or one managed endpoint.
public struct Service: Sendable {
  public enum Placement: Sendable {
    case pool(Deployment)
    case disaggregated(Disaggregation)
    case endpoint(EndpointPreset)
  }
  public var name: String
  public var workloadIndex: Int
  public var placement: Placement
  /// Served instead of the workload's model; `nil` where that is served.
  public var model: ModelShape?
  /// Paid once, before it runs.
  public var oneOffCosts: [OneOffCost] = []
  /// Who is let in; `nil` for everybody.
  public var admission: AdmissionSettings?
  /// Of an endpoint; `nil` for the catalogue's price of tokens.
  public var endpointTerms: EndpointTerms?
  /// Where its replicas read their weights before they answer; `nil` where they are in place.
  public var coldStart: ColdStart?
  /// Index of the service that hands it requests, its own for the first of them; `nil` where it has its own.
  public var front: Int?
  /// Where requests go, of the first member alone.
  public var fronting: FrontSettings?
  /// What happens to requests of a replica that falls.
  public var care = ReplicaCare()
  /// From the accelerators of a replica being there to its first request, where no weights are read.
  public var restart = Ticks.zero
  /// `nil` where the number of replicas stays.
  public var autoscale: AutoscaleSettings?
  /// Share of the hours in which its workload's requests come, 0...1.
  public var dailyUse = 1.0
  public init(name: String, workloadIndex: Int, placement: Placement) {
    self.name = name
    self.workloadIndex = workloadIndex
    self.placement = placement
  }
  /// Whether a router watches what becomes of its requests: there are replicas, prompts and answers together.
  var canBreak: Bool {
    if case .pool = placement { true } else { false }
  }
  /// Replicas that there can be at once, of a service on one pool.
  public var mostReplicas: Int {
    max(deployments.first?.replicas ?? 0, autoscale?.maximum ?? 0)
  }
  var isStochastic: Bool {
    deployments.contains { $0.router.kind == .powerOfTwo } || fronting?.policy == .share
      || care.retry?.jitter == .full
  }
}

/// How a service comes up.
public struct ColdStart: Sendable, Hashable {
  /// Where the weights lie, an index in the design's `storage`.
  public var storage: Int
  /// When its replicas begin to read, from the start of the run; requests sent before wait too.
  public var start: Ticks
  /// From the last weight in place to the first request taken.
  public var engineStart: Seconds
  /// Whether replicas that are there at the start have their weights in place.
  public var startsUp = false

  public init(storage: Int, start: Ticks, engineStart: Seconds) {
    self.storage = storage
    self.start = start
    self.engineStart = engineStart
  }
}

/// Replicas of a model on a pool.
public struct Deployment: Sendable {
  public var poolIndex: Int
  public var engine: EnginePreset
  public var replicas: Int
  public var layout: ParallelLayout
  public var weights: Precision
  public var activations: Precision
  public var keyValue: Precision
  public var batching: Batching
  /// `nil` when every step gives one token.
  public var speculation: Speculation?
  /// Of continuous batches.
  public var order = QueueOrder.arrival
  public var prompts = PromptScheduling.chunked
  /// Of continuous batches: steps without prompts from one look at new requests to the next.
  public var receiveInterval = 1
  public var router: RouterSettings
  public var maximumSequences: Int
  public var maximumBatchedTokens: Int
  public var memory: MemoryPlan
  /// The user's own measurements; `nil` where step costs come from the catalogue's kernels.
  public var measuredTimes: MeasuredTimes?
  /// How KV blocks are kept for later requests; `nil` when they are not.
  public var cache: CacheSettings?
  /// Adapters served beside the model; `nil` where none are.
  public var adapters: AdapterDeployment?
  public init(
    poolIndex: Int, engine: EnginePreset, replicas: Int, layout: ParallelLayout,
    weights: Precision, activations: Precision, keyValue: Precision, batching: Batching,
    router: RouterSettings, maximumSequences: Int, maximumBatchedTokens: Int, memory: MemoryPlan,
    measuredTimes: MeasuredTimes? = nil, cache: CacheSettings? = nil
  ) {
    self.poolIndex = poolIndex
    self.engine = engine
    self.replicas = replicas
    self.layout = layout
    self.weights = weights
    self.activations = activations
    self.keyValue = keyValue
    self.batching = batching
    self.router = router
    self.maximumSequences = maximumSequences
    self.maximumBatchedTokens = maximumBatchedTokens
    self.memory = memory
    self.measuredTimes = measuredTimes
    self.cache = cache
  }
  public var acceleratorsPerReplica: Int { layout.accelerators }
}

/// A user's kernel table, and how well it fits its deployment.
public struct MeasuredTimes: Sendable {
  public var table: KernelTable
  public var basis: Basis
  public init(table: KernelTable, basis: Basis) {
    self.table = table
    self.basis = basis
  }
}
