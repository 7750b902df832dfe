import Experiments
import Scenario

/// Lines of the ask-tell protocol: what the program that chooses points is told.
public enum AskTellLines {
  /// The first line: what may be chosen and what for.
  public static func space(_ answers: PointAnswers, _ settings: OptimizeSettings, scenario: Scenario)
    -> String
  {
    let variables = settings.variables.map { variable -> JSONValue in
      var members: [(String, JSONValue)] = [("path", .string(variable.path))]
      switch variable.domain {
      case .integer(let from, let to, let by):
        members += [
          ("type", .string("integer")), ("from", .integer(Int64(from))), ("to", .integer(Int64(to))),
          ("by", .integer(Int64(by))),
        ]
      case .continuous(let from, let to, let unit, let isLogarithmic):
        members += [
          ("type", .string("continuous")), ("from", .number(from)), ("to", .number(to)),
          ("unit", .string(unit)), ("scale", .string(isLogarithmic ? "log" : "linear")),
        ]
      case .choice(let values):
        members += [("type", .string("choice")), ("values", .array(values.map(JSONValue.string)))]
      }
      if let designs = variable.designs {
        members.append(("designs", .array(designs.map(JSONValue.string))))
      }
      return .object(members)
    }
    let objectives = answers.objectives.map { objective -> JSONValue in
      .object([
        ("metric", .string(objective.metric.text)), ("sense", .string(objective.isMaximized ? "max" : "min")),
      ])
    }
    return JSONValue.object([
      (
        "space",
        .object([
          ("scenario", .string(scenario.name)), ("version", .string(Experiment.version)),
          ("designs", .array(answers.designNames.map(JSONValue.string))),
          ("variables", .array(variables)), ("objectives", .array(objectives)),
          ("thresholds", .array(scenario.thresholds.map { .string($0.text) })),
          ("replications", .integer(Int64(answers.replications))),
        ])
      )
    ]).text()
  }

  /// The answer to a question: values of the objectives, and how far the point is from feasible.
  public static func tell(
    _ question: PointAnswers.Question, _ trial: OptimizeResults.Trial, violation: Double
  ) -> String {
    JSONValue.object([
      (
        "tell",
        .object([
          ("id", id(question.id)), ("design", .string(trial.design)),
          ("values", .array(trial.objectives.map { .optional($0.value) })),
          ("feasible", .bool(trial.isFeasible)), ("violation", .number(violation)),
          ("gpus", .integer(Int64(trial.accelerators))),
          ("replications", .integer(Int64(trial.replications))),
          ("thresholds", .array(trial.thresholds.map(\.json))), ("fault", .optional(trial.fault)),
        ])
      )
    ]).text()
  }

  /// A line that could not be answered. The next one may be.
  public static func error(id: PointAnswers.Identifier?, _ message: String) -> String {
    JSONValue.object([
      ("error", .object([("id", self.id(id)), ("message", .string(message))]))
    ]).text()
  }

  private static func id(_ id: PointAnswers.Identifier?) -> JSONValue {
    switch id {
    case nil: .null
    case .number(let number): Int64(exactly: number).map { .integer($0) } ?? .number(number)
    case .text(let text): .string(text)
    }
  }
}
