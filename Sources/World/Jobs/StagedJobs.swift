import Kernel
import Quantities
import Scenario

extension Design {
  /// When the data of each training job is at its site, from the start of the run: the first jobs' data goes
  /// over a line first, and takes its size over the bandwidth, and the latency. Requests on the same line are
  /// not slowed: transfers of data give way to them.
  ///
  /// - Complexity: O(jobs log jobs).
  func arrivalsOfJobs() -> [Ticks] {
    let jobs = trainingJobs.map(\.training)
    var arrivals = jobs.map(\.start)
    var free = links.map { _ in Ticks.zero }
    let inOrder = jobs.indices.sorted { (jobs[$0].start, $0) < (jobs[$1].start, $1) }
    for index in inOrder {
      guard let stageIn = jobs[index].stageIn else { continue }
      let link = links[stageIn.link]
      let sending = Ticks(seconds: min((stageIn.bytes / link.bandwidth).value, 4e8))
      free[stageIn.link] = max(free[stageIn.link], jobs[index].start).later(by: sending)
      let latency = Ticks(seconds: link.latency.value)
      arrivals[index] = min(free[stageIn.link].later(by: latency), Ticks(seconds: 4.9e8))
    }
    return arrivals
  }

  /// What the data of a job costs where it leaves.
  public func stageInCost(_ job: TrainingJob) -> Money {
    guard let stageIn = job.stageIn else { return .zero }
    return sites[links[stageIn.link].from].charges.egressPerGigabyte * (stageIn.bytes.value / 1e9)
  }
}
