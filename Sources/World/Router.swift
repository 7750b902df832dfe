import Kernel
import Workloads

/// Spreads requests over replicas, asked once for each. Loads are read at the moment a request reaches the
/// engine, unless the router works on reports.
struct Router {
  let settings: RouterSettings
  private var next = 0
  private var stream: RandomStream
  /// What was sent to each replica; of a prefix-aware router.
  private var memories: [PrefixMemory]
  /// What each replica reported last; of a KV-aware router with stale views.
  private var views: [CacheView]
  private var reportedTokens: [Int64]
  private var reported: Ticks?

  init(settings: RouterSettings, stream: RandomStream, replicas: Int, replica: ReplicaSettings?) {
    self.settings = settings
    self.stream = stream
    let chains = replica?.cache?.chains
    let (size, blocks) = (replica?.blockSize ?? 1, replica?.blocks ?? 0)
    let remembers = settings.kind == .prefixAware
    memories = (0..<(remembers ? replicas : 0)).map { _ in
      PrefixMemory(blockSize: size, blocks: blocks, chains: chains)
    }
    let isStale = settings.kind == .kvAware && settings.staleness > .zero
    views = (0..<(isStale ? replicas : 0)).map { _ in CacheView(blockSize: size, chains: chains) }
    reportedTokens = Array(repeating: 0, count: views.count)
  }

  /// A router that remembers and reads no content.
  static func byLoad(_ settings: RouterSettings, _ stream: RandomStream) -> Router {
    Router(settings: settings, stream: stream, replicas: 0, replica: nil)
  }

  /// - Returns: a place among `replicas`.
  mutating func choose<Replicas: RoutedReplicas & ~Copyable>(
    among replicas: borrowing Replicas, for content: PromptContent?, promptTokens: Int32,
    adapter: Int = -1,
    at now: Ticks
  ) -> Int {
    if replicas.count == 1 { return 0 }
    switch settings.kind {
    case .roundRobin, .leastLoaded, .powerOfTwo: return choose(among: replicas)
    case .adapterAware: return adapterAware(replicas, adapter)
    case .prefixAware:
      guard let content else { return leastLoaded(replicas) }
      let chosen = prefixAware(replicas, content, promptTokens)
      memories[replicas.index(of: chosen)].note(content, promptTokens: promptTokens)
      return chosen
    case .kvAware:
      guard let content else { return leastLoaded(replicas) }
      return views.isEmpty
        ? kvAware(replicas, content, promptTokens, at: now)
        : staleKVAware(replicas, content, promptTokens, at: now)
    }
  }

  /// A replica is empty again: what was sent to it or reported by it is gone.
  mutating func forget(_ replica: Int, settings: ReplicaSettings) {
    let chains = settings.cache?.chains
    if !memories.isEmpty {
      memories[replica] = PrefixMemory(
        blockSize: settings.blockSize, blocks: settings.blocks, chains: chains)
    }
    if !views.isEmpty {
      views[replica] = CacheView(blockSize: settings.blockSize, chains: chains)
      reportedTokens[replica] = 0
    }
  }

  /// The choice of a router that looks at loads alone.
  mutating func choose<Loads: ReplicaLoads & ~Copyable>(among replicas: borrowing Loads) -> Int {
    let count = replicas.count
    if count == 1 { return 0 }
    switch settings.kind {
    case .roundRobin:
      // Fewer may be left than last time.
      let chosen = next < count ? next : 0
      next = chosen + 1 == count ? 0 : chosen + 1
      return chosen
    case .leastLoaded: return leastLoaded(replicas)
    case .powerOfTwo:
      let first = Int(stream.below(UInt32(count)))
      var second = Int(stream.below(UInt32(count - 1)))
      if second >= first { second += 1 }
      return replicas.load(of: second) < replicas.load(of: first) ? second : first
    case .prefixAware, .kvAware, .adapterAware:
      preconditionFailure("the router reads what requests say")
    }
  }

  private func leastLoaded<Loads: ReplicaLoads & ~Copyable>(_ replicas: borrowing Loads) -> Int {
    var best = 0
    var least = replicas.load(of: 0)
    for index in 1..<replicas.count {
      let load = replicas.load(of: index)
      if load < least { (best, least) = (index, load) }
    }
    return best
  }

