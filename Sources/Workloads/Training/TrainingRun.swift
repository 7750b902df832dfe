import Catalog
import Quantities

/// What is trained, on what, and how: everything that the time and the memory of a step depend on.
public struct TrainingRun: Sendable {
  public var model: ModelShape
  public var accelerator: Accelerator
  public var precision: TrainingPrecision
  public var layout: TrainingLayout
  /// Sequences of a step, over all replicas.
  public var globalBatch: Int
  /// Tokens of a sequence.
  public var sequence: Int
  public var trained: TrainedWeights
  /// Whether a token sees only those before it.
  public var isCausal: Bool
  /// Whether attention keeps no scores (Dao et al., FlashAttention, NeurIPS 2022).
  public var hasFusedAttention: Bool
  /// Whether passes replay captured graphs, so that the host launches next to nothing.
  public var isCaptured: Bool
  /// Years from the accelerator's first shipments to the release of the software; `nil` for software that is
  /// mature on it.
  public var softwareAge: Double?
  /// Accelerators that share a scale-up domain (a server, or an NVLink rack).
  public var domain: Int
  /// Accelerators of a server: what one slow host slows.
  public var acceleratorsPerNode: Int
  /// Dense bf16 peak that utilisation refers to, where `accelerator` is slowed by a power cap; `nil` for its
  /// own.
  public var ratedPeak: FlopsPerSecond?

  /// - Parameters:
  ///   - domain: `nil` takes the accelerator's own.
  ///   - acceleratorsPerNode: `nil` takes 8, or the whole of a smaller domain.
  public init(
    model: ModelShape, accelerator: Accelerator, precision: TrainingPrecision = .bf16, layout: TrainingLayout,
    globalBatch: Int, sequence: Int, trained: TrainedWeights = .all, isCausal: Bool = true,
    hasFusedAttention: Bool = true, isCaptured: Bool = false, domain: Int? = nil,
    acceleratorsPerNode: Int? = nil
  ) {
    self.model = model
    self.accelerator = accelerator
    self.precision = precision
    self.layout = layout
    self.globalBatch = globalBatch
    self.sequence = sequence
    self.trained = trained
    self.isCausal = isCausal
    self.hasFusedAttention = hasFusedAttention
    self.isCaptured = isCaptured
    softwareAge = nil
    self.domain = max(1, domain ?? accelerator.scaleUpDomain)
    self.acceleratorsPerNode = max(1, acceleratorsPerNode ?? min(8, self.domain))
  }

  /// What is wrong with it, one plain sentence each; empty when it can run.
  public var faults: [String] {
    var faults = layout.faults(model: model, globalBatch: globalBatch, sequence: sequence)
    if case .lowRank(let rank) = trained, !(1...100_000).contains(rank) {
      faults.append("the adapters' rank is \(rank); it must lie between 1 and 100000")
    }
    return faults
  }

  /// How much longer arithmetic takes than with mature software.
  func ageRatio(_ preset: TrainingPreset) -> Double {
    guard let softwareAge else { return 1 }
    let years = 1 + max(0, softwareAge)
    return 1 + preset.immaturity / (years * years)
  }

  /// Tokens of a step.
  public var tokens: Double { Double(globalBatch) * Double(sequence) }

  /// Tokens of a microbatch on one rank of its context group.
  var rankTokens: Double { Double(layout.microbatch) * Double(sequence) / Double(layout.context) }

  /// Tokens that a query sees in the mean, in layers without a window: (s + 1) ÷ 2 when causal.
  var meanContext: Double { isCausal ? (Double(sequence) + 1) / 2 : Double(sequence) }

  /// Keys that a query sees, summed over the layers.
  var contextLayers: Double {
    let windowed = Double(
      min(model.slidingWindow == nil ? 0 : model.slidingWindowLayers, model.keyValueLayers))
    let whole = Double(model.keyValueLayers) - windowed
    guard windowed > 0, let window = model.slidingWindow else { return whole * meanContext }
    let width = min(Double(window), Double(sequence))
    // Of s causal queries the first w see 1...w keys, the others w.
    let seen = isCausal ? width - width * (width - 1) / (2 * Double(sequence)) : width
    return whole * meanContext + windowed * seen
  }

  /// Products of a query with one key and one value, multiplied and added, over all heads.
  var pairFlops: Double {
    guard let latent = model.latentAttention else {
      return 4 * Double(model.heads) * Double(model.headSize)
    }
    let key = Double(latent.nopeHeadSize + latent.ropeHeadSize)
    return 2 * Double(model.heads) * (key + Double(latent.valueHeadSize))
  }

  /// Arithmetic of a token that the model needs, without anything computed again: forward 2 per weight it
  /// multiplies with and its attention; backward twice that, once where weights are frozen.
  public var modelFlopsPerToken: Flops {
    let weights = 2 * model.activeParameters
    let attention = pairFlops * contextLayers
    return Flops(weights * (trained.includesModel ? 3 : 2) + attention * 3)
  }
}
