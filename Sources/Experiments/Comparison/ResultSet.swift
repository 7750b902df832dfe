/// Rows of results as files hold them, of one run or of many points of a sweep, to be held against others.
public struct ResultSet: Sendable {
  /// One number.
  public struct Row: Sendable, Hashable {
    /// `HASH-SEED` of the run; empty where the file does not say.
    public var run: String
    public var design: String
    public var workload: String
    /// Values of the point columns, in the order of `ResultSet.pointColumns`; empty where none is written.
    public var point: [String]
    /// `nil` for the row over all replications.
    public var replication: Int?
    public var metric: String
    public var statistic: String
    /// `nil` when unknown.
    public var value: Double?
    public var unit: String
    public var low: Double?
    public var high: Double?

    public init(
      run: String, design: String, workload: String, point: [String], replication: Int?, metric: String,
      statistic: String, value: Double?, unit: String, low: Double?, high: Double?
    ) {
      self.run = run
      self.design = design
      self.workload = workload
      self.point = point
      self.replication = replication
      self.metric = metric
      self.statistic = statistic
      self.value = value
      self.unit = unit
      self.low = low
      self.high = high
    }

    /// The seed at the end of the run's name; `nil` without one.
    var seed: UInt64? { run.split(separator: "-").last.flatMap { UInt64($0) } }
    /// The metric as thresholds name it.
    var figure: String { statistic == "value" ? metric : "\(statistic)(\(metric))" }
  }

  /// Where it was read, in the words of the user.
  public var name: String
  /// Columns beside the fixed ones: the parameters of a sweep, or the size of a collective's message.
  public var pointColumns: [String]
  public var rows: [Row]
  /// False when the run was stopped before its end; `nil` where the file does not say.
  public var isComplete: Bool?

  public init(name: String, pointColumns: [String], rows: [Row], isComplete: Bool? = nil) {
    self.name = name
    self.pointColumns = pointColumns
    self.rows = rows
    self.isComplete = isComplete
  }

  /// The rows of a run that was just made.
  ///
  /// - Complexity: O(rows).
  public init(_ results: RunResults, run: String, name: String = "this run") {
    let hasMessages = results.rows.contains { $0.messageBytes != nil }
    self.init(
      name: name, pointColumns: hasMessages ? ["message_bytes"] : [],
      rows: results.rows.map { row in
        Row(
          run: run, design: row.design, workload: row.workload,
          point: hasMessages ? [row.messageBytes.map { String($0) } ?? ""] : [],
          replication: row.replication, metric: row.metric, statistic: row.statistic, value: row.value,
          unit: row.unit, low: row.low, high: row.high)
      }, isComplete: results.manifest.complete)
  }

  /// Whether its rows over all replications are those of replication 0 alone: with more, there would be an
  /// interval or rows of single ones.
  ///
  /// - Complexity: O(rows).
  var isOneRun: Bool { rows.allSatisfy { $0.replication == nil && $0.low == nil && $0.high == nil } }

  /// The designs in the order of their first rows.
  ///
  /// - Complexity: O(rows).
  public var designs: [String] {
    var seen: Set<String> = []
    return rows.compactMap { seen.insert($0.design).inserted ? $0.design : nil }
  }

  /// The rows of some designs.
  public func only(designs: [String]) -> ResultSet {
    var set = self
    let wanted = Set(designs)
    set.rows = rows.filter { wanted.contains($0.design) }
    return set
  }

  /// The rows of one design under another name, so that two designs can be held against each other.
  public func design(_ design: String, as name: String) -> ResultSet {
    var set = only(designs: [design])
    set.name = design
    for index in set.rows.indices { set.rows[index].design = name }
    return set
  }
}
