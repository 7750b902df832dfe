import Catalog
import Scenario
import Statistics

/// Two sets of results, figure by figure.
public struct ResultComparison: Sendable {
  /// In the order of the first set's rows, then what only the second has.
  public var changes: [MetricChange]
  /// What a reader of the verdicts should know.
  public var notes: [String]

  /// Which figures are compared.
  public struct Selection: Sendable, Hashable {
    /// Figures such as `p99(ttft_s)` or metrics such as `ttft_s` with all their statistics; empty for the
    /// usual ones: single numbers, means, and quantiles up to the 99th percentile.
    public var figures: [String]
    /// Changes up to this share are noise.
    public var noise: Double

    public init(figures: [String] = [], noise: Double = 0.02) {
      self.figures = figures
      self.noise = noise
    }

    /// Extremes and spreads of samples, and how many there were, say little of a change.
    static let unusual = ["min", "max", "std", "count", "p99.9"]

    func covers(_ row: ResultSet.Row) -> Bool {
      if figures.isEmpty { return !Self.unusual.contains(row.statistic) }
      return figures.contains(row.metric) || figures.contains(row.figure)
    }

    /// Figures that neither set has, with the nearest name that one has.
    ///
    /// - Complexity: O(rows).
    public func unknown(in sets: [ResultSet]) -> [(name: String, nearest: String?)] {
      var known: [String] = []
      var seen: Set<String> = []
      for row in sets.lazy.flatMap(\.rows) {
        for name in [row.metric, row.figure] where seen.insert(name).inserted { known.append(name) }
      }
      return figures.filter { !seen.contains($0) }.map { ($0, Catalog.nearest(to: $0, among: known)) }
    }
  }

  /// How many figures have a verdict.
  public func count(_ verdict: MetricChange.Verdict) -> Int { changes.count { $0.verdict == verdict } }
  /// Whether anything could be held against anything.
  public var isEmpty: Bool { changes.allSatisfy { $0.verdict == .incomparable } }
  /// What got worse beyond noise.
  public var regressions: [MetricChange] { changes.filter { $0.verdict == .regressed } }

  /// Holds the second set against the first.
  ///
  /// Figures of one metric, statistic and workload are one family: over its designs and points, calling any
  /// of them different by chance happens once in twenty at most.
  ///
  /// - Parameter isJudged: false for two that stand side by side, of which none is to be as good as the
  ///   other: what differs has `changed`.
  /// - Complexity: O(rows).
  public init(
    before: ResultSet, after: ResultSet, selection: Selection = Selection(), isJudged: Bool = true
  ) {
    let (left, right) = (Figures(before, selection), Figures(after, selection))
    changes = left.order.map { Self.change($0, left.groups[$0], right.groups[$0]) }
    changes += right.order.filter { left.groups[$0] == nil }.map { Self.change($0, nil, right.groups[$0]) }
    Self.correct(&changes)
    for index in changes.indices where changes[index].verdict != .identical {
      changes[index].judge(noise: selection.noise, isJudged: isJudged)
    }
    notes = Self.notes(before, after, changes) + Self.lengthNotes(before, after)
    for (set, figures) in [(before, left), (after, right)] where figures.repeated > 0 {
      notes.append(
        "\(set.name): \(figures.repeated) rows stand there more than once; the last of each counts")
    }
  }

  // MARK: Rows that belong together

  private struct Key: Hashable {
    var design: String
    var workload: String
    var point: [String]
    var metric: String
    var statistic: String
  }

  private struct Group {
    var unit: String
    var total: ResultSet.Row?
    var replicates: [Int: Double] = [:]
    var seed: UInt64?

    /// Leaves some replications, and no value over all of them.
    mutating func keep(_ replications: [Int]) {
      total = nil
      replicates = replicates.filter { replications.contains($0.key) }
    }
  }

  private struct Figures {
    var groups: [Key: Group] = [:]
    var order: [Key] = []
    /// Rows that say another time what an earlier row said.
    var repeated = 0

