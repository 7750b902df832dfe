import Kernel

/// A job that runs, as a scheduler sees it.
public struct RunningJob: Sendable, Hashable {
  /// Its number in the trace.
  public var id: Int
  public var start: Ticks
  /// When it ends at the latest if its estimate holds.
  public var expectedEnd: Ticks
  public var allocation: Allocation

  public init(id: Int, start: Ticks, expectedEnd: Ticks, allocation: Allocation) {
    self.id = id
    self.start = start
    self.expectedEnd = expectedEnd
    self.allocation = allocation
  }
}

/// What a scheduler sees when it is asked: values, nothing to change. The lists are shared, not copied.
public struct SchedulerView: Sendable {
  public var now: Ticks
  /// All jobs of the trace, by number; those to come are no policy's business.
  public var jobs: [Job]
  /// Numbers of the jobs that wait, in order of arrival; a preempted job keeps its place.
  public var waiting: [Int]
  /// Jobs that run, in order of their start.
  public var running: [RunningJob]
  public var cluster: ClusterState

  public init(now: Ticks, jobs: [Job], waiting: [Int], running: [RunningJob], cluster: ClusterState) {
    self.now = now
    self.jobs = jobs
    self.waiting = waiting
    self.running = running
    self.cluster = cluster
  }
}

/// What a scheduler wants done, in order.
public enum SchedulingAction: Sendable, Hashable {
  /// Start a waiting job. If it does not fit when its turn comes, the rest of the list is dropped.
  case start(Int)
  /// Stop a running job; it waits again with what is left of it.
  case preempt(Int)
}

/// Which jobs run: asked after each arrival and each end.
public protocol JobScheduler: Sendable {
  /// How started jobs are laid out.
  var placement: PlacementRule { get }
  /// What to start and stop now.
  func decide(_ view: SchedulerView) -> [SchedulingAction]
}

/// Each in its turn: a job that does not fit holds up all behind it.
public struct FirstInFirstOut: JobScheduler {
  public var placement: PlacementRule
  public init(placement: PlacementRule = .packed) { self.placement = placement }

  /// See the type.
  public func decide(_ view: SchedulerView) -> [SchedulingAction] {
    var cluster = view.cluster
    var actions: [SchedulingAction] = []
    for id in view.waiting {
      guard cluster.place(view.jobs[id].request, by: placement) != nil else { break }
      actions.append(.start(id))
    }
    return actions
  }
}

/// Users share by weight, within quotas.
///
/// The next job is always that of the user who holds least for its weight (max-min: Ghodsi et al., "Dominant
/// Resource Fairness", NSDI 2011, for one resource); in order of arrival within a user, and a user whose
/// first job does not fit or would pass the quota is passed over. Idle accelerators are lent beyond quotas
/// when `lends`, to the user least above its own.
public struct FairShare: JobScheduler {
  public var placement: PlacementRule
  /// By user; users beyond the list weigh 1.
  public var weights: [Double]
  /// Accelerators by user; users beyond the list have no limit.
  public var quotas: [Int]
  public var lends: Bool

  public init(weights: [Double], quotas: [Int] = [], lends: Bool = false, placement: PlacementRule = .packed)
  {
    self.weights = weights
    self.quotas = quotas
    self.lends = lends
    self.placement = placement
  }

  private func weight(_ user: Int) -> Double {
    weights.indices.contains(user) && weights[user] > 0 ? weights[user] : 1
  }

  private func isWithinQuota(_ user: Int, _ milli: Int64) -> Bool {
    !quotas.indices.contains(user) || milli <= Int64(min(quotas[user], 1 << 40)) * 1000
  }

  /// Whether a job may ever run: not if it alone passes its user's quota and nobody lends.
  public func allows(_ job: Job) -> Bool { lends || isWithinQuota(job.user, job.request.totalMilli) }

  /// Whose job is next where no room is kept for anybody: of the user with the least for its weight among
  /// those within their quotas, then, where they are lent, among the others.
  ///
  /// - Parameters:
  ///   - waiting: jobs that wait, in order of arrival.
  ///   - running: jobs that hold accelerators.
  ///   - jobs: all jobs, by number.
  /// - Complexity: O(waiting + running).
  public func next(of waiting: [Int], holding running: [Int], among jobs: [Job]) -> Int? {
    func held(_ user: Int) -> Int64 {
      running.reduce(0) { $0 + (jobs[$1].user == user ? jobs[$1].request.totalMilli : 0) }
    }
    func place(_ id: Int) -> (Bool, Double, Int)? {
      let (user, job) = (jobs[id].user, jobs[id])
      let isWithin = isWithinQuota(user, held(user) + job.request.totalMilli)
      return isWithin || lends ? (!isWithin, Double(held(user)) / weight(user), user) : nil
    }
    var best: (id: Int, rank: (Bool, Double, Int))?
    for id in waiting {
      guard let rank = place(id) else { continue }
      if let known = best, !Self.isBefore(rank, known.rank) { continue }
      best = (id, rank)
    }
    return best?.id
  }

