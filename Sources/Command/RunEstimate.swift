import DryRack

/// What a run is likely to take; an order of magnitude, for deciding whether to start it.
///
/// The leaping engine handles an arrival, an admission and a departure for each request, with some of
/// them shared; the rates below round what the benchmarks show downwards.
struct RunEstimate {
  private static let eventsPerRequest = 4.0
  private static let eventsPerSecond = 2e6
  private static let bytesPerRun = 32.0 * 1_048_576

  /// Events of all runs; `nil` when a workload does not say how many requests it sends.
  let events: Double?

  init(_ scenario: Scenario, designs: Int, replications: Int) {
    var requests = 0.0
    for workload in scenario.workloads {
      guard let expected = Layers.expectedRequests(workload, duration: scenario.duration) else {
        events = nil
        return
      }
      requests += expected
    }
    events = requests * RunEstimate.eventsPerRequest * Double(designs * replications)
  }

  var lines: [RunPlan.Line] {
    guard let events else {
      return [
        RunPlan.Line(name: "events, time, memory", value: "not known before the run: users set the pace")
      ]
    }
    let seconds = max(1, (events / RunEstimate.eventsPerSecond).rounded(.up))
    return [
      RunPlan.Line(name: "events", value: "about \(Int64(min(events, 9e18)))"),
      RunPlan.Line(name: "time", value: "about \(Int64(min(seconds, 9e18))) s on one core"),
      RunPlan.Line(name: "memory", value: "about \(Int64(RunEstimate.bytesPerRun / 1_048_576)) MiB a job"),
    ]
  }
}
