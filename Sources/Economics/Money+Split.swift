import Quantities

extension Money {
  /// The amount in parts that are in the proportion of `weights` and add up to it to the micro-unit.
  ///
  /// Each part is rounded down, and what is left goes, a micro-unit each, to the parts that lost most by it
  /// (largest remainder, ties to the earlier part). Negative amounts are the mirror image of positive ones.
  ///
  /// - Parameter weights: not negative; one that is not finite counts as nothing. When none is positive the
  ///   last part gets everything.
  /// - Returns: as many parts as weights; none when there are none, and the amount must then be zero.
  /// - Complexity: O(n log n) in the number of weights.
  public func split(by weights: [Double]) -> [Money] {
    if weights.isEmpty { return [] }
    if micros < 0 {
      return Money(micros: micros == .min ? .max : -micros).split(by: weights).map {
        Money(micros: -$0.micros)
      }
    }
    let clean = weights.map { $0.isFinite && $0 > 0 ? $0 : 0 }
    let largest = clean.max() ?? 0
    var parts = [Money](repeating: .zero, count: clean.count)
    guard largest > 0 else {
      parts[parts.count - 1] = self
      return parts
    }
    // Whole numbers from here on, so that no sum depends on its order: 2⁻⁴⁰ of the largest weight counts.
    let scaled = clean.map { Int128(($0 / largest * 0x1p40).rounded()) }
    let whole = scaled.reduce(0, +)
    var remainders: [(index: Int, rest: Int128)] = []
    var left = Int128(micros)
    for (index, weight) in scaled.enumerated() {
      let (share, rest) = (Int128(micros) * weight).quotientAndRemainder(dividingBy: whole)
      parts[index] = Money(micros: Int64(share))
      left -= share
      if rest > 0 { remainders.append((index, rest)) }
    }
    remainders.sort { ($1.rest, $0.index) < ($0.rest, $1.index) }
    for (index, _) in remainders.prefix(Int(left)) { parts[index].micros += 1 }
    return parts
  }
}
