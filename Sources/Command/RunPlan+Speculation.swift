import DryRack

/// Smaller models: beside the large one, or instead of it.
extension RunPlan {
  static func speculation(of deployment: Deployment) -> [Line] {
    guard let speculation = deployment.speculation else { return [] }
    let settings = speculation.settings
    let mean = SpeculationSettings.tokensPerStep(drafted: settings.drafted, acceptance: settings.acceptance)
    let draft =
      switch speculation.draft {
      case .model(let shape): "drafted by \(shape.name)"
      case .share(let share): "each for \((share * 1e4).rounded() / 100) % of a step"
      }
    return [
      Line(name: "speculation", value: "\(settings.drafted) tokens a step, \(draft)"),
      Line(
        name: "tokens a step", value: "\((mean * 1000).rounded() / 1000)",
        source: "(1 − α^(k+1)) / (1 − α), α = \(settings.acceptance)"),
    ]
  }

  static func substitute(of service: Service, currency: String) -> [Line] {
    (service.model.map { [Line(name: "model served instead", value: $0.name)] } ?? [])
      + service.oneOffCosts.map { Line(name: "one-off: \($0.name)", value: "\($0.cost) \(currency)") }
  }
}
