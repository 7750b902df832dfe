import Kernel
import Statistics
import Testing

@Suite("Log histogram")
struct LogHistogramTests {
  /// Values over all magnitudes: a random number of random bits.
  private func values(_ count: Int, _ numbers: inout RandomStream, bits: UInt32 = 63) -> [Int64] {
    (0..<count).map { _ in
      let width = numbers.below(bits) + 1
      return Int64(bitPattern: numbers.next() >> UInt64(64 - width))
    }
  }

  private func recorded(_ values: some Sequence<Int64>) -> LogHistogram {
    var histogram = LogHistogram()
    for value in values { histogram.record(value) }
    return histogram
  }

  @Test("merging commutes, associates and equals recording everything, in any order")
  func merging() {
    var numbers = stream("merge")
    for _ in 0..<40 {
      let parts = (0..<3).map { _ in values(Int(numbers.below(60)), &numbers, bits: 40) }
      let histograms = parts.map { recorded($0) }
      var left = histograms[0]
      left.merge(histograms[1])
      left.merge(histograms[2])
      var tail = histograms[2]
      tail.merge(histograms[1])
      var right = tail
      right.merge(histograms[0])
      #expect(left == right)
      #expect(left == recorded(parts.joined()))
      #expect(left == recorded(parts.joined().reversed()))
      #expect(left.standardDeviation == right.standardDeviation)
    }
  }

  @Test("an arithmetic progression equals its terms one by one")
  func progressions() {
    var numbers = stream("progression")
    for _ in 0..<300 {
      let first = Int64(bitPattern: numbers.next() >> UInt64(24 + numbers.below(40)))
      let step =
        numbers.below(4) == 0 ? 0 : Int64(bitPattern: numbers.next() >> UInt64(34 + numbers.below(30)))
      let (terms, weight) = (Int64(numbers.below(120)), Int64(numbers.below(4)))
      var leap = LogHistogram()
      leap.recordProgression(first: first, step: step, terms: terms, weight: weight)
      var walk = LogHistogram()
      var bulk = LogHistogram()
      for index in 0..<terms {
        for _ in 0..<weight { walk.record(first + step * index) }
        bulk.record(first + step * index, count: weight)
      }
      #expect(leap == walk && leap == bulk, "first \(first), step \(step), \(terms) terms, \(weight) times")
    }
  }

  @Test("a progression reaches the largest integer, and sums of squares saturate alike in any order")
  func extremes() {
    var leap = LogHistogram()
    leap.recordProgression(first: .max - 20, step: 2, terms: 11, weight: 1)
    let walk = recorded(stride(from: Int64.max - 20, through: .max, by: 2))
    #expect(leap == walk)
    #expect(leap.max == .max && leap.quantile(1) == Double(Int64.max))
    var reversed = LogHistogram()
    reversed.record(3)
    reversed.merge(walk)
    var forward = walk
    forward.record(3)
    #expect(forward == reversed && forward.standardDeviation!.isFinite)
    var long = LogHistogram()
    long.recordProgression(first: 1, step: 1, terms: 10_000_000_000, weight: 1)
    #expect(long.sum == 50_000_000_005_000_000_000)
    #expect(abs(long.standardDeviation! / (1e20 / 12).squareRoot() - 1) < 1e-9)
  }

  @Test("a quantile is off by at most the bound, against exact selection")
  func quantiles() {
    var numbers = stream("quantiles")
    for bits: UInt32 in [8, 20, 50, 63] {
      let all = values(3_001, &numbers, bits: bits)
      let histogram = recorded(all)
      let sorted = all.sorted()
      for q in [0, 0.001, 0.01, 0.07, 0.25, 0.5, 0.9, 0.99, 0.999, 1] {
        let rank = max(1, Int((q * 3_001).rounded(.up)))
        let exact = Double(sorted[rank - 1])
        #expect(abs(histogram.quantile(q)! - exact) <= exact / 256 + 1e-9, "\(q) of \(bits) bits")
      }
    }
    // 0.07 × 100 is a little over 7 in binary; the seventh value is meant.
    #expect(recorded(1...100).quantile(0.07) == 7)
  }

  @Test("count, sum, extremes and moments are exact")
  func moments() {
    var numbers = stream("moments")
    let all = values(2_000, &numbers, bits: 45)
    let histogram = recorded(all)
    #expect(histogram.count == 2_000 && histogram.sum == all.reduce(Int128(0)) { $0 + Int128($1) })
    #expect(histogram.min == all.min() && histogram.max == all.max())
    let summary = SampleSummary(all.map(Double.init))
    #expect(abs(histogram.mean! / summary.mean! - 1) < 1e-12)
    #expect(abs(histogram.standardDeviation! / summary.standardDeviation! - 1) < 1e-12)
    // A spread of one in a million million would drown in floating sums of squares.
    let far = recorded((0..<5).map { 16_000_000_000_000 + $0 })
    #expect(abs(far.standardDeviation! - 2.5.squareRoot()) < 1e-12)
    // A mean between two integers: distances 1.75, 0.75, 0.25 and 2.25.
    let uneven = recorded([0, 1, 2, 4].map { 16_000_000_000_000 + $0 })
    #expect(abs(uneven.standardDeviation! - (8.75 / 3).squareRoot()) < 1e-12)
  }

  @Test("nothing recorded has no summary and equals any other nothing")
  func empty() {
    var histogram = LogHistogram()
    histogram.record(5, count: 0)
    histogram.recordProgression(first: 5, step: 1, terms: 0, weight: 2)
    histogram.merge(LogHistogram())
    #expect(histogram == LogHistogram() && histogram.buckets.isEmpty && histogram.count == 0)
    #expect(histogram.quantile(0.5) == nil && histogram.mean == nil && histogram.standardDeviation == nil)
    #expect(histogram.min == nil && histogram.max == nil && histogram.sum == 0)
  }

  @Test("buckets come in order, hold every value and leave no gap in an octave")
  func buckets() {
    var numbers = stream("buckets")
    let all = values(3_000, &numbers) + [0, 1, 127, 128, 255, 256, 257, .max]
    let buckets = recorded(all).buckets
    #expect(buckets.reduce(0) { $0 + $1.count } == Int64(all.count))
    for (left, right) in zip(buckets, buckets.dropFirst()) { #expect(left.upper < right.lower) }
    for bucket in buckets {
      #expect(all.count { $0 >= bucket.lower && $0 <= bucket.upper } == Int(bucket.count))
      #expect((bucket.upper - bucket.lower) <= bucket.lower / 128)
    }
  }
}
