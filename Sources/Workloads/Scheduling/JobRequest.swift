import Kernel

/// What a job asks of a cluster.
public struct JobRequest: Sendable, Hashable {
  /// Accelerators, all at once (a gang), 1 or more.
  public var accelerators: Int
  /// How many of them must share a node, such as the tensor-parallel ranks; 0 for any. The count is rounded
  /// up to a multiple of it.
  public var perNode: Int
  /// Thousandths of each accelerator, 1...1000: less than 1000 shares it with other jobs.
  public var milli: Int

  /// Values out of range are taken as the nearest in range.
  public init(accelerators: Int, perNode: Int = 0, milli: Int = 1000) {
    let together = min(max(perNode, 0), 1 << 16)
    let count = min(max(accelerators, 1), 1 << 24)
    self.perNode = together
    self.accelerators = together > 1 ? (count + together - 1) / together * together : count
    self.milli = min(max(milli, 1), 1000)
  }

  /// The same with shares rounded up to what a partitioned accelerator offers: 1, 2, 3, 4 or 7 sevenths
  /// (NVIDIA, "Multi-Instance GPU User Guide", profiles of 1g to 7g).
  public var partitioned: JobRequest {
    let sevenths = (milli * 7 + 999) / 1000
    let offered = [1, 2, 3, 4, 7].first { $0 >= sevenths } ?? 7
    return JobRequest(accelerators: accelerators, perNode: perNode, milli: (offered * 1000) / 7)
  }

  /// Thousandths of accelerators in all.
  public var totalMilli: Int64 { Int64(accelerators) * Int64(milli) }
}

/// A job of a trace: what it asks for, when, and how long it runs once it has it.
public struct Job: Sendable, Hashable {
  public var arrival: Ticks
  public var request: JobRequest
  /// Run time without interruption, at least a tick.
  public var duration: Ticks
  /// What its user said that it takes; backfilling trusts it. The duration where nobody said anything.
  public var estimate: Ticks
  /// Index of its user, queue or virtual cluster.
  public var user: Int
  /// Higher goes first, under policies that look at it.
  public var priority: Int
  /// By when it should be done; `.never` without.
  public var deadline: Ticks
  /// Share of the time that its accelerators compute while it holds them, as monitors log it; `nil` where
  /// nobody logged it.
  public var busyShare: Double?

  public init(
    arrival: Ticks, request: JobRequest, duration: Ticks, estimate: Ticks? = nil, user: Int = 0,
    priority: Int = 0, deadline: Ticks = .never, busyShare: Double? = nil
  ) {
    self.arrival = arrival
    self.request = request
    self.duration = max(duration, Ticks(1))
    self.estimate = max(estimate ?? duration, Ticks(1))
    self.user = max(user, 0)
    self.priority = priority
    self.deadline = deadline
    self.busyShare = busyShare
  }
}