    init(_ set: ResultSet, _ selection: Selection) {
      for row in set.rows where selection.covers(row) {
        let point = zip(set.pointColumns, row.point).filter { !$0.1.isEmpty }.map { "\($0.0)=\($0.1)" }
        let key = Key(
          design: row.design, workload: row.workload, point: point.sorted(), metric: row.metric,
          statistic: row.statistic)
        if groups[key] == nil {
          order.append(key)
          groups[key] = Group(unit: row.unit, seed: row.seed)
        }
        if let replication = row.replication {
          if groups[key]?.replicates[replication] != nil { repeated += 1 }
          // A replication without a value is no replication of the figure.
          groups[key]?.replicates[replication] = row.value
        } else {
          if groups[key]?.total != nil { repeated += 1 }
          groups[key]?.total = row
        }
      }
      if set.isOneRun {
        for key in order {
          let value = groups[key]?.total?.value
          groups[key]?.replicates = value.map { [0: $0] } ?? [:]
        }
      }
    }
  }

  // MARK: Figures

  private static func change(_ key: Key, _ left: Group?, _ right: Group?) -> MetricChange {
    let better = Metric.named(key.metric)?.better(key.statistic) ?? .neither
    var change = MetricChange(
      design: key.design, workload: key.workload, point: key.point, metric: key.metric,
      statistic: key.statistic, unit: left?.unit ?? right?.unit ?? "", better: better,
      before: left.flatMap(value), after: right.flatMap(value), basis: .values, verdict: .incomparable)
    guard var left, var right else { return change }
    if left.unit != right.unit && !left.unit.isEmpty && !right.unit.isEmpty { return change }
    if change.before == nil && change.after == nil {
      // Unknown as before: nothing came, nothing went.
      change.verdict = .identical
      return change
    }
    if let seed = left.seed, seed == right.seed, left.replicates.count != right.replicates.count {
      // What one side has more of is no change of the system.
      let common = left.replicates.keys.filter { right.replicates[$0] != nil }
      change.isOfCommonRuns = !common.isEmpty
      if !common.isEmpty {
        left.keep(common)
        right.keep(common)
        (change.before, change.after) = (value(left), value(right))
      } else if MetricReader.overReplications.contains(key.metric) {
        // A quantile over five runs is no figure of one of them.
        return change
      }
    }
    guard let before = change.before, let after = change.after else { return change }
    if before == after && left.replicates == right.replicates && left.seed == right.seed {
      change.verdict = .identical
    }
    measure(&change, before, after, left, right)
    return change
  }

