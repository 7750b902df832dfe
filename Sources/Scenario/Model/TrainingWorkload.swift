import Catalog
import Infrastructure
import Kernel
import Quantities
import Workloads

/// A model to train.
public struct TrainingWorkload: Sendable {
  /// What ends the training.
  public enum Length: Sendable, Hashable {
    case steps(Double)
    case tokens(Double)
    /// Of useful work, as if nothing ever failed.
    case time(Seconds)
  }

  public var name: String
  public var model: ModelShape
  /// Tokens of a sequence.
  public var sequence: Int
  /// Sequences of a step.
  public var globalBatch: Int
  public var length: Length
  public var precision: TrainingPrecision
  public var trained: TrainedWeights
  /// From the start of the run; `nil` without one.
  public var deadline: Seconds?
  /// What a step reads; `nil` where data is at hand.
  public var data: TrainingData?
  /// Where it may run and its data may lie; `nil` for anywhere.
  public var residency: Residency?
  /// When its jobs are submitted and how they rank, unless they say so themselves; `nil` where nothing does.
  public var start: JobStart?
  public var priority: Int?

  public init(
    name: String, model: ModelShape, sequence: Int, globalBatch: Int, length: Length,
    precision: TrainingPrecision, trained: TrainedWeights
  ) {
    self.name = name
    self.model = model
    self.sequence = sequence
    self.globalBatch = globalBatch
    self.length = length
    self.precision = precision
    self.trained = trained
  }

  /// Steps until it is done, at a step time.
  public func steps(stepTime: Seconds) -> Double {
    switch length {
    case .steps(let steps): return max(1, steps.rounded(.up))
    case .tokens(let tokens):
      return max(1, (tokens / (Double(sequence) * Double(globalBatch))).rounded(.up))
    case .time(let span): return max(1, (span / stepTime).rounded(.up))
    }
  }
}

/// When a job is submitted.
public enum JobStart: Sendable, Hashable {
  /// From the start of the run.
  case after(Ticks)
  /// Hours after midnight, 0..<24, by the clock of its site: of the first day, or of the second where the run
  /// starts later in the day.
  case clock(Double)

  /// From the start of a run that starts so many hours after midnight.
  public func time(startHour: Double) -> Ticks {
    switch self {
    case .after(let time): return time
    case .clock(let hour):
      let wait = hour - startHour
      return Ticks(seconds: (wait < 0 ? wait + 24 : wait) * 3600)
    }
  }
}

/// Names of priorities, beside numbers.
public enum JobPriority {
  static let named = [("low", -100), ("normal", 0), ("high", 100)]
  public static var names: [String] { named.map(\.0) }
  /// The number behind a name; `nil` for other words.
  public static func value(of name: String) -> Int? { named.first { $0.0 == name }?.1 }
}

/// Samples that every step reads from a store.
public struct TrainingData: Sendable, Hashable {
  public var bytesPerSample: Bytes
  /// Samples of a step, over all accelerators.
  public var samplesPerStep: Double
  /// Of all samples; `nil` where not said.
  public var dataset: Bytes?
  /// In which order they are read: what a cache before the store can make of it.
  public var order = ReadOrder.epochs
  /// Samples that one opened file gives; `nil` where files are so large that opening them takes no time.
  public var samplesPerFile: Double?
  /// The store's name in each design; `nil` leaves it to the job.
  public var storage: String?
  /// Processes that read for an accelerator, and batches that they read ahead.
  public var workers: Int
  public var prefetch: Int

  public init(bytesPerSample: Bytes, samplesPerStep: Double, workers: Int, prefetch: Int) {
    self.bytesPerSample = bytesPerSample
    self.samplesPerStep = samplesPerStep
    self.workers = workers
    self.prefetch = prefetch
  }
}

/// Jobs that somebody recorded: when each came, what it asked for and how long it ran.
public struct JobTraceWorkload: Sendable {
  public var name: String
  public var trace: JobTrace
  /// What a preempted job does again, its restart included.
  public var preemptionCost: Seconds

  public init(name: String, trace: JobTrace, preemptionCost: Seconds = .zero) {
    self.name = name
    self.trace = trace
    self.preemptionCost = preemptionCost
  }
}

/// Collectives to time, as nccl-tests do.
public struct CollectiveWorkload: Sendable, Hashable {
  public var name: String
  public var operation: CollectiveOperation
  /// Message sizes, ascending.
  public var sizes: [Bytes]
  public var algorithm: CollectiveAlgorithm

  public init(name: String, operation: CollectiveOperation, sizes: [Bytes], algorithm: CollectiveAlgorithm) {
    self.name = name
    self.operation = operation
    self.sizes = sizes
    self.algorithm = algorithm
  }
}
