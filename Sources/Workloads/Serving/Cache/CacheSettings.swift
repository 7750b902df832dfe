/// What a replica is told once about keeping KV blocks for later requests.
public struct CacheSettings: Sendable {
  /// The blocks that requests of a trace come with; `nil` where none are recorded.
  public var chains: BlockChains?

  /// A cache on the accelerator alone.
  public init(chains: BlockChains? = nil) {
    self.chains = chains
  }
}