  private static func value(_ group: Group) -> Double? {
    if let total = group.total { return total.value }
    let values = group.replicates.keys.sorted().compactMap { group.replicates[$0] }
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// Sets the intervals from the firmest basis there is.
  private static func measure(
    _ change: inout MetricChange, _ before: Double, _ after: Double, _ left: Group, _ right: Group
  ) {
    let common = left.replicates.keys.filter { right.replicates[$0] != nil }.sorted()
    var comparison: SampleComparison?
    if let seed = left.seed, seed == right.seed, common.count > 1 {
      comparison = SampleComparison(
        paired: common.compactMap { left.replicates[$0] }, common.compactMap { right.replicates[$0] })
    } else if left.replicates.count > 1 && right.replicates.count > 1 {
      func values(_ group: Group) -> [Double] {
        group.replicates.keys.sorted().compactMap { group.replicates[$0] }
      }
      comparison = SampleComparison(independent: values(left), values(right))
    }
    if let comparison, comparison.difference != nil {
      change.basis = comparison.pairing == .paired ? .paired : .independent
      change.replications = comparison.count
      (change.difference, change.ratio) = (comparison.difference, comparison.ratio)
      change.adjustedPValue = comparison.pValue
      return
    }
    let gap = after - before
    var half = 0.0
    if let first = halfWidth(left.total), let second = halfWidth(right.total) {
      change.basis = .intervals
      half = (first * first + second * second).squareRoot()
    }
    change.difference = Interval(estimate: gap, low: gap - half, high: gap + half)
    if before != 0 {
      let (share, width) = (after / before, half / before.magnitude)
      change.ratio = Interval(estimate: share, low: share - width, high: share + width)
    }
  }

  private static func halfWidth(_ row: ResultSet.Row?) -> Double? {
    guard let low = row?.low, let high = row?.high else { return nil }
    return (high - low) / 2
  }

  private struct Family: Hashable {
    var metric: String
    var statistic: String
    var workload: String
  }

  private static func correct(_ changes: inout [MetricChange]) {
    var families: [Family: [Int]] = [:]
    var order: [Family] = []
    for (index, change) in changes.enumerated() where change.adjustedPValue != nil {
      let family = Family(metric: change.metric, statistic: change.statistic, workload: change.workload)
      if families[family] == nil { order.append(family) }
      families[family, default: []].append(index)
    }
    for members in order.compactMap({ families[$0] }) {
      let adjusted = holmAdjusted(members.map { changes[$0].adjustedPValue ?? 1 })
      for (index, value) in zip(members, adjusted) { changes[index].adjustedPValue = value }
    }
  }

  /// Says of runs that were sent other numbers of requests: of another length or load. Files say nothing else
  /// of how long a run was.
  private static func lengthNotes(_ before: ResultSet, _ after: ResultSet) -> [String] {
    var offered = Selection()
    offered.figures = ["offered"]
    let (left, right) = (Figures(before, offered), Figures(after, offered))
    for key in left.order {
      guard let one = left.groups[key].flatMap(value), let other = right.groups[key].flatMap(value),
        one > 0, other > 0, max(one, other) > 1.05 * min(one, other)
      else { continue }
      return [
        "\(key.design), \(key.workload) was sent \(MoneyWords.whole(one)) requests before and "
          + "\(MoneyWords.whole(other)) after: runs of another length or load differ in more than what was "
          + "changed"
      ]
    }
    return []
  }

  private static func notes(
    _ before: ResultSet, _ after: ResultSet, _ changes: [MetricChange]
  ) -> [String] {
    var notes = [before, after].filter { $0.isComplete == false }.map {
      "\($0.name) was stopped before its end: its figures cover only what ran"
    }
    let used = changes.filter { $0.verdict != .incomparable && $0.verdict != .identical }
    if used.contains(where: { $0.basis == .independent }) {
      notes.append(
        "the seeds differ: runs are compared as drawn apart, which shows less than pairs of one seed")
    }
    if let first = changes.first(where: \.isOfCommonRuns) {
      notes.append(
        "one set has more replications: those of the same seed that both have are compared, "
          + "such as \(first.replications ?? 1) of \(first.place)")
    }
    if used.contains(where: { $0.basis == .intervals }) {
      notes.append("figures without rows of single replications are compared by their intervals alone")
    }
    if used.contains(where: { $0.basis == .values }) {
      notes.append(
        "figures of single runs are compared as they stand: nothing tells chance from change in them")
    }
    let incomparable = changes.filter { $0.verdict == .incomparable }
    let oneSided = incomparable.filter { $0.before == nil || $0.after == nil }
    let known = incomparable.filter { $0.before != nil && $0.after != nil }
    let overRuns = known.filter { MetricReader.overReplications.contains($0.metric) }
    let inUnits = known.filter { !overRuns.contains($0) }
    if let first = overRuns.first {
      notes.append("\(overRuns.count) figures are over other replications, such as \(first.place)")
    }
    if let first = inUnits.first {
      notes.append(
        "\(inUnits.count) figures stand in two units, such as \(first.place): nothing is said of them")
    }
    if !oneSided.isEmpty {
      notes.append("\(oneSided.count) figures are known on one side alone, such as \(oneSided[0].place)")
    }
    return notes
  }
}
