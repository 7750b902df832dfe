import Kernel
import Quantities
import Statistics
import Workloads

/// Requests that begin alike, and what replicas keep for them.
extension Resolver {
  mutating func sharedPrefix(_ workload: Written, _ path: String) -> SharedPrefix? {
    guard let value = workload["prefix"] else { return nil }
    let groups = integer(value["groups"]) ?? standing(1, at: "\(path).prefix.groups", as: "1")
    let zipf = number(value["zipf"]) ?? (groups > 1 ? standing(0, at: "\(path).prefix.zipf", as: "0") : 0)
    return SharedPrefix(tokens: integer(value["shared-tokens"]) ?? 0, groups: groups, zipf: zipf)
  }

  mutating func conversations(_ workload: Written, _ path: String) -> Conversations? {
    guard let value = workload["sessions"] else { return nil }
    let path = "\(path).sessions"
    let turns =
      value["turns"]?.text == nil
      ? value["turns"].flatMap { length($0, "\(path).turns") }
      : Distribution(.constant(Double(integer(value["turns"]) ?? 1)))
    let followUp = value["follow-up-tokens"].flatMap { length($0, "\(path).follow-up-tokens") }
    if value["follow-up-tokens"] == nil {
      _ = standing(0, at: "\(path).follow-up-tokens", as: "as prompt-tokens")
    }
    let share = quantity(value["answer-carried"], .ratio) ?? 1
    if share > 1 {
      fault(
        value["answer-carried"] ?? value, "\(path).answer-carried",
        "a prompt repeats at most all of an answer")
    }
    guard let turns else { return nil }
    return Conversations(
      turns: turns, thinkTime: thinkTime(value["think-time"], "\(path).think-time"), followUpTokens: followUp,
      maximumContext: integer(value["max-context"]) ?? 10_000_000, answerCarried: share)
  }

  private mutating func thinkTime(_ value: Written?, _ path: String) -> Distribution {
    guard let value else { return Distribution(.constant(standing(0, at: path, as: "0s"))) }
    let mean = quantity(value["mean"], .duration) ?? 0
    switch value["distribution"]?.text {
    case "exponential" where mean > 0: return Distribution(.exponential(mean: mean))
    case "lognormal" where mean > 0: return .lognormal(mean: mean, cv: number(value["cv"]) ?? 1)
    case "constant": return Distribution(.constant(quantity(value["value"], .duration) ?? 0))
    case nil: return Distribution(.constant(quantity(value, .duration) ?? 0))
    default: return Distribution(.constant(0))
    }
  }

  /// Traces tell when their requests came: conversations would have to change that. Recorded prefix blocks
  /// leave no room for others.
  mutating func checkTraceContent(_ workload: Written, _ path: String, _ trace: Trace?) {
    if let value = workload["sessions"] {
      fault(value, "\(path).sessions", "a trace stands instead of 'sessions'")
    }
    if let value = workload["prefix"], trace?.chains != nil {
      fault(value, "\(path).prefix", "the trace records its own prefixes")
    }
  }

  /// A cache is kept where requests begin alike, unless the scenario says otherwise.
  mutating func cache(
    _ service: Written, _ path: String, workload: InferenceWorkload, batching: Batching, memory: MemoryPlan,
    reusesPrompts: Bool
  ) -> CacheSettings? {
    let value = service["cache"]
    let wished = value?["prefix"]?.text.map { $0 == "true" }
    if wished == true && batching != .continuous {
      fault(
        value?["prefix"] ?? service, "\(path).cache.prefix",
        "only continuous batching keeps KV blocks for later requests",
        help: "leave `batching` out, or set `prefix: false`")
      return nil
    }
    let natural = workload.sharesPrefixes && batching == .continuous
    guard wished ?? natural else {
      if let tiers = value?["tiers"] {
        fault(
          tiers, "\(path).cache.tiers", "nothing is kept that a tier could hold",
          help: "set `prefix: true`, or give the workload `prefix` or `sessions`")
      }
      return nil
    }
    if !reusesPrompts {
      _ = standing(false, at: "\(path).cache.prefix", as: "false: whole prompts come from prefill replicas")
      return nil
    }
    if wished == nil { _ = standing(true, at: "\(path).cache.prefix", as: "true: requests begin alike") }
    let bytes = memory.keyValueBytesPerToken.value * Double(memory.blockSize)
    return CacheSettings(
      tiers: tiers(value?["tiers"], "\(path).cache.tiers"),
      loading: value?["load"]?.text.flatMap(LoadPolicy.init) ?? .cheaper, bytesPerBlock: max(1, bytes),
      chains: workload.chains)
  }

  /// A router by its name or with its settings.
  mutating func router(_ value: Written?, _ path: String) -> RouterSettings {
    guard let value else { return standing(RouterSettings(.roundRobin), at: path, as: "round-robin") }
    let kind = (value.text ?? value["policy"]?.text).flatMap(RouterKind.init) ?? .roundRobin
    var settings = RouterSettings(kind)
    switch kind {
    case .prefixAware:
      settings.threshold =
        quantity(value["threshold"], .ratio) ?? standing(0.3, at: "\(path).threshold", as: "30%")
      settings.maximumImbalance =
        integer(value["max-imbalance"]) ?? standing(64, at: "\(path).max-imbalance", as: "64")
      settings.maximumImbalanceRatio =
        number(value["max-imbalance-ratio"]) ?? standing(1.5, at: "\(path).max-imbalance-ratio", as: "1.5")
    case .adapterAware:
      settings.maximumImbalance =
        integer(value["max-imbalance"]) ?? standing(8, at: "\(path).max-imbalance", as: "8")
      settings.maximumImbalanceRatio =
        number(value["max-imbalance-ratio"]) ?? standing(1.5, at: "\(path).max-imbalance-ratio", as: "1.5")
    case .kvAware:
      settings.overlapWeight =
        number(value["overlap-weight"]) ?? standing(1, at: "\(path).overlap-weight", as: "1")
      settings.staleness = ticks(value["staleness"], default: 0, at: "\(path).staleness")
    default: break
    }
    return settings
  }

  private mutating func tiers(_ value: Written?, _ path: String) -> [TierSettings] {
    var tiers: [TierSettings] = []
    for (index, item) in (value?.items ?? []).enumerated() {
      guard let kind = item["kind"]?.text.flatMap(TierSettings.Kind.init) else { continue }
      let bandwidth = quantity(item["bandwidth"], .bandwidth) ?? 0
      let latency =
        quantity(item["latency"], .duration) ?? standing(0, at: "\(path)[\(index)].latency", as: "0s")
      if bandwidth < 1e6 || bandwidth > 1e18 {
        fault(
          item["bandwidth"] ?? item, "\(path)[\(index)].bandwidth",
          "the bandwidth must lie between 1 MB/s and 1 EB/s")
        continue
      }
      if latency > 3600 {
        fault(item["latency"] ?? item, "\(path)[\(index)].latency", "the latency must be at most an hour")
        continue
      }
      if let last = tiers.last, tiers.contains(where: { $0.kind == kind }) || last.kind == .remote {
        fault(
          item["kind"] ?? item, "\(path)[\(index)].kind",
          last.kind == .remote ? "the remote tier is the last" : "there is a \(kind.rawValue) tier already")
        continue
      }
      tiers.append(
        TierSettings(
          kind: kind, capacity: Bytes(quantity(item["capacity"], .bytes) ?? 0),
          bandwidth: BytesPerSecond(bandwidth), latency: Seconds(latency)))
    }
    return tiers
  }
}
