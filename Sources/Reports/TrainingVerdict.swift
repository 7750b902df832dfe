import Experiments

extension RunResults {
  /// The cheapest training of the designs that hold every threshold, in one sentence; `nil` where something
  /// else is compared.
  func trainingVerdict(_ names: [String]) -> String? {
    let isTraining = rows.contains { $0.metric == "cost_per_training_run" }
    let isServing = rows.contains { $0.metric == "ttft_s" }
    guard isTraining, !isServing else { return nil }
    func sum(_ design: String) -> Double? {
      let own = rows.filter {
        $0.design == design && $0.replication == nil && $0.metric == "cost_per_training_run"
      }
      let known = own.compactMap(\.value)
      return own.isEmpty || known.count < own.count ? nil : known.reduce(0, +)
    }
    let priced = names.compactMap { name in sum(name).map { (name, $0) } }.sorted { $0.1 < $1.1 }
    guard let best = priced.first else {
      return verdicts.isEmpty ? "No run came to its end." : "Thresholds hold, but no run came to its end."
    }
    let unit = rows.first { $0.metric == "cost_per_training_run" }?.unit ?? ""
    let others = priced.dropFirst().map { name, cost in
      let ratio = (cost / best.1 * 100).rounded() / 100
      let words = ratio == 1 ? "costs the same" : "costs \(HumanNumber.plain(ratio)) times as much"
      return "; \(TextStyle.printable(name)) \(words)"
    }.joined()
    let what = verdicts.isEmpty ? "Cheapest run" : "Cheapest run that holds every threshold"
    return "\(what): \(TextStyle.printable(best.0)), \(HumanNumber.text(best.1, unit: unit))\(others)."
  }
}