  /// The least loaded replica that has the adapter or waits for it, unless it has too many requests; then,
  /// and for requests without one, the least loaded of all. Ties go to the lower index.
  private func adapterAware<Replicas: RoutedReplicas & ~Copyable>(
    _ replicas: borrowing Replicas, _ adapter: Int
  ) -> Int {
    let idlest = leastLoaded(replicas)
    if adapter < 0 { return idlest }
    let least = replicas.load(of: idlest)
    var (best, fewest) = (idlest, Int.max)
    for index in 0..<replicas.count where replicas[index].pointee.expects(adapter: adapter) {
      let load = replicas.load(of: index)
      if load < fewest { (best, fewest) = (index, load) }
    }
    if fewest == .max { return idlest }
    let isOverwhelmed =
      fewest - least > settings.maximumImbalance
      && Double(fewest) > settings.maximumImbalanceRatio * Double(least)
    return isOverwhelmed ? idlest : best
  }

  /// The longest prefix sent before, if it is worth it and nobody is overwhelmed; else the least loaded. Ties
  /// go to the less loaded, then to the lower index.
  private func prefixAware<Replicas: RoutedReplicas & ~Copyable>(
    _ replicas: borrowing Replicas, _ content: PromptContent, _ promptTokens: Int32
  ) -> Int {
    let idlest = leastLoaded(replicas)
    let least = replicas.load(of: idlest)
    var most = least
    for index in 0..<replicas.count { most = max(most, replicas.load(of: index)) }
    if most - least > settings.maximumImbalance
      && Double(most) > settings.maximumImbalanceRatio * Double(least)
    {
      return idlest
    }
    var best = idlest
    var longest: Int64 = 0
    for index in 0..<replicas.count {
      let tokens = memories[replicas.index(of: index)].tokens(of: content, promptTokens: promptTokens)
      let isLess = replicas.load(of: index) < replicas.load(of: best)
      if tokens > longest || (tokens == longest && tokens > 0 && isLess) { (best, longest) = (index, tokens) }
    }
    return Double(longest) >= settings.threshold * Double(promptTokens) ? best : idlest
  }

  /// The least cost: prompt tokens that would have to be computed, weighted, and tokens that the replica has
  /// in hand already. Ties go to the lower index.
  private func kvAware<Replicas: RoutedReplicas & ~Copyable>(
    _ replicas: borrowing Replicas, _ content: PromptContent, _ promptTokens: Int32, at now: Ticks
  ) -> Int {
    var (best, least) = (0, Double.infinity)
    for index in 0..<replicas.count {
      let cached = replicas[index].pointee.cachedTokens(of: content, promptTokens: promptTokens, at: now)
      let cost = cost(promptTokens, cached: cached, inHand: replicas[index].pointee.tokensInHand(at: now))
      if cost < least { (best, least) = (index, cost) }
    }
    return best
  }

  /// The same on reports; what was sent since the last one is added to it.
  private mutating func staleKVAware<Replicas: RoutedReplicas & ~Copyable>(
    _ replicas: borrowing Replicas, _ content: PromptContent, _ promptTokens: Int32, at now: Ticks
  ) -> Int {
    if reported.map({ now - $0 >= settings.staleness }) ?? true {
      for index in 0..<replicas.count {
        let name = replicas.index(of: index)
        replicas[index].pointee.report(to: views[name], at: now)
        reportedTokens[name] = replicas[index].pointee.tokensInHand(at: now)
      }
      reported = now
    }
    var (best, least, fewest) = (0, Double.infinity, Int64(0))
    for index in 0..<replicas.count {
      let name = replicas.index(of: index)
      let cached = views[name].tokens(of: content, promptTokens: promptTokens)
      let cost = cost(promptTokens, cached: cached, inHand: reportedTokens[name])
      if cost < least { (best, least, fewest) = (index, cost, cached) }
    }
    reportedTokens[replicas.index(of: best)] += Int64(promptTokens) - fewest
    return best
  }

  private func cost(_ promptTokens: Int32, cached: Int64, inHand: Int64) -> Double {
    settings.overlapWeight * Double(Int64(promptTokens) - cached) + Double(inHand)
  }
}
