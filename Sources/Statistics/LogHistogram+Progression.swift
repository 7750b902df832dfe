extension LogHistogram {
  /// Records `first`, `first + step`, … (`terms` values), each `weight` times; equal to recording one by one.
  ///
  /// No argument may be negative, the last term and `terms × weight` must fit in 64 bits.
  ///
  /// - Complexity: O(buckets touched), whatever the number of terms.
  public mutating func recordProgression(first: Int64, step: Int64, terms: Int64, weight: Int64) {
    precondition(first >= 0 && step >= 0, "a histogram holds non-negative values")
    precondition(terms >= 0 && weight >= 0, "values are recorded a whole number of times")
    if terms == 0 || weight == 0 { return }
    if step == 0 || terms == 1 { return record(first, count: terms * weight) }
    let last = first + step * (terms - 1)
    fill(first: first, last: last, step: step, terms: terms, weight: weight)
    low = Swift.min(low, first)
    high = Swift.max(high, last)
    total += terms * weight
    // The product of the outer sum and the number of terms is even, and below 2¹²⁷.
    exactSum += (Int128(first) + Int128(last)) * Int128(terms) / 2 * Int128(weight)
    let once = LogHistogram.sumOfSquares(first: first, step: step, terms: terms)
    addSquares(LogHistogram.saturatingProduct(once, UInt128(weight)))
  }

  private mutating func fill(first: Int64, last: Int64, step: Int64, terms: Int64, weight: Int64) {
    var value = first
    var left = terms
    while true {
      let bucket = LogHistogram.bucket(of: value)
      let upper = LogHistogram.upperBound(of: bucket)
      if upper >= last { return add(left * weight, toBucket: bucket) }
      let inside = (upper - value) / step + 1
      add(inside * weight, toBucket: bucket)
      left -= inside
      value += step * inside
    }
  }

  /// Σ (a + d·i)² for i in 0 ..< n, which is n·a² + 2·a·d·Σi + d²·Σi². Every part is non-negative, so a part
  /// that saturates means that the whole does.
  static func sumOfSquares(first: Int64, step: Int64, terms: Int64) -> UInt128 {
    let (a, d, n) = (UInt128(first), UInt128(step), UInt128(terms))
    let indices = n * (n - 1) / 2
    // Σi² = n(n−1)/2 · (2n−1)/3, divided before it is multiplied; one of the two factors is a multiple of 3.
    let odd = 2 * n - 1
    let indexSquares =
      indices % 3 == 0 ? saturatingProduct(indices / 3, odd) : saturatingProduct(indices, odd / 3)
    let parts = [
      saturatingProduct(a * a, n),
      saturatingProduct(a * d, saturatingProduct(2, indices)),
      saturatingProduct(d * d, indexSquares),
    ]
    return parts.reduce(0) { sum, part in
      let (next, overflow) = sum.addingReportingOverflow(part)
      return overflow ? .max : next
    }
  }
}
