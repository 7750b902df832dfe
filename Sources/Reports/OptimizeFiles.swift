import Experiments
import Scenario

extension OptimizeResults {
  /// A row for every trial: its values, its objectives with their intervals, its thresholds, and how it
  /// stands.
  ///
  /// - Complexity: O(trials × columns).
  public func csv() -> String {
    let judged = judgedThresholds
    var table = CSVText(
      header: ["trial", "design"] + variables + ["replications", "gpus"]
        + objectives.flatMap { [$0.metric.text, "\($0.metric.text)_ci_low", "\($0.metric.text)_ci_high"] }
        .map(Self.quoted)
        + judged.map { Self.quoted($0.text) }
        + ["status", "slack", "tightest_threshold", "dominated_by", "surely_dominated", "fault"])
    for trial in trials {
      let values = variables.map { path -> CSVText.Cell in
        let text = trial.values.first { $0.path == path }?.value ?? ""
        return Double(text) == nil ? .text(text) : .decimal(text)
      }
      let estimates = trial.objectives.flatMap {
        [CSVText.Cell.number($0.value), .number($0.low), .number($0.high)]
      }
      let thresholds = judged.map { threshold -> CSVText.Cell in
        .number(Self.worst(trial.thresholds.filter { $0.threshold == threshold })?.value)
      }
      let (tight, slack) = (trial.mostBroken ?? trial.tightest, (trial.mostBroken ?? trial.tightest)?.slack)
      table.append(
        [.integer(trial.number), .text(trial.design)] + values
          + [.integer(trial.replications), .integer(trial.accelerators)] + estimates + thresholds
          + [
            .text(trial.status.rawValue), .number(slack), .text(tight?.threshold.text ?? ""),
            .integer(trial.dominatedBy),
            .text(trial.dominatedBy == nil ? "" : trial.isSurelyDominated ? "true" : "false"),
            .text(trial.fault ?? ""),
          ])
    }
    return table.text
  }

  /// Everything, with a manifest.
  public func json() -> String {
    let list: JSONValue = .object([
      ("manifest", manifest.json), ("variables", .array(variables.map(JSONValue.string))),
      (
        "objectives",
        .array(
          objectives.map {
            .object([
              ("metric", .string($0.metric.text)), ("sense", .string($0.isMaximized ? "max" : "min")),
            ])
          })
      ),
      (
        "methods",
        .array(
          methods.map {
            .object([
              ("design", .string($0.design)), ("method", .string($0.method)),
              ("points", .integer(Int64($0.points))), ("refused", .integer(Int64($0.refused))),
              ("possible", .optional($0.possible)),
            ])
          })
      ),
      ("front", .array(front.map { .integer(Int64(trials[$0].number)) })),
      ("hypervolume", .optional(hypervolume)), ("reference", .array(reference.map(JSONValue.number))),
      ("requirements", .array(requirements.map(json))), ("trials", .array(trials.map(json))),
      ("notes", .array(notes.map(JSONValue.string))),
    ])
    return list.text(wrapped: 2) + "\n"
  }

  private func json(_ requirement: Requirement) -> JSONValue {
    func number(_ index: Int?) -> JSONValue { .optional(index.map { trials[$0].number }) }
    return .object([
      ("design", .string(requirement.design)), ("best", number(requirement.best)),
      ("edge", number(requirement.edge?.holds)), ("equal", number(requirement.equal)),
      ("second", number(requirement.second)),
      ("fewest_gpus", number(requirement.fewestAccelerators ?? requirement.best)),
      ("certainty", .optional(requirement.certainty?.name)),
      ("neighbours", .optional(requirement.certainty?.neighbours?.of)),
      ("neighbours_tried", .optional(requirement.certainty?.neighbours?.closed)),
    ])
  }

  private func json(_ trial: Trial) -> JSONValue {
    .object(
      [
        ("trial", .integer(Int64(trial.number))), ("design", .string(trial.design)),
        ("values", .object(trial.values.map { ($0.path, .string($0.value)) })),
        ("replications", .integer(Int64(trial.replications))),
        ("gpus", .integer(Int64(trial.accelerators))), ("status", .string(trial.status.rawValue)),
        (
          "objectives",
          .array(
            zip(objectives, trial.objectives).map { objective, estimate in
              .object([
                ("metric", .string(objective.metric.text)), ("value", .optional(estimate.value)),
                ("unit", .string(estimate.unit)), ("ci_low", .optional(estimate.low)),
                ("ci_high", .optional(estimate.high)),
              ])
            })
        ),
        ("thresholds", .array(trial.thresholds.map(\.json))),
        ("dominated_by", .optional(trial.dominatedBy)), ("fault", .optional(trial.fault)),
      ] + (trial.dominatedBy == nil ? [] : [("surely_dominated", .bool(trial.isSurelyDominated))]))
  }

  private var judgedThresholds: [Threshold] {
    var judged: [Threshold] = []
    for state in trials.flatMap(\.thresholds) where !judged.contains(state.threshold) {
      judged.append(state.threshold)
    }
    return judged
  }

  private static func worst(_ states: [ThresholdState]) -> ThresholdState? {
    states.first { $0.slack == nil } ?? states.min { $0.slack! < $1.slack! }
  }

  /// A heading that holds a comma or quotes.
  private static func quoted(_ heading: String) -> String {
    guard heading.contains(",") || heading.contains("\"") else { return heading }
    return "\"" + heading.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}

extension OptimizeResults.Certainty {
  /// As files call it.
  fileprivate var name: String {
    switch self {
    case .everyPoint: "every-point"
    case .trends: "trends"
    case .neighbours: "neighbours"
    }
  }

  fileprivate var neighbours: (closed: Int, of: Int)? {
    if case .neighbours(let closed, let count) = self { (closed, count) } else { nil }
  }
}

extension ThresholdState {
  /// The threshold and where its value lies.
  public var json: JSONValue {
    .object([
      ("threshold", .string(threshold.text)), ("workload", .string(workload)), ("value", .optional(value)),
      ("ci_low", .optional(low)), ("ci_high", .optional(high)), ("holds", .bool(holds)),
      ("slack", .optional(slack)),
    ])
  }
}
