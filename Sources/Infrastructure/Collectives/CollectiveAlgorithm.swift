/// How a collective is carried out, by the name that a scenario may write.
public enum CollectiveAlgorithm: String, Sendable, Hashable, CaseIterable {
  /// The fastest that applies: what a communication library's own tuning comes to.
  case automatic = "auto"
  /// One ring through all ranks.
  case ring
  /// Chains within domains and a double binary tree between them (Sanders, Speck, Träff 2009), as NCCL's
  /// Tree.
  case tree
  /// Halving and doubling (Rabenseifner): few steps, every byte once.
  case halvingDoubling = "halving-doubling"
  /// Reduce-scatter within domains, the operation between them on each share, all-gather within.
  case hierarchical
  /// Reduction in the switches: NVLS within a domain, SHARP between domains.
  case inNetwork = "in-network"
  /// Every rank exchanges with every other: all-to-all.
  case pairwise
}

/// What an algorithm asks of the links: dependent steps, and bytes sent over a rank's links per byte of
/// message.
struct CollectiveShape {
  var steps: Double
  var wire: Double

  /// Of `operation` by a ring, or pairwise for all-to-all, among `ranks`; nccl-tests' bus factor is the wire
  /// share.
  init(ringOf operation: CollectiveOperation, ranks: Int) {
    let others = Double(max(ranks, 1) - 1)
    wire = operation.busFactor(ranks: ranks)
    switch operation {
    case .allReduce: steps = 2 * others
    case .allGather, .reduceScatter, .allToAll, .broadcast: steps = others
    case .sendReceive: steps = 1
    }
  }

  /// `rounds` is the depth of the tree, log2 of the ranks, rounded up.
  init(treeOf operation: CollectiveOperation, rounds: Int) {
    let isBothWays = operation == .allReduce
    steps = Double(isBothWays ? 2 * rounds : rounds)
    wire = isBothWays ? 2 : 1
  }

  init(halvingDoublingOf operation: CollectiveOperation, ranks: Int, rounds: Int) {
    steps = Double(operation == .allReduce ? 2 * rounds : rounds)
    wire = operation.busFactor(ranks: ranks)
  }

  /// log2, rounded up: the rounds that reach `ranks` ranks when each round doubles the reached.
  static func rounds(_ ranks: Int) -> Int {
    ranks <= 1 ? 0 : Int.bitWidth - (ranks - 1).leadingZeroBitCount
  }

  /// Bytes that the busiest domain sends per byte of an all-reduce over NCCL's double binary tree: a leaf of
  /// one tree is an inner node, with two children and a parent, of the other from 4 domains on (NCCL,
  /// graph/trees.cc).
  static func treeWire(domains: Int) -> Double {
    switch domains {
    case ...1: 0
    case 2: 1
    case 3: 1.5
    default: 2
    }
  }
}
