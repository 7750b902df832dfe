import Catalog
import Quantities
import Workloads

/// Smaller models: beside the large one, or instead of it.
extension Resolver {
  mutating func speculation(
    _ service: Written, _ path: String, model: ModelShape, batching: Batching
  ) -> Speculation? {
    guard let value = service["speculation"] else { return nil }
    let path = "\(path).speculation"
    if batching != .continuous {
      fault(
        value, path, "drafts are checked in continuous batches only",
        help: "leave `batching` out, or `speculation`")
      return nil
    }
    guard let tokens = integer(value["tokens"]), let acceptance = number(value["acceptance"]),
      let draft = draft(value, path, model: model)
    else { return nil }
    return Speculation(
      settings: SpeculationSettings(drafted: tokens, acceptance: acceptance), draft: draft)
  }

  private mutating func draft(_ value: Written, _ path: String, model: ModelShape) -> Speculation.Draft? {
    switch (value["draft"], value["draft-cost"]) {
    case (let written?, nil):
      guard let name = written.text, let shape = catalog.model(name) else { return nil }
      if shape.vocabulary != model.vocabulary {
        notes.append(
          "\(path): \(shape.name) knows \(shape.vocabulary) tokens, \(model.name) \(model.vocabulary); "
            + "a draft must speak the same")
      }
      return .model(shape)
    case (nil, let written?):
      let share = quantity(written, .ratio) ?? 0
      if share > 1 {
        fault(written, "\(path).draft-cost", "a drafted token takes at most a whole step")
        return nil
      }
      return .share(share)
    case (let written?, _?):
      fault(written, "\(path).draft", "a draft is a model or a cost, not both")
      return nil
    case (nil, nil):
      fault(value, path, "nothing says who drafts", help: "give `draft: MODEL` or `draft-cost: 5%`")
      return nil
    }
  }

  /// Blocks named for later requests are counted one by one: a step must not fill more than one of a
  /// sequence.
  mutating func checkSpeculation(
    _ service: Written, _ path: String, _ speculation: Speculation?, _ cache: CacheSettings?, blockSize: Int
  ) {
    if let speculation = service["speculation"], let cache, !cache.tiers.isEmpty {
      fault(
        speculation, "\(path).speculation",
        "speculation and tiers below the cache are not simulated together by this version",
        help: "leave one of them out")
    }
    guard let speculation, cache != nil, speculation.settings.drafted >= blockSize else { return }
    fault(
      service["speculation"]?["tokens"] ?? service, "\(path).speculation.tokens",
      "with a prefix cache a draft must be shorter than a KV block of \(blockSize) tokens",
      help: "draft fewer tokens, or set `cache: { prefix: false }`")
  }

  /// The workload as this service answers it: with another model where it names one.
  func answered(_ workload: InferenceWorkload, by service: Written) -> InferenceWorkload {
    guard let written = service["model"], let model = written.text.flatMap({ catalog.model($0) }) else {
      return workload
    }
    var workload = workload
    workload.model = model
    return workload
  }

  mutating func oneOffCosts(_ value: Written?, _ path: String) -> [OneOffCost] {
    (value?.items ?? []).enumerated().compactMap { index, item in
      let place = "\(path)[\(index)]"
      let name = item["name"]?.text ?? ""
      let all = [
        quantity(item["cost"], .money), number(item["gpu-hours"]), quantity(item["price"], .moneyPerHour),
      ]
      if let largest = all.compactMap({ $0 }).max(), largest > 1e9 {
        fault(item, place, "a one-off cost, its hours and their price are each at most a billion")
        return nil
      }
      switch (
        quantity(item["cost"], .money), number(item["gpu-hours"]), quantity(item["price"], .moneyPerHour)
      ) {
      case (let cost?, nil, nil): return OneOffCost(name: name, cost: Money(cost))
      case (nil, let hours?, let price?) where hours * price <= 1e10:
        return OneOffCost(name: name, cost: Money(price) * hours, acceleratorHours: hours)
      default:
        fault(
          item, place, "expected a `cost`, or `gpu-hours` and the `price` of one, at most 10 billion in all",
          help: "such as { name: distillation, cost: 40000 USD }")
        return nil
      }
    }
  }
}
