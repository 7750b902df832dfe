/// Finds the numbers of a scenario that costs and load rest on.
enum InputFinder {
  /// In the order of the file; what it leaves to defaults is left out, prices of the catalogue are not.
  static func inputs(of written: Written) -> [SensitivitySettings.Input] {
    var found: [SensitivitySettings.Input] = []
    walk(written, ScenarioShape.root, "", &found)
    // Emissions have no price: only who asks for them is told what moves them.
    let asksForCarbon = written["sensitivity"]?["objective"]?.text?.hasPrefix("carbon") == true
    return asksForCarbon ? found : found.filter { !$0.path.contains("carbon") }
  }

  /// Whether a path is the price of a pool, which the catalogue knows where the file does not say it.
  static func isPrice(_ path: String) -> Bool {
    path.hasSuffix(".purchase.price") || path.hasSuffix(".pricing") || path.hasSuffix(".pricing.price")
  }

  private static func walk(
    _ value: Written, _ shape: Shape, _ path: String, _ found: inout [SensitivitySettings.Input]
  ) {
    if isCatalogued(value, path) {
      let key = path.hasSuffix(".purchase") ? "\(path).price" : path
      found.append(.init(path: key, number: nil, unit: ""))
    }
    guard let members = value.members else { return }
    for member in members {
      let inner = path.isEmpty ? member.key : "\(path).\(member.key)"
      let below: Shape
      if case .map(let shape) = shape {
        below = shape
      } else if let key = shape.knownKeys.first(where: { $0.name == member.key }) {
        below = key.shape
      } else {
        continue
      }
      if let text = member.value.text, isInput(inner), let number = WrittenNumber(text), number.number > 0,
        case let place = ScenarioPath(shape: below, value: member.value), place.isNumeric
      {
        found.append(
          .init(path: inner, number: number.number, unit: number.unit, isWhole: place.isWhole))
      } else {
        walk(member.value, below, inner, &found)
      }
    }
  }

  /// A pool that is paid as the catalogue says.
  private static func isCatalogued(_ value: Written, _ path: String) -> Bool {
    let keys = path.split(separator: ".")
    guard keys.count == 5, keys[0] == "designs", keys[2] == "pools" else { return false }
    if keys[4] == "purchase" { return value.members != nil && value["price"] == nil }
    return keys[4] == "pricing" && value.text == "on-demand"
  }

  /// Prices, energy, people, load, failures and utilisation.
  private static func isInput(_ path: String) -> Bool {
    let keys = path.split(separator: ".").map(String.init)
    guard let last = keys.last else { return false }
    if keys[0] == "workloads" {
      return ["rate", "mean", "users", "speed"].contains(last)
        && keys.count > 3 && ["arrivals", "trace", "prompt-tokens", "output-tokens"].contains(keys[2])
    }
    guard keys[0] == "designs", keys.count > 3 else { return false }
    let names = [
      "electricity", "pue", "price", "life", "residual", "fte", "salary", "node-mtbf", "accelerator-mtbf",
      "software-mtbf", "repair", "restart", "on-demand-price", "gpu-memory-utilization", "space",
      "demand-charge", "rack-price", "carbon", "embodied-carbon",
    ]
    return names.contains(last)
  }
}
