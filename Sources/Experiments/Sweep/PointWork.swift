import Scenario

/// The work of one point, on whatever task: make its scenario, look whether its result is known, run it.
struct PointWork: Sendable {
  let plan: SweepPlan
  let known: KnownResults
  let paths: [String]
  let options: RunOptions

  struct Record: Sendable {
    var index: Int
    var key: SweepKey
    var payload: [UInt8]
  }

  enum Outcome: Sendable {
    case finished(Record)
    /// An earlier start had finished it: at a place of this sweep, or as a copy of what another one left.
    case recalled(Segment.Place?, copy: Record?)
    case invalid(FaultReport)
    /// A limit came first, in words where it is known here alone.
    case stopped(String?)
  }

  func run(point index: Int) async -> Outcome {
    let scenario: Scenario
    switch plan.family.scenario(at: plan.space.overrides(ofPoint: index)) {
    case .failure(let report): return .invalid(report)
    case .success(let made): scenario = made
    }
    let key = SweepKey(scenario: scenario, designs: plan.designs, keepsReplications: plan.keepsReplications)
    let values = plan.values(ofPoint: index)
    if let place = known.own(point: index, key: key) { return .recalled(place, copy: nil) }
    if let copy = copy(of: key, index: index, values: values) { return .recalled(nil, copy: copy) }
    let results = await Experiment.run(scenario, options: options)
    if !results.manifest.complete {
      if options.isInterrupted?() == true { return .stopped(nil) }
      if results.manifest.stoppedBy == RunLimits.eventsReached { return .stopped(RunLimits.eventsReached) }
    }
    let result = SweepPointResult(
      index: index, values: values, results: results, keepsReplications: plan.keepsReplications)
    return .finished(Record(index: index, key: key, payload: result.encoded))
  }

  /// What was simulated before for another point or another sweep, as this point's.
  private func copy(of key: SweepKey, index: Int, values: [SweepPointResult.Value]) -> Record? {
    guard let place = known.alike(key),
      let payload = try? SweepStore.payload(at: place, in: paths[Int(place.segment)]),
      var result = SweepPointResult(encoded: payload)
    else { return nil }
    result.index = index
    result.values = values
    return Record(index: index, key: key, payload: result.encoded)
  }
}
