import Kernel

/// What became of one job of a trace.
public struct JobOutcome: Sendable, Hashable {
  /// First start; `.never` when it never ran.
  public var start = Ticks.never
  /// `.never` when it never ended.
  public var end = Ticks.never
  /// Time spent waiting, preempted time included.
  public var wait = Ticks.zero
  public var preemptions = 0
}

/// A job trace played on a cluster under a scheduler.
public struct JobTraceRun: Sendable {
  private let jobs: [Job]
  /// What each preemption adds to what is left: work that it undoes, and the restart.
  private let preemptionCost: Ticks
  /// The cluster as it stands.
  public private(set) var cluster: ClusterState
  /// Of each job, in the order of the trace.
  public private(set) var outcomes: [JobOutcome]
  private var left: [Ticks]
  private var waitingSince: [Ticks]
  /// Jobs that wait, by number: their order of arrival.
  private var waiting: [Int] = []
  /// In order of start, and when each ends.
  private var running: [RunningJob] = []
  private var ends: [Ticks] = []
  private let arrivals: [Int]
  /// Jobs that the cluster could not hold when it was given: they never wait.
  public private(set) var refused = 0
  /// Jobs that still wait when nothing happens any more: none ever ends that they wait for.
  public var neverStarted: Int { nextEvent == nil ? waiting.count : 0 }
  private let whole: ClusterState
  private var nextArrival = 0
  /// The time it has been played to.
  public private(set) var now = Ticks.zero
  private var usedTicks: Int128 = 0
  /// Millionths of thousandths of accelerators that compute, and their time.
  private var busyNow: Int64 = 0
  private var busyTicks: Int128 = 0
  private let knowsBusyShares: Bool
  private var freeTicks: Int128 = 0
  private var strandedTicks: Int128 = 0
  /// Size of the jobs by which stranded accelerators are counted.
  private let strandedSize: Int

  /// - Parameters:
  ///   - cluster: without jobs; what it cannot hold now is refused.
  ///   - preemptionCost: work that a preemption undoes, and the time of the restart.
  ///   - strandedSize: accelerators on one node that the jobs need whose chances `fragmentation` measures.
  public init(_ jobs: [Job], on cluster: ClusterState, preemptionCost: Ticks = .zero, strandedSize: Int = 8) {
    self.jobs = jobs
    self.cluster = cluster
    whole = cluster
    self.preemptionCost = max(preemptionCost, .zero)
    self.strandedSize = strandedSize
    outcomes = [JobOutcome](repeating: JobOutcome(), count: jobs.count)
    knowsBusyShares = !jobs.isEmpty && jobs.allSatisfy { $0.busyShare != nil }
    left = jobs.map(\.duration)
    waitingSince = jobs.map(\.arrival)
    arrivals = jobs.indices.sorted { (jobs[$0].arrival, $0) < (jobs[$1].arrival, $1) }
  }

  /// The next arrival or end; `nil` when nothing more will happen.
  public var nextEvent: Ticks? {
    let arrival = nextArrival < arrivals.count ? jobs[arrivals[nextArrival]].arrival : .never
    let next = ends.reduce(arrival) { min($0, $1) }
    return next == .never ? nil : next
  }

  /// Jobs that run, and what they hold.
  public var allocations: [(id: Int, allocation: Allocation)] { running.map { ($0.id, $0.allocation) } }
  /// Jobs that wait.
  public var waitingCount: Int { waiting.count }
  /// Used ÷ all accelerator time so far; 0 at time 0.
  public var utilization: Double {
    let all = Int128(now.count) * Int128(cluster.acceleratorCount) * 1000
    return all == 0 ? 0 : Double(usedTicks) / Double(all)
  }
  /// Computing ÷ all accelerator time so far; `nil` unless the trace knows it of every job.
  public var busy: Double? {
    guard knowsBusyShares else { return nil }
    let all = Int128(now.count) * Int128(cluster.acceleratorCount) * 1000
    return all == 0 ? 0 : Double(busyTicks) / 1e6 / Double(all)
  }
  /// Share of the jobs with a deadline that ended by it so far; `nil` where none has one.
  public var deadlinesMet: Double? {
    let bound = jobs.indices.filter { jobs[$0].deadline != .never }
    if bound.isEmpty { return nil }
    return Double(bound.count { outcomes[$0].end <= jobs[$0].deadline }) / Double(bound.count)
  }
  /// Stranded ÷ wholly free accelerator time so far.
  public var fragmentation: Double { freeTicks == 0 ? 0 : Double(strandedTicks) / Double(freeTicks) }

