import Kernel
import Workloads

/// First in first out, with or without EASY backfilling, by counting accelerators alone: the oracle of the
/// schedulers for whole accelerators that may lie anywhere. Everything is sought anew at each event.
public struct CountedSchedule {
  private let jobs: [Job]
  private let total: Int
  private let backfills: Bool
  /// When each job starts.
  public private(set) var starts: [Ticks]

  public init(_ jobs: [Job], accelerators: Int, backfills: Bool) {
    self.jobs = jobs
    total = accelerators
    self.backfills = backfills
    starts = [Ticks](repeating: .never, count: jobs.count)
    var times = Set(jobs.map(\.arrival))
    while let now = times.min() {
      times.remove(now)
      for started in decide(now) {
        starts[started] = now
        times.insert(now + jobs[started].duration)
      }
    }
  }

  private func isRunning(_ id: Int, _ now: Ticks) -> Bool {
    starts[id] <= now && starts[id] + jobs[id].duration > now
  }

  private func decide(_ now: Ticks) -> [Int] {
    let running = jobs.indices.filter { starts[$0] != .never && isRunning($0, now) }
    let waiting = jobs.indices.filter { starts[$0] == .never && jobs[$0].arrival <= now }
      .sorted { (jobs[$0].arrival, $0) < (jobs[$1].arrival, $1) }
    var free = total - running.reduce(0) { $0 + jobs[$1].request.accelerators }
    var promised = running.map { (max(starts[$0] + jobs[$0].estimate, now), jobs[$0].request.accelerators) }
    var started: [Int] = []
    var rest = waiting[...]
    while let head = rest.first, jobs[head].request.accelerators <= free {
      free -= jobs[head].request.accelerators
      promised.append((now + jobs[head].estimate, jobs[head].request.accelerators))
      started.append(head)
      rest.removeFirst()
    }
    guard backfills, let head = rest.popFirst() else { return started }
    // The earliest of the promised ends at which enough is free, and what is left over then.
    func freed(by time: Ticks) -> Int { free + promised.reduce(0) { $0 + ($1.0 <= time ? $1.1 : 0) } }
    let need = jobs[head].request.accelerators
    guard let shadow = promised.map(\.0).sorted().first(where: { freed(by: $0) >= need }) else {
      return started
    }
    var extra = freed(by: shadow) - need
    for id in rest where jobs[id].request.accelerators <= free {
      let count = jobs[id].request.accelerators
      if now + jobs[id].estimate > shadow {
        if count > extra { continue }
        extra -= count
      }
      free -= count
      started.append(id)
    }
    return started
  }
}
