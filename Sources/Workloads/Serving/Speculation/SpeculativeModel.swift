import Quantities

/// Step costs of speculative decoding: a step drafts k tokens for every sequence, one pass each, and checks
/// all of them and one more in one pass of the model.
///
/// Prompts go through the draft as well, in the first of its passes. Checking reads each KV entry once for
/// all tokens of its sequence.
public struct SpeculativeModel: LatencyModel {
  /// What drafting costs.
  public enum Draft: Sendable {
    /// A pass of a smaller model on the same accelerators.
    case model(any LatencyModel)
    /// A pass takes this share of a decoding step of the model (c in Leviathan et al., 2023), 0...1; 0 for
    /// drafts that are looked up in the prompt.
    case share(Double)
  }

  private let target: any LatencyModel
  private let draft: Draft
  private let drafted: Int

  public init(target: any LatencyModel, draft: Draft, drafted: Int) {
    precondition(drafted > 0, "a draft proposes some tokens")
    self.target = target
    self.draft = draft
    self.drafted = drafted
  }

  public var frontEndSeconds: Seconds { target.frontEndSeconds }
  /// Of a token checked; drafting k of k + 1 tokens adds its own.
  public var floatingPointOperationsPerToken: Double {
    let share = Double(drafted) / Double(drafted + 1)
    return target.floatingPointOperationsPerToken + share * ofDraft(\.floatingPointOperationsPerToken)
  }
  public var weightReads: WeightReads {
    var reads = target.weightReads
    reads.dense += Double(drafted) * (ofDraft(\.weightReads.dense) + ofDraft(\.weightReads.routed))
    return reads
  }
  public var keyValueBytesPerToken: Double {
    target.keyValueBytesPerToken + Double(drafted) * ofDraft(\.keyValueBytesPerToken)
  }
  public var basis: Basis {
    if case .model(let model) = draft, model.basis == .estimated { return .estimated }
    return target.basis
  }

  private func ofDraft(_ path: KeyPath<any LatencyModel, Double>) -> Double {
    if case .model(let model) = draft { model[keyPath: path] } else { 0 }
  }

  /// Steps that only decode: k passes of the draft and one that checks. Complexity: O(1).
  public func decodeLine(sequences: Int) -> DecodeLine {
    let check = target.decodeLine(sequences: sequences, tokensEach: drafted + 1)
    let pass = draftLine(sequences: sequences)
    return DecodeLine(
      base: check.base + pass.base.times(drafted),
      slope: check.slope + FineTicks.product(pass.slope, Int64(drafted)))
  }

  /// A step with prompts in it: they run beside the check and beside the first pass of the draft. Complexity:
  /// O(1).
  public func stepCost(_ shape: StepShape) -> StepCost {
    var check = shape
    check.tokensPerDecode = drafted + 1
    check.sampledSequences += shape.decodeSequences * drafted
    var cost = target.stepCost(check)
    switch draft {
    case .model(let model): cost = cost + model.stepCost(shape)
    case .share(let share): cost = cost + target.stepCost(shape).scaled(by: share)
    }
    if drafted > 1 && shape.decodeSequences > 0 {
      let line = draftLine(sequences: shape.decodeSequences)
      var pass = line.base
      let reading = FineTicks.product(line.slope, Int64(shape.decodeContext))
      pass.memory += reading
      pass.total += reading
      cost = cost + pass.times(drafted - 1)
    }
    return cost
  }

  private func draftLine(sequences: Int) -> DecodeLine {
    switch draft {
    case .model(let model): return model.decodeLine(sequences: sequences)
    case .share(let share):
      let line = target.decodeLine(sequences: sequences)
      return DecodeLine(
        base: line.base.scaled(by: share), slope: StepCost.scaled(line.slope, by: share))
    }
  }
}

extension StepCost {
  static func + (left: StepCost, right: StepCost) -> StepCost {
    StepCost(
      total: left.total + right.total, compute: left.compute + right.compute,
      memory: left.memory + right.memory, network: left.network + right.network)
  }

  /// The parts each saturate at the largest cost, and the total is that of the parts.
  func times(_ count: Int) -> StepCost {
    let parts = [compute, memory, network, host].map { FineTicks.product($0, Int64(count)) }
    return StepCost(total: parts.reduce(0, +), compute: parts[0], memory: parts[1], network: parts[2])
  }

  /// A share of it, 0...1, kept to 1/65,536.
  func scaled(by share: Double) -> StepCost {
    let parts = [compute, memory, network, host].map { Self.scaled($0, by: share) }
    return StepCost(total: parts.reduce(0, +), compute: parts[0], memory: parts[1], network: parts[2])
  }

  static func scaled(_ cost: Int64, by share: Double) -> Int64 {
    Int64(Int128(cost) * Int128((share * 65536).rounded()) / 65536)
  }
}
