import Quantities

/// Step costs linear in what a step computes: the simplest fitted model, after Agrawal et al., "Vidur"
/// (MLSys 2024)
/// §4 and the profiled linear forms of several serving simulators.
public struct LinearModel: LatencyModel {
  /// Coefficients [fine ticks].
  public struct Coefficients: Sendable, Hashable {
    public var step: Int64
    public var perToken: Int64
    public var perSequence: Int64
    public var perContextEntry: Int64
    /// A query–key pair of a prompt.
    public var perAttentionProduct: Int64
    public init(
      step: Int64, perToken: Int64, perSequence: Int64, perContextEntry: Int64, perAttentionProduct: Int64
    ) {
      self.step = step
      self.perToken = perToken
      self.perSequence = perSequence
      self.perContextEntry = perContextEntry
      self.perAttentionProduct = perAttentionProduct
    }
  }

  public let coefficients: Coefficients
  public let frontEndSeconds: Seconds
  public let floatingPointOperationsPerToken: Double
  public let weightBytesPerStep: Double
  public let keyValueBytesPerToken: Double
  public var basis: Basis { .fitted }

  public init(
    coefficients: Coefficients, frontEndSeconds: Seconds = .zero, floatingPointOperationsPerToken: Double = 0,
    weightBytesPerStep: Double = 0, keyValueBytesPerToken: Double = 0
  ) {
    precondition(coefficients.step > 0, "a step takes time")
    self.coefficients = coefficients
    self.frontEndSeconds = frontEndSeconds
    self.floatingPointOperationsPerToken = floatingPointOperationsPerToken
    self.weightBytesPerStep = weightBytesPerStep
    self.keyValueBytesPerToken = keyValueBytesPerToken
  }

  /// Steps that only decode `sequences` sequences. Complexity: O(1).
  public func decodeLine(sequences: Int) -> DecodeLine {
    let memory = coefficients.step
    let compute = coefficients.perToken * Int64(sequences)
    let host = coefficients.perSequence * Int64(sequences)
    return DecodeLine(
      base: StepCost(total: memory + compute + host, compute: compute, memory: memory, network: 0),
      slope: coefficients.perContextEntry)
  }

  /// A step with prompts in it. Complexity: O(1).
  public func stepCost(_ shape: StepShape) -> StepCost {
    let line = decodeLine(sequences: shape.decodeSequences)
    let compute =
      coefficients.perToken * Int64(shape.prefillTokens)
      + coefficients.perAttentionProduct * Int64(shape.attentionProducts)
    let host = coefficients.perSequence * Int64(shape.prefillSequences)
    let reading = line.slope * Int64(shape.decodeContext + shape.prefixTokens)
    return StepCost(
      total: line.base.total + compute + host + reading, compute: line.base.compute + compute,
      memory: line.base.memory + reading, network: 0)
  }
}
