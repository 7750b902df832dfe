import Infrastructure
import Quantities
import TestSupport
import Testing

@Suite("Exact alpha-beta costs")
struct CollectivesAnalyticTests {
  @Test(
    "every collective of the table of exact answers",
    .enabled(if: SharedData.has("analytic/analytic.csv"), Comment(rawValue: SharedData.absence)))
  func analytic() throws {
    let rows = try #require(SharedData.rows("analytic/analytic.csv")).filter { $0[0] == "Collective" }
    #expect(rows.count >= 45)
    for row in rows {
      let expected = try #require(Double(row[3]))
      let answer = row[2].hasPrefix("hierarchical") ? hierarchical(row[1]) : flat(row[2], row[1])
      let value = try #require(answer, "no formula for '\(row[2])'")
      #expect(
        abs(value - expected) <= 1e-9 * abs(expected), "\(row[2]) of \(row[1]): \(value), not \(expected)")
    }
  }

  @Test("one rank is free, whatever the algorithm")
  func alone() {
    let cost = AlphaBeta(alpha: Seconds(5e-6), bandwidth: BytesPerSecond(50e9))
    let size = Bytes(1_048_576)
    for time in [
      cost.ringAllReduce(ranks: 1, bytes: size), cost.ringAllGather(ranks: 1, bytes: size),
      cost.recursiveDoublingAllReduce(ranks: 1, bytes: size),
      cost.halvingDoublingAllReduce(ranks: 1, bytes: size),
      cost.treeAllReduce(ranks: 1, bytes: size),
      cost.pipelinedTreeAllReduce(ranks: 1, bytes: size, pieces: 8),
      cost.doubleBinaryTreeAllReduce(ranks: 1, bytes: size), cost.inNetworkAllReduce(ranks: 1, bytes: size),
      cost.pairwiseAllToAll(ranks: 1, bytes: size), cost.binomialBroadcast(ranks: 1, bytes: size),
      cost.scatterAllGatherBroadcast(ranks: 1, bytes: size),
      cost.hierarchicalAllReduce(ranksPerDomain: 1, domains: 1, bytes: size, between: cost),
    ] { #expect(time == .zero) }
  }

  @Test("the best number of pieces beats its neighbours")
  func pieces() {
    let cost = AlphaBeta(alpha: Seconds(5e-6), bandwidth: BytesPerSecond(50e9))
    let size = Bytes(1_073_741_824)
    let best = cost.bestTreePieces(ranks: 64, bytes: size)
    let around = [0.5, 1, 2].map { factor in
      cost.pipelinedTreeAllReduce(ranks: 64, bytes: size, pieces: Int((best * factor).rounded())).value
    }
    #expect(around[1] < around[0] && around[1] < around[2])
  }

  private func flat(_ quantity: String, _ parameters: String) -> Double? {
    guard let n = number("n", parameters), let size = number("S", parameters),
      let alpha = number("alpha", parameters), let bandwidth = number("B", parameters)
    else { return nil }
    let cost = AlphaBeta(alpha: Seconds(alpha), bandwidth: BytesPerSecond(bandwidth))
    let ranks = Int(n)
    let bytes = Bytes(size)
    switch quantity {
    case "ring_allreduce": return cost.ringAllReduce(ranks: ranks, bytes: bytes).value
    case "ring_allgather": return cost.ringAllGather(ranks: ranks, bytes: bytes).value
    case "ring_busbw":
      let time = cost.ringAllReduce(ranks: ranks, bytes: bytes)
      return AlphaBeta.busBandwidth(of: .allReduce, ranks: ranks, bytes: bytes, time: time).value
    case "recursive_doubling_allreduce":
      return cost.recursiveDoublingAllReduce(ranks: ranks, bytes: bytes).value
    case "rabenseifner_allreduce": return cost.halvingDoublingAllReduce(ranks: ranks, bytes: bytes).value
    case "binary_tree_allreduce_unpipelined": return cost.treeAllReduce(ranks: ranks, bytes: bytes).value
    case "tree_allreduce_pipelined_k64":
      return cost.pipelinedTreeAllReduce(ranks: ranks, bytes: bytes, pieces: 64).value
    case "tree_pipelined_kopt": return cost.bestTreePieces(ranks: ranks, bytes: bytes)
    case "double_binary_tree_allreduce_bound":
      return cost.doubleBinaryTreeAllReduce(ranks: ranks, bytes: bytes).value
    case "sharp_in_network_allreduce": return cost.inNetworkAllReduce(ranks: ranks, bytes: bytes).value
    case "alltoall_pairwise": return cost.pairwiseAllToAll(ranks: ranks, bytes: bytes).value
    default: return nil
    }
  }

  /// "g=8 gpus/node;nodes=128;S=2^30;intra alpha=3e-6 B=450e9;inter per-GPU alpha=6e-6 B=50e9"
  private func hierarchical(_ parameters: String) -> Double? {
    let parts = parameters.split(separator: ";").map(String.init)
    guard parts.count == 5, let inside = number("g", parts[0]), let nodes = number("nodes", parts[1]),
      parts[2] == "S=2^30", let within = costs(parts[3]), let between = costs(parts[4])
    else { return nil }
    return within.hierarchicalAllReduce(
      ranksPerDomain: Int(inside), domains: Int(nodes), bytes: Bytes(1_073_741_824), between: between
    ).value
  }

  private func costs(_ text: String) -> AlphaBeta? {
    guard let alpha = number("alpha", text), let bandwidth = number("B", text) else { return nil }
    return AlphaBeta(alpha: Seconds(alpha), bandwidth: BytesPerSecond(bandwidth))
  }

  /// The number behind `key=`, whatever unit follows.
  private func number(_ key: String, _ text: String) -> Double? {
    for part in text.split(whereSeparator: { $0 == ";" || $0 == " " }) where part.hasPrefix("\(key)=") {
      return Double(part.dropFirst(key.count + 1).prefix { "0123456789.e-+".contains($0) })
    }
    return nil
  }
}
