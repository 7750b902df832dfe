import Infrastructure
import Kernel
import Quantities
import Workloads

/// A piece of work with an end, on a pool of a design.
public struct JobDeployment: Sendable {
  public enum Work: Sendable {
    /// Index in the scenario's `trainings`.
    case training(Int, TrainingJob)
    /// Index in the scenario's `collectives`.
    case collective(Int)
    /// Index in the scenario's `jobTraces`.
    case trace(Int)

    /// Whether both are about the same workload.
    public func isAlike(_ other: Work) -> Bool {
      switch (self, other) {
      case (.training(let own, _), .training(let its, _)): own == its
      case (.collective(let own), .collective(let its)), (.trace(let own), .trace(let its)): own == its
      default: false
      }
    }
  }

  public var name: String
  public var poolIndex: Int
  public var accelerators: Int
  public var work: Work
  /// How often it is run over the horizon; `nil` for once. Only its cost knows.
  public var runs: JobRuns?

  public init(name: String, poolIndex: Int, accelerators: Int, work: Work) {
    self.name = name
    self.poolIndex = poolIndex
    self.accelerators = accelerators
    self.work = work
  }
}

extension Design {
  /// Accelerators of a pool that services hold all the time.
  public func acceleratorsHeldByServices(onPool index: Int) -> Int {
    services.flatMap(\.deployments).filter { $0.poolIndex == index }
      .reduce(0) { $0 + $1.replicas * $1.acceleratorsPerReplica }
  }

  /// Whether recorded jobs run on a pool.
  public func playsRecordedJobs(onPool index: Int) -> Bool {
    jobs.contains { job in
      if case .trace = job.work { job.poolIndex == index } else { false }
    }
  }

  /// Its training jobs in order, each with the index of its workload among the scenario's `trainings`.
  public var trainingJobs: [(deployment: JobDeployment, workload: Int, training: TrainingJob)] {
    jobs.compactMap { job in
      if case .training(let workload, let training) = job.work { (job, workload, training) } else { nil }
    }
  }
}

/// How a model is trained.
public struct TrainingJob: Sendable {
  public var run: TrainingRun
  public var framework: String
  public var step: TrainingStep
  public var memory: TrainingMemory
  public var checkpoints: CheckpointSettings
  /// Where samples lie, an index in the design's `storage`; `nil` where data is at hand.
  public var dataStorage: Int?
  /// From a failure to the first new step, beside reading the checkpoint: detect, allocate, start, re-shard.
  public var restart: Seconds
  /// From the start of the run.
  public var start: Ticks
  /// Higher goes first.
  public var priority: Int
  /// Index of whoever submits it, in the order in which the design's jobs name them.
  public var user = 0
  /// What is moved to its site before it starts; `nil` for nothing.
  public var stageIn: StageIn?
  /// Whether services that need its accelerators may take them.
  public var isPreemptible = false

  public init(
    run: TrainingRun, framework: String, step: TrainingStep, memory: TrainingMemory,
    checkpoints: CheckpointSettings, dataStorage: Int?, restart: Seconds, start: Ticks, priority: Int
  ) {
    self.run = run
    self.framework = framework
    self.step = step
    self.memory = memory
    self.checkpoints = checkpoints
    self.dataStorage = dataStorage
    self.restart = restart
    self.start = start
    self.priority = priority
  }

  /// Bytes of a checkpoint: weights, and the optimizer's state of what is trained.
  public var checkpointBytes: Bytes {
    let weights = run.model.parameters * 2
    // Master weights and both moments in 32 bits (Adam).
    let trained: Double
    switch run.trained {
    case .all: trained = run.model.parameters
    default: trained = 0
    }
    return Bytes(weights + 12 * trained)
  }
}

/// Data that a job needs at its own site before it starts.
public struct StageIn: Sendable, Hashable {
  public var bytes: Bytes
  /// Index in the design's `links`.
  public var link: Int

  public init(bytes: Bytes, link: Int) {
    self.bytes = bytes
    self.link = link
  }
}

/// When a job saves its state, and where.
public struct CheckpointSettings: Sendable, Hashable {
  public enum Interval: Sendable, Hashable {
    case never
    case fixed(Seconds)
    /// √(2CM).
    case young
    /// Daly's higher order.
    case daly
    /// The exact optimum for exponential failures.
    case optimal
  }

  public var interval: Interval
  /// Where it is safe, an index in the design's `storage`; `nil` takes no time.
  public var storage: Int?
  /// The node's own disk, written first.
  public var local: Int?
  /// Each k-th local checkpoint goes on to `storage`.
  public var remoteEvery: Int
  /// Parts that each accelerator's process sends or fetches at once.
  public var streams = 8
  /// Newest checkpoints that stay on `storage`; older ones are deleted.
  public var kept = 1
  /// Whether work goes on while it is written.
  public var isAsynchronous: Bool
  /// Whether a notice of preemption calls for one.
  public var onNotice: Bool

