/// What an engine's coefficients were calibrated on, as `calibrate` writes it into an overlay: a run that
/// leaves it is extrapolated. Limits that an overlay does not state are `nil`.
public struct CalibratedRange: Sendable, Hashable {
  /// The accelerator that was measured.
  public var accelerator: String
  public var model: String?
  /// Format of the weights.
  public var weights: String?
  /// Most accelerators that shared a layer.
  public var tensor: Int?
  /// Most sequences that ran at once in a replica.
  public var sequences: Int?
  /// Tokens of the longest prompt, and of the longest prompt with its answer.
  public var promptTokens: Int?
  public var contextTokens: Int?
  /// The engine's limit of tokens computed in one step.
  public var batchedTokens: Int?
  /// Most requests a second and replica.
  public var requestsPerSecond: Double?

  public init(
    accelerator: String, model: String? = nil, weights: String? = nil, tensor: Int? = nil,
    sequences: Int? = nil, promptTokens: Int? = nil, contextTokens: Int? = nil, batchedTokens: Int? = nil,
    requestsPerSecond: Double? = nil
  ) {
    self.accelerator = accelerator
    self.model = model
    self.weights = weights
    self.tensor = tensor
    self.sequences = sequences
    self.promptTokens = promptTokens
    self.contextTokens = contextTokens
    self.batchedTokens = batchedTokens
    self.requestsPerSecond = requestsPerSecond
  }

  /// The range that an engine's facts state; `nil` when it was never calibrated.
  init?(_ engine: FactEntry) {
    guard let accelerator = engine.text("calibrated-accelerator") else { return nil }
    self.init(
      accelerator: accelerator, model: engine.text("calibrated-model"),
      weights: engine.text("calibrated-weights"), tensor: engine.integer("calibrated-tensor-max"),
      sequences: engine.integer("calibrated-sequences-max"),
      promptTokens: engine.integer("calibrated-prompt-max"),
      contextTokens: engine.integer("calibrated-context-max"),
      batchedTokens: engine.integer("calibrated-batched-tokens-max"),
      requestsPerSecond: engine.number("calibrated-rate-max"))
  }

  /// The range as facts of an engine, to stand in an overlay beside its coefficients.
  public func facts(ofEngine name: String, source: String, date: String) -> [OverlayFact] {
    let written: [(key: String, value: String?, unit: String)] = [
      ("calibrated-accelerator", accelerator, "text"), ("calibrated-model", model, "text"),
      ("calibrated-weights", weights, "text"),
      ("calibrated-tensor-max", tensor.map(String.init), "devices"),
      ("calibrated-sequences-max", sequences.map(String.init), ""),
      ("calibrated-prompt-max", promptTokens.map(String.init), "tokens"),
      ("calibrated-context-max", contextTokens.map(String.init), "tokens"),
      ("calibrated-batched-tokens-max", batchedTokens.map(String.init), "tokens"),
      ("calibrated-rate-max", requestsPerSecond.map { "\($0)" }, "1/s"),
    ]
    return written.compactMap { key, value, unit in
      value.map {
        OverlayFact(
          kind: .engines,
          fact: Fact(name: name, key: key, value: $0, unit: unit, source: source, date: date, note: ""))
      }
    }
  }
}
