import Scenario
import Statistics

/// One design at one point of a search, with what its runs have shown so far.
struct Candidate: Sendable {
  var design: String
  /// The point in the coordinates of the search.
  var point: [Double]
  var overrides: [Override]
  /// Why it cannot be run; `nil` when it can.
  var fault: String?
  var probes: [Probe] = []
  /// Replication by replication, in the order of the probes.
  var rows: [[Double?]] = []
  /// Nothing in it is random: its one run stands for all.
  var isFixed = false
  var accelerators = 0
  var overrun: String?

  /// How many replications are known.
  var replications: Int { isFixed && !rows.isEmpty ? .max : rows.count }
  var runs: Int { rows.count }

  mutating func take(_ delivery: PointRunner.Delivery) -> Bool {
    switch delivery {
    case .stopped: return false
    case .impossible(let words): fault = words
    case .measured(let sample):
      probes = sample.probes
      rows += sample.rows
      isFixed = sample.isFixed
      accelerators = sample.accelerators
      overrun = overrun ?? sample.overrun
    }
    return true
  }

  /// The values of a probe, replication by replication.
  func values(_ probe: Int) -> [Double?] { rows.map { $0[probe] } }

  func mean(_ probe: Int) -> Double? { probes[probe].joined(values(probe)) }

  /// The interval of the mean over replications; `nil` for fewer than two.
  func interval(_ probe: Int, confidence: Double = 0.95) -> Interval? {
    guard probes[probe].joining == .mean else { return nil }
    return studentInterval(values(probe).compactMap { $0 }, confidence: confidence)
  }

  /// The probe that counts for an objective: the worst of the workloads that it speaks of.
  func probe(ofObjective index: Int, isMaximized: Bool) -> Int? {
    let own = probes.indices.filter { probes[$0].purpose == .objective(index) }
    return own.max { left, right in
      let (a, b) = (mean(left), mean(right))
      guard let a, let b else { return b == nil && a != nil }
      return isMaximized ? a > b : a < b
    }
  }
}

/// How a candidate stands against one threshold, for one workload.
public struct ThresholdState: Sendable, Hashable {
  public var threshold: Threshold
  public var workload: String
  /// Over all replications; `nil` when unknown, which breaks the threshold.
  public var value: Double?
  /// The 95 % interval over replications.
  public var low: Double?
  public var high: Double?
  public var holds: Bool
  /// How far the value is from the limit, relative to the limit: positive where it holds. `nil` when unknown.
  public var slack: Double?
  /// Whether even the 99.9 % interval lies wholly on one side of the limit: of few runs with a long tail, the
  /// 95 % one says so too readily.
  public var isFirm = true

  /// Whether the interval lies wholly on one side of the limit.
  public var isCertain: Bool {
    guard let low, let high else { return false }
    return threshold.holds(low) == threshold.holds(high)
  }
}

extension Threshold {
  /// The distance of a value from the limit, relative to its size; negative where it breaks it.
  func slack(of value: Double) -> Double {
    let size = limit == 0 ? 1 : abs(limit)
    switch comparison {
    case .less, .lessOrEqual: return (limit - value) / size
    case .greater, .greaterOrEqual: return (value - limit) / size
    case .equal: return -abs(value - limit) / size
    }
  }
}

/// What candidates are compared by.
struct SearchGoal: Sendable {
  var objectives: [OptimizeSettings.Objective]
  var thresholds: [Threshold]

  func states(_ candidate: Candidate) -> [ThresholdState] {
    candidate.probes.indices.compactMap { index in
      guard case .threshold(let number) = candidate.probes[index].purpose else { return nil }
      let threshold = thresholds[number]
      let value = candidate.mean(index)
      let interval = candidate.interval(index)
      return ThresholdState(
        threshold: threshold, workload: candidate.probes[index].workload, value: value,
        low: interval?.low ?? (candidate.isFixed ? value : nil),
        high: interval?.high ?? (candidate.isFixed ? value : nil),
        holds: value.map(threshold.holds) ?? false, slack: value.map(threshold.slack),
        isFirm: candidate.interval(index, confidence: 0.999).map {
          threshold.holds($0.low) == threshold.holds($0.high)
        } ?? true)
    }
  }

  func standing(_ candidate: Candidate) -> Standing {
    let none = [Double](repeating: 0, count: objectives.count)
    if candidate.fault != nil { return Standing(objectives: none, violation: 1e9) }
    var violation = candidate.overrun == nil ? 0.0 : 1e6
    for state in states(candidate) where !state.holds {
      // A limit that is met but not kept, as 2 is not below 2, is broken by next to nothing.
      violation += state.slack.map { max(1e-12, -$0) } ?? 1e6
    }
    let values = objectives.enumerated().map { index, objective -> Double? in
      let probe = candidate.probe(ofObjective: index, isMaximized: objective.isMaximized)
      return probe.flatMap(candidate.mean).map { objective.isMaximized ? -$0 : $0 }
    }
    if values.contains(where: { $0 == nil || !$0!.isFinite }) { violation += 1e6 }
    return Standing(
      objectives: values.map { $0.flatMap { $0.isFinite ? $0 : nil } ?? 0 },
      violation: violation.isFinite ? violation : 1e9)
  }

  /// Whether the first is worse than the second beyond chance: nowhere better and somewhere worse by the
  /// paired t intervals of their common replications.
  func isSurelyDominated(_ candidate: Candidate, by other: Candidate, confidence: Double = 0.99) -> Bool {
    let common = min(candidate.replications, other.replications)
    if common < 1 { return false }
    var isWorse = false
    for (index, objective) in objectives.enumerated() {
      guard let own = candidate.probe(ofObjective: index, isMaximized: objective.isMaximized),
        let theirs = other.probe(ofObjective: index, isMaximized: objective.isMaximized)
      else { return false }
      let count = common == .max ? 1 : common
      let sign = objective.isMaximized ? -1.0 : 1
      let differences = (0..<count).compactMap { replication -> Double? in
        guard let left = candidate.rows[candidate.isFixed ? 0 : replication][own],
          let right = other.rows[other.isFixed ? 0 : replication][theirs]
        else { return nil }
        return sign * (left - right)
      }
      if differences.count < count { return false }
      let low: Double
      if common == .max {
        low = differences[0]
      } else {
        guard let interval = studentInterval(differences, confidence: confidence) else { return false }
        low = interval.low
      }
      if low < 0 { return false }
      if low > 0 { isWorse = true }
    }
    return isWorse
  }

  /// Whether it breaks some threshold beyond chance.
  func isSurelyInfeasible(_ candidate: Candidate) -> Bool {
    if candidate.fault != nil || candidate.overrun != nil { return true }
    return states(candidate).contains { state in
      guard !state.holds, state.value != nil else { return false }
      return state.isCertain
    }
  }

  /// Whether chance could still turn a threshold.
  func isUndecided(_ candidate: Candidate) -> Bool {
    if candidate.fault != nil || candidate.overrun != nil { return false }
    let states = states(candidate)
    if isSurelyInfeasible(candidate) { return false }
    return states.contains { !$0.isCertain }
  }
}
