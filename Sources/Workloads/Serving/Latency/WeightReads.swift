/// Weights that steps of a whole replica read from memory.
public struct WeightReads: Sendable, Hashable {
  /// Read by every step [B].
  public var dense: Double
  /// Routed experts of all layers [B], and the share of them that one token visits, 0...1.
  public var routed: Double
  public var visited: Double

  public init(dense: Double, routed: Double = 0, visited: Double = 1) {
    self.dense = dense
    self.routed = routed
    self.visited = visited
  }

  /// Bytes that steps read in each of which `tokens` ÷ `steps` tokens were computed.
  ///
  /// Of n experts m tokens visit n (1 − (1 − k/n)^m) in the mean.
  public func bytes(steps: Double, tokens: Double) -> Double {
    guard steps > 0 else { return 0 }
    let mean = min(tokens / steps, 1e9)
    let missed = visited < 1 ? LayerCost.power(1 - visited, mean.rounded(.down)) : 0
    return steps * (dense + routed * (1 - missed))
  }
}
