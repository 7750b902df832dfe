import Quantities

/// Step costs linear in what a step computes: the simplest fitted model, after Agrawal et al., "Vidur"
/// (MLSys 2024) section 4 and the profiled linear forms of several serving simulators.
public struct LinearModel: LatencyModel {
  /// Coefficients [fine ticks].
  public struct Coefficients: Sendable, Hashable {
    /// Every step: reading the weights, launches, host work.
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
  public let weightReads: WeightReads
  public let keyValueBytesPerToken: Double
  public var basis: Basis { .fitted }

  /// - Parameter coefficients: none negative, and `step` more than zero.
  public init(
    coefficients: Coefficients, frontEndSeconds: Seconds = .zero,
    floatingPointOperationsPerToken: Double = 0,
    weightBytesPerStep: Double = 0, keyValueBytesPerToken: Double = 0
  ) {
    precondition(
      coefficients.step > 0 && coefficients.step <= FineTicks.largest, "a step takes time, at most hours")
    precondition(
      min(coefficients.perToken, coefficients.perSequence, coefficients.perContextEntry) >= 0
        && coefficients.perAttentionProduct >= 0, "more work never makes a step shorter")
    self.coefficients = coefficients
    self.frontEndSeconds = frontEndSeconds
    self.floatingPointOperationsPerToken = floatingPointOperationsPerToken
    weightReads = WeightReads(dense: weightBytesPerStep)
    self.keyValueBytesPerToken = keyValueBytesPerToken
  }

  /// Steps that only decode `sequences` sequences. Complexity: O(1).
  public func decodeLine(sequences: Int) -> DecodeLine {
    let count = Int64(sequences)
    let memory = coefficients.step
    let compute = FineTicks.product(coefficients.perToken, count)
    let host = FineTicks.product(coefficients.perSequence, count)
    return DecodeLine(
      base: StepCost(total: memory + compute + host, compute: compute, memory: memory, network: 0),
      slope: coefficients.perContextEntry)
  }

  /// Every token is computed, every sequence handled once. Complexity: O(1).
  public func decodeLine(sequences: Int, tokensEach: Int) -> DecodeLine {
    var line = decodeLine(sequences: sequences)
    let more = FineTicks.product(coefficients.perToken, Int64(sequences * (tokensEach - 1)))
    line.base.compute += more
    line.base.total += more
    return line
  }

  /// A step with prompts in it. Complexity: O(1).
  public func stepCost(_ shape: StepShape) -> StepCost {
    let line = decodeLine(sequences: shape.decodeSequences, tokensEach: shape.tokensPerDecode)
    let compute =
      FineTicks.product(coefficients.perToken, Int64(shape.prefillTokens))
      + FineTicks.product(coefficients.perAttentionProduct, Int64(shape.attentionProducts))
    let host = FineTicks.product(coefficients.perSequence, Int64(shape.prefillSequences))
    let reading = FineTicks.product(line.slope, Int64(shape.decodeContext + shape.prefixTokens))
    return StepCost(
      total: line.base.total + compute + host + reading, compute: line.base.compute + compute,
      memory: line.base.memory + reading, network: 0)
  }
}