  public init(
    interval: Interval, storage: Int? = nil, local: Int? = nil, remoteEvery: Int = 1,
    isAsynchronous: Bool = false, onNotice: Bool = false
  ) {
    self.interval = interval
    self.storage = storage
    self.local = local
    self.remoteEvery = remoteEvery
    self.isAsynchronous = isAsynchronous
    self.onNotice = onNotice
  }
}

/// Which jobs of a design run when not all of them can.
public struct SchedulerSettings: Sendable, Hashable {
  public enum Policy: String, Sendable, Hashable, CaseIterable {
    case fifo
    /// EASY.
    case backfill
    /// Higher priorities take the place of lower ones.
    case priority
    /// Each user by weight; a job's user is its `user`.
    case fairShare = "fair-share"
    /// The earliest first.
    case deadline
  }
  public var policy = Policy.fifo
  public var placement = PlacementRule.packed
  /// Accelerators that a user may hold, and what its share weighs, by name; a user that is not named has no
  /// limit, and weighs 1.
  public var quotas: [Named<Int>] = []
  public var weights: [Named<Double>] = []
  /// Whether accelerators that nobody within its quota wants go to users beyond theirs.
  public var lends = false
  /// Of the design's training jobs, in the order in which their `user` counts.
  public var users: [String] = []

  /// What a scenario says of one user.
  public struct Named<Value: Sendable & Hashable>: Sendable, Hashable {
    public var user: String
    public var value: Value
  }

  public init() {}

  /// Shares among users that are numbered as `users` names them.
  public func fairShare(users: [String]) -> FairShare {
    FairShare(
      weights: users.map { user in weights.first { $0.user == user }?.value ?? 1 },
      quotas: users.map { user in quotas.first { $0.user == user }?.value ?? .max }, lends: lends,
      placement: placement)
  }

  /// - Parameter users: names of the users, by the numbers that jobs have them under.
  public func scheduler(users: [String]) -> any JobScheduler {
    switch policy {
    case .fifo: FirstInFirstOut(placement: placement)
    case .backfill: EasyBackfill(placement: placement)
    case .priority: PriorityPreemption(placement: placement)
    case .fairShare: fairShare(users: users)
    case .deadline: EarliestDeadline(placement: placement)
    }
  }
}

/// What fails in a pool.
public struct FailureSettings: Sendable, Hashable {
  /// Parts by kind; `count` is of the whole pool.
  public var classes: [ComponentClass]
  /// Repairs that can go on at once.
  public var crews: Int
  /// Nodes that no job and no replica counts on.
  public var spares: Int
  /// Whether the scenario says what fails; else it is the catalogue's word.
  public var isWritten = false

  public init(classes: [ComponentClass], crews: Int, spares: Int = 0) {
    self.classes = classes
    self.crews = crews
    self.spares = spares
  }
}

/// The spot market of a pool.
public struct MarketSettings: Sendable, Hashable {
  public enum Source: Sendable, Hashable {
    /// Replayed, one a zone.
    case traces([SpotTrace])
    /// One law a zone, under a common one.
    case laws([CapacityLaw], region: CapacityLaw)
  }
  public enum Fallback: String, Sendable, Hashable, CaseIterable {
    case wait, switchZone = "switch-zone", onDemand = "on-demand", deadlineAware = "deadline-aware"
  }

  /// How the price of a node-hour wanders in each zone; see `PriceSeries.meanReverting`.
  public struct PriceLaw: Sendable, Hashable {
    public var mean: Double
    public var deviation: Double
    public var memory: Seconds
    public var step: Seconds
  }

  public var source: Source
  public var notice: Seconds
  public var fallback: Fallback
  /// A node-hour on demand, in the scenario's currency.
  public var onDemandPrice: Double
  /// `nil` where the pool's price holds all the time.
  public var price: PriceLaw?
  /// Where in the traces a replication starts: it moves on by so much with each.
  public var stride: Seconds

  public init(
    source: Source, notice: Seconds, fallback: Fallback, onDemandPrice: Double, price: PriceLaw? = nil,
    stride: Seconds
  ) {
    self.source = source
    self.notice = notice
    self.fallback = fallback
    self.onDemandPrice = onDemandPrice
    self.price = price
    self.stride = stride
  }
}

/// How often a job is run.
public struct JobRuns: Sendable, Hashable {
  public var every: Seconds
  /// Of the runs, that are made a second time, 0...1.
  public var repeated: Double
}
