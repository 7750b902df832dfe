import Experiments
import Scenario

extension OptimizeResults {
  /// The answer for people: the front, what each design takes, and what cannot hold the thresholds.
  ///
  /// - Parameter limit: rows of trials off the front, the best first; the files have all of them.
  public func table(style: TextStyle, limit: Int = 8) -> String {
    var text = "\(style.apply(.bold, to: TextStyle.printable(manifest.scenario)))  \(identity)\n\n"
    if front.isEmpty {
      text += style.apply(.bold, to: nothingWords) + "\n\n"
    } else {
      text += style.apply(.bold, to: objectives.count > 1 ? "Pareto front" : "Best") + volumeWords + "\n"
      text += rows(front, style: style) + "\n"
      let others = trials.indices.filter { trials[$0].status == .dominated }
        .sorted { Pareto.precedes(order($0), order($1)) }
      if !others.isEmpty {
        text += style.apply(.bold, to: "Dominated") + more(others.count, limit) + "\n"
        text += rows(Array(others.prefix(limit)), style: style) + "\n"
      }
    }
    let broken = trials.indices.filter { [.infeasible, .impossible].contains(trials[$0].status) }
      .sorted { Pareto.precedes(order($0), order($1)) }
    if !broken.isEmpty {
      text += style.apply(.bold, to: "Not feasible") + more(broken.count, limit) + "\n"
      text += rows(Array(broken.prefix(limit)), style: style) + "\n"
    }
    text += style.apply(.bold, to: "What does it take?") + "\n"
    for requirement in requirements { text += "  \(TextStyle.printable(words(requirement)))\n" }
    if !notes.isEmpty { text += "\n" }
    for note in notes { text += style.apply(.dim, to: "note: \(TextStyle.printable(note))") + "\n" }
    if let reason = manifest.stoppedBy { text += "\nIncomplete: \(reason); more may be found.\n" }
    return text
  }

  private var identity: String {
    let runs = trials.reduce(0) { $0 + $1.replications }
    let parts = methods.map { method in
      let possible = method.possible.map { " of \($0)" } ?? ""
      let refused = method.refused > 0 ? ", \(method.refused) of them refused without a run" : ""
      return "\(method.design) by \(method.method), \(method.points)\(possible) points\(refused)"
    }
    let head =
      "seed \(manifest.seed), \(runs) runs, \(manifest.replications) replications of contenders, dryrack "
      + manifest.version
    return head + "\n" + TextStyle.printable(parts.joined(separator: "; "))
  }

  private var volumeWords: String {
    guard let hypervolume else { return "" }
    let corner = zip(objectives, reference).map { "\($0.metric.text) \(HumanNumber.plain($1))" }
    return "  (hypervolume \(HumanNumber.plain(hypervolume)) up to \(corner.joined(separator: ", ")))"
  }

  private var nothingWords: String {
    guard let trial = trials.first(where: { $0.isUnknown && $0.thresholds.allSatisfy(\.holds) }) else {
      return "Nothing tried holds every threshold."
    }
    return "Nothing that holds every threshold has a value of \(unknown(trial))."
  }

  /// The objectives that a trial has no value of.
  private func unknown(_ trial: Trial) -> String {
    zip(objectives, trial.objectives).filter { $1.value == nil }.map(\.0.metric.text)
      .joined(separator: " and ")
  }

  private func more(_ count: Int, _ limit: Int) -> String {
    count > limit ? "  (\(limit) of \(count); --format csv shows all)" : ""
  }

  /// Feasible ones by the first objective, others by what they are off.
  private func order(_ index: Int) -> ([Double], Int) {
    let trial = trials[index]
    if trial.isFeasible {
      let values = zip(objectives, trial.objectives).map { objective, estimate in
        (estimate.value ?? .infinity) * (objective.isMaximized ? -1 : 1)
      }
      return (values, index)
    }
    let off = trial.thresholds.filter { !$0.holds }.map { $0.slack.map { -$0 } ?? 1e6 }.reduce(0, +)
    return ([trial.fault == nil ? off : 1e9], index)
  }

  private func rows(_ chosen: [Int], style: TextStyle) -> String {
    // Paths of different designs that end alike share a column.
    var shown: [String] = []
    for value in chosen.flatMap({ trials[$0].values }) where !shown.contains(Self.shortName(value.path)) {
      shown.append(Self.shortName(value.path))
    }
    var table = TextTable(widthLimit: 34)
    table.appendHeader(
      ["  #", "design"] + shown + ["GPUs"] + objectives.map(\.metric.text)
        + ["slack / what fails", "better is"])
    for index in chosen {
      let trial = trials[index]
      let values = shown.map { path in trial.values.first { Self.shortName($0.path) == path }?.value ?? "" }
      table.append(
        ["  \(trial.number)", trial.design] + values + [trial.fault == nil ? "\(trial.accelerators)" : ""]
          + trial.objectives.map(Self.words) + [state(trial), better(trial)])
    }
    return table.text(style: style)
  }

