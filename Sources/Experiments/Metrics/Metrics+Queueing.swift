import Scenario
import Statistics
import World

extension MetricReader {
  /// What only some services have: a door, and classes of requests, which have rows of their own.
  mutating func readQueueing(_ index: Int) {
    let service = model.design.services[index]
    let workload = scenario.workloads[service.workloadIndex]
    let tally = outcome.services[index].tally
    if service.admission != nil { add(workload.name, "shed", Double(tally.shed), "1") }
    let span = rateSpan(ofService: index)
    for (position, kind) in workload.classes.enumerated() {
      let name = "\(workload.name)/\(kind.name)"
      let counts = tally.classes[position]
      for (metric, histogram) in [
        ("ttft_s", counts.ttft), ("tpot_s", counts.tpot), ("e2e_s", counts.e2e), ("queue_s", counts.queue),
      ] {
        add(name, metric, histogram, 1 / 16e9)
      }
      let offered = Double(counts.offered)
      add(name, "goodput_ratio", offered > 0 ? Double(counts.good) / offered : nil, "ratio")
      let answered = span.holdsTail ? counts.measured : counts.answered
      add(name, "throughput_rps", span.seconds.map { Double(answered) / $0 }, "1/s")
    }
  }
}
