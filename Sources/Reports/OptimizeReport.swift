import Experiments
import Scenario

extension OptimizeResults {
  /// The answer for people: the front, what each design takes, and what cannot hold the thresholds.
  ///
  /// - Parameter limit: rows of trials off the front, the best first; the files have all of them.
  public func table(style: TextStyle, limit: Int = 8) -> String {
    var text = "\(style.apply(.bold, to: TextStyle.printable(manifest.scenario)))  \(identity)\n\n"
    if front.isEmpty {
      text += style.apply(.bold, to: "Nothing tried holds every threshold.") + "\n\n"
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
      return "\(method.design) by \(method.method), \(method.points)\(possible) points"
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
    if let less = oneLess(best) { sentence += "; \(less)" }
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

  /// Along one whole number: what fails beside the best.
  private func oneLess(_ best: Int) -> String? {
    guard trials[best].values.count == 1, let own = Int(trials[best].values[0].value) else { return nil }
    let near = trials.filter { trial in
      trial.design == trials[best].design && trial.status == .infeasible && trial.values.count == 1
        && Int(trial.values[0].value) != nil
    }.min { left, right in
      abs(Int(left.values[0].value)! - own) < abs(Int(right.values[0].value)! - own)
    }
    guard let near, let broken = near.mostBroken else { return nil }
    return "\(near.values[0].value) \(Self.failure(broken))"
  }
}
