import Kernel

/// First in first out, and jobs further back may fill gaps if they do not delay the first that waits (EASY:
/// Lifka, "The ANL/IBM SP Scheduling System", JSSPP 1995; Mu'alem and Feitelson, TPDS 12, 2001).
///
/// The first job that does not fit gets a reservation at the earliest time at which the running jobs'
/// estimates make room for it. Where all jobs want whole accelerators on any node, and no node is out,
/// whether a later job delays it is a matter of counting; else it is found by laying it out and looking
/// again at that time, so jobs that must share nodes are kept from being shut out too.
///
/// - Complexity: O(running + waiting + nodes for each job that starts) by counting, else in proportion to the
///   running jobs for each that could start.
public struct EasyBackfill: JobScheduler {
  public var placement: PlacementRule
  public init(placement: PlacementRule = .packed) { self.placement = placement }

  /// See the type.
  public func decide(_ view: SchedulerView) -> [SchedulingAction] {
    var cluster = view.cluster
    var started: Running = []
    var actions: [SchedulingAction] = []
    var index = 0
    while index < view.waiting.count {
      let job = view.jobs[view.waiting[index]]
      guard let allocation = cluster.place(job.request, by: placement) else { break }
      started.append((view.now.later(by: job.estimate), allocation))
      actions.append(.start(view.waiting[index]))
      index += 1
    }
    guard index < view.waiting.count - 1, cluster.usedMilli < Int64(cluster.acceleratorCount) * 1000 else {
      return actions
    }
    if Self.isCounted(view, upTo: index, cluster) {
      fillByCount(view, after: index, cluster, started, &actions)
    } else {
      // A job that outlasts its estimate may end at any moment; now is the earliest.
      let running = view.running.map { (max($0.expectedEnd, view.now), $0.allocation) } + started
      fillByLayout(view, after: index, cluster, running, &actions)
    }
    return actions
  }

  private typealias Running = [(end: Ticks, allocation: Allocation)]

  // MARK: By counting

  private static func isCounted(_ view: SchedulerView, upTo head: Int, _ cluster: ClusterState) -> Bool {
    view.jobs.withUnsafeBufferPointer { jobs in
      func isSimple(_ id: Int) -> Bool { jobs[id].request.milli == 1000 && jobs[id].request.perNode <= 1 }
      return cluster.nodesOut == 0 && view.running.allSatisfy { isSimple($0.id) }
        && view.waiting.allSatisfy(isSimple)
    }
  }

  private func fillByCount(
    _ view: SchedulerView, after head: Int, _ start: ClusterState, _ started: Running,
    _ actions: inout [SchedulingAction]
  ) {
    var cluster = start
    let wanted = view.jobs[view.waiting[head]].request.accelerators
    var ends = EndingJobs(
      view.running.map { (max($0.expectedEnd, view.now), $0.allocation.grants.count) }
        + started.map { ($0.end, $0.allocation.grants.count) })
    guard let (reserved, count) = ends.time(toFree: wanted - cluster.freeAccelerators) else { return }
    // What the head finds at its time besides what is free now.
    var returned = count
    view.jobs.withUnsafeBufferPointer { jobs in
      for id in view.waiting[(head + 1)...] {
        let own = jobs[id].request.accelerators
        let free = cluster.freeAccelerators
        if free == 0 { return }
        if own > free { continue }
        let isBack = view.now.later(by: jobs[id].estimate) <= reserved
        if !isBack && free - own + returned < wanted { continue }
        guard cluster.place(jobs[id].request, by: placement) != nil else { continue }
        if isBack { returned += own }
        actions.append(.start(id))
      }
    }
  }

  // MARK: By layout

  private func fillByLayout(
    _ view: SchedulerView, after index: Int, _ start: ClusterState, _ runningNow: Running,
    _ actions: inout [SchedulingAction]
  ) {
    var (cluster, running) = (start, runningNow)
    let head = view.jobs[view.waiting[index]].request
    guard let reserved = Self.reservation(head, cluster, running) else { return }
    for id in view.waiting[(index + 1)...] where cluster.canPlace(view.jobs[id].request) {
      let end = view.now.later(by: view.jobs[id].estimate)
      guard let allocation = cluster.place(view.jobs[id].request, by: placement) else { continue }
      if end > reserved && !Self.fits(head, at: reserved, cluster, running) {
        cluster.release(allocation)
        continue
      }
      running.append((end, allocation))
      actions.append(.start(id))
    }
  }

  /// The first time at which ended jobs make room; `nil` when even an empty cluster does not hold the job.
  private static func reservation(_ request: JobRequest, _ cluster: ClusterState, _ running: Running)
    -> Ticks?
  {
    var future = cluster
    for ending in running.sorted(by: { $0.end < $1.end }) {
      future.release(ending.allocation)
      if future.canPlace(request) { return ending.end }
    }
    return nil
  }

  private static func fits(
    _ request: JobRequest, at time: Ticks, _ cluster: ClusterState, _ running: Running
  ) -> Bool {
    var future = cluster
    for ending in running where ending.end <= time {
      future.release(ending.allocation)
    }
    return future.canPlace(request)
  }
}

/// Ends of jobs and the accelerators that each gives back: a binary heap, since few of them are asked for.
private struct EndingJobs {
  private var heap: [(end: Ticks, count: Int)]

  /// - Complexity: O(jobs).
  init(_ jobs: [(end: Ticks, count: Int)]) {
    heap = jobs
    for place in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sift(place) }
  }

  /// The first time by which so many have come back, and how many have by then; `nil` when never.
  mutating func time(toFree wanted: Int) -> (time: Ticks, count: Int)? {
    var count = 0
    while count < wanted {
      guard let first = takeFirst() else { return nil }
      count += first.count
      guard count >= wanted else { continue }
      while heap.first?.end == first.end, let next = takeFirst() { count += next.count }
      return (first.end, count)
    }
    return nil
  }

  private mutating func takeFirst() -> (end: Ticks, count: Int)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sift(0)
    }
    return first
  }

  private mutating func sift(_ start: Int) {
    var place = start
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < heap.count && heap[child].end < heap[least].end { least = child }
      if least == place { return }
      heap.swapAt(place, least)
      place = least
    }
  }
}
