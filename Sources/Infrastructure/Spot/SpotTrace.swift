import Catalog
import Kernel
import Quantities

/// Why a file is no spot trace, as a sentence for its user.
public struct SpotTraceFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// A plain sentence without a full stop.
  public var message: String
  public var description: String { message }
}

/// How many spot instances could be had in one zone over time, sampled at equal gaps.
///
/// Held as runs of equal counts, so that memory follows what changes. Reading is in the format of
/// skypilot-org/spot-traces (Wu et al., "Can't Be Late: Optimizing Spot Instance Savings under Deadlines",
/// NSDI 2024): `{"metadata": {"gap_seconds": 300}, "data": [0, 3, 16, …]}`.
public struct SpotTrace: Sendable, Hashable {
  /// Equal samples in a row.
  public struct Run: Sendable, Hashable {
    /// Instances that could be had.
    public var level: Int
    /// How many samples long, 1 or more.
    public var points: Int
  }

  /// Between two samples, at least a second.
  public let gap: Ticks
  /// At least one.
  public let runs: [Run]
  /// How many samples.
  public let points: Int

  /// Limits of what is read: more is no trace of a machine's life.
  static let pointsMaximum = 10_000_000
  static let levelMaximum = 1_000_000

  /// A trace of counts, each standing for one gap; `nil` without counts, for a negative one, or when the
  /// whole outlasts the range of time.
  public init?(gap: Ticks, counts: some Sequence<Int>) {
    var runs: [Run] = []
    var points = 0
    for level in counts {
      if level < 0 || level > Self.levelMaximum || points == Self.pointsMaximum { return nil }
      points += 1
      if runs.last?.level == level {
        runs[runs.count - 1].points += 1
      } else {
        runs.append(Run(level: level, points: 1))
      }
    }
    let isTooLong = gap.count.multipliedReportingOverflow(by: Int64(points)).overflow
    guard points > 0, gap.count >= Ticks.perSecond, !isTooLong else { return nil }
    self.gap = gap
    self.runs = runs
    self.points = points
  }

  /// Reads a file of the format above; other members are passed over.
  /// - Complexity: O(bytes).
  public static func read(_ bytes: [UInt8]) throws(SpotTraceFault) -> SpotTrace {
    let document: NumberDocument
    do throws(ConfigFault) {
      document = try NumberDocument(bytes)
    } catch {
      throw SpotTraceFault(message: error.description)
    }
    guard let gap = document.number(at: "metadata", "gap_seconds") else {
      throw SpotTraceFault(message: "'metadata' has no number 'gap_seconds'")
    }
    guard gap >= 1, gap <= 1e7 else {
      throw SpotTraceFault(message: "'gap_seconds' is \(gap); it must lie between 1 s and 10,000,000 s")
    }
    guard let data = document.numbers(of: "data"), !data.isEmpty else {
      throw SpotTraceFault(message: "'data' is no list of counts, or is empty")
    }
    var counts: [Int] = []
    counts.reserveCapacity(data.count)
    for (index, number) in data.enumerated() {
      guard let count = number.flatMap({ Int(exactly: $0) }), (0...levelMaximum).contains(count) else {
        throw SpotTraceFault(message: "item \(index) of 'data' is no whole number from 0 to \(levelMaximum)")
      }
      counts.append(count)
    }
    guard let trace = SpotTrace(gap: Ticks(seconds: gap), counts: counts) else {
      throw SpotTraceFault(message: "the trace lasts longer than 18 years, or has too many samples")
    }
    return trace
  }

  /// How long it lasts.
  public var duration: Ticks { gap * Int64(points) }

  /// The share of the samples with at least `nodes` instances.
  public func availability(of nodes: Int) -> Double {
    Double(runs.reduce(0) { $0 + ($1.level >= nodes ? $1.points : 0) }) / Double(points)
  }

  /// How often at least `nodes` instances became fewer.
  public func losses(of nodes: Int) -> Int {
    zip(runs, runs.dropFirst()).reduce(0) { $0 + ($1.0.level >= nodes && $1.1.level < nodes ? 1 : 0) }
  }

  /// Time with at least `nodes` instances ÷ losses; `nil` when none was lost.
  public func meanUp(of nodes: Int) -> Seconds? {
    let losses = losses(of: nodes)
    return losses == 0 ? nil : Seconds(duration.seconds * availability(of: nodes) / Double(losses))
  }

  /// The most instances at any time.
  public var levelMaximum: Int { runs.reduce(0) { max($0, $1.level) } }

  /// Lengths of the stretches with at least `nodes` instances (`up`) or fewer (`down`) in seconds, in order.
  /// The trace is taken as a ring, so that no stretch is cut at its ends.
  public func stretches(of nodes: Int) -> (up: [Double], down: [Double]) {
    var merged: [(isUp: Bool, points: Int)] = []
    for run in runs {
      let isUp = run.level >= nodes
      if merged.last?.isUp == isUp {
        merged[merged.count - 1].points += run.points
      } else {
        merged.append((isUp, run.points))
      }
    }
    if merged.count > 1, merged[0].isUp == merged[merged.count - 1].isUp {
      merged[0].points += merged.removeLast().points
    }
    let seconds = gap.seconds
    return (
      merged.filter(\.isUp).map { Double($0.points) * seconds },
      merged.filter { !$0.isUp }.map { Double($0.points) * seconds }
    )
  }
}
