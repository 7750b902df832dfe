import Experiments
import Scenario
import Statistics

extension SensitivityResults {
  /// The answer for people: how the designs respond to each input, what flips the winner, and how sure the
  /// decision is.
  public func table(style: TextStyle) -> String {
    var text = "\(style.apply(.bold, to: TextStyle.printable(manifest.scenario)))  \(identity)\n\n"
    text += standpoints(style) + "\n"
    if !effects.isEmpty {
      let percent = HumanNumber.plain(spread * 100)
      text += style.apply(.bold, to: "One input at a time, ±\(percent) %: \(objective.text)") + "\n"
      text += tornado(style) + "\n"
      let title = designs.count > 1 ? "What flips the winner" : "What makes \(designs[0].design) fail"
      text += style.apply(.bold, to: TextStyle.printable(title)) + "\n"
      for line in flips() { text += "  \(TextStyle.printable(line))\n" }
      text += "\n"
    }
    if let outlook { text += self.text(of: outlook, style) + "\n" }
    for note in notes { text += style.apply(.dim, to: "note: \(TextStyle.printable(note))") + "\n" }
    if let reason = manifest.stoppedBy {
      text += "Incomplete: \(reason); inputs are missing.\n"
    } else {
      text += verdict + "\n"
    }
    return text
  }

  private var identity: String {
    let count = manifest.replications
    return "seed \(manifest.seed), \(count) replication\(count == 1 ? "" : "s"), dryrack \(manifest.version)"
  }

  private func money(_ value: Double?) -> String { value.map { HumanNumber.text($0, unit: unit) } ?? "–" }

  private func standpoints(_ style: TextStyle) -> String {
    var table = TextTable(widthLimit: 40)
    table.appendHeader(["  as written", objective.text, "thresholds"])
    for design in designs {
      let isTie = equals.count > 1
      let isBest = isTie ? equals.contains(design.design) : designs.count > 1 && design.design == winner
      let mark = isBest ? (isTie ? "  ← ties" : "  ← wins") : ""
      table.append([
        "  \(design.design)", money(design.objective), (design.holds ? "hold" : "fail") + mark,
      ])
    }
    return table.text(style: style)
  }

  private func tornado(_ style: TextStyle) -> String {
    var table = TextTable(widthLimit: 64)
    table.appendHeader(
      ["  input", "value"] + designs.flatMap { ["\($0.design): from … to", "elasticity"] } + [""])
    let widest = effects.map(\.swing).max() ?? 0
    for effect in effects {
      let length = widest > 0 ? Int((effect.swing / widest * 16).rounded(.up)) : 0
      let cells = effect.designs.flatMap { response -> [String] in
        guard response.swing > 0 else { return ["·", "0"] }
        let elasticity = response.elasticity.map { HumanNumber.fixed($0, decimals: 2) } ?? "–"
        return ["\(plain(response.low)) … \(plain(response.high))", elasticity]
      }
      table.append(
        ["  \(effect.path)", value(effect.base, effect)] + cells
          + [String(repeating: "█", count: length) + (effect.isRepriced ? "" : " (simulated)")])
    }
    return table.text(style: style)
  }

  private func plain(_ value: Double?) -> String { value.map(HumanNumber.plain) ?? "–" }

  private func value(_ value: Double, _ effect: Effect) -> String {
    HumanNumber.plain(value) + (effect.unit.hasPrefix(" ") || effect.unit.isEmpty ? "" : " ")
      + effect.unit + (effect.path.hasPrefix("endpoints.") ? "/1M output" : "")
  }

  /// Nearest first.
  private func flips() -> [String] {
    let near = effects.filter { $0.distance != nil }.sorted { $0.distance! < $1.distance! }
    let lines = near.flatMap { effect -> [String] in
      [(effect.breakEvenBelow, "falls below"), (effect.breakEvenAbove, "exceeds")].compactMap { point, verb in
        point.map { sentence(effect, $0, verb) }
      }
    }
    let rest = effects.filter { $0.distance == nil }.map(\.path)
    let quiet = rest.isEmpty ? [] : ["nothing within reach: " + rest.joined(separator: ", ")]
    return lines + quiet
  }

