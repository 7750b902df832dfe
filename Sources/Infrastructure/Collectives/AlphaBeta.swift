import Quantities

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// Costs of collective algorithms where a message of b bytes between two ranks takes α + b / β.
///
/// Sources: Thakur, Rabenseifner, Gropp, "Optimization of Collective Communication Operations in MPICH",
/// IJHPCA 19(1), 2005 (ring, recursive doubling, halving-doubling, pairwise exchange); Sanders, Speck, Träff,
/// "Two-tree algorithms for full bandwidth broadcast, reduction and scan", Parallel Computing 35, 2009
/// (double binary tree); Graham et al., "Scalable Hierarchical Aggregation Protocol (SHArP)", COMHPC 2016
/// (in-network).
///
/// `bytes` counts what one rank holds in all, before or after. Every function is 0 for one rank; a rank count
/// below 1 counts as 1. Constant time.
public struct AlphaBeta: Sendable, Hashable {
  /// Latency of a message.
  public var alpha: Seconds
  /// Rate of a rank's links, one direction.
  public var bandwidth: BytesPerSecond

  public init(alpha: Seconds, bandwidth: BytesPerSecond) {
    self.alpha = alpha
    self.bandwidth = bandwidth
  }

  /// Ring all-reduce: 2 (n - 1) (α + S / (n β)); Thakur et al., Patarasuk and Yuan 2009.
  public func ringAllReduce(ranks: Int, bytes: Bytes) -> Seconds {
    2 * ringAllGather(ranks: ranks, bytes: bytes)
  }

  /// Ring all-gather of S bytes in all: (n - 1) (α + S / (n β)); Thakur et al.
  public func ringAllGather(ranks: Int, bytes: Bytes) -> Seconds {
    let n = Double(max(ranks, 1))
    return (n - 1) * message(bytes / n)
  }

  /// Ring reduce-scatter: the all-gather run backwards, at the same cost.
  public func ringReduceScatter(ranks: Int, bytes: Bytes) -> Seconds {
    ringAllGather(ranks: ranks, bytes: bytes)
  }

  /// Recursive doubling all-reduce: log2(n) (α + S / β); Thakur et al.
  public func recursiveDoublingAllReduce(ranks: Int, bytes: Bytes) -> Seconds {
    rounds(ranks) * message(bytes)
  }

  /// Halving-doubling (Rabenseifner) all-reduce: 2 log2(n) α + 2 (n - 1) / n S / β; Thakur et al.
  public func halvingDoublingAllReduce(ranks: Int, bytes: Bytes) -> Seconds {
    let n = Double(max(ranks, 1))
    return 2 * rounds(ranks) * alpha + (2 * (n - 1) / n) * (bytes / bandwidth)
  }

  /// Binomial tree, reduce then broadcast, whole messages: 2 log2(n) (α + S / β).
  public func treeAllReduce(ranks: Int, bytes: Bytes) -> Seconds {
    2 * recursiveDoublingAllReduce(ranks: ranks, bytes: bytes)
  }

  /// The same tree with the message in k pieces: 2 (log2(n) + k - 1) (α + S / (k β)).
  public func pipelinedTreeAllReduce(ranks: Int, bytes: Bytes, pieces: Int) -> Seconds {
    guard ranks > 1 else { return .zero }
    let k = Double(max(pieces, 1))
    return 2 * (rounds(ranks) + k - 1) * message(bytes / k)
  }

  /// The number of pieces that makes the pipelined tree fastest: sqrt((log2(n) - 1) S / (β α)); 1 or less
  /// means that pieces do not pay.
  public func bestTreePieces(ranks: Int, bytes: Bytes) -> Double {
    (max(rounds(ranks) - 1, 0) * (bytes / bandwidth).value / alpha.value).squareRoot()
  }

  /// Double binary tree all-reduce: 2 log2(n) α + 2 S / β; Sanders et al.
  public func doubleBinaryTreeAllReduce(ranks: Int, bytes: Bytes) -> Seconds {
    ranks > 1 ? 2 * rounds(ranks) * alpha + 2 * (bytes / bandwidth) : .zero
  }

  /// All-reduce in the switches, up and down at once: 2 log2(n) α + S / β; Graham et al.
  public func inNetworkAllReduce(ranks: Int, bytes: Bytes) -> Seconds {
    ranks > 1 ? 2 * rounds(ranks) * alpha + bytes / bandwidth : .zero
  }

  /// Pairwise all-to-all of S bytes per rank, its own share included: (n - 1) (α + S / (n β)); Thakur et al.
  public func pairwiseAllToAll(ranks: Int, bytes: Bytes) -> Seconds {
    ringAllGather(ranks: ranks, bytes: bytes)
  }

  /// Binomial broadcast: log2(n) (α + S / β); Thakur et al.
  public func binomialBroadcast(ranks: Int, bytes: Bytes) -> Seconds { rounds(ranks) * message(bytes) }

  /// Broadcast as scatter and all-gather: (log2(n) + n - 1) α + 2 (n - 1) / n S / β; Thakur et al.
  public func scatterAllGatherBroadcast(ranks: Int, bytes: Bytes) -> Seconds {
    let n = Double(max(ranks, 1))
    return (rounds(ranks) + n - 1) * alpha + (2 * (n - 1) / n) * (bytes / bandwidth)
  }

  /// One message from a rank to another: α + S / β.
  public func message(_ bytes: Bytes) -> Seconds { alpha + bytes / bandwidth }

  /// Reduce-scatter within domains of g ranks (costs of `self`), all-reduce of each share between the D
  /// domains (costs of `between`, per rank), all-gather within: 2 (g - 1) (α₁ + S / (g β₁)) +
  /// 2 (D - 1) (α₂ + S / (g D β₂)).
  public func hierarchicalAllReduce(
    ranksPerDomain: Int, domains: Int, bytes: Bytes, between: AlphaBeta
  ) -> Seconds {
    let share = bytes / Double(max(ranksPerDomain, 1))
    return ringAllReduce(ranks: ranksPerDomain, bytes: bytes)
      + between.ringAllReduce(ranks: domains, bytes: share)
  }

  /// Bus bandwidth as nccl-tests define it (doc/PERFORMANCE.md): bytes over time, times the bus factor.
  public static func busBandwidth(
    of operation: CollectiveOperation, ranks: Int, bytes: Bytes, time: Seconds
  ) -> BytesPerSecond {
    time.value > 0 ? (bytes / time) * operation.busFactor(ranks: ranks) : .zero
  }

  /// log2(n): exact for powers of two, between them as the formulas are usually quoted.
  private func rounds(_ ranks: Int) -> Double { log2(Double(max(ranks, 1))) }
}
