import DryRack

/// What a run is likely to take, for deciding whether to start it: right within a factor of three for events
/// on the shipped scenarios, which a test holds it to.
///
/// Events are requests times what one of them changes; see `eventsPerRequest`. The other figures were
/// measured on the shipped scenarios, release build, one core: an event takes 100 to 210 ns of processor
/// time, a run some 15 ms beside its events, and memory is what `getrusage` reported.
struct RunEstimate {
  private static let secondsPerEvent = 200e-9
  private static let secondsPerRun = 0.015
  /// The program, its catalogue and the step costs of a design.
  private static let bytesOfProgram = 21.0 * 1_048_576
  private static let bytesPerReplica = 20.0 * 1024
  private static let bytesPerRun = 0.25 * 1_048_576
  private static let bytesPerTraceRow = 40.0

  /// Events of all runs.
  let events: Double
  /// Processor time of all runs [s].
  let seconds: Double
  /// Resident memory of one job at a time [B]; requests waiting in an overloaded design come on top.
  let bytes: Double

  /// - Parameter designs: positions of the designs that run.
  init(_ scenario: Scenario, designs: [Int], replications: Int) {
    let runs = Double(replications)
    // Every level of demand and capacity is a run of its own, with so many times the requests.
    let windows = designs.map { scenario.windows(ofDesign: $0) }
    events =
      zip(designs, windows).reduce(0) { sum, part in
        // One with `events` is run without them as well.
        let own = scenario.designs[part.0].hasEvents ? 2.0 : 1
        let levels = part.1.reduce(own) { $0 + $1.level }
        return sum + RunEstimate.eventsOfRun(scenario, design: part.0) * levels
      } * runs
    seconds =
      events * Self.secondsPerEvent
      + Self.secondsPerRun * runs * windows.reduce(0) { $0 + Double(1 + $1.count) }
    let replicas = designs.map { RunEstimate.replicas(of: scenario.designs[$0]) }.max() ?? 0
    let rows = scenario.workloads.reduce(0) { sum, workload in
      if case .trace(let trace) = workload.traffic { sum + trace.count } else { sum }
    }
    bytes =
      Self.bytesOfProgram + replicas * Self.bytesPerReplica + runs * Double(designs.count) * Self.bytesPerRun
      + Double(rows) * Self.bytesPerTraceRow
  }

  var lines: [RunPlan.Line] {
    [
      RunPlan.Line(name: "events", value: "about \(rounded(events))"),
      RunPlan.Line(name: "time", value: "about \(rounded(seconds)) s on one core"),
      RunPlan.Line(
        name: "memory", value: "about \(rounded(bytes / 1_048_576)) MiB, and 0.1 KiB a waiting request"),
    ]
  }

  /// Two digits: more would claim more than is known.
  private func rounded(_ value: Double) -> String {
    var scale = 1.0
    while value / scale >= 100 { scale *= 10 }
    while value > 0 && value / scale < 10 && scale > 1e-3 { scale /= 10 }
    let number = (value / scale).rounded() * scale
    return number >= 10 ? String(Int64(min(number, 9e18))) : String((number * 1000).rounded() / 1000)
  }

  // MARK: Events

  /// Events of one run of one design.
  static func eventsOfRun(_ scenario: Scenario, design: Int) -> Double {
    let services = scenario.designs[design].services
    var events = 0.0
    var span = scenario.duration?.seconds ?? 0
    for (index, service) in services.enumerated() where !service.isBehindAnother {
      let workload = scenario.workloads[service.workloadIndex]
      var count = Layers.expectedRequests(workload, duration: scenario.duration) ?? .infinity
      if let duration = scenario.duration,
        let pace = ClosedLoopPace(scenario, design: design, service: index)
      {
        // Members are taken to be as fast as the first.
        let members = Double(scenario.designs[design].members(ofService: index).count)
        count = min(count, pace.requestsPerSecond * members * duration.seconds)
      }
      events += count * eventsPerRequest(workload, service.placement)
      span = max(span, self.span(of: workload, requests: count))
    }
    if scenario.warmup == .automatic { events *= 2 }
    if !scenario.designs[design].jobs.isEmpty {
      events += DesignModel(scenario: scenario, designIndex: design).expectedJobEvents
    }
    return services.isEmpty ? events : events + samples(in: span)
  }

