#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// Speculative decoding: a draft proposes tokens, one step of the model checks them all.
///
/// If each drafted token is accepted with probability α, independently, a step gives (1 − α^(k+1)) / (1 − α)
/// tokens on average, k + 1 at most (Leviathan et al., "Fast Inference from Transformers via Speculative
/// Decoding", ICML 2023, equation 1).
public struct SpeculationSettings: Sendable, Hashable {
  /// Tokens drafted a step, k.
  public let drafted: Int
  /// Probability that a drafted token is accepted, α.
  public let acceptance: Double
  /// What a step gives, kept to 1/512 of a token.
  public let rate: TokenRate

  public init(drafted: Int, acceptance: Double) {
    precondition(drafted > 0 && drafted <= 64, "a draft proposes some tokens")
    precondition(acceptance >= 0 && acceptance <= 1, "a probability")
    self.drafted = drafted
    self.acceptance = acceptance
    rate = TokenRate(mean: Self.tokensPerStep(drafted: drafted, acceptance: acceptance))
  }

  /// Mean tokens a step of the law itself.
  public static func tokensPerStep(drafted: Int, acceptance: Double) -> Double {
    if acceptance >= 1 { return Double(drafted + 1) }
    return (1 - pow(acceptance, Double(drafted + 1))) / (1 - acceptance)
  }
}
