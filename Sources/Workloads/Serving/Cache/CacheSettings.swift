import Kernel
import Quantities

/// What a replica is told once about keeping KV blocks for later requests.
public struct CacheSettings: Sendable {
  /// Places below the accelerator, from the fastest to the slowest; what one evicts goes to the next.
  public var tiers: [TierSettings]
  public var loading: LoadPolicy
  /// One KV block of the whole replica, each head counted once [B].
  public var bytesPerBlock: Double
  /// The blocks that requests of a trace come with; `nil` where none are recorded.
  public var chains: BlockChains?

  /// A cache on the accelerator alone, unless tiers are named.
  public init(
    tiers: [TierSettings] = [], loading: LoadPolicy = .cheaper, bytesPerBlock: Double = 1,
    chains: BlockChains? = nil
  ) {
    precondition(bytesPerBlock > 0, "a KV block has bytes")
    self.tiers = tiers
    self.loading = loading
    self.bytesPerBlock = bytesPerBlock
    self.chains = chains
  }
}

/// A place for KV blocks that the accelerator had to give up.
public struct TierSettings: Sendable, Hashable {
  /// What kind of place; a kind occurs once in a list of tiers.
  public enum Kind: String, Sendable, CaseIterable {
    case cpu, nvme
    /// A store that all replicas of a service read and write.
    case remote
  }

  public var kind: Kind
  /// For KV entries, of each replica; of all of them together where they share it.
  public var capacity: Bytes
  /// From the tier to one replica. Writing goes the other way and delays nobody.
  public var bandwidth: BytesPerSecond
  /// From asking to the first byte.
  public var latency: Seconds

  /// A tier; bandwidth must be positive.
  public init(kind: Kind, capacity: Bytes, bandwidth: BytesPerSecond, latency: Seconds) {
    precondition(bandwidth > .zero, "a tier can be read")
    self.kind = kind
    self.capacity = capacity
    self.bandwidth = bandwidth
    self.latency = latency
  }

  /// Whole blocks that fit.
  func blocks(of bytes: Double) -> Int64 { Int64(min(1e15, (capacity.value / bytes).rounded(.down))) }

  /// From asking for `blocks` of `bytes` each to having them, on an idle link.
  public func loadTime(blocks: Int64, of bytes: Double) -> Ticks {
    Ticks(seconds: min(5e8, latency.value + Double(blocks) * bytes / bandwidth.value))
  }
}

/// When blocks that lie below the accelerator are loaded.
public enum LoadPolicy: String, Sendable, CaseIterable {
  /// When that promises the first token sooner than computing them again.
  case cheaper
  /// Whenever they are there.
  case always
}
