import Experiments

extension CalibrationReport {
  /// The answer for people: the runs, the coefficients with their intervals, the errors before and after, and
  /// what to keep in mind.
  public func table(style: TextStyle) -> String {
    var text = style.apply(.bold, to: TextStyle.printable("\(engine) on \(accelerator), \(model)"))
    text += "  design \(TextStyle.printable(design)), service \(TextStyle.printable(service))\n\n"
    text += runTable(style) + "\n" + parameterTable(style) + "\n" + errorTable(style)
    if !notes.isEmpty { text += "\n" }
    for note in notes { text += style.apply(.dim, to: "note: \(TextStyle.printable(note))") + "\n" }
    return text
  }

  private func runTable(_ style: TextStyle) -> String {
    var table = TextTable(widthLimit: 72)
    table.appendHeader(["measurement", "figures", "date", ""])
    for (group, most) in [(runs.filter(\.isUsed), 40), (runs.filter { !$0.isUsed }, 5)] {
      for run in group.prefix(most) {
        // The folder is the same for all, and the user's own words.
        let name = run.name.split(separator: "/").last.map(String.init) ?? run.name
        table.append([name, run.isUsed ? "\(run.figures)" : "–", run.date, run.notes.joined(separator: "; ")])
      }
      if group.count > most {
        let what = group[0].isUsed ? "" : " left out"
        table.append(["and \(group.count - most) more\(what)", "", "", ""])
      }
    }
    return table.text(style: style)
  }

  private func parameterTable(_ style: TextStyle) -> String {
    var table = TextTable(widthLimit: 40)
    table.appendHeader(["coefficient", "before", "fitted", "95 % interval", ""])
    for estimate in parameters {
      let unit = estimate.parameter.unit
      func shown(_ value: Double) -> String { HumanNumber.text(value, unit: unit) }
      let (low, high) = estimate.interval
      table.append([
        estimate.parameter.key, shown(estimate.parameter.start), shown(estimate.value),
        "\(shown(low)) … \(shown(high))",
        estimate.isAtBound ? "at its bound" : estimate.isDetermined ? "" : "not determined",
      ])
    }
    return table.text(style: style)
  }

  private func errorTable(_ style: TextStyle) -> String {
    var table = TextTable(widthLimit: 40)
    let isValidated = errors.contains { $0.leftOut != nil }
    table.appendHeader(
      ["error: median / 90th / bias", "n", "before", "after"] + (isValidated ? ["left out"] : []))
    for row in errors {
      table.append(
        [row.figure, "\(row.after.count)", Self.words(row.before), Self.words(row.after)]
          + (row.leftOut.map { [Self.words($0)] } ?? []))
    }
    return table.text(style: style)
  }

  private static func words(_ errors: ErrorStatistics) -> String {
    func percent(_ value: Double?, signed: Bool = false) -> String {
      guard let value else { return "–" }
      let text = HumanNumber.fixed(value * 100, decimals: 1)
      return signed && value > 0 ? "+\(text)" : text
    }
    return
      "\(percent(errors.median)) / \(percent(errors.ninetieth)) / \(percent(errors.bias, signed: true)) %"
  }

  /// Everything as JSON, the overlay's facts included.
  public func json() -> String {
    let document: JSONValue = .object([
      ("scenario", .string(scenario)), ("design", .string(design)), ("service", .string(service)),
      ("engine", .string(engine)), ("accelerator", .string(accelerator)), ("model", .string(model)),
      ("date", .string(date)), ("runs", .array(runs.map(Self.value))),
      ("parameters", .array(parameters.map(Self.value))), ("errors", .array(errors.map(Self.value))),
      ("notes", .array(notes.map(JSONValue.string))),
      (
        "overlay",
        .array(
          overlay.map { item in
            .object([
              ("kind", .string(item.kind.rawValue)), ("name", .string(item.fact.name)),
              ("key", .string(item.fact.key)), ("value", .string(item.fact.value)),
              ("unit", .string(item.fact.unit)), ("note", .string(item.fact.note)),
            ])
          })
      ),
    ])
    return document.text(wrapped: 2) + "\n"
  }

  private static func value(_ run: Run) -> JSONValue {
    .object([
      ("name", .string(run.name)), ("format", .string(run.format)), ("date", .string(run.date)),
      ("figures", .integer(Int64(run.figures))), ("used", .bool(run.isUsed)),
      ("notes", .array(run.notes.map(JSONValue.string))),
    ])
  }

  private static func value(_ estimate: CalibrationFit.Estimate) -> JSONValue {
    let (low, high) = estimate.interval
    return .object([
      ("key", .string(estimate.parameter.key)), ("unit", .string(estimate.parameter.unit)),
      ("before", .number(estimate.parameter.start)), ("value", .number(estimate.value)),
      ("ci_low", .number(low)), ("ci_high", .number(high)), ("determined", .bool(estimate.isDetermined)),
      ("at_bound", .bool(estimate.isAtBound)),
    ])
  }

  private static func value(_ row: Errors) -> JSONValue {
    func statistics(_ errors: ErrorStatistics?) -> JSONValue {
      guard let errors else { return .null }
      return .object([
        ("count", .integer(Int64(errors.count))), ("median", .optional(errors.median)),
        ("p90", .optional(errors.ninetieth)), ("bias", .optional(errors.bias)),
      ])
    }
    return .object([
      ("figure", .string(row.figure)), ("before", statistics(row.before)), ("after", statistics(row.after)),
      ("left_out", statistics(row.leftOut)),
    ])
  }
}