  private func sentence(_ effect: Effect, _ point: BreakEven, _ verb: String) -> String {
    let change = HumanNumber.fixed(abs(point.value / effect.base - 1) * 100, decimals: 0)
    let direction = point.value > effect.base ? "+" : "−"
    let place = "when \(effect.path) \(verb) \(value(point.value, effect)) (\(direction)\(change) %)"
    switch (winner, point.winner) {
    case (let old?, let new?) where point.formerHolds: return "\(new) becomes cheaper than \(old) \(place)"
    case (let old?, let new?):
      return "\(old) fails a threshold, and \(new) is the cheapest that holds, \(place)"
    case (let old?, nil) where designs.count == 1: return "\(old) fails a threshold \(place)"
    case (let old?, nil): return "\(old) fails a threshold, and so do the others, \(place)"
    case (nil, let new?): return "\(new) holds its thresholds \(place)"
    default: return place
    }
  }

  private func text(of outlook: Outlook, _ style: TextStyle) -> String {
    let kind = outlook.sampling == .latinHypercube ? "a Latin hypercube" : "random numbers"
    let runs = outlook.isRepriced ? "the same runs at other prices" : "a run a design and draw"
    var text = style.apply(
      .bold, to: "\(outlook.draws.count) draws of \(outlook.inputs.count) uncertain inputs")
    text += "  (\(kind), \(runs))\n"
    var table = TextTable(widthLimit: 40)
    table.appendHeader([
      "  design", "P(cheapest)", "P(holds)", "P(cheapest and holds)", "P(cheapest of those that hold)",
      "5 % … median … 95 %",
    ])
    for design in outlook.designs {
      table.append([
        "  \(design.design)", Self.share(design.cheapest), Self.share(design.holds),
        Self.share(design.cheapestAndHolds), Self.share(design.chosen),
        "\(plain(design.low)) … \(plain(design.median)) … \(plain(design.high)) \(unit)",
      ])
    }
    return text + table.text(style: style)
  }

  private static func share(_ interval: Interval?) -> String {
    guard let interval else { return "–" }
    func percent(_ value: Double) -> String { HumanNumber.fixed(value * 100, decimals: 1) }
    return "\(percent(interval.estimate)) % (\(percent(interval.low))–\(percent(interval.high)))"
  }

  /// In one sentence.
  public var verdict: String {
    guard let winner else { return "No design holds every threshold." }
    let name = TextStyle.printable(winner)
    let (own, chance) = outlookWords(winner)
    if equals.count > 1 {
      let names = equals.map(TextStyle.printable)
      let list = names.dropLast().joined(separator: ", ") + " and " + names[names.count - 1]
      return "\(list) come to the same \(objective.text): none of them wins\(chance)."
    }
    if effects.isEmpty {
      return designs.count == 1 ? "\(name) holds its thresholds\(chance)." : "\(name) wins\(chance)."
    }
    let nearest = effects.filter { $0.distance != nil }.min { $0.distance! < $1.distance! }
    let percent = HumanNumber.fixed((nearest?.distance ?? 0) * 100, decimals: 0)
    let path = TextStyle.printable(nearest?.path ?? "")
    if designs.count == 1 {
      guard nearest != nil else {
        return "\(name) is the only design, and no input moved alone makes it fail within reach\(chance)."
      }
      return "\(name) is the only design: there is nothing to win; what makes it fail first is \(path), "
        + "\(percent) % away\(chance)."
    }
    let wins = own ? "wins" : "wins with the values as written alone"
    guard let point = nearest?.nearest else {
      return "\(name) \(wins), and no input moved alone changes that within reach\(chance)."
    }
    let goal = point.winner == nil ? "where no design holds its thresholds" : "another winner"
    return "\(name) \(wins); what decides most is \(path), \(percent) % away from \(goal)\(chance)."
  }

  /// How often the winner is chosen under the uncertain inputs, and whether no other design is so more often.
  private func outlookWords(_ winner: String) -> (isLikeliest: Bool, words: String) {
    guard let outlook, let own = outlook.designs.first(where: { $0.design == winner })?.chosen else {
      return (true, "")
    }
    // The first of equals, the winner before others.
    var likeliest = (design: winner, chance: own)
    for other in outlook.designs {
      if let chance = other.chosen, chance.estimate > likeliest.chance.estimate {
        likeliest = (other.design, chance)
      }
    }
    if likeliest.design == winner {
      return (
        true, "; under the uncertain inputs it is the cheapest that holds in \(Self.share(own)) of draws"
      )
    }
    return (
      false,
      "; under the uncertain inputs \(TextStyle.printable(likeliest.design)) is the cheapest that holds in "
        + "\(Self.share(likeliest.chance)) of draws, and \(TextStyle.printable(winner)) in \(Self.share(own))"
    )
  }
}
