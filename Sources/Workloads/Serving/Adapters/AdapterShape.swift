import Catalog
import Quantities

/// A low-rank adapter: beside a matrix W of the model it keeps A (rank × in) and B (out × rank), and adds
/// B·A·x to W·x (Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022).
public struct AdapterShape: Sendable, Hashable {
  /// A matrix of a layer that adapters may stand beside.
  public enum Target: String, Sendable, Hashable, CaseIterable {
    case query = "q", key = "k", value = "v", output = "o", gate, up, down
  }

  /// Of the adapter as an engine holds it: narrower ones are padded.
  public var rank: Int
  /// In the order of `Target.allCases`, none twice.
  public var targets: [Target]

  /// - Parameter targets: in any order.
  public init(rank: Int, targets: [Target]) {
    precondition(rank > 0, "an adapter has a rank")
    self.rank = rank
    self.targets = Target.allCases.filter(targets.contains)
  }

  /// Bytes of an element: adapters stay in 16 bits, whatever the format of the weights beside them.
  static let bytesPerElement = 2.0

  /// Input and output of a target's matrix on one of `tensor` accelerators.
  ///
  /// Queries, keys, values, gate and up are split by their outputs, the others by their inputs. By vLLM's
  /// default the half of the adapter at the unsplit side lies whole on every accelerator.
  static func matrix(_ target: Target, of model: ModelShape, tensor: Int) -> (input: Double, output: Double) {
    let (hidden, shards, head) = (Double(model.hidden), Double(tensor), Double(model.headSize))
    let wide = Double(model.intermediate) / shards
    let queries = Double(model.heads) * head / shards
    switch target {
    case .query: return (hidden, queries)
    case .key, .value: return (hidden, max(1, Double(model.keyValueHeads) / shards) * head)
    case .output: return (queries, hidden)
    case .gate, .up: return (hidden, wide)
    case .down: return (wide, hidden)
    }
  }

  /// Whether the model has such a matrix in its layers, of one shape in all of them.
  public static func has(_ target: Target, in model: ModelShape) -> Bool {
    switch target {
    case .query, .key, .value, .output: model.latentAttention == nil
    case .gate: model.gated && model.experts == nil
    case .up, .down: model.experts == nil
    }
  }

  /// Bytes of the adapter on each accelerator of the fullest pipeline stage: Σ rank · (in + out) over its
  /// layers and targets.
  public func bytesPerAccelerator(of model: ModelShape, layout: ParallelLayout) -> Bytes {
    let layers = (model.layers - 1) / layout.pipeline + 1
    return Bytes(width(of: model, tensor: layout.tensor) * Double(rank * layers) * Self.bytesPerElement)
  }

  /// Bytes of the adapter as it lies in a file.
  public func bytes(of model: ModelShape) -> Bytes {
    Bytes(width(of: model, tensor: 1) * Double(rank * model.layers) * Self.bytesPerElement)
  }

  /// Σ (in + out) over the targets of a layer.
  func width(of model: ModelShape, tensor: Int) -> Double {
    targets.reduce(0) { sum, target in
      let matrix = Self.matrix(target, of: model, tensor: tensor)
      return sum + matrix.input + matrix.output
    }
  }
}
