import Kernel
import Quantities

/// How the capacity of a zone moves by chance.
///
/// Spot capacity is bursty: zones are lost after hours, and the losses cluster. A Poisson rate from a monthly
/// interruption band is wrong by orders of magnitude, so there is none here.
public enum CapacityLaw: Sendable, Hashable {
  /// `nodes` instances or none, in turn, for times of two phase-type laws (an alternating renewal process).
  case onOff(nodes: Int, up: PhaseType, down: PhaseType)
  /// A semi-Markov chain over the levels of a trace.
  case chain(CapacityChain)
  /// Always as many.
  case constant(nodes: Int)

  /// The on-off law with the means and variances of a trace's stretches; constant where it never changed.
  public static func fittedOnOff(_ trace: SpotTrace, nodes: Int) -> CapacityLaw {
    let stretches = trace.stretches(of: nodes)
    guard let up = PhaseType(fitting: stretches.up) else { return .constant(nodes: 0) }
    guard let down = PhaseType(fitting: stretches.down) else { return .constant(nodes: nodes) }
    return .onOff(nodes: nodes, up: up, down: down)
  }

  /// The long-run share of the time with at least `nodes` instances.
  public func availability(of nodes: Int) -> Double {
    switch self {
    case .onOff(let most, let up, let down):
      nodes <= 0 ? 1 : nodes <= most ? up.mean / (up.mean + down.mean) : 0
    case .chain(let chain): chain.availability(of: nodes)
    case .constant(let most): nodes <= most ? 1 : 0
    }
  }

  /// A level and how long it will still hold, at a random instant of the steady state.
  func start(_ stream: inout RandomStream) -> (level: Int, span: Ticks, state: Int) {
    switch self {
    case .onOff(let nodes, let up, let down):
      let isUp = stream.uniform() < up.mean / (up.mean + down.mean)
      let span = (isUp ? up : down).sampleResidual(&stream)
      return (isUp ? nodes : 0, Self.ticks(span), isUp ? 1 : 0)
    case .chain(let chain): return chain.start(&stream)
    case .constant(let nodes): return (nodes, .never, 0)
    }
  }

  /// What follows a state.
  func next(after state: Int, _ stream: inout RandomStream) -> (level: Int, span: Ticks, state: Int) {
    switch self {
    case .onOff(let nodes, let up, let down):
      let isUp = state == 0
      return (isUp ? nodes : 0, Self.ticks((isUp ? up : down).sample(&stream)), isUp ? 1 : 0)
    case .chain(let chain): return chain.next(after: state, &stream)
    case .constant(let nodes): return (nodes, .never, 0)
    }
  }

  private static func ticks(_ seconds: Double) -> Ticks { max(Ticks(seconds: seconds), Ticks(1)) }
}

/// A trace as a semi-Markov chain: from each level the chain goes on as the trace once did after that level.
///
/// The trace is a ring of runs. After a run of level a, any of the trace's runs that followed a run of level
/// a is alike likely, with its level and its length. The ring balances entries and exits of each level, so
/// the chain spends the trace's own share of time in each, and loses capacity as often.
public struct CapacityChain: Sendable, Hashable {
  private let levels: [Int]
  private let spans: [Ticks]
  /// Running sums of the spans in samples, to start at a random instant.
  private let ends: [Int]
  private let gap: Ticks
  /// For each run, the runs that may follow it: a range of `followers`.
  private let followerRange: [Range<Int>]
  private let followers: [Int]

  /// The chain of a trace.
  /// - Complexity: O(runs · log runs).
  public init(_ trace: SpotTrace) {
    var runs = trace.runs
    // As a ring: the last run goes on in the first one when their levels are equal.
    if runs.count > 1, runs[0].level == runs[runs.count - 1].level {
      runs[0].points += runs.removeLast().points
    }
    let count = runs.count
    gap = trace.gap
    levels = runs.map(\.level)
    spans = count == 1 ? [.never] : runs.map { trace.gap * Int64($0.points) }
    var sum = 0
    ends = runs.map { run in
      sum += run.points
      return sum
    }
    let order = (0..<count).sorted { (runs[$0].level, $0) < (runs[$1].level, $1) }
    followers = order.map { ($0 + 1) % count }
    var ranges = [Range<Int>](repeating: 0..<0, count: count)
    var first = 0
    while first < count {
      var end = first
      while end < count && runs[order[end]].level == runs[order[first]].level { end += 1 }
      for place in first..<end { ranges[order[place]] = first..<end }
      first = end
    }
    followerRange = ranges
  }

  /// The share of the time with at least `nodes` instances.
  func availability(of nodes: Int) -> Double {
    var up = 0
    for (index, level) in levels.enumerated() where level >= nodes {
      up += ends[index] - (index == 0 ? 0 : ends[index - 1])
    }
    return Double(up) / Double(ends[ends.count - 1])
  }

  func start(_ stream: inout RandomStream) -> (level: Int, span: Ticks, state: Int) {
    let total = ends[ends.count - 1]
    let point = stream.uniform() * Double(total)
    let state = ends.firstIndex { point < Double($0) } ?? ends.count - 1
    if spans[state] == .never { return (levels[state], .never, state) }
    let left = Ticks(seconds: (Double(ends[state]) - point) * gap.seconds)
    return (levels[state], max(left, Ticks(1)), state)
  }

  func next(after state: Int, _ stream: inout RandomStream) -> (level: Int, span: Ticks, state: Int) {
    let range = followerRange[state]
    let next = followers[range.lowerBound + Int(stream.below(UInt32(range.count)))]
    return (levels[next], spans[next], next)
  }
}
