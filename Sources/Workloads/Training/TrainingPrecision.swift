import Catalog

/// The number format of a training run's matrix products, and what its copies of the weights take.
///
/// Narrow formats quantise the inputs of the layers' products; the output head, the norms and the attention
/// stay in 16 bits, and the optimizer keeps 32-bit master weights (Micikevicius et al., "Mixed Precision
/// Training", ICLR 2018; "FP8 Formats for Deep Learning", arXiv 2209.05433).
public enum TrainingPrecision: String, Sendable, Hashable, CaseIterable {
  case bf16, fp16
  /// 8 bits with one scale a tensor.
  case fp8
  /// 8 bits with a scale for every 32 elements (OCP Microscaling).
  case mxfp8
  /// 4 bits with a scale for every 16 elements.
  case nvfp4

  /// What `Precision.computeName` calls the unit that multiplies it.
  public var computeName: String {
    switch self {
    case .bf16: "bf16"
    case .fp16: "fp16"
    case .fp8, .mxfp8: "fp8"
    case .nvfp4: "fp4"
    }
  }

  /// Whether products take narrower inputs than 16 bits, so that activations are quantised first.
  public var isNarrow: Bool { self == .fp8 || self == .mxfp8 || self == .nvfp4 }

  /// Bytes that a product's input takes while it waits for its backward pass; scales included. With mxfp8
  /// and nvfp4 it is kept along both directions of scaling.
  public var savedInputBytes: Double {
    switch self {
    case .bf16, .fp16: 2
    case .fp8: 1
    case .mxfp8: 1.03
    case .nvfp4: 0.5625
    }
  }
}

/// Which weights a run trains.
public enum TrainedWeights: Sendable, Hashable {
  /// All of them: pre-training and supervised fine-tuning.
  case all
  /// Low-rank adapters beside frozen attention weights (Hu et al., "LoRA", arXiv 2106.09685): no gradients
  /// of the frozen weights are computed, held or reduced.
  case lowRank(rank: Int)

  /// Whether the model's own weights get gradients.
  public var includesModel: Bool { self == .all }
}
