import Quantities

extension Resolver {
  /// Reads `until: { metric: "p99(ttft_s)", relative-half-width: 5%, max-replications: 200 }`.
  mutating func stoppingRule(
    _ root: Written, workloads: [InferenceWorkload], designs: [Design]
  ) -> StoppingRule? {
    guard let until = root["until"], let written = until["metric"] else { return nil }
    let figure = selector(
      written.text ?? "", written, "until.metric", workloads: workloads, designs: designs,
      help: "such as 'p99(ttft_s{workload=chat})' or 'goodput_ratio'")
    let width =
      quantity(until["relative-half-width"], .ratio)
      ?? standing(0.05, at: "until.relative-half-width", as: "5%")
    if let own = until["relative-half-width"], !(width > 0 && width < 1) {
      fault(
        own, "until.relative-half-width", "the half-width is a share of the figure, above 0 and below 100 %",
        help: "such as 5%")
    }
    let most =
      integer(until["max-replications"]) ?? standing(200, at: "until.max-replications", as: "200")
    if let first = root["replications"], let count = integer(first), count > most {
      fault(
        first, "replications", "\(count) replications are more than `until` allows, \(most)",
        help: "`replications` are those before the first look; raise until.max-replications")
    }
    return figure.map {
      StoppingRule(figure: $0, relativeHalfWidth: width, maximumReplications: most)
    }
  }
}