  /// The end of a path that tells it apart.
  private static func shortName(_ path: String) -> String {
    path.split(separator: ".").suffix(2).joined(separator: ".")
  }

  static func words(_ estimate: Estimate) -> String {
    guard let value = estimate.value else { return "–" }
    return HumanNumber.text(
      .init(value: value, unit: estimate.unit, low: estimate.low, high: estimate.high))
  }

  private func state(_ trial: Trial) -> String {
    if let fault = trial.fault { return fault }
    if let broken = trial.mostBroken { return Self.failure(broken) }
    if trial.isUnknown { return "\(unknown(trial)) is unknown" }
    guard let tight = trial.tightest, let slack = tight.slack else { return "" }
    return "\(HumanNumber.fixed(slack * 100, decimals: 0)) % to \(tight.threshold.text)"
  }

  private static func failure(_ state: ThresholdState) -> String {
    let value = state.value.map(HumanNumber.plain) ?? "unknown"
    return "fails \(state.threshold.text): \(value)"
  }

  private func better(_ trial: Trial) -> String {
    trial.dominatedBy.map { "\($0)\(trial.isSurelyDominated ? "" : ", perhaps by chance")" } ?? ""
  }

  // MARK: What it takes

  private func words(_ requirement: Requirement) -> String {
    guard let best = requirement.best else {
      let own = trials.indices.filter {
        trials[$0].design == requirement.design && trials[$0].status == .infeasible
      }.sorted { Pareto.precedes(order($0), order($1)) }
      if let held = own.first(where: { trials[$0].isUnknown && trials[$0].thresholds.allSatisfy(\.holds) }) {
        return
          "\(requirement.design): \(unknown(trials[held])) is unknown wherever the thresholds hold, as at "
          + "\(place(held)); nothing can be ranked by it."
      }
      guard let near = own.first, let broken = trials[near].mostBroken else {
        let fault = trials.first { $0.design == requirement.design && $0.fault != nil }?.fault
        return "\(requirement.design): "
          + (fault.map { "nothing tried can be run: \($0)." } ?? "nothing was tried to its end.")
      }
      return "\(requirement.design): nothing tried holds every threshold; the nearest is \(place(near)), "
        + "which \(Self.failure(broken))."
    }
    var sentence = "\(requirement.design): \(place(best)), \(amount(best))"
    if let tight = trials[best].tightest, let slack = tight.slack {
      let percent = HumanNumber.fixed(slack * 100, decimals: 1)
      sentence += "; slack \(percent) % to '\(tight.threshold.text)'"
    }
    if let edge = requirement.edge, edge.holds == best { sentence += "; \(words(edge))" }
    if let certainty = requirement.certainty { sentence += "; \(words(certainty))" }
    if let edge = requirement.edge, edge.holds != best {
      sentence += ". The edge of what holds: \(place(edge.holds)), \(amount(edge.holds)); \(words(edge))"
    }
    if let equal = requirement.equal {
      let others = zip(objectives, trials[equal].objectives).dropFirst()
      sentence +=
        ". No dearer: \(place(equal)), with "
        + others.map { "\($0.metric.text) \(Self.words($1))" }.joined(separator: ", ")
    }
    if let second = requirement.second { sentence += ". Second best: \(place(second)), \(amount(second))" }
    if let fewest = requirement.fewestAccelerators {
      sentence += ". Fewest GPUs: \(place(fewest)), \(amount(fewest))"
    }
    return sentence + "."
  }

  private func place(_ index: Int) -> String {
    let values = trials[index].values.map { "\(Self.shortName($0.path)) = \($0.value)" }
    return values.isEmpty ? "as written" : values.joined(separator: ", ")
  }

  private func amount(_ index: Int) -> String {
    let trial = trials[index]
    let first = zip(objectives, trial.objectives).prefix(1).map { "\($0.metric.text) \(Self.words($1))" }
    let machines = trial.accelerators > 0 ? ["\(trial.accelerators) GPUs"] : []
    return (machines + first).joined(separator: ", ")
  }

  private func words(_ edge: Edge) -> String {
    guard let fails = edge.fails else { return "the least of the range holds" }
    let broken = trials[fails].mostBroken.map(Self.failure) ?? "does not hold"
    let chance = trials[fails].mayHold ? ", perhaps by chance" : ""
    let words = "\(trials[fails].values[0].value) \(broken)\(chance)"
    return edge.isSharp ? "the \(edge.isLeast ? "least" : "most") that holds: \(words)" : words
  }

  private func words(_ certainty: Certainty) -> String {
    let isCost = objectives.first?.metric.metric.hasPrefix("cost") ?? false
    let better = isCost ? "cheaper" : "better"
    switch certainty {
    case .everyPoint: return "every point was tried"
    case .trends: return "nothing \(better) holds, if the trends of the tried points go on"
    case .neighbours(let closed, let count) where closed == count:
      return "not proved: none of its \(count) neighbours is \(better) and holds, others may"
    case .neighbours(let closed, let count):
      return "not proved: \(closed) of \(count) neighbours tried"
    }
  }
}
