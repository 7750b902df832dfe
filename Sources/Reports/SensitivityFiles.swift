import Experiments
import Scenario
import Statistics

extension SensitivityResults {
  /// A row for every input and design, the widest swing first.
  public func csv() -> String {
    var table = CSVText(header: [
      "input", "unit", "base", "low", "high", "repriced", "design", "objective", "objective_base",
      "objective_low", "objective_high", "elasticity", "winner", "winner_low", "winner_high",
      "break_even_below", "winner_below", "break_even_above", "winner_above",
    ])
    for effect in effects {
      for response in effect.designs {
        table.append([
          .text(effect.path), .text(Self.trimmed(effect.unit)), .number(effect.base), .number(effect.low),
          .number(effect.high), .text(effect.isRepriced ? "true" : "false"), .text(response.design),
          .text(objective.text), .number(response.base), .number(response.low), .number(response.high),
          .number(response.elasticity), .text(effect.winner ?? ""), .text(effect.winnerLow ?? ""),
          .text(effect.winnerHigh ?? ""), .number(effect.breakEvenBelow?.value),
          .text(effect.breakEvenBelow?.winner ?? ""), .number(effect.breakEvenAbove?.value),
          .text(effect.breakEvenAbove?.winner ?? ""),
        ])
      }
    }
    return table.text
  }

  /// A row for every draw and design; `nil` when nothing was uncertain.
  public func drawsCSV() -> String? {
    guard let outlook else { return nil }
    var table = CSVText(
      header: ["draw"] + outlook.inputs.map(\.input.path)
        + ["design", "objective", "value", "holds", "cheapest", "winner"])
    for (number, draw) in outlook.draws.enumerated() {
      for (index, design) in designs.map(\.design).enumerated() {
        table.append(
          [.integer(number + 1)] + draw.values.map { .number($0) }
            + [
              .text(design), .text(objective.text), .number(draw.objectives[index]),
              .text(draw.holds[index] ? "true" : "false"), .text(draw.cheapest ?? ""),
              .text(draw.winner ?? ""),
            ])
      }
    }
    return table.text
  }

  /// Everything but the draws, with a manifest.
  public func json() -> String {
    let value: JSONValue = .object([
      ("manifest", manifest.json), ("objective", .string(objective.text)), ("unit", .string(unit)),
      ("spread", .number(spread)), ("winner", .optional(winner)),
      (
        "designs",
        .array(
          designs.map {
            .object([
              ("design", .string($0.design)), ("objective", .optional($0.objective)),
              ("holds", .bool($0.holds)),
            ])
          })
      ),
      ("effects", .array(effects.map(json))), ("outlook", outlook.map(json) ?? .null),
      ("verdict", .string(verdict)), ("notes", .array(notes.map(JSONValue.string))),
    ])
    return value.text(wrapped: 2) + "\n"
  }

  private func json(_ effect: Effect) -> JSONValue {
    .object([
      ("input", .string(effect.path)), ("unit", .string(Self.trimmed(effect.unit))),
      ("base", .number(effect.base)), ("low", .number(effect.low)), ("high", .number(effect.high)),
      ("repriced", .bool(effect.isRepriced)),
      (
        "designs",
        .array(
          effect.designs.map {
            .object([
              ("design", .string($0.design)), ("base", .optional($0.base)), ("low", .optional($0.low)),
              ("high", .optional($0.high)), ("elasticity", .optional($0.elasticity)),
            ])
          })
      ),
      ("winner", .optional(effect.winner)), ("winner_low", .optional(effect.winnerLow)),
      ("winner_high", .optional(effect.winnerHigh)),
      ("break_even_below", effect.breakEvenBelow.map(Self.json) ?? .null),
      ("break_even_above", effect.breakEvenAbove.map(Self.json) ?? .null),
    ])
  }

  private static func json(_ point: BreakEven) -> JSONValue {
    .object([
      ("value", .number(point.value)), ("winner", .optional(point.winner)),
      ("former_winner_holds", .bool(point.formerHolds)),
    ])
  }

  private func json(_ outlook: Outlook) -> JSONValue {
    func chance(_ interval: Interval?) -> JSONValue {
      guard let interval else { return .null }
      return .object([
        ("estimate", .number(interval.estimate)), ("ci_low", .number(interval.low)),
        ("ci_high", .number(interval.high)),
      ])
    }
    let designs = outlook.designs.map { one -> JSONValue in
      .object([
        ("design", .string(one.design)), ("cheapest", chance(one.cheapest)), ("holds", chance(one.holds)),
        ("cheapest_and_holds", chance(one.cheapestAndHolds)), ("cheapest_of_holding", chance(one.chosen)),
        ("p5", .optional(one.low)), ("p50", .optional(one.median)), ("p95", .optional(one.high)),
      ])
    }
    return .object([
      ("draws", .integer(Int64(outlook.draws.count))), ("sampling", .string(outlook.sampling.rawValue)),
      ("repriced", .bool(outlook.isRepriced)),
      ("inputs", .array(outlook.inputs.map { .string($0.input.path) })), ("designs", .array(designs)),
    ])
  }

  private static func trimmed(_ unit: String) -> String { String(unit.drop { $0 == " " }) }
}
