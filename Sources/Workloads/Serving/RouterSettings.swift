import Kernel

/// How requests are spread over replicas.
public enum RouterKind: String, Sendable, Hashable, CaseIterable {
  case roundRobin = "round-robin"
  /// Fewest requests queued or running; ties go to the lowest index.
  case leastLoaded = "least-loaded"
  /// The less loaded of two replicas drawn at random (Mitzenmacher, "The Power of Two Choices", 2001).
  case powerOfTwo = "power-of-two"
  /// Where most of the prompt's beginning was sent before, within bounds on the imbalance (SGLang's
  /// cache-aware router).
  case prefixAware = "prefix-aware"
  /// Where computing the rest of the prompt and what is in hand already cost least, as last reported (the
  /// cost of NVIDIA Dynamo's KV router: weight × prompt blocks to compute + blocks in use).
  case kvAware = "kv-aware"
  /// The least loaded of the replicas that have the request's adapter or wait for it, within bounds on the
  /// imbalance (as gateways for many adapters route, such as the Gateway API Inference Extension's).
  case adapterAware = "adapter-aware"
}

/// A router and what it is told once.
public struct RouterSettings: Sendable, Hashable {
  public var kind: RouterKind
  /// Prefix-aware: least share of a prompt, 0...1, that must have been sent somewhere for it to count.
  public var threshold = 0.3
  /// Prefix-aware: prefixes are left alone while the busiest replica has more requests than the least busy
  /// one by this number and by this factor. Adapter-aware: so is a replica with the adapter that has so many
  /// more.
  public var maximumImbalance = 64
  public var maximumImbalanceRatio = 1.5
  /// KV-aware: weight of a prompt token that would have to be computed against one in hand already.
  public var overlapWeight = 1.0
  /// KV-aware: how old what it knows of the replicas may get.
  public var staleness = Ticks.zero

  /// A router of some kind with the usual settings: those of SGLang's for the prefix-aware one.
  public init(_ kind: RouterKind) { self.kind = kind }

  /// Whether it looks at what requests say.
  public var readsContent: Bool { kind == .prefixAware || kind == .kvAware }
}
