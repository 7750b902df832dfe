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
}

extension ParallelLayout: CustomStringConvertible {
  /// Such as `tensor 4 × pipeline 2`; what is 1 is left out, but for `tensor`.
  public var description: String {
    let rest = [("pipeline", pipeline), ("data", data), ("expert", expert)].filter { $0.1 > 1 }
    return rest.reduce("tensor \(tensor)") { "\($0) × \($1.0) \($1.1)" }
  }
}
