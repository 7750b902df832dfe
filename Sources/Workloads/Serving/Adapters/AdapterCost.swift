import Catalog
import Quantities

/// What adapters add to a step, in fine ticks: launches, once; reading each adapter of the batch, once; and
/// every token's products.
///
/// A batch of several adapters runs as grouped products, two a group of matrices that share their input (Chen
/// et al., "Punica: Multi-Tenant LoRA Serving", 2023, its SGMV; Sheng et al., "S-LoRA", 2023, its MBGMM). A
/// token costs 2·rank·(in + out) operations a matrix, but so narrow a product moves its operands for only
/// some rank operations a byte: what takes longer decides, on the accelerator's own coefficients for 16-bit
/// products.
public struct AdapterCost: Sendable, Hashable {
  /// Once a step in which any token has an adapter.
  public var launches: Int64
  /// Reading the matrices of one adapter.
  public var perAdapter: Int64
  public var perToken: Int64
  /// Whether arithmetic bounds a token's products, or moving their operands.
  public var isComputeBound: Bool
  /// Stages that each take a part of the batch at a time.
  public var pipeline: Int

  /// What a user measured; see the properties.
  public init(launches: Int64, perAdapter: Int64, perToken: Int64, isComputeBound: Bool, pipeline: Int = 1) {
    precondition(min(launches, perAdapter, perToken) >= 0 && pipeline > 0, "more work takes no less time")
    self.launches = launches
    self.perAdapter = perAdapter
    self.perToken = perToken
    self.isComputeBound = isComputeBound
    self.pipeline = pipeline
  }

  /// Estimated from the shapes.
  public init(
    _ shape: AdapterShape, model: ModelShape, accelerator: Accelerator, layout: ParallelLayout,
    catalog: Catalog = .builtIn
  ) {
    let wide = Precision(name: "bf16", bytesPerWeight: 2, bytesPerActivation: 2, computeName: "bf16")
    let rates = Efficiencies(
      accelerator: accelerator, weights: wide, denseWeights: wide, keyValue: wide, isLatent: false,
      tensor: layout.tensor, catalog: catalog
    ).wideProduct
    let memory = accelerator.memoryBandwidth.value * rates.memory
    let width = shape.width(of: model, tensor: layout.tensor)
    let rank = Double(shape.rank)
    let layers = Double(model.layers)
    let reading = AdapterShape.bytesPerElement * rank * width * layers / memory
    let arithmetic =
      2 * rank * width * layers / (accelerator.peakFlops(for: wide).value * rates.compute)
    let traffic = Self.traffic(shape, model: model, tensor: layout.tensor) * layers / memory
    let groups = Self.groups(shape)
    self.init(
      launches: FineTicks.rounded(2 * groups * layers * rates.launch * rates.served),
      perAdapter: FineTicks.rounded(reading * rates.served),
      perToken: FineTicks.rounded(max(arithmetic, traffic) * rates.served),
      isComputeBound: arithmetic > traffic, pipeline: layout.pipeline)
  }

  /// Targets that read the same input go together.
  private static let inputs: [[AdapterShape.Target]] = [
    [.query, .key, .value], [.output], [.gate, .up], [.down],
  ]

  private static func groups(_ shape: AdapterShape) -> Double {
    Double(inputs.count { $0.contains(where: shape.targets.contains) })
  }

  /// Bytes that a token moves in one layer: each input once, the outputs read and written, and the rank's
  /// elements written and read in 32 bits between the two products.
  private static func traffic(_ shape: AdapterShape, model: ModelShape, tensor: Int) -> Double {
    inputs.reduce(0) { sum, group in
      let matrices = group.filter(shape.targets.contains)
        .map { AdapterShape.matrix($0, of: model, tensor: tensor) }
      let input = matrices.first?.input ?? 0
      return sum + 2 * input + matrices.reduce(0) { $0 + 4 * $1.output + 8 * Double(shape.rank) }
    }
  }

  /// What a step costs more.
  ///
  /// - Parameters:
  ///   - tokens: computed with an adapter; of those, `largestChunk` of one prompt at most.
  ///   - adapters: distinct ones among them.
  ///   - sequences: of the whole step.
  /// - Complexity: O(1).
  public func of(tokens: Int, adapters: Int, sequences: Int, largestChunk: Int) -> StepCost {
    if tokens == 0 { return StepCost(total: 0, compute: 0, memory: 0, network: 0) }
    let lanes = max(1, min(pipeline, sequences))
    let inLane = max((tokens + lanes - 1) / lanes, min(largestChunk, tokens))
    let products = FineTicks.product(perToken, Int64(inLane))
    let total = launches + FineTicks.product(perAdapter, Int64(adapters)) + products
    let compute = isComputeBound ? products : 0
    return StepCost(total: total, compute: compute, memory: total - compute, network: 0)
  }
}
