import Experiments
import Statistics

extension ResultComparison {
  /// What changed, most troubling first, then how many figures did not.
  ///
  /// - Parameter isFull: whether to show what stayed within noise and what is identical.
  public func table(style: TextStyle, isFull: Bool = false) -> String {
    var table = TextTable(widthLimit: 60)
    let shown: [MetricChange.Verdict] =
      [.regressed, .improved, .changed] + (isFull ? [.withinNoise, .identical, .incomparable] : [])
    for verdict in shown {
      let found = changes.filter { $0.verdict == verdict }
      if found.isEmpty { continue }
      table.append([TextTable.Cell(text: verdict.rawValue, mark: verdict.mark)])
      for change in found {
        table.append([
          "  \(change.place)",
          "\(Self.text(change.before, change.unit)) → \(Self.text(change.after, change.unit))",
          change.size,
        ])
      }
    }
    var text = table.text(style: style)
    if !text.isEmpty { text += "\n" }
    for note in notes { text += style.apply(.dim, to: "note: \(TextStyle.printable(note))") + "\n" }
    return text + summary + "\n"
  }

  /// Such as `2 regressed, 1 improved, 14 within noise, 122 identical`.
  public var summary: String {
    let parts = MetricChange.Verdict.allCases.compactMap { verdict -> String? in
      let number = count(verdict)
      return number == 0 ? nil : "\(number) \(verdict.rawValue)"
    }
    return parts.isEmpty ? "nothing to compare" : parts.joined(separator: ", ")
  }

  private static func text(_ value: Double?, _ unit: String) -> String {
    value.map { HumanNumber.text($0, unit: unit) } ?? "unknown"
  }

  /// A row a figure.
  public func csv() -> String {
    var table = CSVText(header: [
      "design", "workload", "point", "metric", "statistic", "unit", "before", "after", "difference",
      "difference_low", "difference_high", "ratio", "ratio_low", "ratio_high", "p_value_holm", "replications",
      "basis", "verdict",
    ])
    for change in changes {
      table.append([
        .text(change.design), .text(change.workload), .text(change.point.joined(separator: ";")),
        .text(change.metric), .text(change.statistic), .text(change.unit), .number(change.before),
        .number(change.after), .number(change.difference?.estimate), .number(change.difference?.low),
        .number(change.difference?.high), .number(change.ratio?.estimate), .number(change.ratio?.low),
        .number(change.ratio?.high), .number(change.adjustedPValue), .integer(change.replications),
        .text(change.basis.rawValue), .text(change.verdict.rawValue),
      ])
    }
    return table.text
  }

  /// Counts, notes and every figure.
  public func json() -> String {
    let counts = MetricChange.Verdict.allCases.map { verdict in
      (verdict.rawValue, JSONValue.integer(Int64(count(verdict))))
    }
    return JSONValue.object([
      ("counts", .object(counts)), ("notes", .array(notes.map(JSONValue.string))),
      ("changes", .array(changes.map(\.json))),
    ]).text(wrapped: 2) + "\n"
  }
}

extension MetricChange.Verdict {
  fileprivate var mark: TextStyle.Mark {
    switch self {
    case .regressed: .bad
    case .improved: .good
    default: .bold
    }
  }
}

extension MetricChange {
  /// Such as `1.08 ± 0.02 ×`.
  fileprivate var size: String {
    guard verdict != .identical, verdict != .incomparable else { return "" }
    if let ratio { return "\(DifferenceText.interval(ratio)) ×" }
    guard let difference else { return "" }
    let sign = difference.estimate > 0 ? "+" : ""
    let half =
      difference.halfWidth > 0 ? " ± \(HumanNumber.text(difference.halfWidth, unit: unit))" : ""
    return "\(sign)\(HumanNumber.text(difference.estimate, unit: unit))\(half)"
  }

  /// The change in a sentence, such as `buy, chat: p99(ttft_s) regressed, 0.5 s → 0.6 s (1.2 ± 0.01 ×)`.
  public var sentence: String {
    let size = size.isEmpty ? "" : " (\(size))"
    let values = [before, after].map { $0.map { HumanNumber.text($0, unit: unit) } ?? "unknown" }
    return "\(place) \(verdict.rawValue), \(values[0]) → \(values[1])\(size)"
  }

  fileprivate var json: JSONValue {
    .object([
      ("design", .string(design)), ("workload", .string(workload)),
      ("point", .array(point.map(JSONValue.string))), ("metric", .string(metric)),
      ("statistic", .string(statistic)), ("unit", .string(unit)), ("better", .string(better.rawValue)),
      ("before", .optional(before)), ("after", .optional(after)),
      ("difference", .optional(difference?.estimate)), ("difference_low", .optional(difference?.low)),
      ("difference_high", .optional(difference?.high)), ("ratio", .optional(ratio?.estimate)),
      ("ratio_low", .optional(ratio?.low)), ("ratio_high", .optional(ratio?.high)),
      ("p_value_holm", .optional(adjustedPValue)), ("replications", .optional(replications)),
      ("basis", .string(basis.rawValue)), ("verdict", .string(verdict.rawValue)),
    ])
  }
}

extension ResultSet {
  /// The rows as a tidy table again, for baselines.
  ///
  /// - Complexity: O(rows).
  public func csv() -> String {
    var table = CSVText(
      header: ["run_id", "design", "workload"] + pointColumns + [
        "replication", "metric", "statistic", "value", "unit", "ci_low", "ci_high",
      ])
    for row in rows {
      let place: [CSVText.Cell] = [.text(row.run), .text(row.design), .text(row.workload)]
      table.append(
        place + row.point.map { .text($0) } + [
          .integer(row.replication), .text(row.metric), .text(row.statistic), .number(row.value),
          .text(row.unit), .number(row.low), .number(row.high),
        ])
    }
    return table.text
  }
}
