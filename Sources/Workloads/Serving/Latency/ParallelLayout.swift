/// How one replica is spread over accelerators.
///
/// A replica has `tensor · pipeline · data` of them. Attention and dense blocks are sharded over `tensor`;
/// each of the `data` ranks computes them for its own sequences. The experts of a layer are sharded over
/// all `tensor · data` accelerators of a pipeline group: whole experts over `expert` of them, the matrices
/// of an expert over the rest (Rajbhandari et al., "DeepSpeed-MoE", arXiv 2201.05596, section 5).
public struct ParallelLayout: Sendable, Hashable {
  /// Accelerators that share each layer.
  public var tensor: Int
  /// Groups of layers.
  public var pipeline: Int
  /// Groups of experts; divides `tensor · data`.
  public var expert: Int
  /// Ranks that each attend to their own sequences and share the experts.
  public var data: Int

  /// Tokens that the busiest group of experts is sent over those of the mean one, lasting: 1 where experts
  /// are equally popular. What chance adds in each step is not in it.
  public var expertImbalance = 1.0

  public init(tensor: Int = 1, pipeline: Int = 1, expert: Int = 1, data: Int = 1) {
    precondition(tensor > 0 && pipeline > 0 && expert > 0 && data > 0, "a replica has an accelerator")
    self.tensor = tensor
    self.pipeline = pipeline
    self.expert = expert
    self.data = data
  }

  /// Accelerators of a replica.
  public var accelerators: Int { tensor * pipeline * data }
  /// Accelerators that share the matrices of one expert.
  public var expertTensor: Int { max(1, tensor * data / expert) }

  /// Tokens that the busiest group of experts computes, of `tokens` that are sent to all of them: the mean m
  /// and √(2 m ln n) above it among n groups, as of balls thrown into bins (Raab and Steger, "Balls into
  /// Bins", RANDOM 1998, case of many balls); never more than all.
  func busiestGroupTokens(of tokens: Double) -> Double {
    guard expert > 1 else { return tokens }
    let groups = Double(expert)
    let mean = min(tokens, tokens / groups * expertImbalance)
    return min(tokens, mean + (2 * mean * lnOfGroups).squareRoot())
  }

  /// ln n by its series in (n − 1) ÷ (n + 1), so that every machine has the same bits.
  private var lnOfGroups: Double {
    var value = Double(expert)
    var sum = 0.0
    while value > 1.5 {
      value /= 2
      sum += 0.693_147_180_559_945_3
    }
    let ratio = (value - 1) / (value + 1)
    var power = ratio
    for odd in stride(from: 1.0, through: 15, by: 2) {
      sum += 2 * power / odd
      power *= ratio * ratio
    }
    return sum
  }
}

extension ParallelLayout: CustomStringConvertible {
  /// Such as `tensor 4 × pipeline 2`; what is 1 is left out, but for `tensor`.
  public var description: String {
    let rest = [("pipeline", pipeline), ("data", data), ("expert", expert)].filter { $0.1 > 1 }
    return rest.reduce("tensor \(tensor)") { "\($0) × \($1.0) \($1.1)" }
  }
}