  /// Sending and delivery are an event each. A continuous batch changes twice or three times for a request,
  /// as it joins, has its prompt computed and leaves, and one planned change is given up for another when it
  /// comes. Batches that start and end as one share their changes, and so do requests that come together, of
  /// a closed loop or a burst, where they are all alike: they move in step.
  private static func eventsPerRequest(
    _ workload: InferenceWorkload, _ placement: Service.Placement
  ) -> Double {
    if case .endpoint = placement { return 2 }
    guard case .pool(let deployment) = placement else { return 8 }
    if deployment.batching != .continuous { return 3.3 }
    switch workload.traffic {
    case .trace: return 6
    case .generated(let arrivals, let prompt, let output):
      let isBurst = if case .burst = arrivals { true } else { false }
      if arrivals.isClosedLoop || isBurst { return prompt.isStochastic || output.isStochastic ? 4 : 2.2 }
      // Long prompts take a change for each of their chunks.
      return 6 + prompt.mean / Double(deployment.maximumBatchedTokens)
    }
  }

  /// How long a workload's requests are sent [s]; 0 where nothing tells.
  private static func span(of workload: InferenceWorkload, requests: Double) -> Double {
    switch workload.traffic {
    case .trace(let trace): trace.arrivals.last?.seconds ?? 0
    case .generated(let arrivals, _, _): arrivals.meanRatePerSecond.map { requests / $0 } ?? 0
    }
  }

  /// Readings of the time series: four a second at first, half as often each time their store is full.
  private static func samples(in span: Double) -> Double {
    var (left, interval, count) = (span, 0.25, 0.0)
    var room = 512.0
    while left > room * interval {
      left -= room * interval
      count += room
      (room, interval) = (256, interval * 2)
    }
    return count + left / interval
  }

  private static func replicas(of design: Design) -> Double {
    design.services.reduce(0) { sum, service in
      if case .pool(let deployment) = service.placement {
        sum + Double(service.autoscale == nil ? deployment.replicas : service.mostReplicas)
      } else {
        sum
      }
    }
  }
}

/// How fast the users of a closed loop get their answers, when each waits for its own: what the step times of
/// a full batch say.
struct ClosedLoopPace {
  let requestsPerSecond: Double

  /// `nil` for other arrivals.
  init?(_ scenario: Scenario, design: Int, service index: Int) {
    let service = scenario.designs[design].services[index]
    guard
      case .generated(let arrivals, let prompt, let output) = scenario.workloads[service.workloadIndex]
        .traffic,
      case .closedLoop(let users, let thinkTime) = arrivals
    else { return nil }
    switch service.placement {
    case .endpoint(let preset):
      let answer = output.mean / preset.outputTokensPerSecond
      let first = preset.ttftBaseSeconds + prompt.mean * preset.secondsPerInputToken
      requestsPerSecond = Double(users) / (thinkTime.mean + first + answer)
    default:
      guard case .pool(let deployment) = service.placement,
        let model = DesignModel(scenario: scenario, designIndex: design).latencyModels(ofService: index).first
      else { return nil }
      let replicas = max(deployment.replicas, service.front == nil ? 0 : service.mostReplicas)
      let perReplica = max(1, users / max(1, replicas))
      let batch = min(perReplica, deployment.maximumSequences)
      let line = model.decodeLine(sequences: batch)
      let context = Double(batch) * (prompt.mean + output.mean / 2)
      let tokens = Int(max(1, min(prompt.mean, 1e7)))
      let prefill = model.stepCost(
        StepShape(
          decodeSequences: 0, decodeContext: 0, prefillSequences: 1, prefillTokens: tokens,
          sampledSequences: 1, attentionProducts: tokens * (tokens + 1) / 2, prefixTokens: 0,
          largestChunk: tokens))
      let fine = 16e9 * 256.0
      let step = (Double(line.base.total) + Double(line.slope) * context) / fine
      // While one request is answered, the prompts of all others in the batch are computed once.
      let answer = output.mean * step + Double(batch) * Double(prefill.total) / fine
      let waiting = Double(perReplica) / Double(batch) * answer
      let cycle = thinkTime.mean + model.frontEndSeconds.value + waiting
      requestsPerSecond = Double(perReplica * replicas) / cycle
    }
  }
}
