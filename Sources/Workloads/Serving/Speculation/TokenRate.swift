/// How many tokens a decoding sequence gets in each step: one, or a fixed mean spread as evenly as whole
/// numbers allow.
///
/// After g steps a sequence that decoded in all of them has ⌊g·r⌋ tokens, r being a multiple of 1/256; every
/// step gives ⌊r⌋ or ⌈r⌉. All sequences get the same in the same step, so they stay in lockstep and a run of
/// steps has closed forms. Real ones differ from each other and from step to step; their mean is this.
public struct TokenRate: Sendable, Hashable {
  static let denominator: Int64 = 256
  /// Tokens in 256 steps.
  public let tokensIn256Steps: Int64

  /// One token a step.
  public static let one = TokenRate(tokensIn256Steps: 256)

  init(tokensIn256Steps: Int64) {
    precondition(tokensIn256Steps >= 256 && tokensIn256Steps <= 1 << 20, "a step gives at least one token")
    self.tokensIn256Steps = tokensIn256Steps
  }

  /// - Parameter mean: tokens a step, at least 1 and at most 4,096; kept to 1/512.
  public init(mean: Double) {
    self.init(tokensIn256Steps: Int64((min(max(1, mean), 4096) * Double(Self.denominator)).rounded()))
  }

  /// Tokens a step, on average and at most.
  @inline(__always) var mean: Double { Double(tokensIn256Steps) / Double(Self.denominator) }
  @inline(__always) var most: Int64 { (tokensIn256Steps + Self.denominator - 1) / Self.denominator }
  @inline(__always) var isPlain: Bool { tokensIn256Steps == Self.denominator }

  /// Tokens after that many steps.
  @inline(__always) func total(after steps: Int64) -> Int64 {
    isPlain ? steps : steps &* tokensIn256Steps / Self.denominator
  }

  /// The first step at whose end there are at least that many tokens.
  @inline(__always) func step(reaching tokens: Int64) -> Int64 {
    isPlain ? tokens : (tokens &* Self.denominator + tokensIn256Steps - 1) / tokensIn256Steps
  }

  /// The last step at whose end there are no more than that many tokens.
  func step(within tokens: Int64) -> Int64 { step(reaching: tokens + 1) - 1 }

  /// Σ over i in 0 ..< steps of the tokens that came in the i steps after `first`: what all steps of a run
  /// read on top of its first, for each sequence.
  ///
  /// - Complexity: O(1) for one token a step, else O(log 256): sums of ⌊(a·i + b)/m⌋ go the way of Euclid's
  ///   algorithm (Graham, Knuth and Patashnik, "Concrete Mathematics", section 3.5).
  func sumOfTotals(from first: Int64, steps: Int64) -> Int64 {
    if isPlain { return steps &* (steps &- 1) / 2 }
    let rest = first &* tokensIn256Steps % Self.denominator
    return Self.floorSum(steps, Self.denominator, tokensIn256Steps, rest)
  }

  /// Σ ⌊(a·i + b)/m⌋ over i in 0 ..< n; nothing negative, m positive.
  static func floorSum(_ n: Int64, _ m: Int64, _ a: Int64, _ b: Int64) -> Int64 {
    var (n, m, a, b, sum) = (n, m, a, b, Int64(0))
    while true {
      if a >= m {
        sum += n * (n - 1) / 2 * (a / m)
        a %= m
      }
      if b >= m {
        sum += n * (b / m)
        b %= m
      }
      let last = a * n + b
      if last < m { return sum }
      n = last / m
      b = last % m
      swap(&m, &a)
    }
  }
}