  /// Plays everything that happens at the next event's time; false when nothing more happens.
  public mutating func step(_ scheduler: some JobScheduler) -> Bool {
    guard let time = nextEvent else { return false }
    pass(to: time)
    for (place, end) in ends.enumerated().reversed() where end <= time {
      let ended = running.remove(at: place)
      ends.remove(at: place)
      cluster.release(ended.allocation)
      busyNow -= busyMillionths(of: ended.id)
      outcomes[ended.id].end = time
    }
    while nextArrival < arrivals.count, jobs[arrivals[nextArrival]].arrival <= time {
      let id = arrivals[nextArrival]
      if whole.canPlace(jobs[id].request) { waiting.append(id) } else { refused += 1 }
      nextArrival += 1
    }
    if !waiting.isEmpty { apply(scheduler.decide(view()), by: scheduler.placement) }
    return true
  }

  /// Plays the whole trace.
  public mutating func finish(_ scheduler: some JobScheduler) {
    while step(scheduler) {}
  }

  private mutating func pass(to time: Ticks) {
    let span = Int128(max(time - now, .zero).count)
    usedTicks += span * Int128(cluster.usedMilli)
    busyTicks += span * Int128(busyNow)
    freeTicks += span * Int128(cluster.freeAccelerators)
    if span > 0 { strandedTicks += span * Int128(cluster.strandedAccelerators(together: strandedSize)) }
    now = max(now, time)
  }

  /// Whole numbers, so that what a job adds when it starts is what it takes when it ends.
  private func busyMillionths(of id: Int) -> Int64 {
    let share = min(max(jobs[id].busyShare ?? 0, 0), 1)
    return jobs[id].request.totalMilli * Int64((share * 1e6).rounded())
  }

  private func view() -> SchedulerView {
    SchedulerView(now: now, jobs: jobs, waiting: waiting, running: running, cluster: cluster)
  }

  private mutating func apply(_ actions: [SchedulingAction], by rule: PlacementRule) {
    var isStarted = Set<Int>()
    actions: for action in actions {
      switch action {
      case .start(let id):
        guard jobs.indices.contains(id), outcomes[id].end == .never, !isStarted.contains(id),
          !running.contains(where: { $0.id == id }),
          let allocation = cluster.place(jobs[id].request, by: rule)
        else { break actions }
        isStarted.insert(id)
        if outcomes[id].start == .never { outcomes[id].start = now }
        outcomes[id].wait += now - waitingSince[id]
        let expected = now.later(by: estimatedLeft(id))
        running.append(RunningJob(id: id, start: now, expectedEnd: expected, allocation: allocation))
        ends.append(now.later(by: left[id]))
        busyNow += busyMillionths(of: id)
      case .preempt(let id):
        guard let place = running.firstIndex(where: { $0.id == id }) else { break actions }
        stop(place)
      }
    }
    waiting.removeAll { isStarted.contains($0) }
  }

  /// What its user would say is left of a job: the estimate less the work done, at least a tick.
  private func estimatedLeft(_ id: Int) -> Ticks {
    let done = jobs[id].duration - left[id]
    return max(jobs[id].estimate - max(done, .zero), Ticks(1))
  }

  private mutating func stop(_ place: Int) {
    let stopped = running.remove(at: place)
    let end = ends.remove(at: place)
    cluster.release(stopped.allocation)
    busyNow -= busyMillionths(of: stopped.id)
    // A restart that is cut short is paid anew, not on top of what was left of it.
    let rest = min(end - now, jobs[stopped.id].duration)
    left[stopped.id] = rest.later(by: preemptionCost)
    outcomes[stopped.id].preemptions += 1
    waitingSince[stopped.id] = now
    let rank = (jobs[stopped.id].arrival, stopped.id)
    let position = waiting.firstIndex { (jobs[$0].arrival, $0) > rank } ?? waiting.count
    waiting.insert(stopped.id, at: position)
  }
}
