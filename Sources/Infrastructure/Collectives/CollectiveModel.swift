import Quantities

/// What a group of accelerators does together, as nccl-tests name it.
public enum CollectiveOperation: String, Sendable, CaseIterable {
  case allReduce = "all-reduce"
  case allGather = "all-gather"
  case reduceScatter = "reduce-scatter"
  case allToAll = "all-to-all"
  case broadcast
  /// From one rank to another, such as activations between the stages of a pipeline.
  case sendReceive = "send-receive"

  /// Bus bandwidth over algorithm bandwidth (message bytes over time) among `ranks`: what nccl-tests multiply
  /// with, so that the figure compares to the speed of the links (nccl-tests, doc/PERFORMANCE.md).
  public func busFactor(ranks: Int) -> Double {
    let n = Double(max(ranks, 1))
    switch self {
    case .allReduce: return 2 * (n - 1) / n
    case .allGather, .reduceScatter, .allToAll: return (n - 1) / n
    case .broadcast, .sendReceive: return 1
    }
  }
}

/// The accelerators that take part in a collective, and how they lie.
public struct CollectiveGroup: Sendable, Hashable {
  /// How many take part, 1 or more.
  public var ranks: Int
  /// How many of them share a scale-up domain (a node, or an NVLink rack), 1...`ranks`.
  public var ranksPerDomain: Int
  /// Groups of the same kind that run at the same time and share the domain's network interfaces, such as the
  /// tensor ranks' data-parallel groups; 1 or more.
  public var concurrentPerDomain: Int

  public init(ranks: Int, ranksPerDomain: Int, concurrentPerDomain: Int = 1) {
    precondition(ranks >= 1 && (1...ranks).contains(ranksPerDomain) && concurrentPerDomain >= 1)
    self.ranks = ranks
    self.ranksPerDomain = ranksPerDomain
    self.concurrentPerDomain = concurrentPerDomain
  }

  /// Whether some of its traffic leaves a domain.
  public var crossesDomains: Bool { ranks > ranksPerDomain }
}

/// How long a collective takes on an otherwise idle network.
public protocol CollectiveModel: Sendable {
  /// Time of one `operation` over a message of `bytes` among the ranks of `group`. The message is counted as
  /// nccl-tests count it: what one rank holds in all, before or after.
  ///
  /// Never negative, zero for one rank, and never less for more bytes.
  func time(of operation: CollectiveOperation, bytes: Bytes, among group: CollectiveGroup) -> Seconds
}
