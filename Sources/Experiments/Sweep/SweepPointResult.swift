import Scenario

/// What came out of one point of a sweep.
public struct SweepPointResult: Sendable, Hashable {
  /// Number of the point in its space, from 0.
  public var index: Int
  /// The values of the parameters, in their order.
  public var values: [Value]
  /// Identity of the scenario at this point.
  public var scenarioHash: String
  public var seed: UInt64
  /// What ended its runs early other than a limit of the user, in words; `nil` when they came to their end.
  public var stoppedBy: String?
  /// How its designs fared, in their order; empty without thresholds.
  public var verdicts: [Verdict]
  public var rows: [MetricRow]
  public var notes: [String]

  /// The value of a parameter, as a table shows it.
  public enum Value: Sendable, Hashable {
    case number(Double)
    case text(String)
  }

  /// Thresholds that were judged on a design, and those of them that held.
  public struct Verdict: Sendable, Hashable {
    public var design: String
    public var judged: Int
    public var held: Int
  }

  init(index: Int, values: [Value], results: RunResults, keepsReplications: Bool) {
    self.index = index
    self.values = values
    scenarioHash = results.manifest.scenarioHash
    seed = results.manifest.seed
    stoppedBy = results.manifest.stoppedBy
    notes = results.notes
    rows = keepsReplications ? results.rows : results.rows.filter { $0.replication == nil }
    verdicts = []
    for verdict in results.verdicts {
      if verdicts.last?.design != verdict.design, !verdicts.contains(where: { $0.design == verdict.design }) {
        verdicts.append(Verdict(design: verdict.design, judged: 0, held: 0))
      }
      let place = verdicts.firstIndex { $0.design == verdict.design }!
      verdicts[place].judged += 1
      if verdict.holds { verdicts[place].held += 1 }
    }
  }
}

/// Results as bytes: lines of fields between tabs, numbers so that they read back as the same ones.
extension SweepPointResult {
  var encoded: [UInt8] {
    var text = ""
    text.reserveCapacity(256 + rows.count * 64)
    func add(_ kind: String, _ fields: [String]) {
      text += kind
      for field in fields {
        text += "\t"
        // No name holds one; a note or a cell of text might.
        let isPlain = field.utf8.allSatisfy { $0 != 9 && $0 != 10 }
        text += isPlain ? field : String(field.map { $0 == "\t" || $0.isNewline ? " " : $0 })
      }
      text += "\n"
    }
    func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    add("run", ["\(index)", scenarioHash, "\(seed)", stoppedBy ?? ""])
    for value in values {
      switch value {
      case .number(let value): add("number", [number(value)])
      case .text(let value): add("text", [value])
      }
    }
    for verdict in verdicts { add("verdict", [verdict.design, "\(verdict.judged)", "\(verdict.held)"]) }
    for note in notes { add("note", [note]) }
    for row in rows {
      add(
        "row",
        [
          row.design, row.workload, row.replication.map(String.init) ?? "", row.metric, row.statistic,
          number(row.value), row.unit, number(row.low), number(row.high),
          row.messageBytes.map(String.init) ?? "",
        ])
    }
    return Array(text.utf8)
  }

  /// What `encoded` gave; `nil` for bytes that it did not give.
  init?(encoded bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    var lines = text.utf8.split(separator: 10)[...]
    func fields(_ line: Substring.UTF8View) -> [String] {
      line.split(separator: 9, omittingEmptySubsequences: false).map { String($0) ?? "" }
    }
    guard let head = lines.popFirst().map(fields), head.count == 5, head[0] == "run",
      let index = Int(head[1]),
      let seed = UInt64(head[3])
    else { return nil }
    self.index = index
    scenarioHash = head[2]
    self.seed = seed
    stoppedBy = head[4].isEmpty ? nil : head[4]
    (values, verdicts, rows, notes) = ([], [], [], [])
    for line in lines {
      let fields = fields(line)
      switch (fields[0], fields.count) {
      case ("number", 2):
        guard let value = Double(fields[1]) else { return nil }
        values.append(.number(value))
      case ("text", 2): values.append(.text(fields[1]))
      case ("note", 2): notes.append(fields[1])
      case ("verdict", 4):
        guard let judged = Int(fields[2]), let held = Int(fields[3]) else { return nil }
        verdicts.append(Verdict(design: fields[1], judged: judged, held: held))
      case ("row", 11): rows.append(Self.row(fields))
      default: return nil
      }
    }
  }

  private static func row(_ fields: [String]) -> MetricRow {
    var row = MetricRow(
      design: fields[1], workload: fields[2], replication: Int(fields[3]), metric: fields[4],
      statistic: fields[5], value: Double(fields[6]), unit: fields[7], low: Double(fields[8]),
      high: Double(fields[9]))
    row.messageBytes = Int64(fields[10])
    return row
  }
}
