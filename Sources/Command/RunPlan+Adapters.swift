import DryRack

/// Adapters: who asks for them, and where they are.
extension RunPlan {
  static func adapters(of workload: InferenceWorkload) -> [Line] {
    guard let adapters = workload.adapters else { return [] }
    let percent = (adapters.share * 1e4).rounded() / 100
    let value = "\(adapters.count), zipf \(adapters.zipf), asked for by \(percent) % of the requests"
    return [Line(name: "adapters", value: value)]
  }

  static func adapters(of deployment: Deployment) -> [Line] {
    guard let adapters = deployment.adapters else { return [] }
    let targets = adapters.shape.targets.map(\.rawValue).joined(separator: " ")
    let each = (adapters.bytes.value / 1_048_576 * 100).rounded() / 100
    func milliseconds(_ time: Seconds) -> String { "\((time.value * 1e5).rounded() / 100) ms" }
    var lines = [
      Line(
        name: "adapter slots", value: "\(adapters.slots) of rank \(adapters.shape.rank) beside \(targets)"),
      Line(name: "an adapter", value: "\(each) MiB", source: "rank × Σ (in + out) × 2 B"),
      Line(
        name: "from the host", value: "\(milliseconds(adapters.copyTime)), \(adapters.hostSlots) held there",
        source: adapters.loading == .blocking ? "while steps wait" : "beside the steps"),
    ]
    if adapters.storage != nil {
      lines.append(Line(name: "from storage", value: "\(milliseconds(adapters.fetchTime)) more"))
    }
    return lines
  }
}