  private static func isBefore(_ one: (Bool, Double, Int), _ other: (Bool, Double, Int)) -> Bool {
    one.0 != other.0 ? !one.0 : (one.1, one.2) < (other.1, other.2)
  }

  /// See the type.
  public func decide(_ view: SchedulerView) -> [SchedulingAction] {
    let known = view.waiting + view.running.map(\.id)
    let users = 1 + known.reduce(0) { max($0, view.jobs[$1].user) }
    var held = [Int64](repeating: 0, count: users)
    for running in view.running {
      held[view.jobs[running.id].user] += view.jobs[running.id].request.totalMilli
    }
    var queues = [[Int]](repeating: [], count: users)
    for id in view.waiting.reversed() { queues[view.jobs[id].user].append(id) }
    var cluster = view.cluster
    var actions: [SchedulingAction] = []
    for borrows in lends ? [false, true] : [false] {
      var open = queues.indices.filter { !queues[$0].isEmpty }
      while let user = open.min(by: {
        (Double(held[$0]) / weight($0), $0) < (Double(held[$1]) / weight($1), $1)
      }) {
        guard let first = queues[user].last,
          borrows || isWithinQuota(user, held[user] + view.jobs[first].request.totalMilli),
          cluster.place(view.jobs[first].request, by: placement) != nil
        else {
          open.removeAll { $0 == user }
          continue
        }
        queues[user].removeLast()
        held[user] += view.jobs[first].request.totalMilli
        actions.append(.start(first))
      }
    }
    return actions
  }
}

/// The highest priority first; it takes the place of lower ones that run.
///
/// Jobs are preempted only if that lets the higher one start, and none that could stay: the lowest priority
/// is stopped first, of one priority the latest started, until there is room; then each, the highest and
/// longest running first, is spared if the others' room is enough, as Kubernetes' scheduler picks victims
/// (kubernetes/kubernetes, pkg/scheduler/framework/preemption). Jobs of one priority go in order of arrival
/// and hold up what is behind them.
public struct PriorityPreemption: JobScheduler {
  public var placement: PlacementRule
  public init(placement: PlacementRule = .packed) { self.placement = placement }

  /// See the type.
  public func decide(_ view: SchedulerView) -> [SchedulingAction] {
    var cluster = view.cluster
    var actions: [SchedulingAction] = []
    var stopped: Set<Int> = []
    let byPriority = Dictionary(grouping: view.waiting) { view.jobs[$0].priority }
    let order = byPriority.keys.sorted(by: >).lazy.flatMap { byPriority[$0]! }
    for id in order {
      let job = view.jobs[id]
      if cluster.place(job.request, by: placement) != nil {
        actions.append(.start(id))
        continue
      }
      let victims = Self.below(job.priority, view, without: stopped)
      if victims.isEmpty { break }
      var trial = cluster
      let needed = Self.stop(victims, for: job, &trial)
      guard trial.place(job.request, by: placement) != nil else { break }
      actions += needed.map { .preempt($0.id) }
      stopped.formUnion(needed.map(\.id))
      actions.append(.start(id))
      cluster = trial
    }
    return actions
  }

  /// Jobs that run below a priority: the lowest first, of one priority last in, first out.
  private static func below(_ priority: Int, _ view: SchedulerView, without stopped: Set<Int>)
    -> [RunningJob]
  {
    view.running.enumerated().filter {
      view.jobs[$0.element.id].priority < priority && !stopped.contains($0.element.id)
    }.sorted {
      (view.jobs[$0.element.id].priority, -$0.offset) < (view.jobs[$1.element.id].priority, -$1.offset)
    }.map(\.element)
  }

  /// Makes room for a job: the victims that have to go of those that may, in order; all of them go where even
  /// that is not enough.
  private static func stop(_ victims: [RunningJob], for job: Job, _ cluster: inout ClusterState)
    -> [RunningJob]
  {
    var count = 0
    while count < victims.count, !cluster.canPlace(job.request) {
      cluster.release(victims[count].allocation)
      count += 1
    }
    var needed = Array(victims[..<count])
    guard cluster.canPlace(job.request) else { return needed }
    for victim in victims[..<count].reversed() {
      cluster.retake(victim.allocation)
      if cluster.canPlace(job.request) {
        needed.removeAll { $0.id == victim.id }
      } else {
        cluster.release(victim.allocation)
      }
    }
    return needed
  }
}

/// The earliest deadline first; whatever fits starts, jobs without a deadline come last.
public struct EarliestDeadline: JobScheduler {
  public var placement: PlacementRule
  public init(placement: PlacementRule = .packed) { self.placement = placement }

  /// See the type.
  public func decide(_ view: SchedulerView) -> [SchedulingAction] {
    var cluster = view.cluster
    let order = view.waiting.enumerated().sorted {
      (view.jobs[$0.element].deadline, $0.offset) < (view.jobs[$1.element].deadline, $1.offset)
    }
    return order.compactMap { waiting in
      let request = view.jobs[waiting.element].request
      return cluster.place(request, by: placement) == nil ? nil : .start(waiting.element)
    }
  }
}
